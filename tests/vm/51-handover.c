/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 15.4: mail and reply slots move between activator and owner. */
#include "tests/vm/util.h"

#define PRIMARY_ACQUIRED (KDBUS_NAME_PRIMARY | KDBUS_NAME_ACQUIRED)

static struct bus *bus;
static struct peer *activator, *a, *b, *c;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	activator = activator_new(bus, "a.b");
	a = peer_new(bus);
	b = peer_new(bus);
	c = peer_new(bus);
}

TEST("an owner takes over from the activator without REPLACE_EXISTING and gets its mail")
{
	__u64 flags;

	peers();
	for (int i = 0; i < 5; i++)
		must(send_name(a, "a.b", i));
	expect(!peer_readable(b, 0));
	must(name_acquire(b, "a.b", 0, &flags));
	expect_eq(flags, PRIMARY_ACQUIRED);
	expect(peer_readable(b, 0));
	expect(!peer_readable(activator, 0));
	expect_nothing(activator);
	for (int i = 0; i < 5; i++)
		expect_message(b, i);
	expect_nothing(b);
	must(send_name(a, "a.b", 9));
	expect_message(b, 9);
	expect_text(list_text(a, KDBUS_LIST_ACTIVATORS, activator->id), "a.b:18");
}

TEST("on release unread mail for the name goes back to the activator, in order")
{
	peers();
	must(name_acquire(b, "a.b", 0, NULL));
	must(send_name(a, "a.b", 1));
	must(send_to(a, b->id, 2));
	must(send_name(a, "a.b", 3));
	must(name_acquire(b, "c.d", 0, NULL));
	must(send_name(a, "c.d", 4));
	must(send_name(a, "a.b", 5));
	expect_message(b, 1);
	must(name_release(b, "a.b"));
	expect_message(activator, 3);
	expect_message(activator, 5);
	expect_nothing(activator);
	/* addressed by id or to another name: it stays */
	expect_message(b, 2);
	expect_message(b, 4);
	expect_nothing(b);
	expect_text(list_text(a, KDBUS_LIST_ACTIVATORS, activator->id), "a.b:30");
}

TEST("mail addressed by name and id together was addressed to the name")
{
	union cmd msg;

	peers();
	must(name_acquire(b, "a.b", 0, NULL));
	msg_init(&msg, b->id, 1);
	msg_name(&msg, "a.b");
	must(send_msg(a, &msg));
	must(name_release(b, "a.b"));
	expect_message(activator, 1);
	expect_nothing(b);
}

TEST("the end of the owner sends its unread mail back, too")
{
	peers();
	must(name_acquire(b, "a.b", 0, NULL));
	must(send_name(a, "a.b", 1));
	must(send_name(a, "a.b", 2));
	peer_close(b);
	expect_message(activator, 1);
	expect_message(activator, 2);
	must(send_name(a, "a.b", 3));
	must(name_acquire(c, "a.b", 0, NULL));
	expect_message(c, 3);
}

TEST("mail goes back and forth unharmed: header, payload, descriptors")
{
	const struct kdbus_msg *got;
	int fds[2], memfd = memfd_new(100);
	static __u8 data[5000];
	struct peer *taker;
	union cmd msg;
	__u64 n;

	bus = bus_new();
	activator = peer_new(bus, .name = "a.b", .flags = KDBUS_HELLO_ACTIVATOR | KDBUS_HELLO_ACCEPT_FD);
	a = peer_new(bus);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 3;
	must_sys(pipe2(fds, O_CLOEXEC));
	msg_init(&msg, 0, 77);
	msg.msg.priority = -5;
	msg_name(&msg, "a.b");
	msg_vec(&msg, data, 5000);
	msg_fds(&msg, fds, 2);
	msg_memfd(&msg, memfd, 0, 100);
	must(send_msg(a, &msg));
	for (int i = 0; i < 5; i++) {
		taker = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD);
		must(name_acquire(taker, "a.b", 0, NULL));
		if (i < 4)
			peer_close(taker);
	}
	got = expect_message(taker, 77);
	expect_eq(got->src_id, a->id);
	expect_eq(got->dst_id, 0);
	expect_eq(got->priority, -5);
	expect(!memcmp(msg_payload(got, &n), data, 5000));
	expect_eq(n, 5100);
	expect(fcntl(item_find(got, KDBUS_ITEM_FDS)->fds[1], F_GETFD) >= 0);
	expect_nothing(activator);
}

