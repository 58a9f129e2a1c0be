/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many threads at once, for a bounded time: what is found here is a race. */

#include "tests/vm/util.h"

#define THREADS 6

static struct bus *bus;
static struct peer *shared[4];
static __u64 deadline;
static unsigned n_rounds;

static bool go_on(void)
{
	return now_ns() < deadline;
}

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

static void run(void *(*work)(void *), unsigned ms)
{
	pthread_t threads[THREADS];

	n_rounds = 0;
	deadline = now_ns() + ms * MSEC;
	for (uintptr_t i = 0; i < THREADS; i++)
		must(-pthread_create(&threads[i], NULL, work, (void *)i));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	test_note("%u rounds", n_rounds);
}

static void count(void)
{
	__atomic_add_fetch(&n_rounds, 1, __ATOMIC_RELAXED);
}

/* recv without the peer's own answer, which threads would share */
static int take(int fd, __u64 flags, struct kdbus_cmd_recv *recv)
{
	*recv = (struct kdbus_cmd_recv){ .size = sizeof(*recv), .flags = flags };
	return call(fd, KDBUS_CMD_RECV, recv);
}

static void *everybody(void *data)
{
	unsigned seed = (uintptr_t)data + 1;
	struct kdbus_cmd_recv recv;
	struct kdbus_cmd_send cmd;
	char name[20];
	union cmd msg;

	while (go_on()) {
		struct peer *peer = shared[next(&seed) % 4], *other = shared[next(&seed) % 4];
		struct kdbus_cmd_free release = { .size = sizeof(release) };

		sprintf(name, "some.name%u", next(&seed) % 4);
		switch (next(&seed) % 12) {
		case 0:
		case 1:
			send_to(peer, other->id, 1);
			break;
		case 2:
			send_name(peer, name, 2);
			break;
		case 3:
			send_broadcast(peer, 3);
			break;
		case 4:
			msg_request(&msg, other->id, next(&seed) % 8, now_ns() + next(&seed) % 20 * MSEC);
			send_msg(peer, &msg);
			break;
		case 5:
			send_reply(peer, other->id, 1, next(&seed) % 8);
			break;
		case 6:
			name_acquire(peer, name, next(&seed) % 8, NULL);
			break;
		case 7:
			name_release(peer, name);
			break;
		case 8:
			match_all(peer, next(&seed) % 4);
			break;
		case 9:
			match_remove(peer, next(&seed) % 4);
			break;
		case 10:
			msg_request(&msg, other->id, next(&seed) % 8, now_ns() + 3 * MSEC);
			send_cmd(peer->fd, &cmd, KDBUS_SEND_SYNC_REPLY, &msg);
			if (!cmd.return_flags && cmd.reply.msg_size)
				peer_free(peer, cmd.reply.offset);
			break;
		default:
			if (take(peer->fd, next(&seed) % 4, &recv) == 0) {
				release.offset = recv.msg.offset;
				call(peer->fd, KDBUS_CMD_FREE, &release);
			}
		}
		count();
	}
	return NULL;
}

TEST("everything at once on four connections, with activators and a monitor")
{
	bus = bus_new();
	for (int i = 0; i < 4; i++)
		shared[i] = peer_new(bus, .recv = ANY, .send = ANY, .pool = 256 * KIB);
	activator_new(bus, "some.name0");
	activator_new(bus, "some.name1");
	monitor_new(bus, .recv = ANY);
	run(everybody, 4000);
	/* still in order */
	for (int i = 0; i < 4; i++) {
		drain(shared[i]);
		expect_ok(send_to(shared[i], shared[i]->id, 77));
	}
}

static void *come_and_go(void *data)
{
	unsigned seed = (uintptr_t)data + 100;
	char name[20];

	while (go_on()) {
		struct peer *peer = peer_new(bus, .pool = 16 * KIB, .recv = ANY);

		sprintf(name, "some.name%u", next(&seed) % 3);
		match_all(peer, 1);
		name_acquire(peer, name, KDBUS_NAME_QUEUE | KDBUS_NAME_ALLOW_REPLACEMENT | (next(&seed) & 1), NULL);
		send_name(peer, name, 1);
		send_request_name(peer, name, 2);
		send_broadcast(peer, 3);
		if (next(&seed) % 3 == 0) {
			drain(peer);
			peer_byebye(peer);
		}
		peer_close(peer);
		count();
	}
	return NULL;
}

TEST("connections with names, mail and requests come and go")
{
	bus = bus_new();
	activator_new(bus, "some.name0");
	monitor_new(bus);
	run(come_and_go, 4000);
	expect_text(list_text(peer_new(bus), KDBUS_LIST_NAMES, 0), "");
}

