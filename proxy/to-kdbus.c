/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the client to the bus. */

#include <errno.h>
#include <poll.h>

#include "lib/conn.h"
#include "lib/error.h"
#include "proxy/client.h"
#include "proxy/driver-calls.h"
#include "proxy/gate.h"
#include "proxy/proxy.h"
#include "proxy/refusal.h"
#include "proxy/synthesize.h"
#include "proxy/to-kdbus.h"

/* A name that moves between two looks is followed so many times. */
#define MOVES_MAX 100

static void to_kdbus_disconnect(struct client *client, const char *why)
{
	refusal_disconnect(client, why);
	client_close(client);
}

/* errors of sending */

/* The kernel's limits, by the errno they end in. */
static const struct {
	int error;
	const char *limit;
	const char *text;
} full[] = {
	{ ENOBUFS, "kernel queue of the receiver",
	  "The receiver has too many unread messages" },
	{ EXFULL, "kernel pool of the receiver",
	  "The receiver has no room for the message" },
	{ EMFILE, "max_message_unix_fds",
	  "Too many file descriptors are on their way to the receiver" },
	{ EMLINK, "max_replies_per_connection",
	  "Too many calls are waiting for their replies" },
	{ E2BIG, "kernel limit of message parts", "The message is too large" },
	{ EMSGSIZE, "max_message_size", "The message is too large" },
};

static void to_kdbus_full(struct client *client,
			  const struct kb_message *message, int error)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(full); i++) {
		if (full[i].error != error)
			continue;
		refusal_limit(client, full[i].limit, 0);
		synthesize_error(client, message, KB_ERROR_LIMITS_EXCEEDED,
				 "%s", full[i].text);
		return;
	}
}

static bool is_full(int error)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(full); i++)
		if (full[i].error == error)
			return true;
	return false;
}

static void to_kdbus_absent(struct client *client,
			    const struct kb_message *message)
{
	if (message->flags & KB_NO_AUTO_START)
		synthesize_error(client, message, KB_ERROR_NAME_HAS_NO_OWNER,
				 "Nobody owns the name %s",
				 message->destination);
	else
		synthesize_error(client, message, KB_ERROR_SERVICE_UNKNOWN,
				 "The name %s is not provided by anybody and nothing starts it",
				 message->destination);
}

/*
 * ECONNRESET is the end of either side.  If it is ours the event loop will
 * notice; to the client it makes no difference then.
 */
static bool is_absent(int error)
{
	return error == ESRCH || error == ENXIO || error == EADDRNOTAVAIL ||
	       error == ECONNRESET || error == ESHUTDOWN;
}

static void to_kdbus_failed(struct client *client,
			    const struct kb_message *message, int error)
{
	if (error == EBADSLT || (error == EPERM && message->reply_cookie))
		return;
	if (is_absent(error))
		to_kdbus_absent(client, message);
	else if (is_full(error))
		to_kdbus_full(client, message, error);
	else
		synthesize_error(client, message, kb_error_from_errno(error),
				 "Sending to %s failed: %s",
				 message->destination ? message->destination :
							"everybody",
				 strerror(error));
}

/* sending */

/*
 * dbus1 knows no time limit for replies, kdbus cannot do without: as long as
 * can be said.
 */
static void to_kdbus_set_deadline(const struct client *client,
				  struct kb_message *message)
{
	uint64_t ms = client->proxy->config->limits.reply_timeout;

	message->deadline_ns = ms ? kb_now_ns() + ms * KB_NSEC_PER_MSEC :
				    KB_TIMEOUT_INFINITE;
}

int to_kdbus_send(struct client *client, struct kb_message *message)
{
	int r;

	if (message->type == KB_METHOD_CALL)
		to_kdbus_set_deadline(client, message);
	else
		message->flags |= KB_NO_REPLY_EXPECTED;
	r = kb_conn_send(client->conn, message);
	if (r < 0 && r != -ESRCH && r != -EREMCHG)
		to_kdbus_failed(client, message, -r);
	return r;
}

