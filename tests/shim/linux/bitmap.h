/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Find bits. */
#ifndef SHIM_LINUX_BITMAP_H
#define SHIM_LINUX_BITMAP_H

#include <linux/types.h>

static inline unsigned long __ffs64(u64 word)
{
	return __builtin_ctzll(word);
}

#endif /* SHIM_LINUX_BITMAP_H */
