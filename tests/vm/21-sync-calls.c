/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 11.2: synchronous calls and every way they end. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b, *c;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD);
	b = peer_new(bus);
	c = peer_new(bus);
}

/* The request has arrived at @peer. */
static void wait_request(struct peer *peer, __u64 cookie)
{
	if (!peer_readable(peer, 10000))
		test_abort(__FILE__, __LINE__, "the request arrives", -ETIMEDOUT);
	expect_message(peer, cookie);
}

TEST("a call waits for its reply and finds it in the caller's pool")
{
	const struct kdbus_msg *reply;
	struct sync_call *sync;
	union cmd msg;
	__u64 n;

	peers();
	sync = sync_new(a, b->id, 7);
	wait_request(b, 7);
	msg_reply(&msg, a->id, 70, 7);
	msg_vec(&msg, "the answer", 11);
	expect_ok(send_msg(b, &msg));
	expect_ok(sync_join(sync));
	reply = peer_msg(a, sync->cmd.send.reply.offset);
	expect_eq(reply->cookie, 70);
	expect_eq(reply->cookie_reply, 7);
	expect_eq(reply->src_id, b->id);
	expect_text((const char *)msg_payload(reply, &n), "the answer");
	expect_eq(sync->cmd.send.reply.msg_size, 64 + 32 + 16);
	expect_eq(sync->cmd.send.reply.return_flags, 0);
	expect_eq(sync->cmd.return_flags, 0);
	/* it never was in the queue, and belongs to the caller */
	expect_nothing(a);
	expect_ok(peer_free(a, sync->cmd.send.reply.offset));
	expect_errno(ENXIO, peer_free(a, sync->cmd.send.reply.offset));
	expect_errno(EBADSLT, send_reply(b, a->id, 71, 7));
}

TEST("the request of a call looks like any request")
{
	struct sync_call *sync;
	const struct kdbus_msg *msg;

	peers();
	sync = sync_new(a, b->id, 7);
	expect(peer_readable(b, 10000));
	msg = expect_message(b, 7);
	expect_eq(msg->flags, KDBUS_MSG_EXPECT_REPLY);
	expect_eq(msg->timeout_ns, sync->msg.msg.timeout_ns);
	must(send_reply(b, a->id, 1, 7));
	expect_ok(sync_join(sync));
}

TEST("other messages keep arriving in the queue during a call")
{
	struct sync_call *sync;

	peers();
	sync = sync_new(a, b->id, 7);
	wait_request(b, 7);
	must(send_to(c, a->id, 1));
	must(send_to(b, a->id, 2));
	must(send_reply(b, a->id, 3, 7));
	expect_ok(sync_join(sync));
	expect_message(a, 1);
	expect_message(a, 2);
	expect_nothing(a);
}

TEST("a deadline passed before the call gives ETIMEDOUT and sends nothing")
{
	struct sync_call sync;

	peers();
	sync_init(&sync, a, b->id, 7, 1);
	sync_start(&sync);
	expect_errno(ETIMEDOUT, sync_join(&sync));
	expect_nothing(b);
}

TEST("at the deadline the call ends with ETIMEDOUT, and a late reply gives EBADSLT")
{
	struct sync_call sync;
	__u64 start;

	peers();
	start = now_ns();
	sync_init(&sync, a, b->id, 7, start + SEC);
	sync_start(&sync);
	wait_request(b, 7);
	expect_errno(ETIMEDOUT, sync_join(&sync));
	expect(now_ns() - start >= SEC);
	expect(now_ns() - start < 10 * SEC);
	expect_errno(EBADSLT, send_reply(b, a->id, 1, 7));
	expect_nothing(a);
	expect_eq(sync.cmd.return_flags, 0);
}

TEST("lookup, policy and limits are checked as for any request")
{
	struct peer *stranger;
	struct sync_call sync;

	peers();
	sync_init(&sync, a, 99999, 7, now_ns() + 10 * SEC);
	sync_start(&sync);
	expect_errno(ENXIO, sync_join(&sync));
	stranger = peer_new(bus, .uid = UID_A);
	become(UID_A);
	sync_init(&sync, stranger, b->id, 7, now_ns() + 10 * SEC);
	sync_start(&sync);
	expect_errno(EPERM, sync_join(&sync));
	become(0);
	for (int i = 1; i <= 128; i++)
		must(send_request(a, b->id, i));
	sync_init(&sync, a, b->id, 700, now_ns() + 10 * SEC);
	sync_start(&sync);
	expect_errno(EMLINK, sync_join(&sync));
	expect_eq(drain(b), 128);
}

