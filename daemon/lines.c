// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a helper program knows, as lines of a word and a value. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/lines.h"
#include "lib/log.h"
#include "lib/util.h"

#define LINES_MAX (4 << 20)	/* bytes that a helper program may say */

extern char **environ;

int lines_each(char *text, line_fn fn, void *userdata)
{
	int r = 0;

	while (*text && r >= 0) {
		char *end = strchrnul(text, '\n'), *next = end + !!*end, *value;

		*end = '\0';
		value = strchrnul(text, ' ');
		if (*value)
			*value++ = '\0';
		r = fn(userdata, text, value);
		text = next;
	}
	return r;
}

/* Our signals are blocked, the program's are not to be. */
static int spawn_into(char *const *argv, int fd, pid_t *out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	r = posix_spawn(out, argv[0], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -r;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status ? -EBADMSG : 0;
}

int lines_run(char *const *argv, line_fn fn, void *userdata)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	int fds[2], r, ended;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	r = spawn_into(argv, fds[1], &pid);
	kb_close(fds[1]);
	if (r < 0) {
		kb_close(fds[0]);
		return kb_log_errno(LOG_ERR, r, "Cannot execute %s", argv[0]);
	}
	r = kb_buffer_read(&text, fds[0], LINES_MAX);
	if (r >= 0)
		r = kb_buffer_append(&text, "", 1);
	kb_close(fds[0]);
	ended = wait_for(pid);
	if (r >= 0)
		r = ended;
	return r < 0 ? r : lines_each((char *)text.data, fn, userdata);
}
