/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 14: what the kernel tells, in which form, to whom and when. */
#include <time.h>

#include "tests/vm/util.h"

#define PRIMARY KDBUS_NAME_PRIMARY
#define ACTIVATOR KDBUS_NAME_ACTIVATOR

static struct bus *bus;
static struct peer *watcher, *a, *b;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus);
	b = peer_new(bus);
	watcher = peer_new(bus);
	match_ids(watcher);
	match_names(watcher);
}

TEST("connections of every kind but monitors are announced with their flags")
{
	static const struct {
		__u64 flags;
		const char *name;
	} kinds[] = {
		{ 0, NULL },
		{ KDBUS_HELLO_ACCEPT_FD, NULL },
		{ KDBUS_HELLO_POLICY_HOLDER, "a.b" },
		{ KDBUS_HELLO_POLICY_HOLDER | KDBUS_HELLO_ACCEPT_FD, "a.b" },
	};
	struct peer *peer;
	__u64 id;

	peers();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		test_case("flags 0x%llx", (unsigned long long)kinds[i].flags);
		peer = peer_new(bus, .flags = kinds[i].flags, .name = kinds[i].name);
		id = peer->id;
		expect_id_notice(watcher, KDBUS_ITEM_ID_ADD, id, kinds[i].flags);
		peer_close(peer);
		expect_id_notice(watcher, KDBUS_ITEM_ID_REMOVE, id, kinds[i].flags);
		expect_nothing(watcher);
	}
	peer_close(monitor_new(bus));
	expect_nothing(watcher);
}

TEST("an activator is announced, then its name; it goes the other way round")
{
	struct peer *activator;
	__u64 id;

	peers();
	activator = activator_new(bus, "a.b");
	id = activator->id;
	expect_id_notice(watcher, KDBUS_ITEM_ID_ADD, id, KDBUS_HELLO_ACTIVATOR);
	expect_name_notice(watcher, KDBUS_ITEM_NAME_ADD, 0, 0, id, ACTIVATOR | PRIMARY, "a.b");
	peer_close(activator);
	expect_name_notice(watcher, KDBUS_ITEM_NAME_REMOVE, id, ACTIVATOR | PRIMARY, 0, 0, "a.b");
	expect_id_notice(watcher, KDBUS_ITEM_ID_REMOVE, id, KDBUS_HELLO_ACTIVATOR);
	expect_nothing(watcher);
}

TEST("a name added, handed on and removed is told with flags before and after")
{
	const __u64 QUEUE = KDBUS_NAME_QUEUE, ALLOW = KDBUS_NAME_ALLOW_REPLACEMENT;

	peers();
	must(name_acquire(a, "a.b", ALLOW | QUEUE, NULL));
	expect_name_notice(watcher, KDBUS_ITEM_NAME_ADD, 0, 0, a->id, PRIMARY | ALLOW | QUEUE, "a.b");
	must(name_acquire(b, "a.b", KDBUS_NAME_REPLACE_EXISTING | QUEUE, NULL));
	expect_name_notice(watcher, KDBUS_ITEM_NAME_CHANGE, a->id, PRIMARY | ALLOW | QUEUE, b->id, PRIMARY | QUEUE,
			   "a.b");
	must(name_release(b, "a.b"));
	expect_name_notice(watcher, KDBUS_ITEM_NAME_CHANGE, b->id, PRIMARY | QUEUE, a->id, PRIMARY | ALLOW | QUEUE,
			   "a.b");
	must(name_release(a, "a.b"));
	expect_name_notice(watcher, KDBUS_ITEM_NAME_REMOVE, a->id, PRIMARY | ALLOW | QUEUE, 0, 0, "a.b");
	expect_nothing(watcher);
}

