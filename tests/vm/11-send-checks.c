/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 10.1, 1 to 13: what is wrong with a message, and which error wins. */
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b;

static void peers(void)
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD, .pool = 16 * MIB);
}

TEST("the message lies at a multiple of 8, readable, 64 to 32768 bytes long")
{
	static const struct {
		__u64 size;
		int error;
	} sizes[] = {
		{ 0, EINVAL }, { 8, EINVAL }, { 56, EINVAL }, { 63, EINVAL }, { 64, 0 }, { 65, EINVAL }, { 79, EINVAL },
		{ 80, EINVAL }, { 32769, EMSGSIZE }, { 1ULL << 40, EMSGSIZE }, { ANY, EMSGSIZE },
	};
	struct kdbus_cmd_send cmd = { .size = sizeof(cmd) };
	__u8 *page;
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	memset(msg.bytes + 64, 0, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		test_case("size %llu", (unsigned long long)sizes[i].size);
		msg.size = sizes[i].size;
		expect_errno(sizes[i].error, send_msg(a, &msg));
	}
	test_case("addresses");
	msg_init(&msg, b->id, 1);
	for (int off = 1; off < 8; off++) {
		cmd.msg_address = (uintptr_t)&msg + off;
		expect_errno(EFAULT, call(a->fd, KDBUS_CMD_SEND, &cmd));
	}
	cmd.msg_address = ANY - 7;
	expect_errno(EFAULT, call(a->fd, KDBUS_CMD_SEND, &cmd));
	cmd.msg_address = 0xffff888000000000;
	expect_errno(EFAULT, call(a->fd, KDBUS_CMD_SEND, &cmd));
	/* half mapped */
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(page + 4096, 4096, PROT_NONE);
	memcpy(page + 4096 - 32, &msg, 32);
	cmd.msg_address = (uintptr_t)page + 4096 - 32;
	expect_errno(EFAULT, call(a->fd, KDBUS_CMD_SEND, &cmd));
	memcpy(page + 4096 - 64, &msg, 64);
	cmd.msg_address = (uintptr_t)page + 4096 - 64;
	expect_ok(call(a->fd, KDBUS_CMD_SEND, &cmd));
	/* a message is only read */
	mprotect(page, 4096, PROT_READ);
	expect_ok(call(a->fd, KDBUS_CMD_SEND, &cmd));
}

TEST("message flags are the three, everything else is EINVAL")
{
	union cmd msg;

	peers();
	for (unsigned bit = 3; bit < 64; bit++) {
		test_case("bit %u", bit);
		msg_init(&msg, b->id, 1);
		msg.msg.flags = 1ULL << bit;
		expect_errno(EINVAL, send_msg(a, &msg));
	}
	expect_nothing(b);
}

