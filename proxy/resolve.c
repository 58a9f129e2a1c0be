/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of users and groups become numbers, without ever hanging for long. */

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

#include "lib/util.h"
#include "proxy/resolve.h"

#define PATIENCE_MS 2000

static bool user_in_file(const char *name, uint32_t *out)
{
	_cleanup_(kb_fclosep) FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry;

	while (file && (entry = fgetpwent(file))) {
		if (kb_streq(entry->pw_name, name)) {
			*out = entry->pw_uid;
			return true;
		}
	}
	return false;
}

static bool group_in_file(const char *name, uint32_t *out)
{
	_cleanup_(kb_fclosep) FILE *file = fopen("/etc/group", "re");
	struct group *entry;

	while (file && (entry = fgetgrent(file))) {
		if (kb_streq(entry->gr_name, name)) {
			*out = entry->gr_gid;
			return true;
		}
	}
	return false;
}

static bool user_in_service(const char *name, uint32_t *out)
{
	struct passwd *entry = getpwnam(name);

	if (entry)
		*out = entry->pw_uid;
	return entry;
}

static bool group_in_service(const char *name, uint32_t *out)
{
	struct group *entry = getgrnam(name);

	if (entry)
		*out = entry->gr_gid;
	return entry;
}

/* The child writes the number, or nothing if there is none. */
static int ask_child(bool (*look)(const char *, uint32_t *), const char *name,
		     uint32_t *out)
{
	struct pollfd poll_fd = { .events = POLLIN };
	int fds[2], r;
	uint32_t id;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		if (look(name, &id))
			(void)!write(fds[1], &id, sizeof(id));
		_exit(0);
	}
	kb_close(fds[1]);
	if (pid < 0) {
		kb_close(fds[0]);
		return -EAGAIN;
	}

	poll_fd.fd = fds[0];
	r = poll(&poll_fd, 1, PATIENCE_MS);
	if (r > 0)
		r = read(fds[0], out, sizeof(*out)) == sizeof(*out) ? 0 : -ESRCH;
	else
		r = -ETIMEDOUT;
	kb_close(fds[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}

static int resolve(struct resolver *resolver, const char *text, uint32_t *out,
		   bool (*in_file)(const char *, uint32_t *),
		   bool (*in_service)(const char *, uint32_t *))
{
	uint64_t number;
	int r;

	/* the last number means "nobody in particular" everywhere */
	if (kb_parse_u64(text, &number) == 0) {
		if (number >= UINT32_MAX)
			return -ESRCH;
		*out = number;
		return 0;
	}
	if (in_file(text, out))
		return 0;
	if (resolver->hangs)
		return -ETIMEDOUT;
	r = ask_child(in_service, text, out);
	resolver->hangs = r == -ETIMEDOUT;
	return r;
}

int resolve_user(struct resolver *resolver, const char *text,
		 uint32_t *out_uid)
{
	return resolve(resolver, text, out_uid, user_in_file, user_in_service);
}

int resolve_group(struct resolver *resolver, const char *text,
		  uint32_t *out_gid)
{
	return resolve(resolver, text, out_gid, group_in_file,
		       group_in_service);
}
