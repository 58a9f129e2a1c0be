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

/* sparse does not know that a guard ends with its scope, and would complain */
#ifdef __CHECKER__
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#undef guard
#define guard(name)			unchecked_guard_##name
#define unchecked_guard_rcu()		((void)0)
#define unchecked_guard_mutex(lock)	((void)(lock))
#define unchecked_guard_spinlock(lock)	((void)(lock))
#define unchecked_guard_rwsem_read(sem)	((void)(sem))
#define unchecked_guard_rwsem_write(sem) ((void)(sem))
#endif

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

/* memory */

#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

/* 6.3: flags of a mapping are changed by functions */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0) && !defined(vm_flags_set)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* 6.7: shrinkers are allocated, and registering them cannot fail */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline struct shrinker *shrinker_alloc(unsigned int flags,
					      const char *name)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (shrinker)
		shrinker->flags = flags;
	return shrinker;
}

/* without it, memory comes back a little later */
static inline void shrinker_register(struct shrinker *shrinker)
{
	if (register_shrinker(shrinker, "kdbus"))
		pr_warn("no memory for a shrinker\n");
}

static inline void shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

/* file system */

/* 6.3: what maps ids of a mount has a type of its own */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define mnt_idmap user_namespace
#endif

/* 6.8: receive_fd() takes the place of receive_fd_user(), too */
#include <linux/file.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define receive_fd(file, user, flags) __kdbus_receive_fd(file, flags)
static inline int __kdbus_receive_fd(struct file *file, unsigned int flags)
{
	return (receive_fd)(file, flags);
}
#endif

/* 6.6: access to the times of an inode goes through functions */
static inline void inode_set_times_now(struct inode *inode)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
	inode->i_atime = inode->i_mtime = inode->i_ctime = current_time(inode);
#else
	simple_inode_init_ts(inode);
#endif
}

#endif /* KDBUS_COMPAT_H */
