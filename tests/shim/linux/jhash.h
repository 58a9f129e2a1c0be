/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hash of some bytes. */
#ifndef SHIM_LINUX_JHASH_H
#define SHIM_LINUX_JHASH_H

#include "tests/shim/shim.h"

static inline u32 jhash(const void *key, u32 size, u32 seed)
{
	return shim_hash(key, size) ^ seed;
}

#endif /* SHIM_LINUX_JHASH_H */
