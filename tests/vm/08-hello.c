/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 8: becoming a connection. */
#include <sys/resource.h>

#include "tests/vm/util.h"

static struct bus *bus;

static void hello_init(union cmd *cmd)
{
	cmd_init(cmd, sizeof(cmd->hello));
	cmd->hello.pool_size = MIB;
}

/* HELLO on a fresh handle that @uid opened; the connection is closed again. */
static int try_hello_at(const char *path, unsigned uid, union cmd *cmd)
{
	int fd, r;

	if (uid)
		become(uid);
	fd = must_sys(open(path, O_RDWR | O_CLOEXEC));
	if (uid)
		become(0);
	r = call(fd, KDBUS_CMD_HELLO, cmd);
	close(fd);
	return r;
}

static int try_hello(union cmd *cmd)
{
	return try_hello_at(bus->path, 0, cmd);
}

TEST("the pool is a non-zero number of pages")
{
	static const struct {
		__u64 size;
		int error;
	} cases[] = {
		{ 4096, 0 }, { 8192, 0 }, { 16 * MIB, 0 }, { 0, EINVAL }, { 1, EINVAL }, { 4095, EINVAL },
		{ 4097, EINVAL }, { 6144, EINVAL }, { ~0ULL, EINVAL },
	};
	union cmd cmd;

	bus = bus_new();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("pool of %llu", (unsigned long long)cases[i].size);
		hello_init(&cmd);
		cmd.hello.pool_size = cases[i].size;
		expect_errno(cases[i].error, try_hello(&cmd));
	}
}

TEST("kinds exclude each other; names belong to activators and policy holders")
{
	enum { AC = KDBUS_HELLO_ACTIVATOR, PO = KDBUS_HELLO_POLICY_HOLDER, MO = KDBUS_HELLO_MONITOR, FD = KDBUS_HELLO_ACCEPT_FD };
	static const struct {
		__u64 flags;
		const char *name;
		int error;
	} cases[] = {
		{ 0, NULL, 0 }, { FD, NULL, 0 }, { MO, NULL, 0 }, { MO | FD, NULL, 0 }, { AC, "a.b", 0 },
		{ AC | FD, "a.b", 0 }, { PO, "a.b", 0 }, { PO, "a.b.*", 0 }, { AC | PO, "a.b", EINVAL },
		{ AC | MO, "a.b", EINVAL }, { PO | MO, "a.b", EINVAL }, { AC | PO | MO, "a.b", EINVAL },
		{ 0, "a.b", EINVAL }, { FD, "a.b", EINVAL }, { MO, "a.b", EINVAL }, { AC, NULL, EINVAL },
		{ PO, NULL, EINVAL }, { AC, "ab", EINVAL }, { AC, "a..b", EINVAL }, { AC, ".a.b", EINVAL },
		{ PO, "a.1b", EINVAL }, { PO, "*", EINVAL }, { PO, "a.*.b", EINVAL }, { AC, "a.b.*", EINVAL },
		{ AC, "a.*", EINVAL }, { PO, "a.*", 0 }, { PO, "a.b*", EINVAL },
	};
	union cmd cmd;

	bus = bus_new();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("flags 0x%llx name %s", (unsigned long long)cases[i].flags, cases[i].name ?: "-");
		hello_init(&cmd);
		cmd.flags = cases[i].flags;
		if (cases[i].name)
			cmd_text(&cmd, KDBUS_ITEM_NAME, cases[i].name);
		expect_errno(cases[i].error, try_hello(&cmd));
	}
}

