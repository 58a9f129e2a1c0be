/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A call with 1 MiB whose receiver reads every byte, in a vec and in a memfd
 * that is sealed once and reused; and the same memfd when nobody reads it. The
 * answers are short.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "bench/peer.h"

#define SIZE MIB

static volatile uint64_t sum_of_all;

/* Every byte, a word at a time. */
__attribute__((__noinline__)) static void read_all(const void *data, size_t size)
{
	const uint64_t *words = data;
	uint64_t sum = 0;

	for (size_t i = 0; i < size / sizeof(*words); i++)
		sum += words[i];
	sum_of_all = sum;
}

/* What a service does with the item that holds the payload. */
static void take_payload(const struct peer *peer, uint64_t offset, bool read)
{
	const struct kdbus_msg *msg = (const void *)(peer->pool + offset);
	const struct kdbus_item *item = msg->items;
	void *map;

	if (item->type == KDBUS_ITEM_PAYLOAD_OFF && read)
		read_all(peer->pool + offset + item->vec.offset, item->vec.size);
	if (item->type != KDBUS_ITEM_PAYLOAD_MEMFD)
		return;
	if (read) {
		map = mmap(NULL, item->memfd.size, PROT_READ, MAP_PRIVATE, item->memfd.fd, 0);
		if (map == MAP_FAILED)
			die(__FILE__, __LINE__, "mmap");
		read_all(map, item->memfd.size);
		munmap(map, item->memfd.size);
	}
	close(item->memfd.fd);
}

static void serve(void *data)
{
	const bool *read = data;
	struct peer peer = peer_new(0);
	struct pollfd poll_fd = { .fd = peer.fd, .events = POLLIN };
	char text[64] = "";
	struct letter answer;

	letter_init(&answer, 0);
	letter_vec(&answer, text, sizeof(text));
	child_says(peer.id);
	for (;;) {
		const struct kdbus_msg *request;
		uint64_t offset;

		MUST(poll(&poll_fd, 1, -1));
		offset = peer_receive(&peer);
		request = (const void *)(peer.pool + offset);
		take_payload(&peer, offset, *read);
		answer.room.msg.dst_id = request->src_id;
		answer.room.msg.cookie_reply = request->cookie;
		letter_send(&peer, &answer);
		peer_free(&peer, offset);
	}
}

struct client {
	struct peer peer;
	uint64_t service;
	void *payload;
	struct letter letter;
};

static void call(void *data)
{
	struct client *client = data;

	letter_send(&client->peer, &client->letter);
	peer_free(&client->peer, client->letter.cmd.reply.offset);
}

static int sealed_memfd(const void *payload, size_t size)
{
	int fd = MUST(memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING));

	MUST(write(fd, payload, size));
	MUST(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL));
	return fd;
}

static void lay_out(struct client *client, int fd)
{
	letter_init(&client->letter, client->service);
	if (fd >= 0)
		letter_memfd(&client->letter, fd, SIZE);
	else
		letter_vec(&client->letter, client->payload, SIZE);
	letter_call(&client->letter);
}

static void read_alone(void *data)
{
	struct client *client = data;

	read_all(client->payload, SIZE);
}

static const struct exchange {
	const char *key;
	bool read;		/* by the service */
	bool memfd;		/* the client's payload is in one */
	struct work work;
} exchanges[] = {
	{ "vec-1m-read",	true,	false,	{ .once = call, .rounds = 20 } },
	{ "memfd-1m-read",	true,	true,	{ .once = call, .rounds = 20 } },
	{ "memfd-reused",	false,	true,	{ .once = call, .rounds = 100 } },
	{ "read-1m",		false,	false,	{ .once = read_alone, .rounds = 20 } },
};

static double measure_exchange(const void *data)
{
	const struct exchange *exchange = data;
	bool read = exchange->read;
	struct child child = child_start(serve, &read);
	struct client client = { .peer = peer_new(0), .service = child.said };
	int fd = -1;
	double cost;

	client.payload = malloc(SIZE);
	memset(client.payload, 1, SIZE);
	if (exchange->memfd)
		fd = sealed_memfd(client.payload, SIZE);
	lay_out(&client, fd);
	cost = measure(&exchange->work, &client);
	child_end(&child);
	peer_close(&client.peer);
	if (fd >= 0)
		close(fd);
	free(client.payload);
	return cost;
}

int main(void)
{
	bus_start();
	for (size_t i = 0; i < ARRAY_SIZE(exchanges); i++) {
		if (wanted(exchanges[i].key))
			row(exchanges[i].key, best_of_starts(measure_exchange, &exchanges[i]));
	}
	return 0;
}
