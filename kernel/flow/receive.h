/* SPDX-License-Identifier: GPL-2.0-only */
/* RECV and FREE: peek, take, drop, install descriptors. */
#ifndef KDBUS_RECEIVE_H
#define KDBUS_RECEIVE_H

struct kdbus_args;
struct kdbus_conn;

int kdbus_receive(struct kdbus_conn *conn, struct kdbus_args *args);
int kdbus_release(struct kdbus_conn *conn, struct kdbus_args *args);

#endif /* KDBUS_RECEIVE_H */
