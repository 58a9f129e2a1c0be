// SPDX-License-Identifier: LGPL-2.1-or-later
/* Figures as people read them. */
#include <criterion/criterion.h>

#include "ctl/figure.h"

Test(figure, counts_have_no_more_than_three_digits)
{
	static const struct {
		double n;
		const char *text;
	} cases[] = {
		{ 0, "0" }, { 1, "1" }, { 1.46, "1.5" }, { 9.96, "10" }, { 182.4, "182" },
		{ 999.4, "999" }, { 999.6, "1.0k" }, { 1500, "1.5k" }, { 42900, "43k" },
		{ 1.2e6, "1.2M" }, { 5e9, "5G" }, { 2.5e12, "2500G" },
	};
	char text[FIGURE_SIZE];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_expect_str_eq(figure_count(cases[i].n, text), cases[i].text);
}

Test(figure, bytes_are_in_powers_of_1024)
{
	char text[FIGURE_SIZE];

	cr_expect_str_eq(figure_bytes(0, text), "0B");
	cr_expect_str_eq(figure_bytes(1023, text), "1023B");
	cr_expect_str_eq(figure_bytes(1024, text), "1K");
	cr_expect_str_eq(figure_bytes(1536, text), "1.5K");
	cr_expect_str_eq(figure_bytes(131072, text), "128K");
	cr_expect_str_eq(figure_bytes(3.2 * 1024 * 1024, text), "3.2M");
}

Test(figure, times_are_in_the_unit_that_fits)
{
	char text[FIGURE_SIZE];

	cr_expect_str_eq(figure_time(850, text), "850ns");
	cr_expect_str_eq(figure_time(12000, text), "12us");
	cr_expect_str_eq(figure_time(3420000, text), "3.4ms");
	cr_expect_str_eq(figure_time(25000000000, text), "25s");
	cr_expect_str_eq(figure_time(UINT64_C(4000000000000), text), "4000s");
}
