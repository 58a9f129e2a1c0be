/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 3: what an open file is good for, and when it becomes something. */
#include <sys/ioctl.h>

#include "tests/vm/util.h"

enum state { CONTROL, ENDPOINT, BUS_OWNER, EP_OWNER, EP_OWNER_GONE, CONNECTION, DISCONNECTED, N_STATES };

static const char *const state_names[] = {
	"control", "endpoint", "bus owner", "endpoint owner", "owner of a gone endpoint", "connection", "disconnected",
};

/* A handle in this state. */
static int handle_new(enum state state)
{
	static unsigned n;
	struct bus *bus;
	struct peer *peer;
	char name[30], path[240];
	int fd;

	sprintf(name, "0-handle%u", n++);
	bus = bus_new(.name = name);
	switch (state) {
	case CONTROL:
		return control_open(mount_dir);
	case ENDPOINT:
		return must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	case BUS_OWNER:
		return bus->fd;
	case EP_OWNER:
		return endpoint_new(bus, "0-ep", 0, path);
	case EP_OWNER_GONE:
		fd = endpoint_new(bus, "0-ep", 0, path);
		bus_close(bus);
		return fd;
	case CONNECTION:
		return peer_new(bus)->fd;
	default:
		peer = peer_new(bus);
		must(peer_byebye(peer));
		return peer->fd;
	}
}

/* A command as it would be right on the right handle. */
static int try_command(int fd, const struct command *command)
{
	union cmd cmd, msg;

	cmd_init(&cmd, command->size);
	switch (command->number) {
	case KDBUS_CMD_BUS_MAKE:
		bus_command(&cmd, "0-other", 0);
		break;
	case KDBUS_CMD_ENDPOINT_MAKE:
		cmd_text(&cmd, KDBUS_ITEM_MAKE_NAME, "0-other");
		break;
	case KDBUS_CMD_HELLO:
		cmd.hello.pool_size = MIB;
		break;
	case KDBUS_CMD_FREE:
		cmd.free.offset = MIB;
		break;
	case KDBUS_CMD_CONN_INFO:
		cmd.info.id = 2;
		break;
	case KDBUS_CMD_SEND:
		msg_broadcast(&msg, 1);
		cmd.send.msg_address = (uintptr_t)&msg;
		break;
	case KDBUS_CMD_NAME_ACQUIRE:
	case KDBUS_CMD_NAME_RELEASE:
		cmd_text(&cmd, KDBUS_ITEM_NAME, "a.b");
		break;
	}
	return call(fd, command->number, &cmd);
}

static bool is_setup(unsigned long number)
{
	return number == KDBUS_CMD_BUS_MAKE || number == KDBUS_CMD_ENDPOINT_MAKE || number == KDBUS_CMD_HELLO;
}

static int wanted_error(enum state state, unsigned long number)
{
	switch (state) {
	case CONTROL:
		return number == KDBUS_CMD_BUS_MAKE ? 0 : EBADFD;
	case ENDPOINT:
		return number == KDBUS_CMD_HELLO || number == KDBUS_CMD_ENDPOINT_MAKE ? 0 : EBADFD;
	case BUS_OWNER:
		return EBADFD;
	case EP_OWNER:
		return number == KDBUS_CMD_ENDPOINT_UPDATE ? 0 : EBADFD;
	case EP_OWNER_GONE:
		return ESHUTDOWN;
	case CONNECTION:
		return is_setup(number) || number == KDBUS_CMD_ENDPOINT_UPDATE ? EBADFD : 0;
	default:
		return is_setup(number) ? EBADFD : ECONNRESET;
	}
}

TEST("each command works on its own kind of handle and on no other")
{
	for (size_t i = 0; i < n_commands; i++) {
		for (int state = 0; state < N_STATES; state++) {
			int wanted = wanted_error(state, commands[i].number), fd, r;

			/* a dead endpoint: only ENDPOINT_UPDATE is certain */
			if (state == EP_OWNER_GONE && commands[i].number != KDBUS_CMD_ENDPOINT_UPDATE)
				continue;
			fd = handle_new(state);
			test_case("%s on a %s", commands[i].name, state_names[state]);
			r = try_command(fd, &commands[i]);
			/* the right command may find nothing to work on */
			if (!wanted && (r == -EAGAIN || r == -ESRCH || r == -EBADSLT || r == -ENXIO))
				r = 0;
			expect_errno(wanted, r);
			close(fd);
		}
		/* the buses of handle_new() */
		for (int fd = 3; fd < 200; fd++)
			close(fd);
	}
}

