// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a helper program knows, as lines of a word and a value. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/lines.h"
#include "lib/log.h"
#include "lib/run.h"
#include "lib/util.h"

#define LINES_MAX (4 << 20)	/* bytes that a helper program may say */

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

int lines_run(char *const *argv, line_fn fn, void *userdata)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	int fds[2], r, ended;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	r = kb_run(argv, NULL, fds[1], &pid);
	kb_close(fds[1]);
	if (r < 0) {
		kb_close(fds[0]);
		return kb_log_errno(LOG_ERR, r, "Cannot execute %s", argv[0]);
	}
	r = kb_buffer_read(&text, fds[0], LINES_MAX);
	if (r >= 0)
		r = kb_buffer_append(&text, "", 1);
	kb_close(fds[0]);
	ended = kb_run_wait(pid);
	if (r >= 0)
		r = ended > 0 ? -EBADMSG : ended;
	return r < 0 ? r : lines_each((char *)text.data, fn, userdata);
}
