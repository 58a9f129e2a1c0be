// SPDX-License-Identifier: LGPL-2.1-or-later
/* Arguments: copied once, checked from end to end, answered. */
#include <criterion/criterion.h>
#include <errno.h>

#include <linux/uaccess.h>

#include "tests/unit/kernel/items.h"
#include "util/args.h"

#define FIXED sizeof(struct kdbus_cmd)
#define FLAGS 0x1105ULL

static const struct kdbus_args_item accepted[] = {
	{ KDBUS_ITEM_NAME, KDBUS_ITEM_ONCE },
	{ KDBUS_ITEM_ID, KDBUS_ITEM_MANY },
	{ KDBUS_ITEM_BLOOM_MASK, KDBUS_ITEM_MANY }, /* of any size */
};
static const struct kdbus_args_rule rule = {
	.fixed = FIXED, .flags = FLAGS,
	.items = accepted, .n_items = ARRAY_SIZE(accepted),
};

static const struct kdbus_args_item required[] = {
	{ KDBUS_ITEM_NAME, KDBUS_ITEM_MUST },
	{ KDBUS_ITEM_ID, KDBUS_ITEM_MANY | KDBUS_ITEM_MUST },
};
static const struct kdbus_args_rule strict_rule = {
	.fixed = FIXED, .flags = FLAGS,
	.items = required, .n_items = ARRAY_SIZE(required),
};

static const struct kdbus_args_rule plain_rule = {
	.fixed = FIXED, .flags = FLAGS,
	.items = accepted, .n_items = ARRAY_SIZE(accepted), .plain = true,
};

/* memory of user space, which ends where the command does */
static struct items memory;

static struct kdbus_cmd *user_cmd(void)
{
	return (struct kdbus_cmd *)memory.data;
}

/* a command with nothing but its fixed part; items may be added */
static void begin(u64 flags)
{
	const struct kdbus_cmd cmd = { FIXED, flags, 0x7777 };

	items_free(&memory);
	memory.data = malloc(FIXED);
	memcpy(memory.data, &cmd, FIXED);
	memory.size = FIXED;
}

/* a command of so many bytes, none of them zero */
static void begin_size(size_t size)
{
	items_free(&memory);
	memory.data = malloc(size);
	memset(memory.data, 0xee, size);
	memory.size = size;
	user_cmd()->size = size;
}

static int copy(struct kdbus_args *args, const struct kdbus_args_rule *by)
{
	memset(args, 0x55, sizeof(*args));
	user_cmd()->size = memory.size;
	return kdbus_args_copy(args, by, memory.data);
}

/* copy, check and let go */
static int check_by(const struct kdbus_args_rule *by)
{
	struct kdbus_args args;
	int r = copy(&args, by);

	cr_assert_eq(r, 0);
	return kdbus_args_finish(&args, kdbus_args_check(&args));
}

static int check(void)
{
	return check_by(&rule);
}

/* copying */

ShimTest(args, an_address_is_a_multiple_of_8)
{
	struct kdbus_args args;

	begin_size(64);
	for (int i = 1; i < 8; i++)
		cr_expect_eq(kdbus_args_copy(&args, &rule, memory.data + i),
			     -EFAULT, "%d", i);
	cr_expect_eq(copy(&args, &rule), 0);
	kdbus_args_finish(&args, 0);
	items_free(&memory);
}

/* clang-format off */
static const struct {
	u64 size;
	int result;
} sizes[] = {
	{ 0,				-EINVAL },
	{ 8,				-EINVAL },
	{ FIXED - 1,			-EINVAL },
	{ KDBUS_ARGS_SIZE_MAX + 1,	-EMSGSIZE },
	{ 1ULL << 32 | FIXED,		-EMSGSIZE },
	{ 1ULL << 63,			-EMSGSIZE },
	{ U64_MAX - 6,			-EMSGSIZE },
	{ U64_MAX,			-EMSGSIZE },
};
/* clang-format on */

ShimTest(args, a_size_below_the_fixed_part_or_above_32_kib_is_refused)
{
	struct kdbus_args args;
	u64 size;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i].size;
		cr_expect_eq(kdbus_args_copy(&args, &rule, &size),
			     sizes[i].result, "%llx", size);
	}
	cr_expect_eq(shim_n_tried, 0, "sizes come before memory");
}

