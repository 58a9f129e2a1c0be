/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 13.2, bloom masks and their generations. */
#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b;

static void peers(__u64 bloom_size)
{
	bus = bus_new(.bloom_size = bloom_size);
	a = peer_new(bus);
	b = peer_new(bus);
}

static int add_mask(__u64 cookie, const void *mask, size_t size)
{
	return match_cmd(b, cookie, 0, KDBUS_ITEM_BLOOM_MASK, mask, size);
}

/* A bus of 16 bytes: two words of filter. */
static void send_words(__u64 generation, __u64 first, __u64 second, __u64 cookie)
{
	__u64 filter[3] = { generation, first, second };
	union cmd msg;

	msg_init(&msg, KDBUS_DST_ID_BROADCAST, cookie);
	msg.msg.flags = KDBUS_MSG_SIGNAL;
	cmd_item(&msg, KDBUS_ITEM_BLOOM_FILTER, filter, sizeof(filter));
	must(send_msg(a, &msg));
}

TEST("a mask matches filters that have all of its bits, in all words")
{
	static const struct {
		__u64 mask[2], filter[2];
		bool matches;
	} cases[] = {
		{ { 0, 0 }, { 0, 0 }, true },
		{ { 0, 0 }, { ANY, ANY }, true },
		{ { 0, 0 }, { 1, 2 }, true },
		{ { 1, 0 }, { 1, 0 }, true },
		{ { 1, 0 }, { 3, 7 }, true },
		{ { 1, 0 }, { 2, 1 }, false },
		{ { 0, 1 }, { 1, 0 }, false },
		{ { 0, 1ULL << 63 }, { ANY, 1ULL << 63 }, true },
		{ { 0, 1ULL << 63 }, { ANY, ~(1ULL << 63) }, false },
		{ { 3, 0 }, { 1, 3 }, false },
		{ { ANY, ANY }, { ANY, ANY }, true },
		{ { ANY, ANY }, { ANY, ANY - 1 }, false },
		{ { ANY, ANY }, { 0, 0 }, false },
	};

	peers(16);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("row %zu", i);
		must(add_mask(1, cases[i].mask, 16));
		send_words(0, cases[i].filter[0], cases[i].filter[1], i);
		if (cases[i].matches)
			expect_message(b, i);
		expect_nothing(b);
		must(match_remove(b, 1));
	}
}

TEST("the generation of the filter chooses the mask, the last one for later ones")
{
	static const __u64 masks[3][2] = { { 1, 0 }, { 2, 0 }, { 4, 0 } };

	for (size_t count = 1; count <= 3; count++) {
		static const __u64 generations[] = { 0, 1, 2, 3, 100, ANY };

		peers(16);
		must(add_mask(1, masks, count * 16));
		for (size_t g = 0; g < ARRAY_SIZE(generations); g++) {
			for (int bit = 0; bit < 4; bit++) {
				__u64 chosen = generations[g] < count ? generations[g] : count - 1;

				test_case("%zu masks, generation %llu, bit %d", count,
					  (unsigned long long)generations[g], bit);
				send_words(generations[g], 1ULL << bit, 0, g);
				if (chosen == (__u64)bit)
					expect_message(b, g);
				expect_nothing(b);
			}
		}
		bus_close(bus);
	}
}

TEST("a mask is one or more times the bloom size: else EDOM")
{
	static const struct {
		size_t size;
		int error;
	} cases[] = {
		{ 64, 0 }, { 128, 0 }, { 640, 0 }, { 0, EDOM }, { 8, EDOM }, { 63, EDOM }, { 65, EDOM }, { 72, EDOM },
		{ 127, EDOM }, { 120, EDOM },
	};
	static const __u8 mask[700];

	peers(64);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("%zu bytes", cases[i].size);
		expect_errno(cases[i].error, add_mask(1, mask, cases[i].size));
	}
}

TEST("several masks in one match must all match")
{
	__u64 one[2] = { 1, 0 }, two[2] = { 0, 2 };
	union cmd cmd;

	peers(16);
	cmd_init(&cmd, sizeof(cmd.match));
	cmd_item(&cmd, KDBUS_ITEM_BLOOM_MASK, one, 16);
	cmd_item(&cmd, KDBUS_ITEM_BLOOM_MASK, two, 16);
	must(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	send_words(0, 1, 0, 1);
	send_words(0, 0, 2, 2);
	expect_nothing(b);
	send_words(0, 1, 2, 3);
	expect_message(b, 3);
}

TEST("a mask with an id wants both")
{
	__u64 mask[2] = { 1, 0 };
	union cmd cmd;

	peers(16);
	cmd_init(&cmd, sizeof(cmd.match));
	cmd_item(&cmd, KDBUS_ITEM_BLOOM_MASK, mask, 16);
	cmd_u64(&cmd, KDBUS_ITEM_ID, b->id);
	must(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	send_words(0, 1, 0, 1);
	expect_nothing(b);
	cmd_init(&cmd, sizeof(cmd.match));
	cmd_item(&cmd, KDBUS_ITEM_BLOOM_MASK, mask, 16);
	cmd_u64(&cmd, KDBUS_ITEM_ID, a->id);
	must(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	send_words(0, 2, 0, 2);
	expect_nothing(b);
	send_words(0, 3, 0, 3);
	expect_message(b, 3);
}

TEST("masks match unicast signals by the same rule, and no notifications")
{
	__u64 mask[2] = { 1, 0 }, filter[3] = { 0, 1, 0 }, other[3] = { 0, 2, 0 };
	union cmd msg;

	peers(16);
	must(add_mask(1, mask, 16));
	msg_init(&msg, b->id, 1);
	msg.msg.flags = KDBUS_MSG_SIGNAL;
	cmd_item(&msg, KDBUS_ITEM_BLOOM_FILTER, filter, 24);
	must(send_msg(a, &msg));
	expect_message(b, 1);
	msg_init(&msg, b->id, 2);
	msg.msg.flags = KDBUS_MSG_SIGNAL;
	cmd_item(&msg, KDBUS_ITEM_BLOOM_FILTER, other, 24);
	must(send_msg(a, &msg));
	expect_nothing(b);
	mask[0] = 0;
	must(add_mask(2, mask, 16));
	peer_close(peer_new(bus));
	expect_nothing(b);
}

TEST("filters of 8 and of 4096 bytes work")
{
	static const __u64 sizes[] = { 8, 4096 };
	static __u8 filter[8 + 4096], mask[4096];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		union cmd msg;

		test_case("%llu bytes", (unsigned long long)sizes[i]);
		peers(sizes[i]);
		memset(filter, 0, sizeof(filter));
		memset(mask, 0, sizeof(mask));
		mask[sizes[i] - 1] = 0x80;
		must(add_mask(1, mask, sizes[i]));
		for (int round = 0; round < 2; round++) {
			filter[8 + sizes[i] - 1] = round ? 0x80 : 0x7f;
			msg_init(&msg, KDBUS_DST_ID_BROADCAST, round);
			msg.msg.flags = KDBUS_MSG_SIGNAL;
			cmd_item(&msg, KDBUS_ITEM_BLOOM_FILTER, filter, 8 + sizes[i]);
			must(send_msg(a, &msg));
		}
		expect_message(b, 1);
		expect_nothing(b);
		bus_close(bus);
	}
}
