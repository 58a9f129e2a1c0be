/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The listening sockets: who comes in, and when nobody does any more. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "proxy/client.h"
#include "proxy/door.h"
#include "proxy/proxy.h"
#include "proxy/pump.h"
#include "proxy/record.h"

/* pause after the process ran out of descriptors */
#define PAUSE_USEC 500000

/* a crowd is told of once in so long */
#define QUIET_NS (5 * KB_NSEC_PER_SEC)

/* clients taken in before others get their turn */
#define ROUND 16

/* clients that are not spoken to yet, of all users; more wait in the socket's queue */
#define OUTSIDE_MAX 1024

/* one of them */
struct socket {
	int fd;
	sd_event_source *io;
};

/**
 * struct door - the listening sockets
 *
 * They belong to the service manager, which keeps them when we leave: a client
 * that knocks then waits for the next of us.
 *
 * @pause:	runs while nobody can be taken in for want of resources
 * @idle:	runs while there are no clients
 */
struct door {
	struct proxy *proxy;
	struct socket *sockets;
	size_t n_sockets;
	uint64_t idle_usec;
	sd_event_source *pause;
	sd_event_source *idle;
	bool is_idle;
	uint64_t quiet_until_ns;
	uint64_t away_quiet_until_ns;
};

static bool source_is_on(sd_event_source *source)
{
	int enabled = SD_EVENT_OFF;

	(void)sd_event_source_get_enabled(source, &enabled);
	return enabled != SD_EVENT_OFF;
}

/* Some who did not say Hello yet are fine, a crowd of them is an attack. */
static bool door_is_crowded(const struct door *door)
{
	const struct proxy *proxy = door->proxy;

	return proxy->n_clients - proxy->n_outside - proxy->n_hello >=
	       proxy->config->limits.max_incomplete_connections;
}

static bool door_is_full(const struct door *door)
{
	return door->proxy->n_outside >= OUTSIDE_MAX;
}

/* Clients of a user that did not say Hello: the one half, or the other. */
static size_t door_count(const struct door *door, uid_t uid, bool is_outside)
{
	size_t n = 0;

	for (struct client *c = door->proxy->clients; c; c = c->next)
		n += !c->conn && c->peer.uid == uid &&
		     c->is_outside == is_outside;
	return n;
}

/*
 * Whom a crowd keeps outside is accepted and not spoken to, so that nobody has
 * to wait behind it in the socket's queue.  The first of a user is always let in:
 * however slow others are to say Hello, they are in the way of nobody but
 * themselves.
 */
static bool door_lets_in(const struct door *door, const struct client *client)
{
	return !door_is_crowded(door) ||
	       door_count(door, client->peer.uid, false) == 0;
}

static void door_enter(struct door *door, struct client *client)
{
	int r;

	client->is_outside = false;
	door->proxy->n_outside--;
	r = pump_start(client);
	if (r < 0)
		kb_log_errno(LOG_WARNING, r, "Cannot take a client in");
}

/* There may be thousands of them: one line for all. */
static void door_turn_away(struct door *door, struct client *client,
			   uint64_t max)
{
	uint64_t now = kb_now_ns();

	if (now >= door->away_quiet_until_ns)
		refusal_disconnect_limit(
			client, "max_connections_per_user", max,
			"too many of its user wait to come in");
	door->away_quiet_until_ns = now + QUIET_NS;
	client_close(client);
}

static void door_arrive(struct door *door, struct client *client)
{
	uint64_t max = door->proxy->config->limits.max_connections_per_user;

	client->is_outside = true;
	door->proxy->n_outside++;
	if (door_lets_in(door, client))
		door_enter(door, client);
	else if (door_count(door, client->peer.uid, true) > max)
		door_turn_away(door, client, max);
}

/* Those who wait outside, the first to come first, and each user once if in vain. */
static void door_call_in(struct door *door)
{
	struct client *client = door->proxy->clients, *later;
	uid_t in_vain = (uid_t)-1;

	if (door->proxy->n_outside == 0)
		return;
	while (client->next)
		client = client->next;
	for (; client; client = later) {
		later = client->previous;
		if (!client->is_outside || client->peer.uid == in_vain)
			continue;
		if (door_lets_in(door, client))
			door_enter(door, client);
		else
			in_vain = client->peer.uid;
	}
}

/* 1 if somebody came in, 0 if nobody waits */
static int door_accept(struct door *door, int socket)
{
	struct client *client;
	int fd, r;

	fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return errno == EAGAIN ? 0 :
		       errno == ECONNABORTED || errno == EINTR ? 1 :
								 -errno;
	r = client_new(door->proxy, fd, fd, &client);
	if (r < 0)
		kb_log_errno(LOG_WARNING, r, "Cannot take a client in");
	else
		door_arrive(door, client);
	return 1;
}

static void door_enable(struct door *door, bool on)
{
	for (size_t i = 0; i < door->n_sockets; i++)
		sd_event_source_set_enabled(door->sockets[i].io,
					    on ? SD_EVENT_ON : SD_EVENT_OFF);
}

/* Out of descriptors the sockets would stay readable: look away for a while. */
static void door_pause(struct door *door, int r)
{
	kb_log_errno(LOG_WARNING, r, "Cannot accept clients for now");
	door_enable(door, false);
	sd_event_source_set_time_relative(door->pause, PAUSE_USEC);
	sd_event_source_set_enabled(door->pause, SD_EVENT_ONESHOT);
}

