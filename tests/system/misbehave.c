// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A client without manners: says what nobody may say, to the classic socket
 * and to the kernel, and checks how it is answered. Prints results without
 * numbers, as tests/system/util.sh takes them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/kdbus.h>

#define BUS	"/sys/fs/kdbus/0-system/bus"
#define CONTROL	"/sys/fs/kdbus/control"
#define SOCKET	"/run/kdbus/system_bus_socket"
#define WAIT_MS	10000

static void result(bool ok, const char *kind, const char *what)
{
	printf("%s - %s: %s\n", ok ? "ok" : "not ok", kind, what);
}

/* the classic socket */

/* A dbus1 message in the making; always little endian. */
struct wire {
	uint8_t bytes[1024];
	size_t size;
};

static void wire_align(struct wire *wire, size_t alignment)
{
	while (wire->size % alignment)
		wire->bytes[wire->size++] = 0;
}

static void wire_u32(struct wire *wire, uint32_t value)
{
	wire_align(wire, 4);
	for (int i = 0; i < 4; i++)
		wire->bytes[wire->size++] = value >> (8 * i);
}

static void wire_poke_u32(struct wire *wire, size_t at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		wire->bytes[at + i] = value >> (8 * i);
}

static void wire_field(struct wire *wire, uint8_t code, char type, const char *value)
{
	size_t size = strlen(value);

	wire_align(wire, 8);
	wire->bytes[wire->size++] = code;
	wire->bytes[wire->size++] = 1;
	wire->bytes[wire->size++] = type;
	wire->bytes[wire->size++] = 0;
	if (type == 'g')
		wire->bytes[wire->size++] = size;
	else
		wire_u32(wire, size);
	memcpy(wire->bytes + wire->size, value, size + 1);
	wire->size += size + 1;
}

/**
 * struct bad - a message, and what is wrong with it
 * @what:	in words
 * @path:	NULL: "/"; empty: the field is missing
 * @member:	NULL: "GetId"; empty: the field is missing
 * @signature:	NULL: there is none
 * @body:	@body_size bytes
 * @at:		this byte of the message becomes @byte, unless it is 0
 * @offset:	these four bytes become @value, unless it is 0
 */
struct bad {
	const char *what;
	const char *path;
	const char *member;
	const char *signature;
	const char *body;
	size_t body_size;
	size_t at;
	uint8_t byte;
	size_t offset;
	uint32_t value;
	bool good;
	uint8_t first;
};

static void wire_message(struct wire *wire, uint32_t serial, const struct bad *bad)
{
	const char *path = bad->path ?: "/", *member = bad->member ?: "GetId";
	size_t begin;

	wire->size = 0;
	memcpy(wire->bytes, "l\1\0\1", 4);
	wire->size = 4;
	wire_u32(wire, bad->body_size);
	wire_u32(wire, serial);
	wire_u32(wire, 0);
	begin = wire->size;
	if (*path)
		wire_field(wire, 1, 'o', path);
	wire_field(wire, 2, 's', "org.freedesktop.DBus");
	if (*member)
		wire_field(wire, 3, 's', member);
	wire_field(wire, 6, 's', "org.freedesktop.DBus");
	if (bad->signature)
		wire_field(wire, 8, 'g', bad->signature);
	wire_poke_u32(wire, 12, wire->size - begin);
	wire_align(wire, 8);
	memcpy(wire->bytes + wire->size, bad->body ?: "", bad->body_size);
	wire->size += bad->body_size;

	if (bad->first)
		wire->bytes[0] = bad->first;
	if (bad->at)
		wire->bytes[bad->at] = bad->byte;
	if (bad->offset)
		wire_poke_u32(wire, bad->offset, bad->value);
}

