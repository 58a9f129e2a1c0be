/* SPDX-License-Identifier: GPL-2.0-only */
/* kdbusfs: mount, inodes, listing. */
#ifndef KDBUS_FS_H
#define KDBUS_FS_H

int kdbus_fs_init(void);
void kdbus_fs_exit(void);

#endif /* KDBUS_FS_H */
