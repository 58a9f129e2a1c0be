/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of buses and of what lives on them share: a bus with an
 * endpoint, and connections without end.  Identities and pools need a kernel;
 * here they are memory that may run out, and nothing else.
 */
#ifndef TEST_KERNEL_WORLD_H
#define TEST_KERNEL_WORLD_H

#include <criterion/criterion.h>
#include <errno.h>

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "object/conn.h"
#include "object/identity.h"
#include "object/name.h"
#include "object/pool.h"
#include "tests/unit/kernel/items.h"

/* stubs */

struct kdbus_pool {
	u64 size;
};

struct kdbus_pool *kdbus_pool_new(u64 size)
{
	struct kdbus_pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return ERR_PTR(-ENOMEM);
	pool->size = size;
	return pool;
}

struct kdbus_pool *kdbus_pool_unref(struct kdbus_pool *pool)
{
	kfree(pool);
	return NULL;
}

u64 kdbus_pool_size(const struct kdbus_pool *pool)
{
	return pool->size;
}

struct kdbus_identity *kdbus_identity_new(void)
{
	struct kdbus_identity *id = kzalloc(sizeof(*id), GFP_KERNEL);

	if (!id)
		return ERR_PTR(-ENOMEM);
	id->refs.count = 1;
	return id;
}

struct kdbus_identity *kdbus_identity_unref(struct kdbus_identity *id)
{
	if (id && !--id->refs.count) {
		kfree(id->text[0].data);
		kfree(id);
	}
	return NULL;
}

int kdbus_identity_gather(struct kdbus_identity *id, u64 mask)
{
	id->text[0].data = kmalloc(1, GFP_KERNEL);
	if (!id->text[0].data)
		return -ENOMEM;
	id->has = mask;
	return 0;
}

/* a domain, which is nothing but a node, a bus and an endpoint */

#define WORLD_POOL 65536ULL	/* bytes of each pool */

static const struct kdbus_bloom_parameter world_bloom = { 64, 8 };

static struct kdbus_domain *world_domain;
static struct kdbus_bus *world_bus;
static struct kdbus_endpoint *world_ep;

static inline void world_domain_begin(void)
{
	world_domain = kdbus_domain_new(&init_user_ns);
	cr_assert_not(IS_ERR(world_domain));
}

static inline void world_domain_end(void)
{
	struct kdbus_node *control = kdbus_node_get_first(&world_domain->node);

	kdbus_node_unlink(control);
	kdbus_node_unref(control);
	kdbus_domain_unref(world_domain);
	cr_assert_eq(init_user_ns.n_refs, 0);
}

static inline void world_begin(void)
{
	world_domain_begin();
	world_bus = kdbus_bus_new(world_domain, 0, &world_bloom, 0);
	cr_assert_not(IS_ERR(world_bus));
	cr_assert_eq(kdbus_conns_init(world_bus), 0);
	cr_assert_eq(kdbus_names_init(world_bus), 0);
	world_ep = kdbus_endpoint_new(world_bus, false, 0, KUIDT_INIT(0),
				      KGIDT_INIT(0));
	cr_assert_not(IS_ERR(world_ep));
}

static inline void world_end(void)
{
	kdbus_endpoint_unref(world_ep);
	kdbus_bus_unref(world_bus);
	world_domain_end();
}

/* a connection that others can find and that may do something */
static inline struct kdbus_conn *world_conn(enum kdbus_kind kind)
{
	struct kdbus_conn *conn = kdbus_conn_new(world_ep, kind, WORLD_POOL,
						 &shim_cred);

	cr_assert_not(IS_ERR(conn));
	conn->id = kdbus_domain_next_id(world_domain);
	cr_assert_eq(kdbus_conn_link(conn), 0);
	kdbus_active_switch_on(&conn->active);
	return conn;
}

/* what it owns, owes and waits for was given up before */
static inline void world_conn_end(struct kdbus_conn *conn)
{
	kdbus_active_switch_off(&conn->active);
	kdbus_conn_unlink(conn);
	kdbus_conn_unref(conn);
}

#endif /* TEST_KERNEL_WORLD_H */
