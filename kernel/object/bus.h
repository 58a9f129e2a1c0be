/* SPDX-License-Identifier: GPL-2.0-only */
/* A bus: connections, names and the policy that holds between them. */
#ifndef KDBUS_BUS_H
#define KDBUS_BUS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include <linux/kdbus.h>

#include "object/domain.h"
#include "object/match.h"
#include "object/policy.h"

struct kdbus_identity;

/**
 * struct kdbus_bus - a bus
 * @node:		its directory
 * @domain:		domain it lives in, with a reference
 * @creator:		account it is charged to
 * @kernel:		account of what the kernel itself sends
 * @maker:		credentials of the caller of BUS_MAKE
 * @id:			id inside the domain
 * @id128:		UUID, version 4
 * @flags:		KDBUS_MAKE_*
 * @attach_flags:	metadata of @maker that BUS_CREATOR_INFO may show
 * @bloom:		parameters of its bloom filters
 * @seqnum:		of the last message
 * @policy:		who may own, talk to and see names
 * @matches:		who listens to which broadcasts
 * @conns.lock:		guards the other members of @conns, for writers
 * @conns.by_id:	struct kdbus_conn, read under RCU
 * @conns.list:		the same, all but monitors
 * @conns.monitors:	monitors
 * @conns.n_monitors:	their number; zero is the common case, read at leisure
 * @names.lock:		the registry: serialises every change of a name
 * @names.table:	struct kdbus_name_entry, read under RCU
 * @notices.lock:	guards @notices.queue; innermost
 * @notices.queue:	notifications that still have to be delivered, in the
 *			order in which things happened
 * @notices.flush:	held by who delivers them, so that they stay in order
 */
struct kdbus_bus {
	struct kdbus_node node;
	struct kdbus_domain *domain;
	struct kdbus_user *creator;
	struct kdbus_user *kernel;
	struct kdbus_identity *maker;
	u64 id;
	uuid_t id128;
	u64 flags;
	u64 attach_flags;
	struct kdbus_bloom_parameter bloom;
	atomic64_t seqnum;
	struct kdbus_policy policy;
	struct kdbus_match_index matches;

	struct {
		struct mutex lock;
		struct rhashtable by_id;
		struct list_head list;
		struct list_head monitors;
		unsigned int n_monitors;
	} conns;

	struct {
		struct mutex lock;
		struct rhashtable table;
	} names;

	struct {
		spinlock_t lock;
		struct list_head queue;
		struct mutex flush;
	} notices;
};

struct kdbus_bus *kdbus_bus_new(struct kdbus_domain *domain, u64 flags,
				const struct kdbus_bloom_parameter *bloom,
				u64 attach_flags);
int kdbus_bus_charge(struct kdbus_bus *bus);
void kdbus_bus_uncharge(struct kdbus_bus *bus);

static inline struct kdbus_bus *kdbus_bus_from_node(struct kdbus_node *node)
{
	return container_of(node, struct kdbus_bus, node);
}

static inline struct kdbus_bus *kdbus_bus_ref(struct kdbus_bus *bus)
{
	kdbus_node_ref(&bus->node);
	return bus;
}

static inline struct kdbus_bus *kdbus_bus_unref(struct kdbus_bus *bus)
{
	if (bus)
		kdbus_node_unref(&bus->node);
	return NULL;
}

#endif /* KDBUS_BUS_H */