/* clang-format off */
static const struct bad bad_messages[] = {
	{ "nothing (this one is right)",  .good = true },
	{ "a byte order of its own",      .first = 'x' },
	{ "a message of no type",         .at = 1, .byte = 0 },
	{ "protocol version 2",           .at = 3, .byte = 2 },
	{ "serial 0",                     .offset = 8, .value = 0 },
	{ "a body of 2 GiB",              .offset = 4, .value = 0x80000000 },
	{ "header fields of 2 GiB",       .offset = 12, .value = 0x80000000 },
	{ "header fields that end inside one", .offset = 12, .value = 9 },
	{ "a call without a path",        .path = "" },
	{ "a call without a member",      .member = "" },
	{ "a path that is none",          .path = "/a//b" },
	{ "a member that is none",        .member = "Get.Id" },
	{ "a signature that is none",     .signature = "a{vs}", .body = "\0\0\0\0\0\0\0", .body_size = 8 },
	{ "a body without a signature",   .body = "abc", .body_size = 4 },
	{ "a string longer than its body", .signature = "s", .body = "\x10\0\0\0abc", .body_size = 8 },
	{ "a string that does not end",   .signature = "s", .body = "\3\0\0\0abcd", .body_size = 8 },
	{ "a string that is not UTF-8",   .signature = "s", .body = "\3\0\0\0\xff\xfe\xfd", .body_size = 8 },
	{ "a boolean of 2",               .signature = "b", .body = "\2\0\0\0", .body_size = 4 },
	{ "an array past the end",        .signature = "ai", .body = "\x40\0\0\0\1\0\0", .body_size = 8 },
	{ "bytes after the last argument", .signature = "u", .body = "\1\0\0\0\1\0\0", .body_size = 8 },
	{ "padding that is not zero",     .signature = "yu", .body = "\1\1\0\0\1\0\0", .body_size = 8 },
	{ "a NUL within a string",        .signature = "s", .body = "\3\0\0\0a\0b", .body_size = 8 },
	{ "a path as argument that is none", .signature = "o", .body = "\3\0\0\0/a-", .body_size = 8 },
	{ "a signature as argument that is none", .signature = "g", .body = "\1z", .body_size = 3 },
	{ "a variant of no type",         .signature = "v", .body = "\0", .body_size = 2 },
	{ "a variant of two types",       .signature = "v", .body = "\2yy\0\1\1", .body_size = 6 },
	{ "an array that ends inside an element", .signature = "ai", .body = "\6\0\0\0\1\0\0\0\1", .body_size = 10 },
	{ "an array of more than 64 MiB", .signature = "ay", .body = "\1\0\0\4abc", .body_size = 8 },
	{ "an entry of no dictionary",    .signature = "{sv}", .body = "\0\0\0\0\0\0\0", .body_size = 8 },
	{ "a structure of nothing",       .signature = "()" },
	{ "the path of libraries' own signals", .path = "/org/freedesktop/DBus/Local" },
	{ "a path that does not begin with /", .path = "a" },
	{ "a member of no letters",       .member = "2" },
	{ "a file descriptor it did not send", .signature = "h", .body = "\0\0\0\0", .body_size = 4 },
};
/* clang-format on */

/* Reads until what has arrived ends with @end; false when the peer is gone or silent. */
static bool expect(int fd, const char *end)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buffer[512];
	size_t size = 0;
	ssize_t n;

	while (size < sizeof(buffer) && poll(&p, 1, WAIT_MS) == 1) {
		n = read(fd, buffer + size, sizeof(buffer) - size);
		if (n <= 0)
			return false;
		size += n;
		if (size >= strlen(end) && !memcmp(buffer + size - strlen(end), end, strlen(end)))
			return true;
	}
	return false;
}

/* Reads what comes for a while; true when the peer has hung up. */
static bool hangs_up(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buffer[4096];
	ssize_t n;

	while (poll(&p, 1, ms) == 1) {
		n = read(fd, buffer, sizeof(buffer));
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return true;
		if (n < 0)
			return false;
	}
	return false;
}

