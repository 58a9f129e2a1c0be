/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The steps of a message with 64 bytes one by one, nobody waiting: sent, taken
 * and given back. Beside it the two steps of a socket.
 */
#include <sys/socket.h>

#include "bench/peer.h"

#define BATCH 100
#define SIZE 64

struct pair {
	struct peer from, to;
	struct letter letter;
	uint64_t offsets[BATCH];
	int sockets[2];
	char text[SIZE];
};

/* A step does one message; it is timed over a batch of them. */
typedef void (*step)(struct pair *pair, unsigned int i);

static void do_send(struct pair *pair, unsigned int i)
{
	(void)i;
	letter_send(&pair->from, &pair->letter);
}

static void do_receive(struct pair *pair, unsigned int i)
{
	pair->offsets[i] = peer_receive(&pair->to);
}

static void do_free(struct pair *pair, unsigned int i)
{
	peer_free(&pair->to, pair->offsets[i]);
}

static void do_unix_send(struct pair *pair, unsigned int i)
{
	(void)i;
	MUST(send(pair->sockets[0], pair->text, SIZE, 0));
}

static void do_unix_receive(struct pair *pair, unsigned int i)
{
	(void)i;
	MUST(recv(pair->sockets[1], pair->text, SIZE, 0));
}

static double time_step(struct pair *pair, step step, bool mark)
{
	uint64_t begin = now_ns();

	if (mark)
		mark_begin();
	for (unsigned int i = 0; i < BATCH; i++) {
		mark_round();
		step(pair, i);
	}
	if (mark)
		mark_end();
	return (double)(now_ns() - begin) / BATCH;
}

/* Prints a row for each of @n steps that follow each other. */
static void measure_steps(struct pair *pair, const step *steps, const char *const *keys, size_t n)
{
	double values[BATCHES];

	for (size_t measured = 0; measured < n; measured++) {
		if (!wanted(keys[measured]))
			continue;
		for (int b = -2; b < BATCHES; b++) {
			for (size_t s = 0; s < n; s++) {
				double took = time_step(pair, steps[s], s == measured);

				if (b >= 0 && s == measured)
					values[b] = took;
			}
		}
		row(keys[measured], median(values, BATCHES));
	}
}

int main(void)
{
	static const step ours[] = { do_send, do_receive, do_free };
	static const char *const our_keys[] = { "send", "receive", "free" };
	static const step sockets[] = { do_unix_send, do_unix_receive };
	static const char *const socket_keys[] = { "unix-send", "unix-receive" };
	static struct pair pair;

	bus_start();
	pair.from = peer_new(0);
	pair.to = peer_new(0);
	letter_init(&pair.letter, pair.to.id);
	letter_vec(&pair.letter, pair.text, SIZE);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair.sockets));
	measure_steps(&pair, ours, our_keys, ARRAY_SIZE(ours));
	measure_steps(&pair, sockets, socket_keys, ARRAY_SIZE(sockets));
	return 0;
}
