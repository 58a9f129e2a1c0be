/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections 8 and 17: metadata seen from other user and pid namespaces. */
#include <grp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "tests/vm/util.h"

#define OVERFLOW_ID 65534

static struct bus *bus;

/*
 * Runs @inside in a user namespace of @uid (mapped to root there), in a
 * process that has dropped all other ids.
 */
static void in_userns(unsigned uid, void (*inside)(void *), void *data)
{
	pid_t pid = child_start();

	if (!pid) {
		become_for_good(uid);
		if (userns_enter(uid) < 0)
			test_skip("user namespaces are not available");
		inside(data);
		child_exit();
	}
	child_join(pid);
}

/* Runs @inside as process 1 of a pid namespace of its own. */
static void in_pidns(void (*inside)(void *), void *data)
{
	pid_t pid = child_start();

	if (!pid) {
		pid_t first;

		must_sys(unshare(CLONE_NEWPID));
		first = child_start();
		if (!first) {
			inside(data);
			child_exit();
		}
		child_join(first);
		child_exit();
	}
	child_join(pid);
}

struct exchange {
	struct peer *sender;
	struct peer *receiver;
	__u64 recv;
	struct gate there, sent, done;
};

static void exchange_init(struct exchange *exchange)
{
	gate_init(&exchange->there);
	gate_init(&exchange->sent);
	gate_init(&exchange->done);
}

static void become_receiver(void *data)
{
	struct exchange *exchange = data;
	const struct kdbus_item *creds, *groups, *caps, *pids, *audit;
	const struct kdbus_msg *msg;
	struct peer *peer;

	peer = peer_new(bus, .recv = ANY);
	must(match_u64(peer, 1, KDBUS_ITEM_ID, ANY));
	gate_open(&exchange->there);
	gate_wait(&exchange->sent);
	msg = expect_message(peer, 1);
	creds = item_find(msg, KDBUS_ITEM_CREDS);
	if (!expect(creds))
		return;
	/* sent with 0, 1001, 1002: only 1001 is known in here */
	expect_eq(creds->creds.uid, 0);
	expect_eq(creds->creds.euid, OVERFLOW_ID);
	expect_eq(creds->creds.suid, OVERFLOW_ID);
	expect_eq(creds->creds.gid, 0);
	expect_eq(creds->creds.egid, OVERFLOW_ID);
	groups = item_find(msg, KDBUS_ITEM_AUXGROUPS);
	expect_eq(groups->size, 16 + 16);
	/* 1001 and 4321, in the kernel's order */
	expect_eq(groups->data64[0], 0);
	expect_eq(groups->data64[1], OVERFLOW_ID);
	pids = item_find(msg, KDBUS_ITEM_PIDS);
	expect(pids->pids.pid > 0);
	caps = item_find(msg, KDBUS_ITEM_CAPS);
	expect_eq(caps->size, 52);
	audit = item_find(msg, KDBUS_ITEM_AUDIT);
	if (audit)
		expect_eq(audit->audit.loginuid, 0xffffffff);
}

TEST("ids unknown to the receiver's user namespace read as the overflow id")
{
	gid_t groups[] = { UID_A, 4321 };
	struct peer *a, *outside[2];
	struct exchange exchange;
	pid_t pid;

	exchange_init(&exchange);
	become(UID_A);
	bus = bus_new(.name = "1001-ns", .flags = KDBUS_MAKE_ACCESS_WORLD);
	become(0);
	a = peer_new(bus, .send = ANY);
	/* neighbours of the one inside, who want the same items */
	outside[0] = peer_new(bus, .recv = ANY);
	must(match_u64(outside[0], 1, KDBUS_ITEM_ID, ANY));
	pid = child_start();
	if (!pid) {
		in_userns(UID_A, become_receiver, &exchange);
		child_exit();
	}
	gate_wait(&exchange.there);
	outside[1] = peer_new(bus, .recv = ANY);
	must(match_u64(outside[1], 1, KDBUS_ITEM_ID, ANY));
	must_sys(setgroups(2, groups));
	must_sys(setresgid(UID_A, UID_B, 0));
	must_sys(setresuid(UID_A, UID_B, 0));
	/* the receiver owns the bus: it is allowed to talk to everybody */
	must(send_broadcast(a, 1));
	must_sys(setresuid(0, 0, 0));
	gate_open(&exchange.sent);
	child_join(pid);
	for (int i = 0; i < 2; i++) {
		const struct kdbus_creds *creds;

		creds = &item_find(expect_message(outside[i], 1), KDBUS_ITEM_CREDS)->creds;
		expect_eq(creds->uid, UID_A);
		expect_eq(creds->euid, UID_B);
	}
}

