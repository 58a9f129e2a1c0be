/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections 17.4 and 17.5: CONN_INFO and BUS_CREATOR_INFO. */
#include <sys/prctl.h>

#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b;
static const struct kdbus_info *info;

static const char *info_types(void)
{
	return item_types(info, info->items, info->size);
}

static void peers(__u64 send)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD, .attach = KDBUS_ATTACH_CREDS | KDBUS_ATTACH_PIDS);
	a = peer_new(bus, .send = send, .description = "info-peer");
	b = peer_new(bus);
}

TEST("unknown ids give ENXIO, unknown names ESRCH, neither EINVAL")
{
	struct peer *gone;

	peers(ANY);
	gone = peer_new(bus);
	must(peer_byebye(gone));
	expect_errno(EINVAL, conn_info(b, 0, NULL, 0, &info));
	expect_errno(ENXIO, conn_info(b, 99999, NULL, 0, &info));
	expect_errno(ENXIO, conn_info(b, ANY, NULL, 0, &info));
	expect_errno(ENXIO, conn_info(b, gone->id, NULL, 0, &info));
	expect_errno(ESRCH, conn_info(b, 0, "no.body", 0, &info));
	expect_errno(ESRCH, conn_info(b, 0, "nodot", 0, &info));
	expect_errno(ESRCH, conn_info(b, 0, "a.*", 0, &info));
	expect_errno(EINVAL, conn_info(b, a->id, NULL, 1 << 14, &info));
	expect_errno(EINVAL, conn_info(b, 99999, NULL, 1ULL << 62, &info));
	must(name_acquire(a, "a.b", 0, NULL));
	expect_ok(conn_info(b, 0, "a.b", 0, &info));
	expect_eq(info->id, a->id);
	expect_ok(conn_info(b, a->id, "a.b", 0, &info));
	expect_errno(ESRCH, conn_info(b, b->id, "a.b", 0, &info));
	expect_errno(ESRCH, conn_info(b, a->id, "no.body", 0, &info));
}

TEST("a name leads to its current holder, owner or activator")
{
	struct peer *activator;

	peers(ANY);
	activator = activator_new(bus, "a.b");
	must(conn_info(b, 0, "a.b", 0, &info));
	expect_eq(info->id, activator->id);
	expect_eq(info->flags, KDBUS_HELLO_ACTIVATOR);
	must(name_acquire(a, "a.b", 0, NULL));
	must(conn_info(b, 0, "a.b", 0, &info));
	expect_eq(info->id, a->id);
	must(name_acquire(b, "a.b", KDBUS_NAME_QUEUE, NULL));
	must(conn_info(b, 0, "a.b", 0, &info));
	expect_eq(info->id, a->id);
}

TEST("a record without items is 24 bytes")
{
	peers(ANY);
	must(conn_info(b, a->id, NULL, 0, &info));
	expect_eq(info->size, 24);
	expect_eq(info->id, a->id);
	expect_eq(info->flags, 0);
	expect_ok(peer_free(b, (const __u8 *)info - b->pool));
	expect_errno(ENXIO, peer_free(b, (const __u8 *)info - b->pool));
}

TEST("items are those asked for and allowed by the target, never a timestamp")
{
	for (int send = 0; send < 3; send++) {
		static const __u64 allowed[] = { 0, KDBUS_ATTACH_CREDS | KDBUS_ATTACH_PIDS | KDBUS_ATTACH_TIMESTAMP, ANY };

		peers(allowed[send]);
		must(name_acquire(a, "a.b", 0, NULL));
		for (int bit = 0; bit < 14; bit++) {
			char wanted[20] = "";

			test_case("allowed 0x%llx, bit %d", (unsigned long long)allowed[send], bit);
			must(conn_info(b, a->id, NULL, 1ULL << bit, &info));
			if (allowed[send] >> bit & 1 && bit)
				sprintf(wanted, "%x", 0x1000 + bit);
			/* three depend on the kernel */
			if ((bit == 9 || bit == 11 || bit == 12) && !*info_types())
				*wanted = '\0';
			expect_text(info_types(), wanted);
		}
		bus_close(bus);
	}
}