TEST("moves between activator and owner are changes")
{
	struct peer *activator;

	peers();
	activator = activator_new(bus, "a.b");
	drain(watcher);
	must(name_acquire(a, "a.b", 0, NULL));
	expect_name_notice(watcher, KDBUS_ITEM_NAME_CHANGE, activator->id, ACTIVATOR | PRIMARY, a->id, PRIMARY, "a.b");
	must(name_release(a, "a.b"));
	expect_name_notice(watcher, KDBUS_ITEM_NAME_CHANGE, a->id, PRIMARY, activator->id, ACTIVATOR | PRIMARY, "a.b");
	expect_nothing(watcher);
}

TEST("queueing, leaving the queue, asking again and an activator behind an owner are not told")
{
	struct peer *activator;
	__u64 id;

	peers();
	must(name_acquire(a, "a.b", 0, NULL));
	drain(watcher);
	must(name_acquire(b, "a.b", KDBUS_NAME_QUEUE, NULL));
	must(name_acquire(a, "a.b", KDBUS_NAME_QUEUE, NULL));
	must(name_acquire(b, "a.b", 0, NULL));
	must(name_acquire(b, "a.b", KDBUS_NAME_QUEUE, NULL));
	must(name_release(b, "a.b"));
	expect_errno(EEXIST, name_acquire(b, "a.b", 0, NULL));
	expect_nothing(watcher);
	activator = activator_new(bus, "a.b");
	id = activator->id;
	expect_id_notice(watcher, KDBUS_ITEM_ID_ADD, id, KDBUS_HELLO_ACTIVATOR);
	expect_nothing(watcher);
	peer_close(activator);
	expect_id_notice(watcher, KDBUS_ITEM_ID_REMOVE, id, KDBUS_HELLO_ACTIVATOR);
	expect_nothing(watcher);
}

TEST("everything a close causes is told before it returns: names, dead replies, the id")
{
	__u64 id;

	peers();
	must(match_all(a, 1));
	must(name_acquire(b, "z.z", 0, NULL));
	must(name_acquire(b, "a.a", 0, NULL));
	must(name_acquire(b, "m.m", 0, NULL));
	drain(a);
	must(send_request(a, b->id, 41));
	must(send_request(a, b->id, 42));
	id = b->id;
	peer_close(b);
	expect_name_notice(a, KDBUS_ITEM_NAME_REMOVE, id, PRIMARY, 0, 0, "z.z");
	expect_name_notice(a, KDBUS_ITEM_NAME_REMOVE, id, PRIMARY, 0, 0, "a.a");
	expect_name_notice(a, KDBUS_ITEM_NAME_REMOVE, id, PRIMARY, 0, 0, "m.m");
	expect_reply_notice(a, KDBUS_ITEM_REPLY_DEAD, 41);
	expect_reply_notice(a, KDBUS_ITEM_REPLY_DEAD, 42);
	expect_id_notice(a, KDBUS_ITEM_ID_REMOVE, id, 0);
	expect_nothing(a);
}

static const struct kdbus_timestamp *next_timestamp(struct peer *peer)
{
	if (recv_cmd(peer, 0, 0) < 0)
		test_abort(__FILE__, __LINE__, "a notification is there", -EAGAIN);
	return &item_find(peer_msg(peer, peer->last.msg.offset), KDBUS_ITEM_TIMESTAMP)->timestamp;
}

TEST("the timestamp is always there, nothing else ever")
{
	struct peer *all, *none;

	peers();
	all = peer_new(bus, .recv = ANY, .send = ANY, .description = "all");
	none = peer_new(bus);
	match_names(all);
	match_names(none);
	must(name_acquire(a, "a.b", 0, NULL));
	/* the layout is compared whole */
	expect_name_notice(all, KDBUS_ITEM_NAME_ADD, 0, 0, a->id, PRIMARY, "a.b");
	expect_name_notice(none, KDBUS_ITEM_NAME_ADD, 0, 0, a->id, PRIMARY, "a.b");
	must(send_request(all, b->id, 3));
	must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	expect_reply_notice(all, KDBUS_ITEM_REPLY_DEAD, 3);
}

