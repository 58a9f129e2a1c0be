// SPDX-License-Identifier: GPL-2.0-only
/* A domain: one mount of kdbusfs and all its buses. */

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/user_namespace.h>

#include "object/domain.h"

static void domain_free(struct kdbus_node *node)
{
	struct kdbus_domain *domain = kdbus_domain_from_node(node);

	kdbus_users_deinit(&domain->users);
	put_user_ns(domain->user_ns);
	kfree(domain);
}

static void control_free(struct kdbus_node *node)
{
	kfree(node);
}

/* the file that buses are made on */
static int control_new(struct kdbus_domain *domain)
{
	struct kdbus_node *node;
	int r;

	node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);
	if (!node)
		return -ENOMEM;
	kdbus_node_init(node, KDBUS_NODE_CONTROL, S_IFREG | 0666,
			domain->node.uid, domain->node.gid, control_free);
	kdbus_active_switch_on(&node->active);
	r = kdbus_node_link(node, &domain->node, "control");
	kdbus_node_unref(node);
	return r;
}

/**
 * kdbus_domain_new() - make a domain with its control file
 * @user_ns:	user namespace of the mounting task
 *
 * Root and control file belong to the root of @user_ns: an inode whose owner
 * has no mapping there could not be opened for writing.
 *
 * Return: the domain, switched on, to be ended by kdbus_domain_end(); or
 * ERR_PTR(-ENOMEM).
 */
struct kdbus_domain *kdbus_domain_new(struct user_namespace *user_ns)
{
	struct kdbus_domain *domain;
	int r;

	domain = kzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	kdbus_node_init(&domain->node, KDBUS_NODE_DOMAIN, S_IFDIR | 0555,
			make_kuid(user_ns, 0), make_kgid(user_ns, 0),
			domain_free);
	domain->user_ns = get_user_ns(user_ns);
	kdbus_users_init(&domain->users);

	r = control_new(domain);
	if (r < 0) {
		kdbus_domain_unref(domain);
		return ERR_PTR(r);
	}
	kdbus_active_switch_on(&domain->node.active);
	return domain;
}

/**
 * kdbus_domain_next_id() - an id for a new bus or connection
 * @domain:	domain
 *
 * Ids start at 1 and are never used again.
 */
u64 kdbus_domain_next_id(struct kdbus_domain *domain)
{
	return atomic64_inc_return(&domain->last_id);
}