TEST("moved mail has no metadata that its new holder did not ask for")
{
	enum {
		ALL = KDBUS_ATTACH_TIMESTAMP | KDBUS_ATTACH_CREDS | KDBUS_ATTACH_PIDS | KDBUS_ATTACH_EXE |
		      KDBUS_ATTACH_CMDLINE | KDBUS_ATTACH_CONN_DESCRIPTION,
	};
	static const struct {
		__u64 recv;
		const char *types;
	} cases[] = {
		{ ALL, "a 3 3 4 1001 1002 1007 1008 100d 1000" },
		{ KDBUS_ATTACH_PIDS | KDBUS_ATTACH_CMDLINE, "a 3 3 4 1002 1008" },
		{ KDBUS_ATTACH_TIMESTAMP, "a 3 3 4 1000" },
		{ 0, "a 3 3 4" },
	};
	int memfd = memfd_new(101);
	static __u8 data[9000];
	union cmd msg;
	__u64 n;

	bus = bus_new();
	activator = activator_new(bus, "a.b", .recv = ANY);
	a = peer_new(bus, .send = ANY, .description = "sender");
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 3;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct kdbus_msg *got;
		const __u8 *payload;

		test_case("asked for %#llx", (unsigned long long)cases[i].recv);
		msg_init(&msg, 0, 77);
		msg_name(&msg, "a.b");
		msg_vec(&msg, data, 9000);
		msg_vec(&msg, NULL, 3);
		msg_memfd(&msg, memfd, 0, 101);
		must(send_msg(a, &msg));
		b = peer_new(bus, .recv = cases[i].recv);
		must(name_acquire(b, "a.b", 0, NULL));
		got = expect_message(b, 77);
		expect_text(msg_types(got), cases[i].types);
		expect_eq(b->last.msg.msg_size, ALIGN8(got->size) + 9000 + 8);
		payload = msg_payload(got, &n);
		expect_eq(n, 9104);
		expect(!memcmp(payload, data, 9000));
		/* what is left goes back, and nothing comes again */
		must(send_name(a, "a.b", 78));
		peer_close(b);
		expect_message(activator, 78);
	}
}

TEST("moved mail is appended behind what the new holder has, priorities hold")
{
	union cmd msg;

	peers();
	for (int i = 0; i < 6; i++) {
		msg_init(&msg, 0, i);
		msg.msg.priority = i % 3;
		msg_name(&msg, "a.b");
		must(send_msg(a, &msg));
	}
	must(send_to(a, b->id, 50));
	must(name_acquire(b, "a.b", 0, NULL));
	must(recv_cmd(b, KDBUS_RECV_USE_PRIORITY, 0));
	expect_eq(peer_msg(b, b->last.msg.offset)->cookie, 50);
	must(recv_cmd(b, KDBUS_RECV_USE_PRIORITY, 0));
	expect_eq(peer_msg(b, b->last.msg.offset)->cookie, 0);
	expect_message(b, 1);
	must(recv_cmd(b, KDBUS_RECV_USE_PRIORITY, 9));
	expect_eq(peer_msg(b, b->last.msg.offset)->cookie, 3);
	expect_message(b, 2);
	expect_message(b, 4);
	expect_message(b, 5);
}

TEST("nothing moves from owner to owner")
{
	peers();
	must(name_acquire(b, "a.b", KDBUS_NAME_ALLOW_REPLACEMENT, NULL));
	must(send_name(a, "a.b", 1));
	must(name_acquire(c, "a.b", KDBUS_NAME_REPLACE_EXISTING | KDBUS_NAME_ALLOW_REPLACEMENT, NULL));
	expect_nothing(activator);
	expect_nothing(c);
	expect_message(b, 1);
	must(name_acquire(b, "a.b", KDBUS_NAME_QUEUE, NULL));
	must(send_name(a, "a.b", 2));
	must(name_release(c, "a.b"));
	expect_nothing(b);
	expect_nothing(activator);
	expect_message(c, 2);
}

TEST("an activator that arrives behind an owner waits and gets nothing")
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus);
	must(name_acquire(b, "a.b", 0, NULL));
	must(send_name(a, "a.b", 1));
	activator = activator_new(bus, "a.b");
	expect_text(list_text(a, KDBUS_LIST_ACTIVATORS, activator->id), "a.b:18");
	must(send_name(a, "a.b", 2));
	expect_nothing(activator);
	must(name_release(b, "a.b"));
	expect_message(activator, 1);
	expect_message(activator, 2);
}

