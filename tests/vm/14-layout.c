/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 10.5: how a message looks in the receiver's pool. */
#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b;
static __u8 data[100000];

static void peers(__u64 recv)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = 1 + i % 251;
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .recv = recv, .flags = KDBUS_HELLO_ACCEPT_FD);
}

TEST("header words arrive as sent, with the sender's id filled in")
{
	const struct kdbus_msg *got;
	union cmd msg;

	peers(0);
	msg_init(&msg, b->id, 0x1122334455667788);
	msg.msg.priority = -42;
	msg.msg.payload_type = 0xfedcba9876543210;
	msg.msg.flags = KDBUS_MSG_NO_AUTO_START | KDBUS_MSG_EXPECT_REPLY;
	msg.msg.timeout_ns = now_ns() + SEC * 100;
	must(send_msg(a, &msg));
	got = expect_message(b, 0x1122334455667788);
	expect_eq(got->size, 64);
	expect_eq(b->last.msg.msg_size, 64);
	expect_eq(got->flags, msg.msg.flags);
	expect_eq(got->priority, -42);
	expect_eq(got->dst_id, b->id);
	expect_eq(got->src_id, a->id);
	expect_eq(got->payload_type, 0xfedcba9876543210);
	expect_eq(got->timeout_ns, msg.msg.timeout_ns);
}

TEST("broadcasts keep dst_id ~0 and their filter, names keep dst_id 0")
{
	const struct kdbus_item *item;
	const struct kdbus_msg *got;
	union cmd msg;

	peers(0);
	must(match_all(b, 1));
	msg_init(&msg, KDBUS_DST_ID_BROADCAST, 5);
	msg.msg.flags = KDBUS_MSG_SIGNAL;
	msg_filter(&msg, 3, 0x1234);
	must(send_msg(a, &msg));
	got = expect_message(b, 5);
	expect_eq(got->dst_id, KDBUS_DST_ID_BROADCAST);
	expect_eq(got->src_id, a->id);
	expect_eq(got->cookie_reply, 0);
	item = item_find(got, KDBUS_ITEM_BLOOM_FILTER);
	expect_eq(item->size, 16 + 72);
	expect_eq(item->bloom_filter.generation, 3);
	expect_eq(item->bloom_filter.data[7], 0x1234);
}

TEST("vecs become offsets into the message, back to back from Align8(size)")
{
	static const __u64 sizes[] = { 1, 7, 8, 9, 16, 3, 1000, 5 };
	const struct kdbus_msg *got;
	const struct kdbus_item *item;
	union cmd msg;
	__u64 at, n = 0;

	peers(0);
	msg_init(&msg, b->id, 1);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		msg_vec(&msg, data + n, sizes[i]);
		n += sizes[i];
	}
	must(send_msg(a, &msg));
	got = expect_message(b, 1);
	expect_eq(got->size, 64 + 8 * 32);
	at = ALIGN8(got->size);
	n = 0;
	for_each_item(item, got) {
		expect_eq(item->type, KDBUS_ITEM_PAYLOAD_OFF);
		expect_eq(item->size, 32);
		expect_eq(item->vec.size, sizes[n]);
		expect_eq(item->vec.offset, at);
		at += sizes[n++];
	}
	expect_eq(n, 8);
	expect_eq(b->last.msg.msg_size, ALIGN8(at));
	expect(!memcmp(msg_payload(got, &n), data, n));
	expect_eq(n, 1049);
}

/* A head of 64, a vector of 32 and a name of 16 + 6 bytes; five of payload. */
static void expect_no_padding(__u64 cookie, const void *data)
{
	const struct kdbus_msg *got = expect_message(b, cookie);

	expect_eq(got->size, 64 + 32 + 16 + 6);
	expect_eq(item_find(got, KDBUS_ITEM_PAYLOAD_OFF)->vec.offset, ALIGN8(64 + 32 + 16 + 6));
	expect_eq(b->last.msg.msg_size, 64 + 32 + 24 + 8);
	expect(!memcmp((const __u8 *)got + 120, data, 5));
}

TEST("size ends with the last item, without its padding")
{
	const struct kdbus_msg *got;
	union cmd msg;

	peers(0);
	must(name_acquire(b, "abc.def", 0, NULL));
	msg_init(&msg, 0, 1);
	msg_vec(&msg, data, 5);
	msg_name(&msg, "abc.def");
	must(send_msg(a, &msg));
	got = expect_message(b, 1);
	expect_eq(got->size, 64 + 32 + 16 + 8);
	must(name_acquire(b, "abc.d", 0, NULL));
	msg_init(&msg, 0, 2);
	msg_vec(&msg, data, 5);
	msg_name(&msg, "abc.d");
	must(send_msg(a, &msg));
	expect_no_padding(2, data);
	/* not even when its sender counts the padding */
	msg.msg.cookie = 3;
	msg.size = ALIGN8(msg.size);
	must(send_msg(a, &msg));
	expect_no_padding(3, data);
}

