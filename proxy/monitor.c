/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients that watch the whole bus. */

#include <errno.h>

#include "lib/conn.h"
#include "lib/error.h"
#include "lib/notify.h"
#include "proxy/client.h"
#include "proxy/monitor.h"
#include "proxy/proxy.h"
#include "proxy/synthesize.h"

/* becoming one */

/* No rules at all mean everything. */
static int monitor_read_rules(const struct kb_message *call,
			      struct matches *out_rules)
{
	_cleanup_(kb_strv_freep) char **texts = NULL;
	int r;

	r = kb_message_read(call, "asu", &texts, NULL);
	if (r == 0 && kb_strv_length(texts) == 0)
		return matches_add(out_rules, NULL, "", SIZE_MAX);
	for (char **text = texts; r == 0 && text && *text; text++)
		r = matches_add(out_rules, NULL, *text, SIZE_MAX);
	return r;
}

/* What the new connection saw while the old one was still there. */
static void monitor_forget(struct kb_conn *conn)
{
	struct kb_message *message;

	while (kb_conn_recv(conn, &message) == 0)
		kb_message_unref(message);
}

/*
 * A monitor is no peer: its names go, the unique one last, and others see it
 * leave.  The new connection is made first, so that nothing is lost if that
 * fails.
 */
static void monitor_switch(struct client *client, struct kb_message *call,
			   struct kb_conn *conn, struct matches rules)
{
	char name[KB_UNIQUE_NAME_SIZE];
	struct names names = client->names;

	strcpy(name, client_name(client));
	client->names = (struct names){ 0 };
	synthesize_return(client, call);
	for (size_t i = 0; i < names.n; i++)
		if (!names.queued[i])
			synthesize_name_signal(client, "NameLost",
					       names.list[i]);
	synthesize_name_signal(client, "NameLost", name);
	names_deinit(&names);

	client_leave(client);
	ledger_deinit(&client->asked);
	ledger_deinit(&client->waiting);
	ledger_deinit(&client->owed);
	monitor_forget(conn);
	client_join(client, conn);
	client->matches = rules;
	client->state = CLIENT_MONITOR;
}

static bool monitor_may(struct client *client, const struct kb_message *call)
{
	uint32_t flags;

	if (!kb_streq_null(call->path, KB_DRIVER_PATH)) {
		synthesize_error(client, call, KB_ERROR_UNKNOWN_INTERFACE,
				 "Monitoring is at " KB_DRIVER_PATH ", not at %s",
				 call->path);
		return false;
	}
	if (!proxy_is_privileged(client->proxy, client->peer.uid)) {
		refusal_access(client, call,
			       "only root and the owner of the bus may monitor it");
		synthesize_error(client, call, KB_ERROR_ACCESS_DENIED,
				 "Only root and the owner of the bus may monitor it");
		return false;
	}
	if (kb_message_read(call, "asu", NULL, &flags) < 0 || flags != 0) {
		synthesize_error(client, call, KB_ERROR_INVALID_ARGS,
				 "There are no flags for monitors");
		return false;
	}
	return true;
}

void monitor_become(struct client *client, struct kb_message *call)
{
	struct matches rules = { 0 };
	struct kb_conn *conn = NULL;
	int r;

	if (!monitor_may(client, call))
		return;
	r = monitor_read_rules(call, &rules);
	if (r == 0)
		r = client_hello(client, KDBUS_HELLO_MONITOR, &conn);
	if (r == 0)
		return monitor_switch(client, call, conn, rules);

	matches_deinit(&rules);
	if (r == MATCHES_E_INVALID)
		synthesize_error(client, call, KB_ERROR_MATCH_RULE_INVALID,
				 "One of the rules is none");
	else
		synthesize_error(client, call, kb_error_from_errno(r),
				 "Cannot monitor the bus: %s", strerror(-r));
}

/* showing */

/* The signal or error a dbus1 bus would have sent in place of a notification. */
static int monitor_translate(const struct kb_message *message,
			     struct kb_message **out)
{
	struct kb_notification notification;
	char name[KB_UNIQUE_NAME_SIZE];
	int r;

	if (kb_notify_parse(message, &notification) < 0)
		return 0;
	r = kb_notify_to_message(&notification, out);
	if (r <= 0 || (*out)->type != KB_ERROR)
		return r;
	r = kb_message_set(*out, KB_FIELD_DESTINATION,
			   kb_unique_name(message->dst_id, name));
	return r < 0 ? r : 1;
}

/* Descriptors are not for monitors; without them their number is a lie. */
static void monitor_drop_fds(struct kb_message *message)
{
	kb_close_many(message->fds, message->n_fds);
	for (size_t i = 0; i < message->n_fds; i++)
		message->fds[i] = -1;
	message->n_fds = 0;
}

static int monitor_deliver(struct client *client, struct kb_message *message)
{
	int r;

	if (!matches_test_monitored(&client->matches, client->conn, message))
		return 0;
	r = kb_message_convert(message, KB_DBUS1);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	monitor_drop_fds(message);
	/* only its low half fits; it is only looked at */
	if (message->cookie > UINT32_MAX)
		message->cookie = (uint32_t)message->cookie | 1;
	if (message->reply_cookie > UINT32_MAX)
		message->reply_cookie = (uint32_t)message->reply_cookie | 1;
	r = client_deliver(client, message);
	return r == -ENOMEM ? r : 0;
}

int monitor_show(struct client *client, struct kb_message *message)
{
	_cleanup_(kb_message_unrefp) struct kb_message *shown = NULL;
	int r;

	if (message->type != KB_NOTIFICATION)
		return monitor_deliver(client, message);
	r = monitor_translate(message, &shown);
	return r <= 0 ? r : monitor_deliver(client, shown);
}