static int client_new(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	struct bad hello = { .member = "Hello", .path = "/org/freedesktop/DBus" };
	struct wire wire;
	int fd;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		goto fail;
	/* 30 is the digit 0 of root's uid, in hexadecimal */
	if (write(fd, "\0AUTH EXTERNAL 30\r\n", 19) != 19 || !expect(fd, "\r\n"))
		goto fail;
	if (write(fd, "BEGIN\r\n", 7) != 7)
		goto fail;
	wire_message(&wire, 1, &hello);
	if (write(fd, wire.bytes, wire.size) != (ssize_t)wire.size)
		goto fail;
	/* the reply and NameAcquired */
	if (hangs_up(fd, 300))
		goto fail;
	return fd;
fail:
	close(fd);
	return -1;
}

static void misbehave_on_socket(void)
{
	struct wire wire;
	bool gone;
	int fd;

	for (size_t i = 0; i < sizeof(bad_messages) / sizeof(bad_messages[0]); i++) {
		const struct bad *bad = &bad_messages[i];

		fd = client_new();
		if (fd < 0) {
			result(false, "no Hello before", bad->what);
			continue;
		}
		wire_message(&wire, 2, bad);
		gone = write(fd, wire.bytes, wire.size) < 0;
		if (!gone)
			gone = hangs_up(fd, bad->good ? 500 : WAIT_MS);
		result(gone == !bad->good, bad->good ? "keeps a client that sends" : "hangs up on", bad->what);
		close(fd);
	}
}

/* the kernel */

/**
 * struct bad_command - a command, and how the kernel refuses it
 * @what:	in words
 * @command:	the ioctl
 * @error:	what it has to give
 * @size:	said in the command; 0: the structure's own
 * @flags:	of the command
 * @pool_size:	of HELLO, or the offset of FREE
 * @item_size:	of one item behind the structure; 0: there is none
 * @item_type:	of that item
 * @item:	what it holds
 * @node:	NULL: the bus
 * @hello:	the handle is a connection
 * @pointer:	given instead of the command
 */
struct bad_command {
	const char *what;
	unsigned long command;
	int error;
	uint64_t size;
	uint64_t flags;
	uint64_t pool_size;
	uint64_t item_size;
	uint64_t item_type;
	const char *item;
	const char *node;
	bool hello;
	uintptr_t pointer;
};

#define POOL	(16 * 4096)

/* clang-format off */
static const struct bad_command bad_commands[] = {
	{ "an ioctl that does not exist", _IOW(KDBUS_IOCTL_MAGIC, 0x7f, struct kdbus_cmd), ENOTTY, .size = 0 },
	{ "HELLO to the control node",    KDBUS_CMD_HELLO, EBADFD, .node = CONTROL, .pool_size = POOL },
	{ "HELLO with no structure",      KDBUS_CMD_HELLO, EFAULT, .pointer = 4096 - 8 },
	{ "HELLO at an odd address",      KDBUS_CMD_HELLO, EFAULT, .pointer = 4 },
	{ "HELLO cut short",              KDBUS_CMD_HELLO, EINVAL, .size = 88, .pool_size = POOL },
	{ "HELLO of 32769 bytes",         KDBUS_CMD_HELLO, EMSGSIZE, .size = 32769, .pool_size = POOL },
	{ "HELLO with an unknown flag",   KDBUS_CMD_HELLO, EINVAL, .flags = 1ULL << 40, .pool_size = POOL },
	{ "HELLO with no pool",           KDBUS_CMD_HELLO, EINVAL, .pool_size = 0 },
	{ "HELLO with half a page",       KDBUS_CMD_HELLO, EINVAL, .pool_size = 2048 },
	{ "HELLO with an item of size 8", KDBUS_CMD_HELLO, EINVAL, .pool_size = POOL, .item_size = 8 },
	{ "HELLO with an endless item",   KDBUS_CMD_HELLO, EINVAL, .pool_size = POOL, .item_size = 4096 },
	{ "HELLO with an item of no type", KDBUS_CMD_HELLO, EINVAL, .pool_size = POOL, .item_size = 24, .item_type = 0x4711 },
	{ "RECV before HELLO",            KDBUS_CMD_RECV, EBADFD, .size = 0 },
	{ "a second HELLO",               KDBUS_CMD_HELLO, EBADFD, .pool_size = POOL, .hello = true },
	{ "RECV with an unknown flag",    KDBUS_CMD_RECV, EINVAL, .flags = 1ULL << 40, .hello = true },
	{ "RECV with nothing there",      KDBUS_CMD_RECV, EAGAIN, .hello = true },
	{ "FREE of what was not given",   KDBUS_CMD_FREE, ENXIO, .pool_size = 8, .hello = true },
	{ "a name that is none",          KDBUS_CMD_NAME_ACQUIRE, EINVAL, .item_size = 24, .item_type = KDBUS_ITEM_NAME, .item = "nodots", .hello = true },
	{ "no name at all",               KDBUS_CMD_NAME_ACQUIRE, EINVAL, .hello = true },
	{ "a name one does not own",      KDBUS_CMD_NAME_RELEASE, ESRCH, .item_size = 24, .item_type = KDBUS_ITEM_NAME, .item = "a.b", .hello = true },
};
/* clang-format on */

