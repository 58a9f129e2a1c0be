/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections 15.1 to 15.4: names, their queue, the table of NAME_ACQUIRE. */
#include "tests/vm/util.h"

#define REPLACE KDBUS_NAME_REPLACE_EXISTING
#define ALLOW KDBUS_NAME_ALLOW_REPLACEMENT
#define QUEUE KDBUS_NAME_QUEUE
#define IN_QUEUE KDBUS_NAME_IN_QUEUE
#define PRIMARY KDBUS_NAME_PRIMARY
#define ACQUIRED KDBUS_NAME_ACQUIRED

static struct bus *bus;
static struct peer *a, *b, *c;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus);
	b = peer_new(bus);
	c = peer_new(bus);
}

#define expect_acquire(error, peer, flags, answer) expect_acquire_(__LINE__, error, peer, flags, answer)
static void expect_acquire_(int line, int error, struct peer *peer, __u64 flags, __u64 answer)
{
	__u64 is;

	expect_result_(__FILE__, line, "NAME_ACQUIRE", name_acquire(peer, "a.b", flags, &is), -error);
	expect_eq_(__FILE__, line, "return_flags", is, answer);
}

/* "a.b:20" or "" for each of a, b, c, joined by '|' */
static const char *holders(void)
{
	static char text[200];
	const __u64 all = KDBUS_LIST_NAMES | KDBUS_LIST_QUEUED;
	struct peer *peers[] = { a, b, c };
	size_t n = 0;

	for (int i = 0; i < 3; i++)
		n += sprintf(text + n, "%s%s", i ? "|" : "", list_text(c, all, peers[i]->id));
	return text;
}

TEST("the grammar of names")
{
	static const struct {
		const char *name;
		int error;
	} cases[] = {
		{ "a.b", 0 }, { "com.example.Foo", 0 }, { "a._b", 0 }, { "a.b-c", 0 }, { "a.-b", 0 }, { "-a.b", 0 },
		{ "_._", 0 }, { "A.Z9", 0 }, { "a.b.c.d.e.f.g", 0 }, { "", EINVAL }, { "a", EINVAL }, { ".", EINVAL },
		{ "foo", EINVAL }, { ".a.b", EINVAL }, { "a..b", EINVAL }, { "a.b.", EINVAL }, { "a.1b", EINVAL },
		{ "1a.b", EINVAL }, { "a.b.1", EINVAL }, { "a b.c", EINVAL }, { "a/b.c", EINVAL }, { "a:b.c", EINVAL },
		{ ":1.5", EINVAL }, { "a.*", EINVAL }, { "foo.bl.*", EINVAL }, { "*", EINVAL }, { "a.b*", EINVAL },
		{ "\xe4.b", EINVAL }, { "a.\xc3\xa4", EINVAL }, { "a.b\n", EINVAL }, { "a@b.c", EINVAL },
	};

	peers();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("\"%s\"", cases[i].name);
		expect_errno(cases[i].error, name_acquire(a, cases[i].name, 0, NULL));
	}
}

TEST("a name has at most 255 characters")
{
	char name[300];

	peers();
	memset(name, 'a', sizeof(name));
	name[1] = '.';
	name[255] = '\0';
	expect_ok(name_acquire(a, name, 0, NULL));
	expect_ok(send_name(b, name, 1));
	expect_message(a, 1);
	expect_ok(name_release(a, name));
	name[255] = 'a';
	name[256] = '\0';
	expect_errno(EINVAL, name_acquire(a, name, 0, NULL));
}

TEST("row 1: no primary owner - become primary")
{
	static const __u64 flags[] = { 0, ALLOW, QUEUE, ALLOW | QUEUE, REPLACE, REPLACE | ALLOW | QUEUE };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		test_case("flags 0x%llx", (unsigned long long)flags[i]);
		peers();
		expect_acquire(0, a, flags[i], (flags[i] & ~REPLACE) | PRIMARY | ACQUIRED);
		bus_close(bus);
	}
}

TEST("row 2: the primary asks again - bits are replaced, ACQUIRED is not set")
{
	peers();
	expect_acquire(0, a, ALLOW, ALLOW | PRIMARY | ACQUIRED);
	expect_acquire(0, a, 0, PRIMARY);
	expect_text(holders(), "a.b:20||");
	expect_acquire(0, a, QUEUE | ALLOW, QUEUE | ALLOW | PRIMARY);
	expect_text(holders(), "a.b:26||");
	expect_acquire(0, a, REPLACE | QUEUE, QUEUE | PRIMARY);
	expect_text(holders(), "a.b:24||");
	/* with somebody in the queue, too */
	expect_acquire(0, b, QUEUE, QUEUE | IN_QUEUE | ACQUIRED);
	expect_acquire(0, a, REPLACE, PRIMARY);
	expect_text(holders(), "a.b:20|a.b:c|");
	/* the bits that count are the new ones */
	expect_acquire(EEXIST, c, REPLACE, 0);
	expect_acquire(0, a, ALLOW, ALLOW | PRIMARY);
	expect_acquire(0, c, REPLACE, PRIMARY | ACQUIRED);
	expect_text(holders(), "|a.b:c|a.b:20");
}