TEST("a readable cancel descriptor ends the call with ECANCELED")
{
	int event = eventfd(0, EFD_CLOEXEC), last;
	struct sync_call sync;
	__u64 one = 1;

	peers();
	sync_init(&sync, a, b->id, 7, now_ns() + 20 * SEC);
	cmd_item(&sync.cmd, KDBUS_ITEM_CANCEL_FD, &event, sizeof(event));
	sync_start(&sync);
	wait_request(b, 7);
	must_sys(write(event, &one, 8));
	expect_errno(ECANCELED, sync_join(&sync));
	expect_errno(EBADSLT, send_reply(b, a->id, 1, 7));
	expect_nothing(a);
	/* it was only watched */
	last = must_sys(read(event, &one, 8));
	expect_eq(last, 8);
}

TEST("a cancel descriptor readable from the start cancels after the sending")
{
	int event = eventfd(1, EFD_CLOEXEC);
	struct sync_call sync;

	peers();
	sync_init(&sync, a, b->id, 7, now_ns() + 20 * SEC);
	cmd_item(&sync.cmd, KDBUS_ITEM_CANCEL_FD, &event, sizeof(event));
	sync_start(&sync);
	expect_errno(ECANCELED, sync_join(&sync));
	expect_message(b, 7);
	expect_errno(EBADSLT, send_reply(b, a->id, 1, 7));
}

TEST("a cancel descriptor that stays quiet does not disturb")
{
	int pipes[2];
	struct sync_call sync;

	peers();
	must_sys(pipe2(pipes, O_CLOEXEC));
	sync_init(&sync, a, b->id, 7, now_ns() + 20 * SEC);
	cmd_item(&sync.cmd, KDBUS_ITEM_CANCEL_FD, &pipes[0], sizeof(pipes[0]));
	sync_start(&sync);
	wait_request(b, 7);
	must(send_reply(b, a->id, 1, 7));
	expect_ok(sync_join(&sync));
}

struct blinking {
	int event;
	bool over;
};

