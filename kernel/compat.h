/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Teaches an older kernel the words of a newer one.
 *
 * Kbuild includes this first in every file, so that no other file tests a
 * kernel version.  Code is written for the newest kernel served; each shim
 * names the release that makes it unnecessary.
 */
#ifndef KDBUS_COMPAT_H
#define KDBUS_COMPAT_H

#include <linux/version.h>

/* identity */

#include <linux/capability.h>
#include <linux/fs.h>

/* 6.3: a capability set is one 64-bit number */
static inline u64 kernel_cap_val(kernel_cap_t set)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	return set.cap[0] | (u64)set.cap[1] << 32;
#else
	return set.val;
#endif
}

/* 6.7: get_file_rcu() reads the pointer itself; call it under the RCU lock */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline struct file *kdbus_get_file_rcu(struct file __rcu **f)
{
	struct file *file = rcu_dereference(*f);

	return file && get_file_rcu(file) ? file : NULL;
}
#undef get_file_rcu
#define get_file_rcu(f) kdbus_get_file_rcu(f)
#endif

#endif /* KDBUS_COMPAT_H */
