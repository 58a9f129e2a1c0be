/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 9.1: slices of the pool, who holds them, how they are placed. */
#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b;

static void peers(__u64 pool)
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .pool = pool);
}

/* The bytes a message with @payload bytes in one vec takes. */
static __u64 slice_size(__u64 payload)
{
	return 64 + 32 + ALIGN8(payload);
}

static __u64 recv_offset(struct peer *peer)
{
	must(recv_cmd(peer, 0, 0));
	return peer->last.msg.offset;
}

TEST("slices begin at multiples of 8, sizes are multiples of 8 and exact")
{
	peers(MIB);
	for (__u64 n = 1; n < 60; n++) {
		test_case("%llu bytes", (unsigned long long)n);
		must(send_bytes(a, b->id, n, n));
		expect_message(b, n);
		expect_eq(b->last.msg.offset % 8, 0);
		expect_eq(b->last.msg.msg_size, slice_size(n));
	}
}

TEST("nothing to report is offset = pool_size with size 0, and freeing that is fine")
{
	struct kdbus_cmd_list list = { .size = sizeof(list) };

	peers(MIB);
	expect_errno(EAGAIN, recv_cmd(b, 0, 0));
	expect_eq(b->last.msg.offset, MIB);
	expect_eq(b->last.msg.msg_size, 0);
	expect_ok(call(b->fd, KDBUS_CMD_LIST, &list));
	expect_eq(list.offset, MIB);
	expect_eq(list.list_size, 0);
	for (int i = 0; i < 3; i++)
		expect_ok(peer_free(b, MIB));
}

TEST("FREE takes only the start of a slice the user holds, and only once")
{
	static const __u64 wrong[] = { 8, 16, 24, 1, 4, 12, MIB - 8, MIB + 8, 2 * MIB, ANY, ANY - 7, 1ULL << 63 };
	__u64 offset;

	peers(MIB);
	must(send_bytes(a, b->id, 1, 100));
	/* queued, not yet told */
	expect_errno(ENXIO, peer_free(b, 0));
	offset = recv_offset(b);
	expect_eq(offset, 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		test_case("offset 0x%llx", (unsigned long long)wrong[i]);
		expect_errno(ENXIO, peer_free(b, wrong[i]));
	}
	expect_ok(peer_free(b, offset));
	expect_errno(ENXIO, peer_free(b, offset));
}

TEST("a peeked slice is held by user and queue; each lets go on its own")
{
	__u64 offset;

	peers(MIB);
	must(send_bytes(a, b->id, 1, 100));
	must(recv_cmd(b, KDBUS_RECV_PEEK, 0));
	offset = b->last.msg.offset;
	must(recv_cmd(b, KDBUS_RECV_PEEK, 0));
	expect_eq(b->last.msg.offset, offset);
	/* freeing does not take it from the queue */
	expect_ok(peer_free(b, offset));
	expect_errno(ENXIO, peer_free(b, offset));
	expect_eq(recv_offset(b), offset);
	expect_ok(peer_free(b, offset));
	expect_errno(ENXIO, peer_free(b, offset));

	/* peeked and then received: one FREE */
	must(send_bytes(a, b->id, 2, 100));
	must(recv_cmd(b, KDBUS_RECV_PEEK, 0));
	offset = recv_offset(b);
	expect_ok(peer_free(b, offset));
	expect_errno(ENXIO, peer_free(b, offset));

	/* peeked and then dropped: still one FREE */
	must(send_bytes(a, b->id, 3, 100));
	must(recv_cmd(b, KDBUS_RECV_PEEK, 0));
	offset = b->last.msg.offset;
	must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	expect_eq(b->last.msg.offset, MIB);
	expect_eq(peer_msg(b, offset)->cookie, 3);
	expect_ok(peer_free(b, offset));
}

TEST("what the user holds does not change until it is freed")
{
	const struct kdbus_msg *msg;
	__u8 copy[200];

	peers(64 * KIB);
	must(send_bytes(a, b->id, 1, 100));
	msg = expect_message(b, 1);
	memcpy(copy, msg, sizeof(copy) - 8);
	for (int i = 0; i < 300; i++) {
		must(send_bytes(a, b->id, 2 + i, 1000));
		must(peer_free(b, recv_offset(b)));
	}
	expect(!memcmp(copy, msg, sizeof(copy) - 8));
}

