/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 4: what every command does with its memory, size, flags and items. */
#include <sys/mman.h>

#include "tests/vm/util.h"

#define PAGE 4096UL

static struct bus *bus;

/* Runs @check with a fresh, right command of each kind. */
static void for_each_command(void (*check)(struct ready *))
{
	static struct ready ready;

	bus = bus_new();
	for (size_t i = 0; i < n_commands; i++) {
		test_case("%s", commands[i].name);
		ready_init(&ready, bus, &commands[i]);
		check(&ready);
		ready_deinit(&ready);
	}
}

/* Two pages of which the second cannot be touched. */
static __u8 *edge_new(void)
{
	__u8 *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		test_abort(__FILE__, __LINE__, "mmap", -errno);
	must_sys(mprotect(page + PAGE, PAGE, PROT_NONE));
	return page;
}

static void check_success(struct ready *ready)
{
	ready->cmd.return_flags = ANY;
	expect_ok(ready_call(ready));
	if (ready->command->number != KDBUS_CMD_NAME_ACQUIRE)
		expect_eq(ready->cmd.return_flags, 0);
	expect_eq(ready->cmd.flags, 0);
}

TEST("a right command succeeds, clears return_flags and leaves flags alone")
{
	for_each_command(check_success);
}

static void check_addresses(struct ready *ready)
{
	__u8 *edge = edge_new(), *copy;
	size_t n = ready->cmd.size;

	for (unsigned off = 1; off < 8; off++) {
		memcpy(edge + off, &ready->cmd, n);
		expect_errno(EFAULT, call(ready->fd, ready->command->number, edge + off));
	}
	expect_errno(EFAULT, call(ready->fd, ready->command->number, NULL));
	expect_errno(EFAULT, call(ready->fd, ready->command->number, edge + PAGE));
	expect_errno(EFAULT, call(ready->fd, ready->command->number, (void *)0xffff888000000000UL));
	expect_errno(EFAULT, call(ready->fd, ready->command->number, (void *)-4096L));
	/* only the beginning is readable */
	copy = edge + PAGE - 16;
	memcpy(copy, &ready->cmd, 16);
	expect_errno(EFAULT, call(ready->fd, ready->command->number, copy));
	copy = edge + PAGE - 8;
	memcpy(copy, &ready->cmd, 8);
	expect_errno(EFAULT, call(ready->fd, ready->command->number, copy));
	/* not one byte behind the command is looked at */
	copy = edge + PAGE - ALIGN8(n);
	memcpy(copy, &ready->cmd, n);
	expect_ok(call(ready->fd, ready->command->number, copy));
	munmap(edge, 2 * PAGE);
}

TEST("an unaligned, unmapped or half mapped command gives EFAULT")
{
	for_each_command(check_addresses);
}

static void check_sizes(struct ready *ready)
{
	static const __u64 too_small[] = { 0, 1, 8, 16, 23 }, too_big[] = { 32769, 32776, 1 << 20, 1ULL << 32, ~0ULL, ~7ULL };
	const size_t fixed = ready->command->size;
	union cmd *cmd = &ready->cmd;
	const __u64 right = cmd->size;

	for (size_t i = 0; i < ARRAY_SIZE(too_small); i++) {
		cmd->size = too_small[i];
		expect_errno(EINVAL, ready_call(ready));
	}
	cmd->size = fixed - 1;
	expect_errno(EINVAL, ready_call(ready));
	cmd->size = fixed - 8;
	expect_errno(EINVAL, ready_call(ready));
	for (size_t i = 0; i < ARRAY_SIZE(too_big); i++) {
		cmd->size = too_big[i];
		expect_errno(EMSGSIZE, ready_call(ready));
	}
	cmd->size = right;
	expect_ok(ready_call(ready));
}

TEST("a size below the fixed part gives EINVAL, above 32768 EMSGSIZE")
{
	for_each_command(check_sizes);
}

static void check_big(struct ready *ready)
{
	static __u64 types[4096];
	union cmd *cmd = &ready->cmd;
	size_t left = 32768 - ALIGN8(cmd->size) - 16;

	/* one big item up to the last allowed byte */
	cmd_item(cmd, KDBUS_ITEM_NEGOTIATE, types, left);
	expect_eq(cmd->size, 32768);
	expect_ok(ready_call(ready));
}

TEST("a command may be 32768 bytes long")
{
	for_each_command(check_big);
}