/*
 * The verdict was about one connection, so the message goes to that one or
 * nowhere: a name comes with the id that must own it.
 */
static int to_kdbus_pass(struct client *client, struct kb_message *message)
{
	uint64_t id;
	int r;

	r = gate_send(client, message, &id);
	if (r == GATE_E_DENIED) {
		synthesize_error(client, message, KB_ERROR_ACCESS_DENIED,
				 "The policy of this bus does not allow to send this to %s",
				 message->destination ? message->destination :
							"everybody");
		return 0;
	}
	if (r < 0) {
		to_kdbus_failed(client, message, -r);
		return r;
	}
	message->dst_id = 0;
	if (message->destination && message->destination[0] != ':')
		message->dst_id = id;
	return to_kdbus_send(client, message);
}

static void to_kdbus_forward(struct client *client, struct kb_message *message)
{
	int r = -EREMCHG;

	for (int i = 0; i < MOVES_MAX && r == -EREMCHG; i++)
		r = to_kdbus_pass(client, message);
	if (r == -ESRCH || r == -EREMCHG)
		to_kdbus_failed(client, message, -r);
}

/*
 * The serial a caller was shown under may not be its cookie, and the sender may
 * have been shown as the driver: both are put back.
 */
static int to_kdbus_restore(struct client *client, struct kb_message *message)
{
	char name[KB_UNIQUE_NAME_SIZE];
	struct ledger_entry entry;

	if (!ledger_take(&client->owed, message->reply_cookie, &entry))
		return 0;
	free(entry.name);
	message->reply_cookie = entry.cookie;
	return kb_message_set(message, KB_FIELD_DESTINATION,
			      kb_unique_name(entry.id, name));
}

/* Without a destination: a broadcast, or something for the bus itself. */
static void to_kdbus_undirected(struct client *client,
				struct kb_message *message)
{
	if (message->type == KB_SIGNAL) {
		to_kdbus_forward(client, message);
		return;
	}
	if (message->type != KB_METHOD_CALL)
		return;
	if (!kb_streq_null(message->interface, "org.freedesktop.DBus.Peer")) {
		synthesize_error(client, message, KB_ERROR_UNKNOWN_METHOD,
				 "A call without destination reaches nobody");
		return;
	}
	if (kb_message_set(message, KB_FIELD_DESTINATION, KB_DRIVER_NAME) == 0)
		driver_call(client, message);
}

static void to_kdbus_dispatch(struct client *client,
			      struct kb_message *message)
{
	bool is_reply = message->type == KB_METHOD_RETURN ||
			message->type == KB_ERROR;

	if (is_reply && to_kdbus_restore(client, message) < 0)
		return;
	if (!message->destination)
		to_kdbus_undirected(client, message);
	else if (kb_streq(message->destination, KB_DRIVER_NAME))
		driver_call(client, message);
	else
		to_kdbus_forward(client, message);
}

/* Before Hello nobody but the driver may be spoken to, and only to say it. */
static void to_kdbus_first(struct client *client, struct kb_message *message)
{
	if (!kb_streq_null(message->destination, KB_DRIVER_NAME)) {
		to_kdbus_disconnect(client, "its first message is not Hello");
		return;
	}
	if (driver_is_hello(message))
		driver_call(client, message);
	else
		synthesize_error(client, message, KB_ERROR_ACCESS_DENIED,
				 "Hello must be the first message");
}

void to_kdbus(struct client *client, struct kb_message *message)
{
	int r;

	/* types that may be invented one day concern nobody here */
	if (message->type < KB_METHOD_CALL || message->type > KB_SIGNAL)
		return;
	r = kb_message_set(message, KB_FIELD_SENDER,
			   client->conn ? client_name(client) : NULL);
	if (r == 0)
		r = kb_message_convert(message, KB_GVARIANT);
	if (r == -EBADMSG)
		return to_kdbus_disconnect(client, "its message is malformed");
	if (r < 0)
		return to_kdbus_failed(client, message, -r);

	if (client->state == CLIENT_HELLO)
		to_kdbus_first(client, message);
	else
		to_kdbus_dispatch(client, message);
}
