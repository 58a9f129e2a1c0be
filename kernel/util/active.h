/* SPDX-License-Identifier: GPL-2.0-only */
/* Active references: who may still start something with an object. */
#ifndef KDBUS_ACTIVE_H
#define KDBUS_ACTIVE_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/wait.h>

/**
 * struct kdbus_active - counter of operations in progress
 * @count:	operations in progress; KDBUS_ACTIVE_OFF is added while no new
 *		one may start
 * @idle:	woken when the last operation of a switched-off object ends
 *
 * A reference keeps memory, an active reference keeps a thing usable and may
 * be refused.  A system call acquires one on entry and releases it on exit.
 * Ending an object is: switch off, drain, take apart, drop the last reference.
 * A connection is not drained, as its commands may be stalled: flow/leave.c
 * tells how it is taken apart under them.
 * An object starts switched off, is switched on once and off once.
 */
struct kdbus_active {
	atomic_t count;
	wait_queue_head_t idle;
};

#define KDBUS_ACTIVE_OFF INT_MIN

void kdbus_active_init(struct kdbus_active *active);
void kdbus_active_switch_on(struct kdbus_active *active);
bool kdbus_active_switch_off(struct kdbus_active *active);
void kdbus_active_drain(struct kdbus_active *active);

/**
 * kdbus_active_acquire() - start an operation
 * @active:	object to work on
 *
 * Return: false if the object is not usable (any more).
 */
static inline bool kdbus_active_acquire(struct kdbus_active *active)
{
	return atomic_inc_unless_negative(&active->count);
}

/**
 * kdbus_active_release() - end an operation that kdbus_active_acquire() began
 * @active:	object worked on
 */
static inline void kdbus_active_release(struct kdbus_active *active)
{
	if (unlikely(atomic_dec_return(&active->count) == KDBUS_ACTIVE_OFF))
		wake_up_all(&active->idle);
}

/**
 * kdbus_active_is_on() - may operations start at this moment?
 * @active:	object asked about
 */
static inline bool kdbus_active_is_on(struct kdbus_active *active)
{
	return atomic_read(&active->count) >= 0;
}

#endif /* KDBUS_ACTIVE_H */
