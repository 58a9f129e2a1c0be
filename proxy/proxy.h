/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The proxy itself: one bus, one configuration, its clients. */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "proxy/config.h"
#include "proxy/refusal.h"
#include "proxy/starts.h"

#define PROXY_ID_BUCKETS 256
#define PROXY_SENDERS 16

struct client;
struct door;
struct reload;
struct watch;

/**
 * struct proxy - everything clients share
 *
 * @address:	of the bus
 * @scope:	"system" or "user"
 * @paths:	configuration files named on the command line, or NULL
 * @guid:	id of the bus, 32 hex digits
 * @owner:	uid of whoever made the bus
 * @description:	of clients' connections, or NULL for the proxy's own
 * @trusts:	no policy and no impersonation: the one client is our own caller
 * @config:	the configuration in force
 * @clients:	all that are connected, newest first
 * @dead:	those that left and wait to be freed outside of their callbacks
 * @n_hello:	of the clients, those that said Hello
 * @n_outside:	of the clients, those that the door keeps waiting
 * @n_freed:	clients that have gone since their memory was given back
 * @by_id:	those of @n_hello, by the low bits of their ids
 * @receiver:	id of the client that was sent something last, @n_sent messages in
 *		a row, till it has its turn
 * @disconnects: of users, by the low bits of their ids
 * @starts:	services that clients wait for
 * @senders:	the policy as recent native senders see it, oldest replaced
 */
struct proxy {
	sd_event *event;
	const char *address;
	const char *scope;
	char **paths;
	char guid[33];
	uid_t owner;
	const char *description;
	bool trusts;

	struct config *config;
	struct reload *reload;
	struct watch *watch;
	struct door *door;

	struct client *clients;
	struct client *dead;
	sd_event_source *reaper;
	size_t n_clients;
	size_t n_hello;
	size_t n_outside;
	size_t n_freed;
	struct client *by_id[PROXY_ID_BUCKETS];
	uint64_t receiver;
	int n_sent;
	struct starts starts;
	struct refusal_user disconnects[REFUSAL_USERS];
	struct policy_view *senders[PROXY_SENDERS];
	unsigned int last_sender;
};

/**
 * proxy_init() - learn about the bus
 * @proxy:	with @event, @address, @scope and @paths set, the rest zero
 *
 * Returns 0, -EPERM if connections for other users cannot be made, or why the
 * bus cannot be reached.
 */
int proxy_init(struct proxy *proxy);
void proxy_deinit(struct proxy *proxy);

/* The configuration, taken over, is in force from now on, for all clients. */
void proxy_set_config(struct proxy *proxy, struct config *config);

/* Is @uid one of those who may do what is not for everybody? */
bool proxy_is_privileged(const struct proxy *proxy, uid_t uid);

#endif /* PROXY_PROXY_H */
