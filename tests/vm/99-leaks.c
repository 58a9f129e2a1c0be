/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a thousand rounds leave behind: descriptors here, memory in the kernel. */
#include <sys/mount.h>

#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b;

/* Kernel memory that cannot be reclaimed, in KiB. */
static long kernel_memory(void)
{
	return meminfo("SUnreclaim") + meminfo("VmallocUsed") + meminfo("Percpu");
}

static void settle(void)
{
	/* grace periods and delayed work */
	sleep_ms(300);
	drop_caches();
	sleep_ms(100);
}

/*
 * Runs @round often.  Caches of the kernel grow now and then; a leak grows
 * every time.
 */
static void check(const char *what, unsigned rounds, void (*round)(void))
{
	/* an object of 64 bytes per round would show */
	const long bound = rounds * 64 / 1024 + 8;
	long before, after;
	unsigned fds;

	for (unsigned i = 0; i < rounds / 4; i++)
		round();
	settle();
	fds = count_fds();
	after = kernel_memory();
	for (int attempt = 0; attempt < 6; attempt++) {
		before = after;
		for (unsigned i = 0; i < rounds; i++)
			round();
		settle();
		after = kernel_memory();
		expect_eq(count_fds(), fds);
		if (after - before < bound)
			return;
		test_note("%s: %ld KiB before, %ld KiB after %u rounds", what, before, after, rounds);
	}
	expect(!"it grew every time");
}

static void round_peer(void)
{
	struct peer *peer = peer_new(bus, .pool = 64 * KIB, .send = ANY, .recv = ANY, .description = "leak");

	match_all(peer, 1);
	match_name(peer, 2, "a.b");
	name_acquire(peer, "a.b", KDBUS_NAME_QUEUE, NULL);
	send_to(a, peer->id, 1);
	send_request(a, peer->id, 2);
	send_request(peer, a->id, 3);
	peer_close(peer);
	drain(a);
}

TEST("connections leave nothing behind")
{
	bus = bus_new();
	a = peer_new(bus);
	check("connections", 1500, round_peer);
}

static void round_messages(void)
{
	static __u8 data[20000];
	int fd = memfd_new(10), one[3] = { 1, 1, 1 };
	union cmd msg;

	msg_init(&msg, b->id, 1);
	msg_vec(&msg, data, sizeof(data));
	msg_memfd(&msg, fd, 0, 10);
	msg_fds(&msg, one, 3);
	must(send_msg(a, &msg));
	must(send_msg(a, &msg));
	close(fd);
	must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	must(recv_cmd(b, 0, 0));
	const struct kdbus_msg *got = peer_msg(b, b->last.msg.offset);

	close(item_find(got, KDBUS_ITEM_PAYLOAD_MEMFD)->memfd.fd);
	for (int i = 0; i < 3; i++)
		close(item_find(got, KDBUS_ITEM_FDS)->fds[i]);
	must(peer_free(b, b->last.msg.offset));
}

TEST("messages with payload, memfds and descriptors leave nothing behind")
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD, .recv = ANY);
	check("messages", 2000, round_messages);
}

static void round_errors(void)
{
	static __u8 data[2 * MIB];
	const struct kdbus_info *info;
	int fds[2] = { 1, 900 };
	union cmd msg;

	msg_init(&msg, b->id, 1);
	msg_fds(&msg, fds, 2);
	send_msg(a, &msg);
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, data, sizeof(data));
	send_msg(a, &msg);
	msg_request(&msg, b->id, 1, now_ns() + SEC);
	msg_vec(&msg, (void *)0x1000, 100);
	send_msg(a, &msg);
	msg_init(&msg, 99999, 1);
	msg_vec(&msg, data, 100);
	send_msg(a, &msg);
	name_acquire(a, "nodot", 0, NULL);
	match_name(a, 1, "nodot");
	match_cmd(a, 1, 0, KDBUS_ITEM_BLOOM_MASK, data, 65);
	conn_info(a, 99999, NULL, ANY, &info);
	peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_ACTIVATOR, .name = "taken.name" }, &(struct peer *){ NULL });
	peer_try(bus, (struct peer_options){ .flags = KDBUS_HELLO_POLICY_HOLDER, .name = "taken.name",
		 .access = { 9, 9, 9 } }, &(struct peer *){ NULL });
}

TEST("failing commands leave nothing behind")
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD, .pool = 64 * KIB);
	activator_new(bus, "taken.name");
	check("errors", 1500, round_errors);
	expect_nothing(b);
}

static void round_bus(void)
{
	struct bus *fresh = bus_new(.name = "0-leak", .attach = ANY);
	struct peer *peer = peer_new(fresh), *inside, *special;
	char path[240];
	int fd = endpoint_new(fresh, "0-ep", 0, path);

	inside = peer_new(fresh, .path = path);
	special = activator_new(fresh, "a.b", .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0 });
	send_request_name(peer, "a.b", 1);
	send_to(peer, inside->id, 2);
	bus_close(fresh);
	peer_close(peer);
	peer_close(inside);
	peer_close(special);
	close(fd);
	free(fresh);
}

TEST("buses and endpoints leave nothing behind")
{
	check("buses", 500, round_bus);
}

static char mount_point[] = "/tmp/kdbus-leak-XXXXXX";

static void round_mount(void)
{
	struct bus *fresh;

	must_sys(mount("kdbusfs", mount_point, "kdbusfs", 0, NULL));
	fresh = bus_new(.mount = mount_point);
	peer_close(peer_new(fresh));
	bus_close(fresh);
	free(fresh);
	must_sys(umount(mount_point));
}

TEST("mounts leave nothing behind")
{
	if (!mkdtemp(mount_point))
		test_skip("no directory");
	check("mounts", 200, round_mount);
	rmdir(mount_point);
}

static void round_names(void)
{
	for (int i = 0; i < 4; i++) {
		match_all(a, i);
		match_names(b);
	}
	name_acquire(a, "a.b", KDBUS_NAME_ALLOW_REPLACEMENT | KDBUS_NAME_QUEUE, NULL);
	name_acquire(b, "a.b", KDBUS_NAME_REPLACE_EXISTING, NULL);
	name_release(b, "a.b");
	name_release(a, "a.b");
	for (int i = 0; i < 4; i++)
		match_remove(a, i);
	match_remove(b, 1001);
	drain(a);
	drain(b);
}

TEST("names, matches and notifications leave nothing behind")
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus);
	check("names", 2000, round_names);
}
