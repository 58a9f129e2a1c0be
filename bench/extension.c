/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A call and its answer by the extension, one command on either side: SERVE
 * answers, gives back the slice and waits for the next request; CALL gives back
 * the slice of the answer before.
 */
#include <sys/ioctl.h>

#include "bench/peer.h"

static void serve(void *data)
{
	const size_t *size = data;
	struct peer peer = peer_new(0);
	struct kdbus_cmd_serve cmd = { .size = sizeof(cmd), .timeout_ns = ~0ULL };
	struct letter answer;

	letter_init(&answer, 0);
	letter_vec(&answer, calloc(1, *size), *size);
	child_says(peer.id);
	for (uint64_t cookie = 1;; cookie++) {
		const struct kdbus_msg *request;

		MUST(ioctl(peer.fd, KDBUS_CMD_SERVE, &cmd));
		request = (const void *)(peer.pool + cmd.msg.offset);
		answer.room.msg.cookie = cookie;
		answer.room.msg.dst_id = request->src_id;
		answer.room.msg.cookie_reply = request->cookie;
		cmd.flags = KDBUS_SERVE_FREE;
		cmd.msg_address = (uintptr_t)&answer.room;
	}
}

struct client {
	struct peer peer;
	struct letter letter;
	uint64_t cookie;
};

static void call(void *data)
{
	struct client *client = data;

	client->letter.room.msg.cookie = ++client->cookie;
	MUST(ioctl(client->peer.fd, KDBUS_CMD_CALL, &client->letter.cmd));
	client->letter.cmd.flags = KDBUS_CALL_FREE;
}

static const struct size {
	const char *key;
	size_t bytes;
} sizes[] = {
	{ "extension-64",	64 },
	{ "extension-4k",	4 * KIB },
	{ "extension-64k",	64 * KIB },
};

static double duplex(const void *data)
{
	static const struct work work = { .once = call, .rounds = 100 };
	const struct size *size = data;
	size_t bytes = size->bytes;
	struct child child = child_start(serve, &bytes);
	struct client client = { .peer = peer_new(0) };
	void *payload = calloc(1, bytes);
	double cost;

	letter_init(&client.letter, child.said);
	letter_vec(&client.letter, payload, bytes);
	letter_call(&client.letter);
	client.letter.cmd.flags = 0;
	cost = measure(&work, &client);
	child_end(&child);
	peer_close(&client.peer);
	free(payload);
	return cost;
}

int main(void)
{
	bus_start();
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (wanted(sizes[i].key))
			row(sizes[i].key, best_of_starts(duplex, &sizes[i]));
	}
	return 0;
}
