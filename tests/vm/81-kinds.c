/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 20: activators and policy holders; the replies an activator may send. */
#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *activator, *a, *b;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	activator = activator_new(bus, "a.b");
	a = peer_new(bus);
	b = peer_new(bus);
}

TEST("an activator holds its name whenever nobody owns it")
{
	peers();
	expect_text(list_text(a, KDBUS_LIST_ACTIVATORS, activator->id), "a.b:30");
	must(name_acquire(a, "a.b", 0, NULL));
	expect_text(list_text(a, KDBUS_LIST_ACTIVATORS, activator->id), "a.b:18");
	must(name_acquire(b, "a.b", KDBUS_NAME_QUEUE, NULL));
	must(name_release(a, "a.b"));
	expect_text(list_text(a, KDBUS_LIST_ACTIVATORS, activator->id), "a.b:18");
	expect_text(list_text(a, KDBUS_LIST_NAMES, b->id), "a.b:24");
	peer_close(b);
	expect_text(list_text(a, KDBUS_LIST_ACTIVATORS, activator->id), "a.b:30");
}

TEST("who asks with QUEUE for a name only an activator holds becomes primary at once")
{
	__u64 flags;

	peers();
	expect_ok(name_acquire(a, "a.b", KDBUS_NAME_QUEUE, &flags));
	expect_eq(flags, KDBUS_NAME_QUEUE | KDBUS_NAME_PRIMARY | KDBUS_NAME_ACQUIRED);
}

TEST("an activator receives mail, peeks, drops and frees, and polls")
{
	__u64 offset;

	peers();
	expect(!peer_readable(activator, 0));
	must(send_name(a, "a.b", 1));
	must(send_request_name(a, "a.b", 2));
	expect(peer_readable(activator, 0));
	must(recv_cmd(activator, KDBUS_RECV_PEEK, 0));
	offset = activator->last.msg.offset;
	expect_message(activator, 1);
	expect_ok(peer_free(activator, offset));
	must(recv_cmd(activator, KDBUS_RECV_DROP, 0));
	expect_reply_notice(a, KDBUS_ITEM_REPLY_DEAD, 2);
	expect_nothing(activator);
}

TEST("the end of an activator takes its entry and its name along")
{
	peers();
	must(name_acquire(a, "a.b", 0, NULL));
	peer_close(activator);
	expect_ok(send_name(b, "a.b", 1));
	expect_message(a, 1);
	must(name_release(a, "a.b"));
	expect_errno(ESRCH, send_name(b, "a.b", 2));
	activator_new(bus, "a.b");
}

TEST("the policy of an activator allows others its name")
{
	struct peer *service;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	activator_new(bus, "a.b", .access = { KDBUS_POLICY_ACCESS_USER, KDBUS_POLICY_OWN, UID_A });
	service = peer_new(bus, .uid = UID_A);
	become(UID_A);
	expect_ok(name_acquire(service, "a.b", 0, NULL));
	become(0);
}

TEST("an activator's attach flags for receiving can be changed")
{
	peers();
	must(update_attach(activator, KDBUS_ITEM_ATTACH_FLAGS_RECV, KDBUS_ATTACH_PIDS));
	must(send_name(a, "a.b", 1));
	expect_text(msg_types(expect_message(activator, 1)), "a 1002");
}

/* extension: an activator may send replies, and nothing else */

static int try_send(union cmd *msg)
{
	return send_msg(activator, msg);
}

TEST("an activator answers a request that waits for it")
{
	union cmd msg;

	peers();
	must(send_request_name(a, "a.b", 1));
	must(recv_cmd(activator, KDBUS_RECV_PEEK, 0));
	msg_reply(&msg, a->id, 50, 1);
	msg_vec(&msg, "no such service", 16);
	expect_ok(try_send(&msg));
	expect_eq(expect_message(a, 50)->src_id, activator->id);
	/* the request is still to be consumed, and its slot is closed */
	expect_message(activator, 1);
	msg_reply(&msg, a->id, 51, 1);
	expect_errno(EBADSLT, try_send(&msg));
	expect_nothing(a);
}

