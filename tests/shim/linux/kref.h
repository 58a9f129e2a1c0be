/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* References, which are never taken from nothing. */
#ifndef SHIM_LINUX_KREF_H
#define SHIM_LINUX_KREF_H

#include <linux/mutex.h>

#include "tests/shim/shim.h"

struct kref {
	int count;
};

static inline void kref_init(struct kref *ref)
{
	ref->count = 1;
}

static inline void kref_get(struct kref *ref)
{
	shim_check(ref->count > 0);
	ref->count++;
}

static inline bool kref_get_unless_zero(struct kref *ref)
{
	return ref->count && ref->count++;
}

static inline int kref_put(struct kref *ref, void (*release)(struct kref *ref))
{
	shim_check(ref->count > 0);
	if (--ref->count)
		return 0;
	release(ref);
	return 1;
}

/* @release gives the mutex back */
static inline int kref_put_mutex(struct kref *ref,
				 void (*release)(struct kref *ref),
				 struct mutex *lock)
{
	shim_check(ref->count > 0);
	if (ref->count == 1)
		mutex_lock(lock);
	return kref_put(ref, release);
}

#endif /* SHIM_LINUX_KREF_H */
