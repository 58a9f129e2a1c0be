/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files in memory. */
#ifndef SHIM_LINUX_SHMEM_FS_H
#define SHIM_LINUX_SHMEM_FS_H

#include <linux/fs.h>

#define shmem_file(file) ((file)->inode->shmem)
#define SHMEM_I(inode) (&(inode)->shmem_info)

#endif /* SHIM_LINUX_SHMEM_FS_H */
