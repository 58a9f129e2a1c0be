// SPDX-License-Identifier: LGPL-2.1-or-later
#include <criterion/criterion.h>

#include "busname/limit.h"

#define SECOND UINT64_C(1000000000)

/* Far from zero, as the clock is. */
#define START (UINT64_C(1000) * SECOND)

static struct limit limit;

static void setup(void)
{
	limit = (struct limit){ .interval_ns = 2 * SECOND, .burst = 20 };
}

TestSuite(limit, .init = setup);

Test(limit, a_burst_is_granted_and_the_next_has_to_wait_for_one_token)
{
	int i;

	for (i = 0; i < 20; i++)
		cr_assert_eq(limit_take(&limit, START), 0, "start %d", i);
	cr_assert_eq(limit_take(&limit, START), SECOND / 10);
	cr_assert_eq(limit_take(&limit, START + SECOND / 20), SECOND / 20);
	cr_assert_eq(limit_take(&limit, START + SECOND / 10), 0);
	cr_assert_neq(limit_take(&limit, START + SECOND / 10), 0);
}

Test(limit, a_long_rest_gives_no_more_than_one_burst)
{
	int i;

	limit_take(&limit, START);
	for (i = 0; i < 20; i++)
		cr_assert_eq(limit_take(&limit, START + 3600 * SECOND), 0);
	cr_assert_neq(limit_take(&limit, START + 3600 * SECOND), 0);
}

Test(limit, zero_means_no_limit)
{
	int i;

	limit.burst = 0;
	for (i = 0; i < 1000; i++)
		cr_assert_eq(limit_take(&limit, START), 0);
	limit = (struct limit){ .interval_ns = 0, .burst = 5 };
	for (i = 0; i < 1000; i++)
		cr_assert_eq(limit_take(&limit, START), 0);
}

Test(limit, five_failures_in_a_row_are_too_many)
{
	int i;

	for (i = 0; i < 4; i++)
		cr_assert(!limit_failed(&limit, START + i * SECOND));
	cr_assert(limit_failed(&limit, START + 4 * SECOND));
}

Test(limit, slow_failures_are_not)
{
	int i;

	for (i = 0; i < 50; i++)
		cr_assert(!limit_failed(&limit, START + i * 3 * SECOND), "failure %d", i);
}

Test(limit, a_success_forgives_the_failures)
{
	int i;

	for (i = 0; i < 4; i++)
		limit_failed(&limit, START);
	limit_reset(&limit);
	for (i = 0; i < 4; i++)
		cr_assert(!limit_failed(&limit, START));
	cr_assert(limit_failed(&limit, START));
}
