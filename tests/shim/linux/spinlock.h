/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A spinlock that notices its misuse. */
#ifndef SHIM_LINUX_SPINLOCK_H
#define SHIM_LINUX_SPINLOCK_H

#include <linux/cleanup.h>
#include <linux/lockdep.h>

/* @n_taken: how often */
typedef struct {
	int held;
	unsigned int n_taken;
} spinlock_t;

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->held = 0;
	lock->n_taken = 0;
}

static inline void spin_lock(spinlock_t *lock)
{
	shim_check(!lock->held);
	lock->held = 1;
	lock->n_taken++;
	shim_n_locks++;
	shim_atomic_depth++;
}

static inline void spin_unlock(spinlock_t *lock)
{
	shim_check(lock->held);
	lock->held = 0;
	shim_n_locks--;
	shim_atomic_depth--;
}

static inline spinlock_t *shim_enter_spinlock(spinlock_t *lock)
{
	spin_lock(lock);
	return lock;
}

static inline void shim_leave_spinlock(spinlock_t **lock)
{
	spin_unlock(*lock);
}

#endif /* SHIM_LINUX_SPINLOCK_H */
