/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sleeper: nobody sleeps here, wake-ups are counted. */
#ifndef SHIM_LINUX_RCUWAIT_H
#define SHIM_LINUX_RCUWAIT_H

#include <linux/types.h>

struct rcuwait {
	unsigned int n_woken;
};

static inline void rcuwait_init(struct rcuwait *w)
{
	w->n_woken = 0;
}

static inline int rcuwait_wake_up(struct rcuwait *w)
{
	return ++w->n_woken > 0;
}

#endif /* SHIM_LINUX_RCUWAIT_H */
