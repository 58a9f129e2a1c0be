/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One dbus1 client: its socket, its connection to the bus, what it is owed. */

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lib/conn.h"
#include "proxy/client.h"
#include "proxy/proxy.h"
#include "proxy/reload.h"

/* bytes of the pool that a client may be given back late */
#define KEEP_SLICE 4096

/* life */

static void client_link(struct client *client)
{
	struct proxy *proxy = client->proxy;

	client->next = proxy->clients;
	if (client->next)
		client->next->previous = client;
	proxy->clients = client;
	proxy->n_clients++;
}

static void client_unlink(struct client *client)
{
	struct proxy *proxy = client->proxy;

	if (client->previous)
		client->previous->next = client->next;
	else
		proxy->clients = client->next;
	if (client->next)
		client->next->previous = client->previous;
	client->previous = client->next = NULL;
	proxy->n_clients--;
	proxy->n_outside -= client->is_outside;
	client->is_outside = false;
}

int client_new(struct proxy *proxy, int in_fd, int out_fd,
	       struct client **out_client)
{
	struct client *client = calloc(1, sizeof(*client));
	int r;

	if (!client) {
		if (out_fd != in_fd)
			kb_close(out_fd);
		kb_close(in_fd);
		return -ENOMEM;
	}
	client->proxy = proxy;
	stream_init(&client->stream, in_fd, out_fd);
	if (client->stream.is_socket && in_fd == out_fd)
		r = peer_init(&client->peer, in_fd);
	else
		r = peer_init_self(&client->peer);
	client->auth = malloc(sizeof(*client->auth));
	if (r == 0 && !client->auth)
		r = -ENOMEM;
	if (r < 0) {
		client_free(client);
		return r;
	}

	auth_init(client->auth, proxy->guid, client->peer.uid);
	client->auth->trust_anyone = proxy->trusts;
	client->auth->may_pass_fds = client->stream.is_socket;
	client_link(client);
	*out_client = client;
	return 0;
}

struct client *client_free(struct client *client)
{
	if (!client)
		return NULL;
	sd_event_source_unref(client->io_in);
	sd_event_source_unref(client->io_out);
	sd_event_source_unref(client->io_bus);
	sd_event_source_unref(client->behind);
	sd_event_source_unref(client->timer);
	matches_deinit(&client->matches);
	names_deinit(&client->names);
	ledger_deinit(&client->asked);
	ledger_deinit(&client->waiting);
	ledger_deinit(&client->owed);
	backlog_deinit(&client->backlog);
	stream_deinit(&client->stream);
	policy_view_unref(client->view);
	kb_conn_unref(client->conn);
	peer_deinit(&client->peer);
	free(client->auth);
	free(client);
	return NULL;
}

void client_close(struct client *client)
{
	struct proxy *proxy = client->proxy;

	if (client->state == CLIENT_DEAD)
		return;
	refusals_deinit(client);
	client_leave(client);
	client->state = CLIENT_DEAD;
	client->io_in = sd_event_source_disable_unref(client->io_in);
	client->io_out = sd_event_source_disable_unref(client->io_out);
	client->behind = sd_event_source_disable_unref(client->behind);
	client->timer = sd_event_source_disable_unref(client->timer);
	stream_close(&client->stream);

	/* whoever called may still look at us and at what we read */
	client_unlink(client);
	client->next = proxy->dead;
	proxy->dead = client;
	/* fails only after the end of the loop, when all are freed anyway */
	(void)sd_event_source_set_enabled(proxy->reaper, SD_EVENT_ONESHOT);
}

void client_close_gently(struct client *client)
{
	if (client->state >= CLIENT_CLOSING)
		return;
	client_leave(client);
	client->state = CLIENT_CLOSING;
}

/* connections by id */

static struct client **client_bucket(const struct proxy *proxy, uint64_t id)
{
	return (struct client **)&proxy->by_id[id % PROXY_ID_BUCKETS];
}

struct client *client_find(const struct proxy *proxy, uint64_t id)
{
	struct client *client = *client_bucket(proxy, id);

	while (client && client->conn->id != id)
		client = client->next_by_id;
	return client;
}

/* on the bus */

/* Ids that are not known are left open; so the kernel fills in nothing. */
static void client_creds(const struct client *client, struct kdbus_creds *creds)
{
	*creds = (struct kdbus_creds){
		.uid = client->peer.uid,
		.euid = client->peer.uid,
		.suid = KB_ID_UNSET,
		.fsuid = KB_ID_UNSET,
		.gid = KB_ID_UNSET,
		.egid = client->peer.gid,
		.sgid = KB_ID_UNSET,
		.fsgid = KB_ID_UNSET,
	};
}

