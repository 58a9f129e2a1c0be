// SPDX-License-Identifier: LGPL-2.1-or-later
/* Log lines of the programs. */
#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include "lib/log.h"

/* What @say writes to a standard error that is no terminal. */
static char *capture(void (*say)(void))
{
	static char text[8192];
	int pipe_fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	cr_assert_eq(pipe(pipe_fds), 0);
	dup2(pipe_fds[1], STDERR_FILENO);
	close(pipe_fds[1]);
	say();
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(pipe_fds[0], text, sizeof(text) - 1);
	close(pipe_fds[0]);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void say_some(void)
{
	kb_log_set_level(LOG_INFO);
	kb_log(LOG_DEBUG, "unheard");
	kb_log(LOG_INFO, "hello %d", 7);
	cr_expect_eq(kb_log_errno(LOG_ERR, -ENOENT, "cannot open %s", "x"),
		     -ENOENT);
	cr_expect_eq(kb_log_errno(LOG_DEBUG, ENOENT, "unheard"), -ENOENT);
	kb_log_fields(LOG_WARNING, (const char *const[]){ "KEY=value", NULL },
		      "fields");
}

Test(log, lines_have_their_level)
{
	cr_expect_str_eq(capture(say_some), "<6>hello 7\n"
			 "<3>cannot open x: No such file or directory\n"
			 "<4>fields\n");
}

static void say_much(void)
{
	char text[5000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	kb_log(LOG_INFO, "%s", text);
}

Test(log, long_lines_are_cut_and_end)
{
	char *text = capture(say_much);
	size_t n = strlen(text);

	cr_expect_lt(n, 2200);
	cr_expect_eq(text[n - 1], '\n');
}