TEST("special kinds and faked credentials are for owners of the bus")
{
	static const __u64 kinds[] = { KDBUS_HELLO_ACTIVATOR, KDBUS_HELLO_POLICY_HOLDER, KDBUS_HELLO_MONITOR };
	static const struct {
		__u64 type;
		size_t size;
	} fakes[] = {
		{ KDBUS_ITEM_CREDS, 64 }, { KDBUS_ITEM_PIDS, 24 }, { KDBUS_ITEM_SECLABEL, 6 },
	};
	union cmd cmd;

	become(UID_A);
	bus = bus_new(.name = "1001-mine", .flags = KDBUS_MAKE_ACCESS_WORLD);
	become(0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		test_case("kind %llu", (unsigned long long)kinds[i]);
		hello_init(&cmd);
		cmd.flags = kinds[i];
		if (kinds[i] != KDBUS_HELLO_MONITOR)
			cmd_text(&cmd, KDBUS_ITEM_NAME, "a.b");
		expect_errno(EPERM, try_hello_at(bus->path, UID_B, &cmd));
		cmd.flags = kinds[i];
		expect_ok(try_hello_at(bus->path, UID_A, &cmd));
		cmd.flags = kinds[i];
		expect_ok(try_hello_at(bus->path, 0, &cmd));
	}
	for (size_t i = 0; i < ARRAY_SIZE(fakes); i++) {
		/* "label", and zeroes for the rest: uid 0, no pids */
		char payload[64] = "";

		if (fakes[i].type == KDBUS_ITEM_SECLABEL)
			strcpy(payload, "label");
		test_case("item 0x%llx", (unsigned long long)fakes[i].type);
		hello_init(&cmd);
		cmd_item(&cmd, fakes[i].type, payload, fakes[i].size);
		expect_errno(EPERM, try_hello_at(bus->path, UID_B, &cmd));
		expect_ok(try_hello_at(bus->path, UID_A, &cmd));
		expect_ok(try_hello_at(bus->path, 0, &cmd));
	}
}

TEST("on custom endpoints nobody is special")
{
	char path[240], creds[64] = "";
	union cmd cmd;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	endpoint_new(bus, "0-ep", KDBUS_MAKE_ACCESS_WORLD, path);
	hello_init(&cmd);
	cmd.flags = KDBUS_HELLO_MONITOR;
	expect_errno(EOPNOTSUPP, try_hello_at(path, 0, &cmd));
	expect_errno(EOPNOTSUPP, try_hello_at(path, UID_A, &cmd));
	hello_init(&cmd);
	cmd_text(&cmd, KDBUS_ITEM_NAME, "a.b");
	cmd.flags = KDBUS_HELLO_ACTIVATOR;
	expect_errno(EPERM, try_hello_at(path, 0, &cmd));
	cmd.flags = KDBUS_HELLO_POLICY_HOLDER;
	expect_errno(EPERM, try_hello_at(path, 0, &cmd));
	hello_init(&cmd);
	cmd_item(&cmd, KDBUS_ITEM_CREDS, creds, sizeof(creds));
	expect_errno(EPERM, try_hello_at(path, 0, &cmd));
	hello_init(&cmd);
	expect_ok(try_hello_at(path, 0, &cmd));
}

TEST("attach flags are the fourteen, or ANY")
{
	static const struct {
		__u64 send, recv;
		int error;
	} cases[] = {
		{ 0, 0, 0 }, { _KDBUS_ATTACH_ALL, _KDBUS_ATTACH_ALL, 0 }, { ANY, ANY, 0 }, { 1 << 14, 0, EINVAL },
		{ 0, 1 << 14, EINVAL }, { ANY - 1, 0, EINVAL }, { 0, ANY << 1, EINVAL }, { 0, NEGOTIATE, EINVAL },
	};
	union cmd cmd;

	bus = bus_new();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("row %zu", i);
		hello_init(&cmd);
		cmd.hello.attach_flags_send = cases[i].send;
		cmd.hello.attach_flags_recv = cases[i].recv;
		expect_errno(cases[i].error, try_hello(&cmd));
	}
}

