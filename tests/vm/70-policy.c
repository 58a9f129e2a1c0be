/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 19: who may own, talk and see; three users and custom endpoints. */
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tests/vm/util.h"

#define USER KDBUS_POLICY_ACCESS_USER
#define GROUP KDBUS_POLICY_ACCESS_GROUP
#define WORLD KDBUS_POLICY_ACCESS_WORLD
#define SEE KDBUS_POLICY_SEE
#define TALK KDBUS_POLICY_TALK
#define OWN KDBUS_POLICY_OWN

static struct bus *bus;
static struct peer *a, *b, *c;	/* of UID_A, UID_B and UID_C; root owns the bus */

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus, .uid = UID_A);
	b = peer_new(bus, .uid = UID_B);
	c = peer_new(bus, .uid = UID_C);
}

static int acquire_as(unsigned uid, struct peer *peer, const char *name)
{
	int r;

	become(uid);
	r = name_acquire(peer, name, 0, NULL);
	become(0);
	return r;
}

static int send_as(unsigned uid, struct peer *peer, __u64 dst, __u64 cookie)
{
	int r;

	become(uid);
	r = send_to(peer, dst, cookie);
	become(0);
	return r;
}

static int send_name_as(unsigned uid, struct peer *peer, const char *name, __u64 cookie)
{
	int r;

	become(uid);
	r = send_name(peer, name, cookie);
	become(0);
	return r;
}

TEST("without any policy only the bus owner and equal users talk, and only the owner owns")
{
	struct peer *root, *twin;

	peers();
	root = peer_new(bus);
	twin = peer_new(bus, .uid = UID_A);
	expect_errno(EPERM, send_as(UID_A, a, b->id, 1));
	expect_errno(EPERM, send_as(UID_A, a, root->id, 1));
	expect_ok(send_as(UID_A, a, twin->id, 1));
	expect_ok(send_as(UID_A, a, a->id, 1));
	expect_ok(send_to(root, a->id, 2));
	expect_ok(send_to(root, b->id, 2));
	expect_errno(EPERM, acquire_as(UID_A, a, "a.b"));
	expect_ok(name_acquire(root, "a.b", 0, NULL));
	expect_errno(EPERM, send_name_as(UID_A, a, "a.b", 3));
}

TEST("a bus of a user is that user's, and root's")
{
	struct peer *mine, *root;

	become(UID_A);
	bus = bus_new(.name = "1001-mine", .flags = KDBUS_MAKE_ACCESS_WORLD);
	become(0);
	mine = peer_new(bus, .uid = UID_A);
	b = peer_new(bus, .uid = UID_B);
	root = peer_new(bus);
	expect_ok(acquire_as(UID_A, mine, "a.b"));
	expect_ok(name_acquire(root, "c.d", 0, NULL));
	expect_errno(EPERM, acquire_as(UID_B, b, "e.f"));
	expect_ok(send_as(UID_A, mine, b->id, 1));
	expect_errno(EPERM, send_as(UID_B, b, mine->id, 1));
}

TEST("privilege is the capability at open time, not that of the calling task")
{
	struct peer *root;

	peers();
	root = peer_new(bus);
	/* opened by root, used by somebody else */
	expect_ok(send_as(UID_A, root, b->id, 1));
	expect_ok(acquire_as(UID_A, root, "a.b"));
	/* opened by somebody else, used by root: uid 0 talks to uid 0 only */
	expect_errno(EPERM, send_to(a, b->id, 1));
	expect_ok(send_to(a, root->id, 1));
	expect_errno(EPERM, name_acquire(a, "c.d", 0, NULL));
}

/* Takes CAP_IPC_OWNER from, or leaves only it to, the calling process. */
static void keep_ipc_owner(bool keep)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	must_sys(syscall(SYS_capget, &header, data));
	if (keep)
		memset(data, 0, sizeof(data));
	for (int set = 0; set < 2; set++) {
		__u32 *word = set ? &data[0].permitted : &data[0].effective;

		*word = keep ? *word | 1 << CAP_IPC_OWNER : *word & ~(1 << CAP_IPC_OWNER);
	}
	must_sys(syscall(SYS_capset, &header, data));
}

