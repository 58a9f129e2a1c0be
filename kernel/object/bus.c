// SPDX-License-Identifier: GPL-2.0-only
/* A bus: connections, names and the policy that holds between them. */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "object/bus.h"
#include "object/identity.h"

/**
 * kdbus_bus_uncharge() - a bus is not charged any more
 * @bus:	bus, charged or not, that nobody else is ending
 */
void kdbus_bus_uncharge(struct kdbus_bus *bus)
{
	if (!bus->creator)
		return;
	atomic_dec(&bus->creator->n_buses);
	bus->creator = kdbus_user_unref(bus->creator);
}

static void table_destroy(struct rhashtable *table)
{
	if (rcu_access_pointer(table->tbl))
		rhashtable_destroy(table);
}

static void bus_free(struct kdbus_node *node)
{
	struct kdbus_bus *bus = kdbus_bus_from_node(node);

	WARN_ON_ONCE(!list_empty(&bus->conns.list));
	WARN_ON_ONCE(!list_empty(&bus->conns.monitors));
	WARN_ON_ONCE(!list_empty(&bus->notices.queue));
	table_destroy(&bus->names.table);
	table_destroy(&bus->conns.by_id);
	kdbus_match_index_deinit(&bus->matches);
	kdbus_policy_deinit(&bus->policy);
	kdbus_identity_unref(bus->maker);
	kdbus_user_unref(bus->kernel);
	kdbus_bus_uncharge(bus);
	kdbus_domain_unref(bus->domain);
	kfree(bus);
}

static void bus_init(struct kdbus_bus *bus)
{
	mutex_init(&bus->conns.lock);
	INIT_LIST_HEAD(&bus->conns.list);
	INIT_LIST_HEAD(&bus->conns.monitors);
	mutex_init(&bus->names.lock);
	spin_lock_init(&bus->notices.lock);
	INIT_LIST_HEAD(&bus->notices.queue);
	mutex_init(&bus->notices.flush);
	uuid_gen(&bus->id128);
}

/* what can fail after the tables are there; bus_free() undoes it */
static int bus_identify(struct kdbus_bus *bus)
{
	struct kdbus_user *user;
	struct kdbus_identity *maker;

	maker = kdbus_identity_new();
	if (IS_ERR(maker))
		return PTR_ERR(maker);
	bus->maker = maker;

	user = kdbus_user_new_private();
	if (IS_ERR(user))
		return PTR_ERR(user);
	bus->kernel = user;

	return kdbus_identity_gather(maker, _KDBUS_ATTACH_ALL);
}

/**
 * kdbus_bus_new() - make a bus, not yet linked into its domain
 * @domain:	domain
 * @flags:	KDBUS_MAKE_*
 * @bloom:	parameters of its filters, checked
 * @attach_flags: metadata of the caller that BUS_CREATOR_INFO may show
 *
 * The caller is its owner.  kdbus_conns_init(), kdbus_names_init() and
 * kdbus_bus_charge() are due before it is used.
 *
 * Return: a reference, or ERR_PTR(-ENOMEM).
 */
struct kdbus_bus *kdbus_bus_new(struct kdbus_domain *domain, u64 flags,
				const struct kdbus_bloom_parameter *bloom,
				u64 attach_flags)
{
	struct kdbus_bus *bus;
	int r;

	bus = kzalloc(sizeof(*bus), GFP_KERNEL_ACCOUNT);
	if (!bus)
		return ERR_PTR(-ENOMEM);
	bus->flags = flags;
	bus->attach_flags = attach_flags;
	bus->bloom = *bloom;
	bus_init(bus);
	r = kdbus_policy_init(&bus->policy);
	if (r)
		goto fail;
	r = kdbus_match_index_init(&bus->matches, bloom->size);
	if (r)
		goto fail_policy;

	kdbus_node_init(&bus->node, KDBUS_NODE_BUS, kdbus_node_dir_mode(flags),
			current_euid(), current_egid(), bus_free);
	kdbus_node_ref(&domain->node);
	bus->domain = domain;
	bus->id = kdbus_domain_next_id(domain);
	r = bus_identify(bus);
	if (r) {
		kdbus_bus_unref(bus);
		return ERR_PTR(r);
	}
	return bus;

fail_policy:
	kdbus_policy_deinit(&bus->policy);
fail:
	kfree(bus);
	return ERR_PTR(r);
}

/**
 * kdbus_bus_charge() - charge the caller for a bus
 * @bus:	new bus
 *
 * Return: 0, -EMFILE if the caller has too many, -ENOMEM.
 */
int kdbus_bus_charge(struct kdbus_bus *bus)
{
	struct kdbus_user *user;

	user = kdbus_user_get(&bus->domain->users, current_uid());
	if (IS_ERR(user))
		return PTR_ERR(user);
	if (!kdbus_user_charge(&user->n_buses, KDBUS_USER_BUSES_MAX)) {
		kdbus_user_unref(user);
		return -EMFILE;
	}
	bus->creator = user;
	return 0;
}
