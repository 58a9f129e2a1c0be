// SPDX-License-Identifier: LGPL-2.1-or-later
/* Other programs: what they are given, how they end. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "lib/run.h"
#include "lib/util.h"

#define shell(line) ((char *[]){ "sh", "-c", line, NULL })

static int run(char *const *argv)
{
	pid_t pid;
	int r = kb_run(argv, NULL, -1, &pid);

	return r < 0 ? r : kb_run_wait(pid);
}

/* What the program wrote to its standard output. */
static const char *said(char *const *argv, char *const *environment)
{
	static struct kb_buffer text;
	int fds[2];
	pid_t pid;

	kb_buffer_deinit(&text);
	text = (struct kb_buffer){};
	cr_assert_eq(pipe2(fds, O_CLOEXEC), 0);
	cr_assert_eq(kb_run(argv, environment, fds[1], &pid), 0);
	close(fds[1]);
	cr_assert_eq(kb_buffer_read(&text, fds[0], 1000), 0);
	close(fds[0]);
	cr_assert_eq(kb_run_wait(pid), 0);
	cr_assert_eq(kb_buffer_append(&text, "", 1), 0);
	return (const char *)text.data;
}

Test(run, the_end_is_good_or_not)
{
	cr_expect_eq(run(shell("exit 0")), 0);
	cr_expect_eq(run(shell("exit 3")), 1);
	cr_expect_eq(run(shell("kill -9 $$")), 1);
	cr_expect_eq(kb_run_wait(getpid()), -ECHILD);
}

Test(run, what_is_not_there_is_an_error)
{
	cr_expect_eq(run((char *[]){ "/nowhere/to/be/found", NULL }), -ENOENT);
	cr_expect_eq(run((char *[]){ "no-such-program-in-the-path", NULL }), -ENOENT);
	cr_expect_eq(run((char *[]){ "/etc/passwd", NULL }), -EACCES);
}

Test(run, it_writes_where_we_say_and_has_our_environment_or_another)
{
	setenv("KDBUS_TEST", "ours", 1);
	cr_expect_str_eq(said(shell("echo $KDBUS_TEST"), NULL), "ours\n");
	cr_expect_str_eq(said(shell("echo $KDBUS_TEST"), (char *[]){ "KDBUS_TEST=its", NULL }), "its\n");
}

/* (a shell would unblock them itself) */
Test(run, it_blocks_none_of_our_signals)
{
	char *argv[] = { "sed", "-n", "s/^SigBlk:\t//p", "/proc/self/status", NULL };
	sigset_t mask;

	sigfillset(&mask);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	cr_expect_str_eq(said(argv, NULL), "0000000000000000\n");
}
