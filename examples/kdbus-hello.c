// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The example of kdbus(7): two connections, a message and a signal, spoken
 * with nothing but the header.
 *
 *	kdbus-hello              on a bus of its own, for root
 *	kdbus-hello ENDPOINT     on a bus that is there
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <linux/kdbus.h>

#define POOL_SIZE	(1024 * 1024)
#define ITEM_HEADER	16
#define ALIGN8(n)	(((n) + 7) & ~7ULL)

/* A command or a message with its items, aligned as it has to be. */
union object {
	__u64 size;
	struct kdbus_cmd cmd;
	struct kdbus_cmd_hello hello;
	struct kdbus_cmd_match match;
	struct kdbus_msg msg;
	__u64 room[1024];
};

struct peer {
	const char *name;
	int fd;
	__u64 id;
	const char *pool;
	struct kdbus_bloom_parameter bloom;
};

static void command(int fd, unsigned long cmd, void *object, const char *what)
{
	if (ioctl(fd, cmd, object) < 0)
		err(1, "%s", what);
}
#define COMMAND(fd, cmd, object) command(fd, cmd, object, #cmd)

/* Items start at multiples of 8; their size does not count the padding. */
static void *append(union object *object, __u64 type, const void *payload,
		    size_t size)
{
	size_t at = ALIGN8(object->size);
	struct kdbus_item *item = (struct kdbus_item *)((char *)object + at);

	item->type = type;
	item->size = ITEM_HEADER + size;
	object->size = at + item->size;
	return memcpy((char *)item + ITEM_HEADER, payload, size);
}