TEST("privilege is CAP_IPC_OWNER, not uid 0; ownership is the uid")
{
	struct peer_options monitor = { .flags = KDBUS_HELLO_MONITOR };
	struct bus *roots;
	struct peer *peer;
	pid_t pid;

	become(UID_A);
	bus = bus_new(.name = "1001-mine", .flags = KDBUS_MAKE_ACCESS_WORLD);
	become(0);
	roots = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	pid = child_start();
	if (!pid) {
		keep_ipc_owner(false);
		expect_errno(EPERM, peer_try(bus, monitor, &peer));
		expect_errno(EPERM, name_acquire(peer_new(bus), "a.b", 0, NULL));
		expect_ok(peer_try(roots, monitor, &peer));
		expect_ok(name_acquire(peer_new(roots), "a.b", 0, NULL));
		child_exit();
	}
	child_join(pid);
	pid = child_start();
	if (!pid) {
		prctl(PR_SET_KEEPCAPS, 1);
		become_for_good(UID_B);
		keep_ipc_owner(true);
		expect_ok(peer_try(roots, monitor, &peer));
		expect_ok(peer_try(bus, monitor, &peer));
		expect_ok(name_acquire(peer_new(bus), "a.b", 0, NULL));
		child_exit();
	}
	child_join(pid);
}

/* one policy for a name, asked by each user */

struct grant {
	__u64 type, access, id;
};

static const struct {
	const char *what;
	struct grant grants[3];
	/* of UID_A, UID_B, UID_C on the name: 0 nothing, 1 talk, 2 own */
	int rights[3];
} policies[] = {
	{ "nothing", {}, { 0, 0, 0 } },
	{ "user owns", { { USER, OWN, UID_A } }, { 2, 0, 0 } },
	{ "user talks", { { USER, TALK, UID_A } }, { 1, 0, 0 } },
	{ "user sees", { { USER, SEE, UID_A } }, { 0, 0, 0 } },
	{ "world owns", { { WORLD, OWN, 0 } }, { 2, 2, 2 } },
	{ "world talks", { { WORLD, TALK, 77 } }, { 1, 1, 1 } },
	{ "world sees", { { WORLD, SEE, 0 } }, { 0, 0, 0 } },
	{ "group owns", { { GROUP, OWN, UID_B } }, { 0, 2, 0 } },
	{ "group talks", { { GROUP, TALK, UID_B } }, { 0, 1, 0 } },
	{ "supplementary group", { { GROUP, OWN, 4000 } }, { 0, 0, 2 } },
	{ "a uid is no gid", { { GROUP, OWN, 4001 } }, { 0, 0, 0 } },
	{ "highest wins", { { USER, OWN, UID_A }, { WORLD, TALK, 0 } }, { 2, 1, 1 } },
	{ "highest wins, other order", { { WORLD, TALK, 0 }, { USER, OWN, UID_A } }, { 2, 1, 1 } },
	{ "a lower grant takes nothing", { { WORLD, OWN, 0 }, { USER, SEE, UID_A } }, { 2, 2, 2 } },
	{ "three users", { { USER, OWN, UID_A }, { USER, TALK, UID_B }, { USER, SEE, UID_C } }, { 2, 1, 0 } },
};

/* UID_C is in group 4000 as well. */
static void become_member(unsigned uid)
{
	gid_t groups[] = { 4000 };

	if (uid == UID_C) {
		must_sys(setgroups(1, groups));
		must_sys(setresgid(uid, uid, 0));
		must_sys(setresuid(uid, uid, 0));
	} else {
		become(uid);
	}
}