static void check_tail(struct ready *ready)
{
	union cmd *cmd = &ready->cmd;
	__u64 end;

	/* a fragment shorter than an item header */
	end = cmd->size = ALIGN8(cmd->size);
	memset(cmd->bytes + end, 0, 64);
	for (unsigned n = 1; n < 16; n++) {
		cmd->size = end + n;
		expect_errno(EINVAL, ready_call(ready));
	}
	/* a header without a size */
	cmd->size = end + 16;
	expect_errno(EINVAL, ready_call(ready));
	/* an item and then a fragment */
	cmd->size = end;
	cmd_item(cmd, KDBUS_ITEM_NEGOTIATE, NULL, 0);
	end = cmd->size;
	for (unsigned n = 1; n < 16; n++) {
		cmd->size = end + n;
		expect_errno(EINVAL, ready_call(ready));
	}
	cmd->size = end;
	expect_ok(ready_call(ready));
}

TEST("the items end exactly where the command ends")
{
	for_each_command(check_tail);
}

static void check_item_sizes(struct ready *ready)
{
	static const __u64 wrong[] = { 0, 1, 8, 15, 17, 20, 25, 32, 33, 4096, 32768, 1ULL << 32, 1ULL << 63,
				       ~0ULL, ~0ULL - 7, ~0ULL - 15, ~0ULL - 23 };
	union cmd *cmd = &ready->cmd;
	struct kdbus_item *item;
	__u64 none = 0;

	item = cmd_item(cmd, KDBUS_ITEM_NEGOTIATE, &none, sizeof(none));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		item->size = wrong[i];
		expect_errno(EINVAL, ready_call(ready));
	}
	/* sizes that wrap around to where the command began */
	item->size = -(__u64)((__u8 *)item - cmd->bytes);
	expect_errno(EINVAL, ready_call(ready));
	item->size = 24;
	expect_ok(ready_call(ready));
}

TEST("items too small, too big or with a size that wraps give EINVAL")
{
	for_each_command(check_item_sizes);
}

static void check_flags(struct ready *ready)
{
	union cmd *cmd = &ready->cmd;

	for (unsigned bit = 0; bit < 63; bit++) {
		bool accepted = ready->command->flags >> bit & 1;

		test_case("%s flag bit %u", ready->command->name, bit);
		cmd->flags = NEGOTIATE | 1ULL << bit;
		cmd->return_flags = ANY;
		expect_errno(accepted ? 0 : EINVAL, ready_call(ready));
		expect_eq(cmd->return_flags, 0);
		if (accepted)
			expect_eq(cmd->flags, ready->command->flags);
		if (accepted)
			continue;
		cmd->flags = 1ULL << bit;
		cmd->return_flags = ANY;
		expect_errno(EINVAL, ready_call(ready));
		expect_eq(cmd->return_flags, 0);
		expect_eq(cmd->flags, 1ULL << bit);
	}
	cmd->flags = 0;
	expect_ok(ready_call(ready));
}

TEST("every flag bit is either accepted or EINVAL, and return_flags is cleared in both cases")
{
	for_each_command(check_flags);
}

/* items: what each command accepts */