static int hello(int fd)
{
	struct kdbus_cmd_hello cmd = { .size = sizeof(cmd), .pool_size = POOL };

	return ioctl(fd, KDBUS_CMD_HELLO, &cmd);
}

static void misbehave_at_kernel(void)
{
	struct {
		union {
			struct kdbus_cmd_hello hello;
			struct kdbus_cmd_free free;
			struct kdbus_cmd cmd;
		};
		uint8_t rest[40000];
	} __attribute__((__aligned__(8))) command;
	struct kdbus_item *item;
	char what[256];
	size_t size;
	int fd, r;

	for (size_t i = 0; i < sizeof(bad_commands) / sizeof(bad_commands[0]); i++) {
		const struct bad_command *bad = &bad_commands[i];

		fd = open(bad->node ?: BUS, O_RDWR | O_CLOEXEC);
		if (fd < 0 || (bad->hello && hello(fd) < 0)) {
			result(false, "no connection before", bad->what);
			continue;
		}
		memset(&command, 0, sizeof(command));
		size = _IOC_SIZE(bad->command);
		command.cmd.size = bad->size ?: size + (bad->item_size ? 24 : 0);
		command.cmd.flags = bad->flags;
		if (bad->command == KDBUS_CMD_HELLO)
			command.hello.pool_size = bad->pool_size;
		else if (bad->command == KDBUS_CMD_FREE)
			command.free.offset = bad->pool_size;
		item = (void *)((uint8_t *)&command + size);
		if (bad->item_size) {
			item->size = bad->item_size;
			item->type = bad->item_type;
		}
		if (bad->item) {
			item->size = offsetof(struct kdbus_item, data) + strlen(bad->item) + 1;
			command.cmd.size = size + item->size;
			memcpy(item->data, bad->item, strlen(bad->item) + 1);
		}
		r = ioctl(fd, bad->command, bad->pointer ? (void *)bad->pointer : &command);
		r = r < 0 ? errno : 0;
		snprintf(what, sizeof(what), "%s (%s%s%s)", bad->what, strerrorname_np(r) ?: "success",
			 r == bad->error ? "" : ", should be ",
			 r == bad->error ? "" : strerrorname_np(bad->error));
		result(r == bad->error, "the kernel refuses", what);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	setlinebuf(stdout);
	if (argc == 2 && !strcmp(argv[1], "socket"))
		misbehave_on_socket();
	else if (argc == 2 && !strcmp(argv[1], "kernel"))
		misbehave_at_kernel();
	else
		return 2;
	return 0;
}
