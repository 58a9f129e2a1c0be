/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A mutex that notices its misuse. */
#ifndef SHIM_LINUX_MUTEX_H
#define SHIM_LINUX_MUTEX_H

#include <linux/cleanup.h>
#include <linux/lockdep.h>

struct mutex {
	int held;
};

static inline void mutex_init(struct mutex *lock)
{
	lock->held = 0;
}

static inline void mutex_lock(struct mutex *lock)
{
	shim_may_sleep(__FILE__, __LINE__);
	shim_check(!lock->held);
	lock->held = 1;
	shim_n_locks++;
}

static inline void mutex_unlock(struct mutex *lock)
{
	shim_check(lock->held);
	lock->held = 0;
	shim_n_locks--;
}

static inline struct mutex *shim_enter_mutex(struct mutex *lock)
{
	mutex_lock(lock);
	return lock;
}

static inline void shim_leave_mutex(struct mutex **lock)
{
	mutex_unlock(*lock);
}

#endif /* SHIM_LINUX_MUTEX_H */
