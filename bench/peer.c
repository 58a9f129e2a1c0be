/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buses, connections and messages for the measuring programs. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "bench/peer.h"

static char bus_path[128];

/* A second message of the program's own bus: its cookies need not differ. */
static uint64_t next_cookie = 1;

void room_init(union room *room, size_t size)
{
	memset(room, 0, sizeof(*room));
	room->cmd.size = size;
}

struct kdbus_item *room_item(union room *room, uint64_t type, const void *payload, size_t size)
{
	struct kdbus_item *item = (void *)((uint8_t *)room + room->cmd.size);

	item->size = offsetof(struct kdbus_item, data) + size;
	item->type = type;
	if (payload)
		memcpy(item->data, payload, size);
	room->cmd.size += (item->size + 7) & ~7ULL;
	return item;
}

void bus_start(void)
{
	static const struct kdbus_bloom_parameter bloom = { .size = 64, .n_hash = 8 };
	const struct rlimit files = { 20000, 20000 };
	char folder[] = "/tmp/bench.XXXXXX", path[64];
	union room room;
	int fd;

	if (!mkdtemp(folder))
		die(__FILE__, __LINE__, "mkdtemp");
	MUST(setrlimit(RLIMIT_NOFILE, &files));
	MUST(mount("kdbusfs", folder, "kdbusfs", 0, NULL));
	snprintf(path, sizeof(path), "%s/control", folder);
	fd = MUST(open(path, O_RDWR | O_CLOEXEC));
	room_init(&room, sizeof(room.cmd));
	room.cmd.flags = KDBUS_MAKE_ACCESS_WORLD;
	room_item(&room, KDBUS_ITEM_MAKE_NAME, "0-bench", sizeof("0-bench"));
	room_item(&room, KDBUS_ITEM_BLOOM_PARAMETER, &bloom, sizeof(bloom));
	MUST(ioctl(fd, KDBUS_CMD_BUS_MAKE, &room));
	snprintf(bus_path, sizeof(bus_path), "%s/0-bench/bus", folder);
}

static struct peer hello(uint64_t receive, size_t pool_size)
{
	struct kdbus_cmd_hello hello = {
		.size = sizeof(hello),
		.flags = KDBUS_HELLO_ACCEPT_FD,
		.attach_flags_send = _KDBUS_ATTACH_ANY,
		.attach_flags_recv = receive,
		.pool_size = pool_size,
	};
	struct peer peer = {};

	peer.fd = MUST(open(bus_path, O_RDWR | O_CLOEXEC));
	MUST(ioctl(peer.fd, KDBUS_CMD_HELLO, &hello));
	peer.id = hello.id;
	peer_free(&peer, hello.offset);
	return peer;
}

struct peer peer_new_bare(size_t pool_size)
{
	return hello(0, pool_size);
}

struct peer peer_new(uint64_t receive)
{
	struct peer peer = hello(receive, POOL_SIZE);

	peer.pool = mmap(NULL, POOL_SIZE, PROT_READ, MAP_SHARED, peer.fd, 0);
	if (peer.pool == MAP_FAILED)
		die(__FILE__, __LINE__, "mmap");
	return peer;
}

void peer_close(struct peer *peer)
{
	if (peer->pool)
		munmap((void *)peer->pool, POOL_SIZE);
	close(peer->fd);
}

void letter_init(struct letter *letter, uint64_t dst_id)
{
	memset(&letter->cmd, 0, sizeof(letter->cmd));
	letter->cmd.size = sizeof(letter->cmd);
	letter->cmd.msg_address = (uintptr_t)&letter->room;
	room_init(&letter->room, sizeof(letter->room.msg));
	letter->room.msg.dst_id = dst_id;
	letter->room.msg.payload_type = KDBUS_PAYLOAD_DBUS;
}

void letter_vec(struct letter *letter, const void *data, size_t size)
{
	const struct kdbus_vec vec = { .size = size, .address = (uintptr_t)data };

	room_item(&letter->room, KDBUS_ITEM_PAYLOAD_VEC, &vec, sizeof(vec));
}

void letter_memfd(struct letter *letter, int fd, size_t size)
{
	const struct kdbus_memfd memfd = { .size = size, .fd = fd };

	room_item(&letter->room, KDBUS_ITEM_PAYLOAD_MEMFD, &memfd, sizeof(memfd));
}

void letter_name(struct letter *letter, const char *name)
{
	room_item(&letter->room, KDBUS_ITEM_DST_NAME, name, strlen(name) + 1);
}

void letter_call(struct letter *letter)
{
	letter->cmd.flags = KDBUS_SEND_SYNC_REPLY;
	letter->room.msg.flags = KDBUS_MSG_EXPECT_REPLY;
	letter->room.msg.timeout_ns = FOREVER;
}

void letter_send(const struct peer *peer, struct letter *letter)
{
	letter->room.msg.cookie = next_cookie++;
	MUST(ioctl(peer->fd, KDBUS_CMD_SEND, &letter->cmd));
}

uint64_t peer_receive(const struct peer *peer)
{
	struct kdbus_cmd_recv recv = { .size = sizeof(recv) };

	MUST(ioctl(peer->fd, KDBUS_CMD_RECV, &recv));
	return recv.msg.offset;
}

void peer_free(const struct peer *peer, uint64_t offset)
{
	struct kdbus_cmd_free free = { .size = sizeof(free), .offset = offset };

	MUST(ioctl(peer->fd, KDBUS_CMD_FREE, &free));
}

void peer_drain(const struct peer *peer)
{
	struct kdbus_cmd_recv recv = { .size = sizeof(recv), .flags = KDBUS_RECV_DROP };

	while (ioctl(peer->fd, KDBUS_CMD_RECV, &recv) >= 0)
		;
	if (errno != EAGAIN)
		die(__FILE__, __LINE__, "KDBUS_CMD_RECV");
}

static void name_command(const struct peer *peer, unsigned long command, const char *name)
{
	union room room;

	memset(&room.cmd, 0, sizeof(room.cmd));
	room.cmd.size = sizeof(room.cmd);
	room_item(&room, KDBUS_ITEM_NAME, name, strlen(name) + 1);
	MUST(ioctl(peer->fd, command, &room));
}

void name_acquire(const struct peer *peer, const char *name)
{
	name_command(peer, KDBUS_CMD_NAME_ACQUIRE, name);
}

void name_release(const struct peer *peer, const char *name)
{
	name_command(peer, KDBUS_CMD_NAME_RELEASE, name);
}
