/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client is remembered by: calls until their reply, and names. */

#include <criterion/criterion.h>
#include <string.h>

#include "lib/util.h"
#include "proxy/ledger.h"
#include "proxy/names.h"

Test(ledger, gives_back_what_was_entered_once)
{
	struct ledger ledger = { 0 };
	struct ledger_entry entry = { .serial = 7, .kind = 2, .id = 3,
				      .cookie = UINT64_C(1) << 40,
				      .name = strdup("a.b") };

	cr_assert_eq(ledger_add(&ledger, entry), 0);
	cr_expect_eq(ledger_take(&ledger, 8, 0, &entry), 0);
	cr_assert_eq(ledger_take(&ledger, 7, 0, &entry), 1);
	cr_expect_eq(entry.kind, 2);
	cr_expect_eq(entry.id, 3);
	cr_expect_eq(entry.cookie, UINT64_C(1) << 40);
	cr_expect_str_eq(entry.name, "a.b");
	cr_expect_eq(ledger_take(&ledger, 7, 0, &entry), 0);
	free(entry.name);
	ledger_deinit(&ledger);
}

Test(ledger, a_serial_used_twice_means_the_later_call)
{
	struct ledger ledger = { 0 };
	struct ledger_entry entry;

	ledger_add(&ledger, (struct ledger_entry){ .serial = 1, .id = 1 });
	ledger_add(&ledger, (struct ledger_entry){ .serial = 1, .id = 2 });
	cr_assert_eq(ledger_take(&ledger, 1, 0, &entry), 1);
	cr_expect_eq(entry.id, 2);
	cr_assert_eq(ledger_take(&ledger, 1, 0, &entry), 1);
	cr_expect_eq(entry.id, 1);
	ledger_deinit(&ledger);
}

Test(ledger, forgets_the_oldest_when_full)
{
	struct ledger ledger = { 0 };
	struct ledger_entry entry;

	for (uint32_t i = 1; i <= LEDGER_MAX + 1; i++)
		ledger_add(&ledger, (struct ledger_entry){
					    .serial = i,
					    .name = strdup("x"),
				    });
	cr_expect_eq(ledger.n, LEDGER_MAX);
	cr_expect_eq(ledger_take(&ledger, 1, 0, &entry), 0);
	cr_assert_eq(ledger_take(&ledger, LEDGER_MAX + 1, 0, &entry), 1);
	free(entry.name);
	ledger_deinit(&ledger);
}

Test(names, know_who_only_waits)
{
	struct names names = { 0 };

	cr_expect_eq(names_add(&names, "a.b", true), 0);
	cr_expect_eq(names_add(&names, "a.c", false), 0);
	cr_expect(names_contain(&names, "a.b"));
	cr_expect(names.queued[0]);
	cr_expect_eq(names_add(&names, "a.b", false), 0);
	cr_expect_eq(names.n, 2);
	cr_expect_not(names.queued[0]);
	names_remove(&names, "a.b");
	names_remove(&names, "a.z");
	cr_expect_eq(names.n, 1);
	cr_expect(names_contain(&names, "a.c"));
	names_deinit(&names);
}
