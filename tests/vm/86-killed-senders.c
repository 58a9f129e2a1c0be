/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Senders that are killed, whatever they are doing.
 *
 * 200 of them, or a hundred for each of $KDBUS_TEST_ROUNDS.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/vm/util.h"

#define PAYLOAD_MAX 16384

static struct bus *bus;
static struct peer *receiver, *other;

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

/* what a sender does until it is killed */

/* Bytes that tell by the cookie what they have to be. */
static void send_pattern(struct peer *peer, unsigned number)
{
	const unsigned size = 1 + number % PAYLOAD_MAX;
	/* pages that nobody has touched yet, so that there is more to be done */
	__u8 *data = mmap(NULL, PAYLOAD_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fds[3] = { 0, 0, 0 };
	union cmd msg;

	for (unsigned i = 0; i < size; i++)
		data[i] = number + i;
	msg_request(&msg, receiver->id, number, now_ns() + 100 * MSEC);
	msg_vec(&msg, data, size);
	if (number & 1)
		msg_fds(&msg, fds, ARRAY_SIZE(fds));
	send_msg(peer, &msg);
	munmap(data, PAYLOAD_MAX);
}

static void send_memfd(struct peer *peer, unsigned number)
{
	int fd = memfd_new(5000);
	union cmd msg;

	msg_init(&msg, receiver->id, number);
	msg_memfd(&msg, fd, 0, 5000);
	send_msg(peer, &msg);
	close(fd);
}

static void call_and_wait(struct peer *peer, unsigned number)
{
	struct kdbus_cmd_send cmd;
	union cmd msg;

	msg_request(&msg, other->id, number, now_ns() + 3 * MSEC);
	send_cmd(peer->fd, &cmd, KDBUS_SEND_SYNC_REPLY, &msg);
}

static void be_busy(unsigned seed)
{
	struct peer *peer = peer_new(bus, .pool = 64 * KIB, .recv = ANY, .send = ANY);

	for (;;) {
		unsigned number = next(&seed);

		switch (number % 8) {
		case 0:
		case 1:
			send_pattern(peer, next(&seed));
			break;
		case 2:
			send_memfd(peer, next(&seed));
			break;
		case 3:
			call_and_wait(peer, number);
			break;
		case 4:
			send_broadcast(peer, number);
			break;
		case 5:
			name_acquire(peer, "some.name", KDBUS_NAME_QUEUE, NULL);
			match_all(peer, number % 16);
			break;
		case 6:
			name_release(peer, "some.name");
			drain(peer);
			break;
		default:
			peer_close(peer);
			peer = peer_new(bus, .pool = 16 * KIB);
		}
	}
}

/* what is there when it is gone */

/* A message arrives whole, or not at all. */
static void check_whole(const struct kdbus_msg *msg)
{
	const struct kdbus_item *fds = item_find(msg, KDBUS_ITEM_FDS);
	const struct kdbus_item *memfd = item_find(msg, KDBUS_ITEM_PAYLOAD_MEMFD);
	const __u8 *data;
	unsigned wrong = 0;
	__u64 size;

	if (memfd) {
		expect_eq(memfd->memfd.size, 5000);
		close(memfd->memfd.fd);
	} else if (msg->flags & KDBUS_MSG_EXPECT_REPLY) {
		data = msg_payload(msg, &size);
		expect_eq(size, 1 + msg->cookie % PAYLOAD_MAX);
		for (unsigned i = 0; i < size; i++)
			wrong += data[i] != (__u8)(msg->cookie + i);
		expect_eq(wrong, 0);
		expect_eq(fds != NULL, msg->cookie & 1);
	}
	for (unsigned i = 0; fds && i < (fds->size - offsetof(struct kdbus_item, fds)) / sizeof(int); i++)
		close(fds->fds[i]);
}

static unsigned check_received(void)
{
	const struct kdbus_msg *msg;
	unsigned n = 0;

	while ((msg = recv_msg(receiver))) {
		if (msg->src_id != KDBUS_SRC_ID_KERNEL && msg->dst_id == receiver->id)
			check_whole(msg);
		must(peer_free(receiver, receiver->last.msg.offset));
		n++;
	}
	return n;
}

static void check_life(void)
{
	expect_ok(name_acquire(other, "some.name", 0, NULL));
	expect_ok(name_release(other, "some.name"));
	drain(other);
	expect_ok(send_to(receiver, other->id, 7));
	expect_message(other, 7);
	must(peer_free(other, other->last.msg.offset));
}

TEST("a sender is killed at random: what it sent is whole, and it leaves nothing")
{
	const unsigned n = test_rounds(2) * 100;
	unsigned seed = getpid(), n_messages = 0, fds;
	__u64 begin = now_ns();

	bus = bus_new();
	receiver = peer_new(bus, .pool = 16 * MIB, .flags = KDBUS_HELLO_ACCEPT_FD, .recv = ANY);
	other = peer_new(bus);
	must(match_all(receiver, 1));
	fds = count_fds();
	for (unsigned i = 0; i < n && !test_failures(); i++) {
		pid_t pid = child_start();

		if (!pid)
			be_busy(seed + i);
		usleep(next(&seed) % 8000);
		must_sys(kill(pid, SIGKILL));
		must_sys(waitpid(pid, NULL, 0));
		n_messages += check_received();
		check_life();
		n_messages += check_received();
	}
	test_note("seed %d: %u killed in %llu s, %u messages looked at", getpid(), n,
		  (unsigned long long)((now_ns() - begin) / SEC), n_messages);
	expect(n_messages > n);
	expect_eq(count_fds(), fds);
	expect_text(list_text(other, KDBUS_LIST_NAMES | KDBUS_LIST_QUEUED, other->id), "");
	/* id by id: nobody but the two of us */
	for (__u64 id = receiver->id; id < receiver->id + 2 + 20 * n; id++)
		if (id != receiver->id && id != other->id)
			expect_errno(ENXIO, send_to(other, id, 1));
}
