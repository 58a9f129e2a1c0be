/* SPDX-License-Identifier: GPL-2.0-only */
/* An endpoint: a file of a bus that connections are made on. */
#ifndef KDBUS_ENDPOINT_H
#define KDBUS_ENDPOINT_H

#include <linux/completion.h>

#include "object/bus.h"

/**
 * struct kdbus_endpoint - a file of a bus that connections are made on
 * @node:	the file
 * @bus:	bus it belongs to, with a reference
 * @custom:	made by ENDPOINT_MAKE: @policy holds in addition to the bus's
 * @policy:	what connections of a custom endpoint may see, talk to and own
 * @user:	account that all connections of a custom endpoint share
 * @gone:	it is taken apart
 * @lock:	guards @conns
 * @conns:	struct kdbus_conn, for the day the endpoint goes
 */
struct kdbus_endpoint {
	struct kdbus_node node;
	struct kdbus_bus *bus;
	bool custom;
	struct kdbus_policy policy;
	struct kdbus_user *user;
	struct completion gone;

	struct mutex lock;
	struct list_head conns;
};

struct kdbus_endpoint *kdbus_endpoint_new(struct kdbus_bus *bus, bool custom,
					  u64 make_flags, kuid_t uid,
					  kgid_t gid);

static inline struct kdbus_endpoint *
kdbus_endpoint_from_node(struct kdbus_node *node)
{
	return container_of(node, struct kdbus_endpoint, node);
}

static inline struct kdbus_endpoint *
kdbus_endpoint_ref(struct kdbus_endpoint *ep)
{
	kdbus_node_ref(&ep->node);
	return ep;
}

static inline struct kdbus_endpoint *
kdbus_endpoint_unref(struct kdbus_endpoint *ep)
{
	if (ep)
		kdbus_node_unref(&ep->node);
	return NULL;
}

#endif /* KDBUS_ENDPOINT_H */
