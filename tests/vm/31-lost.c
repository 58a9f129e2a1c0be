/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 12.2: messages that could not be queued are counted. */
#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b;

static void peers(__u64 pool)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus);
	b = peer_new(bus, .pool = pool);
}

static void expect_lost(struct peer *peer, int error, __u64 flags, __u64 lost)
{
	expect_errno(error, recv_cmd(peer, flags, 0));
	expect_eq(peer->last.dropped_msgs, lost);
	expect_eq(peer->last.return_flags, lost ? KDBUS_RECV_RETURN_DROPPED_MSGS : 0);
}

TEST("broadcasts over the quota are counted, reported once and reset")
{
	peers(MIB);
	must(match_all(b, 1));
	for (int i = 0; i < 260; i++)
		expect_ok(send_broadcast(a, i));
	expect_lost(b, 0, 0, 4);
	expect_lost(b, 0, 0, 0);
	/* an unmatched broadcast is none of its losses */
	must(match_remove(b, 1));
	for (int i = 0; i < 10; i++)
		must(send_broadcast(a, i));
	expect_lost(b, 0, 0, 0);
}

TEST("the counter is told by PEEK, DROP and EAGAIN as well")
{
	static const struct {
		__u64 flags;
		bool empty;
	} ways[] = { { KDBUS_RECV_PEEK, false }, { KDBUS_RECV_DROP, false }, { 0, true }, { KDBUS_RECV_PEEK, true },
		     { KDBUS_RECV_DROP, true }, { KDBUS_RECV_USE_PRIORITY, true } };
	static __u8 data[64 * KIB];
	union cmd msg;

	peers(64 * KIB);
	must(match_all(b, 1));
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		test_case("way %zu", i);
		msg_broadcast(&msg, 1);
		msg_vec(&msg, data, sizeof(data));
		must(send_msg(a, &msg));
		must(send_msg(a, &msg));
		if (!ways[i].empty)
			must(send_broadcast(a, 2));
		expect(peer_readable(b, 0));
		expect_lost(b, ways[i].empty ? EAGAIN : 0, ways[i].flags, 2);
		drain(b);
		expect_lost(b, EAGAIN, 0, 0);
		expect(!peer_readable(b, 0));
	}
}

TEST("a RECV that fails otherwise leaves the counter alone")
{
	static __u8 data[64 * KIB];
	union cmd msg;

	peers(64 * KIB);
	must(match_all(b, 1));
	msg_broadcast(&msg, 1);
	msg_vec(&msg, data, sizeof(data));
	must(send_msg(a, &msg));
	expect_errno(EINVAL, recv_cmd(b, KDBUS_RECV_DROP | KDBUS_RECV_USE_PRIORITY, 0));
	expect_errno(EINVAL, recv_cmd(b, 1 << 10, 0));
	expect_errno(EFAULT, call(b->fd, KDBUS_CMD_RECV, (void *)8));
	expect_lost(b, EAGAIN, 0, 1);
}

TEST("failed unicasts are told to their sender and not counted")
{
	struct peer *plain;
	int one = 1;
	union cmd msg;

	peers(MIB);
	plain = peer_new(bus);
	for (int i = 0; i < 256; i++)
		must(send_to(a, b->id, i));
	for (int i = 0; i < 10; i++)
		expect_errno(ENOBUFS, send_to(a, b->id, i));
	expect_lost(b, 0, 0, 0);
	msg_init(&msg, plain->id, 1);
	msg_fds(&msg, &one, 1);
	expect_errno(ECOMM, send_msg(a, &msg));
	expect_lost(plain, EAGAIN, 0, 0);
}

TEST("signals to one receiver over the quota are counted: nobody else is told")
{
	union cmd msg;

	peers(MIB);
	must(match_all(b, 1));
	for (int i = 0; i < 256 + 10; i++) {
		msg_init(&msg, b->id, i);
		msg.msg.flags = KDBUS_MSG_SIGNAL;
		msg_filter(&msg, 0, 0);
		expect_ok(send_msg(a, &msg));
	}
	expect_lost(b, 0, 0, 10);
}

TEST("notifications over the quota are counted")
{
	peers(MIB);
	match_ids(b);
	for (int i = 0; i < 130; i++)
		peer_close(peer_new(bus, .pool = 4096));
	expect_lost(b, 0, 0, 4);
}

TEST("broadcasts that do not fit in space are counted")
{
	static __u8 data[20 * KIB];
	union cmd msg;
	__u64 fine = 0, lost = 0;

	peers(64 * KIB);
	must(match_all(b, 1));
	/* the receiver never frees, so that only space runs out */
	for (int i = 0; i < 30; i++) {
		msg_broadcast(&msg, i);
		msg_vec(&msg, data, 8 * KIB);
		must(send_msg(a, &msg));
		if (recv_cmd(b, 0, 0) == 0)
			fine++;
		lost += b->last.dropped_msgs;
	}
	expect_eq(fine + lost, 30);
	expect(fine >= 6 && fine <= 7);
}

TEST("copies a monitor cannot take are counted there")
{
	struct peer *monitor;

	peers(MIB);
	monitor = monitor_new(bus);
	for (int i = 0; i < 300; i++) {
		must(send_to(a, b->id, i));
		must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	}
	expect_lost(monitor, 0, 0, 300 - 256);
	expect_lost(b, EAGAIN, 0, 0);
}

TEST("a broadcast by an unprivileged stranger is not lost, it is not for them")
{
	struct peer *stranger;

	peers(MIB);
	stranger = peer_new(bus, .uid = UID_A);
	must(match_all(stranger, 1));
	for (int i = 0; i < 300; i++)
		must(send_broadcast(a, i));
	expect_lost(stranger, EAGAIN, 0, 0);
}

TEST("the first lost message wakes a poller")
{
	static __u8 data[64 * KIB];
	struct gate gate;
	union cmd msg;
	pid_t pid;

	peers(64 * KIB);
	must(match_all(b, 1));
	gate_init(&gate);
	pid = child_start();
	if (!pid) {
		gate_open(&gate);
		expect(peer_readable(b, 10000));
		child_exit();
	}
	gate_wait(&gate);
	sleep_ms(50);
	msg_broadcast(&msg, 1);
	msg_vec(&msg, data, sizeof(data));
	must(send_msg(a, &msg));
	child_join(pid);
	expect_lost(b, EAGAIN, 0, 1);
}
