/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 16: LIST. */
#include "tests/vm/util.h"

#define UNIQUE KDBUS_LIST_UNIQUE
#define NAMES KDBUS_LIST_NAMES
#define ACTIVATORS KDBUS_LIST_ACTIVATORS
#define QUEUED KDBUS_LIST_QUEUED
#define ALL (UNIQUE | NAMES | ACTIVATORS | QUEUED)

static struct bus *bus;
static struct peer *a, *b, *c, *activator;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus);
	b = peer_new(bus);
	c = peer_new(bus);
	activator = activator_new(bus, "act.name");
	must(name_acquire(a, "one.name", KDBUS_NAME_ALLOW_REPLACEMENT, NULL));
	must(name_acquire(a, "two.name", 0, NULL));
	must(name_acquire(b, "one.name", KDBUS_NAME_QUEUE, NULL));
	must(name_acquire(b, "three.name", KDBUS_NAME_QUEUE, NULL));
}

TEST("the four flags choose what is listed")
{
	const char *const a_names = "one.name:22 two.name:20";
	static const struct {
		__u64 flags;
		const char *a, *b, *c, *activator;
	} cases[] = {
		{ 0, "", "", "", "" },
		{ UNIQUE, "-", "-", "-", "-" },
		{ NAMES, "one.name:22 two.name:20", "three.name:24", "", "" },
		{ QUEUED, "", "one.name:c", "", "" },
		{ ACTIVATORS, "", "", "", "act.name:30" },
		{ UNIQUE | NAMES, "one.name:22 two.name:20", "three.name:24", "-", "-" },
		{ UNIQUE | QUEUED, "-", "one.name:c", "-", "-" },
		{ UNIQUE | ACTIVATORS, "-", "-", "-", "act.name:30" },
		{ NAMES | QUEUED, "one.name:22 two.name:20", "one.name:c three.name:24", "", "" },
		{ ALL, "one.name:22 two.name:20", "one.name:c three.name:24", "-", "act.name:30" },
	};

	peers();
	expect_text(list_text(c, NAMES, a->id), a_names);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("flags %llu", (unsigned long long)cases[i].flags);
		expect_text(list_text(c, cases[i].flags, a->id), cases[i].a);
		expect_text(list_text(c, cases[i].flags, b->id), cases[i].b);
		expect_text(list_text(c, cases[i].flags, c->id), cases[i].c);
		expect_text(list_text(c, cases[i].flags, activator->id), cases[i].activator);
	}
}

TEST("an activator with an owner in front is still an activator's entry")
{
	peers();
	must(name_acquire(c, "act.name", 0, NULL));
	expect_text(list_text(c, ACTIVATORS, activator->id), "act.name:18");
	expect_text(list_text(c, QUEUED | NAMES, activator->id), "");
	expect_text(list_text(c, QUEUED | UNIQUE, activator->id), "-");
	expect_text(list_text(c, NAMES, c->id), "act.name:20");
}

TEST("records are whole: sizes, ids, flags, alignment, one slice")
{
	struct kdbus_cmd_list cmd = { .size = sizeof(cmd), .flags = ALL };
	const struct kdbus_info *info;
	unsigned n = 0, seen_a = 0;
	__u64 last = 0;

	peers();
	monitor_new(bus);
	must(call(c->fd, KDBUS_CMD_LIST, &cmd));
	expect_eq(cmd.return_flags, 0);
	for (__u64 at = 0; at < cmd.list_size; at += ALIGN8(info->size), n++) {
		info = (const void *)(c->pool + cmd.offset + at);
		expect_eq(((uintptr_t)info) % 8, 0);
		expect(info->size >= 24 && at + info->size <= cmd.list_size);
		if (info->id == activator->id)
			expect_eq(info->flags, KDBUS_HELLO_ACTIVATOR);
		else
			expect_eq(info->flags, 0);
		if (info->size > 24) {
			expect_eq(info->items[0].type, KDBUS_ITEM_OWNED_NAME);
			const char *name = (const char *)(info->items) + 24;

			expect_eq(info->items[0].size, 24 + strlen(name) + 1);
			expect(info->size == 24 + info->items[0].size || info->size == 24 + ALIGN8(info->items[0].size));
		}
		/* records of one connection are neighbours */
		if (info->id == a->id && last != a->id)
			seen_a++;
		last = info->id;
	}
	expect_eq(n, 6);
	expect_eq(seen_a, 1);
	expect_ok(peer_free(c, cmd.offset));
	expect_errno(ENXIO, peer_free(c, cmd.offset));
}