/* The bus lives as long as the descriptor that is returned. */
static int make_bus(const char *dir, char *endpoint, size_t size)
{
	struct kdbus_bloom_parameter bloom = { .size = 64, .n_hash = 4 };
	union object make = { .cmd.size = sizeof(make.cmd) };
	char control[64], name[32];
	int fd;

	snprintf(control, sizeof(control), "%s/control", dir);
	fd = open(control, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", control);
	snprintf(name, sizeof(name), "%u-example", geteuid());
	append(&make, KDBUS_ITEM_MAKE_NAME, name, strlen(name) + 1);
	append(&make, KDBUS_ITEM_BLOOM_PARAMETER, &bloom, sizeof(bloom));
	COMMAND(fd, KDBUS_CMD_BUS_MAKE, &make);
	snprintf(endpoint, size, "%s/%s/bus", dir, name);
	return fd;
}

static void give_back(struct peer *peer, __u64 offset)
{
	struct kdbus_cmd_free cmd = { .size = sizeof(cmd), .offset = offset };

	COMMAND(peer->fd, KDBUS_CMD_FREE, &cmd);
}

static void say_hello(struct peer *peer, const char *endpoint, const char *name)
{
	union object cmd = { .hello = {
		.size = sizeof(cmd.hello),
		.attach_flags_send = _KDBUS_ATTACH_ANY,
		.attach_flags_recv = KDBUS_ATTACH_PIDS |
				     KDBUS_ATTACH_CONN_DESCRIPTION,
		.pool_size = POOL_SIZE,
	} };
	const struct kdbus_item *item;

	peer->name = name;
	peer->fd = open(endpoint, O_RDWR | O_CLOEXEC);
	if (peer->fd < 0)
		err(1, "%s", endpoint);
	append(&cmd, KDBUS_ITEM_CONN_DESCRIPTION, name, strlen(name) + 1);
	COMMAND(peer->fd, KDBUS_CMD_HELLO, &cmd);
	peer->id = cmd.hello.id;

	/* All that the kernel has to tell lies in the pool, for us to read. */
	peer->pool = mmap(NULL, POOL_SIZE, PROT_READ, MAP_SHARED, peer->fd, 0);
	if (peer->pool == MAP_FAILED)
		err(1, "mmap");
	item = (const void *)(peer->pool + cmd.hello.offset);
	peer->bloom = item->bloom_parameter;
	give_back(peer, cmd.hello.offset);
	printf("%s is connection %llu\n", name, cmd.hello.id);
}

/*
 * Set the bits of a word in a filter, or in a mask.  Any hashes will do that
 * the senders and receivers of a bus agree on; these are FNV-1a.
 */
static void bloom_add(const struct peer *peer, __u64 *bits, const char *word)
{
	__u64 i, hash, n_bits = peer->bloom.size * 8;
	const char *c;

	for (i = 0; i < peer->bloom.n_hash; i++) {
		hash = 14695981039346656037ULL + i;
		for (c = word; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 1099511628211ULL;
		bits[hash % n_bits / 64] |= 1ULL << hash % 64;
	}
}

/* Receive all signals that have a word in their filter. */
static void listen_to(struct peer *peer, const char *word)
{
	union object cmd = { .match = { .size = sizeof(cmd.match), .cookie = 1 } };
	__u64 mask[512] = {};

	bloom_add(peer, mask, word);
	append(&cmd, KDBUS_ITEM_BLOOM_MASK, mask, peer->bloom.size);
	COMMAND(peer->fd, KDBUS_CMD_MATCH_ADD, &cmd);
}

static void send_text(struct peer *peer, union object *msg, const char *text)
{
	struct kdbus_vec vec = {
		.size = strlen(text) + 1,
		.address = (uintptr_t)text,
	};
	struct kdbus_cmd_send cmd = {
		.size = sizeof(cmd),
		.msg_address = (uintptr_t)msg,
	};

	append(msg, KDBUS_ITEM_PAYLOAD_VEC, &vec, sizeof(vec));
	COMMAND(peer->fd, KDBUS_CMD_SEND, &cmd);
}

static void send_message(struct peer *peer, __u64 to, __u64 cookie,
			 const char *text)
{
	union object msg = { .msg = {
		.size = sizeof(msg.msg),
		.dst_id = to,
		.payload_type = KDBUS_PAYLOAD_DBUS,
		.cookie = cookie,
	} };

	send_text(peer, &msg, text);
}

static void send_signal(struct peer *peer, const char *word, __u64 cookie,
			const char *text)
{
	union object msg = { .msg = {
		.size = sizeof(msg.msg),
		.flags = KDBUS_MSG_SIGNAL,
		.dst_id = KDBUS_DST_ID_BROADCAST,
		.payload_type = KDBUS_PAYLOAD_DBUS,
		.cookie = cookie,
	} };
	__u64 filter[1 + 512] = {};	/* struct kdbus_bloom_filter */

	bloom_add(peer, filter + 1, word);
	append(&msg, KDBUS_ITEM_BLOOM_FILTER, filter, 8 + peer->bloom.size);
	send_text(peer, &msg, text);
}

static void print_message(const struct peer *peer, const struct kdbus_msg *msg)
{
	const char *at = (const char *)msg->items, *end;
	const struct kdbus_item *item;

	printf("%s received %s %llu from connection %llu\n", peer->name,
	       msg->flags & KDBUS_MSG_SIGNAL ? "signal" : "message",
	       msg->cookie, msg->src_id);
	end = (const char *)msg + msg->size;
	for (; at < end; at += ALIGN8(item->size)) {
		item = (const void *)at;
		switch (item->type) {
		case KDBUS_ITEM_PAYLOAD_OFF:
			printf("\tpayload: %s\n",
			       (const char *)msg + item->vec.offset);
			break;
		case KDBUS_ITEM_PIDS:
			printf("\tprocess: %llu\n", item->pids.pid);
			break;
		case KDBUS_ITEM_CONN_DESCRIPTION:
			printf("\tsender: %s\n", item->str);
			break;
		}
	}
}

/* Receive what there is. */
static void receive(struct peer *peer)
{
	struct pollfd pollfd = { .fd = peer->fd, .events = POLLIN };
	struct kdbus_cmd_recv cmd;

	if (poll(&pollfd, 1, 1000) <= 0)
		errx(1, "%s has nothing to receive", peer->name);
	for (;;) {
		cmd = (struct kdbus_cmd_recv){ .size = sizeof(cmd) };
		if (ioctl(peer->fd, KDBUS_CMD_RECV, &cmd) < 0)
			break;
		print_message(peer, (const void *)(peer->pool + cmd.msg.offset));
		give_back(peer, cmd.msg.offset);
	}
	if (errno != EAGAIN)
		err(1, "KDBUS_CMD_RECV");
}

static void talk(const char *endpoint)
{
	struct peer alice, bob;

	say_hello(&alice, endpoint, "alice");
	say_hello(&bob, endpoint, "bob");
	listen_to(&bob, "weather");

	send_message(&alice, bob.id, 1, "Hello, Bob");
	send_signal(&alice, "weather", 2, "It is raining");
	send_signal(&alice, "sports", 3, "Nobody listens to this");
	receive(&bob);

	/* The last close of its file ends a connection. */
	close(alice.fd);
	close(bob.fd);
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/kdbus-hello.XXXXXX", endpoint[96];
	int bus;

	if (argc > 1) {
		talk(argv[1]);
		return 0;
	}

	/* Every mount is a domain of its own, with buses of its own. */
	if (!mkdtemp(dir))
		err(1, "%s", dir);
	if (mount("kdbusfs", dir, "kdbusfs", 0, NULL) < 0) {
		rmdir(dir);
		err(1, "mount");
	}
	bus = make_bus(dir, endpoint, sizeof(endpoint));
	talk(endpoint);
	close(bus);
	umount(dir);
	rmdir(dir);
	return 0;
}
