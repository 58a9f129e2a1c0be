/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who holds pid namespaces. */
#ifndef SHIM_LINUX_PID_NAMESPACE_H
#define SHIM_LINUX_PID_NAMESPACE_H

#include <linux/pid.h>
#include <linux/sched.h>

#define task_active_pid_ns(task) ((task)->pid_ns)

static inline struct pid_namespace *get_pid_ns(struct pid_namespace *ns)
{
	ns->n_refs++;
	return ns;
}

static inline void put_pid_ns(struct pid_namespace *ns)
{
	shim_check(ns->n_refs > 0);
	ns->n_refs--;
}

#endif /* SHIM_LINUX_PID_NAMESPACE_H */
