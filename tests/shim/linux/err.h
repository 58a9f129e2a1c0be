/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors that travel in pointers. */
#ifndef SHIM_LINUX_ERR_H
#define SHIM_LINUX_ERR_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/errno.h>

#define MAX_ERRNO 4095

static inline void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline long PTR_ERR(const void *pointer)
{
	return (long)pointer;
}

static inline bool IS_ERR(const void *pointer)
{
	return (uintptr_t)pointer >= (uintptr_t)-MAX_ERRNO;
}

static inline void *ERR_CAST(const void *pointer)
{
	return (void *)pointer;
}

#endif /* SHIM_LINUX_ERR_H */
