/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 22: poll, mmap, dup, fork, exec and O_NONBLOCK. */
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/vm/util.h"

#define OUT (POLLOUT | POLLWRNORM)
#define IN (POLLIN | POLLRDNORM)

static struct bus *bus;
static struct peer *a, *b;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus);
	b = peer_new(bus);
}

TEST("what is no connection polls as error and hang-up only")
{
	char path[240];
	union cmd cmd;
	int fd;

	peers();
	expect_eq(poll_events(control_open(mount_dir)), POLLERR | POLLHUP);
	expect_eq(poll_events(bus->fd), POLLERR | POLLHUP);
	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	expect_eq(poll_events(fd), POLLERR | POLLHUP);
	expect_eq(poll_events(endpoint_new(bus, "0-ep", 0, path)), POLLERR | POLLHUP);
	/* it becomes one */
	cmd_init(&cmd, sizeof(cmd.hello));
	cmd.hello.pool_size = 4096;
	must(call(fd, KDBUS_CMD_HELLO, &cmd));
	expect_eq(poll_events(fd), OUT);
}

TEST("a live connection is always writable, and readable when something waits")
{
	peers();
	expect_eq(poll_events(b->fd), OUT);
	must(send_to(a, b->id, 1));
	expect_eq(poll_events(b->fd), IN | OUT);
	must(recv_cmd(b, KDBUS_RECV_PEEK, 0));
	expect_eq(poll_events(b->fd), IN | OUT);
	expect_message(b, 1);
	expect_eq(poll_events(b->fd), OUT);
	/* a slice not freed is nothing to wait for; nor is a full quota */
	for (int i = 0; i < 256; i++)
		must(send_to(a, b->id, i));
	expect_eq(poll_events(a->fd), OUT);
	drain(b);
	expect_eq(poll_events(b->fd), OUT);
	must(peer_byebye(b));
	expect_eq(poll_events(b->fd), POLLERR | POLLHUP);
}

struct waiter {
	struct peer *peer;
	int result;
	struct pollfd pfd;
};

static void *wait_in_poll(void *data)
{
	struct waiter *waiter = data;

	waiter->pfd = (struct pollfd){ .fd = waiter->peer->fd, .events = POLLIN };
	waiter->result = poll(&waiter->pfd, 1, 20000);
	return NULL;
}

static void *wait_in_epoll(void *data)
{
	struct waiter *waiter = data;
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(fd, EPOLL_CTL_ADD, waiter->peer->fd, &event);
	waiter->result = epoll_wait(fd, &event, 1, 20000);
	waiter->pfd.revents = event.events;
	return NULL;
}

TEST("pollers wake when a message arrives, with poll and with epoll")
{
	static void *(*const ways[])(void *) = { wait_in_poll, wait_in_epoll };

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct waiter waiters[3];
		pthread_t threads[3];

		peers();
		for (int k = 0; k < 3; k++) {
			waiters[k].peer = b;
			pthread_create(&threads[k], NULL, ways[i], &waiters[k]);
		}
		sleep_ms(100);
		must(send_to(a, b->id, 1));
		for (int k = 0; k < 3; k++) {
			pthread_join(threads[k], NULL);
			expect_eq(waiters[k].result, 1);
			expect(waiters[k].pfd.revents & POLLIN);
		}
		bus_close(bus);
	}
}

TEST("only connections can be mapped: EBADFD, and never writable: EPERM")
{
	char path[240];
	int fds[4], fd;
	__u8 *map;

	peers();
	fds[0] = control_open(mount_dir);
	fds[1] = bus->fd;
	fds[2] = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	fds[3] = endpoint_new(bus, "0-ep", 0, path);
	for (int i = 0; i < 4; i++) {
		test_case("handle %d", i);
		expect(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fds[i], 0) == MAP_FAILED);
		expect_eq(errno, EBADFD);
	}
	test_case("writable");
	fd = b->fd;
	expect(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	expect_eq(errno, EPERM);
	expect(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) == MAP_FAILED);
	expect_eq(errno, EPERM);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	expect(map != MAP_FAILED);
	expect_eq(mprotect(map, 4096, PROT_READ | PROT_WRITE), -1);
	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	expect(map != MAP_FAILED);
	expect_eq(mprotect(map, 4096, PROT_READ | PROT_WRITE), -1);
}

