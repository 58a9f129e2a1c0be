/* SPDX-License-Identifier: GPL-2.0-only */
/* What an opened control file or endpoint does. */
#ifndef KDBUS_FILE_H
#define KDBUS_FILE_H

struct file_operations;

extern const struct file_operations kdbus_file_ops;

#endif /* KDBUS_FILE_H */
