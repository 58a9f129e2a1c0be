/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 20, monitors: they see everything, and nobody sees them. */
#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *monitor, *a, *b;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus);
	b = peer_new(bus);
	monitor = monitor_new(bus);
}

TEST("a monitor gets every unicast, unchanged")
{
	const struct kdbus_msg *msg;
	union cmd cmd;
	__u64 n;

	peers();
	msg_init(&cmd, b->id, 5);
	cmd.msg.priority = -7;
	msg_vec(&cmd, "payload", 8);
	must(send_msg(a, &cmd));
	msg = expect_message(monitor, 5);
	expect_eq(msg->dst_id, b->id);
	expect_eq(msg->src_id, a->id);
	expect_eq(msg->priority, -7);
	expect_text((const char *)msg_payload(msg, &n), "payload");
	expect_nothing(monitor);
	expect_message(b, 5);
	must(name_acquire(b, "a.b", 0, NULL));
	expect_name_notice(monitor, KDBUS_ITEM_NAME_ADD, 0, 0, b->id, KDBUS_NAME_PRIMARY, "a.b");
	must(send_name(a, "a.b", 6));
	expect_eq(expect_message(monitor, 6)->dst_id, 0);
}

TEST("a monitor gets broadcasts and signals, matched or not, once each")
{
	union cmd cmd;

	peers();
	must(send_broadcast(a, 1));
	expect_eq(expect_message(monitor, 1)->dst_id, KDBUS_DST_ID_BROADCAST);
	must(match_all(b, 1));
	must(send_broadcast(a, 2));
	expect_message(monitor, 2);
	must(match_remove(b, 1));
	/* a unicast signal that is filtered out at its destination */
	msg_init(&cmd, b->id, 3);
	cmd.msg.flags = KDBUS_MSG_SIGNAL;
	msg_filter(&cmd, 0, 0);
	must(send_msg(a, &cmd));
	expect_message(monitor, 3);
	expect_nothing(monitor);
}

TEST("a monitor gets all notifications, also those for one connection")
{
	struct peer *c;
	__u64 id;

	peers();
	c = peer_new(bus);
	id = c->id;
	expect_id_notice(monitor, KDBUS_ITEM_ID_ADD, id, 0);
	must(send_request(a, c->id, 9));
	expect_message(monitor, 9);
	peer_close(c);
	must(recv_cmd(monitor, 0, 0));
	const struct kdbus_msg *msg = peer_msg(monitor, monitor->last.msg.offset);

	expect_eq(msg->items->type, KDBUS_ITEM_REPLY_DEAD);
	expect_eq(msg->dst_id, a->id);
	expect_eq(msg->cookie_reply, 9);
	expect_id_notice(monitor, KDBUS_ITEM_ID_REMOVE, id, 0);
	expect_nothing(monitor);
}

TEST("a monitor gets requests, replies and synchronous ones too")
{
	struct sync_call *sync;

	peers();
	must(send_request(a, b->id, 1));
	must(send_reply(b, a->id, 2, 1));
	expect_message(monitor, 1);
	expect_eq(expect_message(monitor, 2)->cookie_reply, 1);
	drain(b);
	sync = sync_new(a, b->id, 3);
	expect(peer_readable(b, 10000));
	must(send_reply(b, a->id, 4, 3));
	expect_ok(sync_join(sync));
	expect_message(monitor, 3);
	expect_message(monitor, 4);
	expect_nothing(monitor);
}

TEST("what was refused by lookup, policy or slots is not shown; what failed to queue is")
{
	struct peer *stranger, *small;

	peers();
	stranger = peer_new(bus, .uid = UID_A);
	small = peer_new(bus, .pool = 4096);
	drain(monitor);
	expect_errno(ENXIO, send_to(a, 99999, 1));
	expect_errno(ESRCH, send_name(a, "no.body", 1));
	become(UID_A);
	expect_errno(EPERM, send_to(stranger, b->id, 2));
	become(0);
	expect_errno(EBADSLT, send_reply(a, b->id, 3, 99));
	expect_nothing(monitor);
	expect_errno(ENOBUFS, send_bytes(a, small->id, 4, 4000));
	expect_message(monitor, 4);
	expect_nothing(monitor);
}

TEST("a monitor sees a message before anybody who may react to it")
{
	peers();
	for (int i = 0; i < 50; i++) {
		must(send_to(a, b->id, 2 * i));
		expect_message(b, 2 * i);
		must(send_to(b, a->id, 2 * i + 1));
		expect_message(a, 2 * i + 1);
	}
	for (int i = 0; i < 100; i++)
		expect_message(monitor, i);
}

