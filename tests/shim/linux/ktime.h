/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The time a test says it is. */
#ifndef SHIM_LINUX_KTIME_H
#define SHIM_LINUX_KTIME_H

#include "tests/shim/shim.h"

#define NSEC_PER_SEC 1000000000L

static inline u64 ktime_get_ns(void)
{
	return shim_now_ns;
}

typedef s64 ktime_t;

static inline ktime_t ns_to_ktime(u64 ns)
{
	return ns;
}

static inline s64 ktime_to_ns(ktime_t time)
{
	return time;
}

static inline ktime_t ktime_mono_to_real(ktime_t mono)
{
	return mono + 1000000000ll * NSEC_PER_SEC;
}

static inline u64 ktime_get_real_ns(void)
{
	return shim_now_ns + 1000000000ull * NSEC_PER_SEC;
}

#endif /* SHIM_LINUX_KTIME_H */
