/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the bus to the client. */
#ifndef PROXY_TO_DBUS1_H
#define PROXY_TO_DBUS1_H

struct client;
struct kb_message;

/**
 * to_dbus1() - show a client a message from the bus
 * @message:	as it was received; taken over
 *
 * What the client cannot, may not or does not want to see is dropped, and a
 * caller that waits is told why.  Returns 0, or a negative errno if the client
 * cannot go on.
 */
int to_dbus1(struct client *client, struct kb_message *message);

#endif /* PROXY_TO_DBUS1_H */
