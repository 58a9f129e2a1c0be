// SPDX-License-Identifier: LGPL-2.1-or-later
/* Items: built as the kernel wants them, walked without leaving them. */
#include "lib/item.h"
#include "tests/unit/lib/util.h"

Test(item, what_is_built_is_walked)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	const struct kdbus_item *item;
	struct kb_item_iter iter;
	void *room;

	cr_assert_eq(kb_item_append_string(&items, KDBUS_ITEM_NAME, "a.b"), 0);
	cr_expect_eq(items.size, 24);
	cr_assert_eq(kb_item_append_u64(&items, KDBUS_ITEM_ID, 7), 0);
	cr_expect_eq(items.size, 48);
	cr_assert_eq(kb_item_append(&items, KDBUS_ITEM_AUXGROUPS, NULL, 0), 0);
	cr_expect_eq(items.size, 64);
	cr_assert_eq(kb_item_reserve(&items, KDBUS_ITEM_FDS, 4, &room), 0);
	cr_expect_eq(items.size, 88);

	iter = kb_items(items.data, items.size);
	item = kb_item_next(&iter);
	cr_expect_eq(item->type, KDBUS_ITEM_NAME);
	cr_expect_eq(item->size, 20);
	cr_expect_str_eq(kb_item_string(item), "a.b");
	item = kb_item_next(&iter);
	cr_expect_eq(item->id, 7);
	item = kb_item_next(&iter);
	cr_expect_eq(kb_item_size(item), 0);
	cr_expect_null(kb_item_string(item));
	item = kb_item_next(&iter);
	cr_expect_eq(kb_item_size(item), 4);
	cr_expect_null(kb_item_next(&iter));
	cr_expect_null(kb_item_next(&iter));
}

Test(item, the_last_padding_may_be_missing)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	struct kb_item_iter iter;

	cr_assert_eq(kb_item_append_string(&items, KDBUS_ITEM_NAME, "a.b"), 0);
	iter = kb_items(items.data, 20);
	cr_expect_not_null(kb_item_next(&iter));
	cr_expect_null(kb_item_next(&iter));
}

Test(item, broken_chains_end)
{
	static const uint64_t sizes[] = { 0, 15, 25, UINT64_MAX, 1 << 30 };

	for (size_t i = 0; i < KB_ARRAY_SIZE(sizes); i++) {
		const uint64_t words[] = { sizes[i], 1, 2 };
		struct kb_item_iter iter = kb_items(words, sizeof(words));

		cr_expect_null(kb_item_next(&iter), "%zu", i);
	}
	struct kb_item_iter iter = kb_items(sizes, 8);

	cr_expect_null(kb_item_next(&iter));
}

Test(item, strings_are_terminated_once)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool valid;
	} cases[] = {
		{ "abc", 4, true }, { "abc", 3, false }, { "a\0c", 4, false },
		{ "", 1, true },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};

		kb_item_append(&items, KDBUS_ITEM_NAME, cases[i].bytes,
			       cases[i].size);
		cr_expect_eq(!!kb_item_string((const void *)items.data),
			     cases[i].valid, "%zu", i);
	}
}
