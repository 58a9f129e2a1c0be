// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs beside this one. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ctl/helper.h"
#include "lib/run.h"

#define OUTPUT_MAX (4U << 20)	/* bytes; more than any of them prints */

int helper_read(char *const *argv, struct kb_buffer *out)
{
	int fds[2], r, ended;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	r = kb_run(argv, NULL, fds[1], &pid);
	close(fds[1]);
	if (r < 0) {
		close(fds[0]);
		return r;
	}
	r = kb_buffer_read(out, fds[0], OUTPUT_MAX);
	close(fds[0]);
	ended = kb_run_wait(pid);
	if (r >= 0)
		r = kb_buffer_append_zero(out, 1);
	return r < 0 ? r : ended;
}