ShimTest(args, every_other_size_is_copied_and_filled_up_with_zeroes)
{
	static const size_t large[] = { 511, 512, 513, 4095, 4096, 4097,
					KDBUS_ARGS_SIZE_MAX - 1,
					KDBUS_ARGS_SIZE_MAX };
	struct kdbus_args args;
	size_t n, i;

	for (size_t size = FIXED; size < 400 + ARRAY_SIZE(large); size++) {
		n = size < 400 ? size : large[size - 400];
		begin_size(n);
		cr_assert_eq(copy(&args, &plain_rule), 0, "%zu", n);
		cr_assert_eq(args.size, n);
		cr_assert_eq(args.data == args.room, n <= sizeof(args.room));
		cr_assert_eq(memcmp(args.data, memory.data, n), 0);
		for (i = n; i % 8; i++)
			cr_assert_eq(((u8 *)args.data)[i], 0, "%zu at %zu", n,
				     i);
		cr_assert_eq(kdbus_args_finish(&args, 0), 0);
		cr_assert_eq(shim_n_live, 0);
	}
	items_free(&memory);
}

ShimTest(args, return_flags_of_a_command_start_at_zero_in_the_copy)
{
	struct kdbus_args args;

	begin(0);
	cr_assert_eq(copy(&args, &rule), 0);
	cr_expect_eq(args.cmd->return_flags, 0);
	cr_expect_eq(user_cmd()->return_flags, 0x7777, "not answered yet");
	cr_expect_eq(kdbus_args_finish(&args, -EBADF), -EBADF);
	cr_expect_eq(user_cmd()->return_flags, 0);
	cr_assert_eq(copy(&args, &plain_rule), 0);
	user_cmd()->return_flags = 0x7777;
	kdbus_args_finish(&args, 0);
	cr_expect_eq(user_cmd()->return_flags, 0x7777, "a message has none");
	items_free(&memory);
}

ShimTest(args, what_is_not_mapped_is_a_fault_wherever_it_starts)
{
	static const size_t all[] = { 64, sizeof(((struct kdbus_args *)0)->room),
				      4096 };
	struct kdbus_args args;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		begin_size(all[i]);
		for (size_t at = 0; at < all[i]; at++) {
			shim_user_hide(memory.data + at, all[i] - at);
			cr_assert_eq(copy(&args, &rule), -EFAULT);
			cr_assert_eq(shim_n_live, 0, "%zu at %zu", all[i], at);
		}
		shim_user_hide(NULL, 0);
	}
	items_free(&memory);
}

static u64 other_size;

static void change_size(void)
{
	user_cmd()->size = other_size;
}

ShimTest(args, a_size_that_changes_meanwhile_is_not_seen)
{
	static const u64 others[] = { 0, FIXED, 511, 513, U64_MAX };
	struct kdbus_args args;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		begin_size(512);
		other_size = others[i];
		shim_interrupt_user(2, change_size);
		cr_expect_eq(copy(&args, &rule), 0);
		cr_expect_eq(user_cmd()->size, other_size);
		cr_expect_eq(args.size, 512);
		cr_expect_eq(args.cmd->size, 512);
		kdbus_args_finish(&args, 0);
	}
	items_free(&memory);
}

ShimTest(args, what_changes_later_is_not_seen)
{
	struct kdbus_args args;

	begin(0);
	items_add_u64(&memory, KDBUS_ITEM_ID, 5);
	cr_assert_eq(copy(&args, &rule), 0);
	memset(memory.data, 0xff, memory.size);
	cr_expect_eq(kdbus_args_check(&args), 0);
	cr_expect_eq(kdbus_args_find(&args, KDBUS_ITEM_ID)->id, 5);
	kdbus_args_finish(&args, 0);
	items_free(&memory);
}

static int attempt(void)
{
	struct kdbus_args args;
	int r = copy(&args, &rule);

	return r ? r : kdbus_args_finish(&args, 0);
}