TEST("grants to users, groups and the world")
{
	static const unsigned uids[] = { UID_A, UID_B, UID_C };

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct peer *who[3], *holder, *root;
		union cmd cmd;

		peers();
		who[0] = a;
		who[1] = b;
		who[2] = c;
		root = peer_new(bus);
		holder = holder_new(bus, "the.name");
		cmd_init(&cmd, sizeof(cmd.cmd));
		cmd_text(&cmd, KDBUS_ITEM_NAME, "the.name");
		for (int g = 0; g < 3 && policies[i].grants[g].type; g++)
			cmd_access(&cmd, policies[i].grants[g].type, policies[i].grants[g].access,
				   policies[i].grants[g].id);
		must(call(holder->fd, KDBUS_CMD_UPDATE, &cmd));
		for (int u = 0; u < 3; u++) {
			int r;

			test_case("%s, user %u", policies[i].what, uids[u]);
			become_member(uids[u]);
			r = name_acquire(who[u], "the.name", 0, NULL);
			expect_errno(policies[i].rights[u] >= 2 ? 0 : EPERM, r);
			if (!r)
				must(name_release(who[u], "the.name"));
			expect_errno(EPERM, name_acquire(who[u], "other.name", 0, NULL));
			become(0);
			must(name_acquire(root, "the.name", 0, NULL));
			become_member(uids[u]);
			r = policies[i].rights[u] >= 1 ? 0 : EPERM;
			expect_errno(r, send_name(who[u], "the.name", 1));
			/* a grant on a name opens the connection, by id too */
			expect_errno(r, send_to(who[u], root->id, 2));
			become(0);
			must(name_release(root, "the.name"));
			become_member(uids[u]);
			expect_errno(EPERM, send_to(who[u], root->id, 3));
			become(0);
		}
		bus_close(bus);
	}
}

TEST("grants go by effective ids, ownership too")
{
	struct peer *root, *peer, *gone;

	peers();
	root = peer_new(bus);
	holder_new(bus, "users.name", .access = { USER, OWN, UID_A });
	holder_new(bus, "groups.name", .access = { GROUP, OWN, UID_A });
	peer = peer_new(bus, .uid = UID_C);
	must_sys(setresgid(UID_B, UID_A, 0));
	must_sys(setresuid(UID_B, UID_A, 0));
	expect_ok(name_acquire(peer, "users.name", 0, NULL));
	expect_ok(name_acquire(peer, "groups.name", 0, NULL));
	must(name_release(peer, "users.name"));
	must(name_release(peer, "groups.name"));
	must_sys(setresuid(0, 0, 0));
	must_sys(setresgid(UID_A, UID_B, 0));
	must_sys(setresuid(UID_A, UID_B, 0));
	expect_errno(EPERM, name_acquire(peer, "users.name", 0, NULL));
	expect_errno(EPERM, name_acquire(peer, "groups.name", 0, NULL));
	expect_errno(EPERM, send_to(peer, root->id, 1));
	become(0);

	become(UID_A);
	bus = bus_new(.name = "1001-mine", .flags = KDBUS_MAKE_ACCESS_WORLD);
	become(0);
	must_sys(setresuid(UID_B, UID_A, 0));
	expect_ok(peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_MONITOR }, &gone));
	must_sys(setresuid(0, 0, 0));
	must_sys(setresuid(UID_A, UID_B, 0));
	expect_errno(EPERM, peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_MONITOR }, &gone));
	must_sys(setresuid(0, 0, 0));
}

TEST("a grant on any name opens the connection, by id and by all its names")
{
	struct peer *root;

	peers();
	root = peer_new(bus);
	holder_new(bus, "open.name", .access = { WORLD, TALK, 0 });
	must(name_acquire(root, "closed.name", 0, NULL));
	expect_errno(EPERM, send_name_as(UID_A, a, "closed.name", 1));
	must(name_acquire(root, "open.name", 0, NULL));
	expect_ok(send_name_as(UID_A, a, "closed.name", 2));
	expect_ok(send_as(UID_A, a, root->id, 3));
	must(name_release(root, "open.name"));
	expect_errno(EPERM, send_name_as(UID_A, a, "closed.name", 4));
}

