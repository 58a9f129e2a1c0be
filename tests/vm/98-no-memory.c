/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every allocation that a command makes, and every copy to or from the
 * caller's memory, fails once.  Then the command says so and has changed
 * nothing: the bus looks as before, and the same command succeeds when it is
 * given again.  The same for mounts, lookups, page faults, and loading the
 * module.  What it leaks is kmemleak's to tell; which places of the source were
 * refused memory, tests/debug/sites.  The words of a command itself are copied
 * where faults cannot be injected; 03-commands does that with memory that is
 * not there.
 *
 * Only for kernels with fault injection (CONFIG_FAULT_INJECTION, fail-nth in
 * Documentation/fault-injection).
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/vm/util.h"

#define N_MAX 2000	/* nothing takes as many */
#define STEP 128	/* bytes that the next one is granted more; see exhaust */
#define PASSES 4	/* the kernel's own book-keeping allocates, too, now and then */

static struct bus *bus;
static struct peer *a, *b, *monitor, *listener, *many[40];
static __u8 bytes[64 * KIB];

static int fail_nth, make_it_fail;
static unsigned nth;	/* which one fails; 0: none does */
static bool exhaust;	/* and all behind it, too: there is room for @nth - 1 STEPs */
static bool hit;	/* there were as many */

static void knob(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		test_note("%s does not take %s", path, value);
	close(fd);
}

static void knob_number(const char *path, long value)
{
	char text[24];

	sprintf(text, "%ld", value);
	knob(path, text);
}

static long knob_get(const char *path)
{
	char text[24] = "";
	int fd = must_sys(open(path, O_RDONLY | O_CLOEXEC));

	must_sys(read(fd, text, sizeof(text) - 1));
	close(fd);
	return atol(text);
}

#define DEBUG "/sys/kernel/debug/"

static void prepare_faults(void)
{
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		test_skip("this kernel injects no faults");
	make_it_fail = must_sys(open("/proc/thread-self/make-it-fail", O_WRONLY | O_CLOEXEC));
	knob(DEBUG "failslab/verbose", "0");
	knob(DEBUG "failslab/ignore-gfp-wait", "N");
	knob(DEBUG "fail_page_alloc/verbose", "0");
	knob(DEBUG "fail_page_alloc/ignore-gfp-wait", "N");
	knob(DEBUG "fail_page_alloc/ignore-gfp-highmem", "N");
	knob(DEBUG "fail_page_alloc/min-order", "0");
	knob(DEBUG "fail_usercopy/verbose", "0");
}

static void prepare(void)
{
	prepare_faults();
	bus = bus_new(.attach = ANY, .flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus, .send = ANY, .recv = ANY);
	b = peer_new(bus, .send = ANY, .recv = ANY, .flags = KDBUS_HELLO_ACCEPT_FD);
	listener = peer_new(bus, .send = ANY, .recv = ANY);
	monitor = monitor_new(bus, .send = ANY, .recv = ANY);
	must(match_all(listener, 1));
	must(name_acquire(b, "b.name", 0, NULL));
}

static void fail_nth_set(unsigned n)
{
	char text[16];
	int size = sprintf(text, "%u", n);

	/* a fault that is still to come may be this copy's */
	while (pwrite(fail_nth, text, size, 0) < 0)
		if (errno != EFAULT)
			must_sys(-1);
}

#define MANY 1000000

/* From now on this thread's allocations fail as @nth and @exhaust say. */
static void arm(void)
{
	if (!nth)
		return;
	if (!exhaust) {
		fail_nth_set(nth);
		return;
	}
	knob(DEBUG "failslab/task-filter", "Y");
	knob_number(DEBUG "failslab/times", MANY);
	knob_number(DEBUG "failslab/space", (nth - 1) * STEP);
	knob(DEBUG "failslab/probability", "100");
	must_sys(pwrite(make_it_fail, "1", 1, 0));
}

