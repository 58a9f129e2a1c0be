/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of the messages that pass are wanted: the names and rules of the
 * command line.
 */
#ifndef CTL_FILTER_H
#define CTL_FILTER_H

#include "ctl/ctl.h"
#include "lib/match-rule.h"

/**
 * struct filter - what is wanted
 * @names:	peers of which sender or destination has to be one, or none;
 *		borrowed
 * @rules:	any of them has to match, or there are none
 */
struct filter {
	char **names;
	size_t n_names;
	struct kb_match_rule **rules;
	size_t n_rules;
};

/* Names from @argv, rules from @ctl: 0, or a status after saying what is wrong. */
int filter_init(struct filter *filter, const struct ctl *ctl, int argc,
		char **argv);
void filter_deinit(struct filter *filter);

bool filter_wants(const struct filter *filter, const struct kb_message *m);

#endif /* CTL_FILTER_H */
