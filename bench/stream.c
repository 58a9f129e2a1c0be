/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An echo between two processes over what every Unix has: a pair of
 * SOCK_SEQPACKET sockets, and two pipes. The socket's echo of 64 bytes is the
 * unit of the whole table.
 */
#include <sys/socket.h>

#include "bench/util.h"

struct ends {
	int in, out;
};

struct echo {
	struct ends client, service;
	size_t size;
	char *bytes;
	bool stream;		/* no boundaries: may come in pieces */
};

static void take(const struct echo *echo, const struct ends *ends)
{
	size_t done = 0;

	if (!echo->stream) {
		MUST(recv(ends->in, echo->bytes, echo->size, 0));
		return;
	}
	while (done < echo->size)
		done += MUST(read(ends->in, echo->bytes + done, echo->size - done));
}

static void give(const struct echo *echo, const struct ends *ends)
{
	if (echo->stream)
		MUST(write(ends->out, echo->bytes, echo->size));
	else
		MUST(send(ends->out, echo->bytes, echo->size, 0));
}

static void serve(void *data)
{
	const struct echo *echo = data;

	child_says(1);
	for (;;) {
		take(echo, &echo->service);
		give(echo, &echo->service);
	}
}

static void call(void *data)
{
	const struct echo *echo = data;

	give(echo, &echo->client);
	take(echo, &echo->client);
}

static void sockets_new(struct echo *echo)
{
	int size = MIB, fds[2];

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
	for (int i = 0; i < 2; i++)
		MUST(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)));
	echo->client = (struct ends){ fds[0], fds[0] };
	echo->service = (struct ends){ fds[1], fds[1] };
}

static void pipes_new(struct echo *echo)
{
	int there[2], back[2];

	MUST(pipe(there));
	MUST(pipe(back));
	echo->client = (struct ends){ back[0], there[1] };
	echo->service = (struct ends){ there[0], back[1] };
	echo->stream = true;
}

static const struct way {
	const char *key;
	void (*make)(struct echo *echo);
	size_t size;
	unsigned int rounds;
} ways[] = {
	{ "unix-64",	sockets_new,	64,		100 },
	{ "unix-4k",	sockets_new,	4 * KIB,	100 },
	{ "unix-64k",	sockets_new,	64 * KIB,	50 },
	{ "pipe-64",	pipes_new,	64,		100 },
	{ "pipe-4k",	pipes_new,	4 * KIB,	100 },
	{ "pipe-64k",	pipes_new,	64 * KIB,	50 },
};

static double measure_way(const void *data)
{
	const struct way *way = data;
	const struct work work = { .once = call, .rounds = way->rounds };
	struct echo echo = { .size = way->size, .bytes = calloc(1, way->size) };
	struct child child;
	double cost;

	way->make(&echo);
	child = child_start(serve, &echo);
	cost = measure(&work, &echo);
	child_end(&child);
	return cost;
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (wanted(ways[i].key))
			row(ways[i].key, best_of_starts(measure_way, &ways[i]));
	}
	return 0;
}
