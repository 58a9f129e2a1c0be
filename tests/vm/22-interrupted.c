/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 11.2, signals: interrupted calls and how they go on. */
#include <signal.h>
#include <sys/eventfd.h>

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
	a = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD);
	b = peer_new(bus);
}

/* Interrupts the caller until its handler has run. */
static void interrupt(struct sync_call *sync)
{
	int before = __atomic_load_n(&n_signals, __ATOMIC_SEQ_CST);

	/* let it sleep inside the call */
	sleep_ms(50);
	pthread_kill(sync->thread, SIGUSR1);
	while (__atomic_load_n(&n_signals, __ATOMIC_SEQ_CST) == before)
		sleep_ms(5);
}

static void start(struct sync_call *sync, __u64 cookie, __u64 ns)
{
	sync_init(sync, a, b->id, cookie, now_ns() + ns);
	sync_start(sync);
	if (!peer_readable(b, 10000))
		test_abort(__FILE__, __LINE__, "the request arrives", -ETIMEDOUT);
	expect_message(b, cookie);
}

TEST("with SA_RESTART the call goes on, and the receiver sees it once")
{
	struct sync_call sync;

	peers(SA_RESTART);
	start(&sync, 7, 20 * SEC);
	for (int i = 0; i < 5; i++)
		interrupt(&sync);
	sleep_ms(50);
	expect_nothing(b);
	expect_ok(send_reply(b, a->id, 1, 7));
	expect_ok(sync_join(&sync));
	expect_eq(peer_msg(a, sync.cmd.send.reply.offset)->cookie, 1);
	expect_nothing(b);
}

TEST("with SA_RESTART the original deadline stays")
{
	struct sync_call sync;
	__u64 begin;

	peers(SA_RESTART);
	begin = now_ns();
	start(&sync, 7, 1500 * MSEC);
	for (int i = 0; i < 4; i++)
		interrupt(&sync);
	expect_errno(ETIMEDOUT, sync_join(&sync));
	expect(now_ns() - begin >= 1500 * MSEC);
	expect(now_ns() - begin < 10 * SEC);
	expect_errno(EBADSLT, send_reply(b, a->id, 1, 7));
}

TEST("without SA_RESTART the call ends with EINTR and resumes with the same cookie")
{
	struct sync_call sync;

	peers(0);
	start(&sync, 7, 20 * SEC);
	interrupt(&sync);
	expect_errno(EINTR, sync_join(&sync));
	sync.cmd.flags = KDBUS_SEND_SYNC_REPLY;
	sync_start(&sync);
	sleep_ms(50);
	/* nothing is sent again */
	expect_nothing(b);
	expect_ok(send_reply(b, a->id, 1, 7));
	expect_ok(sync_join(&sync));
	expect_eq(peer_msg(a, sync.cmd.send.reply.offset)->cookie, 1);
}

TEST("a reply that comes between interruption and resumption is kept")
{
	struct sync_call sync;
	union cmd msg;
	__u64 n;

	peers(0);
	start(&sync, 7, 20 * SEC);
	interrupt(&sync);
	expect_errno(EINTR, sync_join(&sync));
	msg_reply(&msg, a->id, 1, 7);
	msg_vec(&msg, "kept", 5);
	expect_ok(send_msg(b, &msg));
	expect_nothing(a);
	sync_start(&sync);
	expect_ok(sync_join(&sync));
	expect_eq(peer_msg(a, sync.cmd.send.reply.offset)->cookie, 1);
	expect_text((const char *)msg_payload(peer_msg(a, sync.cmd.send.reply.offset), &n), "kept");
	expect_nothing(b);
	expect_ok(peer_free(a, sync.cmd.send.reply.offset));
}

TEST("the call goes on though the descriptors that it sent are closed")
{
	static const int flags[] = { SA_RESTART, 0 };

	for (int i = 0; i < 2; i++) {
		int fd = memfd_new(10);
		struct sync_call sync;
		struct peer *c;

		test_case("%s SA_RESTART", flags[i] ? "with" : "without");
		peers(flags[i]);
		c = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD);
		sync_init(&sync, a, c->id, 7, now_ns() + 20 * SEC);
		msg_memfd(&sync.msg, fd, 0, 10);
		msg_fds(&sync.msg, &fd, 1);
		sync_start(&sync);
		expect(peer_readable(c, 10000));
		expect_message(c, 7);
		must_sys(close(fd));
		interrupt(&sync);
		if (!flags[i]) {
			expect_errno(EINTR, sync_join(&sync));
			sync_start(&sync);
		}
		sleep_ms(50);
		expect_nothing(c);
		expect_ok(send_reply(c, a->id, 1, 7));
		expect_ok(sync_join(&sync));
		bus_close(bus);
	}
}

