/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 21: how connections end, and what others see of it. */
#include <signal.h>
#include <sys/wait.h>

#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b, *watcher;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	watcher = peer_new(bus);
	a = peer_new(bus);
	b = peer_new(bus);
	match_ids(watcher);
	match_names(watcher);
}

TEST("BYEBYE with messages queued gives EBUSY and does nothing")
{
	peers();
	must(send_to(a, b->id, 1));
	expect_errno(EBUSY, peer_byebye(b));
	expect_nothing(watcher);
	expect_message(b, 1);
	/* slices not freed do not matter */
	expect_ok(peer_byebye(b));
	expect_id_notice(watcher, KDBUS_ITEM_ID_REMOVE, b->id, 0);
}

TEST("losses do not keep a connection from BYEBYE")
{
	static __u8 data[64 * KIB];
	struct peer *small;
	union cmd msg;

	peers();
	small = peer_new(bus, .pool = 64 * KIB);
	must(match_all(small, 1));
	msg_broadcast(&msg, 1);
	msg_vec(&msg, data, sizeof(data));
	must(send_msg(a, &msg));
	expect_ok(peer_byebye(small));
}

TEST("after BYEBYE every command gives ECONNRESET, BYEBYE too")
{
	const struct kdbus_info *info;
	struct kdbus_cmd_list list = { .size = sizeof(list) };

	peers();
	must(peer_byebye(b));
	expect_errno(ECONNRESET, peer_byebye(b));
	expect_errno(ECONNRESET, send_to(b, a->id, 1));
	expect_errno(ECONNRESET, recv_cmd(b, 0, 0));
	expect_errno(ECONNRESET, peer_free(b, b->pool_size));
	expect_errno(ECONNRESET, name_acquire(b, "a.b", 0, NULL));
	expect_errno(ECONNRESET, name_release(b, "a.b"));
	expect_errno(ECONNRESET, match_all(b, 1));
	expect_errno(ECONNRESET, match_remove(b, 1));
	expect_errno(ECONNRESET, call(b->fd, KDBUS_CMD_LIST, &list));
	expect_errno(ECONNRESET, conn_info(b, a->id, NULL, 0, &info));
	expect_errno(ECONNRESET, creator_info(b, 0, &info));
	expect_errno(ECONNRESET, update_attach(b, KDBUS_ITEM_ATTACH_FLAGS_RECV, 0));
	expect_eq(poll_events(b->fd), POLLERR | POLLHUP);
	expect_errno(ENXIO, send_to(a, b->id, 1));
	/* and closing says nothing more */
	expect_id_notice(watcher, KDBUS_ITEM_ID_REMOVE, b->id, 0);
	peer_close(b);
	expect_nothing(watcher);
}

static void end_byebye(void)
{
	drain(b);
	must(peer_byebye(b));
}

static void end_close(void)
{
	peer_close(b);
}

TEST("observers see names, then dead replies, then the id; and everything is over at return")
{
	static void (*const ways[])(void) = { end_byebye, end_close };

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		__u64 id;

		test_case("way %zu", i);
		peers();
		id = b->id;
		must(name_acquire(b, "first.name", 0, NULL));
		must(name_acquire(b, "second.name", 0, NULL));
		must(name_acquire(a, "second.name", KDBUS_NAME_QUEUE, NULL));
		must(name_acquire(b, "third.name", 0, NULL));
		drain(watcher);
		must(match_remove(watcher, 1001));
		must(match_remove(watcher, 1002));
		must(match_all(watcher, 1));
		must(send_request(watcher, id, 5));
		if (i == 0)
			expect_message(b, 5);
		ways[i]();
		expect_name_notice(watcher, KDBUS_ITEM_NAME_REMOVE, id, 0x20, 0, 0, "first.name");
		expect_name_notice(watcher, KDBUS_ITEM_NAME_CHANGE, id, 0x20, a->id, 0x24, "second.name");
		expect_name_notice(watcher, KDBUS_ITEM_NAME_REMOVE, id, 0x20, 0, 0, "third.name");
		expect_reply_notice(watcher, KDBUS_ITEM_REPLY_DEAD, 5);
		expect_id_notice(watcher, KDBUS_ITEM_ID_REMOVE, id, 0);
		expect_nothing(watcher);
		bus_close(bus);
	}
}

TEST("queued claims of a connection that ends go silently")
{
	peers();
	must(name_acquire(a, "a.b", 0, NULL));
	must(name_acquire(b, "a.b", KDBUS_NAME_QUEUE, NULL));
	drain(watcher);
	must(peer_byebye(b));
	expect_id_notice(watcher, KDBUS_ITEM_ID_REMOVE, b->id, 0);
	must(name_release(a, "a.b"));
	expect_name_notice(watcher, KDBUS_ITEM_NAME_REMOVE, a->id, 0x20, 0, 0, "a.b");
}

TEST("the last close ends the connection, earlier ones do not")
{
	struct gate go;
	int copy;
	pid_t pid;
	__u64 id;

	peers();
	id = b->id;
	copy = must_sys(dup(b->fd));
	gate_init(&go);
	pid = child_start();
	if (!pid) {
		gate_wait(&go);
		child_exit();
	}
	close(b->fd);
	expect_ok(send_to(a, id, 1));
	close(copy);
	/* the child still has it */
	expect_ok(send_to(a, id, 2));
	expect_nothing(watcher);
	gate_open(&go);
	child_join(pid);
	expect_id_notice(watcher, KDBUS_ITEM_ID_REMOVE, id, 0);
	expect_errno(ENXIO, send_to(a, id, 3));
}