TEST("several monitors each get a copy with the metadata they want")
{
	struct peer *second;

	peers();
	second = monitor_new(bus, .recv = KDBUS_ATTACH_PIDS | KDBUS_ATTACH_NAMES);
	must(name_acquire(a, "a.b", 0, NULL));
	drain(monitor);
	drain(second);
	must(send_to(a, b->id, 1));
	expect_text(msg_types(expect_message(monitor, 1)), "");
	expect_text(msg_types(expect_message(second, 1)), "1002 1004");
}

TEST("a monitor without ACCEPT_FD gets the message with -1, and memfds")
{
	const struct kdbus_item *item;
	struct peer *plain, *taker, *c;
	int fds[2] = { 1, 1 };
	unsigned before;
	union cmd cmd;

	bus = bus_new();
	a = peer_new(bus);
	c = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD);
	plain = monitor_new(bus);
	taker = peer_new(bus, .flags = KDBUS_HELLO_MONITOR | KDBUS_HELLO_ACCEPT_FD);
	msg_init(&cmd, c->id, 1);
	msg_fds(&cmd, fds, 2);
	msg_memfd(&cmd, memfd_new(10), 0, 10);
	must(send_msg(a, &cmd));
	before = count_fds();
	item = item_first(expect_message(plain, 1));
	expect_eq(plain->last.msg.return_flags, 0);
	expect_eq(item->fds[0], -1);
	expect_eq(item->fds[1], -1);
	expect(item_next(item)->memfd.fd >= 0);
	expect_eq(count_fds(), before + 1);
	item = item_first(expect_message(taker, 1));
	expect(item->fds[0] >= 0 && item->fds[1] >= 0);
	expect_eq(count_fds(), before + 4);
}

TEST("descriptors to a receiver that refuses them still fail, monitor or not")
{
	union cmd cmd;
	int one = 1;

	peers();
	msg_init(&cmd, b->id, 1);
	msg_fds(&cmd, &one, 1);
	expect_errno(ECOMM, send_msg(a, &cmd));
	expect_nothing(b);
}

TEST("copies are charged to the sender at the monitor, and a full monitor harms nobody")
{
	peers();
	for (int i = 0; i < 300; i++) {
		expect_ok(send_to(a, b->id, i));
		expect_message(b, i);
		must(peer_free(b, b->last.msg.offset));
	}
	must(recv_cmd(monitor, 0, 0));
	expect_eq(monitor->last.dropped_msgs, 300 - 256);
	expect_eq(drain(monitor), 255);
}

TEST("a monitor may use priorities, peek and drop")
{
	union cmd cmd;

	peers();
	for (int i = 0; i < 3; i++) {
		msg_init(&cmd, b->id, i);
		cmd.msg.priority = -i;
		must(send_msg(a, &cmd));
	}
	must(recv_cmd(monitor, KDBUS_RECV_USE_PRIORITY | KDBUS_RECV_PEEK, 0));
	expect_eq(peer_msg(monitor, monitor->last.msg.offset)->cookie, 2);
	must(peer_free(monitor, monitor->last.msg.offset));
	must(recv_cmd(monitor, KDBUS_RECV_DROP, 0));
	expect_message(monitor, 1);
	expect_message(monitor, 2);
}

TEST("dropping a copy of a request at a monitor does not concern the request")
{
	peers();
	must(send_request(a, b->id, 1));
	must(recv_cmd(monitor, KDBUS_RECV_DROP, 0));
	expect_nothing(a);
	expect_ok(send_reply(b, a->id, 2, 1));
	expect_message(a, 2);
	/* nor does the end of the monitor */
	must(send_request(a, b->id, 3));
	peer_close(monitor);
	expect_nothing(a);
	expect_ok(send_reply(b, a->id, 4, 3));
}

TEST("a monitor sees traffic of custom endpoints and of activators")
{
	struct peer *inside, *activator;
	char path[240];

	peers();
	endpoint_new(bus, "0-ep", 0, path);
	inside = peer_new(bus, .path = path);
	activator = activator_new(bus, "a.b");
	drain(monitor);
	must(send_to(a, inside->id, 1));
	expect_message(monitor, 1);
	must(send_name(a, "a.b", 2));
	expect_message(monitor, 2);
	must(send_broadcast(inside, 3));
	expect_message(monitor, 3);
	/* moving mail is nothing new */
	must(name_acquire(b, "a.b", 0, NULL));
	expect_name_notice(monitor, KDBUS_ITEM_NAME_CHANGE, activator->id, 0x30, b->id, 0x20, "a.b");
	expect_nothing(monitor);
}

TEST("a monitor that ends is seen by nobody")
{
	struct peer *second;

	peers();
	second = monitor_new(bus);
	must(match_all(a, 1));
	peer_close(monitor);
	expect_nothing(a);
	expect_nothing(second);
}