TEST("row 3: the primary allows replacement and REPLACE_EXISTING is given - replaced")
{
	peers();
	expect_acquire(0, a, ALLOW, ALLOW | PRIMARY | ACQUIRED);
	expect_acquire(0, b, REPLACE, PRIMARY | ACQUIRED);
	/* the old primary had no QUEUE: it lost the name */
	expect_text(holders(), "|a.b:20|");
	expect_acquire(EEXIST, a, REPLACE, 0);

	bus_close(bus);
	peers();
	expect_acquire(0, a, ALLOW | QUEUE, ALLOW | QUEUE | PRIMARY | ACQUIRED);
	expect_acquire(0, c, QUEUE, QUEUE | IN_QUEUE | ACQUIRED);
	expect_acquire(0, b, REPLACE | QUEUE, QUEUE | PRIMARY | ACQUIRED);
	expect_text(holders(), "a.b:e|a.b:24|a.b:c");
	/* the old primary is second, ahead of all who waited */
	expect_ok(name_release(b, "a.b"));
	expect_text(holders(), "a.b:26||a.b:c");
	/* replacing wins over queueing, from inside the queue as well */
	expect_acquire(0, c, REPLACE | QUEUE, QUEUE | PRIMARY | ACQUIRED);
	expect_text(holders(), "a.b:e||a.b:24");
}

TEST("row 4: QUEUE - wait in the queue, ACQUIRED only when newly queued")
{
	peers();
	expect_acquire(0, a, 0, PRIMARY | ACQUIRED);
	expect_acquire(0, b, QUEUE, QUEUE | IN_QUEUE | ACQUIRED);
	expect_acquire(0, b, QUEUE, QUEUE | IN_QUEUE);
	expect_acquire(0, c, QUEUE | REPLACE | ALLOW, QUEUE | ALLOW | IN_QUEUE | ACQUIRED);
	expect_acquire(0, b, QUEUE | ALLOW, QUEUE | ALLOW | IN_QUEUE);
	expect_text(holders(), "a.b:20|a.b:e|a.b:e");
	/* asking again does not lose the place */
	expect_ok(name_release(a, "a.b"));
	expect_text(holders(), "|a.b:26|a.b:e");
}

TEST("row 5: queued, QUEUE not given - leave the queue")
{
	peers();
	expect_acquire(0, a, 0, PRIMARY | ACQUIRED);
	expect_acquire(0, b, QUEUE, QUEUE | IN_QUEUE | ACQUIRED);
	expect_acquire(0, b, 0, 0);
	expect_text(holders(), "a.b:20||");
	expect_acquire(0, b, QUEUE, QUEUE | IN_QUEUE | ACQUIRED);
	expect_acquire(0, b, ALLOW, ALLOW);
	expect_text(holders(), "a.b:20||");
	expect_acquire(0, b, QUEUE, QUEUE | IN_QUEUE | ACQUIRED);
	expect_acquire(0, b, REPLACE, 0);
	expect_text(holders(), "a.b:20||");
	expect_errno(EADDRINUSE, name_release(b, "a.b"));
}

TEST("row 6: otherwise EEXIST, with the saved bits of the refused request")
{
	peers();
	expect_acquire(0, a, QUEUE, QUEUE | PRIMARY | ACQUIRED);
	expect_acquire(EEXIST, b, 0, 0);
	expect_acquire(EEXIST, b, ALLOW, ALLOW);
	expect_acquire(EEXIST, b, REPLACE, 0);
	expect_acquire(EEXIST, b, REPLACE | ALLOW, ALLOW);
	expect_text(holders(), "a.b:24||");
	expect_ok(name_acquire(a, "a.b", ALLOW, NULL));
	expect_acquire(EEXIST, b, 0, 0);
}

TEST("syntax before policy, policy before limits, and nothing is revealed")
{
	struct peer *stranger;

	peers();
	must(name_acquire(a, "a.b", 0, NULL));
	stranger = peer_new(bus, .uid = UID_A);
	become(UID_A);
	expect_errno(EINVAL, name_acquire(stranger, "nodot", 0, NULL));
	expect_errno(EINVAL, name_acquire(stranger, "a.*", 0, NULL));
	expect_errno(EPERM, name_acquire(stranger, "a.b", 0, NULL));
	expect_errno(EPERM, name_acquire(stranger, "not.there", 0, NULL));
	expect_errno(EPERM, name_acquire(stranger, "a.b", QUEUE, NULL));
	become(0);
}