static void send_inside(void *data)
{
	struct exchange *exchange = data;

	must(send_to(exchange->sender, exchange->receiver->id, 1));
}

TEST("a sender inside a user namespace is seen with its ids outside")
{
	struct exchange exchange = {};
	const struct kdbus_item *creds;

	become(UID_A);
	bus = bus_new(.name = "1001-ns", .flags = KDBUS_MAKE_ACCESS_WORLD);
	become(0);
	exchange.sender = peer_new(bus, .uid = UID_A, .send = ANY);
	exchange.receiver = peer_new(bus, .uid = UID_A, .recv = ANY);
	in_userns(UID_A, send_inside, &exchange);
	creds = item_find(expect_message(exchange.receiver, 1), KDBUS_ITEM_CREDS);
	expect_eq(creds->creds.uid, UID_A);
	expect_eq(creds->creds.euid, UID_A);
	expect_eq(creds->creds.fsgid, UID_A);
}

/* CAPS by relation of the two namespaces: (1) descendant owned, (2), (3) */

static __u64 caps_set(const struct kdbus_item *item, unsigned set)
{
	return item->caps.caps[2 * set] | (__u64)item->caps.caps[2 * set + 1] << 32;
}

static __u64 all_caps(const struct kdbus_item *item)
{
	return (1ULL << (item->caps.last_cap + 1)) - 1;
}

static void send_and_check_outside(void *data)
{
	struct exchange *exchange = data;

	/* full capabilities in here mean nothing outside */
	must(send_to(exchange->sender, exchange->receiver->id, 1));
}

TEST("capabilities of a namespace below the receiver's read as none")
{
	struct exchange exchange = {};
	const struct kdbus_item *caps;

	become(UID_A);
	bus = bus_new(.name = "1001-ns", .flags = KDBUS_MAKE_ACCESS_WORLD);
	become(0);
	exchange.sender = peer_new(bus, .uid = UID_A, .send = ANY);
	exchange.receiver = peer_new(bus, .uid = UID_A, .recv = KDBUS_ATTACH_CAPS);
	in_userns(UID_A, send_and_check_outside, &exchange);
	caps = item_find(expect_message(exchange.receiver, 1), KDBUS_ITEM_CAPS);
	if (!expect(caps))
		return;
	for (unsigned set = 0; set < 4; set++)
		expect_eq(caps_set(caps, set), 0);
}

