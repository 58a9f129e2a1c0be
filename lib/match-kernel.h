/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Match rules in the terms of the kernel: bloom masks, ids, names.
 */
#ifndef KB_MATCH_KERNEL_H
#define KB_MATCH_KERNEL_H

#include "lib/match-rule.h"

#define KB_MATCH_KERNEL_MAX	6	/* kernel matches one rule may need */

/* Could it match a NameOwnerChanged of the driver? */
bool kb_match_rule_wants_owner_changes(const struct kb_match_rule *rule);

/**
 * struct kb_match_kernel - the kernel matches that serve a rule
 * @n:		at least 1, so that there always is something to remove
 * @items:	of one MATCH_ADD each, all to be added with one cookie
 */
struct kb_match_kernel {
	size_t n;
	struct kb_buffer items[KB_MATCH_KERNEL_MAX];
};

/* Translates a rule: 0 or -ENOMEM. */
int kb_match_rule_compile(const struct kb_match_rule *rule,
			  const struct kdbus_bloom_parameter *bloom,
			  struct kb_match_kernel *out);
void kb_match_kernel_deinit(struct kb_match_kernel *kernel);

#endif /* KB_MATCH_KERNEL_H */
