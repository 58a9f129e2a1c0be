/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is behind a struct kdbus_connection.
 *
 * It is counted, since whoever is called may disconnect: then the connection
 * itself ends at once, and the memory when control is out of it. One list for
 * each kind of thing that may be called; the files of those kinds know what is
 * in them.
 */
#ifndef LIBKDBUS_CONNECTION_H
#define LIBKDBUS_CONNECTION_H

#include <kdbus/libkdbus.h>
#include <stdbool.h>

#include "lib/conn.h"

struct name;
struct object;
struct pending;
struct subscription;

/**
 * struct kdbus_connection - a connection
 * @kb:		the one of lib/
 * @depth:	calls of handlers we are inside of
 * @subscriptions: in the order they were made
 * @pending:	calls whose replies are awaited
 * @n_owed:	calls that were taken to be answered later
 * @objects:	what is served
 * @names:	owned or waited for
 * @source:	in a sd_event, or NULL
 */
struct kdbus_connection {
	unsigned int n_refs;
	struct kb_conn *kb;
	unsigned int depth;
	struct subscription *subscriptions;
	uint64_t last_id;
	struct pending *pending;
	unsigned int n_owed;
	struct object *objects;
	struct name *names;
	void *source;
};

struct kdbus_connection *connection_ref(struct kdbus_connection *bus);
struct kdbus_connection *connection_unref(struct kdbus_connection *bus);

static inline void connection_unrefp(struct kdbus_connection **bus)
{
	connection_unref(*bus);
}

/* What kdbus_connect() takes as an address of D-Bus, for free(); NULL if out
 * of memory. */
char *connection_address(const char *address);

#endif /* LIBKDBUS_CONNECTION_H */
