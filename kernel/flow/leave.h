/* SPDX-License-Identifier: GPL-2.0-only */
/* BYEBYE and every other way to go. */
#ifndef KDBUS_LEAVE_H
#define KDBUS_LEAVE_H

struct kdbus_bus;
struct kdbus_conn;
struct kdbus_domain;
struct kdbus_endpoint;

int kdbus_leave_politely(struct kdbus_conn *conn);
void kdbus_leave(struct kdbus_conn *conn);
void kdbus_endpoint_end(struct kdbus_endpoint *ep);
void kdbus_bus_end(struct kdbus_bus *bus);
void kdbus_domain_end(struct kdbus_domain *domain);

#endif /* KDBUS_LEAVE_H */
