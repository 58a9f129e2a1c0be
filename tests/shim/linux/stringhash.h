/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hash of a name. */
#ifndef SHIM_LINUX_STRINGHASH_H
#define SHIM_LINUX_STRINGHASH_H

#include "tests/shim/shim.h"

static inline unsigned int full_name_hash(const void *salt, const char *name,
					  unsigned int size)
{
	(void)salt;
	return shim_hash(name, size);
}

#endif /* SHIM_LINUX_STRINGHASH_H */
