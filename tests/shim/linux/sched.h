/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the kernel would let others run. */
#ifndef SHIM_LINUX_SCHED_H
#define SHIM_LINUX_SCHED_H

#include "tests/shim/shim.h"

#define cond_resched() shim_may_sleep(__FILE__, __LINE__)

#endif /* SHIM_LINUX_SCHED_H */
