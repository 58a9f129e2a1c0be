/* SPDX-License-Identifier: GPL-2.0-only */
/* MATCH_ADD and MATCH_REMOVE. */
#ifndef KDBUS_LISTEN_H
#define KDBUS_LISTEN_H

struct kdbus_args;
struct kdbus_conn;

int kdbus_listen(struct kdbus_conn *conn, struct kdbus_args *args);
int kdbus_unlisten(struct kdbus_conn *conn, struct kdbus_args *args);

#endif /* KDBUS_LISTEN_H */