TEST("queued names open nothing, activator-held ones do")
{
	struct peer *root, *second;

	peers();
	root = peer_new(bus);
	second = peer_new(bus);
	holder_new(bus, "open.name", .access = { WORLD, TALK, 0 });
	must(name_acquire(root, "open.name", 0, NULL));
	must(name_acquire(second, "open.name", KDBUS_NAME_QUEUE, NULL));
	expect_errno(EPERM, send_as(UID_A, a, second->id, 1));
	must(name_release(root, "open.name"));
	expect_ok(send_as(UID_A, a, second->id, 2));
	/* an activator brings its own entry */
	activator_new(bus, "act.name", .access = { WORLD, TALK, 0 });
	expect_ok(send_name_as(UID_A, a, "act.name", 3));
	activator_new(bus, "act.closed");
	expect_errno(EPERM, send_name_as(UID_A, a, "act.closed", 4));
	/* its policy stays for whoever owns the name */
	must(name_acquire(root, "act.name", 0, NULL));
	expect_ok(send_name_as(UID_A, a, "act.name", 5));
	expect_ok(send_as(UID_A, a, root->id, 6));
}

TEST("wildcards cover one more element, and an exact entry hides them")
{
	static const struct {
		const char *name;
		bool granted;
	} cases[] = {
		{ "foo.bar.x", true }, { "foo.bar.y", true }, { "foo.bar.hidden", false }, { "foo.bar", false },
		{ "foo.bar.x.y", false }, { "foo.barx", false }, { "foo.x", false }, { "foo.bar.x-y_z", true },
		{ "foo.bar.given", true },
	};

	peers();
	holder_new(bus, "foo.bar.*", .access = { WORLD, OWN, 0 });
	/* an exact entry that grants nothing */
	holder_new(bus, "foo.bar.hidden");
	holder_new(bus, "foo.bar.given", .access = { USER, OWN, UID_A });
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("%s", cases[i].name);
		expect_errno(cases[i].granted ? 0 : EPERM, acquire_as(UID_A, a, cases[i].name));
	}
	expect_errno(EPERM, acquire_as(UID_B, b, "foo.bar.given"));
	/* "a.b.c", "a.b.c.*" and "a.b.*" are three entries */
	holder_new(bus, "foo.bar.x.*");
	holder_new(bus, "foo.bar");
}

TEST("entries vanish with their holder, at once")
{
	struct peer *holder, *activator;

	peers();
	holder = holder_new(bus, "a.b", .access = { WORLD, OWN, 0 });
	expect_ok(acquire_as(UID_A, a, "a.b"));
	expect_ok(send_name_as(UID_B, b, "a.b", 1));
	peer_close(holder);
	expect_errno(EPERM, send_name_as(UID_B, b, "a.b", 2));
	expect_errno(EPERM, acquire_as(UID_B, b, "a.b"));
	activator = activator_new(bus, "x.y", .access = { USER, OWN, UID_A });
	expect_ok(acquire_as(UID_A, a, "x.y"));
	peer_close(activator);
	expect_errno(EPERM, acquire_as(UID_A, a, "x.z"));
	expect_errno(EPERM, acquire_as(UID_A, a, "x.y"));
}

TEST("the same user may talk: sender's effective uid against the receiver's real uid")
{
	struct peer *mixed;

	peers();
	/* opened with real A, effective B */
	must_sys(setresuid(UID_A, UID_B, 0));
	mixed = peer_new(bus);
	must_sys(setresuid(0, 0, 0));
	expect_ok(send_as(UID_A, a, mixed->id, 1));
	expect_errno(EPERM, send_as(UID_B, b, mixed->id, 1));
	/* the task's effective uid now */
	must_sys(setresuid(UID_A, UID_B, 0));
	expect_ok(send_to(a, b->id, 2));
	expect_errno(EPERM, send_to(a, a->id, 2));
	must_sys(setresuid(0, 0, 0));
}

