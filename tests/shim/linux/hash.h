/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hashing of numbers. */
#ifndef SHIM_LINUX_HASH_H
#define SHIM_LINUX_HASH_H

#include <linux/types.h>

/* multiplied by the golden ratio of 2^64 */
static inline u32 hash_64(u64 x, unsigned int bits)
{
	return x * 0x9e3779b97f4a7c15ULL >> (64 - bits);
}

#endif /* SHIM_LINUX_HASH_H */
