/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Buses of many user namespaces at the same time, each on a mount of its own.
 *
 * 60 of them, or ten for each of $KDBUS_TEST_ROUNDS.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/vm/util.h"

#define FIRST_UID 20000

/* Somebody with a plain account makes a namespace, a domain and a bus. */
static void be_somebody(unsigned uid, struct gate *ready, struct gate *over)
{
	char dir[] = "/tmp/kdbus-domain-XXXXXX";
	struct peer *a, *b;
	struct bus *bus;

	must_sys(mkdtemp(dir) ? 0 : -1);
	must_sys(chown(dir, uid, uid));
	become_for_good(uid);
	if (userns_enter(uid) < 0)
		test_skip("user namespaces are not available");
	must_sys(unshare(CLONE_NEWNS));
	must_sys(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must_sys(mount("kdbusfs", dir, "kdbusfs", 0, NULL));
	bus = bus_new(.mount = dir, .name = "0-own");
	a = peer_new(bus, .pool = 64 * KIB);
	b = peer_new(bus, .pool = 64 * KIB);
	must(match_all(b, 1));
	gate_open(ready);
	/* all others are here by now, and none of them is to be seen */
	gate_wait(over);
	expect_ok(send_request(a, b->id, uid));
	expect_message(b, uid);
	expect_ok(send_reply(b, a->id, 1, uid));
	expect_message(a, 1);
	expect_ok(send_broadcast(a, uid));
	expect_message(b, uid);
	expect_nothing(b);
	/* ids begin anew in each domain */
	expect_eq(b->id, a->id + 1);
	expect(b->id < 10);
	/* our root's, not the machine's */
	expect_eq(rmdir(dir), -1);
	must_sys(umount2(dir, MNT_DETACH));
	child_exit();
}

TEST("a bus in each of many user namespaces, all at once, and none knows of another")
{
	const unsigned n = test_rounds(6) * 10;
	pid_t *pids = calloc(n, sizeof(*pids));
	struct gate ready, over;
	long before = meminfo("MemAvailable");
	char dirs[] = "rmdir /tmp/kdbus-domain-* 2>/dev/null";

	gate_init(&ready);
	gate_init(&over);
	for (unsigned i = 0; i < n; i++) {
		pids[i] = child_start();
		if (!pids[i])
			be_somebody(FIRST_UID + i, &ready, &over);
	}
	for (unsigned i = 0; i < n; i++)
		gate_wait(&ready);
	test_note("%u namespaces, %ld KiB each with their processes", n,
		  (before - meminfo("MemAvailable")) / n);
	for (unsigned i = 0; i < n; i++)
		gate_open(&over);
	for (unsigned i = 0; i < n; i++)
		child_join(pids[i]);
	expect_eq(WEXITSTATUS(system(dirs)), 0);
}
