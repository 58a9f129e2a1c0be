/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 5: which connection may issue which command. */
#include "tests/vm/util.h"

#define O 1
#define A 2
#define H 4
#define M 8

static const struct {
	__u64 flags;
	char kind;
} kinds[] = {
	{ 0, O },
	{ KDBUS_HELLO_ACTIVATOR, A },
	{ KDBUS_HELLO_POLICY_HOLDER, H },
	{ KDBUS_HELLO_MONITOR, M },
};

static const struct {
	unsigned long number;
	unsigned allowed;
} matrix[] = {
	{ KDBUS_CMD_UPDATE, O | A | H | M },
	{ KDBUS_CMD_BYEBYE, O },
	{ KDBUS_CMD_FREE, O | A | M },
	{ KDBUS_CMD_CONN_INFO, O | A | H | M },
	{ KDBUS_CMD_BUS_CREATOR_INFO, O | A | H | M },
	{ KDBUS_CMD_LIST, O | A | H | M },
	/* A: replies only, see 81-kinds */
	{ KDBUS_CMD_SEND, O | A },
	{ KDBUS_CMD_RECV, O | A | M },
	{ KDBUS_CMD_SERVE, O | A },
	{ KDBUS_CMD_NAME_ACQUIRE, O },
	{ KDBUS_CMD_NAME_RELEASE, O },
	{ KDBUS_CMD_MATCH_ADD, O },
	{ KDBUS_CMD_MATCH_REMOVE, O },
};

static struct peer *peer_of_kind(struct bus *bus, size_t kind)
{
	bool named = kinds[kind].flags & (KDBUS_HELLO_ACTIVATOR | KDBUS_HELLO_POLICY_HOLDER);
	char name[20];

	sprintf(name, "com.kind%zu", kind);
	return peer_new(bus, .flags = kinds[kind].flags, .name = named ? name : NULL);
}

TEST("a command not meant for a kind gives EOPNOTSUPP before its memory is read")
{
	struct bus *bus = bus_new();

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct peer *peer = peer_of_kind(bus, k);

		for (size_t i = 0; i < ARRAY_SIZE(matrix); i++) {
			bool allowed = matrix[i].allowed & kinds[k].kind;

			/* whether it may is found out late */
			if (matrix[i].number == KDBUS_CMD_SEND && kinds[k].kind == A)
				continue;
			test_case("%s, kind %d", command_find(matrix[i].number)->name, kinds[k].kind);
			expect_errno(allowed ? EFAULT : EOPNOTSUPP, call(peer->fd, matrix[i].number, (void *)8));
			expect_errno(allowed ? EFAULT : EOPNOTSUPP, call(peer->fd, matrix[i].number, (void *)1));
		}
		peer_close(peer);
	}
}

TEST("a command not meant for a kind cannot even negotiate")
{
	struct bus *bus = bus_new();
	union cmd cmd;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct peer *peer = peer_of_kind(bus, k);

		for (size_t i = 0; i < ARRAY_SIZE(matrix); i++) {
			const struct command *command = command_find(matrix[i].number);
			bool allowed = matrix[i].allowed & kinds[k].kind;

			if (matrix[i].number == KDBUS_CMD_SEND && kinds[k].kind == A)
				continue;
			test_case("%s, kind %d", command->name, kinds[k].kind);
			cmd_init(&cmd, command->size);
			cmd.flags = NEGOTIATE;
			expect_errno(allowed ? 0 : EOPNOTSUPP, call(peer->fd, matrix[i].number, &cmd));
			if (allowed)
				expect_eq(cmd.flags, command->flags);
		}
		peer_close(peer);
	}
}

TEST("every kind may list, look at others and at the bus")
{
	struct bus *bus = bus_new(.attach = _KDBUS_ATTACH_ALL);
	struct peer *peers[ARRAY_SIZE(kinds)];

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		peers[k] = peer_of_kind(bus, k);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		const struct kdbus_info *info;
		struct kdbus_cmd_list list = { .size = sizeof(list), .flags = KDBUS_LIST_UNIQUE };

		test_case("kind %d", kinds[k].kind);
		expect_ok(call(peers[k]->fd, KDBUS_CMD_LIST, &list));
		expect_eq(list.list_size, 3 * 24);
		expect_ok(creator_info(peers[k], 0, &info));
		for (size_t other = 0; other < ARRAY_SIZE(kinds); other++) {
			expect_ok(conn_info(peers[k], peers[other]->id, NULL, 0, &info));
			expect_eq(info->id, peers[other]->id);
			expect_eq(info->flags, kinds[other].flags);
		}
	}
}

TEST("name flags that are only ever returned cannot be asked for")
{
	static const __u64 flags[] = {
		KDBUS_NAME_IN_QUEUE, KDBUS_NAME_ACTIVATOR, KDBUS_NAME_PRIMARY, KDBUS_NAME_ACQUIRED,
	};
	struct bus *bus = bus_new();
	struct peer *peer = peer_new(bus);
	__u64 answer;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		expect_errno(EINVAL, name_acquire(peer, "a.b", flags[i], NULL));
	expect_ok(name_acquire(peer, "a.b", KDBUS_NAME_QUEUE, &answer));
	expect_errno(EINVAL, name_acquire(peer, "a.b", answer, NULL));
}