static void receive_caps_of(unsigned uid, __u64 permitted, __u64 inheritable)
{
	struct exchange exchange;
	struct peer *sender;
	pid_t pid;

	exchange_init(&exchange);
	become(UID_A);
	bus = bus_new(.name = "1001-ns", .flags = KDBUS_MAKE_ACCESS_WORLD);
	become(0);
	sender = peer_new(bus, .uid = uid);
	pid = child_start();
	if (!pid) {
		struct peer *peer;
		const struct kdbus_item *caps;

		become_for_good(UID_A);
		if (userns_enter(UID_A) < 0)
			test_skip("user namespaces are not available");
		peer = peer_new(bus, .recv = KDBUS_ATTACH_CAPS);
		must(match_u64(peer, 1, KDBUS_ITEM_ID, ANY));
		gate_open(&exchange.there);
		gate_wait(&exchange.sent);
		caps = item_find(expect_message(peer, 1), KDBUS_ITEM_CAPS);
		if (expect(caps)) {
			__u64 all = all_caps(caps);

			expect_eq(caps_set(caps, 0), inheritable);
			expect_eq(caps_set(caps, 1), permitted & all);
			expect_eq(caps_set(caps, 2), permitted & all);
		}
		child_exit();
	}
	gate_wait(&exchange.there);
	/* a child, so that capabilities are really gone */
	if (uid) {
		pid_t other = child_start();

		if (!other) {
			become_for_good(uid);
			must(send_broadcast(sender, 1));
			child_exit();
		}
		child_join(other);
	} else {
		must(send_broadcast(sender, 1));
	}
	gate_open(&exchange.sent);
	child_join(pid);
	bus_close(bus);
}

TEST("the owner of the namespace the receiver lives in has all capabilities there")
{
	/* UID_A made the namespace; it has none outside */
	receive_caps_of(UID_A, ANY, 0);
}

TEST("others above the receiver's namespace are seen with their own sets")
{
	receive_caps_of(UID_B, 0, 0);
}

/* pid namespaces */

static void receive_in_pidns(void *data)
{
	struct exchange *exchange = data;
	const struct kdbus_item *pids;
	const struct kdbus_msg *msg;
	struct peer *peer;

	expect_eq(getpid(), 1);
	peer = peer_new(bus, .recv = ANY);
	must(match_u64(peer, 1, KDBUS_ITEM_ID, ANY));
	gate_open(&exchange->there);
	gate_wait(&exchange->sent);
	/* sent from outside: this process cannot be seen */
	msg = expect_message(peer, 1);
	pids = item_find(msg, KDBUS_ITEM_PIDS);
	if (!expect(pids))
		return;
	expect_eq(pids->pids.pid, 0);
	expect_eq(pids->pids.tid, 0);
	expect_eq(pids->pids.ppid, 0);
	/* implicit ones are there, those of a visible process only if allowed */
	expect(item_find(msg, KDBUS_ITEM_CREDS));
	expect(item_find(msg, KDBUS_ITEM_AUXGROUPS));
	expect(item_find(msg, KDBUS_ITEM_TIMESTAMP));
	if (exchange->recv) {
		expect(item_find(msg, KDBUS_ITEM_PID_COMM));
		expect(item_find(msg, KDBUS_ITEM_CMDLINE));
		expect(item_find(msg, KDBUS_ITEM_CAPS));
	} else {
		expect(!item_find(msg, KDBUS_ITEM_PID_COMM));
		expect(!item_find(msg, KDBUS_ITEM_TID_COMM));
		expect(!item_find(msg, KDBUS_ITEM_CMDLINE));
		expect(!item_find(msg, KDBUS_ITEM_CGROUP));
		expect(!item_find(msg, KDBUS_ITEM_EXE));
		expect(!item_find(msg, KDBUS_ITEM_CAPS));
		expect(!item_find(msg, KDBUS_ITEM_AUDIT));
	}
	/* one's own message is visible */
	must(send_to(peer, peer->id, 2));
	msg = expect_message(peer, 2);
	pids = item_find(msg, KDBUS_ITEM_PIDS);
	expect_eq(pids->pids.pid, 1);
	expect_eq(pids->pids.tid, 1);
	expect_eq(pids->pids.ppid, 0);
	expect(item_find(msg, KDBUS_ITEM_PID_COMM));
}

