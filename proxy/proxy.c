/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The proxy itself: one bus, one configuration, its clients. */

#include <errno.h>
#include <malloc.h>
#include <unistd.h>

#include "lib/conn.h"
#include "lib/log.h"
#include "proxy/client.h"
#include "proxy/door.h"
#include "proxy/proxy.h"
#include "proxy/reload.h"
#include "proxy/watch.h"

/* clients whose memory is worth a look at all of it when they have gone */
#define CROWD_SIZE 64

/*
 * Says hello once as if for somebody else: that shows whether we may, and what
 * bus this is.  The connection is closed again, clients bring their own.
 */
static int proxy_probe(struct proxy *proxy)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	const struct kdbus_creds creds = {
		.uid = getuid(),
		.euid = getuid(),
		.suid = KB_ID_UNSET,
		.fsuid = KB_ID_UNSET,
		.gid = KB_ID_UNSET,
		.egid = getgid(),
		.sgid = KB_ID_UNSET,
		.fsgid = KB_ID_UNSET,
	};
	struct kb_info info;
	int r;

	options.description = "kdbus-proxy";
	options.pool_size = sysconf(_SC_PAGESIZE) * 16;
	if (!proxy->trusts)
		options.creds = &creds;
	r = kb_conn_open(proxy->address, &options, &conn);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(conn->bus_id); i++)
		snprintf(proxy->guid + 2 * i, 3, "%02x", conn->bus_id[i]);

	r = kb_conn_creator_info(conn, KDBUS_ATTACH_CREDS, &info);
	if (r < 0)
		return r;
	proxy->owner = info.meta.creds ? (uid_t)info.meta.creds->euid :
					 (uid_t)-1;
	kb_info_deinit(&info);
	return 0;
}

static int on_reap(sd_event_source *source, void *userdata)
{
	struct proxy *proxy = userdata;

	(void)source;
	while (proxy->dead) {
		struct client *client = proxy->dead;

		proxy->dead = client->next;
		client_free(client);
		proxy->n_freed++;
	}
	/* a crowd has gone: those who came between its members pin its memory */
	if (proxy->n_freed >= CROWD_SIZE) {
		proxy->n_freed = 0;
		malloc_trim(0);
	}
	door_update(proxy);
	/* without a door there will be no more */
	if (proxy->n_clients == 0 && !proxy->door)
		return sd_event_exit(proxy->event, 0);
	return 0;
}

int proxy_init(struct proxy *proxy)
{
	int r;

	r = proxy_probe(proxy);
	if (r < 0)
		return r;
	r = sd_event_add_defer(proxy->event, &proxy->reaper, on_reap, proxy);
	if (r >= 0)
		r = sd_event_source_set_enabled(proxy->reaper, SD_EVENT_OFF);
	if (r < 0)
		return r;
	r = config_load(proxy->scope, proxy->paths, proxy->owner,
			&proxy->config);
	if (r >= 0)
		r = reload_new(proxy, &proxy->reload);
	if (r < 0 || proxy->trusts)
		return r;
	reload_settle_later(proxy->reload);
	return watch_new(proxy, &proxy->watch);
}

static void proxy_forget_senders(struct proxy *proxy)
{
	for (size_t i = 0; i < PROXY_SENDERS; i++)
		proxy->senders[i] = policy_view_unref(proxy->senders[i]);
}

void proxy_deinit(struct proxy *proxy)
{
	proxy->door = door_close(proxy->door);
	while (proxy->clients)
		client_close(proxy->clients);
	while (proxy->dead) {
		struct client *client = proxy->dead;

		proxy->dead = client->next;
		client_free(client);
	}
	proxy->watch = watch_free(proxy->watch);
	proxy->reload = reload_free(proxy->reload);
	proxy->reaper = sd_event_source_disable_unref(proxy->reaper);
	proxy_forget_senders(proxy);
	starts_deinit(&proxy->starts);
	proxy->config = config_free(proxy->config);
	stream_forget_spare();
}

void proxy_set_config(struct proxy *proxy, struct config *config)
{
	proxy_forget_senders(proxy);
	config_free(proxy->config);
	proxy->config = config;
	for (struct client *c = proxy->clients; c; c = c->next)
		if (c->state == CLIENT_ACTIVE && client_update_view(c) < 0)
			kb_log(LOG_ERR, "A client keeps the old policy");
	if (proxy->watch)
		watch_update(proxy->watch);
	kb_log(LOG_INFO, "The configuration was read again");
}

bool proxy_is_privileged(const struct proxy *proxy, uid_t uid)
{
	return proxy->trusts || uid == 0 || uid == proxy->owner;
}