TEST("the whole pool or any range of pages can be mapped, not more")
{
	__u8 *whole, *part;
	__u64 offset;

	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .pool = 64 * KIB);
	expect(mmap(NULL, 68 * KIB, PROT_READ, MAP_SHARED, b->fd, 0) == MAP_FAILED);
	expect_eq(errno, EFAULT);
	whole = mmap(NULL, 64 * KIB, PROT_READ, MAP_PRIVATE, b->fd, 0);
	part = mmap(NULL, 8192, PROT_READ, MAP_SHARED, b->fd, 4096);
	if (!expect(whole != MAP_FAILED) || !expect(part != MAP_FAILED))
		return;
	/* fill three pages */
	for (int i = 0; i < 3; i++) {
		must(send_bytes(a, b->id, i, 4000));
		expect_message(b, i);
		offset = b->last.msg.offset;
		expect(!memcmp(whole + offset, b->pool + offset, 4096));
	}
	expect(!memcmp(part, whole + 4096, 8192));
}

TEST("what a page beyond the mapping's part holds is the pool's, also when mapped before use")
{
	__u8 *late;

	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .pool = 64 * KIB);
	/* touch every page while it is empty */
	for (__u64 at = 64; at < 64 * KIB; at += 4096)
		expect_eq(b->pool[at], 0);
	for (int i = 0; i < 5; i++)
		must(send_bytes(a, b->id, i + 1, 1800));
	late = mmap(NULL, 64 * KIB, PROT_READ, MAP_SHARED, b->fd, 0);
	for (int i = 0; i < 5; i++) {
		expect_message(b, i + 1);
		expect(!memcmp(late + b->last.msg.offset, b->pool + b->last.msg.offset, 64));
	}
}

TEST("a mapping outlives disconnect and close, and does not keep the connection")
{
	const struct kdbus_msg *msg;
	__u64 id;

	peers();
	id = b->id;
	must(send_bytes(a, b->id, 7, 10000));
	msg = expect_message(b, 7);
	must(peer_byebye(b));
	expect_eq(msg->cookie, 7);
	close(b->fd);
	expect_eq(msg->cookie, 7);
	expect_eq(((const __u8 *)msg)[9000], 0);
	/* close alone ends a connection, mapped or not */
	b = peer_new(bus);
	id = b->id;
	close(b->fd);
	expect_errno(ENXIO, send_to(a, id, 1));
	expect_eq(b->pool[100], 0);
}

TEST("a mapping does not come into a child that was told not to, and comes with fork")
{
	pid_t pid;

	peers();
	must(send_to(a, b->id, 77));
	expect_message(b, 77);
	pid = child_start();
	if (!pid) {
		expect_eq(peer_msg(b, 0)->cookie, 77);
		child_exit();
	}
	child_join(pid);
}

TEST("the pool can be remapped, unmapped in part, and read through system calls")
{
	__u8 *map;
	int pipes[2];

	peers();
	must(send_bytes(a, b->id, 1, 20000));
	expect_message(b, 1);
	map = mmap(NULL, 64 * KIB, PROT_READ, MAP_SHARED, b->fd, 0);
	munmap(map + 4096, 4096);
	expect_eq(map[16], b->pool[16]);
	expect_eq(map[8192 + 5], b->pool[8192 + 5]);
	map = mremap(map + 8192, 8192, 8192, MREMAP_MAYMOVE);
	expect(map != MAP_FAILED);
	/* get_user_pages: write() from the pool into a pipe, vmsplice */
	must_sys(pipe2(pipes, O_CLOEXEC));
	expect_eq(write(pipes[1], b->pool, 4096), 4096);
}

