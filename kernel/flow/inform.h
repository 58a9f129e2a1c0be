/* SPDX-License-Identifier: GPL-2.0-only */
/* LIST, CONN_INFO, BUS_CREATOR_INFO. */
#ifndef KDBUS_INFORM_H
#define KDBUS_INFORM_H

struct kdbus_args;
struct kdbus_conn;

int kdbus_inform_list(struct kdbus_conn *conn, struct kdbus_args *args);
int kdbus_inform_conn(struct kdbus_conn *conn, struct kdbus_args *args);
int kdbus_inform_creator(struct kdbus_conn *conn, struct kdbus_args *args);

#endif /* KDBUS_INFORM_H */
