/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is served: interfaces of objects, and whose method a call is. */
#ifndef LIBKDBUS_OBJECT_H
#define LIBKDBUS_OBJECT_H

#include <kdbus/libkdbus.h>

/**
 * struct object - one interface of one object
 *
 * In the order of paths, so that those below a path are adjacent.
 */
struct object {
	struct object *next;
	const struct kdbus_method *methods;
	void *userdata;
	const char *interface;
	char path[];
};

/* Answers a call, whatever it is: 0, or why the answer could not be sent. The
 * caller holds a reference of @bus. */
int objects_call(struct kdbus_connection *bus, struct kdbus_message *call);
void objects_free(struct kdbus_connection *bus);

#endif /* LIBKDBUS_OBJECT_H */