static void *hand_over(void *data)
{
	uintptr_t number = (uintptr_t)data;
	struct peer *peer = peer_new(bus, .pool = 256 * KIB);

	while (go_on()) {
		if (number & 1) {
			if (name_acquire(peer, "some.name0", 0, NULL) == 0) {
				while (recv_cmd(peer, 0, 0) == 0) {
					const struct kdbus_msg *msg = peer_msg(peer, peer->last.msg.offset);

					if (msg->flags & KDBUS_MSG_EXPECT_REPLY)
						send_reply(peer, msg->src_id, 1, msg->cookie);
					peer_free(peer, peer->last.msg.offset);
				}
				name_release(peer, "some.name0");
			}
		} else {
			struct kdbus_cmd_send cmd;
			union cmd msg;

			msg_request(&msg, 0, 1 + number, now_ns() + 50 * MSEC);
			msg_name(&msg, "some.name0");
			if (send_cmd(peer->fd, &cmd, KDBUS_SEND_SYNC_REPLY, &msg) == 0)
				peer_free(peer, cmd.reply.offset);
			send_name(peer, "some.name0", 2);
		}
		count();
	}
	return NULL;
}

TEST("a name changes hands under fire")
{
	bus = bus_new();
	activator_new(bus, "some.name0");
	run(hand_over, 4000);
}

static void *buses(void *data)
{
	uintptr_t number = (uintptr_t)data;
	char name[20], path[240];

	sprintf(name, "0-stress%u", (unsigned)number % THREADS / 2);
	while (go_on()) {
		int fd = control_open(mount_dir), ep;
		union cmd cmd;

		bus_command(&cmd, name, 0);
		if (call(fd, KDBUS_CMD_BUS_MAKE, &cmd) == 0) {
			snprintf(path, sizeof(path), "%s/%s/bus", mount_dir, name);
			ep = open(path, O_RDWR | O_CLOEXEC);
			cmd_init(&cmd, sizeof(cmd.hello));
			cmd.hello.pool_size = 4096;
			if (ep >= 0)
				call(ep, KDBUS_CMD_HELLO, &cmd);
			close(fd);
			close(ep);
		} else {
			/* somebody else's: try to get in while it ends */
			snprintf(path, sizeof(path), "%s/%s/bus", mount_dir, name);
			ep = open(path, O_RDWR | O_CLOEXEC);
			cmd_init(&cmd, sizeof(cmd.hello));
			cmd.hello.pool_size = 4096;
			if (ep >= 0) {
				int r = call(ep, KDBUS_CMD_HELLO, &cmd);

				expect(r == 0 || r == -ESHUTDOWN);
				close(ep);
			}
			close(fd);
		}
		count();
	}
	return NULL;
}

TEST("buses come and go while others look at them")
{
	run(buses, 3000);
}

static volatile int victim;

static void *closer(void *data)
{
	uintptr_t number = (uintptr_t)data;
	struct kdbus_cmd_recv recv;
	struct kdbus_cmd_send cmd;
	union cmd msg;

	while (go_on()) {
		int fd = victim;

		if (number == 0) {
			int fresh = open(bus->path, O_RDWR | O_CLOEXEC);

			cmd_init(&msg, sizeof(msg.hello));
			msg.hello.pool_size = 4096;
			call(fresh, KDBUS_CMD_HELLO, &msg);
			victim = fresh;
			if (fd >= 0)
				close(fd);
		} else {
			take(fd, 0, &recv);
			msg_broadcast(&msg, 1);
			send_cmd(fd, &cmd, 0, &msg);
			msg_request(&msg, shared[0]->id, 1, now_ns() + 2 * MSEC);
			send_cmd(fd, &cmd, number & 1 ? KDBUS_SEND_SYNC_REPLY : 0, &msg);
			poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0);
		}
		count();
	}
	return NULL;
}

TEST("descriptors are closed under threads that use them")
{
	bus = bus_new();
	shared[0] = peer_new(bus);
	victim = -1;
	run(closer, 3000);
	drain(shared[0]);
}

static void *policies(void *data)
{
	uintptr_t number = (uintptr_t)data;
	struct peer *peer = peer_new(bus), *special;
	char name[20];

	sprintf(name, "some.name%u", (unsigned)number % THREADS / 2);
	while (go_on()) {
		const __u64 kind = number & 1 ? KDBUS_HELLO_ACTIVATOR : KDBUS_HELLO_POLICY_HOLDER;

		if (peer_try(bus, (struct peer_options){ .flags = kind, .name = name, .pool = 4096,
			     .access = { KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0 } }, &special) == 0) {
			send_name(peer, name, 1);
			drain(peer);
			peer_close(special);
		}
		name_acquire(peer, name, KDBUS_NAME_QUEUE, NULL);
		name_release(peer, name);
		count();
	}
	return NULL;
}

TEST("policy entries and activators come and go for the same names")
{
	bus = bus_new();
	run(policies, 3000);
	/* nothing is left: each name can be had */
	activator_new(bus, "some.name0");
	holder_new(bus, "some.name1");
}
