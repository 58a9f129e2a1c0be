// SPDX-License-Identifier: LGPL-2.1-or-later
/* Endpoints: the default one is plain, a custom one pays for itself. */
#include <linux/stat.h>

#include "tests/unit/kernel/object/world.h"

static struct kdbus_endpoint *make(bool custom)
{
	return kdbus_endpoint_new(world_bus, custom, KDBUS_MAKE_ACCESS_GROUP,
				  KUIDT_INIT(7), KGIDT_INIT(8));
}

ShimTest(endpoint, it_holds_its_bus_and_has_no_name_yet)
{
	struct kdbus_endpoint *ep;
	int n_refs;

	world_begin();
	n_refs = world_bus->node.ref.count;
	ep = make(false);
	cr_expect_eq(ep->bus, world_bus);
	cr_expect_eq(world_bus->node.ref.count, n_refs + 1);
	cr_expect_eq(ep->node.type, KDBUS_NODE_ENDPOINT);
	cr_expect_eq(ep->node.mode, S_IFREG | 0660);
	cr_expect_eq(ep->node.uid.val, 7);
	cr_expect_eq(ep->node.gid.val, 8);
	cr_expect_null(ep->node.name);
	cr_expect(list_empty(&ep->conns));
	cr_expect_not(kdbus_active_is_on(&ep->node.active));
	cr_expect_eq(kdbus_endpoint_ref(ep), ep);
	cr_expect_null(kdbus_endpoint_unref(ep));
	cr_expect_eq(world_bus->node.ref.count, n_refs + 1);
	cr_expect_null(kdbus_endpoint_unref(ep));
	cr_expect_null(kdbus_endpoint_unref(NULL));
	cr_expect_eq(world_bus->node.ref.count, n_refs);
	world_end();
}

ShimTest(endpoint, a_plain_one_has_neither_account_nor_policy)
{
	struct kdbus_endpoint *ep;

	world_begin();
	ep = make(false);
	cr_expect_not(ep->custom);
	cr_expect_null(ep->user);
	cr_expect_null(ep->policy.buckets);
	kdbus_endpoint_unref(ep);
	world_end();
}

ShimTest(endpoint, a_custom_one_grants_nothing_and_pays_for_itself)
{
	struct kdbus_endpoint *ep, *other;

	world_begin();
	ep = make(true);
	other = make(true);
	cr_expect(ep->custom);
	cr_expect_not_null(ep->user);
	cr_expect_neq(ep->user, other->user);
	cr_expect_not(uid_valid(ep->user->uid));
	cr_expect_eq(kdbus_policy_query(&ep->policy, &shim_cred, "a.b"),
		     KDBUS_POLICY_NOTHING);
	kdbus_endpoint_unref(ep);
	kdbus_endpoint_unref(other);
	world_end();
}

ShimTest(endpoint, one_that_goes_with_connections_is_a_mistake)
{
	struct kdbus_endpoint *ep;
	struct list_head conn;

	world_begin();
	ep = make(false);
	list_add(&conn, &ep->conns);
	shim_expect_warning();
	kdbus_endpoint_unref(ep);
	world_end();
}

static bool custom;

static int attempt(void)
{
	int n_refs = world_bus->node.ref.count;
	struct kdbus_endpoint *ep = make(custom);
	int r = IS_ERR(ep) ? PTR_ERR(ep) : 0;

	if (!r)
		kdbus_endpoint_unref(ep);
	cr_assert_eq(world_bus->node.ref.count, n_refs);
	return r;
}

ShimTest(endpoint, without_memory_there_is_none)
{
	world_begin();
	custom = false;
	cr_expect_eq(shim_fails_cleanly(attempt), 0);
	custom = true;
	cr_expect_eq(shim_fails_cleanly(attempt), 0);
	world_end();
}
