/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buffers that another thread changes or takes away during the call. */
#include <sched.h>
#include <sys/mman.h>

#include "tests/vm/util.h"

#define ROUNDS 3000

static struct bus *bus;
static struct peer *a, *b;
static volatile bool stop;

static void peers(void)
{
	bus = bus_new();
	a = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD);
	b = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD);
	stop = false;
}

/* A word that flickers between two values while @run works. */
struct flicker {
	volatile __u64 *word;
	__u64 values[2];
};

static void *flicker_thread(void *data)
{
	struct flicker *flicker = data;

	for (unsigned n = 0; !stop; n++) {
		*flicker->word = flicker->values[n & 1];
		/* one core may be all there is */
		if (n % 64 == 0)
			sched_yield();
	}
	return NULL;
}

static void with_flicker(volatile __u64 *word, __u64 one, __u64 two, void (*round)(unsigned))
{
	struct flicker flicker = { .word = word, .values = { one, two } };
	pthread_t thread;

	stop = false;
	pthread_create(&thread, NULL, flicker_thread, &flicker);
	for (unsigned i = 0; i < ROUNDS && test_failures() < 5; i++)
		round(i);
	stop = true;
	pthread_join(thread, NULL);
}

static union cmd msg, cmd;
static struct kdbus_cmd_send send;

static void round_send(unsigned i)
{
	int r;

	send = (struct kdbus_cmd_send){ .size = sizeof(send), .msg_address = (uintptr_t)&msg };
	r = call(a->fd, KDBUS_CMD_SEND, &send);
	expect(r == 0 || r == -EINVAL || r == -EMSGSIZE || r == -EFAULT || r == -ENOBUFS || r == -EXFULL ||
	       r == -EBADF || r == -ENXIO);
	if (r == 0 && recv_cmd(b, 0, 0) == 0) {
		const struct kdbus_msg *got = peer_msg(b, b->last.msg.offset);
		const struct kdbus_item *item;

		/* whatever was sent, what arrived is consistent */
		expect(got->size >= 64 && got->size <= b->last.msg.msg_size);
		expect_eq(got->src_id, a->id);
		for_each_item(item, got)
			if (item->type == KDBUS_ITEM_PAYLOAD_OFF && item->vec.offset != ANY)
				expect(item->vec.offset + item->vec.size <= b->last.msg.msg_size);
		must(peer_free(b, b->last.msg.offset));
	}
	(void)i;
}

TEST("the size of a message that changes between two looks")
{
	peers();
	msg_init(&msg, b->id, 1);
	msg_vec(&msg, "payload", 8);
	msg_vec(&msg, "payload", 8);
	with_flicker(&msg.msg.size, 64 + 64, 64 + 32, round_send);
	with_flicker(&msg.msg.size, 64 + 64, 32000, round_send);
	with_flicker(&msg.msg.size, 64 + 64, ANY, round_send);
	with_flicker(&msg.msg.size, 64, 8, round_send);
}

TEST("the size of an item, of a vec, its address and the source id that change")
{
	struct kdbus_item *item;

	peers();
	msg_init(&msg, b->id, 1);
	item = cmd_item(&msg, KDBUS_ITEM_PAYLOAD_VEC, &(struct kdbus_vec){ .size = 8, .address = (uintptr_t)"payload" }, 16);
	with_flicker(&item->size, 32, 16, round_send);
	with_flicker(&item->size, 32, ANY, round_send);
	item->size = 32;
	with_flicker(&item->vec.size, 8, 300000, round_send);
	with_flicker(&item->vec.size, 8, 3 * MIB, round_send);
	item->vec.size = 8;
	with_flicker(&item->vec.address, (uintptr_t)"payload", 0, round_send);
	with_flicker(&item->vec.address, (uintptr_t)"payload", 0xffff888000000000, round_send);
	item->vec.address = (uintptr_t)"payload";
	with_flicker(&item->type, KDBUS_ITEM_PAYLOAD_VEC, KDBUS_ITEM_PAYLOAD_OFF, round_send);
	item->type = KDBUS_ITEM_PAYLOAD_VEC;
	with_flicker(&msg.msg.src_id, 0, b->id, round_send);
}

static int memfd;

TEST("the number of a descriptor that changes")
{
	struct kdbus_item *item;

	peers();
	memfd = memfd_new(100);
	msg_init(&msg, b->id, 1);
	msg_memfd(&msg, memfd, 0, 8);
	item = (void *)msg.msg.items;
	/* fd and padding are one word */
	with_flicker((volatile __u64 *)&item->memfd.fd, memfd, 900, round_send);
}

