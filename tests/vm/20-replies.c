/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections 11.1 and 11.3: asynchronous requests, their answers and their ends. */
#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b, *c;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus);
	b = peer_new(bus);
	c = peer_new(bus);
}

static int send_request_for(__u64 cookie, __s64 ns)
{
	union cmd msg;

	msg_request(&msg, b->id, cookie, now_ns() + ns);
	return send_msg(a, &msg);
}

TEST("a reply is delivered like a message and closes its slot")
{
	const struct kdbus_msg *msg;

	peers();
	must(send_request(a, b->id, 11));
	expect_eq(expect_message(b, 11)->flags, KDBUS_MSG_EXPECT_REPLY);
	expect_ok(send_reply(b, a->id, 100, 11));
	msg = expect_message(a, 100);
	expect_eq(msg->cookie_reply, 11);
	expect_eq(msg->src_id, b->id);
	expect_eq(msg->flags, 0);
	expect_errno(EBADSLT, send_reply(b, a->id, 101, 11));
	expect_nothing(a);
}

TEST("a slot belongs to requester, replier and cookie")
{
	peers();
	must(send_request(a, b->id, 11));
	expect_errno(EBADSLT, send_reply(c, a->id, 1, 11));
	expect_errno(EBADSLT, send_reply(b, a->id, 1, 12));
	expect_errno(EBADSLT, send_reply(b, c->id, 1, 11));
	expect_errno(EBADSLT, send_reply(a, b->id, 1, 11));
	expect_errno(ENXIO, send_reply(b, 99999, 1, 11));
	expect_ok(send_reply(b, a->id, 1, 11));
}

TEST("slots of the same cookie at different repliers are different")
{
	peers();
	must(send_request(a, b->id, 5));
	must(send_request(a, c->id, 5));
	must(send_request(c, b->id, 5));
	expect_ok(send_reply(b, c->id, 1, 5));
	expect_ok(send_reply(b, a->id, 2, 5));
	expect_ok(send_reply(c, a->id, 3, 5));
	expect_message(c, 5);
	expect_message(c, 1);
	expect_message(a, 2);
	expect_message(a, 3);
}

TEST("replies come in any order, also before the request was read")
{
	peers();
	for (int i = 1; i <= 20; i++)
		must(send_request(a, b->id, i));
	for (int i = 20; i; i--)
		expect_ok(send_reply(b, a->id, i, i));
	for (int i = 20; i; i--)
		expect_message(a, i);
}

TEST("an open slot is all the permission a reply needs")
{
	struct peer *stranger;

	peers();
	stranger = peer_new(bus, .uid = UID_A);
	must(send_request(a, stranger->id, 1));
	become(UID_A);
	expect_errno(EPERM, send_to(stranger, a->id, 2));
	expect_ok(send_reply(stranger, a->id, 3, 1));
	expect_errno(EBADSLT, send_reply(stranger, a->id, 4, 1));
	become(0);
	expect_message(a, 3);
	expect_nothing(a);
}

TEST("a reply addressed by name goes by the same rules")
{
	union cmd msg;

	peers();
	must(name_acquire(a, "a.b", 0, NULL));
	must(send_request(a, b->id, 1));
	msg_reply(&msg, 0, 2, 1);
	msg_name(&msg, "no.body");
	expect_errno(ESRCH, send_msg(b, &msg));
	msg_reply(&msg, c->id, 2, 1);
	msg_name(&msg, "a.b");
	expect_errno(EREMCHG, send_msg(b, &msg));
	msg_reply(&msg, 0, 2, 1);
	msg_name(&msg, "a.b");
	expect_ok(send_msg(b, &msg));
	expect_message(a, 2);
}

TEST("a reply that fails early keeps the slot, one that cannot be queued consumes it")
{
	int own, one = 1;
	union cmd msg;

	peers();
	own = b->fd;
	must(send_request(a, b->id, 1));
	/* a forbidden descriptor is found before the slot */
	msg_reply(&msg, a->id, 2, 1);
	msg_fds(&msg, &own, 1);
	expect_errno(EOPNOTSUPP, send_msg(b, &msg));
	msg_reply(&msg, a->id, 2, 1);
	msg.msg.payload_type = 0;
	expect_errno(EINVAL, send_msg(b, &msg));
	/* the requester accepts no descriptors */
	msg_reply(&msg, a->id, 2, 1);
	msg_fds(&msg, &one, 1);
	expect_errno(ECOMM, send_msg(b, &msg));
	expect_errno(EBADSLT, send_reply(b, a->id, 3, 1));
}