TEST("an answer counts for more than a readable cancel descriptor")
{
	for (int answered = 0; answered < 2; answered++) {
		int event = eventfd(1, EFD_CLOEXEC);
		struct sync_call sync;

		test_case("answered %d", answered);
		peers(0);
		start(&sync, 7, 20 * SEC);
		interrupt(&sync);
		expect_errno(EINTR, sync_join(&sync));
		if (answered)
			must(send_reply(b, a->id, 1, 7));
		cmd_item(&sync.cmd, KDBUS_ITEM_CANCEL_FD, &event, sizeof(event));
		sync_start(&sync);
		expect_errno(answered ? 0 : ECANCELED, sync_join(&sync));
		bus_close(bus);
	}
}

TEST("another cookie is another call")
{
	struct sync_call first, second;

	peers(0);
	start(&first, 7, 20 * SEC);
	interrupt(&first);
	expect_errno(EINTR, sync_join(&first));
	start(&second, 8, 20 * SEC);
	must(send_reply(b, a->id, 80, 8));
	expect_ok(sync_join(&second));
	expect_eq(peer_msg(a, second.cmd.send.reply.offset)->cookie, 80);
	sync_start(&first);
	must(send_reply(b, a->id, 70, 7));
	expect_ok(sync_join(&first));
	expect_eq(peer_msg(a, first.cmd.send.reply.offset)->cookie, 70);
}

TEST("a call never resumed lapses at its deadline without a word")
{
	struct sync_call sync;

	peers(0);
	start(&sync, 7, 1500 * MSEC);
	interrupt(&sync);
	expect_errno(EINTR, sync_join(&sync));
	sleep_ms(2000);
	expect_nothing(a);
	expect_errno(EBADSLT, send_reply(b, a->id, 1, 7));
	/* and its slot is free again */
	for (int i = 1; i <= 128; i++)
		expect_ok(send_request(a, b->id, 1000 + i));
	expect_errno(EMLINK, send_request(a, b->id, 2000));
}

TEST("interrupted calls are still outstanding")
{
	struct sync_call sync;

	peers(0);
	start(&sync, 7, 20 * SEC);
	interrupt(&sync);
	expect_errno(EINTR, sync_join(&sync));
	for (int i = 1; i <= 127; i++)
		expect_ok(send_request(a, b->id, 1000 + i));
	expect_errno(EMLINK, send_request(a, b->id, 2000));
}

TEST("when the destination ends meanwhile the resumed call gets EPIPE")
{
	struct sync_call sync;

	peers(0);
	start(&sync, 7, 20 * SEC);
	interrupt(&sync);
	expect_errno(EINTR, sync_join(&sync));
	peer_close(b);
	sync_start(&sync);
	int r = sync_join(&sync);

	/* the slot remembers it, or is gone and the destination with it */
	expect(r == -EPIPE || r == -ENXIO);
	expect_nothing(a);
}

TEST("the end of an interrupted caller closes its slot")
{
	struct sync_call sync;
	__u64 id;

	peers(0);
	start(&sync, 7, 20 * SEC);
	interrupt(&sync);
	expect_errno(EINTR, sync_join(&sync));
	id = a->id;
	peer_close(a);
	expect_errno(ENXIO, send_reply(b, id, 1, 7));
	expect_nothing(b);
}

TEST("a reply kept for a call never resumed gives its memory back")
{
	struct sync_call sync;
	union cmd msg;
	static __u8 data[20000];

	peers(0);
	for (int i = 0; i < 3; i++) {
		start(&sync, 7 + i, 2500 * MSEC);
		interrupt(&sync);
		expect_errno(EINTR, sync_join(&sync));
		msg_reply(&msg, a->id, 1, 7 + i);
		msg_vec(&msg, data, sizeof(data));
		expect_ok(send_msg(b, &msg));
	}
	/* after its deadline, or with its connection; both without a report */
	sleep_ms(2800);
	expect_nothing(a);
	peer_close(a);
}

TEST("a killed caller leaves nothing behind")
{
	struct gate ready;
	pid_t pid;
	__u64 id;

	peers(0);
	id = a->id;
	gate_init(&ready);
	pid = child_start();
	if (!pid) {
		struct kdbus_cmd_send cmd;
		union cmd msg;

		msg_request(&msg, b->id, 7, now_ns() + 20 * SEC);
		gate_open(&ready);
		send_cmd(a->fd, &cmd, KDBUS_SEND_SYNC_REPLY, &msg);
		child_exit();
	}
	gate_wait(&ready);
	expect(peer_readable(b, 10000));
	expect_message(b, 7);
	/* with the child the last descriptor goes */
	peer_close(a);
	kill(pid, SIGKILL);
	for (int i = 0; i < 500 && send_to(b, id, 1) != -ENXIO; i++)
		sleep_ms(10);
	expect_errno(ENXIO, send_to(b, id, 1));
	expect_errno(ENXIO, send_reply(b, id, 1, 7));
}