static int on_door(sd_event_source *source, int fd, uint32_t events,
		   void *userdata)
{
	struct door *door = userdata;
	int r = 1;

	(void)source;
	(void)events;
	for (int i = 0; r > 0 && i < ROUND && !door_is_full(door); i++)
		r = door_accept(door, fd);
	if (r < 0)
		door_pause(door, r);
	door_update(door->proxy);
	return 0;
}

static int on_pause(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct door *door = userdata;

	(void)source;
	(void)usec;
	door_update(door->proxy);
	return 0;
}

/* One last look outside, so that nobody finds us leaving. */
static int on_idle(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct door *door = userdata;

	(void)source;
	(void)usec;
	door->is_idle = false;
	for (size_t i = 0; i < door->n_sockets; i++)
		if (door->proxy->n_clients == 0)
			(void)door_accept(door, door->sockets[i].fd);
	if (door->proxy->n_clients > 0) {
		door_update(door->proxy);
		return 0;
	}
	kb_log(LOG_DEBUG, "Nobody is here");
	sd_notify(0, "STOPPING=1");
	return sd_event_exit(door->proxy->event, 0);
}

static void door_update_idle(struct door *door)
{
	bool is_idle = door->proxy->n_clients == 0 && door->idle_usec > 0;

	if (is_idle == door->is_idle)
		return;
	door->is_idle = is_idle;
	if (is_idle)
		sd_event_source_set_time_relative(door->idle, door->idle_usec);
	sd_event_source_set_enabled(door->idle, is_idle ? SD_EVENT_ONESHOT :
							  SD_EVENT_OFF);
}

/* Nobody in particular is refused: those of their users who come wait outside. */
static void door_tell_crowd(struct door *door)
{
	uint64_t max = door->proxy->config->limits.max_incomplete_connections;
	uint64_t now = kb_now_ns();
	struct record record = { 0 };

	if (now < door->quiet_until_ns)
		return;
	door->quiet_until_ns = now + QUIET_NS;
	record_text(&record, "KDBUS_REFUSAL", "limit");
	record_text(&record, "KDBUS_LIMIT", "max_incomplete_connections");
	record_add(&record, "KDBUS_LIMIT_VALUE=%" PRIu64, max);
	record_text(&record, "KDBUS_REMEDY",
		    "Set <limit name=\"max_incomplete_connections\"> in the bus's configuration");
	kb_log_fields(LOG_WARNING, (const char *const *)record.fields,
		      "%" PRIu64 " clients have not said Hello; others wait",
		      max);
	record_deinit(&record);
}

void door_update(struct proxy *proxy)
{
	struct door *door = proxy->door;

	if (!door)
		return;
	door_call_in(door);
	if (!source_is_on(door->pause))
		door_enable(door, !door_is_full(door));
	if (door_is_crowded(door))
		door_tell_crowd(door);
	door_update_idle(door);
}

static int door_add_sockets(struct door *door, const int *fds, size_t n_fds)
{
	int r = 0;

	door->sockets = calloc(n_fds, sizeof(*door->sockets));
	if (!door->sockets) {
		for (size_t i = 0; i < n_fds; i++)
			close(fds[i]);
		return -ENOMEM;
	}
	door->n_sockets = n_fds;
	for (size_t i = 0; i < n_fds; i++)
		door->sockets[i].fd = fds[i];
	for (size_t i = 0; i < n_fds && r >= 0; i++)
		r = sd_event_add_io(door->proxy->event, &door->sockets[i].io,
				    fds[i], EPOLLIN, on_door, door);
	return r;
}

static int door_add_timer(struct door *door, sd_event_source **out,
			  sd_event_time_handler_t handler)
{
	int r;

	r = sd_event_add_time(door->proxy->event, out, CLOCK_MONOTONIC, 0, 0,
			      handler, door);
	return r < 0 ? r : sd_event_source_set_enabled(*out, SD_EVENT_OFF);
}

int door_open(struct proxy *proxy, const int *fds, size_t n_fds,
	      uint64_t idle_sec)
{
	struct door *door = calloc(1, sizeof(*door));
	int r;

	if (!door) {
		for (size_t i = 0; i < n_fds; i++)
			close(fds[i]);
		return -ENOMEM;
	}
	door->proxy = proxy;
	door->idle_usec = idle_sec * 1000000;
	r = door_add_sockets(door, fds, n_fds);
	if (r >= 0)
		r = door_add_timer(door, &door->pause, on_pause);
	if (r >= 0)
		r = door_add_timer(door, &door->idle, on_idle);
	if (r < 0) {
		door_close(door);
		return r;
	}
	proxy->door = door;
	door_update(proxy);
	return 0;
}

struct door *door_close(struct door *door)
{
	if (!door)
		return NULL;
	for (size_t i = 0; i < door->n_sockets; i++) {
		sd_event_source_disable_unref(door->sockets[i].io);
		kb_close(door->sockets[i].fd);
	}
	free(door->sockets);
	sd_event_source_disable_unref(door->pause);
	sd_event_source_disable_unref(door->idle);
	free(door);
	return NULL;
}
