/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The listening socket: who comes in, and when nobody does any more. */

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "lib/log.h"
#include "lib/util.h"
#include "proxy/client.h"
#include "proxy/door.h"
#include "proxy/proxy.h"
#include "proxy/pump.h"

/* pause after the process ran out of descriptors */
#define PAUSE_USEC 500000

/* clients taken in before others get their turn */
#define ROUND 16

/**
 * struct door - a listening socket
 *
 * The socket belongs to the service manager, which keeps it when we leave: a
 * client that knocks then waits for the next of us.
 *
 * @pause:	runs while nobody can be taken in for want of resources
 * @idle:	runs while there are no clients
 */
struct door {
	struct proxy *proxy;
	int fd;
	uint64_t idle_usec;
	sd_event_source *io;
	sd_event_source *pause;
	sd_event_source *idle;
	bool is_idle;
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

	return proxy->n_clients - proxy->n_hello >=
	       proxy->config->limits.max_incomplete_connections;
}

/* 1 if somebody came in, 0 if nobody waits */
static int door_accept(struct door *door)
{
	struct client *client;
	int fd, r;

	fd = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return errno == EAGAIN ? 0 :
		       errno == ECONNABORTED || errno == EINTR ? 1 :
								 -errno;
	r = client_new(door->proxy, fd, fd, &client);
	if (r == 0)
		r = pump_start(client);
	if (r < 0)
		kb_log_errno(LOG_WARNING, r, "Cannot take a client in");
	return 1;
}

/* Out of descriptors the socket would stay readable: look away for a while. */
static void door_pause(struct door *door, int r)
{
	kb_log_errno(LOG_WARNING, r, "Cannot accept clients for now");
	sd_event_source_set_enabled(door->io, SD_EVENT_OFF);
	sd_event_source_set_time_relative(door->pause, PAUSE_USEC);
	sd_event_source_set_enabled(door->pause, SD_EVENT_ONESHOT);
}

static int on_door(sd_event_source *source, int fd, uint32_t events,
		   void *userdata)
{
	struct door *door = userdata;
	int r = 1;

	(void)source;
	(void)fd;
	(void)events;
	for (int i = 0; r > 0 && i < ROUND && !door_is_crowded(door); i++)
		r = door_accept(door);
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
	if (door->proxy->n_clients == 0)
		(void)door_accept(door);
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

void door_update(struct proxy *proxy)
{
	struct door *door = proxy->door;

	if (!door)
		return;
	if (!source_is_on(door->pause))
		sd_event_source_set_enabled(door->io, door_is_crowded(door) ?
							      SD_EVENT_OFF :
							      SD_EVENT_ON);
	door_update_idle(door);
}

int door_open(struct proxy *proxy, int fd, uint64_t idle_sec)
{
	struct door *door = calloc(1, sizeof(*door));
	int r;

	if (!door) {
		kb_close(fd);
		return -ENOMEM;
	}
	door->proxy = proxy;
	door->fd = fd;
	door->idle_usec = idle_sec * 1000000;
	r = sd_event_add_io(proxy->event, &door->io, fd, EPOLLIN, on_door,
			    door);
	if (r >= 0)
		r = sd_event_add_time(proxy->event, &door->pause,
				      CLOCK_MONOTONIC, 0, 0, on_pause, door);
	if (r >= 0)
		r = sd_event_source_set_enabled(door->pause, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(proxy->event, &door->idle,
				      CLOCK_MONOTONIC, 0, 0, on_idle, door);
	if (r >= 0)
		r = sd_event_source_set_enabled(door->idle, SD_EVENT_OFF);
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
	sd_event_source_disable_unref(door->io);
	sd_event_source_disable_unref(door->pause);
	sd_event_source_disable_unref(door->idle);
	kb_close(door->fd);
	free(door);
	return NULL;
}
