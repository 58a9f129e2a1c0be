/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who floods, stalls or does not start takes nothing from anybody else. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/vm/util.h"

#define QUEUE_MAX 256		/* messages of one user at one receiver */
#define REQUESTS_MAX 128	/* of one connection without an answer */

static struct bus *bus;

/* A bus on which everybody may own a some.name, and talk to who does. */
static void open_bus(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	holder_new(bus, "some.*", .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_OWN, 0 });
}

static struct peer *owner_new(const char *name, unsigned uid)
{
	struct peer *peer = peer_new(bus, .uid = uid, .pool = 16 * MIB);

	must(name_acquire(peer, name, 0, NULL));
	return peer;
}

/* a flood, and a call through it */

struct flood {
	unsigned n_flooders;	/* still at it */
	unsigned n_taken;
	unsigned n_refused;
	unsigned n_calls;
	unsigned done;		/* the receiver may go */
};

static struct flood *flood;
static struct peer *service;

static void add(unsigned *counter, unsigned n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_SEQ_CST);
}

static unsigned look(const unsigned *counter)
{
	return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static pid_t flood_start(unsigned uid, unsigned n)
{
	pid_t pid = child_start();
	unsigned n_taken = 0;
	struct peer *peer;

	if (pid)
		return pid;
	become_for_good(uid);
	peer = peer_new(bus);
	for (unsigned i = 0; i < n; i++) {
		int r = send_to(peer, service->id, i);

		if (r && !expect_errno(ENOBUFS, r))
			break;
		n_taken += !r;
	}
	add(&flood->n_taken, n_taken);
	add(&flood->n_refused, n - n_taken);
	add(&flood->n_flooders, -1);
	child_exit();
}

/* Somebody else calls as long as the flood lasts, and once more. */
static pid_t caller_start(unsigned uid)
{
	pid_t pid = child_start();
	struct sync_call *sync;
	struct peer *peer;
	bool last;

	if (pid)
		return pid;
	become_for_good(uid);
	peer = peer_new(bus);
	do {
		last = !look(&flood->n_flooders);
		sync = sync_new(peer, service->id, 1);
		if (expect_ok(sync_join(sync)))
			must(peer_free(peer, sync->cmd.send.reply.offset));
		add(&flood->n_calls, 1);
		free(sync);
	} while (!last && !test_failures());
	add(&flood->done, 1);
	child_exit();
}

/* Takes one message after the other, and answers what wants an answer. */
static void serve_until_done(void)
{
	while (!look(&flood->done)) {
		const struct kdbus_msg *msg = peer_readable(service, 10) ? recv_msg(service) : NULL;

		if (!msg)
			continue;
		if (msg->flags & KDBUS_MSG_EXPECT_REPLY)
			expect_ok(send_reply(service, msg->src_id, 1, msg->cookie));
		must(peer_free(service, service->last.msg.offset));
	}
}

static void check_flood(unsigned n_uids, unsigned n_each)
{
	pid_t flooders[32], caller;

	flood = mmap(NULL, sizeof(*flood), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	open_bus();
	service = owner_new("some.service", 0);
	flood->n_flooders = n_uids;
	for (unsigned i = 0; i < n_uids; i++)
		flooders[i] = flood_start(4000 + i, n_each);
	caller = caller_start(UID_B);
	serve_until_done();
	for (unsigned i = 0; i < n_uids; i++)
		child_join(flooders[i]);
	child_join(caller);
	test_note("%u messages were taken, %u refused, and %u calls answered meanwhile", flood->n_taken,
		  flood->n_refused, flood->n_calls);
	expect_eq(flood->n_taken + flood->n_refused, n_uids * n_each);
	expect(flood->n_refused > 0);
}

TEST("under 100000 messages of one user another's calls to the same receiver are answered")
{
	check_flood(1, 100000);
}

TEST("under 100000 messages of 20 users another's calls to the same receiver are answered")
{
	check_flood(20, 5000);
}

/* one that does not read, among others */

TEST("a broadcast past one stuck receiver reaches 1000 others, and only the stuck one lost it")
{
	const struct rlimit files = { 4096, 4096 };
	struct peer *sender, *stuck, *others[1000];
	unsigned n_heard = 0;

	must_sys(setrlimit(RLIMIT_NOFILE, &files));
	bus = bus_new();
	sender = peer_new(bus);
	stuck = peer_new(bus);
	must(match_u64(stuck, 1, KDBUS_ITEM_ID, sender->id));
	for (unsigned i = 0; i < QUEUE_MAX; i++)
		must(send_to(sender, stuck->id, i));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		others[i] = peer_new(bus, .pool = 16 * KIB);
		must(match_u64(others[i], 1, KDBUS_ITEM_ID, sender->id));
	}
	for (unsigned n = 1; n <= 5; n++)
		expect_ok(send_broadcast(sender, 1000 + n));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		for (unsigned n = 1; n <= 5; n++) {
			const struct kdbus_msg *msg = recv_msg(others[i]);

			n_heard += msg && msg->cookie == 1000 + n;
			expect_eq(others[i]->last.dropped_msgs, 0);
		}
	}
	expect_eq(n_heard, 5 * ARRAY_SIZE(others));
	must(recv_cmd(stuck, 0, 0));
	expect_eq(stuck->last.dropped_msgs, 5);
	expect_eq(drain(stuck), QUEUE_MAX - 1);
}