TEST("the record has the process of the HELLO, in the order of messages, padded to 8")
{
	static const __u64 order[] = {
		KDBUS_ITEM_CREDS, KDBUS_ITEM_PIDS, KDBUS_ITEM_AUXGROUPS, KDBUS_ITEM_TID_COMM, KDBUS_ITEM_PID_COMM,
		KDBUS_ITEM_EXE, KDBUS_ITEM_CMDLINE, KDBUS_ITEM_CGROUP, KDBUS_ITEM_CAPS, KDBUS_ITEM_SECLABEL,
		KDBUS_ITEM_AUDIT, KDBUS_ITEM_OWNED_NAME, KDBUS_ITEM_CONN_DESCRIPTION,
	};
	const struct kdbus_item *item;
	size_t at = 0;
	pid_t pid;

	prctl(PR_SET_NAME, "at-hello");
	peers(ANY);
	prctl(PR_SET_NAME, "later");
	must(name_acquire(a, "a.b", KDBUS_NAME_ALLOW_REPLACEMENT, NULL));
	must(conn_info(b, a->id, NULL, ANY, &info));
	expect_eq(info->size % 8, 0);
	for_each_item(item, info) {
		while (at < ARRAY_SIZE(order) && order[at] != item->type)
			at++;
		expect(at < ARRAY_SIZE(order));
	}
	expect_text(info_find(info, KDBUS_ITEM_PID_COMM)->str, "at-hello");
	expect_text(info_find(info, KDBUS_ITEM_CONN_DESCRIPTION)->str, "info-peer");
	expect_text(info_find(info, KDBUS_ITEM_OWNED_NAME)->name.name, "a.b");
	expect_eq(info_find(info, KDBUS_ITEM_OWNED_NAME)->name.flags,
		  KDBUS_NAME_PRIMARY | KDBUS_NAME_ALLOW_REPLACEMENT);
	expect_eq(info_find(info, KDBUS_ITEM_PIDS)->pids.pid, getpid());
	expect_eq(info_find(info, KDBUS_ITEM_CREDS)->creds.uid, 0);

	/* whoever asks, whoever uses the connection */
	pid = child_start();
	if (!pid) {
		become_for_good(UID_A);
		must(conn_info(b, a->id, NULL, ANY, &info));
		expect_eq(info_find(info, KDBUS_ITEM_CREDS)->creds.uid, 0);
		expect_eq(info_find(info, KDBUS_ITEM_PIDS)->pids.pid, getppid());
		child_exit();
	}
	child_join(pid);
}

TEST("the names are the current ones")
{
	peers(ANY);
	must(conn_info(b, a->id, NULL, KDBUS_ATTACH_NAMES, &info));
	expect_text(info_types(), "");
	must(name_acquire(a, "a.b", 0, NULL));
	must(name_acquire(b, "q.q", 0, NULL));
	must(name_acquire(a, "q.q", KDBUS_NAME_QUEUE, NULL));
	must(name_acquire(a, "a.c", 0, NULL));
	must(conn_info(b, a->id, NULL, KDBUS_ATTACH_NAMES, &info));
	expect_text(info_types(), "1004 1004");
	must(name_release(a, "a.b"));
	must(conn_info(b, a->id, NULL, KDBUS_ATTACH_NAMES, &info));
	expect_text(info_types(), "1004");
	expect_text(info_find(info, KDBUS_ITEM_OWNED_NAME)->name.name, "a.c");
}

TEST("pids of the HELLO caller may be long gone")
{
	union cmd cmd;
	pid_t pid;
	int fd;

	peers(ANY);
	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	pid = child_start();
	if (!pid) {
		cmd_init(&cmd, sizeof(cmd.hello));
		cmd.hello.pool_size = 4096;
		cmd.hello.attach_flags_send = ANY;
		must(call(fd, KDBUS_CMD_HELLO, &cmd));
		child_exit();
	}
	child_join(pid);
	/* the next id after b */
	expect_ok(conn_info(b, b->id + 1, NULL, ANY, &info));
	const struct kdbus_item *item = info_find(info, KDBUS_ITEM_PIDS);

	if (item)
		expect(item->pids.pid == (__u64)pid || !item->pids.pid);
}

TEST("faked credentials are told as given")
{
	struct kdbus_creds creds = { 41, 42, 43, 44, 51, 52, 53, 0xffffffff };
	struct kdbus_pids pids = { .pid = getpid(), .tid = 0, .ppid = getppid() };
	struct peer *fake;
	union cmd extra;

	peers(ANY);
	cmd_init(&extra, sizeof(extra.cmd));
	cmd_item(&extra, KDBUS_ITEM_CREDS, &creds, sizeof(creds));
	cmd_item(&extra, KDBUS_ITEM_PIDS, &pids, sizeof(pids));
	cmd_text(&extra, KDBUS_ITEM_SECLABEL, "some-label");
	fake = peer_new(bus, .send = ANY, .extra = &extra);
	must(conn_info(b, fake->id, NULL, ANY, &info));
	expect_text(info_types(), "1001 1002 100b");
	expect(!memcmp(&info_find(info, KDBUS_ITEM_CREDS)->creds, &creds, sizeof(creds)));
	expect(!memcmp(&info_find(info, KDBUS_ITEM_PIDS)->pids, &pids, sizeof(pids)));
	expect_text(info_find(info, KDBUS_ITEM_SECLABEL)->str, "some-label");
	/* still only what it allows */
	fake = peer_new(bus, .send = KDBUS_ATTACH_PIDS, .extra = &extra);
	must(conn_info(b, fake->id, NULL, ANY, &info));
	expect_text(info_types(), "1002");
}