static const struct {
	unsigned long number;
	__u64 once[8], again[10];
	__u64 mandatory;
} accepts[] = {
	{ KDBUS_CMD_BUS_MAKE, { KDBUS_ITEM_MAKE_NAME, KDBUS_ITEM_BLOOM_PARAMETER, KDBUS_ITEM_ATTACH_FLAGS_SEND },
	  {}, KDBUS_ITEM_MAKE_NAME },
	{ KDBUS_CMD_ENDPOINT_MAKE, { KDBUS_ITEM_MAKE_NAME }, {}, KDBUS_ITEM_MAKE_NAME },
	{ KDBUS_CMD_ENDPOINT_UPDATE, {}, { KDBUS_ITEM_NAME, KDBUS_ITEM_POLICY_ACCESS }, 0 },
	{ KDBUS_CMD_HELLO,
	  { KDBUS_ITEM_NAME, KDBUS_ITEM_CREDS, KDBUS_ITEM_PIDS, KDBUS_ITEM_SECLABEL, KDBUS_ITEM_CONN_DESCRIPTION },
	  { KDBUS_ITEM_POLICY_ACCESS }, 0 },
	{ KDBUS_CMD_UPDATE, { KDBUS_ITEM_ATTACH_FLAGS_SEND, KDBUS_ITEM_ATTACH_FLAGS_RECV },
	  { KDBUS_ITEM_NAME, KDBUS_ITEM_POLICY_ACCESS }, 0 },
	{ KDBUS_CMD_BYEBYE, {}, {}, 0 },
	{ KDBUS_CMD_FREE, {}, {}, 0 },
	{ KDBUS_CMD_CONN_INFO,
	  { KDBUS_ITEM_NAME, KDBUS_ITEM_BEHALF_ID, KDBUS_ITEM_PROCESS, KDBUS_ITEM_USAGE }, {}, 0 },
	{ KDBUS_CMD_BUS_CREATOR_INFO, {}, {}, 0 },
	{ KDBUS_CMD_LIST, { KDBUS_ITEM_BEHALF_ID }, {}, 0 },
	{ KDBUS_CMD_SEND, { KDBUS_ITEM_CANCEL_FD }, {}, 0 },
	{ KDBUS_CMD_RECV, {}, {}, 0 },
	{ KDBUS_CMD_SERVE, {}, {}, 0 },
	{ KDBUS_CMD_NAME_ACQUIRE, { KDBUS_ITEM_NAME, KDBUS_ITEM_BEHALF_ID }, {}, KDBUS_ITEM_NAME },
	{ KDBUS_CMD_NAME_RELEASE, { KDBUS_ITEM_NAME, KDBUS_ITEM_BEHALF_ID }, {}, KDBUS_ITEM_NAME },
	{ KDBUS_CMD_MATCH_ADD, { KDBUS_ITEM_BEHALF_ID },
	  { KDBUS_ITEM_BLOOM_MASK, KDBUS_ITEM_NAME, KDBUS_ITEM_ID, KDBUS_ITEM_DST_ID, KDBUS_ITEM_NAME_ADD,
	    KDBUS_ITEM_NAME_REMOVE, KDBUS_ITEM_NAME_CHANGE, KDBUS_ITEM_ID_ADD, KDBUS_ITEM_ID_REMOVE }, 0 },
	{ KDBUS_CMD_MATCH_REMOVE, { KDBUS_ITEM_BEHALF_ID }, {}, 0 },
};

enum acceptance { NEVER, ONCE, AGAIN };

static enum acceptance acceptance(unsigned long number, __u64 type)
{
	for (size_t i = 0; i < ARRAY_SIZE(accepts); i++) {
		if (accepts[i].number != number || !type)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(accepts[i].once); k++)
			if (accepts[i].once[k] == type)
				return ONCE;
		for (size_t k = 0; k < ARRAY_SIZE(accepts[i].again); k++)
			if (accepts[i].again[k] == type)
				return AGAIN;
	}
	return NEVER;
}

