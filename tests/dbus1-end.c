/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A dbus1 client on the bare socket, for tests that want to see every message. */

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/name.h"
#include "tests/dbus1-end.h"

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "dbus1-end: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* life */

void end_connect(struct end *end, const char *path, uid_t uid)
{
	gid_t gid = uid;

	end_connect_as(end, path, uid, &gid, 0);
}

/* Another user for a moment, and back. */
static void become(uid_t uid, gid_t gid, const gid_t *others, size_t n_others)
{
	if (n_others > 0)
		need(setgroups(n_others, others) == 0, "setgroups");
	need(setegid(gid) == 0 && seteuid(uid) == 0, "seteuid");
}

static void become_root(const gid_t *others, size_t n_others)
{
	need(seteuid(0) == 0 && setegid(0) == 0 &&
	     setgroups(n_others, others) == 0, "seteuid");
}

void end_connect_as(struct end *end, const char *path, uid_t uid,
		    const gid_t *gids, size_t n_others)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	gid_t own[64];
	int n_own = getgroups(KB_ARRAY_SIZE(own), own);

	*end = (struct end){ 0 };
	need(strlen(path) < sizeof(address.sun_path), "long path");
	strcpy(address.sun_path, path);
	end->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	need(end->fd >= 0, "socket");

	/* the socket remembers who connected it */
	need(n_own >= 0, "getgroups");
	if (uid != (uid_t)-1)
		become(uid, gids[0], gids + 1, n_others);
	need(connect(end->fd, (struct sockaddr *)&address, sizeof(address)) ==
		     0,
	     path);
	if (uid != (uid_t)-1)
		become_root(own, n_own);
}

void end_close(struct end *end)
{
	kb_close_many(end->fds, end->n_fds);
	end->fd = kb_close(end->fd);
	kb_buffer_deinit(&end->in);
}

/* output */

void end_write(struct end *end, const void *data, size_t size)
{
	while (size > 0) {
		ssize_t n = send(end->fd, data, size, MSG_NOSIGNAL);

		if (n < 0)
			return;
		data = (const char *)data + n;
		size -= n;
	}
}

uint32_t end_send(struct end *end, struct kb_message *message)
{
	struct kb_buffer bytes = { 0 };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(64 * sizeof(int))];
	} control = { 0 };
	struct iovec iov;
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	size_t n = message->n_fds * sizeof(int);
	ssize_t sent;

	message->cookie = ++end->serial;
	need(kb_message_encode_dbus1(message, &bytes) == 0, "encode");
	iov = (struct iovec){ bytes.data, bytes.size };
	if (n > 0) {
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(n);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n);
		memcpy(CMSG_DATA(&control.header), message->fds, n);
	}
	sent = sendmsg(end->fd, &header, MSG_NOSIGNAL);
	if (sent >= 0)
		end_write(end, bytes.data + sent, bytes.size - sent);
	kb_buffer_deinit(&bytes);
	return end->serial;
}

/* input */

static void end_take_fds(struct end *end, struct msghdr *header)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(header);
	size_t n;

	if (!c || c->cmsg_type != SCM_RIGHTS)
		return;
	n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	need(end->n_fds + n <= KB_ARRAY_SIZE(end->fds), "descriptors");
	memcpy(end->fds + end->n_fds, CMSG_DATA(c), n * sizeof(int));
	end->n_fds += n;
}

