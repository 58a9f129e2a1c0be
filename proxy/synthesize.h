/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages the client hears from the bus itself. */
#ifndef PROXY_SYNTHESIZE_H
#define PROXY_SYNTHESIZE_H

#include "lib/util.h"

struct client;
struct kb_message;

/* Sends @message as the driver would: sender, serial and destination are set. */
int synthesize_send(struct client *client, struct kb_message *message);

/* An empty return to @call, if it wants a reply. */
int synthesize_return(struct client *client, const struct kb_message *call);

/* The same with one string. */
int synthesize_return_string(struct client *client,
			     const struct kb_message *call, const char *s);

/* An error to @call, if it wants a reply. */
int synthesize_error(struct client *client, const struct kb_message *call,
		     const char *name, const char *format, ...)
	_printf_(4, 5);

/* @member is NameAcquired or NameLost. */
int synthesize_name_signal(struct client *client, const char *member,
			   const char *name);

/**
 * synthesize_notification() - what the kernel tells, as a dbus1 client knows it
 *
 * NameLost before, NameAcquired after the NameOwnerChanged of the same event;
 * calls that will get no reply get an error.
 */
int synthesize_notification(struct client *client,
			    const struct kb_message *message);

#endif /* PROXY_SYNTHESIZE_H */
