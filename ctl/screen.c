// SPDX-License-Identifier: LGPL-2.1-or-later
/* Colours and the pager. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/screen.h"
#include "lib/util.h"

static bool is_terminal;
static bool has_colours;
static pid_t pager;

static const char *const styles[_N_SCREEN_STYLES] = {
	[SCREEN_NORMAL]	= "\033[0m",
	[SCREEN_BOLD]	= "\033[1m",
	[SCREEN_DIM]	= "\033[2m",
	[SCREEN_TITLE]	= "\033[4m",
	[SCREEN_RED]	= "\033[31m",
	[SCREEN_GREEN]	= "\033[32m",
	[SCREEN_YELLOW]	= "\033[33m",
	[SCREEN_BLUE]	= "\033[34m",
};

bool screen_wants_colours(bool is_tty)
{
	const char *value = getenv("SYSTEMD_COLORS");
	bool yes;

	if (value && kb_parse_bool(value, &yes) >= 0)
		return yes;
	if (value && (kb_streq(value, "16") || kb_streq(value, "256") ||
		      kb_streq(value, "24bit")))
		return true;
	value = getenv("NO_COLOR");
	if (!is_tty || (value && *value))
		return false;
	value = getenv("TERM");
	return value && *value && !kb_streq(value, "dumb");
}

void screen_init(void)
{
	is_terminal = isatty(STDOUT_FILENO);
	has_colours = screen_wants_colours(is_terminal);
}

const char *screen_style(enum screen_style style)
{
	return has_colours ? styles[style] : "";
}

/* the pager */

const char *screen_pager(bool secure)
{
	const char *command = NULL;

	if (!secure) {
		command = getenv("SYSTEMD_PAGER");
		if (!command)
			command = getenv("PAGER");
	}
	if (!command)
		command = "less";
	return *command && !kb_streq(command, "cat") ? command : NULL;
}

/* Who became root to run us has not become root to run an editor from less. */
static bool must_be_secure(void)
{
	const char *value = getenv("SYSTEMD_PAGERSECURE");
	bool yes;

	if (value && kb_parse_bool(value, &yes) >= 0)
		return yes;
	return getenv("SUDO_UID") != NULL;
}

/* Where there is no such program the output would be lost: then it is printed. */
static void exec_pager(const char *command, bool secure)
{
	static const char script[] = "eval \"$1\"; test $? != 127 || exec cat";
	sigset_t none;

	/* who watches has other signals than a pager */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setenv("LESS", getenv("SYSTEMD_LESS") ?: "FRSXMK", 1);
	setenv("LESSCHARSET", getenv("SYSTEMD_LESSCHARSET") ?: "utf-8", 1);
	if (secure)
		setenv("LESSSECURE", "1", 1);
	execl("/bin/sh", "sh", "-c", script, "sh", command, NULL);
	_exit(127);
}

void screen_open_pager(void)
{
	bool secure = must_be_secure();
	const char *command = screen_pager(secure);
	int fds[2];

	if (!is_terminal || !command || pipe2(fds, O_CLOEXEC) < 0)
		return;
	fflush(stdout);
	pager = fork();
	if (pager == 0) {
		dup2(fds[0], STDIN_FILENO);
		exec_pager(command, secure);
	}
	if (pager > 0)
		dup2(fds[1], STDOUT_FILENO);
	close(fds[0]);
	close(fds[1]);
}

void screen_close_pager(void)
{
	if (pager <= 0)
		return;
	fflush(stdout);
	/* the pager sees the end of it */
	close(STDOUT_FILENO);
	while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
		;
	pager = 0;
}