TEST("the header of a message is checked in order")
{
	enum { EXPECT = KDBUS_MSG_EXPECT_REPLY, SIGNAL = KDBUS_MSG_SIGNAL };
	const __u64 BC = KDBUS_DST_ID_BROADCAST;
	__u64 me, you, later = now_ns() + 100 * SEC;

	peers();
	me = a->id;
	you = b->id;

	const struct {
		const char *what;
		__u64 flags, dst, src, payload, word56, cmd_flags;
		bool filter;
		int error;
	} cases[] = {
		{ "src_id 0", 0, you, 0, 5, 0, 0, false, 0 },
		{ "own src_id", 0, you, me, 5, 0, 0, false, 0 },
		{ "foreign src_id", 0, you, you, 5, 0, 0, false, EINVAL },
		{ "broadcast src_id", 0, you, ANY, 5, 0, 0, false, EINVAL },
		{ "payload type 0", 0, you, 0, 0, 0, 0, false, EINVAL },
		{ "any payload type", 0, you, 0, ANY, 0, 0, false, 0 },
		{ "src_id before broadcast", 0, BC, you, 5, 0, 0, false, EINVAL },
		{ "payload type before broadcast", 0, BC, 0, 0, 0, 0, false, EINVAL },
		{ "broadcast without SIGNAL", 0, BC, 0, 5, 0, 0, true, EBADMSG },
		{ "broadcast without SIGNAL with reply cookie", 0, BC, 0, 5, 7, 0, true, EBADMSG },
		{ "broadcast with reply cookie", SIGNAL, BC, 0, 5, 7, 0, true, ENOTUNIQ },
		{ "broadcast expecting a reply", SIGNAL | EXPECT, BC, 0, 5, later, 0, true, ENOTUNIQ },
		{ "broadcast expecting, no SIGNAL", EXPECT, BC, 0, 5, later, 0, true, EBADMSG },
		{ "request without timeout", EXPECT, you, 0, 5, 0, 0, false, EINVAL },
		{ "signal request without timeout", EXPECT | SIGNAL, you, 0, 5, 0, 0, true, EINVAL },
		{ "signal request", EXPECT | SIGNAL, you, 0, 5, later, 0, true, ENOTUNIQ },
		{ "sync without expecting", 0, you, 0, 5, 0, 1, false, EINVAL },
		{ "sync signal", SIGNAL, you, 0, 5, 0, 1, true, EINVAL },
		{ "sync reply", 0, you, 0, 5, 7, 1, false, EINVAL },
		{ "signal with reply cookie", SIGNAL, you, 0, 5, 7, 0, true, EINVAL },
		{ "signal without filter", SIGNAL, you, 0, 5, 0, 0, false, EBADMSG },
		{ "broadcast without filter", SIGNAL, BC, 0, 5, 0, 0, false, EBADMSG },
		{ "filter without signal", 0, you, 0, 5, 0, 0, true, EBADMSG },
		{ "filter in a request", EXPECT, you, 0, 5, later, 0, true, EBADMSG },
		{ "unicast signal", SIGNAL, you, 0, 5, 0, 0, true, 0 },
		{ "broadcast", SIGNAL, BC, 0, 5, 0, 0, true, 0 },
		{ "no destination", 0, 0, 0, 5, 0, 0, false, EDESTADDRREQ },
		{ "signal to nobody", SIGNAL, 0, 0, 5, 0, 0, true, EDESTADDRREQ },
		{ "filter before destination", 0, 0, 0, 5, 0, 0, true, EBADMSG },
		{ "unknown id", 0, 999999, 0, 5, 0, 0, false, ENXIO },
		{ "id of the bus", 0, 1, 0, 5, 0, 0, false, ENXIO },
		{ "reply nobody waits for", 0, you, 0, 5, 7, 0, false, EBADSLT },
		{ "request", EXPECT, you, 0, 5, later, 0, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kdbus_cmd_send cmd;
		union cmd msg;

		test_case("%s", cases[i].what);
		msg_init(&msg, cases[i].dst, 100 + i);
		msg.msg.flags = cases[i].flags;
		msg.msg.src_id = cases[i].src;
		msg.msg.payload_type = cases[i].payload;
		msg.msg.timeout_ns = cases[i].word56;
		if (cases[i].filter)
			msg_filter(&msg, 0, 0);
		expect_errno(cases[i].error, send_cmd(a->fd, &cmd, cases[i].cmd_flags, &msg));
		expect_eq(cmd.return_flags, 0);
	}
}

TEST("items a message does not know, wrong ones and second ones give EINVAL")
{
	static const __u64 unknown[] = { 0, KDBUS_ITEM_PAYLOAD_OFF, KDBUS_ITEM_CANCEL_FD, KDBUS_ITEM_NAME, KDBUS_ITEM_ID,
					 KDBUS_ITEM_TIMESTAMP, KDBUS_ITEM_CREDS, KDBUS_ITEM_BLOOM_MASK, 0x800, 0x8003, 0x8006,
					 KDBUS_ITEM_DST_ID, ANY };
	static const struct {
		__u64 type;
		size_t wrong[5];
	} sizes[] = {
		{ KDBUS_ITEM_PAYLOAD_VEC, { 0, 8, 15, 17, 24 } }, { KDBUS_ITEM_PAYLOAD_MEMFD, { 0, 16, 20, 23, 32 } },
		{ KDBUS_ITEM_FDS, { 1, 2, 3, 5, 9 } }, { KDBUS_ITEM_BLOOM_FILTER, { 0, 1, 4, 6, 7 } },
		{ KDBUS_ITEM_DST_NAME, { 0, 1, 2, 3, 30 } },
	};
	/* "a.b" without its end, and a lot of it */
	static const char payload[40] = "a.bcdefghijklmnopqrstuvwxyzabcdefghijk";
	int fd = memfd_new(10);
	union cmd msg;

	peers();
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		test_case("type 0x%llx", (unsigned long long)unknown[i]);
		msg_init(&msg, b->id, 1);
		cmd_item(&msg, unknown[i], payload, 24);
		expect_errno(EINVAL, send_msg(a, &msg));
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (size_t k = 0; k < 5; k++) {
			test_case("type 0x%llx with %zu bytes", (unsigned long long)sizes[i].type, sizes[i].wrong[k]);
			msg_init(&msg, b->id, 1);
			cmd_item(&msg, sizes[i].type, payload, sizes[i].wrong[k]);
			expect_errno(EINVAL, send_msg(a, &msg));
		}
	}
	test_case("two of a kind");
	msg_init(&msg, b->id, 1);
	msg_fds(&msg, &fd, 1);
	msg_fds(&msg, &fd, 1);
	expect_errno(EINVAL, send_msg(a, &msg));
	msg_broadcast(&msg, 1);
	msg_filter(&msg, 0, 0);
	expect_errno(EINVAL, send_msg(a, &msg));
	msg_init(&msg, b->id, 1);
	msg_name(&msg, "a.b");
	msg_name(&msg, "a.b");
	expect_errno(EINVAL, send_msg(a, &msg));
	msg_init(&msg, b->id, 1);
	msg_memfd(&msg, fd, 0, 5);
	msg_vec(&msg, payload, 5);
	msg_vec(&msg, payload, 5);
	msg_memfd(&msg, fd, 0, 5);
	expect_ok(send_msg(a, &msg));
}

