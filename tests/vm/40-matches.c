/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections 13.1 to 13.3: who receives a broadcast. */
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

TEST("a broadcast reaches only matches, the sender included")
{
	peers();
	expect_ok(send_broadcast(a, 1));
	expect_nothing(a);
	expect_nothing(b);
	must(match_all(b, 1));
	must(match_all(a, 1));
	expect_ok(send_broadcast(a, 2));
	expect_message(a, 2);
	expect_message(b, 2);
	expect_nothing(c);
}

TEST("a match without rules takes everything, notifications too")
{
	struct peer *d;

	peers();
	must(match_all(b, 1));
	d = peer_new(bus);
	must(name_acquire(d, "a.b", 0, NULL));
	must(send_broadcast(d, 5));
	expect_id_notice(b, KDBUS_ITEM_ID_ADD, d->id, 0);
	expect_name_notice(b, KDBUS_ITEM_NAME_ADD, 0, 0, d->id, KDBUS_NAME_PRIMARY, "a.b");
	expect_message(b, 5);
}

TEST("ID rules match the sender's id, or any")
{
	peers();
	must(match_u64(b, 1, KDBUS_ITEM_ID, a->id));
	must(match_u64(c, 1, KDBUS_ITEM_ID, ANY));
	must(send_broadcast(a, 1));
	must(send_broadcast(b, 2));
	expect_message(b, 1);
	expect_nothing(b);
	expect_message(c, 1);
	expect_message(c, 2);
	/* any sender, but no notifications */
	peer_close(peer_new(bus));
	expect_nothing(c);
	/* an id that does not exist is an ordinary rule */
	expect_ok(match_u64(b, 2, KDBUS_ITEM_ID, 0));
	expect_ok(match_u64(b, 2, KDBUS_ITEM_ID, 999999));
}

TEST("DST_ID rules match the destination, broadcast being the wildcard")
{
	union cmd msg;

	peers();
	must(match_u64(b, 1, KDBUS_ITEM_DST_ID, b->id));
	must(match_u64(c, 1, KDBUS_ITEM_DST_ID, ANY));
	must(send_broadcast(a, 1));
	expect_nothing(b);
	expect_message(c, 1);
	for (int i = 0; i < 2; i++) {
		struct peer *to = i ? c : b;

		msg_init(&msg, to->id, 2);
		msg.msg.flags = KDBUS_MSG_SIGNAL;
		msg_filter(&msg, 0, 0);
		must(send_msg(a, &msg));
		expect_message(to, 2);
	}
	expect_nothing(b);
	expect_nothing(c);
}

TEST("NAME rules match senders that own the name now; queueing does not count")
{
	peers();
	must(match_name(b, 1, "a.b"));
	must(send_broadcast(a, 1));
	expect_nothing(b);
	must(name_acquire(a, "a.b", KDBUS_NAME_ALLOW_REPLACEMENT, NULL));
	must(send_broadcast(a, 2));
	expect_message(b, 2);
	must(name_acquire(c, "a.b", KDBUS_NAME_QUEUE, NULL));
	must(send_broadcast(c, 3));
	expect_nothing(b);
	must(name_release(a, "a.b"));
	must(send_broadcast(a, 4));
	must(send_broadcast(c, 5));
	expect_message(b, 5);
	expect_nothing(b);
	/* any of several names */
	must(name_acquire(c, "x.y", 0, NULL));
	must(name_release(c, "a.b"));
	must(send_broadcast(c, 6));
	expect_nothing(b);
	must(match_name(b, 1, "x.y"));
	must(send_broadcast(c, 7));
	expect_message(b, 7);
}