TEST("the sender's items keep their order, metadata follow, then the payload")
{
	const struct kdbus_msg *got;
	int fd, one = 1;
	union cmd msg;

	peers(KDBUS_ATTACH_TIMESTAMP | KDBUS_ATTACH_CREDS);
	must(name_acquire(b, "abc.d", 0, NULL));
	fd = memfd_new(100);
	msg_init(&msg, 0, 1);
	msg_vec(&msg, data, 5);
	msg_fds(&msg, &one, 1);
	msg_memfd(&msg, fd, 0, 100);
	msg_name(&msg, "abc.d");
	msg_vec(&msg, data, 9);
	must(send_msg(a, &msg));
	got = expect_message(b, 1);
	expect_text(msg_types(got), "3 5 4 a 3 1001 1000");
	/* the last item is 40 bytes long, so there is no padding */
	expect_eq(got->size, 64 + 32 + 24 + 40 + 24 + 32 + 80 + 40);
	expect_eq(item_find(got, KDBUS_ITEM_PAYLOAD_OFF)->vec.offset, got->size);
}

TEST("a vec without an address arrives as ~0 and takes only filler")
{
	const struct kdbus_msg *got;
	const struct kdbus_item *item;
	union cmd msg;
	__u64 n;

	peers(0);
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, NULL, 100000);
	must(send_msg(a, &msg));
	got = expect_message(b, 1);
	item = item_first(got);
	expect_eq(item->type, KDBUS_ITEM_PAYLOAD_OFF);
	expect_eq(item->vec.offset, ANY);
	expect_eq(item->vec.size, 100000);
	expect_eq(b->last.msg.msg_size, 96);
	msg_payload(got, &n);
	expect_eq(n, 100000);
}

/* 'v' a vec, 'z' zeroes, 'm' a memfd, with a size each. */
struct piece {
	char kind;
	__u64 size;
};

static void check_stream(const struct piece *pieces, size_t n_pieces)
{
	static __u8 wanted[400000];
	__u64 n = 0, position = 0, end = 0, filler = 0, got_size;
	const struct kdbus_item *item;
	const struct kdbus_msg *got;
	union cmd msg;
	size_t i = 0;

	msg_init(&msg, b->id, 1);
	for (size_t k = 0; k < n_pieces; k++) {
		int fd;

		switch (pieces[k].kind) {
		case 'v':
			memcpy(wanted + n, data + 3 * k, pieces[k].size);
			msg_vec(&msg, data + 3 * k, pieces[k].size);
			filler += pieces[k].size;
			break;
		case 'z':
			memset(wanted + n, 0, pieces[k].size);
			msg_vec(&msg, NULL, pieces[k].size);
			filler += pieces[k].size % 8;
			break;
		default:
			fd = memfd_new(pieces[k].size);
			must_sys(pread(fd, wanted + n, pieces[k].size, 0));
			msg_memfd(&msg, fd, 0, pieces[k].size);
			filler += pieces[k].size % 8;
		}
		n += pieces[k].size;
	}
	must(send_msg(a, &msg));
	got = expect_message(b, 1);
	for_each_item(item, got) {
		test_case("%zu pieces, piece %zu", n_pieces, i);
		expect_eq(item->type, pieces[i].kind == 'm' ? KDBUS_ITEM_PAYLOAD_MEMFD : KDBUS_ITEM_PAYLOAD_OFF);
		if (pieces[i].kind == 'z')
			expect_eq(item->vec.offset, ANY);
		if (pieces[i].kind == 'v') {
			__u64 offset = item->vec.offset;

			/* congruent with the position in the stream, and in order */
			expect_eq((b->last.msg.offset + offset) % 8, position % 8);
			expect(offset >= ALIGN8(got->size) && offset >= end);
			end = offset + item->vec.size;
			expect(end <= b->last.msg.msg_size);
		}
		position += pieces[i++].size;
	}
	expect_eq(i, n_pieces);
	/* exactly the filler that keeps it congruent */
	expect_eq(b->last.msg.msg_size, ALIGN8(got->size) + ALIGN8(filler));
	expect(!memcmp(msg_payload(got, &got_size), wanted, n));
	expect_eq(got_size, n);
	for_each_item(item, got)
		if (item->type == KDBUS_ITEM_PAYLOAD_MEMFD)
			close(item->memfd.fd);
	must(peer_free(b, b->last.msg.offset));
}

