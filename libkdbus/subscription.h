/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who listens to which signals. */
#ifndef LIBKDBUS_SUBSCRIPTION_H
#define LIBKDBUS_SUBSCRIPTION_H

#include <kdbus/libkdbus.h>

/* Calls everybody whose rule matches: how many, or the first negative result.
 * The caller holds a reference of @bus. */
int subscriptions_tell(struct kdbus_connection *bus, struct kdbus_message *signal);
void subscriptions_free(struct kdbus_connection *bus);

#endif /* LIBKDBUS_SUBSCRIPTION_H */
