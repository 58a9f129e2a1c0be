// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A direct connection to the service manager's private socket.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "busname/manager-link.h"

#define CALL_TIMEOUT_NS	(25 * KB_NSEC_PER_SEC)
#define READ_SIZE	4096
#define HEADER_SIZE	16	/* of a dbus1 message, what tells its size */

/* Wait until there is something to read. */
static int link_wait(struct manager_link *link, uint64_t deadline_ns)
{
	struct pollfd pfd = { .fd = link->fd, .events = POLLIN };
	uint64_t now = kb_now_ns();
	int r;

	if (now >= deadline_ns)
		return -ETIMEDOUT;
	r = poll(&pfd, 1, (deadline_ns - now) / KB_NSEC_PER_MSEC + 1);
	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	return r ? 0 : -ETIMEDOUT;
}

/* Read what is there, without waiting. */
static int link_read(struct manager_link *link)
{
	ssize_t n;
	int r;

	r = kb_buffer_reserve(&link->in, READ_SIZE);
	if (r < 0)
		return r;
	n = recv(link->fd, link->in.data + link->in.size, READ_SIZE, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!n)
		return -ECONNRESET;
	link->in.size += n;
	return 1;
}

static void link_consume(struct manager_link *link, size_t size)
{
	link->in.size -= size;
	memmove(link->in.data, link->in.data + size, link->in.size);
}

static int link_write(struct manager_link *link, const void *data, size_t size)
{
	const uint8_t *next = data;

	while (size) {
		ssize_t n = send(link->fd, next, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		next += n;
		size -= n;
	}
	return 0;
}

static char *link_line_end(const struct manager_link *link)
{
	return link->in.size ? memmem(link->in.data, link->in.size, "\r\n", 2) : NULL;
}

/* The uid as the EXTERNAL mechanism wants it: its decimal digits in hex. */
static int link_authenticate(struct manager_link *link)
{
	uint64_t deadline = kb_now_ns() + CALL_TIMEOUT_NS;
	char uid[16], line[128], *end;
	size_t n, i;
	int r;

	snprintf(uid, sizeof(uid), "%u", (unsigned int)getuid());
	n = 1 + sprintf(line + 1, "AUTH EXTERNAL ");
	line[0] = '\0';
	for (i = 0; uid[i]; i++)
		n += sprintf(line + n, "%02x", uid[i]);
	n += sprintf(line + n, "\r\nBEGIN\r\n");
	r = link_write(link, line, n);

	while (r >= 0 && !(end = link_line_end(link))) {
		r = link_wait(link, deadline);
		if (r >= 0)
			r = link_read(link);
		if (link->in.size > READ_SIZE)
			return -EBADMSG;
	}
	if (r < 0)
		return r;
	if (link->in.size < 3 || memcmp(link->in.data, "OK ", 3))
		return -EACCES;
	link_consume(link, end + 2 - (char *)link->in.data);
	return 0;
}

int manager_link_open(struct manager_link *link, bool user)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *runtime = user ? getenv("XDG_RUNTIME_DIR") : "/run";
	int r;

	*link = (struct manager_link){ .fd = -1 };
	if (!runtime || snprintf(address.sun_path, sizeof(address.sun_path), "%s/systemd/private",
				 runtime) >= (int)sizeof(address.sun_path))
		return -ENOENT;
	link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (link->fd < 0)
		return -errno;
	r = connect(link->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	if (r >= 0)
		r = link_authenticate(link);
	if (r < 0)
		manager_link_close(link);
	return r;
}

void manager_link_close(struct manager_link *link)
{
	link->fd = kb_close(link->fd);
	kb_buffer_deinit(&link->in);
}

/* Cut the first complete message off the buffer: 1, 0 if there is none. */
static int link_parse(struct manager_link *link, struct kb_message **out)
{
	_cleanup_(kb_freep) void *copy = NULL;
	int64_t size;
	int r;

	if (link->in.size < HEADER_SIZE)
		return 0;
	size = kb_message_size_dbus1(link->in.data);
	if (size < 0)
		return size;
	if (link->in.size < (size_t)size)
		return 0;
	copy = malloc(size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, link->in.data, size);
	link_consume(link, size);
	r = kb_message_decode_dbus1(copy, size, NULL, 0, out);
	if (r < 0)
		return r;
	r = kb_message_own(*out, TAKE_PTR(copy));
	if (r < 0)
		*out = kb_message_unref(*out);
	return r < 0 ? r : 1;
}

int manager_link_next(struct manager_link *link, struct kb_message **out)
{
	int r;

	if (link->fd < 0)
		return 0;
	for (;;) {
		r = link_parse(link, out);
		if (!r)
			r = link_read(link);
		else if (r > 0)
			return r;
		if (r < 0)
			manager_link_close(link);
		if (r <= 0)
			return r;
	}
}

int manager_link_call(struct manager_link *link, struct kb_message *message,
		      manager_signal_t on_signal, void *userdata, struct kb_message **out_reply)
{
	uint64_t deadline = kb_now_ns() + CALL_TIMEOUT_NS;
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = {};
	int r;

	if (link->fd < 0)
		return -ECONNRESET;
	message->cookie = ++link->serial;
	r = kb_message_encode_dbus1(message, &bytes);
	if (r < 0)
		return r;
	r = link_write(link, bytes.data, bytes.size);
	if (r < 0)
		manager_link_close(link);

	while (r >= 0) {
		_cleanup_(kb_message_unrefp) struct kb_message *got = NULL;

		r = manager_link_next(link, &got);
		if (r > 0 && got->reply_cookie == message->cookie) {
			*out_reply = TAKE_PTR(got);
			return 0;
		}
		if (r > 0)
			on_signal(got, userdata);
		else if (!r)
			r = link->fd < 0 ? -ECONNRESET : link_wait(link, deadline);
	}
	return r;
}