TEST("mail for a former life of the name stays where it is")
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus);
	must(name_acquire(b, "a.b", 0, NULL));
	must(send_name(a, "a.b", 1));
	must(name_release(b, "a.b"));
	/* the name is gone; this is another one */
	activator = activator_new(bus, "a.b");
	must(name_acquire(b, "a.b", 0, NULL));
	must(send_name(a, "a.b", 2));
	must(name_release(b, "a.b"));
	expect_message(activator, 2);
	expect_nothing(activator);
	expect_message(b, 1);
	expect_nothing(b);
}

TEST("the end of the activator drops its mail, its name goes if nobody else has it")
{
	peers();
	must(send_request_name(a, "a.b", 1));
	peer_close(activator);
	expect_reply_notice(a, KDBUS_ITEM_REPLY_DEAD, 1);
	expect_errno(ESRCH, send_name(a, "a.b", 2));
	must(name_acquire(b, "a.b", 0, NULL));
	must(send_name(a, "a.b", 3));
	expect_message(b, 3);
}

/* replies */

TEST("reply slots follow the name: the owner answers what the activator was asked")
{
	peers();
	must(send_request_name(a, "a.b", 1));
	must(send_request_name(a, "a.b", 2));
	must(name_acquire(b, "a.b", 0, NULL));
	expect_message(b, 1);
	expect_ok(send_reply(b, a->id, 10, 1));
	expect_message(b, 2);
	expect_ok(send_reply(b, a->id, 20, 2));
	expect_message(a, 10);
	expect_message(a, 20);
	expect_errno(EBADSLT, send_reply(b, a->id, 30, 1));
}

TEST("a synchronous call to an activated name is answered by the owner")
{
	struct sync_call sync;

	peers();
	sync_init(&sync, a, 0, 7, now_ns() + 20 * SEC);
	msg_name(&sync.msg, "a.b");
	sync_start(&sync);
	expect(peer_readable(activator, 10000));
	must(name_acquire(b, "a.b", 0, NULL));
	expect_message(b, 7);
	expect_ok(send_reply(b, a->id, 70, 7));
	expect_ok(sync_join(&sync));
	expect_eq(peer_msg(a, sync.cmd.send.reply.offset)->cookie, 70);
}

TEST("an owner that dies with an unread request gives it back, and nobody is told")
{
	peers();
	must(name_acquire(b, "a.b", 0, NULL));
	must(send_request_name(a, "a.b", 1));
	peer_close(b);
	expect_nothing(a);
	must(name_acquire(c, "a.b", 0, NULL));
	expect_message(c, 1);
	expect_ok(send_reply(c, a->id, 2, 1));
	expect_message(a, 2);
	expect_nothing(a);
}

TEST("an owner that lets go cannot answer what went back")
{
	peers();
	must(name_acquire(b, "a.b", 0, NULL));
	must(send_request_name(a, "a.b", 1));
	must(name_release(b, "a.b"));
	expect_errno(EBADSLT, send_reply(b, a->id, 2, 1));
	must(name_acquire(c, "a.b", 0, NULL));
	expect_ok(send_reply(c, a->id, 3, 1));
	expect_message(a, 3);
}

TEST("requests by id do not follow the name")
{
	peers();
	must(name_acquire(b, "a.b", 0, NULL));
	must(send_request(a, b->id, 1));
	must(name_release(b, "a.b"));
	expect_nothing(activator);
	expect_ok(send_reply(b, a->id, 2, 1));
	expect_message(a, 2);
}

TEST("slots that moved still have their deadline")
{
	union cmd msg;

	peers();
	msg_request(&msg, 0, 1, now_ns() + 200 * MSEC);
	msg_name(&msg, "a.b");
	must(send_msg(a, &msg));
	must(name_acquire(b, "a.b", 0, NULL));
	expect(peer_readable(a, 5000));
	expect_reply_notice(a, KDBUS_ITEM_REPLY_TIMEOUT, 1);
	expect_errno(EBADSLT, send_reply(b, a->id, 2, 1));
	expect_message(b, 1);
}

/* losses */

