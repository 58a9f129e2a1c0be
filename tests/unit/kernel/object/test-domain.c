// SPDX-License-Identifier: LGPL-2.1-or-later
/* Domains: the control file, whose they are, ids. */
#include <criterion/criterion.h>
#include <errno.h>

#include <linux/err.h>
#include <linux/stat.h>

#include "object/domain.h"
#include "tests/unit/kernel/items.h"

static struct user_namespace ns;

static struct kdbus_domain *begin(void)
{
	struct kdbus_domain *domain;

	ns.base = 100000;
	ns.count = 1000;
	domain = kdbus_domain_new(&ns);
	cr_assert_not(IS_ERR(domain));
	return domain;
}

static void end(struct kdbus_domain *domain)
{
	struct kdbus_node *node = kdbus_node_get_first(&domain->node);

	cr_assert(kdbus_node_end(&domain->node));
	cr_assert(kdbus_node_end(node));
	kdbus_node_unlink(node);
	kdbus_node_unref(node);
	cr_expect_null(kdbus_domain_unref(domain));
}

ShimTest(domain, a_new_one_has_nothing_but_its_control_file)
{
	struct kdbus_domain *domain = begin();
	struct kdbus_node *node, *root = &domain->node;

	cr_expect_eq(root->type, KDBUS_NODE_DOMAIN);
	cr_expect_eq(root->mode, S_IFDIR | 0555);
	cr_expect(kdbus_active_is_on(&root->active));
	cr_expect_null(root->name);

	node = kdbus_node_get_child(root, "control");
	cr_assert_not_null(node);
	cr_expect_eq(node->type, KDBUS_NODE_CONTROL);
	cr_expect_eq(node->mode, S_IFREG | 0666);
	cr_expect(kdbus_active_is_on(&node->active));
	cr_expect_null(kdbus_node_get_after(root, node->ino));
	kdbus_node_unref(node);
	end(domain);
}

ShimTest(domain, it_belongs_to_the_root_of_its_user_namespace)
{
	struct kdbus_domain *domain = begin();
	struct kdbus_node *node = kdbus_node_get_first(&domain->node);

	cr_expect_eq(domain->user_ns, &ns);
	cr_expect_eq(ns.n_refs, 1);
	cr_expect_eq(domain->node.uid.val, 100000);
	cr_expect_eq(domain->node.gid.val, 100000);
	cr_expect_eq(node->uid.val, 100000);
	cr_expect_eq(node->gid.val, 100000);
	kdbus_node_unref(node);
	end(domain);
	cr_expect_eq(ns.n_refs, 0);
}

ShimTest(domain, ids_start_at_1_and_are_not_used_again)
{
	struct kdbus_domain *one = begin(), *other = begin();

	for (u64 id = 1; id < 100; id++)
		cr_expect_eq(kdbus_domain_next_id(one), id);
	cr_expect_eq(kdbus_domain_next_id(other), 1, "each counts its own");
	end(one);
	end(other);
}

ShimTest(domain, one_that_goes_before_its_users_is_a_mistake)
{
	struct kdbus_domain *domain = begin();
	struct kdbus_user *user;

	user = kdbus_user_get(&domain->users, KUIDT_INIT(5));
	shim_expect_warning();
	end(domain);
	user->users = NULL;
	kdbus_user_unref(user);
}

static int attempt(void)
{
	struct kdbus_domain *domain;

	ns.count = 1000;
	domain = kdbus_domain_new(&ns);
	if (!IS_ERR(domain))
		end(domain);
	cr_assert_eq(ns.n_refs, 0);
	return IS_ERR(domain) ? PTR_ERR(domain) : 0;
}

ShimTest(domain, without_memory_there_is_none)
{
	cr_expect_eq(shim_fails_cleanly(attempt), 0);
	cr_expect_null(kdbus_domain_unref(NULL));
}
