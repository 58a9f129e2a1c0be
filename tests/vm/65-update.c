/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 18: UPDATE. */
#include "tests/vm/util.h"

static struct bus *bus;

#define WORLD KDBUS_POLICY_ACCESS_WORLD

static int update_policy(struct peer *peer, const char *name, __u64 type, __u64 access, __u64 id)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.cmd));
	if (name)
		cmd_text(&cmd, KDBUS_ITEM_NAME, name);
	if (type)
		cmd_access(&cmd, type, access, id);
	return call(peer->fd, KDBUS_CMD_UPDATE, &cmd);
}

TEST("each item is for some kinds of connections, EOPNOTSUPP for the others")
{
	enum { SEND, RECV, POLICY };
	static const struct {
		__u64 flags;
		int error[3];
	} cases[] = {
		{ 0, { 0, 0, EOPNOTSUPP } },
		{ KDBUS_HELLO_MONITOR, { 0, 0, EOPNOTSUPP } },
		{ KDBUS_HELLO_ACTIVATOR, { EOPNOTSUPP, 0, EOPNOTSUPP } },
		{ KDBUS_HELLO_POLICY_HOLDER, { EOPNOTSUPP, EOPNOTSUPP, 0 } },
	};

	bus = bus_new();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool named = cases[i].flags & (KDBUS_HELLO_ACTIVATOR | KDBUS_HELLO_POLICY_HOLDER);
		struct peer *peer = peer_new(bus, .flags = cases[i].flags, .name = named ? "a.b" : NULL);
		union cmd cmd;

		test_case("flags %llu", (unsigned long long)cases[i].flags);
		expect_errno(cases[i].error[SEND], update_attach(peer, KDBUS_ITEM_ATTACH_FLAGS_SEND, 1));
		expect_errno(cases[i].error[RECV], update_attach(peer, KDBUS_ITEM_ATTACH_FLAGS_RECV, 1));
		expect_errno(cases[i].error[POLICY], update_policy(peer, "a.b", WORLD, 1, 0));
		expect_errno(cases[i].error[POLICY], update_policy(peer, "a.b", 0, 0, 0));
		/* no items: nothing to do */
		cmd_init(&cmd, sizeof(cmd.cmd));
		expect_ok(call(peer->fd, KDBUS_CMD_UPDATE, &cmd));
		peer_close(peer);
	}
}

TEST("invalid masks give EINVAL and change nothing")
{
	static const __u64 wrong[] = { 1 << 14, ANY - 1, 1ULL << 63 };
	struct peer *a, *b;
	union cmd cmd;

	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .recv = KDBUS_ATTACH_PIDS);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		expect_errno(EINVAL, update_attach(b, KDBUS_ITEM_ATTACH_FLAGS_RECV, wrong[i]));
		expect_errno(EINVAL, update_attach(b, KDBUS_ITEM_ATTACH_FLAGS_SEND, wrong[i]));
		cmd_init(&cmd, sizeof(cmd.cmd));
		cmd_u64(&cmd, KDBUS_ITEM_ATTACH_FLAGS_RECV, KDBUS_ATTACH_CREDS);
		cmd_u64(&cmd, KDBUS_ITEM_ATTACH_FLAGS_SEND, wrong[i]);
		expect_errno(EINVAL, call(b->fd, KDBUS_CMD_UPDATE, &cmd));
	}
	must(send_to(a, b->id, 1));
	expect_text(msg_types(expect_message(b, 1)), "1002");
	expect_ok(update_attach(b, KDBUS_ITEM_ATTACH_FLAGS_RECV, ANY));
	expect_ok(update_attach(b, KDBUS_ITEM_ATTACH_FLAGS_RECV, 0));
	must(send_to(a, b->id, 2));
	expect_text(msg_types(expect_message(b, 2)), "");
}

TEST("the send mask takes effect in CONN_INFO at once")
{
	const struct kdbus_info *info;
	struct peer *a, *b;

	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus);
	must(conn_info(b, a->id, NULL, ANY, &info));
	expect_eq(info->size, 24);
	must(update_attach(a, KDBUS_ITEM_ATTACH_FLAGS_SEND, KDBUS_ATTACH_CREDS));
	must(conn_info(b, a->id, NULL, ANY, &info));
	expect_text(item_types(info, info->items, info->size), "1001");
}

TEST("both masks can be changed in one command")
{
	const struct kdbus_info *info;
	struct peer *a;
	union cmd cmd;

	bus = bus_new();
	a = peer_new(bus);
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_u64(&cmd, KDBUS_ITEM_ATTACH_FLAGS_RECV, KDBUS_ATTACH_CREDS);
	cmd_u64(&cmd, KDBUS_ITEM_ATTACH_FLAGS_SEND, KDBUS_ATTACH_PIDS);
	expect_ok(call(a->fd, KDBUS_CMD_UPDATE, &cmd));
	must(conn_info(a, a->id, NULL, ANY, &info));
	expect_text(item_types(info, info->items, info->size), "1002");
	must(send_to(a, a->id, 1));
	expect_text(msg_types(expect_message(a, 1)), "1001");
}

static bool stop;

static void *update_recv(void *data)
{
	__u64 n = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		must(update_attach(data, KDBUS_ITEM_ATTACH_FLAGS_RECV, n++ % 2));
	return NULL;
}

