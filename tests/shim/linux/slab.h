/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that can be told to run out. */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "tests/shim/shim.h"

#define GFP_KERNEL		0x1u
#define GFP_KERNEL_ACCOUNT	0x3u
#define GFP_ATOMIC		0x4u
#define __GFP_ZERO		0x8u
#define __GFP_NOWARN		0x10u
#define __GFP_NORETRY		0x20u

static inline void *kmalloc(size_t size, gfp_t flags)
{
	return shim_alloc(size, flags);
}

static inline void *kzalloc(size_t size, gfp_t flags)
{
	return shim_alloc(size, flags | __GFP_ZERO);
}

static inline void *kcalloc(size_t n, size_t size, gfp_t flags)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kzalloc(bytes, flags);
}

static inline void *kmalloc_array(size_t n, size_t size, gfp_t flags)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL :
		kmalloc(bytes, flags);
}

static inline char *kstrdup(const char *text, gfp_t flags)
{
	size_t n = strlen(text) + 1;
	char *copy = kmalloc(n, flags);

	return copy ? memcpy(copy, text, n) : NULL;
}

static inline void *kmemdup(const void *data, size_t n, gfp_t flags)
{
	void *copy = kmalloc(n, flags);

	return copy ? memcpy(copy, data, n) : NULL;
}

static inline void *kvmalloc(size_t size, gfp_t flags)
{
	return kmalloc(size, flags);
}

static inline void *kvcalloc(size_t n, size_t size, gfp_t flags)
{
	return kcalloc(n, size, flags);
}

static inline void kfree(const void *data)
{
	shim_free(data);
}

static inline void kvfree(const void *data)
{
	shim_free(data);
}

#endif /* SHIM_LINUX_SLAB_H */
