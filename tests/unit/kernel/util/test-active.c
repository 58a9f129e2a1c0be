// SPDX-License-Identifier: LGPL-2.1-or-later
/* Active references: off, on, off for good; and who waits for whom. */
#include <criterion/criterion.h>

#include "util/active.h"
#include "tests/shim/shim.h"

static struct kdbus_active active;

ShimTest(active, nothing_starts_before_it_is_switched_on)
{
	kdbus_active_init(&active);
	cr_expect_not(kdbus_active_is_on(&active));
	cr_expect_not(kdbus_active_acquire(&active));
	cr_expect_eq(atomic_read(&active.count), KDBUS_ACTIVE_OFF,
		     "who was refused left no trace");
}

ShimTest(active, what_is_on_lets_any_number_start)
{
	kdbus_active_init(&active);
	kdbus_active_switch_on(&active);
	cr_expect(kdbus_active_is_on(&active));
	for (int i = 0; i < 1000; i++)
		cr_assert(kdbus_active_acquire(&active));
	cr_expect_eq(atomic_read(&active.count), 1000);
	for (int i = 0; i < 1000; i++)
		kdbus_active_release(&active);
	cr_expect(kdbus_active_is_on(&active));
	cr_expect_eq(active.idle.n_woken, 0, "nobody waits for that");
}

ShimTest(active, one_caller_switches_it_off_and_nobody_on_again)
{
	kdbus_active_init(&active);
	cr_expect_not(kdbus_active_switch_off(&active), "it was never on");
	kdbus_active_switch_on(&active);
	cr_expect(kdbus_active_switch_off(&active));
	cr_expect_not(kdbus_active_switch_off(&active));
	cr_expect_not(kdbus_active_is_on(&active));
	cr_expect_not(kdbus_active_acquire(&active));
}

ShimTest(active, what_has_started_may_end_after_it_was_switched_off)
{
	kdbus_active_init(&active);
	kdbus_active_switch_on(&active);
	cr_assert(kdbus_active_acquire(&active));
	cr_assert(kdbus_active_acquire(&active));
	cr_expect(kdbus_active_switch_off(&active));
	cr_expect_not(kdbus_active_acquire(&active));
	cr_expect_not(kdbus_active_switch_off(&active), "in use, yet off");
	kdbus_active_release(&active);
	cr_expect_eq(active.idle.n_woken, 0, "one is left");
	kdbus_active_release(&active);
	cr_expect_eq(active.idle.n_woken, 1, "the last one tells");
	cr_expect_eq(atomic_read(&active.count), KDBUS_ACTIVE_OFF);
}

static void end_one(void)
{
	cr_assert_neq(atomic_read(&active.count), KDBUS_ACTIVE_OFF,
		      "nobody is left, yet it sleeps");
	kdbus_active_release(&active);
}

ShimTest(active, draining_waits_for_the_last)
{
	kdbus_active_init(&active);
	kdbus_active_switch_on(&active);
	for (int i = 0; i < 5; i++)
		cr_assert(kdbus_active_acquire(&active));
	cr_assert(kdbus_active_switch_off(&active));
	shim_while_asleep(end_one);
	kdbus_active_drain(&active);
	cr_expect_eq(atomic_read(&active.count), KDBUS_ACTIVE_OFF);
}

ShimTest(active, draining_what_is_idle_does_not_sleep)
{
	kdbus_active_init(&active);
	kdbus_active_switch_on(&active);
	cr_assert(kdbus_active_switch_off(&active));
	kdbus_active_drain(&active);
	kdbus_active_drain(&active);
	cr_expect_eq(active.idle.n_woken, 0);
}
