/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A direct connection to the service manager's private socket.
 *
 * It speaks dbus1 without a bus: no Hello, no destinations, and the manager's
 * signals come without match rules.  Going through the bus instead would mean
 * to wait for a bus that may be waiting for us.
 */
#ifndef BUSNAME_MANAGER_LINK_H
#define BUSNAME_MANAGER_LINK_H

#include <stdbool.h>

#include "lib/message.h"
#include "lib/util.h"

/**
 * struct manager_link - the connection
 * @fd:		-1 while not connected
 * @serial:	of the last message sent
 * @in:		received, not yet understood
 */
struct manager_link {
	int fd;
	uint32_t serial;
	struct kb_buffer in;
};

/* What is done with a signal that arrives while a reply is awaited. */
typedef void (*manager_signal_t)(const struct kb_message *signal, void *userdata);

/* Connects to the manager of the system or (@user) of this user. */
int manager_link_open(struct manager_link *link, bool user);
void manager_link_close(struct manager_link *link);

/**
 * manager_link_call() - call a method and wait for the reply
 * @message:	the call, without destination
 * @out_reply:	a return or an error message
 *
 * Return: 0, -ETIMEDOUT after 25 s, -ECONNRESET if the manager has gone (then
 * the link is closed), others.
 */
int manager_link_call(struct manager_link *link, struct kb_message *message,
		      manager_signal_t on_signal, void *userdata,
		      struct kb_message **out_reply);

/* The next message that is there already: 1, 0 if none, errors as above. */
int manager_link_next(struct manager_link *link, struct kb_message **out);

#endif /* BUSNAME_MANAGER_LINK_H */
