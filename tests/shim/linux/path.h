/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places in the file system. */
#ifndef SHIM_LINUX_PATH_H
#define SHIM_LINUX_PATH_H

#include <linux/types.h>

#include "tests/shim/shim.h"

struct vfsmount;

struct dentry {
	struct {
		const char *name;
	} d_name;
	int n_refs;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

static inline bool path_equal(const struct path *a, const struct path *b)
{
	return a->mnt == b->mnt && a->dentry == b->dentry;
}

static inline void path_get(const struct path *path)
{
	path->dentry->n_refs++;
}

static inline void path_put(const struct path *path)
{
	shim_check(!path->dentry || path->dentry->n_refs > 0);
	if (path->dentry)
		path->dentry->n_refs--;
}

#endif /* SHIM_LINUX_PATH_H */