TEST("a process the receiver's pid namespace does not show has no pids and few items")
{
	for (int allow = 0; allow < 2; allow++) {
		struct exchange exchange = { .recv = allow };
		struct peer *a;
		pid_t pid;

		test_case("sender allows %s", allow ? "all" : "nothing");
		exchange_init(&exchange);
		bus = bus_new();
		a = peer_new(bus, .send = allow ? ANY : 0);
		pid = child_start();
		if (!pid) {
			in_pidns(receive_in_pidns, &exchange);
			child_exit();
		}
		gate_wait(&exchange.there);
		must(send_broadcast(a, 1));
		gate_open(&exchange.sent);
		child_join(pid);
		bus_close(bus);
	}
}

static void send_from_pidns(void *data)
{
	struct exchange *exchange = data;

	expect_eq(getpid(), 1);
	must(send_to(exchange->sender, exchange->receiver->id, 1));
}

TEST("a process in a pid namespace below is seen with its pid up here")
{
	struct exchange exchange = {};
	const struct kdbus_item *pids;

	bus = bus_new();
	exchange.sender = peer_new(bus);
	exchange.receiver = peer_new(bus, .recv = KDBUS_ATTACH_PIDS | KDBUS_ATTACH_PID_COMM);
	in_pidns(send_from_pidns, &exchange);
	pids = item_find(expect_message(exchange.receiver, 1), KDBUS_ITEM_PIDS);
	expect(pids->pids.pid > 1);
	expect_eq(pids->pids.tid, pids->pids.pid);
	expect(pids->pids.ppid > 1);
}

TEST("what counts is the pid namespace of the HELLO caller, not of the one who reads")
{
	struct exchange exchange = {};
	const struct kdbus_item *pids;
	pid_t pid;

	exchange_init(&exchange);
	bus = bus_new();
	exchange.receiver = peer_new(bus, .recv = KDBUS_ATTACH_PIDS);
	must(send_to(exchange.receiver, exchange.receiver->id, 1));
	pid = child_start();
	if (!pid) {
		must_sys(unshare(CLONE_NEWPID));
		pid = child_start();
		if (!pid) {
			pids = item_find(expect_message(exchange.receiver, 1), KDBUS_ITEM_PIDS);
			expect(pids->pids.pid > 1);
			child_exit();
		}
		child_join(pid);
		child_exit();
	}
	child_join(pid);
}

/* INFO */

static void info_inside(void *data)
{
	struct exchange *exchange = data;
	const struct kdbus_info *info;
	struct peer *peer;

	/* a connection of this namespace translates into it */
	peer = peer_new(bus);
	must(conn_info(peer, exchange->receiver->id, NULL, ANY, &info));
	expect_eq(info_find(info, KDBUS_ITEM_CREDS)->creds.uid, OVERFLOW_ID);
	must(conn_info(peer, peer->id, NULL, ANY, &info));
	/* this one had nothing allowed */
	expect(!info_find(info, KDBUS_ITEM_CREDS));
	must(creator_info(peer, ANY, &info));
	expect_eq(info_find(info, KDBUS_ITEM_CREDS)->creds.uid, 0);
	/* an inherited connection gives what it gives outside */
	must(conn_info(exchange->sender, exchange->receiver->id, NULL, ANY, &info));
	expect_eq(info_find(info, KDBUS_ITEM_CREDS)->creds.uid, 0);
	must(creator_info(exchange->sender, ANY, &info));
	expect_eq(info_find(info, KDBUS_ITEM_CREDS)->creds.uid, UID_A);
}

TEST("CONN_INFO and CREATOR_INFO translate for the connection used, not for the task")
{
	struct exchange exchange = {};

	become(UID_A);
	bus = bus_new(.name = "1001-ns", .flags = KDBUS_MAKE_ACCESS_WORLD, .attach = ANY);
	become(0);
	exchange.sender = peer_new(bus, .send = ANY);
	exchange.receiver = peer_new(bus, .send = ANY);
	in_userns(UID_A, info_inside, &exchange);
}

