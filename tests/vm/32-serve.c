/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our own commands: SERVE answers and receives, CALL gives back and calls. */
#include <signal.h>

#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b;
static int n_signals;

static void on_signal(int number)
{
	(void)number;
	__atomic_add_fetch(&n_signals, 1, __ATOMIC_SEQ_CST);
}

static void peers(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(SIGUSR1, &action, NULL);
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus);
}

/* SERVE of b, as a whole or in a thread of its own. */
struct serving {
	union cmd cmd;
	int result;
	pthread_t thread;
};

static void *run_serving(void *data)
{
	struct serving *serving = data;

	serving->result = call(b->fd, KDBUS_CMD_SERVE, &serving->cmd);
	return NULL;
}

static void serving_init(struct serving *serving, union cmd *answer, __u64 timeout_ns)
{
	cmd_init(&serving->cmd, sizeof(serving->cmd.serve));
	serving->cmd.serve.msg_address = (uintptr_t)answer;
	serving->cmd.serve.timeout_ns = timeout_ns;
}

static void serving_free(struct serving *serving, __u64 offset)
{
	serving->cmd.flags |= KDBUS_SERVE_FREE;
	serving->cmd.serve.msg.offset = offset;
}

static void serving_start(struct serving *serving)
{
	must(-pthread_create(&serving->thread, NULL, run_serving, serving));
	/* let it fall asleep */
	sleep_ms(50);
}

static int serving_join(struct serving *serving)
{
	must(-pthread_join(serving->thread, NULL));
	return serving->result;
}

static void interrupt(pthread_t thread)
{
	int before = __atomic_load_n(&n_signals, __ATOMIC_SEQ_CST);

	pthread_kill(thread, SIGUSR1);
	while (__atomic_load_n(&n_signals, __ATOMIC_SEQ_CST) == before)
		sleep_ms(5);
	sleep_ms(20);
}

static __u64 receive(struct serving *serving)
{
	serving_init(serving, NULL, ANY);
	run_serving(serving);
	must(serving->result);
	return serving->cmd.serve.msg.offset;
}

static void expect_no_message(const struct serving *serving)
{
	expect_eq(serving->cmd.serve.msg.offset, b->pool_size);
	expect_eq(serving->cmd.serve.msg.msg_size, 0);
	expect_eq(serving->cmd.serve.msg.return_flags, 0);
}

TEST("SERVE takes a message that waits, as RECV does")
{
	struct serving serving;

	peers(0);
	must(send_bytes(a, b->id, 7, 100));
	serving_init(&serving, NULL, 0);
	memset(serving.cmd.bytes + 48, 0xff, sizeof(serving.cmd.serve) - 48);
	serving.cmd.return_flags = ANY;
	run_serving(&serving);
	expect_ok(serving.result);
	expect_eq(serving.cmd.return_flags, 0);
	expect_eq(serving.cmd.serve.dropped_msgs, 0);
	expect_eq(serving.cmd.serve.msg.msg_size, 64 + 32 + 104);
	expect_eq(serving.cmd.serve.msg.return_flags, 0);
	expect_eq(peer_msg(b, serving.cmd.serve.msg.offset)->cookie, 7);
	expect_nothing(b);
	expect_ok(peer_free(b, serving.cmd.serve.msg.offset));
}

TEST("without a time to wait until, an empty queue is EAGAIN")
{
	struct serving serving;

	peers(0);
	serving_init(&serving, NULL, 0);
	run_serving(&serving);
	expect_errno(EAGAIN, serving.result);
	expect_no_message(&serving);
}

