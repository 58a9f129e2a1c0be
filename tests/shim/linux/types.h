/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's types, on top of those it shares with user space. */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include_next <linux/types.h>

#include <stdbool.h>
#include <sys/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;
typedef unsigned int gfp_t;
typedef unsigned short umode_t;
typedef unsigned long pgoff_t;

#define __user
#define __rcu
#define __releases(lock)
#define __must_hold(lock)
#define __uninitialized
#define noinline __attribute__((__noinline__))
#define BIT(n) (1UL << (n))
#define __aligned(n) __attribute__((__aligned__(n)))

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

struct rcu_head {
	struct rcu_head *next;
	void *data;
};

#endif /* SHIM_LINUX_TYPES_H */
