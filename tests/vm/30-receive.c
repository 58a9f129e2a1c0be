/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 12.1 and 12.3: RECV in its modes, and FREE. */
#include <sys/resource.h>

#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b;

static void peers(void)
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD);
}

static void send_priority(__u64 cookie, __s64 priority)
{
	union cmd msg;

	msg_init(&msg, b->id, cookie);
	msg.msg.priority = priority;
	must(send_msg(a, &msg));
}

TEST("an empty queue gives EAGAIN at once, and the whole answer is written")
{
	union cmd cmd;

	peers();
	for (int flags = 0; flags < 8; flags++) {
		if (flags & KDBUS_RECV_DROP && flags & KDBUS_RECV_USE_PRIORITY)
			continue;
		test_case("flags %d", flags);
		cmd_init(&cmd, sizeof(cmd.recv));
		memset(cmd.bytes + 16, 0xff, sizeof(cmd.recv) - 16);
		cmd.flags = flags;
		expect_errno(EAGAIN, call(b->fd, KDBUS_CMD_RECV, &cmd));
		expect_eq(cmd.return_flags, 0);
		expect_eq(cmd.recv.dropped_msgs, 0);
		expect_eq(cmd.recv.msg.offset, b->pool_size);
		expect_eq(cmd.recv.msg.msg_size, 0);
		expect_eq(cmd.recv.msg.return_flags, 0);
		expect_eq(cmd.flags, flags);
	}
}

TEST("DROP together with USE_PRIORITY gives EINVAL")
{
	peers();
	expect_errno(EINVAL, recv_cmd(b, KDBUS_RECV_DROP | KDBUS_RECV_USE_PRIORITY, 0));
	must(send_to(a, b->id, 1));
	expect_errno(EINVAL, recv_cmd(b, KDBUS_RECV_DROP | KDBUS_RECV_USE_PRIORITY | KDBUS_RECV_PEEK, 0));
	expect_message(b, 1);
}

TEST("without USE_PRIORITY messages come in the order they arrived")
{
	peers();
	for (int i = 0; i < 20; i++)
		send_priority(i, (i * 7) % 5 - 2);
	for (int i = 0; i < 20; i++)
		expect_message(b, i);
	/* the field means nothing then */
	send_priority(99, 5);
	expect_ok(recv_cmd(b, 0, -100));
}

static int recv_priority(__s64 bound)
{
	return recv_cmd(b, KDBUS_RECV_USE_PRIORITY, bound);
}

static __u64 cookie_received(void)
{
	return peer_msg(b, b->last.msg.offset)->cookie;
}

TEST("with USE_PRIORITY the smallest comes first, the oldest among equals")
{
	static const struct {
		__u64 cookie;
		__s64 priority;
	} sent[] = { { 1, 5 }, { 2, -3 }, { 3, 5 }, { 4, 0 }, { 5, -3 }, { 6, INT64_MAX }, { 7, INT64_MIN }, { 8, 0 } };
	static const __u64 wanted[] = { 7, 2, 5, 4, 8, 1, 3, 6 };

	peers();
	for (size_t i = 0; i < ARRAY_SIZE(sent); i++)
		send_priority(sent[i].cookie, sent[i].priority);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		must(recv_priority(INT64_MAX));
		expect_eq(cookie_received(), wanted[i]);
	}
	expect_errno(EAGAIN, recv_priority(INT64_MAX));
}

TEST("the most urgent message is delivered only if it is urgent enough")
{
	peers();
	send_priority(1, 10);
	send_priority(2, 5);
	expect_errno(EAGAIN, recv_priority(4));
	expect_eq(b->last.msg.offset, b->pool_size);
	expect_errno(EAGAIN, recv_priority(INT64_MIN));
	expect_ok(recv_priority(5));
	expect_eq(cookie_received(), 2);
	expect_errno(EAGAIN, recv_priority(9));
	expect_ok(recv_priority(10));
	expect_eq(cookie_received(), 1);
}

TEST("negative priorities are numbers below zero")
{
	peers();
	send_priority(1, -1);
	expect_errno(EAGAIN, recv_priority(-2));
	expect_ok(recv_priority(-1));
	send_priority(2, 1);
	expect_errno(EAGAIN, recv_priority(-1));
	expect_errno(EAGAIN, recv_priority(0));
	expect_ok(recv_priority(1));
}

