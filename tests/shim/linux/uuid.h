/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers nobody else has. */
#ifndef SHIM_LINUX_UUID_H
#define SHIM_LINUX_UUID_H

#include <linux/types.h>

typedef struct {
	u8 b[16];
} uuid_t;

static inline void uuid_gen(uuid_t *out)
{
	static u8 last;

	*out = (uuid_t){ { [0] = ++last, [6] = 0x40, [8] = 0x80 } };
}

#endif /* SHIM_LINUX_UUID_H */
