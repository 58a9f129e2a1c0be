/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls whose replies are awaited. */
#ifndef LIBKDBUS_CALL_H
#define LIBKDBUS_CALL_H

#include <kdbus/libkdbus.h>

/* Calls whoever waits for this reply to the call with @cookie: 1 and the
 * handler's negative result; 0 if nobody does. */
int pending_take(struct kdbus_connection *bus, uint64_t cookie, struct kdbus_message *reply);
void pending_free(struct kdbus_connection *bus);

#endif /* LIBKDBUS_CALL_H */