TEST("both modes can be mixed on one queue")
{
	peers();
	send_priority(1, 3);
	send_priority(2, 1);
	send_priority(3, 2);
	send_priority(4, 1);
	must(recv_priority(100));
	expect_eq(cookie_received(), 2);
	expect_message(b, 1);
	must(recv_priority(100));
	expect_eq(cookie_received(), 4);
	send_priority(5, 0);
	expect_message(b, 3);
	expect_message(b, 5);
	expect_nothing(b);
}

TEST("priorities stay in order while messages leave from the middle")
{
	unsigned seed = 99, left = 0;
	struct { __u64 cookie; __s64 priority; bool gone; } model[300];
	unsigned n = 0, head = 0;

	peers();
	for (int step = 0; step < 1000; step++) {
		seed = seed * 1103515245 + 12345;
		if ((seed >> 16) % 3 && n < 300 && left < 200) {
			model[n].cookie = n;
			model[n].priority = (int)((seed >> 8) % 7) - 3;
			model[n].gone = false;
			send_priority(n, model[n].priority);
			n++;
			left++;
		} else if (left) {
			unsigned best = n;

			while (model[head].gone)
				head++;
			if ((seed >> 20) & 1) {
				best = head;
				must(recv_cmd(b, 0, 0));
			} else {
				for (unsigned i = head; i < n; i++)
					if (!model[i].gone && (best == n || model[i].priority < model[best].priority))
						best = i;
				must(recv_priority(INT64_MAX));
			}
			test_case("step %d", step);
			expect_eq(cookie_received(), model[best].cookie);
			must(peer_free(b, b->last.msg.offset));
			model[best].gone = true;
			left--;
		}
	}
}

TEST("PEEK shows what RECV would return and leaves it")
{
	__u64 offset;

	peers();
	send_priority(1, 5);
	send_priority(2, 1);
	must(recv_cmd(b, KDBUS_RECV_PEEK, 0));
	expect_eq(cookie_received(), 1);
	offset = b->last.msg.offset;
	expect_eq(b->last.msg.msg_size, 64);
	must(recv_cmd(b, KDBUS_RECV_PEEK | KDBUS_RECV_USE_PRIORITY, 100));
	expect_eq(cookie_received(), 2);
	expect_errno(EAGAIN, recv_cmd(b, KDBUS_RECV_PEEK | KDBUS_RECV_USE_PRIORITY, 0));
	must(recv_cmd(b, KDBUS_RECV_PEEK, 0));
	expect_eq(b->last.msg.offset, offset);
	expect(peer_readable(b, 0));
	expect_message(b, 1);
	expect_eq(b->last.msg.offset, offset);
	expect_message(b, 2);
}

TEST("DROP discards the next message and reports none")
{
	peers();
	send_priority(1, 5);
	send_priority(2, 1);
	send_priority(3, 9);
	expect_ok(recv_cmd(b, KDBUS_RECV_DROP, 0));
	expect_eq(b->last.msg.offset, b->pool_size);
	expect_eq(b->last.msg.msg_size, 0);
	expect_eq(b->last.msg.return_flags, 0);
	expect_message(b, 2);
	/* DROP wins over PEEK */
	expect_ok(recv_cmd(b, KDBUS_RECV_DROP | KDBUS_RECV_PEEK, 0));
	expect_eq(b->last.msg.offset, b->pool_size);
	expect_errno(EAGAIN, recv_cmd(b, KDBUS_RECV_DROP, 0));
}

TEST("a dropped message gives its memory back")
{

	peers();
	for (int i = 0; i < 5000; i++) {
		must(send_bytes(a, b->id, i, 100000));
		must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	}
	must(send_bytes(a, b->id, 1, 100));
	expect_message(b, 1);
	expect_eq(b->last.msg.offset, 0);
}

/* Descriptors installed by RECV, and those that are not. */

static void limit_files(unsigned free_numbers)
{
	struct rlimit limit;
	int lowest;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 1024;
	must_sys(setrlimit(RLIMIT_NOFILE, &limit));
	lowest = must_sys(dup(1));
	close(lowest);
	limit.rlim_cur = lowest + free_numbers;
	must_sys(setrlimit(RLIMIT_NOFILE, &limit));
}