TEST("freed neighbours merge, and the best fitting hole is taken")
{
	__u64 at[8], size = slice_size(1000);

	peers(MIB);
	for (int i = 0; i < 8; i++)
		must(send_bytes(a, b->id, i, 1000));
	for (int i = 0; i < 8; i++) {
		at[i] = recv_offset(b);
		expect_eq(at[i], i * size);
	}
	/* a hole of two and a hole of one */
	must(peer_free(b, at[1]));
	must(peer_free(b, at[2]));
	must(peer_free(b, at[5]));
	must(send_bytes(a, b->id, 20, 1000));
	expect_eq(recv_offset(b), at[5]);
	must(send_bytes(a, b->id, 21, 1000 + size));
	expect_eq(recv_offset(b), at[1]);
	/* merging with the free range behind */
	must(peer_free(b, at[7]));
	must(peer_free(b, at[6]));
	must(send_bytes(a, b->id, 22, 5000));
	expect_eq(recv_offset(b), at[6]);
	/* everything back: the pool is one range again */
	must(peer_free(b, at[0]));
	must(peer_free(b, at[3]));
	must(peer_free(b, at[1]));
	must(peer_free(b, at[6]));
	must(peer_free(b, at[5]));
	must(peer_free(b, at[4]));
	must(send_bytes(a, b->id, 23, 100000));
	expect_eq(recv_offset(b), 0);
}

TEST("merging works in every order of freeing")
{
	static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	peers(MIB);
	for (int o = 0; o < 6; o++) {
		__u64 at[3], guard;

		test_case("order %d", o);
		for (int i = 0; i < 4; i++)
			must(send_bytes(a, b->id, i, 500));
		for (int i = 0; i < 3; i++)
			at[i] = recv_offset(b);
		guard = recv_offset(b);
		for (int i = 0; i < 3; i++)
			must(peer_free(b, at[orders[o][i]]));
		must(send_bytes(a, b->id, 9, 3 * slice_size(500) - 96));
		expect_eq(recv_offset(b), at[0]);
		must(peer_free(b, at[0]));
		must(peer_free(b, guard));
	}
}

TEST("a message that fits the quota but no free range gives EXFULL")
{
	__u64 held[64];
	unsigned n = 0;

	peers(64 * KIB);
	/* the owner keeps nearly all of its pool */
	while (n < 64 && send_bytes(a, b->id, n, 4040) == 0)
		held[n++] = recv_offset(b);
	expect(n >= 15);
	expect_errno(EXFULL, send_bytes(a, b->id, 99, 4040));
	/* a smaller one may still fit */
	expect_ok(send_to(a, b->id, 100));
	expect_message(b, 100);
	must(peer_free(b, held[3]));
	expect_ok(send_bytes(a, b->id, 101, 4040));
	expect_message(b, 101);
	expect_eq(b->last.msg.offset, held[3]);
}

TEST("the owner's own results only need space, not quota")
{
	struct kdbus_cmd_list list;
	const struct kdbus_info *info;
	unsigned n = 0;
	int r;

	peers(4096);
	for (;; n++) {
		list = (struct kdbus_cmd_list){ .size = sizeof(list), .flags = KDBUS_LIST_UNIQUE };
		r = call(b->fd, KDBUS_CMD_LIST, &list);
		if (r < 0)
			break;
		expect_eq(list.list_size, 48);
		expect_eq(list.offset, n * 48);
	}
	expect_errno(EXFULL, r);
	expect_eq(n, 4096 / 48);
	expect_errno(EXFULL, conn_info(b, a->id, NULL, 0, &info));
	must(peer_free(b, 0));
	expect_ok(conn_info(b, a->id, NULL, 0, &info));
	expect_ok(conn_info(b, a->id, NULL, 0, &info));
	expect_errno(EXFULL, conn_info(b, a->id, NULL, 0, &info));
}

TEST("a fresh pool reads as zeroes")
{
	unsigned sum = 0;

	peers(MIB);
	for (__u64 i = 64; i < MIB; i++)
		sum |= b->pool[i];
	expect_eq(sum, 0);
}

TEST("messages keep their bytes across a pool of any size")
{
	static __u8 data[300000];
	union cmd msg;
	__u64 n;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + (i >> 8);
	peers(4 * MIB);
	for (__u64 size = 1; size < sizeof(data); size = size * 3 + 1) {
		const struct kdbus_msg *got;

		test_case("%llu bytes", (unsigned long long)size);
		msg_init(&msg, b->id, size);
		msg_vec(&msg, data, size);
		must(send_msg(a, &msg));
		got = expect_message(b, size);
		expect(!memcmp(msg_payload(got, &n), data, size));
		expect_eq(n, size);
	}
}

TEST("pages that the system took back are not written to any more")
{
	static __u8 data[3 * 4096 + 100];
	union cmd msg;
	__u64 n;

	peers(MIB);
	for (int round = 0; round < 4; round++) {
		test_case("round %d", round);
		memset(data, 'a' + round, sizeof(data));
		for (int i = 0; i < 3; i++) {
			msg_init(&msg, b->id, i);
			msg_vec(&msg, data, sizeof(data));
			must(send_msg(a, &msg));
		}
		for (int i = 0; i < 3; i++) {
			const struct kdbus_msg *got = expect_message(b, i);

			expect(!memcmp(msg_payload(got, &n), data, sizeof(data)));
			must(peer_free(b, b->last.msg.offset));
		}
		if (round % 2)
			drop_caches();
	}
}