ShimTest(args, without_memory_there_is_no_copy)
{
	begin_size(512);
	cr_expect_eq(shim_fails_cleanly(attempt), 0);
	cr_expect_eq(user_cmd()->return_flags, 0);
	items_free(&memory);
}

/* flags */

ShimTest(args, every_flag_bit_is_known_or_refused)
{
	for (int bit = 0; bit < 64; bit++) {
		u64 flag = 1ULL << bit;

		begin(flag);
		cr_expect_eq(check(), (FLAGS | KDBUS_FLAG_NEGOTIATE) & flag ?
			     0 : -EINVAL, "bit %d", bit);
		cr_expect_eq(user_cmd()->flags,
			     flag == KDBUS_FLAG_NEGOTIATE ? FLAGS : flag);
	}
	begin(FLAGS);
	cr_expect_eq(check(), 0);
	items_free(&memory);
}

/* items */

ShimTest(args, less_than_a_header_behind_the_last_item_is_refused)
{
	for (size_t n = 0; n <= 16; n++) {
		begin_size(FIXED + n);
		user_cmd()->flags = 0;
		if (n == 16) {
			u64 header[2] = { 16, KDBUS_ITEM_NEGOTIATE };

			memcpy(memory.data + FIXED, header, 16);
		}
		cr_expect_eq(check(), n && n < 16 ? -EINVAL : 0, "%zu", n);
	}
	items_free(&memory);
}

ShimTest(args, an_item_lies_inside_its_command)
{
	static const u64 bad[] = {
		0, 1, 7, 8, 15, 22, 23, 24, 25, 32, 1ULL << 32 | 21, 1ULL << 63,
		U64_MAX - 31, U64_MAX - 23, U64_MAX - 7, U64_MAX,
	};
	struct kdbus_item *item;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		begin(0);
		items_add(&memory, KDBUS_ITEM_BLOOM_MASK, "12345", 5);
		item = (struct kdbus_item *)(memory.data + FIXED);
		cr_assert_eq(check(), 0);
		item->size = bad[i];
		cr_expect_eq(check(), -EINVAL, "%llx", bad[i]);
	}
	for (u64 size = 0; size <= 16; size++) {
		begin(0);
		item = items_add(&memory, KDBUS_ITEM_BLOOM_MASK, NULL, 0);
		item->size = size;
		cr_expect_eq(check(), size < 16 ? -EINVAL : 0, "%llu", size);
	}
	items_free(&memory);
}

ShimTest(args, the_padding_of_the_last_item_may_be_missing)
{
	for (size_t n = 1; n < 40; n++) {
		char name[41] = {};

		memset(name, 'a', n);
		begin(0);
		items_add_u64(&memory, KDBUS_ITEM_ID, 1);
		items_add_string(&memory, KDBUS_ITEM_NAME, name);
		cr_expect_eq(check(), 0, "%zu", n);
	}
	items_free(&memory);
}

/* a command with these items, by the first letter of their types */
static void add_items(const char *word)
{
	begin(0);
	for (; *word; word++) {
		switch (*word) {
		case 'i':
			items_add_u64(&memory, KDBUS_ITEM_ID, 1);
			break;
		case 'n':
			items_add_string(&memory, KDBUS_ITEM_NAME, "a.b");
			break;
		case 'g':
			items_add(&memory, KDBUS_ITEM_NEGOTIATE, NULL, 0);
			break;
		case 'I': /* of a wrong size */
			items_add(&memory, KDBUS_ITEM_ID, "1234567", 7);
			break;
		case 'N': /* a NUL inside */
			items_add(&memory, KDBUS_ITEM_NAME, "a\0b", 4);
			break;
		case 'G':
			items_add(&memory, KDBUS_ITEM_NEGOTIATE, "1234", 4);
			break;
		case 'd': /* known, but not accepted here */
			items_add_u64(&memory, KDBUS_ITEM_DST_ID, 1);
			break;
		case 'x':
			items_add_u64(&memory, 0x7777, 1);
			break;
		case 'X': /* looks like a type when cut to 32 bits */
			items_add_u64(&memory, 1ULL << 32 | KDBUS_ITEM_ID, 1);
			break;
		}
	}
}