/* One item of each type as it should be, and payload sizes it must not have. */
static const struct {
	__u64 type;
	const char *payload;
	size_t size;
	size_t wrong[6];
	unsigned n_wrong;
} items[] = {
	{ KDBUS_ITEM_NEGOTIATE, "\0\0\0\0\0\0\0\0", 8, { 4, 7, 9, 12 }, 4 },
	{ KDBUS_ITEM_PAYLOAD_VEC, "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, { 0, 8, 15, 17, 24 }, 5 },
	{ KDBUS_ITEM_PAYLOAD_OFF, "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, {}, 0 },
	{ KDBUS_ITEM_PAYLOAD_MEMFD, "\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, { 0, 16, 23, 25 }, 4 },
	{ KDBUS_ITEM_FDS, "\0\0\0\0", 4, { 1, 3, 5, 7 }, 4 },
	{ KDBUS_ITEM_CANCEL_FD, "\0\0\0\0", 4, { 0, 3, 5, 8 }, 4 },
	{ KDBUS_ITEM_BLOOM_PARAMETER, "\10\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16, { 0, 8, 15, 17, 24 }, 5 },
	{ KDBUS_ITEM_BLOOM_FILTER, "\0\0\0\0\0\0\0\0", 8, { 0, 4, 7 }, 3 },
	{ KDBUS_ITEM_BLOOM_MASK, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 64, {}, 0 },
	{ KDBUS_ITEM_DST_NAME, "a.b", 4, { 0, 3 }, 2 },
	{ KDBUS_ITEM_MAKE_NAME, "0-x", 4, { 0, 1, 3 }, 3 },
	{ KDBUS_ITEM_ATTACH_FLAGS_SEND, "\0\0\0\0\0\0\0\0", 8, { 0, 4, 7, 9, 16 }, 5 },
	{ KDBUS_ITEM_ATTACH_FLAGS_RECV, "\0\0\0\0\0\0\0\0", 8, { 0, 4, 7, 9, 16 }, 5 },
	{ KDBUS_ITEM_ID, "\1\0\0\0\0\0\0\0", 8, { 0, 4, 7, 9, 16 }, 5 },
	{ KDBUS_ITEM_NAME, "a.b", 4, { 0, 3 }, 2 },
	{ KDBUS_ITEM_DST_ID, "\1\0\0\0\0\0\0\0", 8, { 0, 4, 7, 9, 16 }, 5 },
	{ 0x11, "\0\0\0\0\0\0\0\0", 8, {}, 0 },
	{ 0x7ff, "\0\0\0\0\0\0\0\0", 8, {}, 0 },
	{ KDBUS_ITEM_BEHALF_ID, "\1\0\0\0\0\0\0\0", 8, { 0, 4, 7, 9, 16 }, 5 },
	{ KDBUS_ITEM_PROCESS, "", 0, { 1, 8, 16 }, 3 },
	{ KDBUS_ITEM_USAGE, "", 0, { 1, 8, 48 }, 3 },
	{ 0x803, "", 0, {}, 0 },
	{ KDBUS_ITEM_TIMESTAMP, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, {}, 0 },
	{ KDBUS_ITEM_CREDS, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 64, { 0, 32, 56, 63, 65 }, 5 },
	{ KDBUS_ITEM_PIDS, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, { 0, 8, 16, 23, 25 }, 5 },
	{ KDBUS_ITEM_AUXGROUPS, "\0\0\0\0\0\0\0\0", 8, {}, 0 },
	{ KDBUS_ITEM_OWNED_NAME, "\0\0\0\0\0\0\0\0a.b", 12, {}, 0 },
	{ KDBUS_ITEM_TID_COMM, "comm", 5, {}, 0 },
	{ KDBUS_ITEM_PID_COMM, "comm", 5, {}, 0 },
	{ KDBUS_ITEM_EXE, "/exe", 5, {}, 0 },
	{ KDBUS_ITEM_CMDLINE, "cmd", 4, {}, 0 },
	{ KDBUS_ITEM_CGROUP, "/cg", 4, {}, 0 },
	{ KDBUS_ITEM_CAPS, "\0\0\0\0\0\0\0\0", 8, {}, 0 },
	{ KDBUS_ITEM_SECLABEL, "label", 6, { 0, 5 }, 2 },
	{ KDBUS_ITEM_AUDIT, "\0\0\0\0\0\0\0\0", 8, {}, 0 },
	{ KDBUS_ITEM_CONN_DESCRIPTION, "text", 5, { 0, 1, 4 }, 3 },
	{ 0x100e, "\0\0\0\0\0\0\0\0", 8, {}, 0 },
	{ KDBUS_ITEM_POLICY_ACCESS, "\3\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, { 0, 16, 23, 25 }, 4 },
	{ 0x2001, "\0\0\0\0\0\0\0\0", 8, {}, 0 },
	{ KDBUS_ITEM_NAME_ADD, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, { 0, 16, 31 }, 3 },
	{ KDBUS_ITEM_NAME_REMOVE, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, { 0, 31 }, 2 },
	{ KDBUS_ITEM_NAME_CHANGE, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32, { 0, 31 }, 2 },
	{ KDBUS_ITEM_ID_ADD, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, { 0, 8, 15, 17, 24 }, 5 },
	{ KDBUS_ITEM_ID_REMOVE, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, { 0, 8, 15, 17, 24 }, 5 },
	{ KDBUS_ITEM_REPLY_TIMEOUT, "", 0, {}, 0 },
	{ KDBUS_ITEM_REPLY_DEAD, "", 0, {}, 0 },
	{ 0x8007, "", 0, {}, 0 },
	{ 0, "\0\0\0\0\0\0\0\0", 8, {}, 0 },
	{ 1ULL << 32 | KDBUS_ITEM_NAME, "a.b", 4, {}, 0 },
	{ ~0ULL, "\0\0\0\0\0\0\0\0", 8, {}, 0 },
};

/* A negotiating command with one item; @times of it. */
static int try_item(struct ready *ready, size_t row, size_t size, unsigned times)
{
	char payload[200] = "";
	union cmd *cmd = &ready->cmd;

	memcpy(payload, items[row].payload, items[row].size);
	cmd_init(cmd, ready->command->size);
	cmd->flags = NEGOTIATE;
	for (unsigned i = 0; i < times; i++)
		cmd_item(cmd, items[row].type, payload, size);
	return ready_call(ready);
}

static void check_items(struct ready *ready)
{
	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		bool is_negotiate = items[i].type == KDBUS_ITEM_NEGOTIATE;
		enum acceptance is = is_negotiate ? ONCE : acceptance(ready->command->number, items[i].type);

		test_case("%s item 0x%llx", ready->command->name, (unsigned long long)items[i].type);
		expect_errno(is == NEVER ? EINVAL : 0, try_item(ready, i, items[i].size, 1));
		if (is == NEVER)
			continue;
		for (unsigned k = 0; k < items[i].n_wrong; k++)
			if (!expect_errno(EINVAL, try_item(ready, i, items[i].wrong[k], 1)))
				test_note("with %zu bytes of payload", items[i].wrong[k]);
		if (!is_negotiate)
			expect_errno(is == ONCE ? EINVAL : 0, try_item(ready, i, items[i].size, 2));
	}
}

TEST("each command accepts its items, of the right size, and no second one unless repeatable")
{
	for_each_command(check_items);
}

static void check_mandatory(struct ready *ready)
{
	__u64 mandatory = 0;

	for (size_t i = 0; i < ARRAY_SIZE(accepts); i++)
		if (accepts[i].number == ready->command->number)
			mandatory = accepts[i].mandatory;
	if (!mandatory)
		return;
	cmd_init(&ready->cmd, ready->command->size);
	ready->cmd.return_flags = ANY;
	expect_errno(EINVAL, ready_call(ready));
	expect_eq(ready->cmd.return_flags, 0);
	ready->cmd.flags = NEGOTIATE;
	expect_ok(ready_call(ready));
}

TEST("a missing mandatory item gives EINVAL, but may be missing when negotiating")
{
	union cmd cmd;
	int fd;

	for_each_command(check_mandatory);
	/* BUS_MAKE has two */
	fd = control_open(mount_dir);
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_MAKE_NAME, "0-half");
	expect_errno(EINVAL, call(fd, KDBUS_CMD_BUS_MAKE, &cmd));
}

static void check_readonly(struct ready *ready)
{
	__u8 *edge = edge_new();

	memcpy(edge, &ready->cmd, ready->cmd.size);
	must_sys(mprotect(edge, PAGE, PROT_READ));
	expect_errno(EFAULT, call(ready->fd, ready->command->number, edge));
	if (ready->command->number == KDBUS_CMD_NAME_ACQUIRE)
		expect_text(list_text(ready->peer, KDBUS_LIST_NAMES, ready->peer->id), "a.b:20");
	if (ready->command->number == KDBUS_CMD_BYEBYE)
		expect_errno(ECONNRESET, send_to(ready->peer, 1, 1));
	munmap(edge, 2 * PAGE);
}

TEST("a command whose answer cannot be written gives EFAULT and still takes effect")
{
	for_each_command(check_readonly);
}

TEST("strings in items are non-empty and end with their only NUL")
{
	static const struct {
		const char *text;
		size_t size;
		int error;
	} cases[] = {
		{ "a.b", 4, 0 }, { "a.b", 3, EINVAL }, { "", 1, 0 }, { "", 0, EINVAL }, { "a.b\0", 5, EINVAL },
		{ "a\0b", 4, EINVAL }, { "\0.b", 4, EINVAL },
	};
	static const __u64 types[] = { KDBUS_ITEM_NAME, KDBUS_ITEM_SECLABEL };
	struct peer *peer;
	union cmd cmd;
	int fd;

	bus = bus_new();
	peer = peer_new(bus);
	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("row %zu", i);
		for (size_t k = 0; k < ARRAY_SIZE(types); k++) {
			cmd_init(&cmd, sizeof(cmd.hello));
			cmd.flags = NEGOTIATE;
			cmd_item(&cmd, types[k], cases[i].text, cases[i].size);
			expect_errno(cases[i].error, call(fd, KDBUS_CMD_HELLO, &cmd));
		}
		/* and behind a notification rule */
		cmd_init(&cmd, sizeof(cmd.match));
		cmd.flags = NEGOTIATE;
		char rule[40] = "";

		memcpy(rule + 32, cases[i].text, cases[i].size);
		cmd_item(&cmd, KDBUS_ITEM_NAME_ADD, rule, 32 + cases[i].size);
		expect_errno(cases[i].size ? cases[i].error : 0, call(peer->fd, KDBUS_CMD_MATCH_ADD, &cmd));
	}
}

TEST("system names have their own alphabet and length")
{
	static const struct {
		const char *text;
		size_t size;
		int error;
	} cases[] = {
		{ "a", 2, 0 }, { "A_z0", 5, 0 }, { "a-b", 4, 0 }, { "a.b", 4, 0 }, { "-a", 3, EINVAL },
		{ ".a", 3, EINVAL }, { "a-", 3, EINVAL }, { "a.", 3, EINVAL }, { "_a_", 4, 0 }, { "0", 2, 0 },
		{ "a b", 4, EINVAL }, { "a/b", 4, EINVAL }, { "a\xc3\xa4", 4, EINVAL }, { "\xe4", 2, EINVAL },
		{ "", 1, EINVAL }, { "ab", 2, EINVAL }, { "a\0b", 4, EINVAL }, { "a\0", 3, EINVAL },
		{ "a..b", 5, 0 }, { "a:b", 4, EINVAL }, { "a@b", 4, EINVAL }, { "a[b", 4, EINVAL },
		/* 63 and 64 characters */
		{ "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg", 64, 0 },
		{ "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg", 65, ENAMETOOLONG },
		{ "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg", 64, EINVAL },
	};
	union cmd cmd;
	int fd, control;

	bus = bus_new();
	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	control = control_open(mount_dir);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("\"%s\" (%zu)", cases[i].text, cases[i].size);
		cmd_init(&cmd, sizeof(cmd.hello));
		cmd.flags = NEGOTIATE;
		cmd_item(&cmd, KDBUS_ITEM_CONN_DESCRIPTION, cases[i].text, cases[i].size);
		expect_errno(cases[i].error, call(fd, KDBUS_CMD_HELLO, &cmd));
		cmd_init(&cmd, sizeof(cmd.cmd));
		cmd.flags = NEGOTIATE;
		cmd_item(&cmd, KDBUS_ITEM_MAKE_NAME, cases[i].text, cases[i].size);
		expect_errno(cases[i].error, call(fd, KDBUS_CMD_ENDPOINT_MAKE, &cmd));
		cmd.flags = NEGOTIATE;
		expect_errno(cases[i].error, call(control, KDBUS_CMD_BUS_MAKE, &cmd));
	}
}

TEST("the padding of the last item may be left out or be there")
{
	struct peer *peer;
	union cmd cmd;

	bus = bus_new();
	peer = peer_new(bus);
	for (int n = 0; n < 12; n++) {
		char name[40];

		sprintf(name, "a.bbbbbbbbbbbbb%.*s", n % 8, "ccccccccc");
		cmd_init(&cmd, sizeof(cmd.cmd));
		cmd_text(&cmd, KDBUS_ITEM_NAME, name);
		/* whatever the padding holds */
		memset(cmd.bytes + cmd.size, 0xff, 8);
		__u64 end = cmd.size;

		for (__u64 size = end; size <= ALIGN8(end); size++) {
			cmd.size = size;
			cmd.flags = 0;
			expect_ok(call(peer->fd, KDBUS_CMD_NAME_ACQUIRE, &cmd));
		}
		cmd.size = ALIGN8(end) + 1;
		expect_errno(EINVAL, call(peer->fd, KDBUS_CMD_NAME_ACQUIRE, &cmd));
	}
}

TEST("failing commands leave their output fields alone")
{
	const struct kdbus_info *info;
	struct peer *peer;
	union cmd cmd;

	bus = bus_new();
	peer = peer_new(bus);
	cmd_init(&cmd, sizeof(cmd.info));
	cmd.info.id = 99999;
	cmd.info.offset = 77;
	cmd.info.info_size = 78;
	cmd.return_flags = 79;
	expect_errno(ENXIO, call(peer->fd, KDBUS_CMD_CONN_INFO, &cmd));
	expect_eq(cmd.info.offset, 77);
	expect_eq(cmd.info.info_size, 78);
	expect_eq(cmd.return_flags, 0);

	cmd_init(&cmd, sizeof(cmd.recv));
	cmd.flags = KDBUS_RECV_DROP | KDBUS_RECV_USE_PRIORITY;
	cmd.recv.dropped_msgs = 80;
	cmd.recv.msg.offset = 81;
	expect_errno(EINVAL, call(peer->fd, KDBUS_CMD_RECV, &cmd));
	expect_eq(cmd.recv.dropped_msgs, 80);
	expect_eq(cmd.recv.msg.offset, 81);
	expect_ok(conn_info(peer, peer->id, NULL, 0, &info));
}
