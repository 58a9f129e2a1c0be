/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Macros that are everywhere. */
#ifndef SHIM_LINUX_KERNEL_H
#define SHIM_LINUX_KERNEL_H

#include <limits.h>

#include <linux/align.h>
#include <linux/stddef.h>
#include <linux/types.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define U32_MAX 0xffffffffu
#define U64_MAX 0xffffffffffffffffull
#define BIT_ULL(n) (1ull << (n))
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define likely(x) (x)
#define unlikely(x) (x)

#define container_of(pointer, type, member)				\
	((type *)((char *)(pointer) - offsetof(type, member)))

#define __cleanup(function) __attribute__((__cleanup__(function)))

#define min(a, b)							\
	({								\
		__auto_type _a = (a);					\
		__auto_type _b = (b);					\
		_Static_assert(_Generic(_a, typeof(_b): 1), "types");	\
		_a < _b ? _a : _b;					\
	})
#define max(a, b)							\
	({								\
		__auto_type _a = (a);					\
		__auto_type _b = (b);					\
		_Static_assert(_Generic(_a, typeof(_b): 1), "types");	\
		_a > _b ? _a : _b;					\
	})
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define swap(a, b)							\
	do {								\
		typeof(a) _swap = (a);					\
		(a) = (b);						\
		(b) = _swap;						\
	} while (0)

#define xchg(at, value)							\
	({								\
		__auto_type _xchg = *(at);				\
		*(at) = (value);					\
		_xchg;							\
	})
#define cmpxchg(at, old, new)						\
	({								\
		typeof(*(at)) _is = *(at);				\
		if (_is == (old))					\
			*(at) = (new);					\
		_is;							\
	})
#define IS_ENABLED(option) 1

#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))

/* one thread sees everything in order */
#define smp_mb() ((void)0)
#define smp_acquire__after_ctrl_dep() ((void)0)
#define smp_rmb() ((void)0)
#define smp_wmb() ((void)0)
#define smp_load_acquire(at) READ_ONCE(*(at))
#define smp_store_release(at, value) WRITE_ONCE(*(at), value)

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}

#endif /* SHIM_LINUX_KERNEL_H */
