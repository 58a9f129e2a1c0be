/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections 10.2 to 10.4: where a message goes, and why it may not. */
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

static int send_flagged(struct peer *peer, __u64 flags, __u64 dst, const char *name, __u64 cookie)
{
	union cmd msg;

	msg_init(&msg, dst, cookie);
	msg.msg.flags = flags;
	if (flags & KDBUS_MSG_SIGNAL)
		msg_filter(&msg, 0, 0);
	if (name)
		msg_name(&msg, name);
	return send_msg(peer, &msg);
}

TEST("a message reaches its destination and nobody else")
{
	peers();
	must(match_all(c, 1));
	expect_ok(send_to(a, b->id, 7));
	expect_nothing(a);
	expect_nothing(c);
	expect_message(b, 7);
	expect_nothing(b);
	/* also oneself */
	expect_ok(send_to(a, a->id, 8));
	expect_message(a, 8);
}

TEST("the message is there when SEND returns, without polling")
{
	peers();
	for (int i = 0; i < 200; i++) {
		must(send_to(a, b->id, i));
		expect_message(b, i);
	}
}

TEST("an id that is not there, or that cannot be addressed, gives ENXIO")
{
	struct peer *activator, *holder, *monitor, *gone;
	__u64 id;

	peers();
	activator = activator_new(bus, "x.y");
	holder = holder_new(bus, "x.z");
	monitor = monitor_new(bus);
	gone = peer_new(bus);
	id = gone->id;
	peer_close(gone);
	expect_errno(ENXIO, send_to(a, id, 1));
	expect_errno(ENXIO, send_to(a, 0x7fffffffffffffff, 1));
	expect_errno(ENXIO, send_to(a, ANY - 1, 1));
	expect_errno(ENXIO, send_to(a, activator->id, 1));
	expect_errno(ENXIO, send_to(a, holder->id, 1));
	expect_errno(ENXIO, send_to(a, monitor->id, 1));
	/* signals and requests too */
	expect_errno(ENXIO, send_flagged(a, KDBUS_MSG_SIGNAL, activator->id, NULL, 1));
	expect_errno(ENXIO, send_request(a, monitor->id, 1));
	gone = peer_new(bus);
	must(peer_byebye(gone));
	expect_errno(ENXIO, send_to(a, gone->id, 1));
}

TEST("whoever may not talk still learns ENXIO")
{
	struct peer *stranger, *activator;

	peers();
	activator = activator_new(bus, "x.y");
	stranger = peer_new(bus, .uid = UID_A);
	become(UID_A);
	expect_errno(ENXIO, send_to(stranger, 99999, 1));
	expect_errno(ENXIO, send_to(stranger, activator->id, 1));
	expect_errno(EPERM, send_to(stranger, a->id, 1));
	expect_errno(ESRCH, send_name(stranger, "no.body", 1));
	become(0);
}

TEST("a name reaches its primary owner")
{
	const struct kdbus_msg *msg;

	peers();
	expect_errno(ESRCH, send_name(a, "a.b", 1));
	must(name_acquire(b, "a.b", KDBUS_NAME_ALLOW_REPLACEMENT | KDBUS_NAME_QUEUE, NULL));
	must(name_acquire(c, "a.b", KDBUS_NAME_QUEUE, NULL));
	expect_ok(send_name(a, "a.b", 2));
	msg = expect_message(b, 2);
	expect_eq(msg->dst_id, 0);
	expect_text(item_find(msg, KDBUS_ITEM_DST_NAME)->str, "a.b");
	expect_nothing(c);
	must(name_release(b, "a.b"));
	expect_ok(send_name(a, "a.b", 3));
	expect_message(c, 3);
	must(name_release(c, "a.b"));
	expect_errno(ESRCH, send_name(a, "a.b", 4));
}

TEST("name and id together must agree: EREMCHG")
{
	const struct kdbus_msg *msg;

	peers();
	must(name_acquire(b, "a.b", 0, NULL));
	must(name_acquire(c, "c.d", 0, NULL));
	expect_ok(send_flagged(a, 0, b->id, "a.b", 1));
	msg = expect_message(b, 1);
	expect_eq(msg->dst_id, b->id);
	expect_errno(EREMCHG, send_flagged(a, 0, c->id, "a.b", 2));
	expect_errno(EREMCHG, send_flagged(a, 0, 99999, "a.b", 3));
	expect_errno(ESRCH, send_flagged(a, 0, b->id, "no.body", 4));
	expect_nothing(b);
	expect_nothing(c);
}

TEST("an activator receives for its name, unless the sender does not want a start")
{
	struct peer *activator;

	peers();
	activator = activator_new(bus, "a.b");
	expect_ok(send_name(a, "a.b", 1));
	expect_message(activator, 1);
	expect_errno(EADDRNOTAVAIL, send_flagged(a, KDBUS_MSG_NO_AUTO_START, 0, "a.b", 2));
	/* by name and its id: agrees */
	expect_ok(send_flagged(a, 0, activator->id, "a.b", 3));
	expect_message(activator, 3);
	/* a wrong id is found before */
	expect_errno(EREMCHG, send_flagged(a, KDBUS_MSG_NO_AUTO_START, b->id, "a.b", 4));
	must(name_acquire(b, "a.b", 0, NULL));
	expect_ok(send_flagged(a, KDBUS_MSG_NO_AUTO_START, 0, "a.b", 5));
	expect_message(b, 5);
	expect_errno(EREMCHG, send_flagged(a, 0, activator->id, "a.b", 6));
	/* to an id the flag means nothing */
	expect_ok(send_flagged(a, KDBUS_MSG_NO_AUTO_START, b->id, NULL, 7));
	expect_message(b, 7);
}