/* programs of one user */

TEST("a stuck program takes no room from others of its user, nor a busy one any requests")
{
	struct peer *stuck, *fine, *first, *second;

	open_bus();
	stuck = owner_new("some.stuck", UID_A);
	fine = owner_new("some.fine", UID_A);
	first = peer_new(bus, .uid = UID_B);
	second = peer_new(bus, .uid = UID_B);
	for (unsigned i = 0; i < QUEUE_MAX; i++)
		must(send_to(first, stuck->id, i));
	expect_errno(ENOBUFS, send_to(first, stuck->id, 1));
	/* the account of a user at one receiver is all that is used up */
	for (unsigned i = 0; i < QUEUE_MAX; i++)
		expect_ok(send_to(first, fine->id, i));
	drain(fine);
	for (unsigned i = 0; i < REQUESTS_MAX; i++)
		must(send_request(first, fine->id, i + 1));
	expect_errno(EMLINK, send_request(first, fine->id, 1000));
	expect_ok(send_request(second, fine->id, 1));
	expect_eq(drain(fine), REQUESTS_MAX + 1);
}

/* a service that does not come */

TEST("mail for a service that does not start yet waits; who sends too much is refused alone")
{
	struct peer *eager, *modest, *late;

	open_bus();
	activator_new(bus, "late.name", .pool = 16 * MIB,
		      .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0 });
	eager = owner_new("some.eager", UID_A);
	modest = owner_new("some.modest", UID_B);
	for (unsigned i = 0; i < QUEUE_MAX; i++)
		must(send_name(eager, "late.name", i));
	expect_errno(ENOBUFS, send_name(eager, "late.name", 1));
	expect_ok(send_request_name(modest, "late.name", 77));
	/* whoever waits for it is free to speak to others, and they to it */
	expect_ok(send_to(modest, eager->id, 1));
	expect_message(eager, 1);
	expect_ok(send_to(eager, modest->id, 2));
	expect_message(modest, 2);

	late = peer_new(bus, .pool = 16 * MIB);
	must(name_acquire(late, "late.name", 0, NULL));
	for (unsigned i = 0; i < QUEUE_MAX; i++)
		expect_message(late, i);
	expect_message(late, 77);
	expect_ok(send_reply(late, modest->id, 5, 77));
	expect_message(modest, 5);
	expect_ok(send_name(eager, "late.name", 3));
}

/* all at once */

static void check_life(struct peer *a, struct peer *b, __u64 cookie)
{
	expect_ok(send_request(a, b->id, cookie));
	expect_message(b, cookie);
	expect_ok(send_reply(b, a->id, cookie, cookie));
	expect_message(a, cookie);
	expect_ok(send_broadcast(a, cookie));
	expect_message(b, cookie);
	expect_eq(b->last.dropped_msgs, 0);
	expect_ok(name_acquire(a, "other.name", 0, NULL));
	expect_ok(send_name(b, "other.name", cookie));
	expect_message(a, cookie);
	expect_eq(a->last.dropped_msgs, 0);
	expect_ok(name_release(a, "other.name"));
}

