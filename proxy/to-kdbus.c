/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the client to the bus. */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

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

static bool calls(const struct kb_message *message)
{
	return message->type == KB_METHOD_CALL &&
	       !(message->flags & KB_NO_REPLY_EXPECTED);
}

static bool is_reply(const struct kb_message *message)
{
	return message->type == KB_METHOD_RETURN || message->type == KB_ERROR;
}

/* errors of sending */

enum sent_to { TO_ANYBODY, TO_EVERYBODY };

/* The kernel's limits, by the errno they end in. */
static const struct kernel_limit {
	int error;
	enum sent_to to;
	struct refusal_limit limit;
	const char *text;
} full[] = {
	{ ENOBUFS,
	  TO_ANYBODY,
	  { "messages of one user queued at a receiver, or its share of the pool",
	    256,
	    "The receiver must take its messages faster, or the senders send fewer" },
	  "The receiver has too many unread messages" },
	{ EXFULL,
	  TO_ANYBODY,
	  { "bytes in the pool of a receiver", KB_POOL_SIZE,
	    "The receiver must take its messages faster, or the senders send smaller ones" },
	  "The receiver has no room for the message" },
	{ EMFILE,
	  TO_ANYBODY,
	  { "file descriptors of one user queued at a receiver", 16,
	    "The receiver must take its messages faster, or the senders send fewer descriptors" },
	  "Too many file descriptors are on their way to the receiver" },
	{ EMLINK,
	  TO_ANYBODY,
	  { "calls of one connection without reply", CLIENT_REPLIES_MAX,
	    "Wait for replies, or say that none is wanted" },
	  "Too many calls are waiting for their replies" },
	{ EMSGSIZE,
	  TO_EVERYBODY,
	  { "bytes of a signal to everybody", 2 << 20,
	    "Send it in pieces, or to those who want it" },
	  "The signal is too large" },
	{ EMSGSIZE,
	  TO_ANYBODY,
	  { "bytes of a message", 128 << 20, "Send it in pieces" },
	  "The message is too large" },
};

static const struct kernel_limit *find_full(const struct kb_message *message,
					    int error)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(full); i++)
		if (full[i].error == error &&
		    (full[i].to == TO_ANYBODY || !message->destination))
			return &full[i];
	return NULL;
}

static void to_kdbus_full(struct client *client,
			  const struct kb_message *message,
			  const struct kernel_limit *limit)
{
	refusal_fixed_limit(client, &limit->limit, message);
	synthesize_error(client, message, KB_ERROR_LIMITS_EXCEEDED,
			 "%s: at most %" PRIu64 " %s", limit->text,
			 limit->limit.value, limit->limit.name);
}