TEST("one SERVE answers, gives back and receives the next")
{
	struct sync_call *sync;
	struct serving serving;
	union cmd answer;
	__u64 first;

	peers(0);
	sync = sync_new(a, b->id, 7);
	first = receive(&serving);
	expect_eq(peer_msg(b, first)->cookie, 7);
	must(send_to(a, b->id, 8));
	msg_reply(&answer, a->id, 70, 7);
	serving_init(&serving, &answer, ANY);
	serving_free(&serving, first);
	run_serving(&serving);
	expect_ok(serving.result);
	expect_eq(serving.cmd.serve.msg_address, 0);
	expect_ok(sync_join(sync));
	expect_eq(peer_msg(a, sync->cmd.send.reply.offset)->cookie, 70);
	expect_eq(peer_msg(b, serving.cmd.serve.msg.offset)->cookie, 8);
	/* the second lies elsewhere: it came before the first was given back */
	expect(serving.cmd.serve.msg.offset != first);
	expect_errno(ENXIO, peer_free(b, first));
	expect_ok(peer_free(b, serving.cmd.serve.msg.offset));
}

TEST("the answer may lie in what is given back")
{
	struct serving serving;
	const __u8 *payload;
	union cmd answer;
	__u64 offset, n;

	peers(0);
	must(send_bytes(a, b->id, 7, 5000));
	offset = receive(&serving);
	payload = b->pool + offset + 64 + 32;
	msg_init(&answer, a->id, 9);
	msg_vec(&answer, payload, 5000);
	serving_init(&serving, &answer, 0);
	serving_free(&serving, offset);
	run_serving(&serving);
	expect_errno(EAGAIN, serving.result);
	expect(!memcmp(msg_payload(expect_message(a, 9), &n), payload, 5000));
	expect_errno(ENXIO, peer_free(b, offset));
}

TEST("it sleeps until a message comes, or its time is over")
{
	struct serving serving;
	__u64 begin;

	peers(0);
	serving_init(&serving, NULL, ANY);
	serving_start(&serving);
	must(send_to(a, b->id, 7));
	expect_ok(serving_join(&serving));
	expect_eq(peer_msg(b, serving.cmd.serve.msg.offset)->cookie, 7);

	begin = now_ns();
	serving_init(&serving, NULL, begin + 300 * MSEC);
	run_serving(&serving);
	expect_errno(ETIMEDOUT, serving.result);
	expect(now_ns() - begin >= 300 * MSEC);
	expect_no_message(&serving);
	serving_init(&serving, NULL, 1);
	run_serving(&serving);
	expect_errno(ETIMEDOUT, serving.result);
	must(send_to(a, b->id, 8));
	run_serving(&serving);
	expect_ok(serving.result);
}

TEST("an answer that cannot be sent ends the command, and is reported as such")
{
	struct serving serving;
	union cmd answer;
	__u64 offset;

	peers(0);
	must(send_to(a, b->id, 7));
	offset = receive(&serving);
	must(send_to(a, b->id, 8));
	msg_reply(&answer, a->id, 70, 12345);
	serving_init(&serving, &answer, ANY);
	serving_free(&serving, offset);
	run_serving(&serving);
	expect_errno(EBADSLT, serving.result);
	expect_eq(serving.cmd.return_flags, KDBUS_SERVE_RETURN_UNSENT);
	expect_eq(serving.cmd.serve.msg_address, 0);
	expect_no_message(&serving);
	expect_errno(ENXIO, peer_free(b, offset));
	expect_message(b, 8);

	serving_init(&serving, (void *)8, ANY);
	run_serving(&serving);
	expect_errno(EFAULT, serving.result);
	expect_eq(serving.cmd.return_flags, KDBUS_SERVE_RETURN_UNSENT);
}

TEST("nothing is done if the slice to give back is not held")
{
	struct serving serving;
	union cmd answer;

	peers(0);
	must(send_to(a, b->id, 8));
	msg_init(&answer, a->id, 9);
	serving_init(&serving, &answer, ANY);
	serving_free(&serving, 4096);
	run_serving(&serving);
	expect_errno(ENXIO, serving.result);
	expect_eq(serving.cmd.return_flags, 0);
	expect_eq(serving.cmd.serve.msg_address, (uintptr_t)&answer);
	expect_eq(serving.cmd.serve.msg.offset, 4096);
	expect_nothing(a);
	/* the offset that means nothing is fine, what waits in the queue is not held */
	serving_free(&serving, 0);
	run_serving(&serving);
	expect_errno(ENXIO, serving.result);
	serving_free(&serving, b->pool_size);
	run_serving(&serving);
	expect_ok(serving.result);
	expect_message(a, 9);
}

