/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that stalls in a page fault holds up nobody but itself. */
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/vm/util.h"

#define PAGE 4096UL

static struct bus *bus;
static struct peer *a, *b, *c, *victim;
static int uffd;

/* Pages that nobody fills until page_fill(). */
static __u8 *pages_missing(size_t n)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	__u8 *pages;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) < 0)
		test_skip("no userfaultfd");
	pages = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)pages;
	range.range.len = n * PAGE;
	must_sys(ioctl(uffd, UFFDIO_REGISTER, &range));
	return pages;
}

static void wait_fault(void)
{
	struct pollfd pfd = { .fd = uffd, .events = POLLIN };

	if (poll(&pfd, 1, 10000) != 1)
		test_abort(__FILE__, __LINE__, "the other one faults", -ETIMEDOUT);
}

static void page_fill(__u8 *page)
{
	static __u8 data[PAGE];
	struct uffdio_copy copy = { .dst = (uintptr_t)page, .src = (uintptr_t)data, .len = PAGE };

	must_sys(ioctl(uffd, UFFDIO_COPY, &copy));
}

static void peers(void)
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus);
	c = peer_new(bus);
	victim = peer_new(bus);
}

/* What the others do meanwhile; a program that hangs here is ended. */
static void life_goes_on(void)
{
	const struct kdbus_info *info;
	struct sync_call *sync;
	struct peer *fresh;

	for (int i = 0; i < 20; i++) {
		sync = sync_new(a, b->id, 100 + i);
		expect(peer_readable(b, 10000));
		expect_message(b, 100 + i);
		must(send_reply(b, a->id, 1, 100 + i));
		expect_ok(sync_join(sync));
		must(peer_free(a, sync->cmd.send.reply.offset));
		must(peer_free(b, b->last.msg.offset));
	}
	must(name_acquire(a, "some.name", 0, NULL));
	expect_ok(send_name(b, "some.name", 1));
	expect_message(a, 1);
	must(name_release(a, "some.name"));
	must(match_u64(b, 1, KDBUS_ITEM_ID, a->id));
	must(send_broadcast(a, 2));
	expect_message(b, 2);
	must(match_remove(b, 1));
	expect_ok(conn_info(a, victim->id, NULL, 0, &info));
	expect_ok(peer_free(a, (const __u8 *)info - a->pool));
	fresh = peer_new(bus);
	expect_text(list_text(fresh, KDBUS_LIST_UNIQUE, victim->id), "-");
	peer_close(fresh);
	/* the receiver the other one is sending to is not stuck either */
	expect_ok(send_to(a, c->id, 3));
	expect_message(c, 3);
}

struct stalled {
	union cmd msg;
	int result;
};

static void *stall_in_send(void *data)
{
	struct stalled *stalled = data;

	stalled->result = send_msg(victim, &stalled->msg);
	return NULL;
}

static void check_stalled_send(struct stalled *stalled, __u8 *page)
{
	pthread_t thread;

	pthread_create(&thread, NULL, stall_in_send, stalled);
	wait_fault();
	life_goes_on();
	page_fill(page);
	pthread_join(thread, NULL);
	expect_ok(stalled->result);
}

TEST("a sender whose payload does not come")
{
	struct stalled stalled;
	__u8 *page = pages_missing(1);

	peers();
	msg_init(&stalled.msg, c->id, 50);
	msg_vec(&stalled.msg, page, 100);
	check_stalled_send(&stalled, page);
	expect_message(c, 50);
}

TEST("a sender whose large payload stops half way")
{
	struct stalled stalled;
	__u8 *pages = pages_missing(8);

	peers();
	page_fill(pages);
	page_fill(pages + PAGE);
	for (int i = 3; i < 8; i++)
		page_fill(pages + i * PAGE);
	msg_init(&stalled.msg, c->id, 50);
	msg_vec(&stalled.msg, pages, 8 * PAGE);
	check_stalled_send(&stalled, pages + 2 * PAGE);
	expect_message(c, 50);
}

TEST("a broadcaster whose payload does not come")
{
	struct stalled stalled;
	__u8 *page = pages_missing(1);

	peers();
	must(match_u64(c, 1, KDBUS_ITEM_ID, victim->id));
	must(match_u64(b, 9, KDBUS_ITEM_ID, victim->id));
	msg_broadcast(&stalled.msg, 50);
	msg_vec(&stalled.msg, page, 100);
	check_stalled_send(&stalled, page);
	expect_message(c, 50);
	expect_message(b, 50);
}