TEST("EXE is not told to a receiver with another root directory")
{
	struct exchange exchange;
	struct peer *a, *same;
	char dir[] = "/tmp/kdbus-root-XXXXXX";
	pid_t pid;

	exchange_init(&exchange);
	bus = bus_new();
	a = peer_new(bus, .send = ANY);
	same = peer_new(bus, .recv = KDBUS_ATTACH_EXE);
	must(match_u64(same, 1, KDBUS_ITEM_ID, ANY));
	if (!mkdtemp(dir))
		test_skip("no directory");
	pid = child_start();
	if (!pid) {
		struct peer *peer;
		union cmd cmd;
		int fd;

		fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
		must_sys(chroot(dir));
		cmd_init(&cmd, sizeof(cmd.hello));
		cmd.hello.pool_size = 4096;
		cmd.hello.attach_flags_recv = KDBUS_ATTACH_EXE;
		must(call(fd, KDBUS_CMD_HELLO, &cmd));
		peer = calloc(1, sizeof(*peer));
		peer->fd = fd;
		peer->pool_size = 4096;
		peer->pool = NULL;
		must(match_u64(peer, 1, KDBUS_ITEM_ID, ANY));
		gate_open(&exchange.there);
		gate_wait(&exchange.sent);
		must(recv_cmd(peer, 0, 0));
		/* header and filter; the program lies outside of what this root shows */
		expect_eq(peer->last.msg.msg_size, 64 + 88);
		child_exit();
	}
	gate_wait(&exchange.there);
	must(send_broadcast(a, 1));
	gate_open(&exchange.sent);
	child_join(pid);
	expect(item_find(expect_message(same, 1), KDBUS_ITEM_EXE));
	rmdir(dir);
}

/* mail that moves */

#define MOVING (KDBUS_ATTACH_TIMESTAMP | KDBUS_ATTACH_CREDS | KDBUS_ATTACH_PIDS | KDBUS_ATTACH_AUXGROUPS | \
		KDBUS_ATTACH_EXE | KDBUS_ATTACH_CMDLINE | KDBUS_ATTACH_CAPS)

/* Takes a name over by a file that was opened before. */
static const char *taken_over(int fd)
{
	struct peer peer = { .fd = fd, .pool_size = 1 * MIB };
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.hello));
	cmd.hello.pool_size = peer.pool_size;
	cmd.hello.attach_flags_recv = MOVING;
	must(call(fd, KDBUS_CMD_HELLO, &cmd));
	peer.pool = mmap(NULL, peer.pool_size, PROT_READ, MAP_SHARED, fd, 0);
	must(name_acquire(&peer, "m.n", 0, NULL));
	return msg_types(expect_message(&peer, 1));
}

static void take_over(void *data)
{
	expect_text(taken_over(must_sys(open(bus->path, O_RDWR | O_CLOEXEC))), data);
}

static void take_over_below(void *data)
{
	int fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));

	must_sys(chroot("/proc"));
	expect_text(taken_over(fd), data);
}

static void in_child(void (*inside)(void *), void *data)
{
	pid_t pid = child_start();

	if (!pid) {
		inside(data);
		child_exit();
	}
	child_join(pid);
}

TEST("mail that moves leaves behind what reads differently where its new holder stands")
{
	struct peer *a;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	activator_new(bus, "m.n", .recv = ANY, .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_OWN, 0 });
	a = peer_new(bus, .send = ANY);
	test_case("in the same place");
	must(send_name(a, "m.n", 1));
	in_child(take_over, (void *)"a 1001 1002 1003 1007 1008 100a 1000");
	test_case("in another pid namespace");
	must(send_name(a, "m.n", 1));
	in_pidns(take_over, (void *)"a 1001 1003 1000");
	test_case("with another root directory");
	must(send_name(a, "m.n", 1));
	in_child(take_over_below, (void *)"a 1001 1002 1003 1008 100a 1000");
	test_case("in another user namespace");
	must(send_name(a, "m.n", 1));
	in_userns(UID_A, take_over, (void *)"a 1002 1007 1008 1000");
}
