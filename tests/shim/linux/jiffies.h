/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same time, in ticks that begin anywhere. */
#ifndef SHIM_LINUX_JIFFIES_H
#define SHIM_LINUX_JIFFIES_H

#include <linux/ktime.h>

#define HZ 250
#define jiffies (shim_first_jiffy + shim_now_ns / (NSEC_PER_SEC / HZ))
#define time_before(a, b) ((long)((a) - (b)) < 0)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)

#endif /* SHIM_LINUX_JIFFIES_H */
