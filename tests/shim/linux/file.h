/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors.  What the caller has, and has room for, is for the test to say. */
#ifndef SHIM_LINUX_FILE_H
#define SHIM_LINUX_FILE_H

#include <linux/fs.h>

#include "tests/shim/shim.h"

/* the test's */
struct file *fget_raw(unsigned int fd);
int receive_fd(struct file *file, int __user *user, unsigned int flags);

/* under the RCU lock */
static inline struct file *get_file_rcu(struct file **file)
{
	shim_check(shim_rcu_is_locked());
	if (*file)
		(*file)->n_refs++;
	return *file;
}

static inline void fput(struct file *file)
{
	shim_check(file->n_refs > 0);
	file->n_refs--;
}

/* like the kernel's, not those of O_PATH */
static inline struct file *fget(unsigned int fd)
{
	struct file *file = fget_raw(fd);

	if (file && file->f_mode & FMODE_PATH) {
		fput(file);
		return NULL;
	}
	return file;
}

#endif /* SHIM_LINUX_FILE_H */
