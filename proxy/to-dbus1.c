/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the bus to the client. */

#include <errno.h>

#include "lib/conn.h"
#include "lib/error.h"
#include "proxy/client.h"
#include "proxy/driver-answers.h"
#include "proxy/gate.h"
#include "proxy/monitor.h"
#include "proxy/proxy.h"
#include "proxy/synthesize.h"
#include "proxy/to-dbus1.h"

/* The caller, if it waits, learns that its call was not delivered. */
static void to_dbus1_refuse(struct client *client,
			    const struct kb_message *message, const char *error,
			    const char *text)
{
	if (message->type == KB_METHOD_CALL)
		kb_conn_reply_error(client->conn, message, error, "%s", text);
}

/*
 * What was to be shown cannot be: whoever waits for something to come of it, be
 * it the caller or, for a reply, the client itself, gets an error instead.
 */
static int to_dbus1_fail(struct client *client,
			 const struct kb_message *message, const char *error,
			 const char *text)
{
	const struct kb_message call = {
		.type = KB_METHOD_CALL,
		.cookie = message->reply_cookie,
		.signature = "",
	};

	to_dbus1_refuse(client, message, error, text);
	if (!message->reply_cookie)
		return 0;
	return synthesize_error(client, &call, error, "%s", text);
}

/*
 * Only what was asked for: the kernel's filters let false positives through,
 * and some programs stumble over signals they do not expect.
 */
static bool to_dbus1_is_wanted(const struct client *client,
			       const struct kb_message *message)
{
	return message->dst_id != KDBUS_DST_ID_BROADCAST ||
	       matches_test(&client->matches, message);
}

static bool fds_are_fine(const struct client *client,
			 const struct kb_message *message)
{
	if (message->n_fds > 0 && !client->stream.may_pass_fds)
		return false;
	if (message->incomplete_fds)
		return false;
	for (size_t i = 0; i < message->n_fds; i++)
		if (message->fds[i] < 0)
			return false;
	return true;
}

/*
 * A call's cookie is the serial its reply must name.  Where the client could
 * not name the caller so (64 bits, or shown as the driver), it gets a serial of
 * our own.
 */
static int to_dbus1_number(struct client *client, struct kb_message *message)
{
	struct ledger_entry entry = {
		.id = message->src_id,
		.cookie = message->cookie,
	};
	bool fits = message->cookie <= UINT32_MAX;

	if (message->type != KB_METHOD_CALL) {
		if (!fits)
			message->cookie = client_new_serial(client);
		return 0;
	}
	if (fits && !kb_streq_null(message->sender, KB_DRIVER_NAME))
		return 0;
	entry.serial = client_new_serial(client);
	message->cookie = entry.serial;
	if (message->flags & KB_NO_REPLY_EXPECTED)
		return 0;
	return ledger_add(&client->owed, entry);
}

static int to_dbus1_write(struct client *client, struct kb_message *message)
{
	int r;

	/* before it gets the serial the caller does not know */
	r = kb_message_convert(message, KB_DBUS1);
	if (r == -EBADMSG || r == -EMSGSIZE)
		refusal_drop(client, 1, message,
			     r == -EBADMSG ? "it is malformed" :
					     "it is too large for dbus1");
	if (r == -EBADMSG)
		return to_dbus1_fail(client, message,
				     KB_ERROR_INCONSISTENT_MESSAGE,
				     "The message is malformed");
	if (r == -EMSGSIZE)
		return to_dbus1_fail(client, message, KB_ERROR_LIMITS_EXCEEDED,
				     "The message is too large for the receiver");
	if (r == 0)
		r = to_dbus1_number(client, message);
	if (r == 0)
		r = client_deliver(client, message);
	/* what cannot be told is dropped */
	return r == -ENOMEM ? r : 0;
}

static int to_dbus1_peer(struct client *client, struct kb_message **message)
{
	int r;

	if (!to_dbus1_is_wanted(client, *message))
		return 0;
	/* to nothing the client can have sent */
	if ((*message)->reply_cookie > UINT32_MAX)
		return 0;
	if ((*message)->reply_cookie) {
		client_got_reply(client, (*message)->reply_cookie);
		starts_end(&client->proxy->starts, (*message)->src_id);
	}
	if (!fds_are_fine(client, *message)) {
		refusal_drop(client, 1, *message,
			     "the client takes no file descriptors");
		return to_dbus1_fail(client, *message, KB_ERROR_NOT_SUPPORTED,
				     "The receiver takes no file descriptors");
	}
	if ((*message)->reply_cookie) {
		r = driver_answer(client, message);
		if (r < 0)
			return r;
	}
	if (!gate_receive(client, *message)) {
		to_dbus1_refuse(client, *message, KB_ERROR_ACCESS_DENIED,
				"The policy of this bus does not allow the receiver to get this");
		return 0;
	}
	return to_dbus1_write(client, *message);
}

/* On dbus1 it is the bus that starts services, and says that it failed to. */
static int to_dbus1_from_bus(struct kb_message *message)
{
	if (message->type != KB_ERROR || !kb_meta_is_activator(&message->meta))
		return 0;
	return kb_message_set(message, KB_FIELD_SENDER, KB_DRIVER_NAME);
}

int to_dbus1(struct client *client, struct kb_message *message)
{
	int r = to_dbus1_from_bus(message);

	if (r < 0) {
		kb_message_unref(message);
		return r;
	}
	if (client->state == CLIENT_MONITOR)
		r = monitor_show(client, message);
	else if (message->type == KB_NOTIFICATION)
		r = synthesize_notification(client, message);
	else
		r = to_dbus1_peer(client, &message);
	kb_message_unref(message);
	return r;
}