static void to_kdbus_absent(struct client *client,
			    const struct kb_message *message)
{
	if (message->flags & KB_NO_AUTO_START)
		synthesize_error(client, message, KB_ERROR_NAME_HAS_NO_OWNER,
				 "Nobody owns the name %s",
				 message->destination);
	else
		synthesize_error(
			client, message, KB_ERROR_SERVICE_UNKNOWN,
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

static void to_kdbus_refused(struct client *client,
			     const struct kb_message *message, int error)
{
	const char *to = message->destination ? message->destination :
						"everybody";

	if (error == EPERM || error == EACCES)
		refusal_access(client, message, "the kernel's policy says no");
	else if (!calls(message))
		refusal_drop(client, 1, message, strerror(error));
	synthesize_error(client, message, kb_error_from_errno(error),
			 "Sending to %s failed: %s", to, strerror(error));
}

/*
 * Whoever waits for a reply that the kernel does not take would wait on: an
 * error takes its place.  If even that cannot be sent, nobody is there.
 */
static void to_kdbus_answer(struct client *client,
			    const struct kb_message *reply, int error)
{
	_cleanup_(kb_message_unrefp) struct kb_message *instead = NULL;
	char text[128];
	int r;

	snprintf(text, sizeof(text), "The reply could not be sent: %s",
		 strerror(error));
	r = kb_message_new(KB_ERROR, &instead);
	if (r >= 0)
		r = kb_message_set(instead, KB_FIELD_DESTINATION,
				   reply->destination);
	if (r >= 0)
		r = kb_message_set(instead, KB_FIELD_ERROR_NAME,
				   kb_error_from_errno(error));
	if (r >= 0)
		r = kb_message_append(instead, "s", text);
	if (r < 0)
		return;
	instead->reply_cookie = reply->reply_cookie;
	instead->flags |= KB_NO_REPLY_EXPECTED;
	kb_conn_send(client->conn, instead);
}

static void to_kdbus_failed(struct client *client,
			    const struct kb_message *message, int error)
{
	const struct kernel_limit *limit = find_full(message, error);

	if (error == EBADSLT || (error == EPERM && message->reply_cookie))
		return;
	if (is_reply(message) && !is_absent(error))
		to_kdbus_answer(client, message, error);
	if (is_absent(error))
		to_kdbus_absent(client, message);
	else if (limit)
		to_kdbus_full(client, message, limit);
	else
		to_kdbus_refused(client, message, error);
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

/* Let a message wait until the bus takes it, with all that comes behind it. */
static int to_kdbus_defer(struct client *client, struct kb_message *message)
{
	struct backlog *backlog = &client->backlog;
	int r = 0;

	if (message == backlog_peek(backlog))
		backlog->is_stuck = true;
	else
		r = backlog_add(backlog, message);
	if (r < 0)
		to_kdbus_failed(client, message, -r);
	return r < 0 ? r : TO_KDBUS_E_LATER;
}

int to_kdbus_send(struct client *client, struct kb_message *message)
{
	int r;

	if (message->type == KB_METHOD_CALL)
		to_kdbus_set_deadline(client, message);
	else
		message->flags |= KB_NO_REPLY_EXPECTED;
	r = kb_conn_send(client->conn, message);
	if (r == -EMLINK && client_may_call_later(client))
		return to_kdbus_defer(client, message);
	if (r < 0 && r != -ESRCH && r != -EREMCHG)
		to_kdbus_failed(client, message, -r);
	return r;
}

/*
 * What the kernel cannot know: it would let the queue of a peer grow that does
 * not read its socket, and does not count what is configured here.  Replies have
 * their place already.
 */
static bool to_kdbus_is_too_much(struct client *client,
				 const struct kb_message *message,
				 const struct gate_pass *pass)
{
	struct client *to = pass->id ? client_find(client->proxy, pass->id) :
				       NULL;
	const char *text = NULL, *limit = NULL;

	if (message->reply_cookie)
		return false;
	if (to && client_is_full(to)) {
		limit = refusal_full(client, to, message);
		text = "The receiver does not read what it is sent";
	} else if (pass->starts && !(message->flags & KB_NO_AUTO_START) &&
		   starts_are_full(client)) {
		limit = "max_pending_service_starts";
		text = "Too many services are being started";
	} else if (calls(message) && !client_may_call(client)) {
		limit = "max_replies_per_connection";
		text = "Too many calls are waiting for their replies";
	}
	if (text)
		synthesize_error(client, message, KB_ERROR_LIMITS_EXCEEDED,
				 "%s: %s", text, limit);
	return text;
}

/* Counts what was sent, and remembers to whom. */
static void to_kdbus_note(struct client *client,
			  const struct kb_message *message,
			  const struct gate_pass *pass)
{
	struct proxy *proxy = client->proxy;

	if (pass->starts && !(message->flags & KB_NO_AUTO_START))
		starts_begin(client, message->destination, pass->id);
	if (calls(message))
		client_sent_call(client, message->cookie);
	if (proxy->receiver != pass->id)
		proxy->n_sent = 0;
	proxy->receiver = pass->id;
	proxy->n_sent++;
}

/*
 * The verdict was about one connection, so the message goes to that one or
 * nowhere: a name comes with the id that must own it.
 */
static int to_kdbus_pass(struct client *client, struct kb_message *message)
{
	struct gate_pass pass;
	int r;

	r = gate_send(client, message, &pass);
	if (r == GATE_E_DENIED) {
		synthesize_error(
			client, message, KB_ERROR_ACCESS_DENIED,
			"The policy of this bus does not allow to send this to %s",
			message->destination ? message->destination :
					       "everybody");
		return 0;
	}
	/* somebody who takes the name now is not whom the policy was asked about */
	if (r == GATE_E_ABSENT)
		return -ESRCH;
	if (r < 0) {
		to_kdbus_failed(client, message, -r);
		return r;
	}
	if (to_kdbus_is_too_much(client, message, &pass))
		return 0;
	message->dst_id = 0;
	if (message->destination && message->destination[0] != ':')
		message->dst_id = pass.id;
	r = to_kdbus_send(client, message);
	if (r == 0)
		to_kdbus_note(client, message, &pass);
	return r;
}

static void to_kdbus_forward(struct client *client, struct kb_message *message)
{
	int r = -EREMCHG;

	for (int i = 0; i < MOVES_MAX && r == -EREMCHG; i++) {
		r = to_kdbus_pass(client, message);
		/* what we know of the name is out of date: ask the kernel */
		if (r == -EREMCHG)
			client->last_peer = 0;
	}
	if (r == -ESRCH || r == -EREMCHG)
		to_kdbus_failed(client, message, -r);
}

/*
 * The serial a caller was shown under may not be its cookie, and the sender may
 * have been shown as the driver: both are put back.  The same number may be the
 * cookie of somebody else.
 */
static int to_kdbus_restore(struct client *client, struct kb_message *message)
{
	char name[KB_UNIQUE_NAME_SIZE];
	struct ledger_entry entry;
	uint64_t id = 0;

	if (message->destination)
		(void)kb_unique_name_parse(message->destination, &id);
	if (!ledger_take(&client->owed, message->reply_cookie, id, &entry))
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

static void to_kdbus_dispatch(struct client *client, struct kb_message *message)
{
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
	if (driver_is_hello(message)) {
		driver_call(client, message);
		return;
	}
	refusal_access(client, message, "Hello must be the first message");
	synthesize_error(client, message, KB_ERROR_ACCESS_DENIED,
			 "Hello must be the first message");
}

void to_kdbus(struct client *client, struct kb_message *message)
{
	int r;

	/* types that may be invented one day concern nobody here */
	if (message->type < KB_METHOD_CALL || message->type > KB_SIGNAL)
		return;
	/* if it cannot be sent, too, the caller must be found */
	if (is_reply(message) && to_kdbus_restore(client, message) < 0)
		return;
	r = kb_message_set(message, KB_FIELD_SENDER,
			   client->conn ? client_name(client) : NULL);
	if (r == 0)
		r = kb_message_convert(message, KB_GVARIANT);
	if (r == -EBADMSG)
		return to_kdbus_disconnect(client, "its message is malformed");
	/* Hello has nothing in it that could fail */
	if (r < 0 && client->state == CLIENT_HELLO)
		return to_kdbus_disconnect(client, "its first message is not Hello");
	if (r < 0)
		return to_kdbus_failed(client, message, -r);

	if (client->state == CLIENT_HELLO)
		to_kdbus_first(client, message);
	else if (client->backlog.n > 0 && !is_reply(message))
		(void)to_kdbus_defer(client, message);
	else
		to_kdbus_dispatch(client, message);
}

void to_kdbus_resume(struct client *client)
{
	struct backlog *backlog = &client->backlog;
	struct kb_message *message;

	while (client->state == CLIENT_ACTIVE &&
	       (message = backlog_peek(backlog))) {
		backlog->is_stuck = false;
		to_kdbus_dispatch(client, message);
		if (backlog->is_stuck)
			return;
		backlog_drop(backlog);
	}
}

void to_kdbus_finish(struct client *client)
{
	backlog_forgo_replies(&client->backlog);
	to_kdbus_resume(client);
}
