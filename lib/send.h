/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sending messages on a connection.
 */
#ifndef KB_SEND_H
#define KB_SEND_H

#include "lib/conn.h"

/**
 * kb_conn_send() - send a message
 * @message:	sealed if it was not; gets a cookie if it has none, and a
 *		body in GVariant is sent as it is, one in dbus1 remarshalled.
 *		Without destination a signal goes to everybody who listens.
 *
 * Bodies of KB_MEMFD_MIN bytes and more travel as a sealed memfd unless they
 * are broadcast. A destination that begins with ':' but is no unique name of
 * kdbus is -ENXIO.
 *
 * Return: 0, kb_message_encode_gvariant()'s errors, or errnos of SEND.
 */
int kb_conn_send(struct kb_conn *conn, struct kb_message *message);

/**
 * kb_conn_call() - send a call and wait for what comes back
 * @message:	KB_NO_REPLY_EXPECTED must not be set
 * @timeout_ns:	from now; 0 for the connection's default
 * @out_reply:	return or error; look at its type
 *
 * Return: 0 if there is a reply (also an error message); -ETIMEDOUT; -EPIPE
 * if the peer died; else as kb_conn_send().
 */
int kb_conn_call(struct kb_conn *conn, struct kb_message *message,
		 uint64_t timeout_ns, struct kb_message **out_reply);

/* Replies to @call unless it wants none; consumes nothing. */
int kb_conn_reply(struct kb_conn *conn, const struct kb_message *call,
		  struct kb_message *reply);
/* Makes and sends an error for @call, if it wants a reply. */
int kb_conn_reply_error(struct kb_conn *conn, const struct kb_message *call,
			const char *name, const char *format, ...)
	_printf_(4, 5);
/* The same, named after an errno. */
int kb_conn_reply_errno(struct kb_conn *conn, const struct kb_message *call,
			int r, const char *text);

/**
 * kb_conn_serve() - answer, and wait for what comes next
 * @reply:	sent first, whatever it is; NULL for nothing
 * @timeout_ns:	from now; KB_TIMEOUT_INFINITE waits as long as it takes
 * @message:	in: what was received before, or NULL; freed here, but not
 *		before the reply was sent. Out: what comes next, or NULL
 *
 * The loop of a service that does nothing else: one system call for each
 * request, where the kernel has KDBUS_CMD_SERVE. A reply that cannot be sent is
 * dropped: its caller is gone, or does not read what it asked for.
 *
 * Return: 0, -ETIMEDOUT if nothing came, -EINTR, or as kb_conn_recv().
 */
int kb_conn_serve(struct kb_conn *conn, struct kb_message *reply,
		  uint64_t timeout_ns, struct kb_message **message);

#endif /* KB_SEND_H */