TEST("a disconnected connection answers ECONNRESET before anything else is looked at")
{
	int fd = handle_new(DISCONNECTED);

	for (size_t i = 0; i < n_commands; i++) {
		if (is_setup(commands[i].number))
			continue;
		test_case("%s", commands[i].name);
		expect_errno(ECONNRESET, call(fd, commands[i].number, (void *)1));
		expect_errno(ECONNRESET, call(fd, commands[i].number, NULL));
	}
}

TEST("other ioctls give ENOTTY on every handle")
{
	static const unsigned long numbers[] = {
		_IOW(0x95, 0x01, struct kdbus_cmd), _IOW(0x95, 0x12, struct kdbus_cmd),
		_IOW(0x95, 0x83, struct kdbus_cmd), _IOW(0x96, 0x82, struct kdbus_cmd),
		_IOR(0x95, 0x82, struct kdbus_cmd), 0x80309584, 0x80309585, 0x40209551, 0, ~0UL,
		_IOW(0x95, 0xa2, struct kdbus_cmd), _IO(0x95, 0x80),
	};

	for (int state = 0; state < N_STATES; state++) {
		int fd = handle_new(state);

		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
			/* a disconnected connection is dead before it is asked what it knows */
			if (state == DISCONNECTED || state == EP_OWNER_GONE)
				continue;
			test_case("0x%lx on a %s", numbers[i], state_names[state]);
			expect_errno(ENOTTY, call(fd, numbers[i], NULL));
		}
	}
}

