/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of a match, and whether a message satisfies them. */
#ifndef KDBUS_MATCH_RULE_H
#define KDBUS_MATCH_RULE_H

#include "object/match.h"

/**
 * struct kdbus_rules - the rules of a match, all of which must hold
 * @size:	bytes of @items
 * @items:	items as they came, padding cleared; no item but rules
 */
struct kdbus_rules {
	size_t size;
	u8 items[] __aligned(8);
};

#define kdbus_rules_for_each(item, rules)				\
	kdbus_items_for_each(item, (struct kdbus_item *)(rules)->items,	\
			     (rules)->items + (rules)->size)

struct kdbus_rules *kdbus_rules_new(struct kdbus_item *items, const void *end,
				    u64 bloom_size);
bool kdbus_rules_hold(const struct kdbus_rules *rules,
		      const struct kdbus_match_query *query, u64 bloom_size);
const u64 *kdbus_rules_mask(const struct kdbus_item *rule, u64 generation,
			    u64 bloom_size);

#endif /* KDBUS_MATCH_RULE_H */
