/* SPDX-License-Identifier: GPL-2.0-only */
/* RECV and FREE: peek, take, drop, install descriptors. */
#ifndef KDBUS_RECEIVE_H
#define KDBUS_RECEIVE_H

#include <linux/types.h>

struct kdbus_args;
struct kdbus_cmd_recv;
struct kdbus_conn;
struct kdbus_msg_info;
struct kdbus_slice;

int kdbus_receive(struct kdbus_conn *conn, struct kdbus_args *args);
int kdbus_release(struct kdbus_conn *conn, struct kdbus_args *args);

/* the same as parts of other commands */
bool kdbus_receive_ready(struct kdbus_conn *conn,
			 const struct kdbus_cmd_recv *cmd);
int kdbus_receive_next(struct kdbus_conn *conn, struct kdbus_cmd_recv *cmd);
void kdbus_receive_nothing(struct kdbus_conn *conn, struct kdbus_msg_info *out);
int kdbus_release_later(struct kdbus_conn *conn, u64 offset,
			struct kdbus_slice **out_slice);

#endif /* KDBUS_RECEIVE_H */
