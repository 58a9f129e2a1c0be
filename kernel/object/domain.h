/* SPDX-License-Identifier: GPL-2.0-only */
/* A domain: one mount of kdbusfs and all its buses. */
#ifndef KDBUS_DOMAIN_H
#define KDBUS_DOMAIN_H

#include "object/node.h"
#include "object/user.h"

struct user_namespace;

/**
 * struct kdbus_domain - one mount of kdbusfs and all its buses
 * @node:	root directory
 * @user_ns:	user namespace of the mount; who is privileged there is
 *		privileged on all its buses
 * @last_id:	id given to a bus or connection last
 * @users:	accounts
 */
struct kdbus_domain {
	struct kdbus_node node;
	struct user_namespace *user_ns;
	atomic64_t last_id;
	struct kdbus_users users;
};

struct kdbus_domain *kdbus_domain_new(struct user_namespace *user_ns);
u64 kdbus_domain_next_id(struct kdbus_domain *domain);

static inline struct kdbus_domain *kdbus_domain_from_node(struct kdbus_node *n)
{
	return container_of(n, struct kdbus_domain, node);
}

static inline struct kdbus_domain *kdbus_domain_unref(struct kdbus_domain *d)
{
	if (d)
		kdbus_node_unref(&d->node);
	return NULL;
}

#endif /* KDBUS_DOMAIN_H */