TEST("checks come in order: pool, kinds, names, monitor, privilege, attach flags")
{
	char path[240];
	union cmd cmd;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	endpoint_new(bus, "0-ep", KDBUS_MAKE_ACCESS_WORLD, path);
	/* a bad pool hides everything that would not be EINVAL */
	hello_init(&cmd);
	cmd.flags = KDBUS_HELLO_MONITOR;
	cmd.hello.pool_size = 5;
	expect_errno(EINVAL, try_hello_at(path, UID_A, &cmd));
	/* a name is judged before the privilege */
	hello_init(&cmd);
	cmd.flags = KDBUS_HELLO_ACTIVATOR;
	cmd_text(&cmd, KDBUS_ITEM_NAME, "nodot");
	expect_errno(EINVAL, try_hello_at(bus->path, UID_A, &cmd));
	/* a monitor on a custom endpoint before the missing privilege */
	hello_init(&cmd);
	cmd.flags = KDBUS_HELLO_MONITOR;
	cmd.hello.attach_flags_send = 1ULL << 40;
	expect_errno(EOPNOTSUPP, try_hello_at(path, UID_A, &cmd));
	/* the privilege before attach flags */
	expect_errno(EPERM, try_hello_at(bus->path, UID_A, &cmd));
	expect_errno(EINVAL, try_hello_at(bus->path, 0, &cmd));
}

TEST("faked ids must exist for the caller")
{
	static const struct {
		__u64 uid, gid;
		int error;
	} creds[] = {
		{ 0, 0, 0 }, { 4242, 4343, 0 }, { 0xffffffff, 0xffffffff, 0 },
	};
	struct kdbus_creds fake = {};
	struct kdbus_pids pids = {};
	union cmd cmd;

	bus = bus_new();
	for (size_t i = 0; i < ARRAY_SIZE(creds); i++) {
		test_case("uid %llu", (unsigned long long)creds[i].uid);
		fake = (struct kdbus_creds){ creds[i].uid, creds[i].uid, creds[i].uid, creds[i].uid,
					     creds[i].gid, creds[i].gid, creds[i].gid, creds[i].gid };
		hello_init(&cmd);
		cmd_item(&cmd, KDBUS_ITEM_CREDS, &fake, sizeof(fake));
		expect_errno(creds[i].error, try_hello(&cmd));
	}
	pids.pid = getpid();
	hello_init(&cmd);
	cmd_item(&cmd, KDBUS_ITEM_PIDS, &pids, sizeof(pids));
	expect_ok(try_hello(&cmd));
	for (int i = 0; i < 3; i++) {
		pids = (struct kdbus_pids){ 0, 0, 0 };
		*(&pids.pid + i) = 0x3fffffff;
		hello_init(&cmd);
		cmd_item(&cmd, KDBUS_ITEM_PIDS, &pids, sizeof(pids));
		expect_errno(EINVAL, try_hello(&cmd));
	}
}

TEST("faked ids are judged in the caller's user namespace")
{
	pid_t pid;

	become(UID_A);
	bus = bus_new(.name = "1001-mine");
	become(0);
	pid = child_start();
	if (!pid) {
		struct kdbus_creds fake = { 0, 0, 0, 0, 0, 0, 0, 0 };
		union cmd cmd;

		become_for_good(UID_A);
		if (userns_enter(UID_A) < 0)
			test_skip("user namespaces are not available");
		hello_init(&cmd);
		cmd_item(&cmd, KDBUS_ITEM_CREDS, &fake, sizeof(fake));
		expect_ok(try_hello(&cmd));
		fake.euid = 5;
		hello_init(&cmd);
		cmd_item(&cmd, KDBUS_ITEM_CREDS, &fake, sizeof(fake));
		expect_errno(EINVAL, try_hello(&cmd));
		fake.euid = 0xffffffff;
		fake.fsgid = 5;
		hello_init(&cmd);
		cmd_item(&cmd, KDBUS_ITEM_CREDS, &fake, sizeof(fake));
		expect_errno(EINVAL, try_hello(&cmd));
		child_exit();
	}
	child_join(pid);
}