TEST("where the table of descriptors is full the rest reads -1 with INCOMPLETE_FDS")
{
	const struct kdbus_item *item;
	int fds[5] = { 1, 1, 1, 1, 1 };
	union cmd msg;

	for (int room = 0; room <= 5; room++) {
		test_case("room for %d", room);
		peers();
		msg_init(&msg, b->id, 1);
		msg_fds(&msg, fds, 5);
		must(send_msg(a, &msg));
		limit_files(room);
		item = item_find(expect_message(b, 1), KDBUS_ITEM_FDS);
		expect_eq(b->last.msg.return_flags, room < 5 ? KDBUS_RECV_RETURN_INCOMPLETE_FDS : 0);
		expect_eq(b->last.return_flags, 0);
		for (int i = 0; i < 5; i++)
			expect(i < room ? item->fds[i] >= 0 : item->fds[i] == -1);
		limit_files(20);
		for (int i = 0; i < room; i++)
			close(item->fds[i]);
		peer_close(a);
		peer_close(b);
		bus_close(bus);
	}
}

TEST("a full table is no harm to messages with memfds either")
{
	const struct kdbus_item *item;
	int memfd = memfd_new(100), one[2] = { 1, 1 }, seen = 0, open_fds = 0;
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg_memfd(&msg, memfd, 0, 10);
	msg_fds(&msg, one, 2);
	msg_memfd(&msg, memfd, 0, 20);
	msg_memfd(&msg, memfd, 0, 30);
	must(send_msg(a, &msg));
	limit_files(2);
	const struct kdbus_msg *got = expect_message(b, 1);

	expect_eq(b->last.msg.return_flags, KDBUS_RECV_RETURN_INCOMPLETE_FDS);
	for_each_item(item, got) {
		if (item->type == KDBUS_ITEM_PAYLOAD_MEMFD) {
			seen++;
			open_fds += item->memfd.fd >= 0;
			expect(item->memfd.fd >= -1);
		} else if (item->type == KDBUS_ITEM_FDS) {
			for (int i = 0; i < 2; i++) {
				seen++;
				open_fds += item->fds[i] >= 0;
				expect(item->fds[i] >= -1);
			}
		}
	}
	expect_eq(seen, 5);
	expect_eq(open_fds, 2);
	limit_files(20);
	expect_errno(EAGAIN, recv_cmd(b, 0, 0));
}

TEST("descriptors are installed into the task that calls RECV, the rest is shared")
{
	int fd = must_sys(open("/dev/null", O_RDWR | O_CLOEXEC));
	unsigned before;
	union cmd msg;
	pid_t pid;

	peers();
	msg_init(&msg, b->id, 1);
	msg_fds(&msg, &fd, 1);
	must(send_msg(a, &msg));
	before = count_fds();
	pid = child_start();
	if (!pid) {
		unsigned mine = count_fds();
		const struct kdbus_item *item = item_find(expect_message(b, 1), KDBUS_ITEM_FDS);

		expect(fcntl(item->fds[0], F_GETFD) >= 0);
		expect_eq(count_fds(), mine + 1);
		child_exit();
	}
	child_join(pid);
	expect_eq(count_fds(), before);
	expect_nothing(b);
	/* the child's slice is ours to free */
	expect_ok(peer_free(b, 0));
}

TEST("the answer of RECV says nothing about earlier messages")
{
	int fds[2] = { 1, 1 };
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg_fds(&msg, fds, 2);
	must(send_msg(a, &msg));
	must(send_to(a, b->id, 2));
	limit_files(1);
	expect_message(b, 1);
	expect_eq(b->last.msg.return_flags, KDBUS_RECV_RETURN_INCOMPLETE_FDS);
	expect_message(b, 2);
	expect_eq(b->last.msg.return_flags, 0);
}

TEST("256 messages of mixed sizes come out unharmed")
{
	static __u8 data[3000];
	union cmd msg;
	__u64 n;

	peers();
	for (int i = 0; i < 256; i++) {
		memset(data, i, sizeof(data));
		msg_init(&msg, b->id, i);
		msg_vec(&msg, data, 1 + (i * 37) % 500);
		must(send_msg(a, &msg));
	}
	for (int i = 0; i < 256; i++) {
		const __u8 *payload = msg_payload(expect_message(b, i), &n);

		expect_eq(n, 1 + (i * 37) % 500);
		for (__u64 k = 0; k < n; k++)
			if (payload[k] != (i & 0xff) && !expect_eq(payload[k], i & 0xff))
				break;
	}
}
