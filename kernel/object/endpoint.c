// SPDX-License-Identifier: GPL-2.0-only
/* An endpoint: a file of a bus that connections are made on. */

#include <linux/err.h>
#include <linux/slab.h>

#include "object/endpoint.h"

static void endpoint_free(struct kdbus_node *node)
{
	struct kdbus_endpoint *ep = kdbus_endpoint_from_node(node);

	WARN_ON_ONCE(!list_empty(&ep->conns));
	if (ep->custom)
		kdbus_policy_deinit(&ep->policy);
	kdbus_user_unref(ep->user);
	kdbus_bus_unref(ep->bus);
	kfree(ep);
}

/**
 * kdbus_endpoint_new() - make an endpoint, not yet linked into its bus
 * @bus:	bus
 * @custom:	with a policy of its own
 * @make_flags:	KDBUS_MAKE_*, for the mode of the file
 * @uid:	owner of the file
 * @gid:	group of the file
 *
 * Return: a reference, or ERR_PTR(-ENOMEM).
 */
struct kdbus_endpoint *kdbus_endpoint_new(struct kdbus_bus *bus, bool custom,
					  u64 make_flags, kuid_t uid,
					  kgid_t gid)
{
	struct kdbus_endpoint *ep;
	int r;

	ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);
	if (!ep)
		return ERR_PTR(-ENOMEM);
	kdbus_node_init(&ep->node, KDBUS_NODE_ENDPOINT,
			kdbus_node_file_mode(make_flags), uid, gid,
			endpoint_free);
	init_completion(&ep->gone);
	mutex_init(&ep->lock);
	INIT_LIST_HEAD(&ep->conns);
	ep->bus = kdbus_bus_ref(bus);
	if (!custom)
		return ep;

	r = kdbus_policy_init(&ep->policy);
	if (r < 0) {
		kdbus_endpoint_unref(ep);
		return ERR_PTR(r);
	}
	ep->custom = true;
	ep->user = kdbus_user_new_private();
	if (IS_ERR(ep->user)) {
		r = PTR_ERR(ep->user);
		ep->user = NULL;
		kdbus_endpoint_unref(ep);
		return ERR_PTR(r);
	}
	return ep;
}