TEST("a slow reader, a flood, a service that does not start and a stuck monitor at once")
{
	struct peer *slow, *loud, *monitor, *a, *b;
	unsigned n_refused = 0;

	bus = bus_new();
	activator_new(bus, "late.name");
	monitor = monitor_new(bus);
	slow = peer_new(bus);
	loud = peer_new(bus);
	a = peer_new(bus);
	b = peer_new(bus);
	must(match_u64(slow, 1, KDBUS_ITEM_ID, loud->id));
	must(match_u64(slow, 2, KDBUS_ITEM_ID, a->id));
	must(match_u64(b, 1, KDBUS_ITEM_ID, a->id));
	for (unsigned i = 0; i < 2000; i++) {
		n_refused += send_to(loud, slow->id, i) == -ENOBUFS;
		n_refused += send_name(loud, "late.name", i) == -ENOBUFS;
		expect_ok(send_broadcast(loud, i));
		if (i % 10)
			continue;
		check_life(a, b, 10000 + i);
		/* it does read, but far too slowly */
		must(recv_cmd(slow, 0, 0));
		must(peer_free(slow, slow->last.msg.offset));
	}
	test_note("%u messages of the flood were refused", n_refused);
	expect(n_refused > 2000);
	must(recv_cmd(slow, 0, 0));
	expect(slow->last.dropped_msgs > 0);
	must(recv_cmd(monitor, 0, 0));
	test_note("the monitor lost %llu", (unsigned long long)monitor->last.dropped_msgs);
	expect(monitor->last.dropped_msgs > 2000);
}

/*
 * Who pays: a memory cgroup for the receiver, one for the sender.  They are made
 * here, in a program that is not quick: the kernel keeps lists of who pays beside
 * its own objects, and these would count as left behind.
 */

static struct peer *a, *b;

#define GROUPS "/sys/fs/cgroup"

static void write_file(const char *path, const char *text)
{
	int fd = must_sys(open(path, O_WRONLY | O_CLOEXEC));

	must_sys(write(fd, text, strlen(text)));
	close(fd);
}

static void group_new(const char *group)
{
	char path[80], line[200] = "";
	FILE *f = fopen(GROUPS "/cgroup.controllers", "re");

	if (!f || !fgets(line, sizeof(line), f) || !strstr(line, "memory"))
		test_skip("this kernel has no memory cgroups");
	fclose(f);
	write_file(GROUPS "/cgroup.subtree_control", "+memory");
	snprintf(path, sizeof(path), GROUPS "/%s", group);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		test_skip("no group can be made: %s", strerror(errno));
}

static void group_enter(const char *group)
{
	char path[80];

	snprintf(path, sizeof(path), GROUPS "/%s/cgroup.procs", group);
	write_file(path, "0");
}

/* What follows @key in a file of a group. */
static long group_figure(const char *group, const char *file, const char *key)
{
	char path[80], line[80];
	long figure = -1;
	FILE *f;

	snprintf(path, sizeof(path), GROUPS "/%s/%s", group, file);
	f = fopen(path, "re");
	if (!f)
		test_abort(__FILE__, __LINE__, path, -errno);
	while (figure < 0 && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			figure = atol(line + strlen(key));
	fclose(f);
	return figure;
}

static long group_kib(const char *group)
{
	return group_figure(group, "memory.current", "") / 1024;
}

/* The pool of b is the owner's, all else is the sender's. */
static void paying_peers(__u64 pool)
{
	group_new("kdbus-owner");
	group_new("kdbus-sender");
	write_file(GROUPS "/kdbus-owner/memory.max", "max");
	group_enter("kdbus-owner");
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .pool = pool);
	group_enter("kdbus-sender");
}

