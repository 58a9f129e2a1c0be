/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is behind a struct kdbus_message. */
#ifndef LIBKDBUS_MESSAGE_H
#define LIBKDBUS_MESSAGE_H

#include <kdbus/libkdbus.h>
#include <stdbool.h>

#include "lib/message.h"

/**
 * struct kdbus_message - a message
 * @kb:		the one of lib/
 * @reader:	where it is read, from the first time on
 * @is_answered: a call that has its reply
 * @owes:	a call that is answered later: the connection it came from
 */
struct kdbus_message {
	unsigned int n_refs;
	struct kb_message *kb;
	struct kb_reader *reader;
	const char *error_text;
	struct kdbus_credentials *credentials;
	bool is_answered;
	struct kdbus_connection *owes;
};

/* Takes @kb over, also without memory, when it returns NULL. */
struct kdbus_message *message_wrap(struct kb_message *kb);

static inline void message_unrefp(struct kdbus_message **message)
{
	kdbus_message_unref(*message);
}

/* The call has its reply, or never gets one. */
void message_settle(struct kdbus_message *call);

#endif /* LIBKDBUS_MESSAGE_H */