TEST("an empty vec or memfd is EINVAL, a negative memfd EBADF")
{
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, &msg, 0);
	expect_errno(EINVAL, send_msg(a, &msg));
	msg_init(&msg, b->id, 1);
	msg_memfd(&msg, memfd_new(10), 0, 0);
	expect_errno(EINVAL, send_msg(a, &msg));
	msg_init(&msg, b->id, 1);
	msg_memfd(&msg, -1, 0, 5);
	expect_errno(EBADF, send_msg(a, &msg));
}

TEST("all vecs together are at most 2 MiB")
{
	static __u8 data[2 * MIB + 8];
	const struct kdbus_msg *msg;
	union cmd cmd;
	__u64 n;

	peers();
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i >> 3;
	msg_init(&cmd, b->id, 1);
	msg_vec(&cmd, data, 2 * MIB);
	expect_ok(send_msg(a, &cmd));
	msg = expect_message(b, 1);
	expect(!memcmp(msg_payload(msg, &n), data, 2 * MIB));
	must(peer_free(b, b->last.msg.offset));
	msg_init(&cmd, b->id, 1);
	msg_vec(&cmd, data, 2 * MIB + 1);
	expect_errno(EMSGSIZE, send_msg(a, &cmd));
	msg_init(&cmd, b->id, 1);
	msg_vec(&cmd, data, 2 * MIB - 5);
	msg_vec(&cmd, data, 5);
	expect_ok(send_msg(a, &cmd));
	expect_message(b, 1);
	msg_init(&cmd, b->id, 1);
	msg_vec(&cmd, data, 2 * MIB - 5);
	msg_vec(&cmd, data, 6);
	expect_errno(EMSGSIZE, send_msg(a, &cmd));
	/* sizes whose sum wraps around */
	msg_init(&cmd, b->id, 1);
	msg_vec(&cmd, data, 8);
	msg_vec(&cmd, data, ANY - 3);
	expect_errno(EMSGSIZE, send_msg(a, &cmd));
	/* zeroes count too */
	msg_init(&cmd, b->id, 1);
	msg_vec(&cmd, NULL, 2 * MIB);
	msg_vec(&cmd, data, 1);
	expect_errno(EMSGSIZE, send_msg(a, &cmd));
}

TEST("a vec outside the user's addresses is EFAULT, and so is one that cannot be read")
{
	__u8 *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, (void *)0xffff888000000000UL, 8);
	expect_errno(EFAULT, send_msg(a, &msg));
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, (void *)-8L, 16);
	expect_errno(EFAULT, send_msg(a, &msg));
	munmap(page + 4096, 4096);
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, page + 4090, 7);
	expect_errno(EFAULT, send_msg(a, &msg));
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, page + 4090, 6);
	expect_ok(send_msg(a, &msg));
	expect_message(b, 1);
	/* after a failed copy nothing is left and the rest works */
	expect_nothing(b);
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, page, 100);
	msg_vec(&msg, page + 4096, 100);
	expect_errno(EFAULT, send_msg(a, &msg));
	expect_nothing(b);
}

