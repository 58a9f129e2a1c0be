/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the client to the bus. */
#ifndef PROXY_TO_KDBUS_H
#define PROXY_TO_KDBUS_H

struct client;
struct kb_message;

/**
 * to_kdbus() - handle one message of a client
 * @message:	as it was decoded; changed on its way
 *
 * Whatever the client does wrong is its own misfortune: it gets an error, or is
 * disconnected.  Nothing is returned since nobody else need care.
 */
void to_kdbus(struct client *client, struct kb_message *message);

/* Sends of the client's backlog what can be sent now; a reply has come. */
void to_kdbus_resume(struct client *client);

/* Sends all of it: the client is gone, and wants no replies any more. */
void to_kdbus_finish(struct client *client);

/**
 * to_kdbus_send() - send, and tell the client if that fails
 *
 * Returns 0 if the message is on its way; TO_KDBUS_E_LATER if it waits in the
 * backlog, to be handled from the start when it is its turn; -ESRCH if there is
 * nobody to take it, which is left to the caller to explain; or another errno
 * that the client knows already.
 */
enum {
	TO_KDBUS_E_LATER = 1,
};
int to_kdbus_send(struct client *client, struct kb_message *message);

#endif /* PROXY_TO_KDBUS_H */
