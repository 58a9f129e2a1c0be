/* SPDX-License-Identifier: GPL-2.0-only */
/* Take or give back a name; hand over an activator's mail. */
#ifndef KDBUS_CLAIM_H
#define KDBUS_CLAIM_H

struct kdbus_args;
struct kdbus_conn;

int kdbus_claim(struct kdbus_conn *conn, struct kdbus_args *args);
int kdbus_yield(struct kdbus_conn *conn, struct kdbus_args *args);
int kdbus_claim_activator(struct kdbus_conn *conn, const char *name);
void kdbus_yield_all(struct kdbus_conn *conn);

#endif /* KDBUS_CLAIM_H */
