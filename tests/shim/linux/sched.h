/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The task that runs, and where the kernel would let others run. */
#ifndef SHIM_LINUX_SCHED_H
#define SHIM_LINUX_SCHED_H

#include <linux/pid.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "tests/shim/shim.h"

#define TASK_COMM_LEN 16

struct task_struct {
	struct fs_struct *fs;
	struct pid_namespace *pid_ns;
	u64 start_boottime;
	struct pid *pid, *tgid;
	struct task_struct *real_parent, *group_leader;
	u64 self_exec_id;
	char comm[TASK_COMM_LEN];
	struct mm_struct *mm;
	struct cgroup *cgroup;
	kuid_t loginuid;
	u32 sessionid;
};

extern struct task_struct shim_task;

#define current (&shim_task)
#define task_pid(task) ((task)->pid)
#define task_tgid(task) ((task)->tgid)
#define get_task_comm(out, task) memcpy(out, (task)->comm, TASK_COMM_LEN)
#define cond_resched() shim_may_sleep(__FILE__, __LINE__)

static inline struct pid *get_task_pid(struct task_struct *task,
				       enum pid_type type)
{
	return get_pid(type == PIDTYPE_TGID ? task->tgid : task->pid);
}

#endif /* SHIM_LINUX_SCHED_H */
