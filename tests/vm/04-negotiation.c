/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 4.2: asking the kernel what it understands. */
#include "tests/vm/util.h"

static struct bus *bus;

/* What the tables of the ABI list for each command, NEGOTIATE included. */
static const struct {
	unsigned long number;
	__u64 types[14];
} accepted[] = {
	{ KDBUS_CMD_BUS_MAKE, { 1, 0xb, 7, 0xc } },
	{ KDBUS_CMD_ENDPOINT_MAKE, { 1, 0xb } },
	{ KDBUS_CMD_ENDPOINT_UPDATE, { 1, 0xf, 0x2000 } },
	{ KDBUS_CMD_HELLO, { 1, 0xf, 0x1001, 0x1002, 0x100b, 0x100d, 0x2000 } },
	{ KDBUS_CMD_UPDATE, { 1, 0xc, 0xd, 0xf, 0x2000 } },
	{ KDBUS_CMD_BYEBYE, { 1 } },
	{ KDBUS_CMD_FREE, { 1 } },
	{ KDBUS_CMD_CONN_INFO, { 1, 0xf, 0x800, 0x801, 0x802 } },
	{ KDBUS_CMD_BUS_CREATOR_INFO, { 1 } },
	{ KDBUS_CMD_LIST, { 1, 0x800 } },
	{ KDBUS_CMD_SEND, { 1, 6 } },
	{ KDBUS_CMD_RECV, { 1 } },
	{ KDBUS_CMD_SERVE, { 1 } },
	{ KDBUS_CMD_NAME_ACQUIRE, { 1, 0xf, 0x800 } },
	{ KDBUS_CMD_NAME_RELEASE, { 1, 0xf, 0x800 } },
	{ KDBUS_CMD_MATCH_ADD, { 1, 9, 0xf, 0xe, 0x10, 0x8000, 0x8001, 0x8002, 0x8003, 0x8004, 0x800 } },
	{ KDBUS_CMD_MATCH_REMOVE, { 1, 0x800 } },
};

static const __u64 asked[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf, 0x10, 0x11, 0x7ff, 0x800, 0x801, 0x802, 0x803, 0x8ff, 0xfff, 0x1000,
	0x1001, 0x1002, 0x1003, 0x1004, 0x1005, 0x1006, 0x1007, 0x1008, 0x1009, 0x100a, 0x100b, 0x100c, 0x100d,
	0x100e, 0x2000, 0x2001, 0x8000, 0x8001, 0x8002, 0x8003, 0x8004, 0x8005, 0x8006, 0x8007, 1ULL << 32 | 1, ~0ULL,
};

static bool is_accepted(unsigned long number, __u64 type)
{
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++)
		if (accepted[i].number == number)
			for (size_t k = 0; type && k < ARRAY_SIZE(accepted[i].types); k++)
				if (accepted[i].types[k] == type)
					return true;
	return false;
}

static void check_answer(const struct kdbus_item *item, unsigned long number)
{
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		__u64 wanted = is_accepted(number, asked[i]) ? asked[i] : 0;

		expect_eq(item->data64[i], wanted);
	}
}

TEST("the NEGOTIATE item keeps exactly the item types each command accepts")
{
	static struct ready ready;

	bus = bus_new();
	for (size_t i = 0; i < n_commands; i++) {
		struct kdbus_item *item;

		test_case("%s", commands[i].name);
		ready_init(&ready, bus, &commands[i]);
		cmd_init(&ready.cmd, commands[i].size);
		item = cmd_item(&ready.cmd, KDBUS_ITEM_NEGOTIATE, asked, sizeof(asked));
		ready.cmd.flags = NEGOTIATE;
		expect_ok(ready_call(&ready));
		expect_eq(ready.cmd.flags, commands[i].flags);
		expect_eq(ready.cmd.return_flags, 0);
		check_answer(item, commands[i].number);
		ready_deinit(&ready);
	}
}

TEST("the NEGOTIATE item is answered without the NEGOTIATE flag too, and the command works")
{
	static struct ready ready;

	bus = bus_new();
	for (size_t i = 0; i < n_commands; i++) {
		struct kdbus_item *item;

		test_case("%s", commands[i].name);
		ready_init(&ready, bus, &commands[i]);
		item = cmd_item(&ready.cmd, KDBUS_ITEM_NEGOTIATE, asked, sizeof(asked));
		expect_ok(ready_call(&ready));
		expect_eq(ready.cmd.flags, 0);
		check_answer(item, commands[i].number);
		ready_deinit(&ready);
	}
}

static void check_no_effect(struct ready *ready)
{
	struct peer *peer = ready->peer;

	switch (ready->command->number) {
	case KDBUS_CMD_BUS_MAKE:
	case KDBUS_CMD_ENDPOINT_MAKE:
	case KDBUS_CMD_HELLO:
	case KDBUS_CMD_BYEBYE:
		/* still to be done */
		expect_ok(ready_call(ready));
		break;
	case KDBUS_CMD_RECV:
	case KDBUS_CMD_SERVE:
		expect_message(peer, 1);
		break;
	case KDBUS_CMD_NAME_ACQUIRE:
		expect_text(list_text(peer, KDBUS_LIST_NAMES, peer->id), "");
		break;
	case KDBUS_CMD_NAME_RELEASE:
		expect_text(list_text(peer, KDBUS_LIST_NAMES, peer->id), "a.b:20");
		break;
	case KDBUS_CMD_MATCH_ADD:
		expect_errno(EBADSLT, match_remove(peer, 0));
		break;
	case KDBUS_CMD_MATCH_REMOVE:
		expect_ok(match_remove(peer, 0));
		break;
	}
}

