/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 9.2: how much of a receiver one sending user may take. */
#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *receiver;

/* Everybody may talk to @receiver. */
static void receiver_new(__u64 pool)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	holder_new(bus, "all.welcome", .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0 });
	receiver = peer_new(bus, .pool = pool, .flags = KDBUS_HELLO_ACCEPT_FD);
	must(name_acquire(receiver, "all.welcome", 0, NULL));
}

#define OVERHEAD (64 + 32)

/* A message whose slice takes exactly @size bytes. */
static int send_slice(struct peer *sender, __u64 cookie, __u64 size)
{
	return send_bytes(sender, receiver->id, cookie, size - OVERHEAD);
}

TEST("one user alone may fill a third of half the pool, to the byte")
{
	static const __u64 pools[] = { 16 * KIB, 64 * KIB, 1 * MIB, 12 * KIB };

	for (size_t i = 0; i < ARRAY_SIZE(pools); i++) {
		__u64 most = pools[i] / 2 / 3 & ~7ULL;
		struct peer *a;

		test_case("pool %llu", (unsigned long long)pools[i]);
		receiver_new(pools[i]);
		a = peer_new(bus);
		expect_errno(ENOBUFS, send_slice(a, 1, most + 8));
		expect_ok(send_slice(a, 2, most));
		expect_errno(ENOBUFS, send_to(a, receiver->id, 3));
		expect_message(receiver, 2);
		expect_eq(receiver->last.msg.msg_size, most);
		bus_close(bus);
	}
}

TEST("the limit holds for the sum of small messages")
{
	struct peer *a;
	__u64 sum = 0, most = 64 * KIB / 2 / 3;

	receiver_new(64 * KIB);
	a = peer_new(bus);
	for (unsigned n = 0; sum + 1000 <= most; n++, sum += 1000)
		expect_ok(send_slice(a, n, 1000));
	expect_errno(ENOBUFS, send_slice(a, 99, 1000));
	/* a smaller one just fits */
	expect_ok(send_slice(a, 100, (most - sum) & ~7ULL));
}

/* The arithmetic of the specification, for three users. */
struct model {
	__u64 pool, queued, of_user[3];
	unsigned n_messages[3];
};

static int model_queue(struct model *model, unsigned user, __u64 size)
{
	__u64 half = model->pool / 2, used = model->of_user[user], limit;

	if (model->queued > half)
		return -ENOBUFS;
	limit = (half - model->queued + used) / 3;
	if (limit < used || limit - used < size)
		return -ENOBUFS;
	if (model->n_messages[user] >= 256)
		return -ENOBUFS;
	model->queued += size;
	model->of_user[user] += size;
	model->n_messages[user]++;
	return 0;
}

TEST("three users share a pool exactly as the formula says")
{
	unsigned seed = 12345, users[] = { 0, UID_A, UID_B };

	for (int round = 0; round < 6; round++) {
		struct model model = { .pool = (round + 1) * 256 * KIB };
		struct { unsigned user; __u64 size; } queue[400];
		unsigned head = 0, tail = 0;
		struct peer *senders[3];

		receiver_new(model.pool);
		for (int i = 0; i < 3; i++)
			senders[i] = peer_new(bus, .uid = users[i]);
		for (unsigned n = 0; n < 300; n++) {
			unsigned user;
			__u64 size;
			int wanted, is;

			seed = seed * 1103515245 + 12345;
			user = (seed >> 8) % 3;
			size = OVERHEAD + 8 + (seed >> 12) % (model.pool / 24) / 8 * 8;
			test_case("round %d message %u user %u size %llu queued %llu own %llu", round, n, user,
				  (unsigned long long)size, (unsigned long long)model.queued,
				  (unsigned long long)model.of_user[user]);
			wanted = model_queue(&model, user, size);
			is = send_slice(senders[user], n, size);
			expect_errno(-wanted, is);
			if (!wanted) {
				queue[tail].user = user;
				queue[tail++].size = size;
			}
			/* now and then one is read, so room comes back */
			if ((seed >> 20) % 4 || head == tail)
				continue;
			must(recv_cmd(receiver, 0, 0));
			must(peer_free(receiver, receiver->last.msg.offset));
			model.queued -= queue[head].size;
			model.of_user[queue[head].user] -= queue[head].size;
			model.n_messages[queue[head].user]--;
			head++;
		}
		bus_close(bus);
	}
}

