/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Enough of the file system for a pool to be declared. */
#ifndef SHIM_LINUX_FS_H
#define SHIM_LINUX_FS_H

struct address_space {
	int unused;
};

#endif /* SHIM_LINUX_FS_H */