TEST("replies obey the quota of the requester")
{
	peers();
	for (int i = 1; i <= 100; i++)
		must(send_request(a, b->id, i));
	for (int i = 0; i < 256; i++)
		must(send_to(c, a->id, i));
	expect_errno(ENOBUFS, send_reply(b, a->id, 500, 1));
	expect_errno(EBADSLT, send_reply(b, a->id, 500, 1));
	drain(a);
	expect_ok(send_reply(b, a->id, 501, 2));
	expect_message(a, 501);
}

TEST("at the deadline the requester gets one REPLY_TIMEOUT, and a late reply EBADSLT")
{
	__u64 start;

	peers();
	start = now_ns();
	must(send_request_for(77, 500 * MSEC));
	expect_nothing(a);
	expect(peer_readable(a, 5000));
	expect(now_ns() - start >= 500 * MSEC);
	expect_reply_notice(a, KDBUS_ITEM_REPLY_TIMEOUT, 77);
	expect_errno(EBADSLT, send_reply(b, a->id, 1, 77));
	sleep_ms(50);
	expect_nothing(a);
	/* the request itself stays where it is */
	expect_message(b, 77);
}

TEST("a deadline in the past fires at once")
{
	union cmd msg;

	peers();
	msg_request(&msg, b->id, 1, 1);
	expect_ok(send_msg(a, &msg));
	expect(peer_readable(a, 5000));
	expect_reply_notice(a, KDBUS_ITEM_REPLY_TIMEOUT, 1);
	expect_message(b, 1);
}

TEST("a deadline is kept to a few milliseconds when nothing else is going on")
{
	__u64 best = ANY;

	peers();
	/* what a busy machine does to one try it hardly does to ten */
	for (int i = 0; i < 10 && best > 20 * MSEC; i++) {
		__u64 due = now_ns() + 50 * MSEC, late;
		union cmd msg;

		msg_request(&msg, b->id, i, due);
		must(send_msg(a, &msg));
		expect(peer_readable(a, 5000));
		late = now_ns() - due;
		expect(now_ns() >= due);
		expect_reply_notice(a, KDBUS_ITEM_REPLY_TIMEOUT, i);
		if (late < best)
			best = late;
	}
	expect(best <= 20 * MSEC);
}

TEST("every request has its own deadline, whatever the order of sending")
{
	peers();
	must(send_request_for(1, 20 * SEC));
	must(send_request_for(2, 800 * MSEC));
	must(send_request_for(3, 400 * MSEC));
	must(send_request_for(4, 1200 * MSEC));
	expect(peer_readable(a, 5000));
	expect_reply_notice(a, KDBUS_ITEM_REPLY_TIMEOUT, 3);
	expect(peer_readable(a, 5000));
	expect_reply_notice(a, KDBUS_ITEM_REPLY_TIMEOUT, 2);
	expect(peer_readable(a, 5000));
	expect_reply_notice(a, KDBUS_ITEM_REPLY_TIMEOUT, 4);
	expect_ok(send_reply(b, a->id, 9, 1));
	expect_message(a, 9);
}

TEST("very distant deadlines are no problem")
{
	union cmd msg;

	peers();
	msg_request(&msg, b->id, 1, ANY);
	expect_ok(send_msg(a, &msg));
	msg_request(&msg, b->id, 2, 1ULL << 63);
	expect_ok(send_msg(a, &msg));
	msg_request(&msg, b->id, 3, (1ULL << 63) - 1);
	expect_ok(send_msg(a, &msg));
	sleep_ms(100);
	expect_nothing(a);
	expect_ok(send_reply(b, a->id, 5, 1));
	expect_message(a, 5);
}

TEST("an answered request never times out")
{
	peers();
	must(send_request_for(1, 700 * MSEC));
	must(send_reply(b, a->id, 2, 1));
	expect_message(a, 2);
	sleep_ms(1000);
	expect_nothing(a);
}

TEST("timed out requests count no longer as outstanding")
{
	peers();
	for (int i = 1; i <= 128; i++)
		must(send_request_for(i, 50 * MSEC));
	drain(b);
	for (int i = 1; i <= 128; i++) {
		expect(peer_readable(a, 5000));
		must(recv_cmd(a, KDBUS_RECV_DROP, 0));
	}
	for (int i = 1; i <= 128; i++)
		expect_ok(send_request(a, b->id, 1000 + i));
	expect_errno(EMLINK, send_request(a, b->id, 2000));
}

