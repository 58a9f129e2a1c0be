/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of a task, as far as anybody asks. */
#ifndef SHIM_LINUX_MM_TYPES_H
#define SHIM_LINUX_MM_TYPES_H

#include <linux/spinlock.h>

struct mm_struct {
	struct file *exe_file;
	spinlock_t arg_lock;
	unsigned long arg_start, arg_end;
};

#endif /* SHIM_LINUX_MM_TYPES_H */
