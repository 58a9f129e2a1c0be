// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How often a service may be started.
 */
#include "busname/limit.h"

uint64_t limit_take(struct limit *limit, uint64_t now_ns)
{
	uint64_t passed, token;

	if (!limit->interval_ns || !limit->burst)
		return 0;

	passed = now_ns - limit->last_ns;
	limit->spent_ns = limit->spent_ns > passed ? limit->spent_ns - passed : 0;
	limit->last_ns = now_ns;

	token = limit->interval_ns / limit->burst;
	if (limit->spent_ns + token > limit->interval_ns)
		return limit->spent_ns + token - limit->interval_ns;
	limit->spent_ns += token;
	return 0;
}

bool limit_failed(struct limit *limit, uint64_t now_ns)
{
	if (!limit->failures || now_ns - limit->first_failure_ns > LIMIT_FAILURE_NS) {
		limit->failures = 0;
		limit->first_failure_ns = now_ns;
	}
	return ++limit->failures >= LIMIT_FAILURES;
}

void limit_reset(struct limit *limit)
{
	limit->failures = 0;
}
