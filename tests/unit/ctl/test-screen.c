// SPDX-License-Identifier: LGPL-2.1-or-later
/* Colours and pagers, as the environment says. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "ctl/screen.h"

static void clear(void)
{
	static const char *const names[] = { "NO_COLOR", "SYSTEMD_COLORS", "TERM",
					     "SYSTEMD_PAGER", "PAGER" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unsetenv(names[i]);
	setenv("TERM", "xterm", 1);
}

Test(screen, colours_are_for_terminals, .init = clear)
{
	cr_expect(screen_wants_colours(true));
	cr_expect(!screen_wants_colours(false));
	setenv("TERM", "dumb", 1);
	cr_expect(!screen_wants_colours(true));
}

Test(screen, no_color_turns_them_off_unless_it_is_empty, .init = clear)
{
	setenv("NO_COLOR", "", 1);
	cr_expect(screen_wants_colours(true));
	setenv("NO_COLOR", "0", 1);
	cr_expect(!screen_wants_colours(true));
}

Test(screen, systemd_colors_decides, .init = clear)
{
	setenv("NO_COLOR", "1", 1);
	setenv("SYSTEMD_COLORS", "yes", 1);
	cr_expect(screen_wants_colours(false));
	setenv("SYSTEMD_COLORS", "256", 1);
	cr_expect(screen_wants_colours(false));
	setenv("SYSTEMD_COLORS", "0", 1);
	cr_expect(!screen_wants_colours(true));
	/* nonsense is as if it were not there */
	setenv("SYSTEMD_COLORS", "perhaps", 1);
	cr_expect(!screen_wants_colours(true));
	unsetenv("NO_COLOR");
	cr_expect(screen_wants_colours(true));
}

Test(screen, the_pager_is_the_first_that_is_named, .init = clear)
{
	cr_expect_str_eq(screen_pager(false), "less");
	setenv("PAGER", "more", 1);
	cr_expect_str_eq(screen_pager(false), "more");
	setenv("SYSTEMD_PAGER", "most", 1);
	cr_expect_str_eq(screen_pager(false), "most");
	cr_expect_str_eq(screen_pager(true), "less");
	setenv("SYSTEMD_PAGER", "", 1);
	cr_expect_null(screen_pager(false));
	setenv("SYSTEMD_PAGER", "cat", 1);
	cr_expect_null(screen_pager(false));
}

Test(screen, without_colours_styles_are_nothing, .init = clear)
{
	cr_expect_str_eq(screen_style(SCREEN_RED), "");
}
