/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work that is noted but not done. */
#ifndef SHIM_LINUX_WORKQUEUE_H
#define SHIM_LINUX_WORKQUEUE_H

#include <linux/jiffies.h>

struct workqueue_struct;

/* @when is in jiffies and counts while the work is @pending */
struct delayed_work {
	bool pending;
	unsigned long when;
	unsigned int n_armed;
};

#define system_wq ((struct workqueue_struct *)NULL)

static inline void mod_delayed_work(struct workqueue_struct *queue,
				    struct delayed_work *work,
				    unsigned long delay)
{
	work->pending = true;
	work->when = jiffies + delay;
	work->n_armed++;
}

#endif /* SHIM_LINUX_WORKQUEUE_H */
