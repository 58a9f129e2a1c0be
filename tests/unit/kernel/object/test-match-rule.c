// SPDX-License-Identifier: LGPL-2.1-or-later
/* The rules of a match: which are taken, and for which messages they hold. */
#include <criterion/criterion.h>
#include <errno.h>

#include <linux/err.h>
#include <linux/slab.h>

#include "object/match-rule.h"
#include "tests/unit/kernel/object/naive-match.h"

#define BLOOM 64

static struct kdbus_rules *new_rules(struct items *items)
{
	return kdbus_rules_new(items_first(items), items_end(items), BLOOM);
}

ShimTest(match_rule, a_mask_is_one_or_more_filters_long)
{
	for (size_t n = 0; n < 300; n++) {
		_cleanup_items_ struct items items = {};
		struct kdbus_rules *rules;
		u8 mask[300] = {};

		items_add(&items, KDBUS_ITEM_BLOOM_MASK, mask, n);
		rules = new_rules(&items);
		if (n && n % BLOOM == 0) {
			cr_assert_not(IS_ERR(rules), "%zu", n);
			kfree(rules);
		} else {
			cr_assert_eq(PTR_ERR(rules), -EDOM, "%zu", n);
		}
	}
}

ShimTest(match_rule, the_name_of_a_sender_is_a_name_without_wildcard)
{
	static const char *const bad[] = { "", "a", ":1.1", "a.*", "*", "a..b" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_items_ struct items items = {};

		items_add_string(&items, KDBUS_ITEM_NAME, "a.b");
		items_add_string(&items, KDBUS_ITEM_NAME, bad[i]);
		cr_expect_eq(PTR_ERR(new_rules(&items)), -EINVAL, "%s", bad[i]);
	}
}

ShimTest(match_rule, the_name_in_a_notification_is_any_string)
{
	_cleanup_items_ struct items items = {}, notice = {};
	struct kdbus_match_query query = {};
	struct kdbus_rules *rules;

	items_add_name_change(&items, KDBUS_ITEM_NAME_ADD, ANY, ANY, "no name!");
	rules = new_rules(&items);
	cr_assert_not(IS_ERR(rules));
	items_add_name_change(&notice, KDBUS_ITEM_NAME_ADD, 0, 1, "no name!");
	query.notice = items_first(&notice);
	cr_expect(kdbus_rules_hold(rules, &query, BLOOM));
	kfree(rules);
}

ShimTest(match_rule, what_is_no_rule_is_passed_over)
{
	_cleanup_items_ struct items items = {}, only = {};
	struct kdbus_rules *rules, *other;

	items_add_u64(&items, KDBUS_ITEM_NEGOTIATE, 1);
	items_add_string(&items, KDBUS_ITEM_NAME, "a.b");
	items_add_u64(&items, KDBUS_ITEM_BEHALF_ID, 1);
	items_add_u64(&items, KDBUS_ITEM_ID, 7);
	items_add_u64(&items, KDBUS_ITEM_NEGOTIATE, 1);
	items_add_string(&only, KDBUS_ITEM_NAME, "a.b");
	items_add_u64(&only, KDBUS_ITEM_ID, 7);

	rules = new_rules(&items);
	other = new_rules(&only);
	cr_assert_eq(rules->size, 48);
	cr_assert_eq(other->size, 48);
	cr_expect_arr_eq(rules->items, other->items, 48);
	cr_expect_eq(rules->items[20], 0, "padding is cleared");
	kfree(rules);
	kfree(other);
}

ShimTest(match_rule, without_rules_everything_is_wanted)
{
	_cleanup_items_ struct items none = {}, notice = {};
	struct kdbus_match_query query = { .src_id = 1 };
	struct kdbus_rules *rules;

	items_add_u64(&none, KDBUS_ITEM_NEGOTIATE, 1);
	rules = new_rules(&none);
	cr_expect_eq(rules->size, 0);
	cr_expect(kdbus_rules_hold(rules, &query, BLOOM));
	items_add_id_change(&notice, KDBUS_ITEM_ID_ADD, 1);
	query.notice = items_first(&notice);
	cr_expect(kdbus_rules_hold(rules, &query, BLOOM));
	kfree(rules);
}

ShimTest(match_rule, without_memory_there_are_no_rules)
{
	_cleanup_items_ struct items items = {};

	items_add_u64(&items, KDBUS_ITEM_ID, 7);
	shim_fail_allocation(1);
	cr_expect_eq(PTR_ERR(new_rules(&items)), -ENOMEM);
}