TEST("memfd ranges that overflow are EMSGSIZE, a 17th memfd is E2BIG")
{
	int fd = memfd_new(100);
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg_memfd(&msg, fd, ANY, 8);
	expect_errno(EMSGSIZE, send_msg(a, &msg));
	msg_init(&msg, b->id, 1);
	msg_memfd(&msg, fd, 8, ANY - 6);
	expect_errno(EMSGSIZE, send_msg(a, &msg));
	for (int n = 16; n <= 17; n++) {
		msg_init(&msg, b->id, 1);
		for (int i = 0; i < n; i++)
			msg_memfd(&msg, fd, 0, 8);
		expect_errno(n == 17 ? E2BIG : 0, send_msg(a, &msg));
	}
}

TEST("more than 16 descriptors are EMFILE")
{
	int fds[300];
	union cmd msg;

	peers();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = 1;
	msg_init(&msg, b->id, 1);
	msg_fds(&msg, fds, 16);
	expect_ok(send_msg(a, &msg));
	drain(b);
	for (int n = 17; n < 300; n += 70) {
		msg_init(&msg, b->id, 1);
		msg_fds(&msg, fds, n);
		expect_errno(EMFILE, send_msg(a, &msg));
	}
}

TEST("a filter not in words is EFAULT, of another size than the bus's EDOM")
{
	static const struct {
		size_t payload;
		int error;
	} cases[] = {
		{ 8 + 64, 0 }, { 8, EDOM }, { 8 + 8, EDOM }, { 8 + 56, EDOM }, { 8 + 72, EDOM }, { 8 + 4, EFAULT },
		{ 8 + 63, EFAULT }, { 8 + 65, EFAULT }, { 8 + 128, EDOM },
	};
	static const __u8 filter[200];
	union cmd msg;

	peers();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("%zu bytes", cases[i].payload);
		msg_init(&msg, KDBUS_DST_ID_BROADCAST, 1);
		msg.msg.flags = KDBUS_MSG_SIGNAL;
		cmd_item(&msg, KDBUS_ITEM_BLOOM_FILTER, filter, cases[i].payload);
		expect_errno(cases[i].error, send_msg(a, &msg));
	}
}

TEST("a destination name is a valid name, and not in a broadcast")
{
	static const char *const wrong[] = { "a", "a..b", ".a.b", "a.b.", "a.1b", "a b.c", "a.*", "a.b.*", "", "\xc3\xa4.b" };
	union cmd msg;

	peers();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		test_case("\"%s\"", wrong[i]);
		msg_init(&msg, 0, 1);
		msg_name(&msg, wrong[i]);
		expect_errno(EINVAL, send_msg(a, &msg));
		/* with an id as well */
		msg_init(&msg, b->id, 1);
		msg_name(&msg, wrong[i]);
		expect_errno(EINVAL, send_msg(a, &msg));
	}
	test_case("broadcast");
	msg_broadcast(&msg, 1);
	msg_name(&msg, "a.b");
	expect_errno(EBADMSG, send_msg(a, &msg));
	msg_broadcast(&msg, 1);
	msg_name(&msg, "not valid");
	expect_errno(EINVAL, send_msg(a, &msg));
}

TEST("descriptors cannot be broadcast, memfds can")
{
	int one = 1;
	union cmd msg;

	peers();
	must(match_all(b, 1));
	msg_broadcast(&msg, 1);
	msg_fds(&msg, &one, 1);
	expect_errno(ENOTUNIQ, send_msg(a, &msg));
	/* before the descriptors are looked at */
	one = 999;
	msg_broadcast(&msg, 1);
	msg_fds(&msg, &one, 1);
	expect_errno(ENOTUNIQ, send_msg(a, &msg));
	msg_broadcast(&msg, 2);
	msg_memfd(&msg, memfd_new(10), 0, 10);
	expect_ok(send_msg(a, &msg));
	expect_message(b, 2);
	/* a unicast signal may carry them */
	one = 1;
	msg_init(&msg, b->id, 3);
	msg.msg.flags = KDBUS_MSG_SIGNAL;
	msg_filter(&msg, 0, 0);
	msg_fds(&msg, &one, 1);
	expect_ok(send_msg(a, &msg));
	expect_message(b, 3);
}

