/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A call and its answer between two processes: with payload of several sizes
 * both ways, with metadata, and how often the processor changes hands.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "bench/peer.h"

static const struct size {
	const char *key;
	size_t bytes;
	unsigned int rounds;
} sizes[] = {
	{ "duplex-64",	64,		100 },
	{ "duplex-4k",	4 * KIB,	100 },
	{ "duplex-64k",	64 * KIB,	100 },
	{ "duplex-1m",	MIB,		20 },
};

struct service {
	uint64_t receive;	/* metadata that it wants */
	size_t bytes;		/* of its answers */
};

/* Waits, takes a request, answers it, gives its slice back. */
static void serve(void *data)
{
	const struct service *service = data;
	struct peer peer = peer_new(service->receive);
	struct pollfd poll_fd = { .fd = peer.fd, .events = POLLIN };
	struct letter answer;

	letter_init(&answer, 0);
	letter_vec(&answer, calloc(1, service->bytes), service->bytes);
	child_says(peer.id);
	for (;;) {
		const struct kdbus_msg *request;
		uint64_t offset;

		MUST(poll(&poll_fd, 1, -1));
		offset = peer_receive(&peer);
		request = (const void *)(peer.pool + offset);
		answer.room.msg.dst_id = request->src_id;
		answer.room.msg.cookie_reply = request->cookie;
		letter_send(&peer, &answer);
		peer_free(&peer, offset);
	}
}

struct client {
	struct peer peer;
	struct letter letter;
};

static void call(void *data)
{
	struct client *client = data;

	letter_send(&client->peer, &client->letter);
	peer_free(&client->peer, client->letter.cmd.reply.offset);
}

static long switches(void)
{
	long sum = 0;
	FILE *f = fopen("/proc/stat", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "ctxt %ld", &sum);
	fclose(f);
	return sum;
}

struct call_kind {
	const struct size *size;
	uint64_t receive;	/* metadata that the service wants */
};

static double switches_per_call;

static double duplex(const void *data)
{
	const struct call_kind *kind = data;
	struct service service = { .receive = kind->receive, .bytes = kind->size->bytes };
	const struct work work = { .once = call, .rounds = kind->size->rounds };
	struct child child = child_start(serve, &service);
	struct client client = { .peer = peer_new(0) };
	void *payload = calloc(1, kind->size->bytes);
	double cost;
	long before;

	letter_init(&client.letter, child.said);
	letter_vec(&client.letter, payload, kind->size->bytes);
	letter_call(&client.letter);
	before = switches();
	cost = measure(&work, &client);
	switches_per_call = (double)(switches() - before) / (work.rounds * (BATCHES + 1.0));
	child_end(&child);
	peer_close(&client.peer);
	free(payload);
	return cost;
}

int main(void)
{
	double cost, plain = 0;

	bus_start();
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const struct call_kind kind = { .size = &sizes[i] };

		if (!wanted(sizes[i].key))
			continue;
		cost = best_of_starts(duplex, &kind);
		row(sizes[i].key, cost);
		if (i)
			continue;
		plain = cost;
		row("switches", switches_per_call);
	}
	if (wanted("metadata")) {
		const struct call_kind kind = { .size = &sizes[0], .receive = _KDBUS_ATTACH_ALL };

		row("metadata", best_of_starts(duplex, &kind) - plain);
	}
	return 0;
}
