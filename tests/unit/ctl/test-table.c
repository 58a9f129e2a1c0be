// SPDX-License-Identifier: LGPL-2.1-or-later
/* Text in columns. */
#include <criterion/criterion.h>

#include "ctl/table.h"

Test(table, columns_are_as_wide_as_needed)
{
	struct table table = { .n_columns = 3 };
	char *text = NULL;
	size_t n;
	FILE *file = open_memstream(&text, &n);

	table_add(&table, "A");
	table_add(&table, "LONGER");
	table_add(&table, "C");
	table_add(&table, "\xc3\xa9\xc3\xa9");
	table_add(&table, NULL);
	table_addf(&table, "%d", 7);
	table_add(&table, "x\n\x1b[31m");
	table_add(&table, "");
	table_add(&table, "\xc2\x9b\x9b\xff");
	cr_expect_eq(table_print(&table, file), 0);
	fclose(file);
	cr_expect_str_eq(text,
			 "A             LONGER C\n"
			 "\xc3\xa9\xc3\xa9            -      7\n"
			 "x\\012\\033[31m -      \\302\\233\\233\\377\n");
	free(text);
	table_deinit(&table);
}
