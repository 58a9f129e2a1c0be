/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes, and the number each has where. */
#ifndef SHIM_LINUX_PID_H
#define SHIM_LINUX_PID_H

#include <linux/types.h>

#include "tests/shim/shim.h"

enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
};

struct pid_namespace {
	int n_refs;
};

/* @nr[0] is its number in @ns[0], and so on; @task goes when it is waited for */
struct pid {
	const struct pid_namespace *ns[2];
	int nr[2];
	struct task_struct *task;
	int n_refs;
};

/* the test's: a number in the namespace of the caller */
struct pid *find_vpid(int nr);

#define pid_has_task(pid, type) ((pid)->task != NULL)

static inline struct pid *get_pid(struct pid *pid)
{
	if (pid)
		pid->n_refs++;
	return pid;
}

static inline void put_pid(struct pid *pid)
{
	shim_check(!pid || pid->n_refs > 0);
	if (pid)
		pid->n_refs--;
}

static inline struct task_struct *pid_task(const struct pid *pid,
					   enum pid_type type)
{
	shim_check(shim_rcu_is_locked() && type == PIDTYPE_TGID);
	return pid->task;
}

static inline int pid_nr_ns(const struct pid *pid,
			    const struct pid_namespace *ns)
{
	for (int i = 0; pid && i < 2; i++)
		if (pid->ns[i] == ns)
			return pid->nr[i];
	return 0;
}

#endif /* SHIM_LINUX_PID_H */
