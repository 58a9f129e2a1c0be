// SPDX-License-Identifier: LGPL-2.1-or-later
/* Items: the checks of each type for every size, and what is written. */
#include <criterion/criterion.h>
#include <errno.h>

#include "tests/unit/kernel/items.h"

/* which payload sizes a type takes; the payload is such that only they count */
enum form {
	REFUSED,
	EXACTLY,
	MULTIPLE_OF,
	AT_LEAST,
	STRING,
	SYSNAME,
	CHANGE,
};

/* clang-format off */
static const struct {
	u64 type;
	enum form form;
	size_t n;
} types[] = {
	{ 0,				REFUSED },
	{ KDBUS_ITEM_NEGOTIATE,		MULTIPLE_OF, 8 },
	{ KDBUS_ITEM_PAYLOAD_VEC,	EXACTLY, 16 },
	{ KDBUS_ITEM_PAYLOAD_OFF,	EXACTLY, 16 },
	{ KDBUS_ITEM_PAYLOAD_MEMFD,	EXACTLY, 24 },
	{ KDBUS_ITEM_FDS,		MULTIPLE_OF, 4 },
	{ KDBUS_ITEM_CANCEL_FD,		EXACTLY, 4 },
	{ KDBUS_ITEM_BLOOM_PARAMETER,	EXACTLY, 16 },
	{ KDBUS_ITEM_BLOOM_FILTER,	AT_LEAST, 8 },
	{ KDBUS_ITEM_BLOOM_MASK,	AT_LEAST, 0 },
	{ KDBUS_ITEM_DST_NAME,		STRING },
	{ KDBUS_ITEM_MAKE_NAME,		SYSNAME },
	{ KDBUS_ITEM_ATTACH_FLAGS_SEND,	EXACTLY, 8 },
	{ KDBUS_ITEM_ATTACH_FLAGS_RECV,	EXACTLY, 8 },
	{ KDBUS_ITEM_ID,		EXACTLY, 8 },
	{ KDBUS_ITEM_NAME,		STRING },
	{ KDBUS_ITEM_DST_ID,		EXACTLY, 8 },
	{ KDBUS_ITEM_DST_ID + 1,	REFUSED },
	{ KDBUS_ITEM_BEHALF_ID,		EXACTLY, 8 },
	{ KDBUS_ITEM_PROCESS,		EXACTLY, 0 },
	{ KDBUS_ITEM_USAGE,		EXACTLY, 0 },
	{ KDBUS_ITEM_USAGE + 1,		REFUSED },
	{ KDBUS_ITEM_TIMESTAMP,		REFUSED },
	{ KDBUS_ITEM_CREDS,		EXACTLY, 64 },
	{ KDBUS_ITEM_PIDS,		EXACTLY, 24 },
	{ KDBUS_ITEM_AUXGROUPS,		REFUSED },
	{ KDBUS_ITEM_SECLABEL,		STRING },
	{ KDBUS_ITEM_CONN_DESCRIPTION,	SYSNAME },
	{ KDBUS_ITEM_POLICY_ACCESS,	EXACTLY, 24 },
	{ KDBUS_ITEM_NAME_ADD,		CHANGE },
	{ KDBUS_ITEM_NAME_REMOVE,	CHANGE },
	{ KDBUS_ITEM_NAME_CHANGE,	CHANGE },
	{ KDBUS_ITEM_ID_ADD,		EXACTLY, 16 },
	{ KDBUS_ITEM_ID_REMOVE,		EXACTLY, 16 },
	{ KDBUS_ITEM_REPLY_DEAD + 1,	REFUSED },
	{ 0x100000000ULL + KDBUS_ITEM_ID, REFUSED },
};
/* clang-format on */

static int check(u64 type, const void *payload, size_t n)
{
	_cleanup_items_ struct items items = {};

	return kdbus_item_check(items_add(&items, type, payload, n));
}

static int expected(enum form form, size_t want, size_t n)
{
	switch (form) {
	case EXACTLY:
		return n == want ? 0 : -EINVAL;
	case MULTIPLE_OF:
		return n % want ? -EINVAL : 0;
	case AT_LEAST:
		return n >= want ? 0 : -EINVAL;
	case STRING:
		return n ? 0 : -EINVAL;
	case SYSNAME:
		return n < 2 ? -EINVAL : n > 64 ? -ENAMETOOLONG : 0;
	case CHANGE:
		return n >= 32 ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

ShimTest(item, every_type_takes_the_sizes_of_the_table)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		for (size_t n = 0; n < 130; n++) {
			char payload[130];

			/* a string, an fd of 'aaaa', a vec of many bytes */
			memset(payload, 'a', sizeof(payload));
			if (n && types[i].form >= STRING)
				payload[n - 1] = 0;
			cr_expect_eq(check(types[i].type, payload, n),
				     expected(types[i].form, types[i].n, n),
				     "type %llx with %zu bytes", types[i].type,
				     n);
		}
	}
}