TEST("the ioctl numbers and sizes are those of the published ABI")
{
	static const struct {
		unsigned long is, wanted;
	} cases[] = {
		{ KDBUS_CMD_BUS_MAKE, 0x40189500 }, { KDBUS_CMD_ENDPOINT_MAKE, 0x40189510 },
		{ KDBUS_CMD_ENDPOINT_UPDATE, 0x40189511 }, { KDBUS_CMD_HELLO, 0xc0609580 },
		{ KDBUS_CMD_UPDATE, 0x40189581 }, { KDBUS_CMD_BYEBYE, 0x40189582 },
		{ KDBUS_CMD_FREE, 0x40209583 }, { KDBUS_CMD_CONN_INFO, 0x80389584 },
		{ KDBUS_CMD_BUS_CREATOR_INFO, 0x80389585 }, { KDBUS_CMD_LIST, 0x80289586 },
		{ KDBUS_CMD_SEND, 0x40389590 }, { KDBUS_CMD_RECV, 0x80409591 },
		{ KDBUS_CMD_NAME_ACQUIRE, 0x401895a0 }, { KDBUS_CMD_NAME_RELEASE, 0x401895a1 },
		{ KDBUS_CMD_MATCH_ADD, 0x402095b0 }, { KDBUS_CMD_MATCH_REMOVE, 0x402095b1 },
		{ KDBUS_CMD_SERVE, 0xc05095f0 }, { KDBUS_CMD_CALL, 0xc03895f1 },
		{ sizeof(struct kdbus_msg), 64 }, { sizeof(struct kdbus_info), 24 },
		{ sizeof(struct kdbus_item), 80 }, { sizeof(struct kdbus_creds), 64 },
		{ offsetof(struct kdbus_item, caps.caps), 20 }, { offsetof(struct kdbus_item, name.name), 24 },
		{ offsetof(struct kdbus_item, name_change.name), 48 }, { offsetof(struct kdbus_item, memfd.fd), 32 },
		{ offsetof(struct kdbus_item, bloom_filter.data), 24 },
		{ offsetof(struct kdbus_cmd_hello, id128), 80 }, { offsetof(struct kdbus_cmd_recv, msg), 40 },
		{ offsetof(struct kdbus_cmd_send, reply), 32 }, { KDBUS_ITEM_CONN_DESCRIPTION, 0x100d },
		{ KDBUS_ITEM_REPLY_DEAD, 0x8006 }, { KDBUS_ITEM_DST_ID, 0x10 }, { KDBUS_ITEM_POLICY_ACCESS, 0x2000 },
		{ KDBUS_ITEM_BEHALF_ID, 0x800 }, { KDBUS_ITEM_USAGE, 0x802 },
		{ sizeof(struct kdbus_process), 16 }, { sizeof(struct kdbus_usage), 48 }, { KDBUS_PAYLOAD_DBUS, 0x4442757344427573 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("row %zu", i);
		expect_eq(cases[i].is, cases[i].wanted);
	}
}

TEST("a failed or negotiating setup command leaves the handle unset")
{
	struct bus *bus = bus_new();
	union cmd cmd;
	int fd;

	fd = control_open(mount_dir);
	for (int i = 0; i < 3; i++) {
		bus_command(&cmd, "wrong", 0);
		expect_errno(EINVAL, call(fd, KDBUS_CMD_BUS_MAKE, &cmd));
		bus_command(&cmd, "0-right", NEGOTIATE);
		expect_ok(call(fd, KDBUS_CMD_BUS_MAKE, &cmd));
		expect_eq(poll_events(fd), POLLERR | POLLHUP);
	}
	bus_command(&cmd, "0-right", 0);
	expect_ok(call(fd, KDBUS_CMD_BUS_MAKE, &cmd));

	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	for (int i = 0; i < 3; i++) {
		cmd_init(&cmd, sizeof(cmd.hello));
		expect_errno(EINVAL, call(fd, KDBUS_CMD_HELLO, &cmd));
		cmd.flags = NEGOTIATE;
		cmd.hello.pool_size = MIB;
		expect_ok(call(fd, KDBUS_CMD_HELLO, &cmd));
		cmd_init(&cmd, sizeof(cmd.cmd));
		expect_errno(EINVAL, call(fd, KDBUS_CMD_ENDPOINT_MAKE, &cmd));
	}
	cmd_init(&cmd, sizeof(cmd.hello));
	cmd.hello.pool_size = MIB;
	expect_ok(call(fd, KDBUS_CMD_HELLO, &cmd));
	expect_errno(EBADFD, call(fd, KDBUS_CMD_HELLO, &cmd));
}

TEST("a bus owner cannot make a second bus, also not of another name")
{
	struct bus *bus = bus_new();
	union cmd cmd;

	bus_command(&cmd, "0-second", 0);
	expect_errno(EBADFD, call(bus->fd, KDBUS_CMD_BUS_MAKE, &cmd));
	bus_command(&cmd, "0-test", 0);
	expect_errno(EBADFD, call(bus->fd, KDBUS_CMD_BUS_MAKE, &cmd));
}

struct racer {
	int fd;
	unsigned kind;
	int result;
};

static void *race(void *data)
{
	struct racer *racer = data;
	union cmd cmd;

	if (racer->kind) {
		cmd_init(&cmd, sizeof(cmd.hello));
		cmd.hello.pool_size = 4096;
		racer->result = call(racer->fd, KDBUS_CMD_HELLO, &cmd);
	} else {
		cmd_init(&cmd, sizeof(cmd.cmd));
		cmd_text(&cmd, KDBUS_ITEM_MAKE_NAME, "0-race");
		racer->result = call(racer->fd, KDBUS_CMD_ENDPOINT_MAKE, &cmd);
	}
	return NULL;
}

TEST("of setup commands that race on one handle exactly one wins")
{
	struct bus *bus = bus_new();

	for (int round = 0; round < 50; round++) {
		struct racer racers[4];
		pthread_t threads[4];
		unsigned won = 0;
		int fd;

		fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
		for (int i = 0; i < 4; i++) {
			racers[i] = (struct racer){ .fd = fd, .kind = i & 1 };
			pthread_create(&threads[i], NULL, race, &racers[i]);
		}
		for (int i = 0; i < 4; i++) {
			pthread_join(threads[i], NULL);
			won += !racers[i].result;
			if (racers[i].result)
				expect_errno(EBADFD, racers[i].result);
		}
		expect_eq(won, 1);
		close(fd);
	}
}

TEST("setup on the endpoint of a bus that is gone gives ESHUTDOWN")
{
	struct bus *bus = bus_new();
	union cmd cmd;
	int a, b;

	a = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	b = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	bus_close(bus);
	cmd_init(&cmd, sizeof(cmd.hello));
	cmd.hello.pool_size = MIB;
	expect_errno(ESHUTDOWN, call(a, KDBUS_CMD_HELLO, &cmd));
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_MAKE_NAME, "0-ep");
	expect_errno(ESHUTDOWN, call(b, KDBUS_CMD_ENDPOINT_MAKE, &cmd));
	/* and it stays that way */
	expect_errno(ESHUTDOWN, call(b, KDBUS_CMD_ENDPOINT_MAKE, &cmd));
}
