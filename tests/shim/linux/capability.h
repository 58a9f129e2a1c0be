/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of capabilities. */
#ifndef SHIM_LINUX_CAPABILITY_H
#define SHIM_LINUX_CAPABILITY_H

#include_next <linux/capability.h>

#include <linux/types.h>

typedef struct {
	u64 val;
} kernel_cap_t;

/* compat.h has it for all kernels */
static inline u64 kernel_cap_val(kernel_cap_t set)
{
	return set.val;
}

#endif /* SHIM_LINUX_CAPABILITY_H */
