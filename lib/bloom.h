/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bloom filters: what a signal tells the kernel about its contents, and what
 * a subscriber asks for.
 *
 * A string such as "member:NameOwnerChanged" sets a few bits. A signal carries
 * the bits of everything in it; a match carries those it wants; the kernel
 * delivers if the first contain the second. False positives are for the
 * receiver to sort out (kb_match_rule_test()), false negatives must not be.
 *
 * Generations: historical senders put in only the leading arrays of strings
 * and one string argument, and say generation 0. Ours put in every string
 * argument, wherever it stands, and say generation 1. Masks of ours have an
 * index for each: 0 without arg1 to arg63, 1 with them.
 */
#ifndef KB_BLOOM_H
#define KB_BLOOM_H

#include <linux/kdbus.h>

#include "lib/util.h"

#define KB_BLOOM_SIZE		64	/* bytes, of the buses we make */
#define KB_BLOOM_N_HASH		8
#define KB_BLOOM_SIZE_MAX	4096	/* bytes, of any bus */
#define KB_BLOOM_GENERATION	1	/* of the filters we send */

struct kb_message;

/* Can filters with these parameters be made? Else the bus is refused. */
bool kb_bloom_is_supported(const struct kdbus_bloom_parameter *parameter);

/* Sets the bits of "@key:@value" in @filter (parameter->size bytes). */
void kb_bloom_add(const struct kdbus_bloom_parameter *parameter,
		  uint64_t *filter, const char *key, const char *value);

/* The same for @value and each of its prefixes at @separator, one pass. */
void kb_bloom_add_prefixes(const struct kdbus_bloom_parameter *parameter,
			   uint64_t *filter, const char *key,
			   const char *value, char separator);

/**
 * kb_bloom_add_message() - everything a signal's filter has to contain
 * @filter:	parameter->size bytes, zeroed by the caller
 * @message:	its body is read; members that are absent are left out
 *
 * Return: 0, or -EBADMSG if the body is broken.
 */
int kb_bloom_add_message(const struct kdbus_bloom_parameter *parameter,
			 uint64_t *filter, const struct kb_message *message);

#endif /* KB_BLOOM_H */