ShimTest(match_rule, a_generation_beyond_the_last_mask_uses_the_last)
{
	_cleanup_items_ struct items items = {};
	u64 masks[3 * BLOOM / 8] = {};
	const struct kdbus_item *rule;

	rule = items_add(&items, KDBUS_ITEM_BLOOM_MASK, masks, sizeof(masks));
	cr_expect_eq(kdbus_rules_mask(rule, 0, BLOOM), rule->data64);
	cr_expect_eq(kdbus_rules_mask(rule, 1, BLOOM), rule->data64 + 8);
	cr_expect_eq(kdbus_rules_mask(rule, 2, BLOOM), rule->data64 + 16);
	cr_expect_eq(kdbus_rules_mask(rule, 3, BLOOM), rule->data64 + 16);
	cr_expect_eq(kdbus_rules_mask(rule, UINT64_MAX, BLOOM),
		     rule->data64 + 16);
}

/* one rule, one message */

#define NAMES(...) .names = { __VA_ARGS__ }, .n_names = 2
#define FILTER(...) .has_filter = true, .filter = { __VA_ARGS__ }

/* clang-format off */
static const struct {
	struct naive_rule rule;
	struct naive_message message;
	bool holds;
} cases[] = {
	{ { KDBUS_ITEM_ID, 5 },		{ .src_id = 5 }, true },
	{ { KDBUS_ITEM_ID, 5 },		{ .src_id = 6, .dst_id = 5 }, false },
	{ { KDBUS_ITEM_ID, ANY },	{ .src_id = 6 }, true },
	{ { KDBUS_ITEM_ID, ANY },	{ .notice = KDBUS_ITEM_ID_ADD }, false },
	{ { KDBUS_ITEM_ID, 0 },		{ .notice = KDBUS_ITEM_ID_ADD }, false },
	{ { KDBUS_ITEM_DST_ID, 5 },	{ .dst_id = 5 }, true },
	{ { KDBUS_ITEM_DST_ID, 5 },	{ .dst_id = ANY }, false },
	{ { KDBUS_ITEM_DST_ID, ANY },	{ .dst_id = 5 }, true },
	{ { KDBUS_ITEM_DST_ID, ANY },	{ .notice = KDBUS_ITEM_ID_ADD }, false },
	{ { KDBUS_ITEM_NAME, .name = "a.b" },	{ NAMES("x.y", "a.b") }, true },
	{ { KDBUS_ITEM_NAME, .name = "a.b" },	{ NAMES("x.y", "a.bc") }, false },
	{ { KDBUS_ITEM_NAME, .name = "a.b" },	{ .n_names = 0 }, false },
	{ { KDBUS_ITEM_NAME, .name = "a.b" },
	  { .notice = KDBUS_ITEM_NAME_ADD, .name = "a.b" }, false },

	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 1, .masks = { { 6 } } }, { FILTER(7) }, true },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 1, .masks = { { 6 } } }, { FILTER(5) }, false },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 1, .masks = { { 6, [7] = 1 } } }, { FILTER(7) }, false },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 1, .masks = { { 6, [7] = 1 } } }, { FILTER(7, [7] = 1) }, true },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 1, .masks = { { [7] = 1ULL << 63 } } }, { FILTER([7] = 1) }, false },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 1 },	{ FILTER(0) }, true },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 1 },	{ .has_filter = false }, false },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 1 },	{ .notice = KDBUS_ITEM_ID_ADD }, false },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 2, .masks = { { 1 }, { 2 } } }, { FILTER(1), .generation = 0 }, true },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 2, .masks = { { 1 }, { 2 } } }, { FILTER(1), .generation = 1 }, false },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 2, .masks = { { 1 }, { 2 } } }, { FILTER(2), .generation = 1 }, true },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 2, .masks = { { 1 }, { 2 } } }, { FILTER(2), .generation = 9 }, true },
	{ { KDBUS_ITEM_BLOOM_MASK, .n_masks = 2, .masks = { { 1 }, { 2 } } }, { FILTER(2), .generation = 0 }, false },

	{ { KDBUS_ITEM_ID_ADD, 5 },	{ .notice = KDBUS_ITEM_ID_ADD, .id = 5 }, true },
	{ { KDBUS_ITEM_ID_ADD, 5 },	{ .notice = KDBUS_ITEM_ID_ADD, .id = 6 }, false },
	{ { KDBUS_ITEM_ID_ADD, ANY },	{ .notice = KDBUS_ITEM_ID_ADD, .id = 6 }, true },
	{ { KDBUS_ITEM_ID_ADD, 5 },	{ .notice = KDBUS_ITEM_ID_REMOVE, .id = 5 }, false },
	{ { KDBUS_ITEM_ID_REMOVE, 5 },	{ .notice = KDBUS_ITEM_ID_REMOVE, .id = 5 }, true },
	{ { KDBUS_ITEM_ID_ADD, ANY },	{ .src_id = 5 }, false },
	{ { KDBUS_ITEM_ID_ADD, ANY },	{ .notice = KDBUS_ITEM_NAME_ADD, .name = "a.b" }, false },

	{ { KDBUS_ITEM_NAME_ADD, .old_id = ANY, .new_id = ANY },
	  { .notice = KDBUS_ITEM_NAME_ADD, .new_id = 3, .name = "a.b" }, true },
	{ { KDBUS_ITEM_NAME_ADD, .old_id = 0, .new_id = 3, .name = "a.b" },
	  { .notice = KDBUS_ITEM_NAME_ADD, .new_id = 3, .name = "a.b" }, true },
	{ { KDBUS_ITEM_NAME_ADD, .old_id = ANY, .new_id = ANY, .name = "a.b" },
	  { .notice = KDBUS_ITEM_NAME_ADD, .new_id = 3, .name = "a.bc" }, false },
	{ { KDBUS_ITEM_NAME_ADD, .old_id = ANY, .new_id = ANY, .name = "" },
	  { .notice = KDBUS_ITEM_NAME_ADD, .new_id = 3, .name = "a.b" }, false },
	{ { KDBUS_ITEM_NAME_ADD, .old_id = ANY, .new_id = 0 },
	  { .notice = KDBUS_ITEM_NAME_ADD, .new_id = 3, .name = "a.b" }, false },
	{ { KDBUS_ITEM_NAME_REMOVE, .old_id = 3, .new_id = ANY },
	  { .notice = KDBUS_ITEM_NAME_REMOVE, .old_id = 3, .name = "a.b" }, true },
	{ { KDBUS_ITEM_NAME_REMOVE, .old_id = 3, .new_id = 0 },
	  { .notice = KDBUS_ITEM_NAME_REMOVE, .old_id = 3, .name = "a.b" }, true },
	{ { KDBUS_ITEM_NAME_REMOVE, .old_id = ANY, .new_id = 3 },
	  { .notice = KDBUS_ITEM_NAME_REMOVE, .old_id = 3, .name = "a.b" }, false },
	{ { KDBUS_ITEM_NAME_CHANGE, .old_id = 2, .new_id = 3 },
	  { .notice = KDBUS_ITEM_NAME_CHANGE, .old_id = 2, .new_id = 3, .name = "a.b" }, true },
	{ { KDBUS_ITEM_NAME_CHANGE, .old_id = 3, .new_id = 2 },
	  { .notice = KDBUS_ITEM_NAME_CHANGE, .old_id = 2, .new_id = 3, .name = "a.b" }, false },
	{ { KDBUS_ITEM_NAME_CHANGE, .old_id = ANY, .new_id = ANY },
	  { .notice = KDBUS_ITEM_NAME_ADD, .new_id = 3, .name = "a.b" }, false },
	{ { KDBUS_ITEM_NAME_CHANGE, .old_id = ANY, .new_id = ANY },
	  { .src_id = 3 }, false },
};
/* clang-format on */

