// SPDX-License-Identifier: LGPL-2.1-or-later
/* A proxy for one client of our own process, in a thread. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "proxy/bridge.h"
#include "proxy/client.h"
#include "proxy/proxy.h"
#include "proxy/pump.h"

/* What a message of D-Bus may have at most. */
#define MESSAGE_MAX (UINT64_C(127) << 20)
#define FDS_MAX 253

/**
 * struct bridge - the thread and what it works with
 * @proxy:	the thread's, once there is one
 * @address:	the proxy has borrowed it
 * @fd:		a second descriptor of the socket, to end the thread with
 * @pid:	of the process that has the thread
 */
struct bridge {
	struct proxy proxy;
	char *address;
	int fd;
	pid_t pid;
	pthread_t thread;
};

static void *bridge_run(void *userdata)
{
	struct bridge *bridge = userdata;

	(void)sd_event_loop(bridge->proxy.event);
	proxy_deinit(&bridge->proxy);
	bridge->proxy.event = sd_event_unref(bridge->proxy.event);
	/* @fd is still open: so the client would wait for ever */
	(void)shutdown(bridge->fd, SHUT_RDWR);
	return NULL;
}

/* Signals are for the threads of the program, SIGPIPE for none. */
static int bridge_start(struct bridge *bridge)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&bridge->thread, NULL, bridge_run, bridge);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return -r;
	(void)pthread_setname_np(bridge->thread, "kdbus-bridge");
	return 0;
}

/* The client is the program itself, which we need not be protected from. */
static void bridge_set_limits(struct limits *limits)
{
	limits->max_message_size = MESSAGE_MAX;
	limits->max_message_unix_fds = FDS_MAX;
	limits->max_incoming_unix_fds = FDS_MAX;
	limits->max_outgoing_unix_fds = FDS_MAX;
	limits->max_replies_per_connection = INT32_MAX;
	/* it may well begin to use its bus a while after it has opened it */
	limits->auth_timeout = 0;
}

static int bridge_init(struct bridge *bridge, const char *address, int *fd)
{
	struct client *client;
	int r;

	bridge->address = strdup(address);
	if (!bridge->address)
		return -ENOMEM;
	bridge->fd = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (bridge->fd < 0)
		return -errno;
	bridge->proxy = (struct proxy){
		.address = bridge->address,
		.scope = "user",
		.trusts = true,
		.description = program_invocation_short_name,
	};
	r = sd_event_new(&bridge->proxy.event);
	if (r >= 0)
		r = proxy_init(&bridge->proxy);
	if (r < 0)
		return r;
	bridge_set_limits(&bridge->proxy.config->limits);
	r = client_new(&bridge->proxy, *fd, *fd, &client);
	*fd = -1;
	return r < 0 ? r : pump_start(client);
}

static struct bridge *bridge_free(struct bridge *bridge)
{
	if (bridge->proxy.event)
		proxy_deinit(&bridge->proxy);
	sd_event_unref(bridge->proxy.event);
	kb_close(bridge->fd);
	free(bridge->address);
	free(bridge);
	return NULL;
}

int bridge_open(const char *address, int fd, struct bridge **out)
{
	_cleanup_(kb_closep) int own = fd;
	struct bridge *bridge = calloc(1, sizeof(*bridge));
	int r;

	if (!bridge)
		return -ENOMEM;
	bridge->fd = -1;
	bridge->pid = getpid();
	r = bridge_init(bridge, address, &own);
	if (r >= 0)
		r = bridge_start(bridge);
	if (r < 0) {
		bridge_free(bridge);
		return r;
	}
	*out = bridge;
	return 0;
}

/*
 * Nothing more can be read then, but what was sent; after that the client has
 * hung up, and the thread, which has no other, ends.
 */
struct bridge *bridge_close(struct bridge *bridge)
{
	if (bridge->pid != getpid()) {
		kb_close(bridge->fd);
		return NULL;
	}
	(void)shutdown(bridge->fd, SHUT_RD);
	(void)pthread_join(bridge->thread, NULL);
	return bridge_free(bridge);
}
