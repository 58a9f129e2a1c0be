/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queues of tasks that sleep, which count instead. */
#ifndef SHIM_LINUX_WAIT_H
#define SHIM_LINUX_WAIT_H

#include <linux/kernel.h>

#include "tests/shim/shim.h"

/*
 * @n_sleepers:	tasks that a test says are there
 * @n_woken:	how often they were woken
 */
typedef struct {
	unsigned int n_sleepers;
	unsigned int n_woken;
} wait_queue_head_t;

static inline void init_waitqueue_head(wait_queue_head_t *queue)
{
	*queue = (wait_queue_head_t){};
}

/* others run until one of them wakes the sleeper, who looks only then */
#define wait_event(queue, condition)					\
	do {								\
		shim_may_sleep(__FILE__, __LINE__);			\
		while (!(condition)) {					\
			unsigned int _seen = (queue).n_woken;		\
			while ((queue).n_woken == _seen)		\
				shim_run_others();			\
		}							\
	} while (0)

static inline bool wq_has_sleeper(wait_queue_head_t *queue)
{
	return queue->n_sleepers;
}

static inline void wake_up_all(wait_queue_head_t *queue)
{
	queue->n_woken++;
}

#define wake_up_interruptible_all(queue) wake_up_all(queue)
#define wake_up_interruptible_sync(queue) wake_up_all(queue)
#define wake_up_interruptible_sync_poll(queue, what) wake_up_all(queue)

#endif /* SHIM_LINUX_WAIT_H */
