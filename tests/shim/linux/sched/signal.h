/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sched.h has. */
#ifndef SHIM_LINUX_SCHED_SIGNAL_H
#define SHIM_LINUX_SCHED_SIGNAL_H

#include <linux/sched.h>

#endif /* SHIM_LINUX_SCHED_SIGNAL_H */
