/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The task that runs, and where the kernel would let others run. */
#ifndef SHIM_LINUX_SCHED_H
#define SHIM_LINUX_SCHED_H

#include <linux/types.h>

#include "tests/shim/shim.h"

#define TASK_COMM_LEN 16

struct task_struct {
	struct fs_struct *fs;
	struct pid_namespace *pid_ns;
	u64 start_boottime;
};

extern struct task_struct shim_task;

#define current (&shim_task)
#define cond_resched() shim_may_sleep(__FILE__, __LINE__)

#endif /* SHIM_LINUX_SCHED_H */
