/* SPDX-License-Identifier: GPL-2.0-only */
/* SERVE: answer, give back, and receive or wait. */
#ifndef KDBUS_SERVE_H
#define KDBUS_SERVE_H

struct kdbus_args;
struct kdbus_conn;

int kdbus_serve(struct kdbus_conn *conn, struct kdbus_args *args);

#endif /* KDBUS_SERVE_H */