TEST("payload can be sent straight from another connection's pool")
{
	union cmd msg;
	__u64 n;
	static __u8 data[30000];

	peers();
	memset(data, 0x5a, sizeof(data));
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, data, sizeof(data));
	must(send_msg(a, &msg));
	expect_message(b, 1);
	msg_init(&msg, a->id, 2);
	msg_vec(&msg, b->pool + 96, sizeof(data));
	must(send_msg(b, &msg));
	expect(!memcmp(msg_payload(expect_message(a, 2), &n), data, sizeof(data)));
	/* and from one's own */
	msg_init(&msg, a->id, 3);
	msg_vec(&msg, a->pool + 96, sizeof(data));
	must(send_msg(a, &msg));
	expect(!memcmp(msg_payload(expect_message(a, 3), &n), data, sizeof(data)));
}

TEST("dup and fork share one connection")
{
	pid_t pid;
	int copy;

	peers();
	copy = must_sys(dup(b->fd));
	must(send_to(a, b->id, 1));
	close(b->fd);
	b->fd = copy;
	expect_message(b, 1);
	pid = child_start();
	if (!pid) {
		must(send_to(b, a->id, 2));
		must(name_acquire(b, "childs.name", 0, NULL));
		must(send_to(a, b->id, 3));
		child_exit();
	}
	child_join(pid);
	expect_eq(expect_message(a, 2)->src_id, b->id);
	expect_message(b, 3);
	expect_text(list_text(a, KDBUS_LIST_NAMES, b->id), "childs.name:20");
}

TEST("O_NONBLOCK has no influence")
{
	struct sync_call *sync;

	peers();
	must_sys(fcntl(a->fd, F_SETFL, O_NONBLOCK));
	must_sys(fcntl(b->fd, F_SETFL, O_NONBLOCK));
	expect_errno(EAGAIN, recv_cmd(b, 0, 0));
	sync = sync_new(a, b->id, 1);
	expect(peer_readable(b, 10000));
	expect_message(b, 1);
	must(send_reply(b, a->id, 2, 1));
	expect_ok(sync_join(sync));
}

TEST("close-on-exec closes, otherwise the connection survives exec")
{
	char path[64];
	pid_t pid;
	__u64 id;

	for (int keep = 0; keep < 2; keep++) {
		struct gate gate;

		test_case("keep %d", keep);
		peers();
		id = b->id;
		gate_init(&gate);
		snprintf(path, sizeof(path), "read x <&%d", gate.pipe[0]);
		must_sys(fcntl(b->fd, F_SETFD, keep ? 0 : FD_CLOEXEC));
		must_sys(fcntl(gate.pipe[0], F_SETFD, 0));
		pid = child_start();
		if (!pid) {
			close(gate.pipe[1]);
			execl("/bin/sh", "sh", "-c", path, NULL);
			_exit(1);
		}
		close(b->fd);
		/* until the child has executed something else */
		for (int i = 0; i < 500 && !keep && send_to(a, id, 1) != -ENXIO; i++)
			sleep_ms(10);
		if (keep)
			sleep_ms(300);
		expect_errno(keep ? 0 : ENXIO, send_to(a, id, 2));
		must_sys(write(gate.pipe[1], "\n", 1));
		must_sys(waitpid(pid, NULL, 0));
		expect_errno(ENXIO, send_to(a, id, 3));
		bus_close(bus);
	}
}

TEST("the caller's creation mask and working directory mean nothing to kdbusfs")
{
	struct bus *other;

	umask(0777);
	if (chdir("/proc") < 0)
		test_skip("no /proc");
	other = bus_new(.name = "0-mask", .flags = KDBUS_MAKE_ACCESS_WORLD);
	become(UID_A);
	expect(open(other->path, O_RDWR | O_CLOEXEC) >= 0);
	become(0);
}
