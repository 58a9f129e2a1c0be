/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages the client hears from the bus itself. */

#include <errno.h>
#include <stdarg.h>

#include "lib/conn.h"
#include "lib/name.h"
#include "lib/notify.h"
#include "proxy/activatable.h"
#include "proxy/client.h"
#include "proxy/synthesize.h"

static bool wants_reply(const struct kb_message *call)
{
	return call->type == KB_METHOD_CALL &&
	       !(call->flags & KB_NO_REPLY_EXPECTED);
}

int synthesize_send(struct client *client, struct kb_message *message)
{
	int r;

	message->cookie = KB_COOKIE_SYNTHETIC;
	message->flags |= KB_NO_REPLY_EXPECTED;
	r = kb_message_set(message, KB_FIELD_SENDER, KB_DRIVER_NAME);
	if (r == 0)
		r = kb_message_set(message, KB_FIELD_DESTINATION,
				   client->conn ? client_name(client) : NULL);
	return r < 0 ? r : client_deliver(client, message);
}

int synthesize_return(struct client *client, const struct kb_message *call)
{
	return synthesize_return_string(client, call, NULL);
}

int synthesize_return_string(struct client *client,
			     const struct kb_message *call, const char *s)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	int r;

	if (!wants_reply(call))
		return 0;
	r = kb_message_new_return(call, &reply);
	if (r == 0 && s)
		r = kb_message_append(reply, "s", s);
	return r < 0 ? r : synthesize_send(client, reply);
}

int synthesize_error(struct client *client, const struct kb_message *call,
		     const char *name, const char *format, ...)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	va_list arguments;
	int r;

	if (!wants_reply(call))
		return 0;
	va_start(arguments, format);
	r = kb_message_new_errorv(call, name, format, arguments, &reply);
	va_end(arguments);
	return r < 0 ? r : synthesize_send(client, reply);
}

int synthesize_name_signal(struct client *client, const char *member,
			   const char *name)
{
	_cleanup_(kb_message_unrefp) struct kb_message *signal = NULL;
	int r;

	r = kb_message_new_signal(KB_DRIVER_PATH, KB_DRIVER_INTERFACE, member,
				  &signal);
	if (r == 0)
		r = kb_message_append(signal, "s", name);
	return r < 0 ? r : synthesize_send(client, signal);
}

/* notifications */

static bool is_about_name(const struct kb_notification *notification)
{
	return notification->type == KDBUS_ITEM_NAME_ADD ||
	       notification->type == KDBUS_ITEM_NAME_REMOVE ||
	       notification->type == KDBUS_ITEM_NAME_CHANGE;
}

static int notify_lost(struct client *client,
		       const struct kb_notification *notification)
{
	if (!is_about_name(notification) ||
	    notification->old_id != client->conn->id)
		return 0;
	names_remove(&client->names, notification->name);
	if (notification->new_id)
		client->names.unsure = true;
	return synthesize_name_signal(client, "NameLost", notification->name);
}

static int notify_acquired(struct client *client,
			   const struct kb_notification *notification)
{
	int r;

	if (!is_about_name(notification) ||
	    notification->new_id != client->conn->id)
		return 0;
	r = names_add(&client->names, notification->name, false);
	return r < 0 ? r :
		       synthesize_name_signal(client, "NameAcquired",
					      notification->name);
}

/* NameOwnerChanged goes to those who asked, without a destination. */
static int notify_change(struct client *client, struct kb_message *message)
{
	if (!matches_test(&client->matches, message))
		return 0;
	return client_deliver(client, message);
}

static int notify_no_reply(struct client *client, struct kb_message *message)
{
	struct ledger_entry entry;

	if (message->reply_cookie <= UINT32_MAX &&
	    ledger_take(&client->asked, message->reply_cookie, 0, &entry))
		free(entry.name);
	client_got_reply(client, message->reply_cookie);
	return synthesize_send(client, message);
}

int synthesize_notification(struct client *client,
			    const struct kb_message *message)
{
	_cleanup_(kb_message_unrefp) struct kb_message *shown = NULL;
	struct kb_notification notification;
	int r;

	if (kb_notify_parse(message, &notification) < 0)
		return 0;
	if (activatable_is_news(&notification)) {
		/* many come at once; one signal is for all of them */
		client->activatable_changed = true;
		return 0;
	}
	r = kb_notify_to_message(&notification, &shown);
	if (r <= 0)
		return r;
	if (shown->type == KB_ERROR)
		return notify_no_reply(client, shown);

	r = notify_lost(client, &notification);
	if (r == 0)
		r = notify_change(client, shown);
	if (r == 0)
		r = notify_acquired(client, &notification);
	return r;
}