static void disarm(void)
{
	char text[16] = "";
	ssize_t r;

	if (!nth)
		return;
	if (exhaust) {
		while (pwrite(make_it_fail, "0", 1, 0) < 0)
			;
		knob(DEBUG "failslab/probability", "0");
		hit = knob_get(DEBUG "failslab/times") < MANY;
		knob_number(DEBUG "failslab/times", -1);
		knob_number(DEBUG "failslab/space", 0);
		knob(DEBUG "failslab/task-filter", "N");
		return;
	}
	r = pread(fail_nth, text, sizeof(text) - 1, 0);
	hit = r > 0 && atoi(text) == 0;
	fail_nth_set(0);
}

/* One ioctl under the fault. */
static int faulty(int fd, unsigned long number, void *cmd)
{
	int r;

	arm();
	r = call(fd, number, cmd);
	disarm();
	return r;
}

static int faulty_send(struct peer *peer, __u64 flags, union cmd *msg)
{
	struct kdbus_cmd_send cmd = { .size = sizeof(cmd), .flags = flags, .msg_address = (uintptr_t)msg };

	return faulty(peer->fd, KDBUS_CMD_SEND, &cmd);
}

static void drain_all(void)
{
	drain(a);
	drain(b);
	drain(listener);
	drain(monitor);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		if (many[i])
			drain(many[i]);
}

/* Who is on the bus, with which names, and for whom something waits. */
struct state {
	bool readable[3];
	__u64 size;
	__u8 list[8 * KIB];
};

static void state_get(struct state *state)
{
	struct kdbus_cmd_list cmd = {
		.size = sizeof(cmd),
		.flags = KDBUS_LIST_UNIQUE | KDBUS_LIST_NAMES | KDBUS_LIST_ACTIVATORS | KDBUS_LIST_QUEUED,
	};

	must(call(a->fd, KDBUS_CMD_LIST, &cmd));
	memset(state, 0, sizeof(*state));
	state->size = cmd.list_size;
	memcpy(state->list, a->pool + cmd.offset, cmd.list_size);
	must(peer_free(a, cmd.offset));
	state->readable[0] = peer_readable(a, 0);
	state->readable[1] = peer_readable(b, 0);
	state->readable[2] = peer_readable(listener, 0);
}

static void expect_unchanged(const struct state *before)
{
	struct state after;

	state_get(&after);
	expect(!memcmp(before, &after, sizeof(after)));
}

/* Does @operation with its first fault, its second one, and so on until there are no more. */
static unsigned each_fault_once(const char *what, int (*operation)(void))
{
	unsigned refused = 0, survived = 0;
	int r;

	for (unsigned n = 1; n < N_MAX; n++) {
		test_case("%s, fault %u", what, n);
		nth = n;
		hit = false;
		r = operation();
		nth = 0;
		if (a)
			drain_all();
		if (!hit) {
			expect_ok(r);
			test_note("%s: %u faults, %u times no memory, %u times no difference", what, n - 1, refused,
				  survived);
			return refused;
		}
		expect(r == 0 || r == -ENOMEM || r == -EFAULT);
		survived += r == 0;
		refused += r == -ENOMEM;
	}
	expect(!"it ends");
	return 0;
}

/*
 * Does @operation without a fault, and then with each.  It makes one call of
 * faulty() and cleans up.  A copy that fails is the caller's mistake (EFAULT),
 * and may be the copy of the answer.  Returns how often there was no memory.
 */
static unsigned each_fault(const char *what, int (*operation)(void))
{
	unsigned refused = 0;

	test_case("%s, no fault", what);
	expect_ok(operation());
	if (a)
		drain_all();
	for (int i = 0; i < PASSES; i++)
		refused += each_fault_once(what, operation);
	return refused;
}

/* The same with all that comes behind the first fault: whoever tries twice fails twice. */
static unsigned each_famine(const char *what, int (*operation)(void))
{
	unsigned refused;

	exhaust = true;
	refused = each_fault_once(what, operation);
	exhaust = false;
	return refused;
}

/* commands, each on a handle of its own */

static const struct command *command;