TEST("a message that was peeked at and given back stays in the queue")
{
	struct serving serving;
	union cmd answer;

	peers(0);
	must(send_to(a, b->id, 7));
	must(recv_cmd(b, KDBUS_RECV_PEEK, 0));
	msg_init(&answer, a->id, 9);
	serving_init(&serving, &answer, 0);
	serving_free(&serving, b->last.msg.offset);
	run_serving(&serving);
	expect_ok(serving.result);
	expect_eq(peer_msg(b, serving.cmd.serve.msg.offset)->cookie, 7);
	expect_ok(peer_free(b, serving.cmd.serve.msg.offset));
}

TEST("with SA_RESTART the wait goes on, and the answer is sent once")
{
	struct serving serving;
	union cmd answer;
	__u64 offset;

	peers(SA_RESTART);
	must(send_to(a, b->id, 7));
	offset = receive(&serving);
	msg_init(&answer, a->id, 9);
	serving_init(&serving, &answer, ANY);
	serving_free(&serving, offset);
	serving_start(&serving);
	for (int i = 0; i < 5; i++)
		interrupt(serving.thread);
	expect_message(a, 9);
	expect_nothing(a);
	must(send_to(a, b->id, 8));
	expect_ok(serving_join(&serving));
	expect_eq(peer_msg(b, serving.cmd.serve.msg.offset)->cookie, 8);
}

TEST("without it, EINTR leaves what was done struck out")
{
	struct serving serving;
	union cmd answer;

	peers(0);
	msg_init(&answer, a->id, 9);
	serving_init(&serving, &answer, ANY);
	serving_start(&serving);
	interrupt(serving.thread);
	expect_errno(EINTR, serving_join(&serving));
	expect_message(a, 9);
	expect_eq(serving.cmd.serve.msg_address, 0);
	expect_no_message(&serving);
}

TEST("of several tasks that wait each gets a message")
{
	struct serving servings[8];
	unsigned seen = 0;

	peers(0);
	for (int i = 0; i < 8; i++) {
		serving_init(&servings[i], NULL, ANY);
		serving_start(&servings[i]);
	}
	for (int i = 0; i < 8; i++)
		must(send_to(a, b->id, i));
	for (int i = 0; i < 8; i++) {
		expect_ok(serving_join(&servings[i]));
		seen |= 1 << peer_msg(b, servings[i].cmd.serve.msg.offset)->cookie;
	}
	expect_eq(seen, 0xff);
}

TEST("tasks whose time is over overlook no message for others")
{
	unsigned n = 0;

	peers(0);
	for (int round = 0; round < 200; round++) {
		struct serving brief, patient;

		serving_init(&brief, NULL, now_ns() + MSEC);
		serving_init(&patient, NULL, now_ns() + 5 * SEC);
		must(-pthread_create(&brief.thread, NULL, run_serving, &brief));
		must(-pthread_create(&patient.thread, NULL, run_serving, &patient));
		usleep(900);
		must(send_to(a, b->id, round));
		if (serving_join(&brief) == 0) {
			must(peer_free(b, brief.cmd.serve.msg.offset));
			must(send_to(a, b->id, round));
			n++;
		}
		expect_ok(serving_join(&patient));
		must(peer_free(b, patient.cmd.serve.msg.offset));
	}
	test_note("%u of 200 went to the brief one", n);
}