TEST("an activator answers a synchronous call")
{
	struct sync_call sync;
	union cmd msg;

	peers();
	sync_init(&sync, a, 0, 7, now_ns() + 20 * SEC);
	msg_name(&sync.msg, "a.b");
	sync_start(&sync);
	expect(peer_readable(activator, 10000));
	msg_reply(&msg, a->id, 70, 7);
	expect_ok(try_send(&msg));
	expect_ok(sync_join(&sync));
	expect_eq(peer_msg(a, sync.cmd.send.reply.offset)->src_id, activator->id);
}

TEST("a reply to a call that does not exist gives EBADSLT: the extension is there")
{
	union cmd msg;

	peers();
	msg_reply(&msg, a->id, 1, 99);
	expect_errno(EBADSLT, try_send(&msg));
	/* also where the service has taken over meanwhile */
	must(send_request_name(a, "a.b", 1));
	must(name_acquire(b, "a.b", 0, NULL));
	msg_reply(&msg, a->id, 2, 1);
	expect_errno(EBADSLT, try_send(&msg));
	expect_ok(send_reply(b, a->id, 3, 1));
	expect_message(a, 3);
}

TEST("whatever else an activator sends gives EOPNOTSUPP")
{
	struct kdbus_cmd_send cmd;
	int one = 1;
	union cmd msg;

	peers();
	msg_init(&msg, a->id, 1);
	expect_errno(EOPNOTSUPP, try_send(&msg));
	msg_broadcast(&msg, 1);
	expect_errno(EOPNOTSUPP, try_send(&msg));
	msg_request(&msg, a->id, 1, now_ns() + SEC);
	expect_errno(EOPNOTSUPP, try_send(&msg));
	msg_request(&msg, a->id, 1, now_ns() + SEC);
	expect_errno(EOPNOTSUPP, send_cmd(activator->fd, &cmd, KDBUS_SEND_SYNC_REPLY, &msg));
	/* a reply with descriptors */
	must(send_request_name(a, "a.b", 5));
	msg_reply(&msg, a->id, 1, 5);
	msg_fds(&msg, &one, 1);
	expect_errno(EOPNOTSUPP, try_send(&msg));
	/* a reply by name */
	must(name_acquire(b, "b.b", 0, NULL));
	must(send_request_name(b, "a.b", 6));
	msg_reply(&msg, 0, 1, 6);
	msg_name(&msg, "b.b");
	expect_errno(EOPNOTSUPP, try_send(&msg));
	/* none of it consumed the slots */
	msg_reply(&msg, a->id, 1, 5);
	expect_ok(try_send(&msg));
	msg_reply(&msg, b->id, 1, 6);
	expect_ok(try_send(&msg));
}

TEST("policy holders and monitors may not even reply")
{
	struct peer *holder, *monitor;
	struct kdbus_cmd_send cmd;
	union cmd msg;

	peers();
	holder = holder_new(bus, "x.y");
	monitor = monitor_new(bus);
	msg_reply(&msg, a->id, 1, 99);
	expect_errno(EOPNOTSUPP, send_cmd(holder->fd, &cmd, 0, &msg));
	expect_errno(EOPNOTSUPP, send_cmd(monitor->fd, &cmd, 0, &msg));
}

TEST("a policy holder only holds: no mail, no poll input, its end is announced")
{
	struct peer *holder;
	__u64 id;

	peers();
	match_ids(a);
	holder = holder_new(bus, "x.y");
	id = holder->id;
	expect_id_notice(a, KDBUS_ITEM_ID_ADD, id, KDBUS_HELLO_POLICY_HOLDER);
	expect_errno(ESRCH, send_name(a, "x.y", 1));
	expect_errno(ENXIO, send_to(a, id, 1));
	peer_close(holder);
	expect_id_notice(a, KDBUS_ITEM_ID_REMOVE, id, KDBUS_HELLO_POLICY_HOLDER);
}
