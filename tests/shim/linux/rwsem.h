/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A semaphore of readers and writers that notices its misuse. */
#ifndef SHIM_LINUX_RWSEM_H
#define SHIM_LINUX_RWSEM_H

#include <linux/cleanup.h>
#include <linux/lockdep.h>

/* @held: 0, or SHIM_READER or SHIM_WRITER */
struct rw_semaphore {
	int held;
};

enum {
	SHIM_READER = 1,
	SHIM_WRITER,
};

static inline void init_rwsem(struct rw_semaphore *sem)
{
	sem->held = 0;
}

static inline struct rw_semaphore *shim_rwsem_take(struct rw_semaphore *sem,
						   int as)
{
	shim_may_sleep(__FILE__, __LINE__);
	shim_check(!sem->held);
	sem->held = as;
	shim_n_locks++;
	return sem;
}

static inline void shim_rwsem_drop(struct rw_semaphore *sem, int as)
{
	shim_check(sem->held == as);
	sem->held = 0;
	shim_n_locks--;
}

#define down_read(sem) ((void)shim_rwsem_take(sem, SHIM_READER))
#define up_read(sem) shim_rwsem_drop(sem, SHIM_READER)
#define down_write(sem) ((void)shim_rwsem_take(sem, SHIM_WRITER))
#define up_write(sem) shim_rwsem_drop(sem, SHIM_WRITER)

#define shim_enter_rwsem_read(sem) shim_rwsem_take(sem, SHIM_READER)
#define shim_enter_rwsem_write(sem) shim_rwsem_take(sem, SHIM_WRITER)

static inline void shim_leave_rwsem_read(struct rw_semaphore **sem)
{
	up_read(*sem);
}

static inline void shim_leave_rwsem_write(struct rw_semaphore **sem)
{
	up_write(*sem);
}

#endif /* SHIM_LINUX_RWSEM_H */
