// SPDX-License-Identifier: GPL-2.0-only
/* BUS_MAKE, ENDPOINT_MAKE, ENDPOINT_UPDATE. */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/limits.h>

#include "flow/join.h"
#include "flow/leave.h"
#include "flow/make.h"
#include "object/bus.h"
#include "object/conn.h"
#include "object/domain.h"
#include "object/endpoint.h"
#include "object/name.h"
#include "util/args.h"

#define BLOOM_SIZE_MIN	8
#define BLOOM_SIZE_MAX	4096

/* Names start with the maker's uid, so that nobody takes those of others. */
static int check_prefix(const char *name, struct kdbus_domain *domain)
{
	uid_t uid = from_kuid(domain->user_ns, current_euid());
	char prefix[16];
	int n;

	if (uid == (uid_t)-1)
		return -EINVAL;
	n = snprintf(prefix, sizeof(prefix), "%u-", uid);
	return strncmp(name, prefix, n) ? -EINVAL : 0;
}

static int check_bloom(const struct kdbus_bloom_parameter *bloom)
{
	if (bloom->size < BLOOM_SIZE_MIN || bloom->size > BLOOM_SIZE_MAX ||
	    bloom->size % 8 || !bloom->n_hash)
		return -EINVAL;
	return 0;
}

/* the endpoint that every bus has */
static int make_default_endpoint(struct kdbus_bus *bus)
{
	struct kdbus_endpoint *ep;
	int r;

	ep = kdbus_endpoint_new(bus, false, bus->flags, bus->node.uid,
				bus->node.gid);
	if (IS_ERR(ep))
		return PTR_ERR(ep);
	kdbus_active_switch_on(&ep->node.active);
	r = kdbus_node_link(&ep->node, &bus->node, "bus");
	kdbus_endpoint_unref(ep);
	return r;
}

/**
 * kdbus_make_bus() - KDBUS_CMD_BUS_MAKE
 * @domain:	domain, in use by the caller
 * @args:	struct kdbus_cmd
 *
 * Return: a reference to a bus with its default endpoint, to be ended by
 * kdbus_bus_end(); or ERR_PTR() of one of the errors of kdbus.bus(7).
 */
struct kdbus_bus *kdbus_make_bus(struct kdbus_domain *domain,
				 struct kdbus_args *args)
{
	const char *name = kdbus_args_find_str(args, KDBUS_ITEM_MAKE_NAME);
	struct kdbus_item *bloom, *attach;
	struct kdbus_bus *bus;
	u64 attach_flags = 0;
	int r;

	bloom = kdbus_args_find(args, KDBUS_ITEM_BLOOM_PARAMETER);
	attach = kdbus_args_find(args, KDBUS_ITEM_ATTACH_FLAGS_SEND);
	if (attach)
		attach_flags = attach->id;
	r = check_bloom(&bloom->bloom_parameter);
	if (!r)
		r = kdbus_attach_flags_check(attach_flags);
	if (!r)
		r = check_prefix(name, domain);
	if (r)
		return ERR_PTR(r);

	bus = kdbus_bus_new(domain, args->cmd->flags, &bloom->bloom_parameter,
			    attach_flags);
	if (IS_ERR(bus))
		return bus;
	r = kdbus_conns_init(bus);
	if (!r)
		r = kdbus_names_init(bus);
	if (!r)
		r = make_default_endpoint(bus);
	if (!r)
		r = kdbus_node_link(&bus->node, &domain->node, name);
	if (!r)
		r = kdbus_bus_charge(bus);
	kdbus_active_switch_on(&bus->node.active);
	if (r) {
		kdbus_bus_end(bus);
		kdbus_bus_unref(bus);
		return ERR_PTR(r);
	}
	return bus;
}

/**
 * kdbus_make_endpoint() - KDBUS_CMD_ENDPOINT_MAKE
 * @bus:	bus, in use by the caller, who is an owner
 * @args:	struct kdbus_cmd
 *
 * Return: a reference to an endpoint, to be ended by kdbus_endpoint_end(); or
 * ERR_PTR() of one of the errors of kdbus.endpoint(7).
 */
struct kdbus_endpoint *kdbus_make_endpoint(struct kdbus_bus *bus,
					   struct kdbus_args *args)
{
	const char *name = kdbus_args_find_str(args, KDBUS_ITEM_MAKE_NAME);
	struct kdbus_endpoint *ep;
	int r;

	r = check_prefix(name, bus->domain);
	if (r)
		return ERR_PTR(r);
	ep = kdbus_endpoint_new(bus, true, args->cmd->flags, current_euid(),
				current_egid());
	if (IS_ERR(ep))
		return ep;
	r = kdbus_node_link(&ep->node, &bus->node, name);
	if (r) {
		kdbus_endpoint_unref(ep);
		return ERR_PTR(r);
	}
	kdbus_active_switch_on(&ep->node.active);
	return ep;
}

/**
 * kdbus_update_endpoint() - KDBUS_CMD_ENDPOINT_UPDATE
 * @ep:		custom endpoint
 * @args:	struct kdbus_cmd
 *
 * Return: 0 or one of the errors of kdbus.endpoint(7); then nothing has
 * changed.
 */
int kdbus_update_endpoint(struct kdbus_endpoint *ep, struct kdbus_args *args)
{
	LIST_HEAD(entries);
	int r;

	r = kdbus_policy_parse(&entries, kdbus_args_items(args),
			       (u8 *)args->data + args->size, UINT_MAX, true);
	if (r)
		return r;
	r = kdbus_policy_replace(&ep->policy, ep, &entries);
	kdbus_policy_discard(&entries);
	return r;
}