static int do_command(void)
{
	struct state before;
	struct ready ready;
	int r;

	ready_init(&ready, bus, command);
	drain_all();
	state_get(&before);
	r = faulty(ready.fd, command->number, &ready.cmd);
	if (r == -ENOMEM) {
		expect_unchanged(&before);
		expect_ok(ready_call(&ready));
	}
	ready_deinit(&ready);
	return r;
}

TEST("every command survives the failure of each of its allocations and copies")
{
	prepare();
	for (size_t i = 0; i < n_commands; i++) {
		command = &commands[i];
		each_fault(command->name, do_command);
	}
}

/* connections of each kind */

static union cmd hello;

static int do_hello(void)
{
	union cmd copy = hello;
	int fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC)), r;
	struct state before;

	state_get(&before);
	r = faulty(fd, KDBUS_CMD_HELLO, &copy);
	if (r == -ENOMEM) {
		/* a short life may have been heard of */
		drain_all();
		expect_unchanged(&before);
		copy = hello;
		expect_ok(call(fd, KDBUS_CMD_HELLO, &copy));
	}
	close(fd);
	return r;
}

static void hello_init(__u64 flags)
{
	cmd_init(&hello, sizeof(hello.hello));
	hello.hello.flags = flags;
	hello.hello.pool_size = 64 * KIB;
	hello.hello.attach_flags_send = hello.hello.attach_flags_recv = ANY;
}

TEST("every command survives that nothing more can be allocated, from anywhere on")
{
	prepare();
	for (size_t i = 0; i < n_commands; i++) {
		command = &commands[i];
		each_famine(command->name, do_command);
	}
}

TEST("connections of each kind come to be whole or not at all")
{
	prepare();
	hello_init(0);
	cmd_text(&hello, KDBUS_ITEM_CONN_DESCRIPTION, "described");
	each_fault("an ordinary one", do_hello);
	hello_init(KDBUS_HELLO_MONITOR);
	each_fault("a monitor", do_hello);
	hello_init(KDBUS_HELLO_ACTIVATOR);
	cmd_text(&hello, KDBUS_ITEM_NAME, "x.activated");
	cmd_access(&hello, KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0);
	each_fault("an activator", do_hello);
	hello_init(KDBUS_HELLO_POLICY_HOLDER);
	cmd_text(&hello, KDBUS_ITEM_NAME, "x.held");
	cmd_access(&hello, KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_OWN, 0);
	each_fault("a policy holder", do_hello);
}

/* the first connection of a user */
static int do_hello_of_user(void)
{
	int fd, r;

	become(UID_B);
	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	become(0);
	hello_init(0);
	r = faulty(fd, KDBUS_CMD_HELLO, &hello);
	close(fd);
	return r;
}

TEST("the first connection of a user comes to be whole or not at all")
{
	prepare();
	each_fault("a user's first", do_hello_of_user);
}

/* the first bus of a user */
static int do_bus_of_user(void)
{
	union cmd cmd;
	int fd, r;

	become(UID_B);
	fd = control_open(mount_dir);
	bus_command(&cmd, "1002-first", 0);
	r = faulty(fd, KDBUS_CMD_BUS_MAKE, &cmd);
	if (r == -ENOMEM)
		expect_ok(call(fd, KDBUS_CMD_BUS_MAKE, &cmd));
	become(0);
	close(fd);
	return r;
}

TEST("the first bus of a user comes to be whole or not at all")
{
	prepare();
	expect(each_fault("a user's first bus", do_bus_of_user) > 0);
}

/* messages */

static union cmd msg;

static int do_send(void)
{
	struct state before;
	int r;

	state_get(&before);
	r = faulty_send(a, 0, &msg);
	if (r == -ENOMEM) {
		expect_unchanged(&before);
		expect_ok(send_msg(a, &msg));
	}
	return r;
}

