/* SPDX-License-Identifier: GPL-2.0-only */
/* BUS_MAKE, ENDPOINT_MAKE, ENDPOINT_UPDATE. */
#ifndef KDBUS_MAKE_H
#define KDBUS_MAKE_H

struct kdbus_args;
struct kdbus_bus;
struct kdbus_domain;
struct kdbus_endpoint;

struct kdbus_bus *kdbus_make_bus(struct kdbus_domain *domain,
				 struct kdbus_args *args);
struct kdbus_endpoint *kdbus_make_endpoint(struct kdbus_bus *bus,
					   struct kdbus_args *args);
int kdbus_update_endpoint(struct kdbus_endpoint *ep, struct kdbus_args *args);

#endif /* KDBUS_MAKE_H */