TEST("a broadcaster whose payload does not come keeps nobody who goes")
{
	struct stalled stalled;
	struct peer *many[64];
	__u8 *page = pages_missing(1);
	pthread_t thread;
	long before;

	peers();
	msg_broadcast(&stalled.msg, 50);
	msg_vec(&stalled.msg, page, 100);
	must(match_u64(b, 1, KDBUS_ITEM_ID, victim->id));
	before = meminfo("MemFree");
	for (int i = 0; i < 64; i++) {
		many[i] = peer_new(bus, .pool = 4 * MIB);
		must(match_u64(many[i], 1, KDBUS_ITEM_ID, victim->id));
		/* what it received and keeps lives as long as its pool */
		must(send_bytes(a, many[i]->id, 1, MIB / 2));
		expect_message(many[i], 1);
	}
	expect(before - meminfo("MemFree") > 24 * 1024);
	pthread_create(&thread, NULL, stall_in_send, &stalled);
	wait_fault();
	for (int i = 0; i < 64; i++)
		peer_close(many[i]);
	/* what ends with them is freed a little later */
	for (int i = 0; i < 50 && before - meminfo("MemFree") > 16 * 1024; i++) {
		drop_caches();
		sleep_ms(100);
	}
	expect(before - meminfo("MemFree") <= 16 * 1024);
	/* who comes meanwhile is told */
	must(match_u64(c, 1, KDBUS_ITEM_ID, victim->id));
	page_fill(page);
	pthread_join(thread, NULL);
	expect_ok(stalled.result);
	expect_message(b, 50);
	expect_message(c, 50);
}

TEST("nobody has lost what a broadcaster did not send because it left")
{
	struct stalled stalled;
	__u8 *page = pages_missing(1);
	pthread_t thread;

	peers();
	must(match_u64(b, 1, KDBUS_ITEM_ID, victim->id));
	monitor_new(bus);
	msg_broadcast(&stalled.msg, 50);
	msg_vec(&stalled.msg, page, 100);
	pthread_create(&thread, NULL, stall_in_send, &stalled);
	wait_fault();
	must(peer_byebye(victim));
	page_fill(page);
	pthread_join(thread, NULL);
	expect_nothing(b);
	expect_eq(b->last.dropped_msgs, 0);
}

TEST("a sender whose message header does not come")
{
	struct stalled *stalled = (void *)pages_missing(sizeof(struct stalled) / PAGE + 1);
	union cmd msg;
	pthread_t thread;
	struct uffdio_copy copy;
	static __u8 data[PAGE];

	peers();
	msg_init(&msg, c->id, 50);
	memcpy(data, &msg, 64);
	copy = (struct uffdio_copy){ .dst = (uintptr_t)stalled, .src = (uintptr_t)data, .len = PAGE };
	for (size_t i = 1; i <= sizeof(struct stalled) / PAGE; i++)
		page_fill((__u8 *)stalled + i * PAGE);
	pthread_create(&thread, NULL, stall_in_send, stalled);
	wait_fault();
	life_goes_on();
	must_sys(ioctl(uffd, UFFDIO_COPY, &copy));
	pthread_join(thread, NULL);
	expect_ok(stalled->result);
	expect_message(c, 50);
}

static void *stall_in_acquire(void *data)
{
	return (void *)(intptr_t)call(victim->fd, KDBUS_CMD_NAME_ACQUIRE, data);
}

TEST("a caller whose command does not come, or whose answer finds no place")
{
	__u8 *page = pages_missing(2);
	pthread_t thread;
	union cmd cmd;
	void *result;
	static __u8 data[PAGE];
	struct uffdio_copy copy = { .dst = (uintptr_t)page, .src = (uintptr_t)data, .len = PAGE };

	peers();
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "stalled.name");
	memcpy(data, &cmd, cmd.size);
	pthread_create(&thread, NULL, stall_in_acquire, page);
	wait_fault();
	life_goes_on();
	must_sys(ioctl(uffd, UFFDIO_COPY, &copy));
	pthread_join(thread, &result);
	expect_ok((intptr_t)result);
	expect_text(list_text(a, KDBUS_LIST_NAMES, victim->id), "stalled.name:20");
}

TEST("a stalled sender can be killed")
{
	struct stalled stalled;
	struct gate gate;
	pid_t pid;

	peers();
	gate_init(&gate);
	pid = child_start();
	if (!pid) {
		__u8 *page = pages_missing(1);
		pthread_t thread;

		msg_init(&stalled.msg, c->id, 50);
		msg_vec(&stalled.msg, page, 100);
		pthread_create(&thread, NULL, stall_in_send, &stalled);
		wait_fault();
		gate_open(&gate);
		/* with this process the one who could fill the page goes */
		_exit(0);
	}
	gate_wait(&gate);
	child_join(pid);
	life_goes_on();
	expect_nothing(c);
}

/* Several connect on one file. */
static void *stall_in_hello(void *fd)
{
	victim->hello->return_flags = 0;
	call(*(int *)fd, KDBUS_CMD_HELLO, victim->hello);
	return NULL;
}

static bool has_ended(pid_t pid)
{
	for (int i = 0; i < 500; i++) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return true;
		sleep_ms(10);
	}
	return false;
}

TEST("who waits for a stalled HELLO on the same file can be killed")
{
	pid_t first, second;
	struct gate gate;
	int fd;

	peers();
	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	gate_init(&gate);
	first = child_start();
	if (!first) {
		const char *page = (const char *)pages_missing(1);
		pthread_t thread;

		command_line_set(page, PAGE);
		must(-pthread_create(&thread, NULL, stall_in_hello, &fd));
		wait_fault();
		gate_open(&gate);
		pause();
	}
	gate_wait(&gate);
	second = child_start();
	if (!second) {
		stall_in_hello(&fd);
		child_exit();
	}
	sleep_ms(200);
	kill(second, SIGKILL);
	expect(has_ended(second));
	life_goes_on();
	kill(first, SIGKILL);
	waitpid(first, NULL, 0);
}