TEST("all rules of a match must hold, and one match is enough")
{
	union cmd cmd;

	peers();
	must(name_acquire(a, "a.b", 0, NULL));
	must(name_acquire(c, "c.d", 0, NULL));
	cmd_init(&cmd, sizeof(cmd.match));
	cmd.match.cookie = 1;
	cmd_u64(&cmd, KDBUS_ITEM_ID, a->id);
	cmd_text(&cmd, KDBUS_ITEM_NAME, "a.b");
	cmd_u64(&cmd, KDBUS_ITEM_DST_ID, ANY);
	expect_ok(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	must(send_broadcast(a, 1));
	must(send_broadcast(c, 2));
	expect_message(b, 1);
	expect_nothing(b);
	must(name_release(a, "a.b"));
	must(send_broadcast(a, 3));
	expect_nothing(b);
	/* rules that exclude each other never hold */
	cmd_init(&cmd, sizeof(cmd.match));
	cmd.match.cookie = 2;
	cmd_u64(&cmd, KDBUS_ITEM_ID, a->id);
	cmd_u64(&cmd, KDBUS_ITEM_ID, c->id);
	expect_ok(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	must(send_broadcast(a, 4));
	must(send_broadcast(c, 5));
	expect_nothing(b);
	/* several matches hold: one copy */
	must(match_all(b, 3));
	must(match_u64(b, 4, KDBUS_ITEM_ID, ANY));
	must(send_broadcast(a, 6));
	expect_message(b, 6);
	expect_nothing(b);
}

TEST("however many matches of a connection hold, it gets one copy")
{
	static const __u64 mask[8];
	struct peer *who[3];

	peers();
	must(name_acquire(a, "a.b", 0, NULL));
	must(name_acquire(a, "a.c", 0, NULL));
	for (int i = 0; i < 3; i++)
		who[i] = peer_new(bus);
	/* one kind of match after the other, so that receivers interleave */
	for (int i = 0; i < 3; i++)
		must(match_u64(who[i], 1, KDBUS_ITEM_ID, ANY));
	for (int i = 0; i < 3; i++)
		must(match_u64(who[i], 2, KDBUS_ITEM_ID, a->id));
	for (int i = 0; i < 3; i++)
		must(match_name(who[i], 3, i & 1 ? "a.b" : "a.c"));
	for (int i = 0; i < 3; i++)
		must(match_name(who[i], 4, i & 1 ? "a.c" : "a.b"));
	for (int i = 0; i < 3; i++)
		must(match_cmd(who[i], 5, 0, KDBUS_ITEM_BLOOM_MASK, mask, sizeof(mask)));
	must(send_broadcast(a, 7));
	for (int i = 0; i < 3; i++) {
		expect_message(who[i], 7);
		expect_nothing(who[i]);
	}
	for (int i = 0; i < 3; i++)
		must(match_all(who[i], 6));
	for (int i = 0; i < 3; i++)
		must(match_name_change(who[i], 7, KDBUS_ITEM_NAME_REMOVE, ANY, ANY, NULL));
	for (int i = 0; i < 3; i++)
		must(match_name_change(who[i], 7, KDBUS_ITEM_NAME_REMOVE, ANY, ANY, "a.b"));
	must(name_release(a, "a.b"));
	for (int i = 0; i < 3; i++) {
		expect_name_notice(who[i], KDBUS_ITEM_NAME_REMOVE, a->id, KDBUS_NAME_PRIMARY, 0, 0, "a.b");
		expect_nothing(who[i]);
	}
}

TEST("rules for signals and rules for notifications never hold together")
{
	struct kdbus_notify_id_change any = { .id = ANY };
	union cmd cmd;

	peers();
	cmd_init(&cmd, sizeof(cmd.match));
	cmd_u64(&cmd, KDBUS_ITEM_ID, ANY);
	cmd_item(&cmd, KDBUS_ITEM_ID_ADD, &any, sizeof(any));
	must(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	cmd_init(&cmd, sizeof(cmd.match));
	cmd_item(&cmd, KDBUS_ITEM_ID_ADD, &any, sizeof(any));
	cmd_item(&cmd, KDBUS_ITEM_ID_REMOVE, &any, sizeof(any));
	must(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	must(send_broadcast(a, 1));
	peer_close(peer_new(bus));
	expect_nothing(b);
}

TEST("every rule about a notification counts, not only the first")
{
	struct {
		struct kdbus_notify_name_change change;
		char name[8];
	} one = { { { ANY, 0 }, { ANY, 0 } }, "a.b" }, two = { { { ANY, 0 }, { ANY, 0 } }, "a.c" };
	struct kdbus_notify_id_change any = { .id = ANY }, nobody = { .id = 12345678 };
	union cmd cmd;

	peers();
	for (int order = 0; order < 2; order++) {
		test_case("order %d", order);
		cmd_init(&cmd, sizeof(cmd.match));
		cmd_item(&cmd, KDBUS_ITEM_NAME_ADD, order ? &one : &two, 32 + 4);
		cmd_item(&cmd, KDBUS_ITEM_NAME_ADD, order ? &two : &one, 32 + 4);
		must(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
		cmd_init(&cmd, sizeof(cmd.match));
		cmd_item(&cmd, KDBUS_ITEM_ID_ADD, order ? &any : &nobody, sizeof(any));
		cmd_item(&cmd, KDBUS_ITEM_ID_ADD, order ? &nobody : &any, sizeof(any));
		must(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
		peer_close(peer_new(bus));
		must(name_acquire(a, "a.b", 0, NULL));
		must(name_acquire(a, "a.c", 0, NULL));
		expect_nothing(b);
		must(name_release(a, "a.b"));
		must(name_release(a, "a.c"));
	}
	/* the same rule twice is no contradiction */
	cmd_init(&cmd, sizeof(cmd.match));
	cmd_item(&cmd, KDBUS_ITEM_NAME_ADD, &one, 32 + 4);
	cmd_item(&cmd, KDBUS_ITEM_NAME_ADD, &one, 32);
	must(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	must(name_acquire(a, "a.b", 0, NULL));
	expect_name_notice(b, KDBUS_ITEM_NAME_ADD, 0, 0, a->id, KDBUS_NAME_PRIMARY, "a.b");
}

TEST("notification rules take the type and id they name")
{
	struct peer *d;
	__u64 id;

	peers();
	must(match_id_change(b, 1, KDBUS_ITEM_ID_ADD, ANY));
	must(match_id_change(c, 1, KDBUS_ITEM_ID_REMOVE, ANY));
	d = peer_new(bus);
	id = d->id;
	expect_id_notice(b, KDBUS_ITEM_ID_ADD, id, 0);
	expect_nothing(c);
	peer_close(d);
	expect_id_notice(c, KDBUS_ITEM_ID_REMOVE, id, 0);
	expect_nothing(b);

	must(match_remove(b, 1));
	must(match_remove(c, 1));
	must(match_id_change(b, 1, KDBUS_ITEM_ID_REMOVE, c->id));
	must(match_id_change(a, 1, KDBUS_ITEM_ID_REMOVE, b->id));
	id = c->id;
	peer_close(c);
	expect_id_notice(b, KDBUS_ITEM_ID_REMOVE, id, 0);
	expect_nothing(a);
	/* zero is an id nobody has */
	must(match_id_change(a, 2, KDBUS_ITEM_ID_ADD, 0));
	peer_new(bus);
	expect_nothing(a);
}

TEST("name rules compare old id, new id and name, zero being a value")
{
	static const struct {
		__u64 type;
		int old_id, new_id;	/* 1 is a, 2 is c, 0 nobody, -1 any */
		const char *name;
		const char *takes;	/* of the events below */
	} cases[] = {
		{ KDBUS_ITEM_NAME_ADD, -1, -1, NULL, "A" },
		{ KDBUS_ITEM_NAME_ADD, 0, -1, NULL, "A" },
		{ KDBUS_ITEM_NAME_ADD, 0, 1, NULL, "A" },
		{ KDBUS_ITEM_NAME_ADD, 0, 2, NULL, "" },
		{ KDBUS_ITEM_NAME_ADD, 1, -1, NULL, "" },
		{ KDBUS_ITEM_NAME_ADD, -1, 0, NULL, "" },
		{ KDBUS_ITEM_NAME_ADD, -1, -1, "a.b", "A" },
		{ KDBUS_ITEM_NAME_ADD, -1, -1, "a.c", "" },
		{ KDBUS_ITEM_NAME_ADD, -1, -1, "a", "" },
		{ KDBUS_ITEM_NAME_ADD, -1, -1, "a.bc", "" },
		{ KDBUS_ITEM_NAME_ADD, -1, -1, "no syntax check", "" },
		{ KDBUS_ITEM_NAME_CHANGE, -1, -1, NULL, "C" },
		{ KDBUS_ITEM_NAME_CHANGE, 1, -1, NULL, "C" },
		{ KDBUS_ITEM_NAME_CHANGE, 1, 2, "a.b", "C" },
		{ KDBUS_ITEM_NAME_CHANGE, 2, 1, NULL, "" },
		{ KDBUS_ITEM_NAME_CHANGE, -1, 2, NULL, "C" },
		{ KDBUS_ITEM_NAME_CHANGE, 1, 2, "a.x", "" },
		{ KDBUS_ITEM_NAME_REMOVE, -1, -1, NULL, "R" },
		{ KDBUS_ITEM_NAME_REMOVE, 2, 0, NULL, "R" },
		{ KDBUS_ITEM_NAME_REMOVE, 2, 0, "a.b", "R" },
		{ KDBUS_ITEM_NAME_REMOVE, 1, 0, NULL, "" },
		{ KDBUS_ITEM_NAME_REMOVE, -1, 2, NULL, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__u64 ids[4];
		char taken[10] = "";
		size_t n = 0;

		test_case("row %zu", i);
		peers();
		ids[0] = ANY;
		ids[1] = 0;
		ids[2] = a->id;
		ids[3] = c->id;
		expect_ok(match_name_change(b, 1, cases[i].type, ids[cases[i].old_id + 1], ids[cases[i].new_id + 1],
					    cases[i].name));
		must(name_acquire(a, "a.b", 0, NULL));
		must(name_acquire(c, "a.b", KDBUS_NAME_QUEUE, NULL));
		must(name_release(a, "a.b"));
		must(name_release(c, "a.b"));
		while (recv_cmd(b, 0, 0) == 0 && n < 9) {
			__u64 type = peer_msg(b, b->last.msg.offset)->items->type;

			taken[n++] = type == KDBUS_ITEM_NAME_ADD ? 'A' : type == KDBUS_ITEM_NAME_CHANGE ? 'C' : 'R';
			taken[n] = '\0';
		}
		expect_text(taken, cases[i].takes);
		bus_close(bus);
	}
}

TEST("flags in notification rules mean nothing")
{
	struct kdbus_notify_id_change rule = { .id = ANY, .flags = 0x1234 };
	struct kdbus_notify_name_change change = { { ANY, 77 }, { ANY, 88 } };
	struct peer *d;

	peers();
	must(match_cmd(b, 1, 0, KDBUS_ITEM_ID_ADD, &rule, sizeof(rule)));
	must(match_cmd(b, 1, 0, KDBUS_ITEM_NAME_ADD, &change, 32));
	d = peer_new(bus);
	must(name_acquire(d, "a.b", 0, NULL));
	expect_id_notice(b, KDBUS_ITEM_ID_ADD, d->id, 0);
	expect_name_notice(b, KDBUS_ITEM_NAME_ADD, 0, 0, d->id, KDBUS_NAME_PRIMARY, "a.b");
}

TEST("NAME rules must be valid names, without wildcard")
{
	static const char *const wrong[] = { "a", "a.*", "a..b", ".a", "a.1b", "a.b." };

	peers();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		test_case("\"%s\"", wrong[i]);
		expect_errno(EINVAL, match_name(b, 1, wrong[i]));
	}
	expect_errno(EBADSLT, match_remove(b, 1));
}

TEST("cookies may be shared; MATCH_REMOVE removes all of one, or EBADSLT")
{
	peers();
	expect_errno(EBADSLT, match_remove(b, 5));
	must(match_u64(b, 5, KDBUS_ITEM_ID, a->id));
	must(match_u64(b, 5, KDBUS_ITEM_ID, c->id));
	must(match_u64(b, 6, KDBUS_ITEM_ID, b->id));
	must(send_broadcast(a, 1));
	must(send_broadcast(c, 2));
	must(send_broadcast(b, 3));
	expect_message(b, 1);
	expect_message(b, 2);
	expect_message(b, 3);
	expect_ok(match_remove(b, 5));
	expect_errno(EBADSLT, match_remove(b, 5));
	must(send_broadcast(a, 4));
	must(send_broadcast(b, 5));
	expect_message(b, 5);
	expect_nothing(b);
	/* cookies are each connection's own, and any number */
	must(match_all(b, ANY));
	expect_errno(EBADSLT, match_remove(c, ANY));
	expect_ok(match_remove(b, ANY));
	must(match_all(b, 0));
	expect_ok(match_remove(b, 0));
}

TEST("REPLACE removes the matches of the same cookie first, and only those")
{
	__u64 id;

	peers();
	must(match_u64(b, 5, KDBUS_ITEM_ID, a->id));
	must(match_u64(b, 5, KDBUS_ITEM_ID, b->id));
	must(match_u64(b, 6, KDBUS_ITEM_ID, b->id));
	id = c->id;
	expect_ok(match_cmd(b, 5, KDBUS_MATCH_REPLACE, KDBUS_ITEM_ID, &id, sizeof(id)));
	must(send_broadcast(a, 1));
	must(send_broadcast(b, 2));
	must(send_broadcast(c, 3));
	expect_message(b, 2);
	expect_message(b, 3);
	expect_nothing(b);
	/* also where there is nothing to replace */
	expect_ok(match_cmd(b, 7, KDBUS_MATCH_REPLACE, KDBUS_ITEM_ID, &id, sizeof(id)));
	expect_ok(match_remove(b, 7));
	/* a replacement that fails replaces nothing */
	expect_errno(EINVAL, match_cmd(b, 5, KDBUS_MATCH_REPLACE, KDBUS_ITEM_NAME, "nodot", 6));
	must(send_broadcast(c, 4));
	expect_message(b, 4);
}

TEST("a connection has at most 4096 matches")
{
	peers();
	for (int i = 0; i < 4096; i++)
		if (!expect_ok(match_u64(b, i, KDBUS_ITEM_ID, i)))
			break;
	expect_errno(EMFILE, match_all(b, 5000));
	expect_errno(EMFILE, match_all(b, 0));
	expect_ok(match_all(c, 1));
	/* replacing makes room for itself */
	expect_ok(match_cmd(b, 7, KDBUS_MATCH_REPLACE, 0, NULL, 0));
	expect_errno(EMFILE, match_all(b, 5000));
	expect_ok(match_remove(b, 8));
	expect_ok(match_all(b, 5000));
	must(send_broadcast(a, 1));
	expect_message(b, 1);
	expect_nothing(b);
}

static void *send_100(void *data)
{
	for (int i = 1; i <= 100; i++)
		must(send_broadcast(data, i));
	return NULL;
}

TEST("who listens in many ways gets one copy from each of two senders at once")
{
	struct peer *many[8];
	pthread_t thread[2];

	peers();
	for (int i = 0; i < 8; i++)
		many[i] = peer_new(bus);
	/* in turns, so that nobody is found twice in a row */
	for (int i = 0; i < 8 * 100; i++)
		must(match_u64(many[i % 8], i, KDBUS_ITEM_ID, ANY));
	for (int round = 0; round < 10; round++) {
		must_sys(-pthread_create(&thread[0], NULL, send_100, a));
		must_sys(-pthread_create(&thread[1], NULL, send_100, b));
		pthread_join(thread[0], NULL);
		pthread_join(thread[1], NULL);
		for (int i = 0; i < 8; i++) {
			__u64 last[2] = {};

			for (int j = 0; j < 200; j++) {
				const struct kdbus_msg *msg = recv_msg(many[i]);

				if (!expect(msg))
					return;
				expect_eq(msg->cookie, ++last[msg->src_id == b->id]);
				must(peer_free(many[i], many[i]->last.msg.offset));
			}
			expect_nothing(many[i]);
		}
	}
}

TEST("a NEGOTIATE item in MATCH_ADD is not a rule")
{
	__u64 type = KDBUS_ITEM_ID;
	union cmd cmd;

	peers();
	cmd_init(&cmd, sizeof(cmd.match));
	cmd.match.cookie = 1;
	cmd_item(&cmd, KDBUS_ITEM_NEGOTIATE, &type, sizeof(type));
	cmd_u64(&cmd, KDBUS_ITEM_ID, a->id);
	expect_ok(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	must(send_broadcast(a, 1));
	must(send_broadcast(c, 2));
	expect_message(b, 1);
	expect_nothing(b);
	expect_ok(match_remove(b, 1));
	cmd_init(&cmd, sizeof(cmd.match));
	cmd_item(&cmd, KDBUS_ITEM_NEGOTIATE, &type, sizeof(type));
	expect_ok(call(b->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	must(send_broadcast(c, 3));
	expect_message(b, 3);
}

TEST("a receiver must be allowed to talk to the sender")
{
	struct peer *stranger;

	peers();
	stranger = peer_new(bus, .uid = UID_A);
	must(match_all(stranger, 1));
	must(match_all(b, 1));
	/* an owner's broadcast does not reach strangers, theirs reach the owner */
	must(send_broadcast(a, 1));
	expect_message(b, 1);
	expect_nothing(stranger);
	become(UID_A);
	expect_ok(send_broadcast(stranger, 2));
	become(0);
	expect_message(b, 2);
	expect_message(stranger, 2);
	/* a name open to all opens its owner */
	holder_new(bus, "open.name", .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0 });
	drain(stranger);
	must(name_acquire(a, "open.name", 0, NULL));
	drain(stranger);
	must(send_broadcast(a, 3));
	expect_message(stranger, 3);
	must(send_broadcast(c, 4));
	expect_nothing(stranger);
}

TEST("activators and policy holders receive no broadcasts")
{
	struct peer *activator;

	peers();
	activator = activator_new(bus, "a.b");
	holder_new(bus, "x.y");
	must(send_broadcast(a, 1));
	expect_nothing(activator);
}

TEST("matches end with their connection, and ids are not reused")
{
	peers();
	for (int i = 0; i < 20; i++) {
		struct peer *d = peer_new(bus, .pool = 4096);

		must(match_all(d, 1));
		must(match_u64(d, 2, KDBUS_ITEM_ID, a->id));
		must(match_name(d, 3, "a.b"));
		peer_close(d);
		must(send_broadcast(a, i));
	}
	must(match_u64(b, 1, KDBUS_ITEM_ID, c->id));
	peer_close(c);
	peer_new(bus);
	must(send_broadcast(a, 99));
	expect_nothing(b);
}

TEST("many receivers each get one copy")
{
	struct peer *many[60];

	peers();
	for (int i = 0; i < 60; i++) {
		many[i] = peer_new(bus, .pool = 16 * KIB);
		must(i & 1 ? match_all(many[i], 1) : match_u64(many[i], 1, KDBUS_ITEM_ID, a->id));
	}
	for (int i = 0; i < 60; i++)
		drain(many[i]);
	must(send_broadcast(a, 5));
	for (int i = 0; i < 60; i++) {
		expect_message(many[i], 5);
		expect_nothing(many[i]);
	}
}