TEST("a user has at most 1024 connections in a domain")
{
	const struct rlimit files = { 2000, 2000 };
	int fds[1024];
	struct peer *other;
	union cmd cmd;
	int fd;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	must_sys(setrlimit(RLIMIT_NOFILE, &files));
	become(UID_A);
	for (int i = 0; i < 1024; i++) {
		fds[i] = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
		hello_init(&cmd);
		cmd.hello.pool_size = 4096;
		must(call(fds[i], KDBUS_CMD_HELLO, &cmd));
	}
	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	hello_init(&cmd);
	expect_errno(EMFILE, call(fd, KDBUS_CMD_HELLO, &cmd));
	become(0);
	/* what counts is who opened it; another user is not concerned */
	expect_errno(EMFILE, call(fd, KDBUS_CMD_HELLO, &cmd));
	other = peer_new(bus, .uid = UID_B);
	expect(other->id > 0);
	close(fds[77]);
	expect_ok(call(fd, KDBUS_CMD_HELLO, &cmd));
}

TEST("the answer tells id, bus flags, UUID and the bloom parameters")
{
	const struct kdbus_item *item;
	struct peer *peer;
	union cmd *hello;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_GROUP, .bloom_size = 128);
	peer = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD, .send = 3, .recv = 5, .keep = true);
	hello = peer->hello;
	expect_eq(hello->size, sizeof(hello->hello));
	expect_eq(hello->flags, KDBUS_HELLO_ACCEPT_FD);
	expect_eq(hello->return_flags, 0);
	expect_eq(hello->hello.attach_flags_send, 3);
	expect_eq(hello->hello.attach_flags_recv, 5);
	expect_eq(hello->hello.bus_flags, KDBUS_MAKE_ACCESS_GROUP);
	expect_eq(hello->hello.pool_size, MIB);
	expect_eq(hello->hello.offset, 0);
	expect_eq(hello->hello.items_size, 32);
	item = (const void *)peer->pool;
	expect_eq(item->size, 32);
	expect_eq(item->type, KDBUS_ITEM_BLOOM_PARAMETER);
	expect_eq(item->bloom_parameter.size, 128);
	expect_eq(item->bloom_parameter.n_hash, 1);
	expect_ok(peer_free(peer, 0));
	expect_errno(ENXIO, peer_free(peer, 0));
}

TEST("return_flags is cleared and flags are written only when negotiating")
{
	union cmd cmd;

	bus = bus_new();
	hello_init(&cmd);
	cmd.return_flags = ANY;
	expect_ok(try_hello(&cmd));
	expect_eq(cmd.return_flags, 0);
	expect_eq(cmd.flags, 0);
}

TEST("a smallest pool is enough for HELLO")
{
	struct peer *peer;

	bus = bus_new();
	peer = peer_new(bus, .pool = 4096);
	expect_ok(send_to(peer, peer->id, 1));
	expect_message(peer, 1);
}

TEST("a second activator of a name gives EEXIST, and the first goes on")
{
	struct peer *first, *watcher, *gone;

	bus = bus_new();
	watcher = peer_new(bus);
	match_ids(watcher);
	first = activator_new(bus, "a.b");
	expect_id_notice(watcher, KDBUS_ITEM_ID_ADD, first->id, KDBUS_HELLO_ACTIVATOR);
	expect_errno(EEXIST, peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_ACTIVATOR, .name = "a.b" }, &gone));
	drain(watcher);
	expect_text(list_text(watcher, KDBUS_LIST_ACTIVATORS, first->id), "a.b:30");
	expect_ok(send_name(watcher, "a.b", 5));
	expect_message(first, 5);
}

TEST("a name has one policy entry: activators and holders of it exclude each other")
{
	struct peer *activator, *holder, *gone;

	bus = bus_new();
	holder = holder_new(bus, "a.b");
	expect_errno(EEXIST, peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_ACTIVATOR, .name = "a.b" }, &gone));
	expect_errno(EEXIST, peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_POLICY_HOLDER, .name = "a.b" }, &gone));
	/* nothing is left of the ones refused */
	expect_errno(ESRCH, send_name(peer_new(bus), "a.b", 1));
	peer_close(holder);
	activator = activator_new(bus, "a.b");
	expect_errno(EEXIST, peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_POLICY_HOLDER, .name = "a.b" }, &gone));
	peer_close(activator);
	holder_new(bus, "a.b");
	/* the exact name and its wildcard are different entries */
	holder_new(bus, "a.b.*");
	expect_errno(EEXIST, peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_POLICY_HOLDER, .name = "a.b.*" }, &gone));
}