static void *blink(void *data)
{
	struct blinking *blinking = data;
	__u64 one = 1;

	for (int i = 0; i < 2000; i++) {
		must_sys(write(blinking->event, &one, 8));
		must_sys(read(blinking->event, &one, 8));
	}
	__atomic_store_n(&blinking->over, true, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Polling an epoll descriptor sleeps: a debug kernel sees who must not. */
TEST("a cancel descriptor that is readable for moments cancels or does not")
{
	struct blinking blinking = { .event = eventfd(0, EFD_CLOEXEC) };
	struct epoll_event in = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct sync_call sync;
	pthread_t thread;

	peers();
	must_sys(epoll_ctl(epoll, EPOLL_CTL_ADD, blinking.event, &in));
	must(-pthread_create(&thread, NULL, blink, &blinking));
	while (!__atomic_load_n(&blinking.over, __ATOMIC_SEQ_CST)) {
		sync_init(&sync, a, b->id, 7, now_ns() + 20 * MSEC);
		cmd_item(&sync.cmd, KDBUS_ITEM_CANCEL_FD, &epoll, sizeof(epoll));
		sync_start(&sync);
		sync_join(&sync);
		expect(sync.result == -ECANCELED || sync.result == -ETIMEDOUT);
		drain(b);
	}
	pthread_join(thread, NULL);
}

TEST("a kdbus connection can be the cancel descriptor")
{
	struct sync_call sync;

	peers();
	sync_init(&sync, a, b->id, 7, now_ns() + 20 * SEC);
	cmd_item(&sync.cmd, KDBUS_ITEM_CANCEL_FD, &c->fd, sizeof(c->fd));
	sync_start(&sync);
	wait_request(b, 7);
	must(send_to(b, c->id, 1));
	expect_errno(ECANCELED, sync_join(&sync));
}

static void end_bye(void)
{
	must(peer_byebye(b));
}

static void end_close(void)
{
	peer_close(b);
}

static void end_bus(void)
{
	bus_close(bus);
}

TEST("the end of the destination gives EPIPE")
{
	static void (*const ways[])(void) = { end_bye, end_close };

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct sync_call *sync;

		test_case("way %zu", i);
		peers();
		sync = sync_new(a, b->id, 7);
		wait_request(b, 7);
		ways[i]();
		expect_errno(EPIPE, sync_join(sync));
		/* EPIPE is all: no notice besides */
		expect_nothing(a);
		bus_close(bus);
	}
}

TEST("the end of the destination before it read the request gives EPIPE")
{
	struct sync_call *sync;

	peers();
	sync = sync_new(a, b->id, 7);
	expect(peer_readable(b, 10000));
	peer_close(b);
	expect_errno(EPIPE, sync_join(sync));
	expect_nothing(a);
}

TEST("the end of the bus ends the call")
{
	struct sync_call *sync;
	int r;

	peers();
	sync = sync_new(a, b->id, 7);
	wait_request(b, 7);
	end_bus();
	r = sync_join(sync);
	expect(r == -ECONNRESET || r == -EPIPE);
}

TEST("an endpoint that ends takes the destination with it: EPIPE")
{
	struct sync_call *sync;
	struct peer *inside;
	char path[240];
	int fd;

	peers();
	fd = endpoint_new(bus, "0-ep", 0, path);
	inside = peer_new(bus, .path = path);
	sync = sync_new(a, inside->id, 7);
	wait_request(inside, 7);
	close(fd);
	expect_errno(EPIPE, sync_join(sync));
}

TEST("discarding the request with DROP gives EPIPE")
{
	struct sync_call *sync;

	peers();
	sync = sync_new(a, b->id, 7);
	expect(peer_readable(b, 10000));
	must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	expect_errno(EPIPE, sync_join(sync));
	expect_errno(EBADSLT, send_reply(b, a->id, 1, 7));
	expect_nothing(a);
}

TEST("BYEBYE of the caller's own connection ends its calls with ECONNRESET")
{
	struct sync_call *one, *two;

	peers();
	one = sync_new(a, b->id, 7);
	wait_request(b, 7);
	two = sync_new(a, b->id, 8);
	wait_request(b, 8);
	expect_ok(peer_byebye(a));
	expect_errno(ECONNRESET, sync_join(one));
	expect_errno(ECONNRESET, sync_join(two));
	expect_errno(ENXIO, send_reply(b, a->id, 1, 7));
}

TEST("several threads call at the same time, each gets its own reply")
{
	struct sync_call *calls[16];

	peers();
	for (int i = 0; i < 16; i++)
		calls[i] = sync_new(a, i & 1 ? b->id : c->id, 100 + i);
	for (int i = 0; i < 16; i++) {
		struct peer *replier = i & 1 ? b : c;
		const struct kdbus_msg *msg;

		expect(peer_readable(replier, 10000));
		msg = recv_msg(replier);
		must(send_reply(replier, a->id, msg->cookie + 1000, msg->cookie));
	}
	for (int i = 0; i < 16; i++) {
		expect_ok(sync_join(calls[i]));
		expect_eq(peer_msg(a, calls[i]->cmd.send.reply.offset)->cookie, 1100 + i);
	}
}

TEST("a reply with descriptors that the caller refuses: ECOMM here, EREMOTEIO there")
{
	struct sync_call *sync;
	int one = 1;
	union cmd msg;

	peers();
	sync = sync_new(c, b->id, 7);
	wait_request(b, 7);
	msg_reply(&msg, c->id, 1, 7);
	msg_fds(&msg, &one, 1);
	expect_errno(ECOMM, send_msg(b, &msg));
	expect_errno(EREMOTEIO, sync_join(sync));
	expect_errno(EBADSLT, send_reply(b, c->id, 1, 7));
}

TEST("a reply that cannot be stored fails on both sides with the same error")
{
	static __u8 data[64 * KIB];
	struct sync_call *sync;
	struct peer *small;
	union cmd msg;

	peers();
	small = peer_new(bus, .pool = 16 * KIB);
	sync = sync_new(small, b->id, 7);
	wait_request(b, 7);
	msg_reply(&msg, small->id, 1, 7);
	msg_vec(&msg, data, sizeof(data));
	int r = send_msg(b, &msg);

	expect(r == -ENOBUFS || r == -EXFULL);
	expect_errno(-r, sync_join(sync));

	sync = sync_new(small, b->id, 8);
	wait_request(b, 8);
	msg_reply(&msg, small->id, 1, 8);
	msg_vec(&msg, (void *)0x1000, 100);
	expect_errno(EFAULT, send_msg(b, &msg));
	expect_errno(EFAULT, sync_join(sync));
	expect_nothing(small);
	/* nothing was left in the pool */
	sync = sync_new(small, b->id, 9);
	wait_request(b, 9);
	must(send_reply(b, small->id, 1, 9));
	expect_ok(sync_join(sync));
	expect_eq(sync->cmd.send.reply.offset, 0);
}

TEST("descriptors of a reply are installed into the calling task")
{
	const struct kdbus_item *item;
	struct sync_call *sync;
	int fds[2];
	union cmd msg;

	peers();
	sync = sync_new(a, b->id, 7);
	wait_request(b, 7);
	msg_reply(&msg, a->id, 1, 7);
	must_sys(pipe2(fds, O_CLOEXEC));
	msg_fds(&msg, fds, 2);
	must(send_msg(b, &msg));
	expect_ok(sync_join(sync));
	item = item_find(peer_msg(a, sync->cmd.send.reply.offset), KDBUS_ITEM_FDS);
	expect(item->fds[0] > 2 && item->fds[1] > 2);
	expect_eq(fcntl(item->fds[0], F_GETFD), FD_CLOEXEC);
	must_sys(write(item->fds[1], "x", 1));
	expect_eq(sync->cmd.send.reply.return_flags, 0);
}

TEST("where the caller's table of descriptors is full the reply says INCOMPLETE_FDS")
{
	const struct kdbus_item *item;
	struct sync_call *sync;
	struct rlimit limit;
	int fds[2] = { 1, 1 }, lowest;
	union cmd msg;

	peers();
	sync = sync_new(a, b->id, 7);
	wait_request(b, 7);
	lowest = must_sys(dup(1));
	close(lowest);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = lowest + 1;
	must_sys(setrlimit(RLIMIT_NOFILE, &limit));
	msg_reply(&msg, a->id, 1, 7);
	msg_fds(&msg, fds, 2);
	must(send_msg(b, &msg));
	expect_ok(sync_join(sync));
	item = item_find(peer_msg(a, sync->cmd.send.reply.offset), KDBUS_ITEM_FDS);
	expect_eq(item->fds[0], lowest);
	expect_eq(item->fds[1], -1);
	expect_eq(sync->cmd.send.reply.return_flags, KDBUS_RECV_RETURN_INCOMPLETE_FDS);
	expect_eq(sync->cmd.return_flags, 0);
}

TEST("a call to oneself simply waits; another thread may answer it")
{
	struct sync_call *sync, late;

	peers();
	sync = sync_new(a, a->id, 7);
	wait_request(a, 7);
	must(send_reply(a, a->id, 1, 7));
	expect_ok(sync_join(sync));
	sync_init(&late, a, a->id, 8, now_ns() + 100 * MSEC);
	sync_start(&late);
	expect_errno(ETIMEDOUT, sync_join(&late));
}

TEST("calls in a circle wait until somebody answers")
{
	struct sync_call *ab, *bc, *ca;

	peers();
	ab = sync_new(a, b->id, 1);
	bc = sync_new(b, c->id, 2);
	ca = sync_new(c, a->id, 3);
	wait_request(a, 3);
	wait_request(b, 1);
	wait_request(c, 2);
	must(send_reply(a, c->id, 1, 3));
	must(send_reply(b, a->id, 1, 1));
	must(send_reply(c, b->id, 1, 2));
	expect_ok(sync_join(ab));
	expect_ok(sync_join(bc));
	expect_ok(sync_join(ca));
}

TEST("ended calls count no longer as outstanding")
{
	struct sync_call sync;

	peers();
	for (int i = 0; i < 130; i++) {
		sync_init(&sync, a, b->id, i, now_ns() + 2 * MSEC);
		sync_start(&sync);
		sync_join(&sync);
		drain(b);
	}
	for (int i = 1; i <= 128; i++)
		expect_ok(send_request(a, b->id, 1000 + i));
	expect_errno(EMLINK, send_request(a, b->id, 2000));
}

TEST("an answered synchronous call in a storm of traffic is fast and complete")
{
	struct sync_call *sync;

	peers();
	for (int i = 1; i <= 200; i++) {
		sync = sync_new(a, b->id, i);
		wait_request(b, i);
		must(peer_free(b, b->last.msg.offset));
		must(send_reply(b, a->id, i, i));
		expect_ok(sync_join(sync));
		expect_ok(peer_free(a, sync->cmd.send.reply.offset));
		free(sync);
	}
}
