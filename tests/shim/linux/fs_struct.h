/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a task has its root. */
#ifndef SHIM_LINUX_FS_STRUCT_H
#define SHIM_LINUX_FS_STRUCT_H

#include <linux/path.h>
#include <linux/seqlock.h>

struct fs_struct {
	struct path root;
	seqcount_mutex_t seq;
};

static inline void get_fs_root(struct fs_struct *fs, struct path *out)
{
	*out = fs->root;
	path_get(out);
}

#endif /* SHIM_LINUX_FS_STRUCT_H */
