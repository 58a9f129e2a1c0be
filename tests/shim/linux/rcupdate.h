/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers that are not waited for. */
#ifndef SHIM_LINUX_RCUPDATE_H
#define SHIM_LINUX_RCUPDATE_H

#include <linux/cleanup.h>

#include "tests/shim/shim.h"

#define rcu_read_lock() shim_rcu_lock()
#define rcu_read_unlock() shim_rcu_unlock()
#define kfree_rcu(pointer, head) shim_rcu_free(&(pointer)->head, pointer)

#define rcu_access_pointer(pointer) (pointer)
#define rcu_assign_pointer(pointer, value) ((pointer) = (value))
#define rcu_dereference(pointer)					\
	({								\
		__auto_type _pointer = (pointer);			\
		shim_check(shim_rcu_is_locked());			\
		shim_reader_step();					\
		_pointer;						\
	})

static inline bool shim_enter_rcu(void)
{
	rcu_read_lock();
	return true;
}

static inline void shim_leave_rcu(bool *unused)
{
	(void)unused;
	rcu_read_unlock();
}

#endif /* SHIM_LINUX_RCUPDATE_H */