TEST("what a receiver does not give back is its own to pay, not the sender's")
{
	enum { N = 8000 };
	long owner, sender;

	paying_peers(4 * MIB);
	must(send_to(a, b->id, 0));
	must(recv_cmd(b, 0, 0));
	owner = group_kib("kdbus-owner");
	sender = group_kib("kdbus-sender");
	for (int i = 0; i < N; i++) {
		must(send_to(a, b->id, i));
		must(recv_cmd(b, 0, 0));
	}
	owner = group_kib("kdbus-owner") - owner;
	sender = group_kib("kdbus-sender") - sender;
	test_note("%d messages: the owner has %ld KiB more, the sender %ld", N, owner, sender);
	/* with a slack of what the kernel charges ahead */
	expect(owner > 1700);
	expect(sender < 600);
}

TEST("a receiver whose group is full costs its senders an error, not their time")
{
	long before, tries;
	int r;

	paying_peers(16 * MIB);
	write_file(GROUPS "/kdbus-owner/memory.max", "1M");
	do
		r = send_bytes(a, b->id, 1, 100000);
	while (!r);
	expect_errno(ENOMEM, r);
	/* what the group has elsewhere may be found meanwhile, as long as there is some */
	for (int refused = 0; refused < 10; refused += r == -ENOMEM) {
		before = group_figure("kdbus-owner", "memory.events", "max ");
		r = send_bytes(a, b->id, 1, 100000);
		expect(!r || r == -ENOMEM);
		tries = group_figure("kdbus-owner", "memory.events", "max ") - before;
		test_case("%d were refused, reclaimed %ld times", refused, tries);
		expect(tries <= 4);
	}
	expect_eq(group_figure("kdbus-owner", "memory.events", "oom_kill "), 0);
}

static __u64 recv_offset(struct peer *peer)
{
	must(recv_cmd(peer, 0, 0));
	return peer->last.msg.offset;
}

/* Messages come and are given back. Returns what the owner keeps of them. */
static long kept_kib(long before)
{
	__u64 offsets[8];

	for (int i = 0; i < 8; i++)
		must(send_bytes(a, b->id, i, MIB));
	for (int i = 0; i < 8; i++)
		offsets[i] = recv_offset(b);
	for (int i = 0; i < 8; i++)
		must(peer_free(b, offsets[i]));
	return group_kib("kdbus-owner") - before;
}

TEST("senders do not take pages out of mappings without number, forked ones included")
{
	enum { MAPPINGS = 40, CHILDREN = 2 };
	void *mappings[MAPPINGS];
	pid_t children[CHILDREN];
	struct gate gate;
	long before;

	paying_peers(64 * MIB);
	before = group_kib("kdbus-owner");
	for (int i = 0; i < MAPPINGS; i++) {
		mappings[i] = mmap(NULL, b->pool_size, PROT_READ, MAP_SHARED, b->fd, 0);
		expect(mappings[i] != MAP_FAILED);
	}
	test_case("mapped by one process");
	expect(kept_kib(before) < 4096);
	gate_init(&gate);
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = child_start();
		if (!children[i]) {
			gate_wait(&gate);
			child_exit();
		}
	}
	test_case("mapped by three");
	expect(kept_kib(before) > 7000);
	for (int i = 0; i < CHILDREN; i++)
		gate_open(&gate);
	for (int i = 0; i < CHILDREN; i++)
		child_join(children[i]);
	test_case("mapped by one again");
	expect(kept_kib(before) < 4096);
}

TEST("gaps between messages give their pages back, those without a whole one are passed over")
{
	enum { N = 300 };
	__u64 gaps[N];
	long before;

	paying_peers(64 * MIB);
	before = group_kib("kdbus-owner");
	for (int i = 0; i < N; i++) {
		must(send_bytes(a, b->id, 1, 4096));
		gaps[i] = recv_offset(b);
		must(send_bytes(a, b->id, 2, 8));
		recv_offset(b);
	}
	for (int i = 0; i < N; i++)
		must(peer_free(b, gaps[i]));
	expect(kept_kib(before) < 4096);
	for (int i = 0; i < N; i++)
		expect_eq(peer_msg(b, gaps[i] + 64 + 32 + 4096)->cookie, 2);
}
