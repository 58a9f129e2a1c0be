/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kinds of files. */
#ifndef SHIM_LINUX_STAT_H
#define SHIM_LINUX_STAT_H

#include <sys/stat.h>

#endif /* SHIM_LINUX_STAT_H */
