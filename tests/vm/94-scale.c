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
	static const char *const keys[] = { "\nSlab:", "\nVmallocUsed:", "\nPercpu:" };
	char text[8192];
	long sum = 0;
	int fd = must_sys(open("/proc/meminfo", O_RDONLY | O_CLOEXEC));
	ssize_t n = must_sys(read(fd, text, sizeof(text) - 1));

	close(fd);
	text[n] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *at = strstr(text, keys[i]);

		if (at)
			sum += atol(at + strlen(keys[i]));
	}
	return sum;
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

/* The fastest of several batches of calls, in ns per call. */
static __u64 call_time(struct peer *a, struct peer *b)
{
	__u64 best = ANY;

	for (int batch = 0; batch < 15; batch++) {
		__u64 start = now_ns(), took;

		for (int i = 0; i < 100; i++) {
			must(send_request(a, b->id, i + 1));
			must(recv_cmd(b, 0, 0));
			must(peer_free(b, b->last.msg.offset));
			must(send_reply(b, a->id, 1, i + 1));
			must(recv_cmd(a, 0, 0));
			must(peer_free(a, a->last.msg.offset));
		}
		took = (now_ns() - start) / 100;
		if (took < best)
			best = took;
	}
	return best;
}

/* The same for a broadcast that one connection receives. */
static __u64 broadcast_time(struct peer *a, struct peer *b)
{
	__u64 best = ANY;

	for (int batch = 0; batch < 15; batch++) {
		__u64 start = now_ns(), took;

		for (int i = 0; i < 100; i++) {
			must(send_broadcast(a, i));
			must(recv_cmd(b, 0, 0));
			must(peer_free(b, b->last.msg.offset));
		}
		took = (now_ns() - start) / 100;
		if (took < best)
			best = took;
	}
	return best;
}

/* And for a name that comes and goes. */
static __u64 name_time(struct peer *a)
{
	__u64 best = ANY;

	for (int batch = 0; batch < 15; batch++) {
		__u64 start = now_ns(), took;

		for (int i = 0; i < 50; i++) {
			must(name_acquire(a, "a.b", 0, NULL));
			must(name_release(a, "a.b"));
		}
		took = (now_ns() - start) / 50;
		if (took < best)
			best = took;
	}
	return best;
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
		calls[round] = call_time(a, b);
		broadcasts[round] = broadcast_time(a, b);
		names[round] = name_time(a);
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
