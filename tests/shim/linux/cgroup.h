/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Control groups. */
#ifndef SHIM_LINUX_CGROUP_H
#define SHIM_LINUX_CGROUP_H

#include <linux/sched.h>

#define CONFIG_CGROUPS 1

struct cgroup {
	struct {
		const char *name;
	} *kn;
	struct cgroup *parent;
};

#define task_dfl_cgroup(task) ((task)->cgroup)
#define cgroup_parent(group) ((group)->parent)

#endif /* SHIM_LINUX_CGROUP_H */