TEST("timestamps tell the time, and sequence numbers grow")
{
	const struct kdbus_timestamp *first, *second, *other;
	struct peer *second_watcher;
	__u64 before, seqnum;
	struct timespec now;

	peers();
	second_watcher = peer_new(bus);
	match_names(second_watcher);
	drain(watcher);
	before = now_ns();
	must(name_acquire(a, "a.b", 0, NULL));
	first = next_timestamp(watcher);
	expect(first->monotonic_ns + 20 * MSEC >= before && first->monotonic_ns <= now_ns());
	clock_gettime(CLOCK_REALTIME, &now);
	expect(first->realtime_ns / SEC - now.tv_sec + 10 <= 20);
	seqnum = first->seqnum;
	/* both got the same one */
	other = next_timestamp(second_watcher);
	expect_eq(other->seqnum, seqnum);
	expect_eq(other->monotonic_ns, first->monotonic_ns);
	must(send_to(a, b->id, 1));
	must(name_release(a, "a.b"));
	second = next_timestamp(watcher);
	expect(second->seqnum >= seqnum + 2);
	expect(second->monotonic_ns >= first->monotonic_ns);
}

TEST("on a custom endpoint NAME notifications need SEE, ID notifications do not")
{
	struct peer *inside, *c;
	char path[240];
	union cmd cmd;
	int fd;

	peers();
	fd = endpoint_new(bus, "0-ep", 0, path);
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "seen.name");
	cmd_access(&cmd, KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_SEE, 0);
	must(call(fd, KDBUS_CMD_ENDPOINT_UPDATE, &cmd));
	inside = peer_new(bus, .path = path);
	match_names(inside);
	match_ids(inside);
	must(name_acquire(a, "hidden.name", 0, NULL));
	must(name_acquire(a, "seen.name", 0, NULL));
	expect_name_notice(inside, KDBUS_ITEM_NAME_ADD, 0, 0, a->id, PRIMARY, "seen.name");
	must(name_acquire(b, "hidden.name", KDBUS_NAME_QUEUE, NULL));
	must(name_acquire(b, "seen.name", KDBUS_NAME_QUEUE, NULL));
	must(name_release(a, "hidden.name"));
	must(name_release(a, "seen.name"));
	expect_name_notice(inside, KDBUS_ITEM_NAME_CHANGE, a->id, PRIMARY, b->id, PRIMARY | KDBUS_NAME_QUEUE,
			   "seen.name");
	must(name_release(b, "hidden.name"));
	must(name_release(b, "seen.name"));
	expect_name_notice(inside, KDBUS_ITEM_NAME_REMOVE, b->id, PRIMARY | KDBUS_NAME_QUEUE, 0, 0, "seen.name");
	c = peer_new(bus);
	expect_id_notice(inside, KDBUS_ITEM_ID_ADD, c->id, 0);
	expect_nothing(inside);
}

TEST("unprivileged connections are told about everybody on the default endpoint")
{
	struct peer *stranger, *c;

	peers();
	stranger = peer_new(bus, .uid = UID_A);
	match_names(stranger);
	match_ids(stranger);
	c = peer_new(bus);
	must(name_acquire(c, "a.b", 0, NULL));
	expect_id_notice(stranger, KDBUS_ITEM_ID_ADD, c->id, 0);
	expect_name_notice(stranger, KDBUS_ITEM_NAME_ADD, 0, 0, c->id, PRIMARY, "a.b");
}

TEST("a notification reaches only matches; the one it is about may be among them")
{
	peers();
	match_names(a);
	must(name_acquire(a, "a.b", 0, NULL));
	expect_name_notice(a, KDBUS_ITEM_NAME_ADD, 0, 0, a->id, PRIMARY, "a.b");
	expect_nothing(b);
}

TEST("names of all lengths are told whole")
{
	char name[256];

	peers();
	for (int n = 3; n <= 255; n += 1 + n / 9) {
		memset(name, 'x', n);
		name[n] = '\0';
		name[1] = '.';
		must(name_acquire(a, name, 0, NULL));
		expect_name_notice(watcher, KDBUS_ITEM_NAME_ADD, 0, 0, a->id, PRIMARY, name);
	}
}