static bool holds(const struct naive_rule *rules, unsigned int n,
		  const struct naive_message *message)
{
	_cleanup_items_ struct items items = {}, store = {};
	struct kdbus_match_query query;
	struct kdbus_rules *copy;
	bool r;

	for (unsigned int i = 0; i < n; i++)
		naive_rule_write(&items, &rules[i], BLOOM / 8);
	copy = new_rules(&items);
	cr_assert_not(IS_ERR(copy));
	query = naive_query(message, BLOOM / 8, &store);
	r = kdbus_rules_hold(copy, &query, BLOOM);
	kfree(copy);
	return r;
}

ShimTest(match_rule, every_kind_of_rule_holds_for_the_messages_of_the_table)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(holds(&cases[i].rule, 1, &cases[i].message),
			     cases[i].holds, "case %zu", i);
}

ShimTest(match_rule, all_of_several_rules_must_hold)
{
	const struct naive_rule rules[] = {
		{ KDBUS_ITEM_ID, 5 },
		{ KDBUS_ITEM_NAME, .name = "a.b" },
		{ KDBUS_ITEM_BLOOM_MASK, .n_masks = 1, .masks = { { 2 } } },
	};
	struct naive_message message = {
		.src_id = 5, NAMES("a.b", "a.c"), FILTER(3),
	};

	cr_expect(holds(rules, 3, &message));
	message.src_id = 6;
	cr_expect_not(holds(rules, 3, &message));
	message.src_id = 5;
	message.n_names = 0;
	cr_expect_not(holds(rules, 3, &message));
	message.n_names = 1;
	message.filter[0] = 1;
	cr_expect_not(holds(rules, 3, &message));
}

ShimTest(match_rule, random_rules_hold_as_the_rules_say)
{
	unsigned int seen[2] = {};

	for (int round = 0; round < 20000; round++) {
		struct naive_rule rules[2];
		struct naive_message message;
		unsigned int n = 1 + test_next(2);
		bool want = true;

		naive_random_message(&message, BLOOM / 8);
		for (unsigned int i = 0; i < n; i++) {
			naive_random_rule(&rules[i], BLOOM / 8);
			want &= naive_rule_holds(&rules[i], &message, BLOOM / 8);
		}
		cr_assert_eq(holds(rules, n, &message), want, "%d", round);
		seen[want]++;
	}
	cr_expect_gt(seen[0], 1000);
	cr_expect_gt(seen[1], 1000);
}