TEST("a negotiating command does nothing")
{
	static struct ready ready;

	bus = bus_new();
	for (size_t i = 0; i < n_commands; i++) {
		test_case("%s", commands[i].name);
		ready_init(&ready, bus, &commands[i]);
		ready.cmd.flags = NEGOTIATE;
		expect_ok(ready_call(&ready));
		expect_eq(ready.cmd.flags, commands[i].flags);
		ready.cmd.flags = 0;
		check_no_effect(&ready);
		ready_deinit(&ready);
	}
}

TEST("a feature unknown to the kernel is found out before it is used")
{
	struct peer *peer;
	union cmd cmd;

	bus = bus_new();
	peer = peer_new(bus);
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd.flags = NEGOTIATE;
	__u64 types[] = { KDBUS_ITEM_NAME, KDBUS_ITEM_BEHALF_ID, 0x8ff };
	struct kdbus_item *item = cmd_item(&cmd, KDBUS_ITEM_NEGOTIATE, types, sizeof(types));

	expect_ok(call(peer->fd, KDBUS_CMD_NAME_ACQUIRE, &cmd));
	expect_eq(item->data64[0], KDBUS_ITEM_NAME);
	expect_eq(item->data64[1], KDBUS_ITEM_BEHALF_ID);
	expect_eq(item->data64[2], 0);
}

/* SEND: two levels */

static struct peer *a, *b;

static void peers(void)
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus);
}

TEST("SEND negotiates without a message")
{
	struct kdbus_cmd_send cmd;

	peers();
	expect_ok(send_cmd(a->fd, &cmd, NEGOTIATE, NULL));
	expect_eq(cmd.flags, KDBUS_SEND_SYNC_REPLY);
	expect_eq(cmd.return_flags, 0);
	/* without the flag a message is needed */
	expect_errno(EFAULT, send_cmd(a->fd, &cmd, 0, NULL));
}

TEST("SEND negotiates the message's flags when both words ask for it")
{
	struct kdbus_cmd_send cmd;
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg.msg.flags = NEGOTIATE;
	expect_ok(send_cmd(a->fd, &cmd, NEGOTIATE, &msg));
	expect_eq(cmd.flags, KDBUS_SEND_SYNC_REPLY);
	expect_eq(msg.msg.flags, KDBUS_MSG_EXPECT_REPLY | KDBUS_MSG_NO_AUTO_START | KDBUS_MSG_SIGNAL);
	expect_nothing(b);
}

TEST("a message that does not negotiate is left alone by a SEND that does")
{
	struct kdbus_cmd_send cmd;
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg.msg.flags = KDBUS_MSG_NO_AUTO_START;
	expect_ok(send_cmd(a->fd, &cmd, NEGOTIATE, &msg));
	expect_eq(msg.msg.flags, KDBUS_MSG_NO_AUTO_START);
	expect_nothing(b);
}

TEST("a NEGOTIATE item of a message is answered inside a negotiating SEND")
{
	static const __u64 types[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xa, 0xb, 0xf, 0x800, 0x1000, 0x8000 };
	static const __u64 wanted[] = { 1, 2, 0, 4, 5, 0, 0, 8, 0, 0xa, 0, 0, 0, 0, 0 };
	struct kdbus_cmd_send cmd;
	struct kdbus_item *item;
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg.msg.flags = NEGOTIATE;
	item = cmd_item(&msg, KDBUS_ITEM_NEGOTIATE, types, sizeof(types));
	expect_ok(send_cmd(a->fd, &cmd, NEGOTIATE, &msg));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		test_case("type 0x%llx", (unsigned long long)types[i]);
		expect_eq(item->data64[i], wanted[i]);
	}
}

TEST("errors of a message are told to a negotiating SEND")
{
	struct kdbus_cmd_send cmd;
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg.msg.flags = NEGOTIATE | 1 << 5;
	expect_errno(EINVAL, send_cmd(a->fd, &cmd, NEGOTIATE, &msg));
	msg_init(&msg, b->id, 1);
	cmd_u64(&msg, KDBUS_ITEM_ID, 1);
	expect_errno(EINVAL, send_cmd(a->fd, &cmd, NEGOTIATE, &msg));
	expect_errno(EFAULT, send_cmd(a->fd, &cmd, NEGOTIATE, (void *)8));
}

TEST("a message that negotiates inside a SEND that does not gives EINVAL")
{
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg.msg.flags = NEGOTIATE;
	expect_errno(EINVAL, send_msg(a, &msg));
	/* and so does the item in a message really sent */
	msg_init(&msg, b->id, 1);
	cmd_item(&msg, KDBUS_ITEM_NEGOTIATE, asked, 16);
	expect_errno(EINVAL, send_msg(a, &msg));
	expect_nothing(b);
}

TEST("an unknown item fails a negotiating command as any other")
{
	static struct ready ready;

	bus = bus_new();
	for (size_t i = 0; i < n_commands; i++) {
		test_case("%s", commands[i].name);
		ready_init(&ready, bus, &commands[i]);
		cmd_init(&ready.cmd, commands[i].size);
		cmd_u64(&ready.cmd, 0x7777, 0);
		ready.cmd.flags = NEGOTIATE;
		ready.cmd.return_flags = ANY;
		expect_errno(EINVAL, ready_call(&ready));
		expect_eq(ready.cmd.return_flags, 0);
		ready_deinit(&ready);
	}
}
