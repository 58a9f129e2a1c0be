// SPDX-License-Identifier: LGPL-2.1-or-later
/* Watching, without a bus to watch. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "ctl/watch.h"

Test(watch, that_nobody_reads_any_more_is_no_error_to_be_found_later)
{
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe(fds), 0);
	cr_assert_eq(dup2(fds[1], STDOUT_FILENO), STDOUT_FILENO);
	close(fds[0]);
	printf("x");
	cr_expect_eq(watch_flush(), WATCH_E_ENOUGH);
	cr_expect_not(ferror(stdout));
	cr_expect_eq(watch_flush(), 0);
}