TEST("when the replier ends the requester gets one REPLY_DEAD per request, read or not")
{
	peers();
	must(send_request(a, b->id, 1));
	expect_message(b, 1);
	must(send_request(a, b->id, 2));
	must(send_to(a, b->id, 3));
	peer_close(b);
	expect_reply_notice(a, KDBUS_ITEM_REPLY_DEAD, 1);
	expect_reply_notice(a, KDBUS_ITEM_REPLY_DEAD, 2);
	expect_nothing(a);
	sleep_ms(50);
	expect_nothing(a);
}

TEST("BYEBYE of the replier gives REPLY_DEAD as well")
{
	peers();
	must(send_request(a, b->id, 1));
	expect_message(b, 1);
	must(peer_byebye(b));
	expect_reply_notice(a, KDBUS_ITEM_REPLY_DEAD, 1);
	expect_nothing(a);
}

TEST("dropping a request unread gives one REPLY_DEAD, dropping anything else none")
{
	peers();
	must(send_to(a, b->id, 1));
	must(send_request(a, b->id, 2));
	must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	expect_nothing(a);
	must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	expect_reply_notice(a, KDBUS_ITEM_REPLY_DEAD, 2);
	expect_errno(EBADSLT, send_reply(b, a->id, 3, 2));
	expect_nothing(a);
	/* a request answered already has no open slot */
	must(send_request(a, b->id, 4));
	must(send_reply(b, a->id, 5, 4));
	must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	expect_message(a, 5);
	expect_nothing(a);
	/* and the end of the replier says nothing more */
	peer_close(b);
	expect_nothing(a);
}

TEST("dropping lowers the count of outstanding requests")
{
	peers();
	for (int i = 1; i <= 128; i++)
		must(send_request(a, b->id, i));
	must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	expect_ok(send_request(a, b->id, 129));
	expect_errno(EMLINK, send_request(a, b->id, 130));
}

TEST("when the requester ends its slots vanish without a word")
{
	__u64 id;

	peers();
	must(match_all(c, 1));
	must(send_request(a, b->id, 1));
	id = a->id;
	peer_close(a);
	expect_id_notice(c, KDBUS_ITEM_ID_REMOVE, id, 0);
	expect_nothing(c);
	expect_errno(ENXIO, send_reply(b, id, 2, 1));
	expect_message(b, 1);
	expect_nothing(b);
}

TEST("a request refused by its destination leaves no slot")
{
	union cmd msg;
	static __u8 data[MIB];

	peers();
	for (int i = 0; i < 300; i++) {
		msg_request(&msg, b->id, 1, now_ns() + 10 * SEC);
		msg_vec(&msg, data, sizeof(data));
		expect_errno(ENOBUFS, send_msg(a, &msg));
	}
	expect_errno(EBADSLT, send_reply(b, a->id, 2, 1));
	expect_ok(send_request(a, b->id, 1));
	peer_close(b);
	expect_reply_notice(a, KDBUS_ITEM_REPLY_DEAD, 1);
	expect_nothing(a);
}

TEST("a request to oneself can be answered by oneself")
{
	peers();
	must(send_request(a, a->id, 1));
	expect_message(a, 1);
	expect_ok(send_reply(a, a->id, 2, 1));
	expect_message(a, 2);
}

TEST("notices about replies do not need a match and are not for others")
{
	peers();
	must(match_all(c, 1));
	must(send_request_for(1, 10 * MSEC));
	expect(peer_readable(a, 5000));
	expect_reply_notice(a, KDBUS_ITEM_REPLY_TIMEOUT, 1);
	expect_nothing(c);
}

TEST("a notice that cannot be queued is lost silently")
{
	peers();
	must(send_request(a, b->id, 1));
	/* 256 notifications wait already */
	match_ids(a);
	for (int i = 0; i < 128; i++)
		peer_close(peer_new(bus, .pool = 4096));
	must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	expect_errno(EBADSLT, send_reply(b, a->id, 2, 1));
	must(recv_cmd(a, KDBUS_RECV_PEEK, 0));
	expect_eq(a->last.dropped_msgs, 0);
	expect_eq(drain(a), 256);
	expect_nothing(a);
}
