/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ktime.h has. */
#ifndef SHIM_LINUX_TIMEKEEPING_H
#define SHIM_LINUX_TIMEKEEPING_H

#include <linux/ktime.h>

#endif /* SHIM_LINUX_TIMEKEEPING_H */
