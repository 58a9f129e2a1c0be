/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls to org.freedesktop.DBus: what is answered here, what goes on. */
#ifndef PROXY_DRIVER_CALLS_H
#define PROXY_DRIVER_CALLS_H

#include <stdbool.h>

struct client;
struct kb_message;

/* Is this the call every client begins with? */
bool driver_is_hello(const struct kb_message *message);

/**
 * driver_call() - handle a message to the driver
 *
 * What concerns the client's receiving side is done here, with the client's own
 * connection, as a native library would; the rest goes to the driver's service
 * like any other call.
 */
void driver_call(struct client *client, struct kb_message *message);

#endif /* PROXY_DRIVER_CALLS_H */