TEST("what changes one mask leaves the other to whoever changes that at the same time")
{
	static const char *const types[] = { "1001", "1002" };
	static const __u64 masks[] = { KDBUS_ATTACH_CREDS, KDBUS_ATTACH_PIDS };
	const struct kdbus_info *info;
	pthread_t thread;
	struct peer *a;

	bus = bus_new();
	a = peer_new(bus);
	must(-pthread_create(&thread, NULL, update_recv, a));
	for (int i = 0; i < 4000 && !test_failures(); i++) {
		must(update_attach(a, KDBUS_ITEM_ATTACH_FLAGS_SEND, masks[i % 2]));
		usleep(i % 8);
		must(conn_info(a, a->id, NULL, ANY, &info));
		expect_text(item_types(info, info->items, info->size), types[i % 2]);
		must(peer_free(a, (const __u8 *)info - a->pool));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	must(-pthread_join(thread, NULL));
}

static struct peer *owner, *stranger;

/* Whether the stranger may own a name. */
static int try_own(const char *name)
{
	int r;

	become(UID_A);
	r = name_acquire(stranger, name, 0, NULL);
	if (!r)
		must(name_release(stranger, name));
	become(0);
	return r;
}

static void policy_peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	owner = peer_new(bus);
	stranger = peer_new(bus, .uid = UID_A);
}

TEST("a policy holder replaces all it installed, the name may differ")
{
	struct peer *holder;

	policy_peers();
	holder = holder_new(bus, "a.b", .access = { WORLD, KDBUS_POLICY_OWN, 0 });
	expect_ok(try_own("a.b"));
	expect_errno(EPERM, try_own("c.d"));
	expect_ok(update_policy(holder, "c.d", WORLD, KDBUS_POLICY_OWN, 0));
	expect_errno(EPERM, try_own("a.b"));
	expect_ok(try_own("c.d"));
	/* the old name is free for others */
	peer_close(holder_new(bus, "a.b"));
	/* the same name again is no conflict with oneself */
	expect_ok(update_policy(holder, "c.d", WORLD, KDBUS_POLICY_TALK, 0));
	expect_errno(EPERM, try_own("c.d"));
	/* a name alone grants nothing but covers the name */
	expect_ok(update_policy(holder, "c.d", 0, 0, 0));
	expect_errno(EPERM, try_own("c.d"));
	expect_ok(update_policy(holder, "e.f.*", WORLD, KDBUS_POLICY_OWN, 0));
	expect_ok(try_own("e.f.g"));
	expect_errno(EPERM, try_own("e.f"));
	peer_close(holder);
	expect_errno(EPERM, try_own("e.f.g"));
}

TEST("a failed policy update changes nothing")
{
	struct peer *holder;
	union cmd cmd;

	policy_peers();
	holder = holder_new(bus, "a.b", .access = { WORLD, KDBUS_POLICY_OWN, 0 });
	holder_new(bus, "taken.name");
	expect_errno(EEXIST, update_policy(holder, "taken.name", WORLD, KDBUS_POLICY_OWN, 0));
	expect_ok(try_own("a.b"));
	expect_errno(EINVAL, update_policy(holder, "nodot", WORLD, KDBUS_POLICY_OWN, 0));
	expect_errno(EINVAL, update_policy(holder, "a.b", WORLD, 3, 0));
	expect_errno(EINVAL, update_policy(holder, "a.b", 4, KDBUS_POLICY_OWN, 0));
	expect_errno(EINVAL, update_policy(holder, "a.b", KDBUS_POLICY_ACCESS_USER, KDBUS_POLICY_OWN, 0xffffffff));
	expect_errno(EINVAL, update_policy(holder, NULL, WORLD, KDBUS_POLICY_OWN, 0));
	expect_ok(try_own("a.b"));
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "x.y");
	cmd_access(&cmd, WORLD, KDBUS_POLICY_OWN, 0);
	cmd_text(&cmd, KDBUS_ITEM_NAME, "x.z");
	expect_errno(E2BIG, call(holder->fd, KDBUS_CMD_UPDATE, &cmd));
	expect_ok(try_own("a.b"));
	expect_errno(EPERM, try_own("x.y"));
	/* the name that was taken is still the other one's */
	expect_errno(EPERM, try_own("taken.name"));
}

TEST("many accesses under one name are all installed")
{
	struct peer *holder;
	union cmd cmd;

	policy_peers();
	holder = holder_new(bus, "a.b");
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "a.b");
	for (unsigned i = 0; i < 200; i++)
		cmd_access(&cmd, KDBUS_POLICY_ACCESS_USER, KDBUS_POLICY_OWN, 5000 + i);
	expect_ok(call(holder->fd, KDBUS_CMD_UPDATE, &cmd));
	expect_errno(EPERM, try_own("a.b"));
	cmd_access(&cmd, KDBUS_POLICY_ACCESS_USER, KDBUS_POLICY_OWN, UID_A);
	expect_ok(call(holder->fd, KDBUS_CMD_UPDATE, &cmd));
	expect_ok(try_own("a.b"));
}

TEST("the right to update is the descriptor, whoever uses it")
{
	struct peer *holder;

	policy_peers();
	holder = holder_new(bus, "a.b");
	become(UID_A);
	expect_ok(update_policy(holder, "a.b", KDBUS_POLICY_ACCESS_USER, KDBUS_POLICY_OWN, UID_A));
	become(0);
	expect_ok(try_own("a.b"));
}
