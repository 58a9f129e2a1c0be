/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who holds user namespaces. */
#ifndef SHIM_LINUX_USER_NAMESPACE_H
#define SHIM_LINUX_USER_NAMESPACE_H

#include <linux/uidgid.h>

#include "tests/shim/shim.h"

extern struct user_namespace init_user_ns;

static inline struct user_namespace *get_user_ns(struct user_namespace *ns)
{
	ns->n_refs++;
	return ns;
}

static inline void put_user_ns(struct user_namespace *ns)
{
	shim_check(ns->n_refs > 0);
	ns->n_refs--;
}

#endif /* SHIM_LINUX_USER_NAMESPACE_H */