ShimTest(item, a_piece_of_payload_has_bytes)
{
	const struct kdbus_vec none = { .address = 1 };
	const struct kdbus_vec zeroes = { .size = 1 };

	cr_expect_eq(check(KDBUS_ITEM_PAYLOAD_VEC, &none, 16), -EINVAL);
	cr_expect_eq(check(KDBUS_ITEM_PAYLOAD_OFF, &none, 16), -EINVAL);
	cr_expect_eq(check(KDBUS_ITEM_PAYLOAD_VEC, &zeroes, 16), 0);
	cr_expect_eq(check(KDBUS_ITEM_PAYLOAD_OFF, &zeroes, 16), 0);
}

ShimTest(item, a_memfd_has_bytes_and_a_descriptor)
{
	struct kdbus_memfd memfd = { .start = 0, .size = 1, .fd = 0 };

	cr_expect_eq(check(KDBUS_ITEM_PAYLOAD_MEMFD, &memfd, 24), 0);
	memfd.fd = -1;
	cr_expect_eq(check(KDBUS_ITEM_PAYLOAD_MEMFD, &memfd, 24), -EBADF);
	memfd.size = 0;
	cr_expect_eq(check(KDBUS_ITEM_PAYLOAD_MEMFD, &memfd, 24), -EINVAL);
	memfd.fd = 0;
	cr_expect_eq(check(KDBUS_ITEM_PAYLOAD_MEMFD, &memfd, 24), -EINVAL);
}

ShimTest(item, the_only_nul_of_a_string_is_its_last_byte)
{
	static const u64 strings[] = {
		KDBUS_ITEM_NAME, KDBUS_ITEM_DST_NAME, KDBUS_ITEM_SECLABEL,
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		cr_expect_eq(check(strings[i], "", 1), 0);
		cr_expect_eq(check(strings[i], "ab", 3), 0);
		cr_expect_eq(check(strings[i], "any thing\n", 11), 0);
		cr_expect_eq(check(strings[i], "ab", 2), -EINVAL);
		cr_expect_eq(check(strings[i], "a\0b", 4), -EINVAL);
		cr_expect_eq(check(strings[i], "ab\0", 4), -EINVAL);
		cr_expect_eq(check(strings[i], "\0", 2), -EINVAL);
	}
}

ShimTest(item, system_names_obey_their_grammar)
{
	static const u64 sysnames[] = {
		KDBUS_ITEM_MAKE_NAME, KDBUS_ITEM_CONN_DESCRIPTION,
	};

	for (size_t i = 0; i < ARRAY_SIZE(sysnames); i++) {
		cr_expect_eq(check(sysnames[i], "0-user", 7), 0);
		cr_expect_eq(check(sysnames[i], "0 user", 7), -EINVAL);
		cr_expect_eq(check(sysnames[i], "user-", 6), -EINVAL);
	}
}

ShimTest(item, what_follows_the_ids_of_a_name_change_is_a_string)
{
	for (u64 type = KDBUS_ITEM_NAME_ADD; type <= KDBUS_ITEM_NAME_CHANGE;
	     type++) {
		char payload[40] = {};

		cr_expect_eq(check(type, payload, 32), 0);
		cr_expect_eq(check(type, payload, 33), 0, "empty name");
		cr_expect_eq(check(type, payload, 34), -EINVAL);
		memcpy(payload + 32, "a.b", 4);
		cr_expect_eq(check(type, payload, 36), 0);
		cr_expect_eq(check(type, payload, 35), -EINVAL);
		cr_expect_eq(check(type, payload, 37), -EINVAL);
	}
}

ShimTest(item, what_is_put_is_walked_and_padded_with_zeroes)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 9, 15, 16, 17 };
	u8 room[512], bytes[17];
	struct kdbus_item *item;
	void *at = room;
	size_t i = 0;

	memset(room, 0xee, sizeof(room));
	memset(bytes, 0x77, sizeof(bytes));
	for (; i < ARRAY_SIZE(sizes); i++)
		at = kdbus_item_put(at, 100 + i, bytes, sizes[i]);
	cr_assert_eq((u8 *)at - room, 8 * 16 + 0 + 8 + 8 + 8 + 16 + 16 + 16 + 24);
	cr_expect_eq(*(u8 *)at, 0xee, "writes no further");

	i = 0;
	kdbus_items_for_each(item, (struct kdbus_item *)room, at) {
		size_t padded = ALIGN(sizes[i], 8);

		cr_assert_eq(item->type, 100 + i);
		cr_expect_eq(item->size, 16 + sizes[i]);
		cr_expect_eq(kdbus_item_payload(item), sizes[i]);
		cr_expect_eq(KDBUS_ITEM_SIZE(sizes[i]), 16 + padded);
		for (size_t j = 0; j < padded; j++)
			cr_expect_eq(item->data[j], j < sizes[i] ? 0x77 : 0);
		i++;
	}
	cr_expect_eq(i, ARRAY_SIZE(sizes));
}

ShimTest(item, the_walk_ends_without_the_last_padding)
{
	_cleanup_items_ struct items items = {};
	struct kdbus_item *item;
	unsigned int n = 0;

	items_add_string(&items, 1, "abc");
	items_add_string(&items, 2, "a");
	cr_assert_eq(items.size, 24 + 18);
	kdbus_items_for_each(item, items_first(&items), items_end(&items))
		cr_expect_eq(item->type, ++n);
	cr_expect_eq(n, 2);
}