TEST("once more than half the pool is queued nobody gets in")
{
	struct peer *senders[12];
	__u64 queued = 0;
	unsigned n = 0;

	receiver_new(64 * KIB);
	for (; n < 12; n++) {
		__u64 size = (32 * KIB - queued) / 3 & ~7ULL;

		/* each user takes a third of what is left */
		senders[n] = peer_new(bus, .uid = 2000 + n);
		if (size < OVERHEAD + 8)
			break;
		test_case("user %u size %llu", n, (unsigned long long)size);
		expect_errno(ENOBUFS, send_slice(senders[n], 1, size + 8));
		expect_ok(send_slice(senders[n], 2, size));
		queued += size;
	}
	expect(queued > 24 * KIB);
}

TEST("256 messages of one user wait at most, and the 257th gives ENOBUFS")
{
	struct peer *a, *b, *other;

	receiver_new(MIB);
	a = peer_new(bus);
	b = peer_new(bus);
	other = peer_new(bus, .uid = UID_A);
	/* all connections of a user count together */
	for (unsigned n = 0; n < 256; n++)
		expect_ok(send_to(n & 1 ? a : b, receiver->id, n));
	expect_errno(ENOBUFS, send_to(a, receiver->id, 256));
	expect_errno(ENOBUFS, send_to(b, receiver->id, 256));
	expect_ok(send_to(other, receiver->id, 1000));
	expect_message(receiver, 0);
	expect_ok(send_to(a, receiver->id, 256));
	expect_errno(ENOBUFS, send_to(b, receiver->id, 257));
	/* discarding makes room like reading */
	must(recv_cmd(receiver, KDBUS_RECV_DROP, 0));
	expect_ok(send_to(b, receiver->id, 257));
	/* peeking does not */
	must(recv_cmd(receiver, KDBUS_RECV_PEEK, 0));
	expect_errno(ENOBUFS, send_to(b, receiver->id, 258));
}

TEST("a message received but not freed counts no longer")
{
	__u64 most = MIB / 2 / 3 & ~7ULL;
	struct peer *a;

	receiver_new(MIB);
	a = peer_new(bus);
	for (int i = 0; i < 4; i++) {
		expect_ok(send_slice(a, i, most));
		expect_message(receiver, i);
	}
}

TEST("the user is the real uid that opened the endpoint")
{
	struct peer *a, *b, *c;

	receiver_new(MIB);
	a = peer_new(bus, .uid = UID_A);
	/* real A, effective B */
	must_sys(setresuid(UID_A, UID_B, 0));
	b = peer_new(bus);
	must_sys(setresuid(0, 0, 0));
	/* real B, effective A */
	must_sys(setresuid(UID_B, UID_A, 0));
	c = peer_new(bus);
	must_sys(setresuid(0, 0, 0));
	for (unsigned n = 0; n < 256; n++)
		expect_ok(send_to(a, receiver->id, n));
	expect_errno(ENOBUFS, send_to(a, receiver->id, 256));
	expect_errno(ENOBUFS, send_to(b, receiver->id, 256));
	expect_ok(send_to(c, receiver->id, 256));
}

TEST("a custom endpoint is one user of its own, whoever uses it")
{
	struct peer *root, *a, *b;
	char path[240];
	union cmd cmd;
	int fd;

	receiver_new(MIB);
	fd = endpoint_new(bus, "0-ep", KDBUS_MAKE_ACCESS_WORLD, path);
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "all.welcome");
	cmd_access(&cmd, KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0);
	must(call(fd, KDBUS_CMD_ENDPOINT_UPDATE, &cmd));
	root = peer_new(bus);
	a = peer_new(bus, .path = path, .uid = UID_A);
	b = peer_new(bus, .path = path);
	for (unsigned n = 0; n < 256; n++)
		expect_ok(send_to(n & 1 ? a : b, receiver->id, n));
	expect_errno(ENOBUFS, send_to(a, receiver->id, 256));
	expect_errno(ENOBUFS, send_to(b, receiver->id, 256));
	expect_ok(send_to(root, receiver->id, 256));
	a = peer_new(bus, .uid = UID_A);
	expect_ok(send_to(a, receiver->id, 257));
}

TEST("a privileged caller who fakes a uid is accounted under it")
{
	struct kdbus_creds creds = { UID_A, UID_A, UID_A, UID_A, UID_A, UID_A, UID_A, UID_A };
	struct peer *a, *fake;
	union cmd extra;

	receiver_new(MIB);
	cmd_init(&extra, sizeof(extra.cmd));
	cmd_item(&extra, KDBUS_ITEM_CREDS, &creds, sizeof(creds));
	fake = peer_new(bus, .extra = &extra);
	a = peer_new(bus, .uid = UID_A);
	for (unsigned n = 0; n < 256; n++)
		expect_ok(send_to(fake, receiver->id, n));
	expect_errno(ENOBUFS, send_to(a, receiver->id, 256));
	expect_ok(send_to(peer_new(bus), receiver->id, 257));
}