TEST("what does not fit the new holder is lost there, the rest arrives")
{
	static __u8 data[3000];
	struct peer *small;
	unsigned got = 0;
	union cmd msg;
	__u64 lost;

	peers();
	for (int i = 0; i < 20; i++) {
		msg_init(&msg, 0, i);
		msg_name(&msg, "a.b");
		msg_vec(&msg, data, sizeof(data));
		must(send_msg(a, &msg));
	}
	small = peer_new(bus, .pool = 64 * KIB);
	must(name_acquire(small, "a.b", 0, NULL));
	must(recv_cmd(small, KDBUS_RECV_PEEK, 0));
	lost = small->last.dropped_msgs;
	/* 3120 bytes each, 10922 in all */
	while (recv_cmd(small, 0, 0) == 0)
		expect_eq(peer_msg(small, small->last.msg.offset)->cookie, got++);
	expect_eq(got, 3);
	expect_eq(lost, 17);
	expect_nothing(activator);
}

TEST("mail with descriptors is lost at a holder that accepts none")
{
	int one = 1;
	union cmd msg;

	bus = bus_new();
	activator = peer_new(bus, .name = "a.b", .flags = KDBUS_HELLO_ACTIVATOR | KDBUS_HELLO_ACCEPT_FD);
	a = peer_new(bus);
	b = peer_new(bus);
	msg_init(&msg, 0, 1);
	msg_name(&msg, "a.b");
	msg_fds(&msg, &one, 1);
	must(send_msg(a, &msg));
	must(send_name(a, "a.b", 2));
	must(name_acquire(b, "a.b", 0, NULL));
	expect_message(b, 2);
	expect_eq(b->last.dropped_msgs, 1);
	expect_eq(b->last.return_flags, KDBUS_RECV_RETURN_DROPPED_MSGS);
	expect_nothing(b);
	expect_nothing(activator);
}

static int send_name_as_stranger(struct peer *stranger, const char *name, __u64 cookie)
{
	int r;

	become(UID_A);
	r = send_name(stranger, name, cookie);
	become(0);
	return r;
}

TEST("moved mail is charged to its sender at the new holder")
{
	struct peer *stranger;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	activator = activator_new(bus, "a.b", .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0 });
	holder_new(bus, "open.name", .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0 });
	a = peer_new(bus);
	b = peer_new(bus);
	stranger = peer_new(bus, .uid = UID_A);
	must(name_acquire(b, "open.name", 0, NULL));
	for (int i = 0; i < 200; i++)
		must(send_name_as_stranger(stranger, "a.b", i));
	must(name_acquire(b, "a.b", 0, NULL));
	for (int i = 0; i < 56; i++)
		expect_ok(send_name_as_stranger(stranger, "open.name", 1000 + i));
	expect_errno(ENOBUFS, send_name_as_stranger(stranger, "open.name", 2000));
	/* not to the new holder, nor to its user */
	for (int i = 0; i < 256; i++)
		expect_ok(send_to(a, b->id, 3000 + i));
	expect_errno(ENOBUFS, send_to(a, b->id, 4000));
	/* and no longer at the old one */
	must(name_release(b, "a.b"));
	for (int i = 0; i < 200; i++)
		expect_ok(send_name_as_stranger(stranger, "open.name", 5000 + i));
	expect_errno(ENOBUFS, send_name_as_stranger(stranger, "open.name", 6000));
	for (int i = 0; i < 56; i++)
		expect_ok(send_name_as_stranger(stranger, "a.b", i));
	expect_errno(ENOBUFS, send_name_as_stranger(stranger, "a.b", 0));
}

TEST("peeked mail that moves away still needs its FREE at the old holder")
{
	__u64 offset;

	peers();
	must(send_name(a, "a.b", 1));
	must(recv_cmd(activator, KDBUS_RECV_PEEK, 0));
	offset = activator->last.msg.offset;
	must(name_acquire(b, "a.b", 0, NULL));
	expect_eq(peer_msg(activator, offset)->cookie, 1);
	expect_nothing(activator);
	expect_ok(peer_free(activator, offset));
	expect_errno(ENXIO, peer_free(activator, offset));
	expect_message(b, 1);
}

TEST("handing over a long queue of mixed mail many times loses nothing")
{
	unsigned next = 0;

	peers();
	for (int i = 0; i < 100; i++)
		must(send_name(a, "a.b", i));
	for (int round = 0; round < 20; round++) {
		struct peer *owner = round & 1 ? b : c;

		must(name_acquire(owner, "a.b", 0, NULL));
		for (int i = 0; i < 5; i++) {
			expect_message(owner, next++);
			must(peer_free(owner, owner->last.msg.offset));
		}
		must(name_release(owner, "a.b"));
	}
	expect_eq(next, 100);
	expect_nothing(activator);
}