TEST("an empty list is offset = pool_size and size 0")
{
	struct kdbus_cmd_list cmd = { .size = sizeof(cmd), .flags = ACTIVATORS };

	bus = bus_new();
	a = peer_new(bus);
	must(call(a->fd, KDBUS_CMD_LIST, &cmd));
	expect_eq(cmd.offset, a->pool_size);
	expect_eq(cmd.list_size, 0);
	expect_ok(peer_free(a, cmd.offset));
}

TEST("monitors are not listed, not even to themselves")
{
	struct peer *monitor;

	bus = bus_new();
	a = peer_new(bus);
	monitor = monitor_new(bus);
	expect_text(list_text(a, ALL, monitor->id), "");
	expect_text(list_text(monitor, ALL, monitor->id), "");
	expect_text(list_text(monitor, ALL, a->id), "-");
}

TEST("policy holders are listed as connections without names")
{
	struct peer *holder;

	bus = bus_new();
	a = peer_new(bus);
	holder = holder_new(bus, "a.b");
	expect_text(list_text(a, ALL, holder->id), "-");
	expect_text(list_text(a, ALL & ~UNIQUE, holder->id), "");
}

TEST("names are listed in the order they were acquired")
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus);
	must(name_acquire(a, "z.z", 0, NULL));
	must(name_acquire(a, "m.m", 0, NULL));
	must(name_acquire(b, "q.q", 0, NULL));
	must(name_acquire(a, "q.q", KDBUS_NAME_QUEUE, NULL));
	must(name_acquire(a, "a.a", 0, NULL));
	expect_text(list_text(b, NAMES | QUEUED, a->id), "z.z:20 m.m:20 q.q:c a.a:20");
	must(name_release(a, "m.m"));
	must(name_acquire(a, "m.m", 0, NULL));
	must(name_release(b, "q.q"));
	expect_text(list_text(b, NAMES | QUEUED, a->id), "z.z:20 q.q:24 a.a:20 m.m:20");
}

TEST("on a custom endpoint only names with SEE are listed")
{
	struct peer *inside;
	char path[240];
	union cmd cmd;
	int fd;

	peers();
	fd = endpoint_new(bus, "0-ep", KDBUS_MAKE_ACCESS_WORLD, path);
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "two.name");
	cmd_access(&cmd, KDBUS_POLICY_ACCESS_USER, KDBUS_POLICY_SEE, UID_A);
	cmd_text(&cmd, KDBUS_ITEM_NAME, "act.name");
	cmd_access(&cmd, KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_SEE, 0);
	must(call(fd, KDBUS_CMD_ENDPOINT_UPDATE, &cmd));
	inside = peer_new(bus, .path = path);
	expect_text(list_text(inside, ALL, a->id), "");
	expect_text(list_text(inside, ALL, b->id), "");
	expect_text(list_text(inside, ALL, activator->id), "act.name:30");
	/* the calling task's credentials count */
	become(UID_A);
	expect_text(list_text(inside, ALL, a->id), "two.name:20");
	become(0);
}

TEST("a list that does not fit gives EXFULL")
{
	struct kdbus_cmd_list cmd = { .size = sizeof(cmd), .flags = UNIQUE };
	struct peer *small;

	bus = bus_new();
	small = peer_new(bus, .pool = 4096);
	for (int i = 0; i < 170; i++)
		peer_new(bus, .pool = 4096);
	expect_errno(EXFULL, call(small->fd, KDBUS_CMD_LIST, &cmd));
	expect_eq(cmd.return_flags, 0);
	cmd.flags = NAMES;
	expect_ok(call(small->fd, KDBUS_CMD_LIST, &cmd));
}

TEST("a list may be taken while connections come and go")
{
	bus = bus_new();
	a = peer_new(bus);
	pid_t pid = child_start();

	if (!pid) {
		for (int i = 0; i < 300; i++) {
			struct peer *peer = peer_new(bus, .pool = 4096);

			must(name_acquire(peer, "a.b", KDBUS_NAME_QUEUE, NULL));
			peer_close(peer);
		}
		child_exit();
	}
	for (int i = 0; i < 300; i++)
		expect_text(list_text(a, ALL, a->id), "-");
	child_join(pid);
}
