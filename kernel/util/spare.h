/* SPDX-License-Identifier: GPL-2.0-only */
/* An object that is kept for the next time it is needed. */
#ifndef KDBUS_SPARE_H
#define KDBUS_SPARE_H

#include <linux/atomic.h>
#include <linux/kernel.h>

/*
 * What every message needs and gives back is not worth an allocation each time.
 * A slot holds one object or NULL, and needs no lock: who takes it out owns it.
 */

/**
 * kdbus_spare_take() - take what was kept
 * @slot:	slot
 *
 * Return: an object whose content means nothing, or NULL.
 */
#define kdbus_spare_take(slot)						\
	(READ_ONCE(*(slot)) ? xchg(slot, NULL) : NULL)

/**
 * kdbus_spare_keep() - keep an object for next time
 * @slot:	slot
 * @object:	object that nobody refers to
 *
 * Return: NULL, or @object if there is one already: for kfree().
 */
#define kdbus_spare_keep(slot, object)					\
	(READ_ONCE(*(slot)) || cmpxchg(slot, NULL, object) ? (object) : NULL)

#endif /* KDBUS_SPARE_H */