TEST("a message with everything arrives whole or not at all")
{
	int memfd = memfd_new(5000), fds[2];

	prepare();
	must_sys(pipe2(fds, O_CLOEXEC));
	msg_request(&msg, KDBUS_DST_ID_NAME, 7, now_ns() + 600 * SEC);
	for (int i = 0; i < 9; i++)
		msg_vec(&msg, bytes, 5000);
	msg_memfd(&msg, memfd, 0, 5000);
	msg_fds(&msg, fds, 2);
	msg_name(&msg, "b.name");
	each_fault("a request with everything", do_send);
	expect(each_famine("a request with everything, from anywhere on", do_send) > 0);
	/* so little that nothing else is tried when there is no memory for the copy of the payload */
	msg_init(&msg, b->id, 8);
	msg_vec(&msg, bytes, 2000);
	expect(each_fault("a small message while a monitor listens", do_send) > 0);
}

/* of a connection that keeps nothing of an earlier one, and that goes */
static int send_first(struct peer *fresh)
{
	int r = faulty_send(fresh, 0, &msg);

	if (r == -ENOMEM)
		expect_ok(send_msg(fresh, &msg));
	peer_close(fresh);
	return r;
}

static int do_first(void)
{
	msg_init(&msg, b->id, 1);
	return send_first(peer_new(bus, .send = ANY));
}

TEST("the first message of a connection knows its sender or does not arrive")
{
	static char line[2000] = "long";

	prepare();
	each_fault("a first message", do_first);
	/* more of the sender than has its place */
	command_line_set(line, sizeof(line));
	each_fault("a first message of a long command line", do_first);
}

TEST("a broadcast reaches whom it reaches")
{
	prepare();
	msg_broadcast(&msg, 8);
	msg_vec(&msg, bytes, 9000);
	each_fault("a broadcast", do_send);
}

/* What rules may say of the sender is looked up for the message. */
static int do_broadcast_of_named(void)
{
	return faulty_send(b, 0, &msg);
}

TEST("a broadcast of who owns names reaches whom it reaches")
{
	prepare();
	msg_broadcast(&msg, 8);
	each_fault("a broadcast of who owns a name", do_broadcast_of_named);
}

TEST("a broadcast to many reaches whom it reaches")
{
	prepare();
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = i % 2 ? peer_new(bus, .send = ANY, .recv = ANY) : monitor_new(bus, .recv = ANY);
		if (i % 2)
			must(match_all(many[i], 1));
	}
	msg_broadcast(&msg, 8);
	msg_vec(&msg, bytes, 9000);
	each_fault("a broadcast to many", do_send);
}

TEST("a broadcast to many who listen for the same word reaches whom it reaches")
{
	const __u64 mask[8] = { 1 };

	prepare();
	for (size_t i = 0; i < 20; i++) {
		many[i] = peer_new(bus, .send = ANY, .recv = ANY);
		must(match_cmd(many[i], 1, 0, KDBUS_ITEM_BLOOM_MASK, mask, sizeof(mask)));
	}
	msg_init(&msg, KDBUS_DST_ID_BROADCAST, 8);
	msg.msg.flags = KDBUS_MSG_SIGNAL;
	msg_filter(&msg, 0, mask[0]);
	msg_vec(&msg, bytes, 9000);
	each_fault("a broadcast to many of one word", do_send);
}

static int do_first_request(void)
{
	msg_request(&msg, b->id, 11, now_ns() + 600 * SEC);
	return send_first(peer_new(bus, .pool = 64 * KIB));
}

TEST("the first request of a connection arrives or can be sent again")
{
	prepare();
	each_fault("a first request", do_first_request);
}

static int do_reply(void)
{
	const struct kdbus_msg *request;
	int r;

	must(send_request(a, b->id, 9));
	request = expect_message(b, 9);
	if (!request)
		return -EIO;
	msg_reply(&msg, a->id, 10, 9);
	msg_vec(&msg, bytes, 9000);
	r = faulty_send(b, 0, &msg);
	if (r == -ENOMEM)
		/* it is still owed */
		expect_ok(send_msg(b, &msg));
	return r;
}

TEST("a reply that could not be sent can be sent again")
{
	prepare();
	each_fault("a reply", do_reply);
}

