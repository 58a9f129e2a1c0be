/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where messages meet the policy. */

#include <errno.h>
#include <stdlib.h>

#include "lib/conn.h"
#include "lib/log.h"
#include "lib/name.h"
#include "proxy/client.h"
#include "proxy/gate.h"
#include "proxy/proxy.h"

/* what the rules look at; @names and @n_names are for the caller */
static struct policy_message gate_question(const struct kb_message *message)
{
	return (struct policy_message){
		.type = message->type,
		.path = message->path,
		.interface = message->interface,
		.member = message->member,
		.error = message->error_name,
		.n_fds = message->n_fds,
		.broadcast = message->type == KB_SIGNAL &&
			     !message->destination,
		.is_reply = message->reply_cookie != 0,
	};
}

/* as many names as most peers have */
#define FEW_NAMES 16

/**
 * struct gate_names - the names of a peer, borrowed
 * @list:	@few, or memory of its own
 */
struct gate_names {
	const char **list;
	size_t n;
	const char *few[FEW_NAMES];
};

static void gate_names_deinit(struct gate_names *names)
{
	if (names->list != names->few)
		free(names->list);
}

/*
 * What a peer owns is in its metadata.  To the policy the names it waits for are
 * its own as well: of other clients we know them.
 */
static int gate_names_init(struct gate_names *names, const struct proxy *proxy,
			   uint64_t id, const struct kb_meta *meta)
{
	const struct client *peer = client_find(proxy, id);
	size_t max = meta->n_names + (peer ? peer->names.n : 0);
	struct kb_item_iter iter = meta->items;
	const struct kdbus_name *name;

	names->n = 0;
	names->list = names->few;
	if (max > FEW_NAMES)
		names->list = calloc(max, sizeof(*names->list));
	if (!names->list)
		return -ENOMEM;
	while (names->n < meta->n_names && (name = kb_meta_next_name(&iter)))
		names->list[names->n++] = name->name;
	for (size_t i = 0; peer && i < peer->names.n; i++)
		if (peer->names.queued[i])
			names->list[names->n++] = peer->names.list[i];
	return 0;
}

/* sending */

static int gate_send_to(struct client *client, const struct kb_message *message,
			const char *const *names, size_t n_names)
{
	struct policy_message question = gate_question(message);
	const struct policy_rule *rule;

	question.names = names;
	question.n_names = n_names;
	if (policy_view_may_send(client->view, &question, &rule))
		return 0;
	refusal_policy(client, REFUSAL_SEND, message, message->destination,
		       rule);
	return GATE_E_DENIED;
}

/*
 * An activator stands for whoever it will start, so it has just the name that
 * was asked for.
 */
static int gate_send_to_peer(struct client *client,
			     const struct kb_message *message,
			     const struct kb_info *info)
{
	struct gate_names names;
	int r;

	if (info->flags & KDBUS_HELLO_ACTIVATOR)
		return gate_send_to(client, message, &message->destination, 1);
	r = gate_names_init(&names, client->proxy, info->id, &info->meta);
	if (r < 0)
		return r;
	r = gate_send_to(client, message, names.list, names.n);
	gate_names_deinit(&names);
	return r;
}

/*
 * The receiver, if it is a client, too: then we know its names, and the kernel
 * need not be asked.  Whether the name is still its own the kernel sees when the
 * message is sent.  NULL if it is somebody else, or not sure.
 */
static struct client *gate_find_peer(const struct client *client,
				     const struct kb_message *message)
{
	const struct proxy *proxy = client->proxy;
	struct client *peer;
	uint64_t id;

	if (message->destination[0] == ':') {
		if (kb_unique_name_parse(message->destination, &id) < 0)
			return NULL;
		peer = client_find(proxy, id);
	} else {
		peer = client_find(proxy, client->last_peer);
		if (peer && !names_own(&peer->names, message->destination))
			peer = NULL;
	}
	return peer && peer->state == CLIENT_ACTIVE && !peer->names.unsure ?
		       peer :
		       NULL;
}

int gate_send(struct client *client, const struct kb_message *message,
	      struct gate_pass *out_pass)
{
	struct client *peer;
	struct kb_info info;
	int r;

	*out_pass = (struct gate_pass){ 0 };
	if (!client->view)
		return 0;
	if (!message->destination)
		return gate_send_to(client, message, NULL, 0);

	peer = gate_find_peer(client, message);
	if (peer) {
		out_pass->id = peer->conn->id;
		return gate_send_to(client, message,
				    (const char *const *)peer->names.list,
				    peer->names.n);
	}

	r = kb_conn_info_by_name(client->conn, message->destination,
				 KDBUS_ATTACH_NAMES, 0, &info);
	if (r == -ESRCH || r == -ENXIO)
		return GATE_E_ABSENT;
	if (r < 0)
		return r;
	out_pass->id = info.id;
	if (message->destination[0] != ':')
		client->last_peer = info.id;
	out_pass->starts = info.flags & KDBUS_HELLO_ACTIVATOR;
	r = gate_send_to_peer(client, message, &info);
	kb_info_deinit(&info);
	return r;
}

