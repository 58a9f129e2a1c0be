/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers that one thread changes. */
#ifndef SHIM_LINUX_ATOMIC_H
#define SHIM_LINUX_ATOMIC_H

#include <linux/types.h>

typedef struct {
	int counter;
} atomic_t;

static inline int atomic_read(const atomic_t *v)
{
	return v->counter;
}

static inline void atomic_set(atomic_t *v, int i)
{
	v->counter = i;
}

static inline void atomic_inc(atomic_t *v)
{
	v->counter++;
}

static inline void atomic_dec(atomic_t *v)
{
	v->counter--;
}

static inline bool atomic_add_unless(atomic_t *v, int add, int unless)
{
	if (v->counter == unless)
		return false;
	v->counter += add;
	return true;
}

#endif /* SHIM_LINUX_ATOMIC_H */
