/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every allocation that a command makes, and every copy to or from the
 * caller's memory, fails once.  Then the command says so and has changed
 * nothing: the bus looks as before, and the same command succeeds when it is
 * given again.  What it leaks is kmemleak's to tell.
 *
 * Only for kernels with fault injection (CONFIG_FAULT_INJECTION, fail-nth in
 * Documentation/fault-injection).
 */
#include <sys/mman.h>

#include "tests/vm/util.h"

#define N_MAX 500	/* no command takes as many */

static struct bus *bus;
static struct peer *a, *b, *monitor, *listener, *many[40];
static __u8 bytes[64 * KIB];

static int fail_nth;
static unsigned nth;	/* which one fails; 0: none does */
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

static void prepare(void)
{
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		test_skip("this kernel injects no faults");
	knob("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	knob("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	knob("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	knob("/sys/kernel/debug/fail_page_alloc/min-order", "0");

	bus = bus_new(.attach = ANY, .flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus, .send = ANY, .recv = ANY);
	b = peer_new(bus, .send = ANY, .recv = ANY, .flags = KDBUS_HELLO_ACCEPT_FD);
	listener = peer_new(bus, .send = ANY, .recv = ANY);
	monitor = monitor_new(bus, .send = ANY, .recv = ANY);
	must(match_all(listener, 1));
	must(name_acquire(b, "b.name", 0, NULL));
}

static void arm(unsigned n)
{
	char text[16];
	int size = sprintf(text, "%u", n);

	/* a fault that is still to come may be this copy's */
	while (pwrite(fail_nth, text, size, 0) < 0)
		if (errno != EFAULT)
			must_sys(-1);
}

static void disarm(void)
{
	char text[16] = "";
	ssize_t r;

	if (!nth)
		return;
	r = pread(fail_nth, text, sizeof(text) - 1, 0);
	hit = r > 0 && atoi(text) == 0;
	arm(0);
}

/* One ioctl under the fault. */
static int faulty(int fd, unsigned long number, void *cmd)
{
	int r;

	if (nth)
		arm(nth);
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

/*
 * Does @operation with its first fault, its second one, and so on until there
 * are no more.  It makes one call of faulty() and cleans up.  A copy that
 * fails is the caller's mistake (EFAULT), and may be the copy of the answer.
 */
static void each_fault(const char *what, int (*operation)(void))
{
	unsigned survived = 0;
	int r;

	for (unsigned n = 1; n < N_MAX; n++) {
		test_case("%s, fault %u", what, n);
		nth = n;
		hit = false;
		r = operation();
		nth = 0;
		drain_all();
		if (!hit) {
			expect_ok(r);
			test_note("%s: %u faults, %u of them made no difference", what, n - 1, survived);
			return;
		}
		expect(r == 0 || r == -ENOMEM || r == -EFAULT);
		survived += r == 0;
	}
	expect(!"it ends");
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
}

static int do_first(void)
{
	struct peer *fresh = peer_new(bus, .send = ANY);
	int r;

	msg_init(&msg, b->id, 1);
	r = faulty_send(fresh, 0, &msg);
	if (r == -ENOMEM)
		expect_ok(send_msg(fresh, &msg));
	peer_close(fresh);
	return r;
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

	if (nth)
		arm(nth);
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

	if (nth)
		arm(nth);
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