int client_hello(struct client *client, uint64_t flags,
		 struct kb_conn **out_conn)
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	struct kdbus_pids pids = { .pid = client->peer.pid };
	struct kdbus_creds creds;
	int r;

	options.flags = flags;
	if (client->stream.may_pass_fds && !(flags & KDBUS_HELLO_MONITOR))
		options.flags |= KDBUS_HELLO_ACCEPT_FD;
	/* what the policy asks about a sender */
	options.attach_recv = KDBUS_ATTACH_NAMES | KDBUS_ATTACH_CREDS |
			      KDBUS_ATTACH_AUXGROUPS;
	options.description = client->proxy->description ?: "kdbus-proxy";
	if (client->proxy->trusts)
		return kb_conn_open(client->proxy->address, &options, out_conn);

	client_creds(client, &creds);
	options.creds = &creds;
	options.pids = &pids;
	options.seclabel = client->peer.label;
	r = kb_conn_open(client->proxy->address, &options, out_conn);
	if (r == -EINVAL && pids.pid) {
		/* whoever connected the socket has gone and left it to others */
		pids.pid = 0;
		r = kb_conn_open(client->proxy->address, &options, out_conn);
	}
	/* in a child that is asked for names the connection would live on */
	if (r == 0)
		(void)madvise((void *)(*out_conn)->pool.map,
			      (*out_conn)->pool.size, MADV_DONTFORK);
	return r;
}

void client_join(struct client *client, struct kb_conn *conn)
{
	struct client **bucket = client_bucket(client->proxy, conn->id);

	client->conn = conn;
	if (!(conn->flags & KDBUS_HELLO_MONITOR)) {
		conn->answer_broken = true;
		kb_conn_keep_slice(conn, KEEP_SLICE);
	}
	client->next_by_id = *bucket;
	*bucket = client;
	client->proxy->n_hello++;
	client->n_dropped = 0;
	client->state = CLIENT_ACTIVE;
}

void client_leave(struct client *client)
{
	struct client **link;

	if (!client->conn)
		return;
	reload_forget(client->proxy->reload, client);
	link = client_bucket(client->proxy, client->conn->id);
	while (*link != client)
		link = &(*link)->next_by_id;
	*link = client->next_by_id;
	client->proxy->n_hello--;

	client->io_bus = sd_event_source_disable_unref(client->io_bus);
	kb_conn_close(client->conn);
	client->conn = kb_conn_unref(client->conn);
	matches_deinit(&client->matches);
	names_deinit(&client->names);
}

int client_update_view(struct client *client)
{
	struct policy *policy = client->proxy->config->policy;
	struct policy_identity identity = {
		.uid = client->peer.uid,
		.gids = client->peer.gids,
		.n_gids = client->peer.n_gids,
	};
	struct policy_view *view;
	int r;

	if (client->proxy->trusts)
		return 0;
	identity.at_console = policy->asks_console &&
			      peer_is_at_console(client->peer.uid);
	r = policy_get_view(policy, &identity, &view);
	if (r < 0)
		return r;
	policy_view_unref(client->view);
	client->view = view;
	return 0;
}

const char *client_name(const struct client *client)
{
	return client->conn ? client->conn->unique_name : "";
}

/* From the end downwards, far from where clients and peers begin to count. */
uint32_t client_new_serial(struct client *client)
{
	if (client->last_serial < UINT32_MAX / 2)
		client->last_serial = UINT32_MAX;
	return --client->last_serial;
}

/* replies */

static bool counts_calls(const struct client *client)
{
	return client->proxy->config->limits.max_replies_per_connection <
	       CLIENT_REPLIES_MAX;
}

bool client_may_call(struct client *client)
{
	uint64_t max = client->proxy->config->limits.max_replies_per_connection;

	if (!counts_calls(client) || client->waiting.n < max)
		return true;
	refusal_limit(client, "max_replies_per_connection", max);
	return false;
}

bool client_may_call_later(const struct client *client)
{
	return client->proxy->config->limits.max_replies_per_connection >
	       CLIENT_REPLIES_MAX + client->backlog.n_calls;
}

/* Without memory for it one call is not counted. */
void client_sent_call(struct client *client, uint64_t serial)
{
	if (counts_calls(client))
		(void)ledger_add(&client->waiting,
				 (struct ledger_entry){ .serial = serial });
}

void client_got_reply(struct client *client, uint64_t serial)
{
	struct ledger_entry entry;

	if (serial <= UINT32_MAX)
		(void)ledger_take(&client->waiting, serial, 0, &entry);
}

/* output */

int client_deliver(struct client *client, struct kb_message *message)
{
	struct stream *stream = &client->stream;
	struct kb_buffer *out = stream_output(stream);
	size_t offset = out->size;
	struct kb_pieces body;
	int r;

	r = kb_message_encode_head_dbus1(message, out, &body);
	if (r < 0)
		return r;
	/* a head without its body must not leave, so no fds of it either */
	r = kb_buffer_reserve(out, body.size);
	if (r >= 0)
		r = stream_mark_fds(stream, offset,
				    out->size - offset + body.size,
				    message->fds, message->n_fds);
	if (r < 0)
		out->size = offset;
	else
		stream_write(stream, body.iov, body.n);
	return r;
}

bool client_is_full(const struct client *client)
{
	const struct limits *limits = &client->proxy->config->limits;

	return stream_pending(&client->stream) > limits->max_outgoing_bytes ||
	       client->stream.n_out_fds > limits->max_outgoing_unix_fds;
}

/* input */

bool client_is_ahead(const struct client *client)
{
	const struct limits *limits = &client->proxy->config->limits;

	return client->backlog.bytes > limits->max_incoming_bytes ||
	       client->backlog.n_fds > limits->max_incoming_unix_fds;
}