TEST("only what is urgent enough ends the wait, if that is asked for")
{
	struct serving serving;
	union cmd msg;

	peers(0);
	serving_init(&serving, NULL, now_ns() + 300 * MSEC);
	serving.cmd.flags = KDBUS_SERVE_USE_PRIORITY;
	serving.cmd.serve.priority = -5;
	must(send_to(a, b->id, 7));
	run_serving(&serving);
	expect_errno(ETIMEDOUT, serving.result);
	serving.cmd.serve.timeout_ns = ANY;
	serving_start(&serving);
	msg_init(&msg, b->id, 8);
	msg.msg.priority = -5;
	must(send_msg(a, &msg));
	expect_ok(serving_join(&serving));
	expect_eq(peer_msg(b, serving.cmd.serve.msg.offset)->cookie, 8);
	expect_message(b, 7);
}

TEST("who waits for what is urgent does not use up what wakes the others")
{
	struct serving urgent[3], any;
	union cmd msg;

	peers(0);
	for (int i = 0; i < 3; i++) {
		serving_init(&urgent[i], NULL, ANY);
		urgent[i].cmd.flags = KDBUS_SERVE_USE_PRIORITY;
		serving_start(&urgent[i]);
	}
	for (int i = 0; i < 5; i++) {
		serving_init(&any, NULL, ANY);
		serving_start(&any);
		msg_init(&msg, b->id, i);
		msg.msg.priority = 10;
		must(send_msg(a, &msg));
		expect_ok(serving_join(&any));
		expect_eq(peer_msg(b, any.cmd.serve.msg.offset)->cookie, i);
	}
	for (int i = 0; i < 3; i++)
		must(send_to(a, b->id, 7));
	for (int i = 0; i < 3; i++)
		expect_ok(serving_join(&urgent[i]));
}

TEST("lost messages end the wait, and are told")
{
	static const __u8 data[8192];
	struct serving serving;
	union cmd msg;

	peers(0);
	b = peer_new(bus, .pool = 4096);
	must(match_all(b, 1));
	serving_init(&serving, NULL, ANY);
	serving_start(&serving);
	msg_broadcast(&msg, 1);
	msg_vec(&msg, data, sizeof(data));
	must(send_msg(a, &msg));
	expect_errno(EAGAIN, serving_join(&serving));
	expect_eq(serving.cmd.return_flags, KDBUS_RECV_RETURN_DROPPED_MSGS);
	expect_eq(serving.cmd.serve.dropped_msgs, 1);
}

TEST("the end of the connection ends the wait")
{
	struct serving serving;

	peers(0);
	serving_init(&serving, NULL, ANY);
	serving_start(&serving);
	expect_ok(peer_byebye(b));
	expect_errno(ECONNRESET, serving_join(&serving));

	b = peer_new(bus);
	serving_init(&serving, NULL, ANY);
	serving_start(&serving);
	bus_close(bus);
	expect_errno(ECONNRESET, serving_join(&serving));
}

/* CALL */

static void call_init(struct sync_call *sync, __u64 cookie, __u64 offset)
{
	sync_init(sync, a, b->id, cookie, now_ns() + 10 * SEC);
	sync->number = KDBUS_CMD_CALL;
	sync->cmd.flags = KDBUS_CALL_FREE;
	sync->cmd.send.reply.offset = offset;
}

static void answer_call(__u64 cookie)
{
	if (!peer_readable(b, 10000))
		test_abort(__FILE__, __LINE__, "the request arrives", -ETIMEDOUT);
	expect_message(b, cookie);
	must(send_reply(b, a->id, cookie + 100, cookie));
}

TEST("CALL gives the previous reply back and waits for the next")
{
	struct sync_call sync;
	__u64 offset;

	peers(0);
	offset = a->pool_size;
	for (int i = 1; i < 5; i++) {
		call_init(&sync, i, offset);
		sync_start(&sync);
		answer_call(i);
		expect_ok(sync_join(&sync));
		/* b may be faster than what is given back */
		if (i > 1 && sync.cmd.send.reply.offset != offset)
			expect_errno(ENXIO, peer_free(a, offset));
		offset = sync.cmd.send.reply.offset;
		expect_eq(peer_msg(a, offset)->cookie, i + 100);
		expect_eq(sync.cmd.send.reply.msg_size, 64);
	}
	expect_ok(peer_free(a, offset));
	expect_errno(ENXIO, peer_free(a, offset));
}

