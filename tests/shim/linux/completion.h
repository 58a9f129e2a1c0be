/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Something that happens once. */
#ifndef SHIM_LINUX_COMPLETION_H
#define SHIM_LINUX_COMPLETION_H

#include <linux/types.h>

struct completion {
	bool done;
};

static inline void init_completion(struct completion *completion)
{
	completion->done = false;
}

#endif /* SHIM_LINUX_COMPLETION_H */
