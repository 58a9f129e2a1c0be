// SPDX-License-Identifier: GPL-2.0-only
/* Active references: who may still start something with an object. */

#include <linux/sched.h>

#include "util/active.h"

/**
 * kdbus_active_init() - start switched off
 * @active:	counter to initialise
 */
void kdbus_active_init(struct kdbus_active *active)
{
	atomic_set(&active->count, KDBUS_ACTIVE_OFF);
	init_waitqueue_head(&active->idle);
}

/**
 * kdbus_active_switch_on() - let operations start
 * @active:	counter that was never switched on before
 */
void kdbus_active_switch_on(struct kdbus_active *active)
{
	atomic_set_release(&active->count, 0);
}

/**
 * kdbus_active_switch_off() - let no new operation start
 * @active:	counter to switch off
 *
 * Return: true for the one caller that switched it off, who now has to drain it
 * and to take the object apart; false if it was off already.
 */
bool kdbus_active_switch_off(struct kdbus_active *active)
{
	int count = atomic_read(&active->count);

	do {
		if (count < 0)
			return false;
	} while (!atomic_try_cmpxchg(&active->count, &count,
				     count + KDBUS_ACTIVE_OFF));
	return true;
}

/**
 * kdbus_active_drain() - wait for the operations in progress
 * @active:	counter that is switched off
 */
void kdbus_active_drain(struct kdbus_active *active)
{
	wait_event(active->idle,
		   atomic_read_acquire(&active->count) == KDBUS_ACTIVE_OFF);
}
