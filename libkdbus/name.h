/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names a connection owns or waits for. */
#ifndef LIBKDBUS_NAME_H
#define LIBKDBUS_NAME_H

#include <kdbus/libkdbus.h>

/* Gives all of them back, and asks for them again. */
int names_release(struct kdbus_connection *bus);
int names_request(struct kdbus_connection *bus);
void names_free(struct kdbus_connection *bus);

#endif /* LIBKDBUS_NAME_H */
