/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of user space, which may be missing or change. */
#ifndef SHIM_LINUX_UACCESS_H
#define SHIM_LINUX_UACCESS_H

#include <linux/errno.h>
#include <linux/string.h>

#include "tests/shim/shim.h"

#define shim_user_size_max ((1ULL << 47) - 4096)
#define access_ok(address, size)					\
	((u64)(size) <= shim_user_size_max &&				\
	 (u64)(uintptr_t)(address) <= shim_user_size_max - (u64)(size))

/* bytes that could not be copied */
static inline size_t copy_from_user(void *to, const void __user *from, size_t n)
{
	size_t ok = shim_user_begin(from, n);

	memcpy(to, from, ok);
	return n - ok;
}

static inline size_t copy_to_user(void __user *to, const void *from, size_t n)
{
	size_t ok = shim_user_begin(to, n);

	memcpy(to, from, ok);
	return n - ok;
}

/* what is missing here does not come by waiting */
#define pagefault_disable() ((void)0)
#define pagefault_enable() ((void)0)

#define get_user(x, from)						\
	({								\
		typeof(*(from)) _x;					\
		int _r = copy_from_user(&_x, from, sizeof(_x)) ?	\
			-EFAULT : 0;					\
		if (!_r)						\
			(x) = _x;					\
		_r;							\
	})
#define put_user(x, to)							\
	({								\
		typeof(*(to)) _x = (x);					\
		copy_to_user(to, &_x, sizeof(_x)) ? -EFAULT : 0;	\
	})

/* the same, word by word: one access, of which each word may be missing */
#define user_read_access_begin(from, n)					\
	(access_ok(from, n) && (shim_user_begin(from, 0), true))
#define user_write_access_begin(to, n) user_read_access_begin(to, n)
#define user_read_access_end() do { } while (0)
#define user_write_access_end() do { } while (0)

#define unsafe_get_user(x, from, label)					\
	do {								\
		if (shim_user_visible(from, sizeof(*(from))) !=	\
		    sizeof(*(from)))					\
			goto label;					\
		(x) = *(from);						\
	} while (0)
#define unsafe_put_user(x, to, label)					\
	do {								\
		if (shim_user_visible(to, sizeof(*(to))) !=		\
		    sizeof(*(to)))					\
			goto label;					\
		*(to) = (x);						\
	} while (0)

#endif /* SHIM_LINUX_UACCESS_H */
