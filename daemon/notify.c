// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where children say that they are ready, as services tell their manager. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/notify.h"
#include "lib/util.h"

int notify_open(char *name, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(kb_closep) int fd = -1;
	socklen_t length = sizeof(address);
	int yes = 1;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* bound to nothing, the kernel finds an abstract name */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return -errno;
	length -= offsetof(struct sockaddr_un, sun_path);
	if (length < 2 || length >= size)
		return -ENAMETOOLONG;
	snprintf(name, size, "@%.*s", (int)length - 1, address.sun_path + 1);
	return TAKE_FD(fd);
}

static bool says_ready(const char *text)
{
	const char *line = text;

	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (kb_startswith(line, "READY=1"))
			return true;
	}
	return false;
}

/* There is room for the credentials alone, so no descriptors get in. */
pid_t notify_read(int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char text[512];
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) - 1 };
	struct ucred cred;
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	ssize_t n;

	n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return 0;
	text[n] = '\0';
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_CREDENTIALS || !says_ready(text))
		return 0;
	memcpy(&cred, CMSG_DATA(header), sizeof(cred));
	return cred.pid;
}