/* clang-format off */
static const struct {
	const char *items;
	int by_rule;
	int by_strict_rule;
} words[] = {
	{ "",		0,		-EINVAL },
	{ "n",		0,		-EINVAL },
	{ "i",		0,		-EINVAL },
	{ "ni",		0,		0 },
	{ "in",		0,		0 },
	{ "ini",	0,		0 },
	{ "iiiii",	0,		-EINVAL },
	{ "iiiiin",	0,		0 },
	{ "nin",	-EINVAL,	-EINVAL },
	{ "nn",		-EINVAL,	-EINVAL },
	{ "g",		0,		-EINVAL },
	{ "gni",	0,		0 },
	{ "nig",	0,		0 },
	{ "gg",		-EINVAL,	-EINVAL },
	{ "ginig",	-EINVAL,	-EINVAL },
	{ "I",		-EINVAL,	-EINVAL },
	{ "niI",	-EINVAL,	-EINVAL },
	{ "N",		-EINVAL,	-EINVAL },
	{ "niG",	-EINVAL,	-EINVAL },
	{ "nid",	-EINVAL,	-EINVAL },
	{ "dni",	-EINVAL,	-EINVAL },
	{ "nix",	-EINVAL,	-EINVAL },
	{ "niX",	-EINVAL,	-EINVAL },
};
/* clang-format on */

ShimTest(args, items_come_once_or_often_or_must_come)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		add_items(words[i].items);
		cr_expect_eq(check(), words[i].by_rule, "%s", words[i].items);
		cr_expect_eq(check_by(&strict_rule), words[i].by_strict_rule,
			     "%s", words[i].items);
	}
	items_free(&memory);
}

ShimTest(args, the_first_item_of_a_type_is_found)
{
	struct kdbus_item *item;
	struct kdbus_args args;
	u64 n = 0;

	begin(0);
	items_add_u64(&memory, KDBUS_ITEM_ID, 10);
	items_add_string(&memory, KDBUS_ITEM_NAME, "a.b");
	items_add_u64(&memory, KDBUS_ITEM_ID, 12);
	cr_assert_eq(copy(&args, &rule), 0);
	cr_assert_eq(kdbus_args_check(&args), 0);
	cr_expect_eq(kdbus_args_find(&args, KDBUS_ITEM_ID)->id, 10);
	cr_expect_str_eq(kdbus_args_find_str(&args, KDBUS_ITEM_NAME), "a.b");
	cr_expect_null(kdbus_args_find(&args, KDBUS_ITEM_DST_ID));
	cr_expect_null(kdbus_args_find_str(&args, KDBUS_ITEM_DST_NAME));
	cr_expect_not(args.asked);
	cr_expect_not(args.negotiate);
	kdbus_args_for_each_item(item, &args)
		n++;
	cr_expect_eq(n, 3);
	kdbus_args_finish(&args, 0);

	begin(0);
	cr_assert_eq(copy(&args, &rule), 0);
	cr_assert_eq(kdbus_args_check(&args), 0);
	cr_expect_null(kdbus_args_find(&args, KDBUS_ITEM_ID));
	cr_expect_null(kdbus_args_find_str(&args, KDBUS_ITEM_NAME));
	kdbus_args_finish(&args, 0);
	items_free(&memory);
}

/* negotiation */

ShimTest(args, types_that_are_not_accepted_are_zeroed_in_user_space)
{
	const u64 asked[] = { KDBUS_ITEM_ID, KDBUS_ITEM_DST_ID, 0x7777,
			      KDBUS_ITEM_NEGOTIATE, KDBUS_ITEM_NAME, 0,
			      1ULL << 32 | KDBUS_ITEM_ID };
	const u64 expected[] = { KDBUS_ITEM_ID, 0, 0, KDBUS_ITEM_NEGOTIATE,
				 KDBUS_ITEM_NAME, 0, 0 };
	struct kdbus_args args;
	u8 *types;

	begin(0);
	items_add_u64(&memory, KDBUS_ITEM_ID, 10);
	items_add(&memory, KDBUS_ITEM_NEGOTIATE, asked, sizeof(asked));
	types = memory.data + memory.size - sizeof(asked);
	cr_assert_eq(copy(&args, &rule), 0);
	cr_expect_eq(kdbus_args_check(&args), 0);
	cr_expect(args.asked);
	cr_expect_not(args.negotiate, "the command is carried out");
	cr_expect_arr_eq(types, expected, sizeof(expected));
	kdbus_args_finish(&args, 0);
	items_free(&memory);
}