/* Someone else answers, so that the fault meets the caller only. */
static void *answer(void *unused)
{
	union cmd reply;

	(void)unused;
	while (peer_readable(b, 1000)) {
		const struct kdbus_msg *request = recv_msg(b);

		if (!request)
			continue;
		msg_reply(&reply, request->src_id, 1, request->cookie);
		msg_vec(&reply, bytes, 100);
		send_msg(b, &reply);
	}
	return NULL;
}

static int do_sync(void)
{
	pthread_t thread;
	int r;

	must(-pthread_create(&thread, NULL, answer, NULL));
	msg_request(&msg, b->id, 11, now_ns() + SEC / 2);
	r = faulty_send(a, KDBUS_SEND_SYNC_REPLY, &msg);
	pthread_join(thread, NULL);
	return r;
}

TEST("a synchronous call returns with the reply or without having called")
{
	prepare();
	each_fault("a synchronous call", do_sync);
}

static int do_sync_with_cancel(void)
{
	struct sync_call sync;
	pthread_t thread;
	int pipes[2], r;

	must_sys(pipe2(pipes, O_CLOEXEC));
	must(-pthread_create(&thread, NULL, answer, NULL));
	sync_init(&sync, a, b->id, 12, now_ns() + SEC / 2);
	cmd_item(&sync.cmd, KDBUS_ITEM_CANCEL_FD, &pipes[0], sizeof(pipes[0]));
	r = faulty(a->fd, sync.number, &sync.cmd);
	pthread_join(thread, NULL);
	close(pipes[0]);
	close(pipes[1]);
	return r;
}

TEST("a synchronous call that can be cancelled returns with the reply or without having called")
{
	prepare();
	each_fault("a synchronous call that can be cancelled", do_sync_with_cancel);
}

/* lists */

static int do_list(void)
{
	struct kdbus_cmd_list cmd = {
		.size = sizeof(cmd),
		.flags = KDBUS_LIST_UNIQUE | KDBUS_LIST_NAMES,
	};
	int r = faulty(a->fd, KDBUS_CMD_LIST, &cmd);

	if (!r)
		must(peer_free(a, cmd.offset));
	return r;
}

TEST("a list is whole or there is none")
{
	prepare();
	expect(each_fault("a list", do_list) > 0);
}

/* rules */

static int add_rule(__u64 cookie, bool fault)
{
	const __u64 mask[8] = { 1ULL << 40, 1 << 3 };
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.match));
	cmd.match.cookie = cookie;
	cmd_item(&cmd, KDBUS_ITEM_BLOOM_MASK, mask, sizeof(mask));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "b.name");
	cmd_text(&cmd, KDBUS_ITEM_NAME, "b.name");
	cmd_u64(&cmd, KDBUS_ITEM_ID, cookie);
	return fault ? faulty(a->fd, KDBUS_CMD_MATCH_ADD, &cmd) : call(a->fd, KDBUS_CMD_MATCH_ADD, &cmd);
}

static int do_match(void)
{
	static __u64 cookie = 100;
	int r = add_rule(++cookie, true);

	if (r == -ENOMEM) {
		expect_errno(EBADSLT, match_remove(a, cookie));
		expect_ok(add_rule(cookie, false));
	}
	return r;
}