TEST("a process that is killed leaves an orderly bus")
{
	struct gate ready;
	pid_t pid;
	int status;

	peers();
	gate_init(&ready);
	pid = child_start();
	if (!pid) {
		struct peer *c = peer_new(bus);

		must(name_acquire(c, "killed.name", 0, NULL));
		gate_open(&ready);
		pause();
	}
	gate_wait(&ready);
	must(send_request_name(a, "killed.name", 3));
	drain(watcher);
	kill(pid, SIGKILL);
	must_sys(waitpid(pid, &status, 0));
	expect(peer_readable(a, 5000));
	expect_reply_notice(a, KDBUS_ITEM_REPLY_DEAD, 3);
	expect(peer_readable(watcher, 5000));
	must(recv_cmd(watcher, 0, 0));
	expect_eq(peer_msg(watcher, watcher->last.msg.offset)->items->type, KDBUS_ITEM_NAME_REMOVE);
}

TEST("closing the bus ends everybody: poll, commands, endpoints, all at return")
{
	struct peer *activator, *monitor, *holder, *inside;
	struct peer *all[6];
	char path[240];
	int fd;

	peers();
	activator = activator_new(bus, "a.b");
	monitor = monitor_new(bus);
	holder = holder_new(bus, "x.y");
	fd = endpoint_new(bus, "0-ep", 0, path);
	inside = peer_new(bus, .path = path);
	all[0] = a;
	all[1] = b;
	all[2] = activator;
	all[3] = monitor;
	all[4] = holder;
	all[5] = inside;
	must(send_to(a, b->id, 1));
	must(send_name(a, "a.b", 2));
	bus_close(bus);
	for (int i = 0; i < 6; i++) {
		struct kdbus_cmd_list list = { .size = sizeof(list) };

		test_case("connection %d", i);
		expect_eq(poll_events(all[i]->fd), POLLERR | POLLHUP);
		expect_errno(ECONNRESET, call(all[i]->fd, KDBUS_CMD_LIST, &list));
	}
	expect_eq(poll_events(fd), POLLERR | POLLHUP);
	expect_eq(access(path, F_OK), -1);
	expect_eq(access(bus->dir, F_OK), -1);
	/* the name of the bus is free, the old handles stay dead */
	bus_new();
	expect_errno(ECONNRESET, send_to(a, b->id, 3));
}

static void *close_fd(void *data)
{
	close((intptr_t)data);
	return NULL;
}

TEST("closing the bus waits for an endpoint that somebody else is closing")
{
	enum { CROWD = 300 };
	struct peer *crowd[CROWD];
	pthread_t thread;
	char path[240];
	int fd;

	for (int round = 0; round < 4; round++) {
		bus = bus_new();
		fd = endpoint_new(bus, "0-ep", 0, path);
		for (int i = 0; i < CROWD; i++)
			crowd[i] = peer_new(bus, .path = path, .pool = 4096);
		must(-pthread_create(&thread, NULL, close_fd, (void *)(intptr_t)fd));
		while (poll_events(crowd[0]->fd) != (POLLERR | POLLHUP))
			;
		bus_close(bus);
		expect_eq(poll_events(crowd[CROWD - 1]->fd), POLLERR | POLLHUP);
		must(-pthread_join(thread, NULL));
		for (int i = 0; i < CROWD; i++)
			peer_close(crowd[i]);
	}
}

static void *poller(void *data)
{
	struct pollfd pfd = { .fd = ((struct peer *)data)->fd, .events = POLLIN };

	poll(&pfd, 1, 20000);
	return (void *)(uintptr_t)pfd.revents;
}

TEST("pollers wake when the connection ends, in each way")
{
	for (int way = 0; way < 3; way++) {
		pthread_t thread;
		void *events;
		char path[240];
		int fd;

		test_case("way %d", way);
		peers();
		fd = endpoint_new(bus, "0-ep", 0, path);
		if (way == 2)
			b = peer_new(bus, .path = path);
		pthread_create(&thread, NULL, poller, b);
		sleep_ms(100);
		if (way == 0)
			must(peer_byebye(b));
		else if (way == 1)
			bus_close(bus);
		else
			close(fd);
		pthread_join(thread, &events);
		expect_eq((uintptr_t)events, POLLERR | POLLHUP);
		bus_close(bus);
	}
}

TEST("a thousand connections come and go, and nothing is left")
{
	struct kdbus_cmd_list list = { .size = sizeof(list), .flags = KDBUS_LIST_UNIQUE };

	bus = bus_new();
	a = peer_new(bus);
	for (int i = 0; i < 1000; i++) {
		struct peer *peer = peer_new(bus, .pool = 4096);

		must(name_acquire(peer, "a.b", 0, NULL));
		must(match_all(peer, 1));
		must(send_request(peer, a->id, 1));
		must(send_request(a, peer->id, 2));
		peer_close(peer);
		expect_message(a, 1);
		expect_reply_notice(a, KDBUS_ITEM_REPLY_DEAD, 2);
		must(peer_free(a, 0));
		must(peer_free(a, a->last.msg.offset));
	}
	must(call(a->fd, KDBUS_CMD_LIST, &list));
	expect_eq(list.list_size, 24);
}
