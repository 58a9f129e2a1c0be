/* SPDX-License-Identifier: GPL-2.0-only */
/* SEND: the whole walk on one screen. */
#ifndef KDBUS_SEND_H
#define KDBUS_SEND_H

#include <linux/types.h>

struct kdbus_args;
struct kdbus_conn;

int kdbus_send(struct kdbus_conn *conn, struct kdbus_args *args);
int kdbus_call(struct kdbus_conn *conn, struct kdbus_args *args);
int kdbus_send_only(struct kdbus_conn *conn, u64 address);

#endif /* KDBUS_SEND_H */