static void *closer(void *data)
{
	int spare = must_sys(dup(memfd));

	(void)data;
	while (!stop) {
		close(memfd);
		sched_yield();
		dup2(spare, memfd);
		sched_yield();
	}
	return NULL;
}

TEST("a memfd that is closed and opened again during the call")
{
	pthread_t thread;
	int fd;

	peers();
	memfd = fd = memfd_new(100);
	pthread_create(&thread, NULL, closer, NULL);
	for (unsigned i = 0; i < 2000; i++) {
		int r;

		msg_init(&msg, b->id, 1);
		msg_memfd(&msg, fd, 0, 8);
		r = send_msg(a, &msg);
		expect(r == 0 || r == -EBADF);
		if (r == 0)
			must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	}
	stop = true;
	pthread_join(thread, NULL);
}

static void round_acquire(unsigned i)
{
	int r;

	r = call(a->fd, KDBUS_CMD_NAME_ACQUIRE, &cmd);
	expect(r == 0 || r == -EINVAL || r == -EMSGSIZE || r == -EFAULT || r == -ECONNRESET);
	(void)i;
}

TEST("the size, flags and item of a command that change")
{
	struct kdbus_item *item;

	peers();
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "abcdef.ghijklm");
	item = cmd.cmd.items;
	with_flicker(&cmd.cmd.size, cmd.size, 24, round_acquire);
	with_flicker(&cmd.cmd.size, ALIGN8(24 + item->size), 32768, round_acquire);
	cmd.cmd.size = ALIGN8(24 + item->size);
	with_flicker(&item->size, item->size, 17, round_acquire);
	item->size = 16 + 15;
	with_flicker((volatile __u64 *)item->str, *(__u64 *)"abcdef.g", *(__u64 *)"abc\0ef.g", round_acquire);
	memcpy(item->str, "abcdef.g", 8);
	with_flicker(&cmd.cmd.flags, 0, NEGOTIATE, round_acquire);
}

static __u8 *page;

static void *protector(void *data)
{
	(void)data;
	while (!stop) {
		mprotect(page, 8192, PROT_NONE);
		sched_yield();
		mprotect(page, 8192, PROT_READ | PROT_WRITE);
		sched_yield();
	}
	return NULL;
}

TEST("payload and commands that vanish and come back during the call")
{
	pthread_t thread;

	peers();
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_create(&thread, NULL, protector, NULL);
	for (unsigned i = 0; i < 2000; i++) {
		int r;

		msg_init(&msg, b->id, 1);
		msg_vec(&msg, page + 8, 8000);
		r = send_msg(a, &msg);
		expect(r == 0 || r == -EFAULT);
		if (r == 0)
			must(recv_cmd(b, KDBUS_RECV_DROP, 0));
		else
			expect_errno(EAGAIN, recv_cmd(b, 0, 0));
		r = call(a->fd, KDBUS_CMD_LIST, page);
		expect(r == 0 || r == -EFAULT || r == -EINVAL);
	}
	stop = true;
	pthread_join(thread, NULL);
}

TEST("a command overwritten by its own answer")
{
	const struct kdbus_info *info;

	peers();
	/* the message lies inside the command that is written back */
	cmd_init(&cmd, sizeof(cmd.send));
	send = (struct kdbus_cmd_send){ .size = sizeof(send), .msg_address = (uintptr_t)&send };
	int r = call(a->fd, KDBUS_CMD_SEND, &send);

	expect(r < 0);
	/* the name's own text is where a NEGOTIATE item writes */
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "a.b");
	cmd_item(&cmd, KDBUS_ITEM_NEGOTIATE, "\1\2\3\4\5\6\7", 8);
	expect_ok(call(a->fd, KDBUS_CMD_NAME_ACQUIRE, &cmd));
	expect_ok(conn_info(a, 0, "a.b", 0, &info));
}

static void *sender(void *data)
{
	union cmd own;

	(void)data;
	while (!stop) {
		msg_init(&own, b->id, 5);
		msg_vec(&own, "from the other thread", 21);
		send_msg(a, &own);
		sched_yield();
	}
	return NULL;
}

TEST("one connection, many commands in different threads at once")
{
	pthread_t threads[2];

	peers();
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, sender, NULL);
	for (unsigned i = 0; i < 2000; i++) {
		if (recv_cmd(b, i % 5 ? 0 : KDBUS_RECV_PEEK, 0) == 0)
			peer_free(b, b->last.msg.offset);
		name_acquire(a, "a.b", 0, NULL);
		name_release(a, "a.b");
		match_all(a, i % 7);
		match_remove(a, i % 5);
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	drain(b);
	expect_nothing(b);
}
