/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* References, which are never taken from nothing. */
#ifndef SHIM_LINUX_REFCOUNT_H
#define SHIM_LINUX_REFCOUNT_H

#include "tests/shim/shim.h"

typedef struct {
	int count;
} refcount_t;

#endif /* SHIM_LINUX_REFCOUNT_H */
