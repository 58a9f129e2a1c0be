// SPDX-License-Identifier: LGPL-2.1-or-later
/* What shows outside: a process in the background, its id, its user, its log. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-journal.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/background.h"
#include "lib/log.h"
#include "lib/util.h"

/* A byte means that all is well; an end without one that the child failed. */
static void wait_for_child(pid_t pid, int fd)
{
	int status;
	char byte;

	if (read(fd, &byte, 1) == 1)
		_exit(EXIT_SUCCESS);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
	_exit(EXIT_FAILURE);
}

int background_enter(int *out_fd)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return kb_log_errno(LOG_ERR, errno, "Cannot make a pipe");
	pid = fork();
	if (pid < 0)
		return kb_log_errno(LOG_ERR, errno, "Cannot fork");
	if (pid > 0) {
		close(fds[1]);
		wait_for_child(pid, fds[0]);
	}
	close(fds[0]);
	setsid();
	*out_fd = fds[1];
	return 0;
}

void background_ready(int fd, bool keep_umask, bool keep_stderr)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)!chdir("/");
	if (!keep_umask)
		umask(022);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		if (!keep_stderr)
			dup2(null, STDERR_FILENO);
		kb_close(null);
	}
	(void)!write(fd, "", 1);
	kb_close(fd);
}

/* Log lines know the journal by the file that standard error is. */
bool log_to_journal(void)
{
	char text[64];
	struct stat st;
	int fd;

	fd = sd_journal_stream_fd("kdbus-daemon", LOG_INFO, true);
	if (fd < 0)
		return false;
	if (dup2(fd, STDERR_FILENO) >= 0 && fstat(STDERR_FILENO, &st) == 0) {
		snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)st.st_dev,
			 (unsigned long long)st.st_ino);
		setenv("JOURNAL_STREAM", text, 1);
	}
	kb_close(fd);
	return true;
}

int pidfile_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644), n;

	if (fd < 0 && errno == EEXIST) {
		kb_log(LOG_ERR, "The pid file %s exists; if no daemon is running, remove it", path);
		return -EEXIST;
	}
	if (fd < 0)
		return kb_log_errno(LOG_ERR, errno, "Cannot make the pid file %s", path);
	n = dprintf(fd, "%d\n", getpid());
	kb_close(fd);
	return n < 0 ? -EIO : 0;
}

int user_find(const char *user, uid_t *out_uid, gid_t *out_gid)
{
	struct passwd *entry;
	uint64_t uid;

	entry = kb_parse_u64(user, &uid) == 0 ? getpwuid(uid) : getpwnam(user);
	if (!entry)
		return -ESRCH;
	*out_uid = entry->pw_uid;
	*out_gid = entry->pw_gid;
	return 0;
}

int print_line(int fd, const char *text)
{
	if (dprintf(fd, "%s\n", text) < 0)
		return kb_log_errno(LOG_ERR, errno, "Cannot write to descriptor %d", fd);
	return 0;
}