/* false if nothing comes */
static bool end_read(struct end *end, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = end->fd, .events = POLLIN };
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(64 * sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	if (poll(&poll_fd, 1, timeout_ms) <= 0)
		return false;
	if (end->in_start == end->in.size)
		end->in_start = end->in.size = 0;
	need(kb_buffer_reserve(&end->in, 65536) == 0, "memory");
	iov = (struct iovec){ end->in.data + end->in.size, 65536 };
	n = recvmsg(end->fd, &header, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return false;
	end->in.size += n;
	end_take_fds(end, &header);
	return true;
}

struct kb_message *end_receive(struct end *end, int timeout_ms)
{
	struct kb_message *message;
	int64_t size;
	void *copy;

	while (end->in.size - end->in_start < 16)
		if (!end_read(end, timeout_ms))
			return NULL;
	size = kb_message_size_dbus1(end->in.data + end->in_start);
	need(size > 0, "bad message");
	while (end->in.size - end->in_start < (size_t)size)
		if (!end_read(end, timeout_ms))
			return NULL;

	copy = malloc(size);
	memcpy(copy, end->in.data + end->in_start, size);
	end->in_start += size;
	need(kb_message_decode_dbus1(copy, size, end->fds, end->n_fds,
				     &message) == 0,
	     "bad message");
	need(kb_message_own(message, copy) == 0, "memory");
	need(kb_message_validate(message) == 0, "bad body");
	end->n_fds -= message->n_fds;
	memmove(end->fds, end->fds + message->n_fds,
		end->n_fds * sizeof(int));
	return message;
}

struct kb_message *end_reply(struct end *end, uint32_t serial)
{
	struct kb_message *message;

	while ((message = end_receive(end, END_WAIT_MS)) &&
	       message->reply_cookie != serial)
		kb_message_unref(message);
	return message;
}

bool end_is_hung_up(struct end *end, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = end->fd, .events = POLLIN };
	char bytes[4096];

	while (poll(&poll_fd, 1, timeout_ms) > 0)
		if (recv(end->fd, bytes, sizeof(bytes), 0) <= 0)
			return true;
	return false;
}

/* conversations */

static void end_expect_line(struct end *end, const char *begin)
{
	const uint8_t *line, *stop;

	for (;;) {
		line = end->in.data + end->in_start;
		stop = end->in.data ? memmem(line, end->in.size - end->in_start,
					     "\r\n", 2) :
				      NULL;
		if (stop)
			break;
		need(end_read(end, END_WAIT_MS), "no line");
	}
	need(memcmp(line, begin, strlen(begin)) == 0, (const char *)line);
	end->in_start += stop + 2 - line;
}

void end_authenticate(struct end *end, bool fds)
{
	static const char start[] = "\0AUTH EXTERNAL\r\nDATA\r\n";

	end_write(end, start, sizeof(start) - 1);
	end_expect_line(end, "DATA");
	end_expect_line(end, "OK ");
	if (fds) {
		end_write(end, "NEGOTIATE_UNIX_FD\r\n", 19);
		end_expect_line(end, "AGREE_UNIX_FD");
	}
	end_write(end, "BEGIN\r\n", 7);
}

void end_open(struct end *end, const char *path, uid_t uid, bool fds)
{
	end_connect(end, path, uid);
	end_authenticate(end, fds);
	end_hello(end);
}

void end_hello(struct end *end)
{
	struct kb_message *message;
	const char *name = "";

	message = end_call(end, "Hello", "");
	need(message && message->type == KB_METHOD_RETURN &&
		     kb_message_read(message, "s", &name) == 0,
	     "Hello");
	strcpy(end->name, name);
	kb_message_unref(message);
	message = end_receive(end, END_WAIT_MS);
	need(message && kb_streq_null(message->member, "NameAcquired"),
	     "NameAcquired");
	kb_message_unref(message);
}

/* calls */

struct kb_message *end_call(struct end *end, const char *member,
			    const char *types, ...)
{
	struct kb_message *call;
	va_list arguments;
	uint32_t serial;

	need(kb_message_new_call(KB_DRIVER_NAME, KB_DRIVER_PATH,
				 KB_DRIVER_INTERFACE, member, &call) == 0,
	     "memory");
	va_start(arguments, types);
	need(kb_writer_appendv(kb_message_writer(call), types, arguments) == 0,
	     "arguments");
	va_end(arguments);
	serial = end_send(end, call);
	kb_message_unref(call);
	return end_reply(end, serial);
}

bool end_call_succeeds(struct end *end, const char *member, const char *string)
{
	struct kb_message *reply = end_call(end, member, "s", string);
	bool ok = reply && reply->type == KB_METHOD_RETURN;

	kb_message_unref(reply);
	return ok;
}

bool end_sync(struct end *end)
{
	struct kb_message *reply = end_call(end, "GetId", "");
	bool ok = reply && reply->type == KB_METHOD_RETURN;

	kb_message_unref(reply);
	return ok;
}
