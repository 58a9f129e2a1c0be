// SPDX-License-Identifier: LGPL-2.1-or-later
/* Watching, without a bus to watch. */
#include <criterion/criterion.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ctl/watch.h"

int __wrap_ctl_connect(const struct ctl *ctl, uint64_t flags, uint64_t attach, struct kb_conn **out);
int __wrap_ctl_connect(const struct ctl *ctl _unused_, uint64_t flags _unused_, uint64_t attach _unused_,
		       struct kb_conn **out)
{
	struct kb_conn *conn = calloc(1, sizeof(*conn));

	cr_assert_not_null(conn);
	*conn = (struct kb_conn){ .n_refs = 1, .fd = eventfd(0, EFD_CLOEXEC) };
	*out = conn;
	return 0;
}

Test(watch, a_signal_ends_a_run_and_not_the_program)
{
	static const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
	const struct ctl ctl = {};
	struct watch watch = {};

	cr_assert_eq(watch_open(&watch, &ctl, 0), 0);
	for (size_t i = 0; i < KB_ARRAY_SIZE(signals); i++) {
		raise(signals[i]);
		cr_expect_eq(watch_run(&watch, 0), WATCH_E_SIGNAL);
		cr_expect_eq(watch.signal, signals[i]);
		cr_expect(watch_is_over(&watch));
	}
	watch_close(&watch);
}

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
