// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The service manager's notification protocol.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "busname/sdnotify.h"
#include "lib/util.h"

#define FIRST_PASSED_FD 3

int sdnotify(const char *text, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct iovec iov = { .iov_base = (char *)text, .iov_len = strlen(text) };
	struct msghdr msg = {
		.msg_name = &address,
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	const char *path = getenv("NOTIFY_SOCKET");
	_cleanup_(kb_closep) int sock = -1;
	size_t length;

	if (!path || !*path)
		return 0;
	length = strlen(path);
	if (length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, length + 1);
	msg.msg_namelen = offsetof(struct sockaddr_un, sun_path) + length;
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';

	if (fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(int));
	}

	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	if (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		return -errno;
	return 1;
}

/* The next word of a colon-separated list, and its length. */
static const char *next_word(const char **list, size_t *length)
{
	const char *word = *list;

	*length = strcspn(word, ":");
	*list = word + *length + (word[*length] == ':');
	return word;
}

int sdnotify_take_stored(const char *prefix, char *out_name, size_t size)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES") ?: "";
	uint64_t n, i, me;
	int found = -1;

	if (pid && fds && kb_parse_u64(pid, &me) >= 0 && me == (uint64_t)getpid() &&
	    kb_parse_u64(fds, &n) >= 0) {
		for (i = 0; i < n; i++) {
			size_t length;
			const char *word = next_word(&names, &length);
			int fd = FIRST_PASSED_FD + i;

			if (found < 0 && kb_startswith(word, prefix)) {
				snprintf(out_name, size, "%.*s", (int)length, word);
				fcntl(fd, F_SETFD, FD_CLOEXEC);
				found = fd;
			} else {
				close(fd);
			}
		}
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return found;
}
