/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel's free memory shows, in KiB: a thousand connections that
 * have been used and are idle, and a message of 1 MiB while it waits and when
 * it was given back.
 */
#include <fcntl.h>

#include "bench/peer.h"

#define CONNS 1000
#define MESSAGES 8

/* The sum of the numbers after @key in a file of the kernel. */
static double sum_of(const char *path, const char *key)
{
	double sum = 0;
	char line[256];
	FILE *f = fopen(path, "re");

	if (!f)
		die(__FILE__, __LINE__, path);
	while (fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, key);

		if (at)
			sum += atof(at + strlen(key));
	}
	fclose(f);
	return sum;
}

/*
 * With all given back that may be. Each processor keeps pages at hand, which
 * count as used; they are free all the same.
 */
static double free_kib(void)
{
	int fd = MUST(open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC));

	MUST(write(fd, "3", 1));
	close(fd);
	usleep(200000);	/* what RCU still holds */
	return sum_of("/proc/meminfo", "MemFree:") + 4 * sum_of("/proc/zoneinfo", " count:");
}

/* A connection that has received a message once. */
static struct peer used_peer(const struct peer *from)
{
	static const char text[64];
	struct peer peer = peer_new_bare(POOL_SIZE);
	struct letter letter;

	letter_init(&letter, peer.id);
	letter_vec(&letter, text, sizeof(text));
	letter_send(from, &letter);
	peer_free(&peer, peer_receive(&peer));
	return peer;
}

static void measure_conns(const struct peer *from)
{
	static struct peer peers[CONNS];
	double before;

	/* the first ones pay for slabs that the rest shares */
	for (int i = 0; i < 20; i++)
		used_peer(from);
	before = free_kib();
	for (int i = 0; i < CONNS; i++)
		peers[i] = used_peer(from);
	row("memory-conns", before - free_kib());
	for (int i = 0; i < CONNS; i++)
		peer_close(&peers[i]);
}

static void measure_message(const struct peer *from)
{
	struct peer to = peer_new(0);
	uint64_t offsets[MESSAGES];
	struct letter letter;
	void *payload = malloc(MIB);
	double before;

	memset(payload, 1, MIB);
	letter_init(&letter, to.id);
	letter_vec(&letter, payload, MIB);
	letter_send(from, &letter);
	peer_free(&to, peer_receive(&to));
	before = free_kib();
	for (int i = 0; i < MESSAGES; i++) {
		letter_send(from, &letter);
		offsets[i] = peer_receive(&to);
	}
	row("memory-1m", (before - free_kib()) / MESSAGES);
	for (int i = 0; i < MESSAGES; i++)
		peer_free(&to, offsets[i]);
	row("memory-1m-freed", (before - free_kib()) / MESSAGES);
	peer_close(&to);
}

int main(void)
{
	struct peer from;

	bus_start();
	from = peer_new(0);
	if (wanted("memory-conns"))
		measure_conns(&from);
	if (wanted("memory-1m"))
		measure_message(&from);
	return 0;
}