TEST("the credentials of the task count for sending, those of the opener for receiving")
{
	peers();
	must(match_all(a, 1));
	/* a sends as UID_B: equal to b */
	expect_ok(send_as(UID_B, a, b->id, 1));
	/* a receives as its opener, UID_A: nothing of b's */
	drain(a);
	become(UID_A);
	must(send_broadcast(b, 2));
	become(0);
	expect_nothing(a);
	become(UID_B);
	must(send_broadcast(a, 3));
	become(0);
	expect_message(a, 3);
}

/* custom endpoints */

static int endpoint_fd;
static char endpoint_path[240];

static void endpoint_peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	endpoint_fd = endpoint_new(bus, "0-ep", KDBUS_MAKE_ACCESS_WORLD, endpoint_path);
	a = peer_new(bus, .uid = UID_A, .path = endpoint_path);
	b = peer_new(bus, .uid = UID_B);
	c = peer_new(bus);
}

static void endpoint_policy(const char *name, __u64 type, __u64 access, __u64 id)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, name);
	cmd_access(&cmd, type, access, id);
	must(call(endpoint_fd, KDBUS_CMD_ENDPOINT_UPDATE, &cmd));
}

TEST("on a custom endpoint OWN needs the endpoint's and the bus's grant")
{
	struct peer *root;

	endpoint_peers();
	expect_errno(EPERM, acquire_as(UID_A, a, "a.b"));
	endpoint_policy("a.b", USER, OWN, UID_A);
	expect_errno(EPERM, acquire_as(UID_A, a, "a.b"));
	holder_new(bus, "a.b", .access = { USER, OWN, UID_A });
	expect_ok(acquire_as(UID_A, a, "a.b"));
	endpoint_policy("a.b", USER, TALK, UID_A);
	expect_errno(EPERM, acquire_as(UID_A, a, "a.b"));
	/* nobody is an owner there, not even root */
	root = peer_new(bus, .path = endpoint_path);
	endpoint_policy("x.y", WORLD, OWN, 0);
	expect_errno(EPERM, name_acquire(root, "x.y", 0, NULL));
}

TEST("on a custom endpoint TALK needs both grants, or the endpoint's and the same user")
{
	struct peer *twin;

	endpoint_peers();
	must(name_acquire(c, "a.b", 0, NULL));
	expect_errno(EPERM, send_name_as(UID_A, a, "a.b", 1));
	endpoint_policy("a.b", WORLD, TALK, 0);
	expect_errno(EPERM, send_name_as(UID_A, a, "a.b", 1));
	holder_new(bus, "a.b", .access = { USER, TALK, UID_A });
	expect_ok(send_name_as(UID_A, a, "a.b", 1));
	expect_ok(send_as(UID_A, a, c->id, 2));
	endpoint_policy("a.b", USER, SEE, UID_A);
	expect_errno(EPERM, send_name_as(UID_A, a, "a.b", 3));
	/* the same user, with a name the endpoint lets through */
	twin = peer_new(bus, .uid = UID_A);
	expect_errno(EPERM, send_as(UID_A, a, twin->id, 4));
	holder_new(bus, "own.name", .access = { USER, OWN, UID_A });
	endpoint_policy("own.name", USER, TALK, UID_A);
	expect_errno(EPERM, send_as(UID_A, a, twin->id, 5));
	expect_ok(acquire_as(UID_A, twin, "own.name"));
	expect_ok(send_as(UID_A, a, twin->id, 6));
}

