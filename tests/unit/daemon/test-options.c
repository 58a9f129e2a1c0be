// SPDX-License-Identifier: LGPL-2.1-or-later
/* The command line, which is that of dbus-daemon. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/options.h"
#include "lib/log.h"
#include "lib/util.h"

static void be_quiet(void)
{
	kb_log_set_level(LOG_EMERG);
	cr_assert_not_null(freopen("/dev/null", "we", stdout));
}

TestSuite(options, .init = be_quiet);

static int parse(struct options *options, const char *const *words)
{
	char *argv[16] = { (char *)"kdbus-daemon" };
	int argc = 1;

	for (; *words; words++)
		argv[argc++] = (char *)*words;
	return options_parse(options, argc, argv);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

Test(options, what_is_not_said_is_left_to_the_configuration)
{
	struct options o;

	cr_assert_eq(parse(&o, WORDS("--config-file=/x")), 1);
	cr_expect_str_eq(o.config_file, "/x");
	cr_expect_null(o.address);
	cr_expect_eq(o.print_address_fd, -1);
	cr_expect_eq(o.print_pid_fd, -1);
	cr_expect_eq(o.fork, ANSWER_NONE);
	cr_expect_eq(o.log_to, LOG_TO_CONFIGURED);
	cr_expect_not(o.no_pidfile);
	cr_expect_not(o.systemd_activation);
}

/* as dbus-run-session, GTestDBus, units and people write them */
Test(options, values_stand_in_either_way)
{
	struct options o;

	cr_assert_eq(parse(&o, WORDS("--nofork", "--print-address", "4", "--session")), 1);
	cr_expect_eq(o.print_address_fd, 4);
	cr_expect_eq(o.fork, ANSWER_NO);
	cr_expect(kb_startswith(strrchr(o.config_file, '/'), "/session.conf"));

	cr_assert_eq(parse(&o, WORDS("--print-address", "--config-file", "/y")), 1);
	cr_expect_eq(o.print_address_fd, 1);
	cr_expect_str_eq(o.config_file, "/y");

	cr_assert_eq(parse(&o, WORDS("--system", "--print-address=5", "--print-pid=6",
				     "--address", "systemd:", "--nopidfile", "--syslog-only",
				     "--systemd-activation", "--fork")), 1);
	cr_expect_eq(o.print_address_fd, 5);
	cr_expect_eq(o.print_pid_fd, 6);
	cr_expect_str_eq(o.address, "systemd:");
	cr_expect_eq(o.fork, ANSWER_YES);
	cr_expect_eq(o.log_to, LOG_TO_JOURNAL);
	cr_expect(o.no_pidfile);
	cr_expect(o.systemd_activation);
	cr_expect(kb_startswith(strrchr(o.config_file, '/'), "/system.conf"));

	cr_assert_eq(parse(&o, WORDS("--session", "--print-pid")), 1);
	cr_expect_eq(o.print_pid_fd, 1);
}

Test(options, some_need_nothing_else)
{
	struct options o;

	cr_expect_eq(parse(&o, WORDS("--help")), 0);
	cr_expect_eq(parse(&o, WORDS("--version", "--nonsense")), 0);
	cr_expect_eq(parse(&o, WORDS("--introspect")), 1);
	cr_expect(o.introspect);
}

Test(options, what_makes_no_sense_is_refused)
{
	static const char *const bad[][4] = {
		{ NULL },
		{ "--nofork" },
		{ "--nonsense", "--session" },
		{ "--sessionx" },
		{ "--session=yes" },
		{ "session" },
		{ "--session", "--system" },
		{ "--config-file=/x", "--session" },
		{ "--config-file" },
		{ "--session", "--address" },
		{ "--session", "--print-address=x" },
		{ "--session", "--print-pid=-1" },
		{ "--session", "--print-pid=99999999999" },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(bad); i++) {
		struct options o;

		cr_expect_eq(parse(&o, bad[i]), -EINVAL, "row %zu", i);
	}
}