static void hide_second_type(void)
{
	shim_user_hide(memory.data + FIXED + 24, 8);
}

ShimTest(args, what_cannot_be_answered_is_a_fault)
{
	const u64 asked[] = { KDBUS_ITEM_ID, KDBUS_ITEM_DST_ID };

	begin(0);
	items_add(&memory, KDBUS_ITEM_NEGOTIATE, asked, sizeof(asked));
	/* after the command was read */
	shim_interrupt_user(2, hide_second_type);
	cr_expect_eq(check(), -EFAULT);
	shim_user_hide(NULL, 0);
	items_free(&memory);
}

ShimTest(args, flags_are_told_and_nothing_else_is_done)
{
	struct kdbus_args args;

	begin(KDBUS_FLAG_NEGOTIATE | 1);
	cr_assert_eq(copy(&args, &strict_rule), 0);
	cr_expect_eq(kdbus_args_check(&args), 0, "what must come need not");
	cr_expect(args.negotiate);
	cr_expect_eq(user_cmd()->flags, FLAGS);
	kdbus_args_finish(&args, 0);

	begin(KDBUS_FLAG_NEGOTIATE);
	items_add_u64(&memory, 0x7777, 1);
	cr_expect_eq(check(), -EINVAL, "what is there is checked");
	cr_expect_eq(user_cmd()->flags, KDBUS_FLAG_NEGOTIATE);
	items_free(&memory);
}

static void hide_flags(void)
{
	shim_user_hide(&user_cmd()->flags, 8);
}

ShimTest(args, flags_that_cannot_be_told_are_a_fault)
{
	begin(KDBUS_FLAG_NEGOTIATE);
	shim_interrupt_user(2, hide_flags);
	cr_expect_eq(check(), -EFAULT);
	shim_user_hide(NULL, 0);
	items_free(&memory);
}

/* answering */

ShimTest(args, an_answer_writes_its_own_bytes_and_return_flags)
{
	struct kdbus_args args;
	u8 before[64];

	begin_size(64);
	memcpy(before, memory.data, 64);
	cr_assert_eq(copy(&args, &rule), 0);
	memset((u8 *)args.data + 8, 0x11, 56);
	kdbus_args_answer(&args, 32, 16);
	cr_expect_arr_eq(memory.data, before, 64, "not before the end");
	cr_expect_eq(kdbus_args_finish(&args, 0), 0);
	memset(before + 16, 0x11, 8);
	memset(before + 32, 0x11, 16);
	cr_expect_arr_eq(memory.data, before, 64);
	items_free(&memory);
}

ShimTest(args, an_answer_that_cannot_be_written_is_a_fault)
{
	struct kdbus_args args;

	begin_size(64);
	cr_assert_eq(copy(&args, &rule), 0);
	kdbus_args_answer(&args, 32, 16);
	shim_user_hide(memory.data + 47, 1);
	cr_expect_eq(kdbus_args_finish(&args, 0), -EFAULT);
	shim_user_hide(NULL, 0);
	items_free(&memory);
}

ShimTest(args, return_flags_that_cannot_be_told_are_a_fault)
{
	static const size_t sizes[] = { 64, 512 };
	struct kdbus_args args;

	for (int i = 0; i < 2; i++) {
		begin_size(sizes[i]);
		cr_assert_eq(copy(&args, &rule), 0);
		shim_user_hide(&user_cmd()->return_flags, 8);
		cr_expect_eq(kdbus_args_finish(&args, 0), -EFAULT);
		shim_user_hide(NULL, 0);
		cr_assert_eq(copy(&args, &rule), 0);
		args.cmd->return_flags = 5;
		cr_expect_eq(kdbus_args_finish(&args, -EXFULL), -EXFULL);
		cr_expect_eq(user_cmd()->return_flags, 5);
	}
	items_free(&memory);
}