bool gate_send_to_driver(struct client *client,
			 const struct kb_message *message)
{
	static const char *const driver = KB_DRIVER_NAME;

	return !client->view || gate_send_to(client, message, &driver, 1) == 0;
}

/* receiving */

/* euid and all groups from metadata; @out_gids is to be freed */
static int identity_of_meta(const struct kb_meta *meta,
			    struct policy_identity *out, gid_t **out_gids)
{
	size_t n = 0;
	gid_t *gids;

	gids = calloc(meta->n_auxgroups + 1, sizeof(*gids));
	if (!gids)
		return -ENOMEM;
	if (meta->creds->egid < KB_ID_UNSET)
		gids[n++] = meta->creds->egid;
	for (size_t i = 0; i < meta->n_auxgroups; i++)
		if (meta->auxgroups[i] < KB_ID_UNSET)
			gids[n++] = meta->auxgroups[i];
	*out = (struct policy_identity){
		.uid = meta->creds->euid,
		.gids = gids,
		.n_gids = peer_sort_gids(gids, n),
	};
	*out_gids = gids;
	return 0;
}

/* Keeps the view of a sender for the next of its messages. */
static void remember_sender(struct proxy *proxy, struct policy_view *view)
{
	struct policy_view **slot;

	for (size_t i = 0; i < PROXY_SENDERS; i++)
		if (proxy->senders[i] == view)
			return;
	slot = &proxy->senders[proxy->last_sender++ % PROXY_SENDERS];
	policy_view_unref(*slot);
	*slot = policy_view_ref(view);
}

/* The policy as a native sender sees it; -ENODATA if nobody says who it is. */
static int sender_view(struct proxy *proxy, const struct kb_meta *meta,
		       struct policy_view **out_view)
{
	struct policy *policy = proxy->config->policy;
	struct policy_identity identity;
	gid_t *gids;
	int r;

	if (!meta->creds || meta->creds->euid >= KB_ID_UNSET)
		return -ENODATA;
	r = identity_of_meta(meta, &identity, &gids);
	if (r < 0)
		return r;
	identity.at_console = policy->asks_console &&
			      peer_is_at_console(identity.uid);
	r = policy_get_view(policy, &identity, out_view);
	free(gids);
	if (r == 0)
		remember_sender(proxy, *out_view);
	return r;
}

static int find_sender(struct client *client, const struct kb_message *message,
		       struct policy_view **out_view)
{
	struct kb_info info;
	int r;

	r = sender_view(client->proxy, &message->meta, out_view);
	if (r != -ENODATA)
		return r;
	r = kb_conn_info(client->conn, message->src_id, NULL,
			 KDBUS_ATTACH_CREDS | KDBUS_ATTACH_AUXGROUPS, 0, &info);
	if (r < 0)
		return r;
	r = sender_view(client->proxy, &info.meta, out_view);
	kb_info_deinit(&info);
	return r;
}

/* Might the sender send this to the client, were it a dbus1 client too? */
static bool gate_sender(struct client *client, const struct kb_message *message)
{
	struct policy_message question = gate_question(message);
	const struct policy_rule *rule;
	struct policy_view *view;
	bool allowed;

	question.broadcast = message->dst_id == KDBUS_DST_ID_BROADCAST;
	if (!question.broadcast) {
		question.names = (const char *const *)client->names.list;
		question.n_names = client->names.n;
	}
	/* whoever is gone by now was allowed by the kernel, and is harmless */
	if (find_sender(client, message, &view) < 0)
		return message->type != KB_METHOD_CALL;
	allowed = policy_view_may_send(view, &question, &rule);
	if (!allowed)
		refusal_policy(client, REFUSAL_RECEIVE, message,
			       message->sender, rule);
	policy_view_unref(view);
	return allowed;
}

bool gate_receive(struct client *client, const struct kb_message *message)
{
	struct policy_message question = gate_question(message);
	const struct policy_rule *rule;
	struct gate_names names;
	bool allowed;

	if (!client->view || kb_streq_null(message->sender, KB_DRIVER_NAME))
		return true;
	if (gate_names_init(&names, client->proxy, message->src_id,
			    &message->meta) < 0)
		return false;
	question.names = names.list;
	question.n_names = names.n;
	allowed = policy_view_may_receive(client->view, &question, &rule);
	gate_names_deinit(&names);
	if (!allowed) {
		refusal_policy(client, REFUSAL_RECEIVE, message,
			       message->sender, rule);
		return false;
	}
	return client_find(client->proxy, message->src_id) ||
	       gate_sender(client, message);
}

/* owning */

bool gate_own(struct client *client, const char *name)
{
	const struct policy_rule *rule;

	if (!client->view || policy_view_may_own(client->view, name, &rule))
		return true;
	refusal_policy(client, REFUSAL_OWN, NULL, name, rule);
	return false;
}