TEST("a unicast signal needs a match at its destination, else it vanishes")
{
	const struct kdbus_msg *msg;

	peers();
	expect_ok(send_flagged(a, KDBUS_MSG_SIGNAL, b->id, NULL, 1));
	expect_nothing(b);
	must(match_u64(b, 1, KDBUS_ITEM_ID, c->id));
	expect_ok(send_flagged(a, KDBUS_MSG_SIGNAL, b->id, NULL, 2));
	expect_nothing(b);
	must(match_u64(b, 2, KDBUS_ITEM_ID, a->id));
	must(match_all(c, 1));
	expect_ok(send_flagged(a, KDBUS_MSG_SIGNAL, b->id, NULL, 3));
	msg = expect_message(b, 3);
	expect_eq(msg->dst_id, b->id);
	expect_eq(msg->flags, KDBUS_MSG_SIGNAL);
	expect_nothing(c);
	must(name_acquire(b, "a.b", 0, NULL));
	expect_ok(send_flagged(a, KDBUS_MSG_SIGNAL, 0, "a.b", 4));
	expect_message(b, 4);
}

TEST("a unicast signal from someone the destination may not talk to vanishes")
{
	struct peer *stranger;

	peers();
	stranger = peer_new(bus, .uid = UID_A);
	must(match_all(stranger, 1));
	must(match_all(b, 1));
	/* root's signal: the stranger may not talk to root */
	expect_ok(send_flagged(a, KDBUS_MSG_SIGNAL, stranger->id, NULL, 1));
	expect_nothing(stranger);
	/* the stranger's signal to root: root may talk to everybody */
	become(UID_A);
	expect_ok(send_flagged(stranger, KDBUS_MSG_SIGNAL, b->id, NULL, 2));
	become(0);
	expect_message(b, 2);
}

TEST("a delivery error of a unicast signal is swallowed")
{
	struct peer *small;
	union cmd msg;
	int one = 1;
	static __u8 data[4096];

	peers();
	small = peer_new(bus, .pool = 4096);
	must(match_all(small, 1));
	msg_init(&msg, small->id, 1);
	msg.msg.flags = KDBUS_MSG_SIGNAL;
	msg_filter(&msg, 0, 0);
	msg_vec(&msg, data, sizeof(data));
	expect_ok(send_msg(a, &msg));
	msg_init(&msg, small->id, 2);
	msg.msg.flags = KDBUS_MSG_SIGNAL;
	msg_filter(&msg, 0, 0);
	msg_fds(&msg, &one, 1);
	expect_ok(send_msg(a, &msg));
	expect_errno(EAGAIN, recv_cmd(small, 0, 0));
}

TEST("delivery errors: descriptors before quota, quota before space and copying")
{
	struct peer *small;
	static __u8 data[4096];
	int one = 1;
	union cmd msg;

	peers();
	small = peer_new(bus, .pool = 4096);
	msg_init(&msg, small->id, 1);
	msg_vec(&msg, data, sizeof(data));
	msg_fds(&msg, &one, 1);
	expect_errno(ECOMM, send_msg(a, &msg));
	msg_init(&msg, small->id, 1);
	msg_vec(&msg, (void *)0x1000, 4096);
	expect_errno(ENOBUFS, send_msg(a, &msg));
	msg_init(&msg, small->id, 1);
	msg_vec(&msg, (void *)0x1000, 8);
	expect_errno(EFAULT, send_msg(a, &msg));
	expect_nothing(small);
}

TEST("messages of one sender arrive in order, at each receiver")
{
	peers();
	must(match_all(b, 1));
	for (int i = 0; i < 100; i++) {
		must(i % 3 ? send_to(a, b->id, i) : send_broadcast(a, i));
		must(send_to(a, c->id, 1000 + i));
	}
	for (int i = 0; i < 100; i++) {
		expect_message(b, i);
		expect_message(c, 1000 + i);
	}
	expect_nothing(b);
	expect_nothing(c);
}

TEST("128 requests of a sender may be unanswered, the next gives EMLINK")
{
	peers();
	for (int i = 1; i <= 128; i++)
		expect_ok(send_request(a, i & 1 ? b->id : c->id, i));
	expect_errno(EMLINK, send_request(a, b->id, 129));
	/* only requests count */
	expect_ok(send_to(a, b->id, 130));
	/* policy and lookup come before */
	expect_errno(ENXIO, send_request(a, 99999, 131));
	/* an answer makes room */
	expect_ok(send_reply(b, a->id, 500, 1));
	expect_ok(send_request(a, b->id, 129));
	expect_errno(EMLINK, send_request(a, b->id, 132));
	/* the others are not concerned */
	expect_ok(send_request(c, b->id, 1));
}

TEST("ids of other buses are unknown")
{
	struct peer *elsewhere;

	peers();
	elsewhere = peer_new(bus_new(.name = "0-elsewhere"));
	expect_errno(ENXIO, send_to(a, elsewhere->id, 1));
	expect_nothing(elsewhere);
	must(match_all(elsewhere, 1));
	expect_ok(send_broadcast(a, 2));
	expect_nothing(elsewhere);
}
