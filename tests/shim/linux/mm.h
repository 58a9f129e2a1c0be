/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What comes along with memory management. */
#ifndef SHIM_LINUX_MM_H
#define SHIM_LINUX_MM_H

#include <linux/sched.h>
#include <linux/slab.h>

#define PAGE_SIZE 4096UL

#endif /* SHIM_LINUX_MM_H */
