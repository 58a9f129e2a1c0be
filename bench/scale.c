/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must not depend on how many others there are: taking and leaving a
 * name, coming and going, and a call by name; among 10 and among 10 000.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "bench/peer.h"

#define PER_USER 1000		/* connections; the limit is 1024 */
#define PER_OWNER 200		/* names; the limit is 256 */
#define SERVICE "org.example.Service"

/* A crowd stays until the program ends. */
static unsigned int n_conns, n_names;

static void crowd_of_conns(unsigned int n)
{
	for (; n_conns < n; n_conns++) {
		uid_t uid = 2000 + n_conns / PER_USER;

		MUST(setresuid(uid, uid, 0));
		peer_new_bare(4 * KIB);
		MUST(setresuid(0, 0, 0));
	}
}

static void crowd_of_names(unsigned int n)
{
	static struct peer owner;
	char name[64];

	for (; n_names < n; n_names++) {
		if (n_names % PER_OWNER == 0)
			owner = peer_new_bare(4 * KIB);
		snprintf(name, sizeof(name), "org.example.Crowd%u", n_names);
		name_acquire(&owner, name);
	}
}

static void take_and_leave(void *data)
{
	name_acquire(data, SERVICE);
	name_release(data, SERVICE);
}

static void come_and_go(void *data)
{
	struct kdbus_cmd byebye = { .size = sizeof(byebye) };
	struct peer peer = peer_new_bare(POOL_SIZE);

	(void)data;
	MUST(ioctl(peer.fd, KDBUS_CMD_BYEBYE, &byebye));
	close(peer.fd);
}

/* Answers each request with 64 bytes. */
static void serve(void *data)
{
	struct peer peer = peer_new(0);
	struct pollfd poll_fd = { .fd = peer.fd, .events = POLLIN };
	char text[64] = "";
	struct letter answer;

	(void)data;
	name_acquire(&peer, SERVICE);
	letter_init(&answer, 0);
	letter_vec(&answer, text, sizeof(text));
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

static double measure_call(const void *data)
{
	static const struct work calls = { .once = call, .rounds = 100 };
	static const char text[64];
	struct child child = child_start(serve, NULL);
	struct client client = { .peer = peer_new(0) };
	double cost;

	(void)data;
	letter_init(&client.letter, KDBUS_DST_ID_NAME);
	letter_name(&client.letter, SERVICE);
	letter_vec(&client.letter, text, sizeof(text));
	letter_call(&client.letter);
	cost = measure(&calls, &client);
	child_end(&child);
	peer_close(&client.peer);
	return cost;
}

static void measure_all(const char *names, const char *conns, const char *by_name, unsigned int n)
{
	static const struct work name_work = { .once = take_and_leave, .rounds = 200 };
	static const struct work conn_work = { .once = come_and_go, .rounds = 100 };
	struct peer peer = peer_new(0);

	if (wanted(names)) {
		crowd_of_names(n);
		row(names, measure(&name_work, &peer));
	}
	if (wanted(conns)) {
		crowd_of_conns(n);
		row(conns, measure(&conn_work, NULL));
	}
	if (wanted(by_name)) {
		crowd_of_names(n);
		crowd_of_conns(n);
		row(by_name, best_of_starts(measure_call, NULL));
	}
	peer_close(&peer);
}

int main(void)
{
	bus_start();
	measure_all("names-10", "conns-10", "by-name-10", 10);
	measure_all("names-10k", "conns-10k", "by-name-10k", 10000);
	return 0;
}
