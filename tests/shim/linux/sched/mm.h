/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who pays for memory. */
#ifndef SHIM_LINUX_SCHED_MM_H
#define SHIM_LINUX_SCHED_MM_H

#include <linux/sched.h>

struct mem_cgroup;

/* the group that allocations are charged to instead of the caller's */
extern struct mem_cgroup *shim_memcg;
extern size_t shim_n_charged;	/* how many of them there were */

static inline struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	struct mem_cgroup *old = shim_memcg;

	shim_memcg = memcg;
	return old;
}

#endif /* SHIM_LINUX_SCHED_MM_H */
