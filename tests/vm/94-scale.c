/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What many idle connections and names cost, in memory and in time. */
#include <sys/resource.h>

#include "tests/vm/util.h"

#define USERS 10
#define PER_USER 1000

static struct bus *bus;

/* Kernel memory in KiB: slabs, vmalloc and per-cpu; not the files of pools. */
static long kernel_memory(void)
{
	return meminfo("Slab") + meminfo("VmallocUsed") + meminfo("Percpu");
}

static void many_files(void)
{
	const struct rlimit files = { 20000, 20000 };

	must_sys(setrlimit(RLIMIT_NOFILE, &files));
}

/* A bare connection: no mapping, no slice. */
static int hello(__u64 pool)
{
	struct kdbus_cmd_free release = { .size = sizeof(release) };
	union cmd cmd;
	int fd;

	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	cmd_init(&cmd, sizeof(cmd.hello));
	cmd.hello.pool_size = pool;
	must(call(fd, KDBUS_CMD_HELLO, &cmd));
	release.offset = cmd.hello.offset;
	must(call(fd, KDBUS_CMD_FREE, &release));
	return fd;
}

TEST("1000 idle connections with 64 KiB pools cost less than 16 KiB of kernel memory each")
{
	long before, after;

	many_files();
	bus = bus_new();
	for (int i = 0; i < 20; i++)
		hello(64 * KIB);
	before = kernel_memory();
	for (int i = 0; i < 1000; i++)
		hello(64 * KIB);
	after = kernel_memory();
	test_note("%ld bytes each, the open file included", (after - before) * 1024 / 1000);
	expect(after - before < 16 * 1000);
}

static void call_once(struct peer *a, struct peer *b)
{
	must(send_request(a, b->id, 1));
	must(recv_cmd(b, 0, 0));
	must(send_reply(b, a->id, 2, 1));
	must(peer_free(b, b->last.msg.offset));
	must(recv_cmd(a, 0, 0));
	must(peer_free(a, a->last.msg.offset));
}

/* A broadcast that one connection receives. */
static void broadcast_once(struct peer *a, struct peer *b)
{
	must(send_broadcast(a, 1));
	must(recv_cmd(b, 0, 0));
	must(peer_free(b, b->last.msg.offset));
}

static void name_once(struct peer *a, struct peer *b)
{
	(void)b;
	must(name_acquire(a, "a.b", 0, NULL));
	must(name_release(a, "a.b"));
}

/*
 * What it costs when nothing comes between: the least of many times, in
 * nanoseconds.
 */
static __u64 least_time(void (*once)(struct peer *a, struct peer *b), struct peer *a, struct peer *b)
{
	__u64 least = ANY;

	for (int i = 0; i < 1000; i++) {
		__u64 start = now_ns(), took;

		once(a, b);
		took = now_ns() - start;
		if (took < least)
			least = took;
	}
	return least;
}

/* A bare connection that waits for one other name, and owns one. */
static void idle_new(unsigned number)
{
	struct peer peer = { .fd = hello(4096) };
	char name[40];

	sprintf(name, "idle.name%u", number);
	must(name_acquire(&peer, name, 0, NULL));
	sprintf(name, "awaited.name%u", number);
	must(match_name_change(&peer, 1, KDBUS_ITEM_NAME_ADD, ANY, ANY, name));
	must(match_name(&peer, 2, name));
}

TEST("10000 idle connections with names and matches slow down nobody")
{
	__u64 calls[2], broadcasts[2], names[2];
	struct peer *a, *b;

	many_files();
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	holder_new(bus, "idle.*", .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_OWN, 0 });
	a = peer_new(bus);
	b = peer_new(bus);
	must(match_u64(b, 1, KDBUS_ITEM_ID, a->id));
	for (int round = 0; round < 2; round++) {
		calls[round] = least_time(call_once, a, b);
		broadcasts[round] = least_time(broadcast_once, a, b);
		names[round] = least_time(name_once, a, b);
		if (round)
			break;
		for (unsigned user = 0; user < USERS; user++) {
			become(3000 + user);
			for (unsigned i = 0; i < PER_USER; i++)
				idle_new(user * PER_USER + i);
			become(0);
		}
	}
	test_note("a call: %llu ns alone, %llu ns among 10000", (unsigned long long)calls[0], (unsigned long long)calls[1]);
	test_note("a broadcast: %llu ns, %llu ns", (unsigned long long)broadcasts[0], (unsigned long long)broadcasts[1]);
	test_note("a name: %llu ns, %llu ns", (unsigned long long)names[0], (unsigned long long)names[1]);
	/* linear work would cost a thousand times as much; caches may cost a little */
	expect(calls[1] < 3 * calls[0]);
	expect(broadcasts[1] < 3 * broadcasts[0]);
	expect(names[1] < 3 * names[0]);
}