TEST("a bus owner without the capability stays its own account whatever it fakes")
{
	struct kdbus_creds creds = { UID_B, UID_B, UID_B, UID_B, UID_B, UID_B, UID_B, UID_B };
	struct peer *a, *fake;
	union cmd extra;

	cmd_init(&extra, sizeof(extra.cmd));
	cmd_item(&extra, KDBUS_ITEM_CREDS, &creds, sizeof(creds));
	become(UID_A);
	bus = bus_new(.name = "1001-mine");
	become(0);
	receiver = peer_new(bus, .uid = UID_A);
	fake = peer_new(bus, .uid = UID_A, .extra = &extra);
	a = peer_new(bus, .uid = UID_A);
	for (unsigned n = 0; n < 256; n++)
		expect_ok(send_to(fake, receiver->id, n));
	expect_errno(ENOBUFS, send_to(a, receiver->id, 256));
}

TEST("unread notifications and messages do not crowd each other out")
{
	struct peer *a;

	receiver_new(4 * MIB);
	match_ids(receiver);
	a = peer_new(bus);
	for (int i = 0; i < 140; i++)
		peer_close(peer_new(bus, .pool = 4096));
	/* 281 notifications were made, 256 fit */
	for (unsigned n = 0; n < 256; n++)
		expect_ok(send_to(a, receiver->id, n));
	expect_errno(ENOBUFS, send_to(a, receiver->id, 256));
	expect_eq(drain(receiver), 512);
	expect_eq(receiver->last.dropped_msgs, 0);
	for (unsigned n = 0; n < 256; n++)
		expect_ok(send_to(a, receiver->id, n));
	peer_close(a);
	expect_eq(drain(receiver), 257);
}

static int send_fds(struct peer *sender, unsigned n_fds)
{
	int fds[16];
	union cmd msg;

	for (unsigned i = 0; i < n_fds; i++)
		fds[i] = 1;
	msg_init(&msg, receiver->id, n_fds);
	msg_fds(&msg, fds, n_fds);
	return send_msg(sender, &msg);
}

TEST("16 descriptors of one user wait at most, memfds not counted")
{
	struct peer *a, *other;
	union cmd msg;
	int memfd;

	receiver_new(MIB);
	a = peer_new(bus);
	other = peer_new(bus, .uid = UID_A);
	expect_ok(send_fds(a, 10));
	expect_errno(EMFILE, send_fds(a, 7));
	expect_ok(send_fds(a, 6));
	expect_errno(EMFILE, send_fds(a, 1));
	expect_ok(send_fds(a, 0));
	expect_ok(send_to(a, receiver->id, 50));
	expect_ok(send_fds(other, 16));
	memfd = memfd_new(100);
	msg_init(&msg, receiver->id, 51);
	for (int i = 0; i < 16; i++)
		msg_memfd(&msg, memfd, 0, 100);
	expect_ok(send_msg(a, &msg));
	expect_message(receiver, 10);
	expect_ok(send_fds(a, 10));
	expect_errno(EMFILE, send_fds(a, 1));
}

TEST("too many messages is found before too many descriptors")
{
	struct peer *a;

	receiver_new(4 * MIB);
	a = peer_new(bus);
	expect_ok(send_fds(a, 16));
	for (unsigned n = 1; n < 256; n++)
		expect_ok(send_to(a, receiver->id, n));
	expect_errno(ENOBUFS, send_fds(a, 1));
}

TEST("a refused message leaves nothing behind")
{
	struct peer *a;

	receiver_new(64 * KIB);
	a = peer_new(bus);
	for (int i = 0; i < 500; i++)
		expect_errno(ENOBUFS, send_slice(a, 1, 32 * KIB));
	expect_nothing(receiver);
	expect_ok(send_slice(a, 2, 10920));
	expect_message(receiver, 2);
	expect_eq(receiver->last.msg.offset, 0);
}

TEST("128 requests of 128 KiB with a memfd each are taken before the first deadline")
{
	static __u8 data[128 * KIB];
	struct peer *a;
	__u64 deadline;
	int memfd;

	receiver_new(128 * MIB);
	a = peer_new(bus);
	memfd = memfd_new(100);
	deadline = now_ns() + 5 * SEC;
	for (unsigned n = 0; n < 128; n++) {
		union cmd msg;

		msg_request(&msg, receiver->id, n + 1, deadline);
		msg_vec(&msg, data, sizeof(data));
		msg_memfd(&msg, memfd, 0, 100);
		expect_ok(send_msg(a, &msg));
	}
	test_note("128 requests took %llu ms", (unsigned long long)((now_ns() + 5 * SEC - deadline) / MSEC));
	expect_nothing(a);
}