TEST("on a custom endpoint one sees what the endpoint shows: SEE, TALK or OWN")
{
	static const __u64 accesses[] = { SEE, TALK, OWN };
	const struct kdbus_info *info;

	for (int i = 0; i < 3; i++) {
		test_case("access %d", i);
		endpoint_peers();
		must(name_acquire(c, "a.b", 0, NULL));
		must(name_acquire(c, "c.d", 0, NULL));
		endpoint_policy("a.b", USER, accesses[i], UID_A);
		become(UID_A);
		expect_text(list_text(a, KDBUS_LIST_NAMES, c->id), "a.b:20");
		expect_ok(conn_info(a, 0, "a.b", 0, &info));
		expect_ok(conn_info(a, c->id, NULL, 0, &info));
		expect_errno(ESRCH, conn_info(a, 0, "c.d", 0, &info));
		become(UID_B);
		expect_errno(ENXIO, conn_info(a, c->id, NULL, 0, &info));
		become(0);
		/* the default endpoint hides nothing */
		expect_text(list_text(b, KDBUS_LIST_NAMES, c->id), "a.b:20 c.d:20");
		bus_close(bus);
	}
}

TEST("wildcards work in the policy of an endpoint")
{
	endpoint_peers();
	must(name_acquire(c, "a.b.c", 0, NULL));
	must(name_acquire(c, "a.b", 0, NULL));
	endpoint_policy("a.b.*", WORLD, SEE, 0);
	expect_text(list_text(a, KDBUS_LIST_NAMES, c->id), "a.b.c:20");
}

TEST("broadcasts to custom endpoints need TALK to their sender, with the opener's credentials")
{
	endpoint_peers();
	must(match_u64(a, 1, KDBUS_ITEM_ID, ANY));
	must(name_acquire(c, "a.b", 0, NULL));
	must(send_broadcast(c, 1));
	expect_nothing(a);
	endpoint_policy("a.b", USER, TALK, UID_A);
	must(send_broadcast(c, 2));
	expect_nothing(a);
	holder_new(bus, "a.b", .access = { USER, TALK, UID_A });
	must(send_broadcast(c, 3));
	expect_message(a, 3);
	/* from the endpoint outwards: the owner hears it */
	must(match_u64(c, 1, KDBUS_ITEM_ID, ANY));
	become(UID_A);
	must(send_broadcast(a, 4));
	become(0);
	expect_message(c, 4);
}

TEST("policy ids are those of the installer's user namespace")
{
	pid_t pid;

	become(UID_A);
	bus = bus_new(.name = "1001-ns", .flags = KDBUS_MAKE_ACCESS_WORLD);
	become(0);
	b = peer_new(bus, .uid = UID_B);
	pid = child_start();
	if (!pid) {
		struct peer *holder, *gone;

		become_for_good(UID_A);
		if (userns_enter(UID_A) < 0)
			test_skip("user namespaces are not available");
		/* 0 in here is UID_A, nothing else exists */
		expect_errno(EINVAL, peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_POLICY_HOLDER,
			     .name = "a.b", .access = { USER, OWN, UID_B } }, &gone));
		expect_errno(EINVAL, peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_POLICY_HOLDER,
			     .name = "a.b", .access = { GROUP, OWN, UID_B } }, &gone));
		holder = holder_new(bus, "a.b", .access = { USER, OWN, 0 });
		expect(holder->id > 0);
		/* an owner in a nested namespace is the owner, if not privileged */
		expect_ok(name_acquire(peer_new(bus), "x.y", 0, NULL));
		child_exit();
	}
	child_join(pid);
}

TEST("root of a nested user namespace is not privileged on a bus of the parent")
{
	pid_t pid;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	pid = child_start();
	if (!pid) {
		struct peer *inside, *gone;

		become_for_good(UID_A);
		if (userns_enter(UID_A) < 0)
			test_skip("user namespaces are not available");
		inside = peer_new(bus);
		expect_errno(EPERM, name_acquire(inside, "a.b", 0, NULL));
		expect_errno(EPERM, peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_MONITOR }, &gone));
		child_exit();
	}
	child_join(pid);
}