TEST("whatever becomes of a CALL, it tells that the slice is gone")
{
	struct sync_call sync;
	__u64 offset;

	peers(0);
	must(send_to(b, a->id, 1));
	offset = (const __u8 *)recv_msg(a) - a->pool;
	call_init(&sync, 2, offset);
	sync.msg.msg.timeout_ns = now_ns() + 100 * MSEC;
	sync_start(&sync);
	expect_errno(ETIMEDOUT, sync_join(&sync));
	expect_eq(sync.cmd.send.reply.offset, a->pool_size);
	expect_errno(ENXIO, peer_free(a, offset));

	call_init(&sync, 3, offset);
	sync_start(&sync);
	expect_errno(ENXIO, sync_join(&sync));
	expect_eq(sync.cmd.send.reply.offset, offset);

	must(send_to(b, a->id, 1));
	offset = (const __u8 *)recv_msg(a) - a->pool;
	call_init(&sync, 4, offset);
	sync.msg.msg.dst_id = 99999;
	sync_start(&sync);
	expect_errno(ENXIO, sync_join(&sync));
	expect_eq(sync.cmd.send.reply.offset, a->pool_size);
	expect_errno(ENXIO, peer_free(a, offset));
}

TEST("an interrupted CALL goes on and gives nothing back twice")
{
	struct sync_call sync;
	__u64 offset;

	peers(SA_RESTART);
	must(send_to(b, a->id, 1));
	offset = (const __u8 *)recv_msg(a) - a->pool;
	call_init(&sync, 7, offset);
	sync_start(&sync);
	if (!peer_readable(b, 10000))
		test_abort(__FILE__, __LINE__, "the request arrives", -ETIMEDOUT);
	sleep_ms(50);
	interrupt(sync.thread);
	interrupt(sync.thread);
	answer_call(7);
	expect_nothing(b);
	expect_ok(sync_join(&sync));
	expect_eq(peer_msg(a, sync.cmd.send.reply.offset)->cookie, 107);
}

TEST("a CALL must be a request, and SEND gives nothing back")
{
	struct sync_call sync;

	peers(0);
	call_init(&sync, 7, a->pool_size);
	sync.msg.msg.flags = 0;
	sync_start(&sync);
	expect_errno(EINVAL, sync_join(&sync));
	for (int bit = 1; bit < 62; bit++) {
		test_case("bit %d", bit);
		call_init(&sync, 7, a->pool_size);
		sync.cmd.flags = 1ULL << bit;
		expect_errno(EINVAL, call(a->fd, KDBUS_CMD_CALL, &sync.cmd));
		expect_errno(EINVAL, call(a->fd, KDBUS_CMD_SEND, &sync.cmd));
	}
	call_init(&sync, 7, a->pool_size);
	sync.cmd.flags = NEGOTIATE;
	sync.cmd.send.msg_address = 0;
	expect_ok(call(a->fd, KDBUS_CMD_CALL, &sync.cmd));
	expect_eq(sync.cmd.flags, KDBUS_CALL_FREE);
}

TEST("only ordinary connections call; monitors do not serve")
{
	struct peer *others[3];
	union cmd cmd;

	peers(0);
	others[0] = activator_new(bus, "com.activator");
	others[1] = holder_new(bus, "com.holder");
	others[2] = monitor_new(bus);
	for (int i = 0; i < 3; i++) {
		test_case("kind %d", i);
		cmd_init(&cmd, sizeof(cmd.send));
		expect_errno(EOPNOTSUPP, call(others[i]->fd, KDBUS_CMD_CALL, &cmd));
		cmd_init(&cmd, sizeof(cmd.serve));
		expect_errno(i ? EOPNOTSUPP : EAGAIN, call(others[i]->fd, KDBUS_CMD_SERVE, &cmd));
	}
}