TEST("items are judged in the order they appear")
{
	static const __u8 filter[24];
	int fds[17] = { 0 };
	union cmd msg;

	peers();
	msg_init(&msg, KDBUS_DST_ID_BROADCAST, 1);
	msg.msg.flags = KDBUS_MSG_SIGNAL;
	cmd_item(&msg, KDBUS_ITEM_BLOOM_FILTER, filter, 24);
	msg_fds(&msg, fds, 17);
	expect_errno(EDOM, send_msg(a, &msg));
	msg_init(&msg, KDBUS_DST_ID_BROADCAST, 1);
	msg.msg.flags = KDBUS_MSG_SIGNAL;
	msg_fds(&msg, fds, 17);
	cmd_item(&msg, KDBUS_ITEM_BLOOM_FILTER, filter, 24);
	expect_errno(EMFILE, send_msg(a, &msg));
	msg_broadcast(&msg, 1);
	msg_name(&msg, "a.b");
	msg_vec(&msg, filter, 3 * MIB);
	expect_errno(EBADMSG, send_msg(a, &msg));
	msg_broadcast(&msg, 1);
	msg_vec(&msg, filter, 3 * MIB);
	msg_name(&msg, "a.b");
	expect_errno(EMSGSIZE, send_msg(a, &msg));
	/* the header before the items */
	msg_init(&msg, b->id, 1);
	msg.msg.payload_type = 0;
	msg_vec(&msg, filter, 3 * MIB);
	expect_errno(EINVAL, send_msg(a, &msg));
	msg_init(&msg, KDBUS_DST_ID_BROADCAST, 1);
	msg_vec(&msg, filter, 3 * MIB);
	expect_errno(EBADMSG, send_msg(a, &msg));
	/* items before the destination, files before the lookup */
	msg_init(&msg, 0, 1);
	msg_vec(&msg, filter, 3 * MIB);
	expect_errno(EMSGSIZE, send_msg(a, &msg));
	msg_init(&msg, 99999, 1);
	fds[0] = 999;
	msg_fds(&msg, fds, 1);
	expect_errno(EBADF, send_msg(a, &msg));
	msg_init(&msg, 0, 1);
	msg_fds(&msg, fds, 1);
	expect_errno(EDESTADDRREQ, send_msg(a, &msg));
}

static int send_with_cancel(union cmd *msg, int fd)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.send));
	cmd.send.msg_address = (uintptr_t)msg;
	cmd_item(&cmd, KDBUS_ITEM_CANCEL_FD, &fd, sizeof(fd));
	return call(a->fd, KDBUS_CMD_SEND, &cmd);
}

TEST("a cancel descriptor is checked even where it is of no use")
{
	int event = eventfd(1, EFD_CLOEXEC), regular = must_sys(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	int path = must_sys(open("/", O_PATH | O_CLOEXEC));
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	expect_ok(send_with_cancel(&msg, event));
	expect_message(b, 1);
	expect_errno(EBADF, send_with_cancel(&msg, -1));
	expect_errno(EBADF, send_with_cancel(&msg, 999));
	expect_errno(EBADF, send_with_cancel(&msg, path));
	expect_errno(EINVAL, send_with_cancel(&msg, regular));
	/* before the header, after the message's size and flags */
	msg.msg.src_id = 77;
	msg.msg.payload_type = 0;
	expect_errno(EBADF, send_with_cancel(&msg, -1));
	msg.msg.flags = 1 << 20;
	expect_errno(EINVAL, send_with_cancel(&msg, -1));
	msg.size = 3;
	expect_errno(EINVAL, send_with_cancel(&msg, -1));
	expect_nothing(b);
}

TEST("on success reply says that there is none, flags and the message stay as they were")
{
	struct kdbus_cmd_send cmd;
	union cmd msg, copy;

	peers();
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, "payload", 7);
	memcpy(&copy, &msg, sizeof(msg));
	expect_ok(send_cmd(a->fd, &cmd, 0, &msg));
	expect_eq(cmd.reply.offset, a->pool_size);
	expect_eq(cmd.reply.msg_size, 0);
	expect_eq(cmd.reply.return_flags, 0);
	expect_eq(cmd.flags, 0);
	expect_eq(cmd.return_flags, 0);
	expect(!memcmp(&msg, &copy, ALIGN8(msg.size)));
}

TEST("a message may be 32768 bytes of items")
{
	static __u8 data[4096];
	union cmd msg;
	unsigned n = 0;

	peers();
	msg_init(&msg, b->id, 1);
	while (msg.size + 32 <= 32768) {
		msg_vec(&msg, data, 1);
		n++;
	}
	expect_eq(msg.size, 32768);
	expect_ok(send_msg(a, &msg));
	expect_eq(expect_message(b, 1)->size, 32768);
	expect_eq(b->last.msg.msg_size, 32768 + ALIGN8(n));
}
