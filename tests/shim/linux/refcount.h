/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* References, which are never taken from nothing. */
#ifndef SHIM_LINUX_REFCOUNT_H
#define SHIM_LINUX_REFCOUNT_H

#include "tests/shim/shim.h"

typedef struct {
	int count;
} refcount_t;

static inline void refcount_set(refcount_t *ref, int n)
{
	ref->count = n;
}

static inline int refcount_read(const refcount_t *ref)
{
	return ref->count;
}

static inline void refcount_inc(refcount_t *ref)
{
	shim_check(ref->count > 0);
	ref->count++;
}

static inline bool refcount_dec_and_test(refcount_t *ref)
{
	shim_check(ref->count > 0);
	return !--ref->count;
}

#endif /* SHIM_LINUX_REFCOUNT_H */
