// SPDX-License-Identifier: LGPL-2.1-or-later
/* As much of a text as fits on a terminal. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "ctl/terminal.h"

static void expect(const char *text, unsigned int columns, unsigned int lines,
		   const char *wanted)
{
	char *out = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&out, &size);

	terminal_clip(text, columns, lines, "|", file);
	fclose(file);
	cr_expect_str_eq(out, wanted);
	free(out);
}

Test(terminal, lines_are_cut_at_the_right)
{
	expect("abcdef\nxy\n", 4, 5, "abcd|\nxy|\n");
}

Test(terminal, the_last_line_does_not_scroll)
{
	expect("a\nb\nc\n", 9, 2, "a|\nb|");
}

Test(terminal, characters_count_and_not_bytes)
{
	expect("\xc3\xa4\xc3\xb6\xc3\xbc\n", 2, 9, "\xc3\xa4\xc3\xb6|\n");
}

Test(terminal, styles_take_no_room_and_end)
{
	expect("\033[1mabcdef\033[0m\nx\n", 3, 9, "\033[1mabc\033[0m|\nx|\n");
}
