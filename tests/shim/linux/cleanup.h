/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guard(): a lock held to the end of a scope. */
#ifndef SHIM_LINUX_CLEANUP_H
#define SHIM_LINUX_CLEANUP_H

#include <linux/kernel.h>

#define shim_paste(a, b) a##b
#define shim_name(a, b) shim_paste(a, b)

/* shim_enter_NAME() takes the lock and returns it; shim_leave_NAME() */
#define guard(name)							\
	__attribute__((__cleanup__(shim_leave_##name), __unused__))	\
	__auto_type shim_name(shim_guard_, __COUNTER__) = shim_enter_##name

#endif /* SHIM_LINUX_CLEANUP_H */