TEST("a connection has at most 256 names, owned and queued")
{
	char name[30];

	peers();
	must(name_acquire(b, "queue.for", 0, NULL));
	for (int i = 0; i < 255; i++) {
		sprintf(name, "some.name%d", i);
		expect_ok(name_acquire(a, name, 0, NULL));
	}
	expect_ok(name_acquire(a, "queue.for", QUEUE, NULL));
	expect_errno(E2BIG, name_acquire(a, "one.more", 0, NULL));
	expect_errno(E2BIG, name_acquire(a, "one.more", QUEUE, NULL));
	expect_errno(EINVAL, name_acquire(a, "nodot", 0, NULL));
	/* asking again for what one has is no new claim */
	expect_ok(name_acquire(a, "some.name7", ALLOW, NULL));
	expect_ok(name_acquire(a, "queue.for", QUEUE | ALLOW, NULL));
	expect_ok(name_release(a, "some.name7"));
	expect_ok(name_acquire(a, "one.more", 0, NULL));
	expect_errno(E2BIG, name_acquire(a, "two.more", 0, NULL));
	expect_ok(name_acquire(b, "two.more", 0, NULL));
}

TEST("NAME_RELEASE: unknown ESRCH, not one's own EADDRINUSE, without a look at syntax")
{
	peers();
	expect_errno(ESRCH, name_release(a, "a.b"));
	expect_errno(ESRCH, name_release(a, "nodot"));
	expect_errno(ESRCH, name_release(a, "a.*"));
	must(name_acquire(b, "a.b", 0, NULL));
	expect_errno(EADDRINUSE, name_release(a, "a.b"));
	expect_ok(name_release(b, "a.b"));
	expect_errno(ESRCH, name_release(b, "a.b"));
	/* a name only an activator holds exists */
	activator_new(bus, "x.y");
	expect_errno(EADDRINUSE, name_release(a, "x.y"));
}

TEST("a queued caller leaves silently, and the primary is not concerned")
{
	peers();
	must(name_acquire(a, "a.b", 0, NULL));
	must(name_acquire(b, "a.b", QUEUE, NULL));
	must(name_acquire(c, "a.b", QUEUE, NULL));
	expect_ok(name_release(b, "a.b"));
	expect_text(holders(), "a.b:20||a.b:c");
	expect_ok(name_release(a, "a.b"));
	expect_text(holders(), "||a.b:24");
}

TEST("the queue is served in order, on release and on disconnect")
{
	struct peer *many[6];

	peers();
	for (int i = 0; i < 6; i++) {
		many[i] = peer_new(bus);
		must(name_acquire(many[i], "a.b", QUEUE, NULL));
	}
	/* one from the middle leaves */
	peer_close(many[2]);
	for (int i = 0; i < 6; i++) {
		if (i == 2)
			continue;
		expect_ok(send_name(a, "a.b", i));
		expect_message(many[i], i);
		if (i & 1)
			must(name_release(many[i], "a.b"));
		else
			peer_close(many[i]);
	}
	expect_errno(ESRCH, send_name(a, "a.b", 9));
}

TEST("the new primary keeps its saved bits")
{
	peers();
	must(name_acquire(a, "a.b", 0, NULL));
	must(name_acquire(b, "a.b", QUEUE | ALLOW, NULL));
	must(name_release(a, "a.b"));
	expect_text(holders(), "|a.b:26|");
	expect_acquire(0, c, REPLACE, PRIMARY | ACQUIRED);
	expect_text(holders(), "|a.b:e|a.b:20");
}

TEST("names are each bus's own")
{
	struct peer *elsewhere;

	peers();
	elsewhere = peer_new(bus_new(.name = "0-other"));
	must(name_acquire(a, "a.b", 0, NULL));
	expect_ok(name_acquire(elsewhere, "a.b", 0, NULL));
	expect_errno(EADDRINUSE, name_release(b, "a.b"));
	expect_ok(name_release(elsewhere, "a.b"));
	expect_ok(send_name(b, "a.b", 1));
}

TEST("wildcards and case do not make names equal")
{
	peers();
	must(name_acquire(a, "a.b", 0, NULL));
	expect_ok(name_acquire(b, "A.b", 0, NULL));
	expect_ok(name_acquire(b, "a.b.c", 0, NULL));
	expect_errno(ESRCH, send_name(c, "a.bb", 1));
	expect_ok(send_name(c, "A.b", 2));
	expect_message(b, 2);
	expect_nothing(a);
}

TEST("a name that comes and goes a thousand times works every time")
{
	peers();
	for (int i = 0; i < 1000; i++) {
		struct peer *peer = i & 1 ? a : b;

		must(name_acquire(peer, "a.b", 0, NULL));
		must(send_name(c, "a.b", i));
		expect_message(peer, i);
		must(peer_free(peer, peer->last.msg.offset));
		must(name_release(peer, "a.b"));
	}
}
