// SPDX-License-Identifier: LGPL-2.1-or-later
/* The rows of kdbusctl top, in order. */
#include <criterion/criterion.h>

#include "ctl/rows.h"

static void expect_order(enum rows_sort sort, const char *ids)
{
	struct row list[] = {
		{ .id = 1, .turn = { .sent = 5, .bytes_sent = 1 } },
		{ .id = 2, .turn = { .sent = 1, .received = 7, .answers = 2, .time_ns = 10 } },
		{ .id = 3, .turn = { .bytes_received = 900 }, .queued = 1 },
		{ .id = 4, .turn = { .answers = 1, .time_ns = 9 }, .queued = 3, .total = 9 },
		{ .id = 5 },
	};
	struct rows rows = { list, 5, 0, 0 };
	char text[6] = "";

	rows_sort(&rows, sort);
	for (int i = 0; i < 5; i++)
		text[i] = '0' + list[i].id;
	cr_expect_str_eq(text, ids, "by %s: %s", rows_sort_name(sort), text);
}

Test(rows, the_largest_come_first)
{
	expect_order(ROWS_BY_MESSAGES, "21435");
	expect_order(ROWS_BY_BYTES, "31425");
	expect_order(ROWS_BY_QUEUE, "43125");
	expect_order(ROWS_BY_TIME, "42135");
}

Test(rows, none_are_no_trouble)
{
	struct rows rows = {};

	rows_sort(&rows, ROWS_BY_TIME);
	rows_deinit(&rows);
}