TEST("stored vecs are congruent modulo 8 with their place in the whole stream")
{
	static const struct piece rows[][6] = {
		{ { 'v', 5 }, { 'z', 3 }, { 'v', 9 } },
		{ { 'z', 3 }, { 'v', 5 } },
		{ { 'm', 13 }, { 'v', 8 }, { 'z', 1 }, { 'v', 1 } },
		{ { 'z', 8 }, { 'v', 3 }, { 'm', 16 }, { 'v', 4 } },
		{ { 'v', 1 }, { 'z', 1 }, { 'm', 1 }, { 'z', 1 }, { 'v', 1 } },
		{ { 'z', 7 }, { 'z', 7 }, { 'z', 7 }, { 'v', 11 } },
		{ { 'm', 1001 }, { 'm', 1002 }, { 'v', 77 } },
		{ { 'v', 4096 }, { 'z', 12345 }, { 'v', 4097 }, { 'm', 4099 }, { 'v', 1 } },
		{ { 'z', 5 } }, { { 'm', 5 } }, { { 'v', 5 } }, { { 'z', 8 } },
	};

	peers(0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t n = 0;

		while (n < 6 && rows[i][n].kind)
			n++;
		check_stream(rows[i], n);
	}
}

TEST("the filler rule holds for random streams")
{
	unsigned seed = 7;

	peers(0);
	for (int round = 0; round < 60; round++) {
		struct piece pieces[12];
		size_t n;

		seed = seed * 1103515245 + 12345;
		n = 1 + (seed >> 10) % 12;
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			pieces[i].kind = "vvzm"[(seed >> 8) & 3];
			pieces[i].size = 1 + (seed >> 12) % 70;
		}
		check_stream(pieces, n);
	}
}

TEST("filler bytes and padding are zero, also where an older message lay")
{
	const struct kdbus_msg *got;
	union cmd msg;
	__u64 end;

	peers(0);
	/* dirt all over the place */
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, data, 5000);
	must(send_msg(a, &msg));
	expect_message(b, 1);
	must(peer_free(b, b->last.msg.offset));

	must(name_acquire(b, "abc.d", 0, NULL));
	msg_init(&msg, 0, 2);
	msg_vec(&msg, data, 5);
	msg_vec(&msg, NULL, 6);
	msg_vec(&msg, data, 3);
	msg_name(&msg, "abc.d");
	must(send_msg(a, &msg));
	got = expect_message(b, 2);
	/* behind the name, behind the first vec, behind all */
	end = ALIGN8(got->size);
	for (__u64 i = got->size; i < end; i++)
		expect_eq(((const __u8 *)got)[i], 0);
	for (__u64 i = end + 5; i < end + 11; i++)
		expect_eq(((const __u8 *)got)[i], 0);
	for (__u64 i = end + 14; i < b->last.msg.msg_size; i++)
		expect_eq(((const __u8 *)got)[i], 0);
}

TEST("a message without items or payload is 64 bytes")
{
	peers(0);
	must(send_to(a, b->id, 1));
	expect_eq(expect_message(b, 1)->size, 64);
	expect_eq(b->last.msg.msg_size, 64);
}

TEST("all receivers of a broadcast get the same payload")
{
	struct peer *many[5];
	union cmd msg;
	__u64 n;

	peers(0);
	msg_broadcast(&msg, 1);
	msg_vec(&msg, data, 3000);
	msg_vec(&msg, NULL, 3);
	msg_vec(&msg, data + 3000, 2000);
	for (int i = 0; i < 5; i++) {
		many[i] = peer_new(bus, .recv = i & 1 ? KDBUS_ATTACH_TIMESTAMP : 0);
		must(match_u64(many[i], 1, KDBUS_ITEM_ID, ANY));
	}
	must(send_msg(a, &msg));
	for (int i = 0; i < 5; i++) {
		const struct kdbus_msg *got = expect_message(many[i], 1);
		const __u8 *payload = msg_payload(got, &n);

		expect_eq(n, 5003);
		expect(!memcmp(payload, data, 3000));
		expect(!memcmp(payload + 3003, data + 3000, 2000));
		expect(!item_find(got, KDBUS_ITEM_TIMESTAMP) == !(i & 1));
	}
}
