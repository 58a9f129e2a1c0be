/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kernel.h has. */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

#include <linux/kernel.h>

#endif /* SHIM_LINUX_MINMAX_H */