TEST("a failed activator leaves only passing notifications")
{
	struct peer *watcher, *gone;
	unsigned n = 0;
	__u64 id = 0;

	bus = bus_new();
	watcher = peer_new(bus);
	match_ids(watcher);
	match_names(watcher);
	holder_new(bus, "a.b");
	drain(watcher);
	expect_errno(EEXIST, peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_ACTIVATOR, .name = "a.b" }, &gone));
	/* what came must have gone */
	while (recv_cmd(watcher, 0, 0) == 0) {
		const struct kdbus_msg *msg = peer_msg(watcher, watcher->last.msg.offset);

		if (msg->items->type == KDBUS_ITEM_ID_ADD) {
			id = msg->items->id_change.id;
			n++;
		} else if (msg->items->type == KDBUS_ITEM_ID_REMOVE) {
			expect_eq(msg->items->id_change.id, id);
			n--;
		}
	}
	expect_eq(n, 0);
	expect_errno(ESRCH, send_name(watcher, "a.b", 1));
}

TEST("policy items on ordinary and monitor connections are accepted and ignored")
{
	struct peer *peer, *stranger;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	peer = peer_new(bus, .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_OWN, 0 });
	monitor_new(bus, .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_OWN, 0 });
	stranger = peer_new(bus, .uid = UID_A);
	become(UID_A);
	expect_errno(EPERM, send_to(stranger, peer->id, 1));
	become(0);
}

TEST("wrong policy items make a special HELLO fail")
{
	static const struct {
		__u64 type, access, id;
	} wrong[] = {
		{ 0, 1, 0 }, { 4, 1, 0 }, { ANY, 1, 0 }, { 1, 3, 0 }, { 1, ANY, 0 }, { 1, 1, 0xffffffff },
		{ 2, 1, 0xffffffff },
	};
	union cmd cmd;

	bus = bus_new();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		test_case("row %zu", i);
		hello_init(&cmd);
		cmd.flags = KDBUS_HELLO_POLICY_HOLDER;
		cmd_text(&cmd, KDBUS_ITEM_NAME, "a.b");
		cmd_access(&cmd, wrong[i].type, wrong[i].access, wrong[i].id);
		expect_errno(EINVAL, try_hello(&cmd));
	}
	/* an access before any name */
	hello_init(&cmd);
	cmd.flags = KDBUS_HELLO_POLICY_HOLDER;
	cmd_access(&cmd, KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0);
	cmd_text(&cmd, KDBUS_ITEM_NAME, "a.b");
	expect_errno(EINVAL, try_hello(&cmd));
}

TEST("the connection belongs to the file, not to the process that said HELLO")
{
	struct peer *peer;
	union cmd cmd;
	pid_t pid;
	int fd;

	bus = bus_new();
	peer = peer_new(bus);
	match_ids(peer);
	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	pid = child_start();
	if (!pid) {
		hello_init(&cmd);
		must(call(fd, KDBUS_CMD_HELLO, &cmd));
		child_exit();
	}
	child_join(pid);
	hello_init(&cmd);
	expect_errno(EBADFD, call(fd, KDBUS_CMD_HELLO, &cmd));
	/* alive: it only said hello */
	must(recv_cmd(peer, 0, 0));
	expect_eq(peer_msg(peer, peer->last.msg.offset)->items->type, KDBUS_ITEM_ID_ADD);
	expect_ok(send_to(peer, peer_msg(peer, peer->last.msg.offset)->items->id_change.id, 1));
	close(fd);
	must(recv_cmd(peer, 0, 0));
	expect_eq(peer_msg(peer, peer->last.msg.offset)->items->type, KDBUS_ITEM_ID_REMOVE);
}

TEST("a monitor comes and goes without a notification")
{
	struct peer *watcher;

	bus = bus_new();
	watcher = peer_new(bus);
	match_ids(watcher);
	peer_close(monitor_new(bus));
	expect_nothing(watcher);
}
