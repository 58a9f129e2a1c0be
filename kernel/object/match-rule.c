// SPDX-License-Identifier: GPL-2.0-only
/* The rules of a match, and whether a message satisfies them. */

#include <linux/err.h>
#include <linux/slab.h>

#include "object/match-rule.h"
#include "util/item.h"
#include "util/text.h"

static bool is_rule(u64 type)
{
	return type != KDBUS_ITEM_NEGOTIATE && type != KDBUS_ITEM_BEHALF_ID;
}

static int check_rule(const struct kdbus_item *item, u64 bloom_size)
{
	size_t n = kdbus_item_payload(item);

	switch (item->type) {
	case KDBUS_ITEM_BLOOM_MASK:
		return n < bloom_size || n % bloom_size ? -EDOM : 0;
	case KDBUS_ITEM_NAME:
		return kdbus_name_is_valid(item->str, false) ? 0 : -EINVAL;
	default:
		return 0;
	}
}

/**
 * kdbus_rules_new() - copy rules out of a command
 * @items:	first item; those that are no rules are passed over
 * @end:	end of the items
 * @bloom_size:	bytes of a filter of the bus
 *
 * Return: the rules, to be freed with kfree(); ERR_PTR(-EDOM) for a mask of the
 * wrong size, ERR_PTR(-EINVAL) for a bad name, ERR_PTR(-ENOMEM).
 */
struct kdbus_rules *kdbus_rules_new(struct kdbus_item *items, const void *end,
				    u64 bloom_size)
{
	struct kdbus_rules *rules;
	struct kdbus_item *item;
	size_t size = 0;
	u8 *to;
	int r;

	kdbus_items_for_each(item, items, end) {
		if (!is_rule(item->type))
			continue;
		r = check_rule(item, bloom_size);
		if (r)
			return ERR_PTR(r);
		size += KDBUS_ALIGN8(item->size);
	}

	rules = kzalloc(sizeof(*rules) + size, GFP_KERNEL_ACCOUNT);
	if (!rules)
		return ERR_PTR(-ENOMEM);
	rules->size = size;
	to = rules->items;
	kdbus_items_for_each(item, items, end) {
		if (!is_rule(item->type))
			continue;
		memcpy(to, item, item->size);
		to += KDBUS_ALIGN8(item->size);
	}
	return rules;
}

/**
 * kdbus_rules_mask() - the mask that filters of a generation are compared with
 * @rule:	BLOOM_MASK rule
 * @generation:	generation of the filter
 * @bloom_size:	bytes of a filter
 */
const u64 *kdbus_rules_mask(const struct kdbus_item *rule, u64 generation,
			    u64 bloom_size)
{
	u64 last = kdbus_item_payload(rule) / bloom_size - 1;

	return rule->data64 + min(generation, last) * (bloom_size / 8);
}

static bool bloom_holds(const struct kdbus_item *rule,
			const struct kdbus_bloom_filter *filter, u64 bloom_size)
{
	const u64 *mask;
	size_t i;

	if (!filter)
		return false;
	mask = kdbus_rules_mask(rule, filter->generation, bloom_size);
	for (i = 0; i < bloom_size / 8; i++)
		if ((filter->data[i] & mask[i]) != mask[i])
			return false;
	return true;
}

static bool name_holds(const char *name, const struct kdbus_match_query *query)
{
	unsigned int i;

	for (i = 0; i < query->n_names; i++)
		if (!strcmp(name, query->names[i]))
			return true;
	return false;
}

static bool id_holds(u64 rule, u64 id)
{
	return rule == KDBUS_MATCH_ID_ANY || rule == id;
}

static bool name_change_holds(const struct kdbus_item *rule,
			      const struct kdbus_item *notice)
{
	const struct kdbus_notify_name_change *want = &rule->name_change;
	const struct kdbus_notify_name_change *got = &notice->name_change;

	if (!id_holds(want->old_id.id, got->old_id.id) ||
	    !id_holds(want->new_id.id, got->new_id.id))
		return false;
	return kdbus_item_payload(rule) == sizeof(*want) ||
	       !strcmp(want->name, got->name);
}

static bool notice_holds(const struct kdbus_item *rule,
			 const struct kdbus_item *notice)
{
	if (!notice || rule->type != notice->type)
		return false;
	if (rule->type == KDBUS_ITEM_ID_ADD ||
	    rule->type == KDBUS_ITEM_ID_REMOVE)
		return id_holds(rule->id_change.id, notice->id_change.id);
	return name_change_holds(rule, notice);
}

static bool rule_holds(const struct kdbus_item *rule,
		       const struct kdbus_match_query *query, u64 bloom_size)
{
	switch (rule->type) {
	case KDBUS_ITEM_BLOOM_MASK:
		return !query->notice &&
		       bloom_holds(rule, query->filter, bloom_size);
	case KDBUS_ITEM_ID:
		return !query->notice && id_holds(rule->id, query->src_id);
	case KDBUS_ITEM_DST_ID:
		return !query->notice && id_holds(rule->id, query->dst_id);
	case KDBUS_ITEM_NAME:
		return !query->notice && name_holds(rule->str, query);
	default:
		return notice_holds(rule, query->notice);
	}
}

/**
 * kdbus_rules_hold() - does a message satisfy all rules?
 * @rules:	rules
 * @query:	message
 * @bloom_size:	bytes of a filter
 */
bool kdbus_rules_hold(const struct kdbus_rules *rules,
		      const struct kdbus_match_query *query, u64 bloom_size)
{
	struct kdbus_item *rule;

	kdbus_rules_for_each(rule, rules)
		if (!rule_holds(rule, query, bloom_size))
			return false;
	return true;
}