static int do_mask(void)
{
	struct bus *fresh = bus_new(.name = "0-fresh");
	struct peer *peer = peer_new(fresh);
	const __u64 mask[8] = { 1ULL << 40, 1 << 3 };
	union cmd cmd;
	int r;

	cmd_init(&cmd, sizeof(cmd.match));
	cmd_item(&cmd, KDBUS_ITEM_BLOOM_MASK, mask, sizeof(mask));
	r = faulty(peer->fd, KDBUS_CMD_MATCH_ADD, &cmd);
	if (r == -ENOMEM)
		expect_ok(call(peer->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	peer_close(peer);
	bus_close(fresh);
	return r;
}

TEST("a rule is there or it is not")
{
	prepare();
	each_fault("a rule of three parts", do_match);
	each_fault("the first mask of a bus", do_mask);
}

/* names and mail */

static int do_move(void)
{
	struct peer *activator = activator_new(bus, "m.name", .recv = ANY, .send = ANY);
	union cmd cmd;
	int r;

	for (int i = 0; i < 3; i++) {
		msg_request(&msg, KDBUS_DST_ID_NAME, 20 + i, now_ns() + 600 * SEC);
		msg_vec(&msg, bytes, 6000);
		msg_name(&msg, "m.name");
		must(send_msg(a, &msg));
	}
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "m.name");
	r = faulty(b->fd, KDBUS_CMD_NAME_ACQUIRE, &cmd);
	if (r == -ENOMEM) {
		expect(!peer_readable(b, 0));
		expect_ok(name_acquire(b, "m.name", 0, NULL));
	}
	name_release(b, "m.name");
	peer_close(activator);
	return r;
}

TEST("an activator's mail moves with the name or stays")
{
	prepare();
	each_fault("a hand-over", do_move);
}

/* the pool */

static int do_map(void)
{
	struct peer *peer = peer_new(bus);
	void *map;
	int r;

	arm();
	map = mmap(NULL, peer->pool_size, PROT_READ, MAP_SHARED, peer->fd, 0);
	r = map == MAP_FAILED ? -errno : 0;
	disarm();
	if (!r)
		munmap(map, peer->pool_size);
	peer_close(peer);
	return r;
}

TEST("a pool is mapped or it is not")
{
	prepare();
	each_fault("mmap", do_map);
}

static int do_open(void)
{
	int fd, r;

	arm();
	fd = open(bus->path, O_RDWR | O_CLOEXEC);
	r = fd < 0 ? -errno : 0;
	disarm();
	if (fd >= 0)
		close(fd);
	return r;
}

TEST("an endpoint opens or it does not")
{
	prepare();
	each_fault("open", do_open);
}

/* the memory of a pool */

static int do_fill(void)
{
	struct peer *fresh = peer_new(bus);
	int r;

	msg_init(&msg, fresh->id, 1);
	msg_vec(&msg, bytes, sizeof(bytes));
	r = faulty_send(a, 0, &msg);
	if (r == -ENOMEM) {
		expect_nothing(fresh);
		expect_ok(send_msg(a, &msg));
		expect_message(fresh, 1);
	}
	peer_close(fresh);
	return r;
}

TEST("a pool gets the pages of a message or the message is not sent")
{
	prepare();
	expect(each_fault("the first message into a pool", do_fill) > 0);
	expect(each_famine("the first message into a pool, from anywhere on", do_fill) > 0);
}

/* Where in the pool, and whether a page is there already. */
static __u64 touched;

/* The kernel tries again, and at last the page is there. */
static int do_touch(void)
{
	struct peer *fresh = peer_new(bus, .keep = true);
	const volatile __u8 *map;

	map = mmap(NULL, fresh->pool_size, PROT_READ, MAP_SHARED, fresh->fd, 0);
	must_sys(map == MAP_FAILED ? -1 : 0);
	arm();
	(void)map[touched];
	disarm();
	expect_eq(map[touched], fresh->pool[touched]);
	munmap((void *)map, fresh->pool_size);
	peer_close(fresh);
	/* for each_fault(), which wants to have seen it */
	return nth && hit ? -ENOMEM : 0;
}

TEST("a page of a pool that cannot be had at once is there at last")
{
	prepare();
	touched = 0;
	expect(each_fault("a page that was written", do_touch) > 0);
	touched = 512 * KIB;
	expect(each_fault("a page that was not", do_touch) > 0);
}

/* the file system */

static char faulty_dir[] = "/tmp/kdbus-faulty-XXXXXX", faulty_file[64];

static void directory_new(void)
{
	must_sys(mkdtemp(faulty_dir) ? 0 : -1);
	sprintf(faulty_file, "%s/control", faulty_dir);
}

static int do_mount(void)
{
	int r;

	arm();
	r = mount("kdbusfs", faulty_dir, "kdbusfs", 0, NULL) ? -errno : 0;
	disarm();
	if (r)
		must_sys(mount("kdbusfs", faulty_dir, "kdbusfs", 0, NULL));
	must_sys(umount(faulty_dir));
	return r;
}

TEST("a file system is mounted or it is not")
{
	prepare();
	directory_new();
	expect(each_fault("mount", do_mount) > 0);
	rmdir(faulty_dir);
}

static int do_lookup(void)
{
	struct stat st;
	int r;

	must_sys(mount("kdbusfs", faulty_dir, "kdbusfs", 0, NULL));
	arm();
	r = stat(faulty_file, &st) ? -errno : 0;
	disarm();
	must_sys(stat(faulty_file, &st));
	expect(S_ISREG(st.st_mode));
	must_sys(umount(faulty_dir));
	return r;
}

TEST("the first who looks finds what is there or learns that he could not look")
{
	prepare();
	directory_new();
	expect(each_fault("the first lookup", do_lookup) > 0);
	rmdir(faulty_dir);
}

static int do_listing(void)
{
	long sizes[2];
	char entries[2][1000];
	int fd, r;

	must_sys(mount("kdbusfs", faulty_dir, "kdbusfs", 0, NULL));
	arm();
	fd = open(faulty_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sizes[0] = fd < 0 ? -1 : syscall(SYS_getdents64, fd, entries[0], sizeof(entries[0]));
	r = sizes[0] < 0 ? -errno : 0;
	disarm();
	if (fd >= 0)
		close(fd);
	fd = must_sys(open(faulty_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	sizes[1] = must_sys(syscall(SYS_getdents64, fd, entries[1], sizeof(entries[1])));
	expect(r || sizes[0] <= sizes[1]);
	close(fd);
	must_sys(umount(faulty_dir));
	return r;
}

TEST("a listing is made or it is not")
{
	prepare();
	directory_new();
	expect(each_fault("a listing", do_listing) > 0);
	rmdir(faulty_dir);
}

/*
 * Tables that cannot grow.  A worker lets them grow before they are full.  Only
 * when it did not come to that, an insertion asks for the table of twice the
 * size itself, and fails if it cannot have it.  So the test keeps the processor
 * on which the worker would run for itself, for a moment.
 */
#define TABLE_CACHE "/sys/kernel/slab/kmalloc-2k/failslab"
#define TABLE_SIZE  64
#define TABLE_GROWS (TABLE_SIZE / 4 * 3)

static void urgent(bool on)
{
	struct sched_param first = { .sched_priority = 50 }, normal = { 0 };

	must_sys(sched_setscheduler(0, on ? SCHED_FIFO : SCHED_OTHER, on ? &first : &normal));
}

static void tables_grow(bool grow)
{
	if (!grow) {
		urgent(true);
		knob(DEBUG "failslab/probability", "100");
	}
	must_sys(pwrite(make_it_fail, grow ? "0" : "1", 1, 0));
	if (grow) {
		knob(DEBUG "failslab/probability", "0");
		urgent(false);
	}
}

static int add_name(unsigned i)
{
	char name[20];

	sprintf(name, "crowd.n%u", i);
	return name_acquire(a, name, 0, NULL);
}

static int add_rule_of_id(unsigned i)
{
	return match_u64(a, i, KDBUS_ITEM_ID, 1000 + i);
}

static int add_rule_of_word(unsigned i)
{
	__u64 mask[8] = { 0 };

	/* a bit of its own, since each bit has a place in the table */
	mask[i / 64] = 1ULL << i % 64;

	return match_cmd(a, i, 0, KDBUS_ITEM_BLOOM_MASK, mask, sizeof(mask));
}

static int add_peer(unsigned i)
{
	struct peer *peer;

	(void)i;
	return peer_try(bus, (struct peer_options){ .pool = 64 * KIB }, &peer);
}

TEST("who would be one too many for a table that cannot grow is turned away")
{
	static const struct {
		const char *what;
		int (*add)(unsigned i);
	} crowds[] = {
		{ "names", add_name },
		/* these fill the table of groups, the next one that of ids */
		{ "rules, by word", add_rule_of_word },
		{ "rules, by id", add_rule_of_id },
		{ "connections", add_peer },
	};
	cpu_set_t one;

	prepare();
	if (access(TABLE_CACHE, R_OK) || !knob_get(TABLE_CACHE))
		test_skip("needs slub_debug=A,kmalloc-2k on the kernel's command line");
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must_sys(sched_setaffinity(0, sizeof(one), &one));
	knob("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	knob(DEBUG "failslab/cache-filter", "Y");
	knob(DEBUG "failslab/task-filter", "Y");
	knob_number(DEBUG "failslab/times", -1);
	knob_number(DEBUG "failslab/space", 0);
	for (size_t i = 0; i < ARRAY_SIZE(crowds); i++) {
		unsigned n = 0;
		int r;

		test_case("%s", crowds[i].what);
		/* some are there already */
		while (++n < TABLE_GROWS - 8)
			expect_ok(crowds[i].add(n));
		tables_grow(false);
		while (!(r = crowds[i].add(n)) && n < 4 * TABLE_SIZE)
			n++;
		tables_grow(true);
		expect_errno(ENOMEM, r);
		test_note("%s: number %u was one too many", crowds[i].what, n);
		expect_ok(crowds[i].add(n));
		expect_ok(crowds[i].add(n + 1));
	}
	knob(DEBUG "failslab/cache-filter", "N");
	knob(DEBUG "failslab/task-filter", "N");
}

/* the module; nothing may use it meanwhile */

static int module_fd;

static int module_load(void)
{
	return syscall(SYS_finit_module, module_fd, "", 0) ? -errno : 0;
}

static int module_unload(void)
{
	return syscall(SYS_delete_module, "kdbus", O_NONBLOCK) ? -errno : 0;
}

/*
 * Most that is allocated meanwhile is the loader's, which is not ours to try;
 * what the module does itself comes last.
 */
#define LOAD_OWN 80
#define LOAD_PASSES 6

static int do_load(void)
{
	int r;

	arm();
	r = module_load();
	disarm();
	if (r)
		must(module_load());
	must(module_unload());
	return r;
}

static unsigned count_load(void)
{
	const unsigned many = 100000;
	char text[16] = "";

	fail_nth_set(many);
	must(module_load());
	must_sys(pread(fail_nth, text, sizeof(text) - 1, 0));
	fail_nth_set(0);
	must(module_unload());
	return many - atoi(text);
}

static unsigned each_own_fault(void)
{
	unsigned last = count_load(), refused = 0;
	int r;

	for (nth = last; nth && last - nth < LOAD_OWN; nth--) {
		test_case("loading the module, fault %u of %u", nth, last);
		r = do_load();
		expect(r == 0 || r == -ENOMEM);
		refused += r == -ENOMEM;
	}
	nth = 0;
	test_note("loading the module: %u faults, the last %u tried, %u times no memory", last, LOAD_OWN, refused);
	return refused;
}

TEST("the module is loaded whole or not at all")
{
	bool customary = !umount("/sys/fs/kdbus");
	unsigned refused = 0;
	char path[300] = "";
	FILE *where;

	prepare_faults();
	where = popen("PATH=$PATH:/sbin:/usr/sbin modinfo -n kdbus", "r");
	if (!where || fscanf(where, "%299s", path) != 1)
		test_abort(__FILE__, __LINE__, "modinfo", -ENOENT);
	pclose(where);
	module_fd = must_sys(open(path, O_RDONLY | O_CLOEXEC));
	must_sys(umount(mount_dir));
	must(module_unload());
	for (int i = 0; i < LOAD_PASSES; i++)
		refused += each_own_fault();
	expect(refused > 0);
	must(module_load());
	must_sys(mount("kdbusfs", mount_dir, "kdbusfs", 0, NULL));
	if (customary)
		must_sys(mount("kdbusfs", "/sys/fs/kdbus", "kdbusfs", 0, NULL));
}