TEST("every kind of connection can be asked for by id")
{
	struct peer *monitor, *holder;

	peers(ANY);
	monitor = monitor_new(bus);
	holder = holder_new(bus, "h.h");
	must(conn_info(b, monitor->id, NULL, 0, &info));
	expect_eq(info->flags, KDBUS_HELLO_MONITOR);
	must(conn_info(b, holder->id, NULL, 0, &info));
	expect_eq(info->flags, KDBUS_HELLO_POLICY_HOLDER);
	/* oneself, too */
	must(conn_info(b, b->id, NULL, 0, &info));
	expect_eq(info->id, b->id);
}

TEST("on a custom endpoint only visible peers and names are told")
{
	struct peer *inside;
	char path[240];
	union cmd cmd;
	int fd;

	peers(ANY);
	must(name_acquire(a, "seen.name", 0, NULL));
	must(name_acquire(a, "hidden.name", 0, NULL));
	must(name_acquire(b, "hidden.too", 0, NULL));
	fd = endpoint_new(bus, "0-ep", KDBUS_MAKE_ACCESS_WORLD, path);
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "seen.name");
	cmd_access(&cmd, KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_SEE, 0);
	must(call(fd, KDBUS_CMD_ENDPOINT_UPDATE, &cmd));
	inside = peer_new(bus, .path = path);
	expect_ok(conn_info(inside, 0, "seen.name", 0, &info));
	expect_errno(ESRCH, conn_info(inside, 0, "hidden.name", 0, &info));
	/* a peer with a visible name is a visible peer */
	expect_ok(conn_info(inside, a->id, NULL, 0, &info));
	expect_errno(ENXIO, conn_info(inside, b->id, NULL, 0, &info));
	expect_errno(ESRCH, conn_info(inside, b->id, "hidden.too", 0, &info));
}

TEST("CREATOR_INFO tells the bus's id, flags and full name first")
{
	const struct kdbus_item *item;

	peers(ANY);
	must(creator_info(b, 0, &info));
	expect(info->id > 0 && info->id < a->id);
	expect_eq(info->flags, KDBUS_MAKE_ACCESS_WORLD);
	expect_text(info_types(), "b");
	expect_text(info->items[0].str, "0-test");
	expect_eq(info->items[0].size, 16 + 7);
	/* only what BUS_MAKE allowed */
	must(creator_info(b, ANY, &info));
	expect_text(info_types(), "b 1001 1002");
	item = info_find(info, KDBUS_ITEM_PIDS);
	expect_eq(item->pids.pid, getpid());
	must(creator_info(b, KDBUS_ATTACH_PIDS | KDBUS_ATTACH_CAPS, &info));
	expect_text(info_types(), "b 1002");
	expect_errno(EINVAL, creator_info(b, 1 << 14, &info));
	expect_errno(EINVAL, creator_info(b, ANY - 1, &info));
	expect_ok(peer_free(b, (const __u8 *)info - b->pool));
}

TEST("without attach flags a bus tells nothing of its creator, with all of them much")
{
	bus = bus_new();
	b = peer_new(bus);
	must(creator_info(b, ANY, &info));
	expect_text(info_types(), "b");
	bus_close(bus);
	bus = bus_new(.attach = ANY);
	b = peer_new(bus);
	must(creator_info(b, ANY, &info));
	expect(info_find(info, KDBUS_ITEM_CREDS));
	expect(info_find(info, KDBUS_ITEM_CMDLINE));
	expect(info_find(info, KDBUS_ITEM_CAPS));
	expect(!info_find(info, KDBUS_ITEM_TIMESTAMP));
}

TEST("both answers need room in the pool")
{
	struct peer *small;

	peers(ANY);
	small = peer_new(bus, .pool = 4096);
	/* 4096 - 24 is the most that fits with a record there */
	for (int i = 0; i < 170; i++)
		must(conn_info(small, a->id, NULL, 0, &info));
	expect_errno(EXFULL, conn_info(small, a->id, NULL, 0, &info));
	expect_errno(EXFULL, creator_info(small, 0, &info));
	must(peer_free(small, 0));
	expect_ok(conn_info(small, a->id, NULL, 0, &info));
}
