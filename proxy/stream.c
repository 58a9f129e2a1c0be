/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes and descriptors of one dbus1 client, both ways. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/stream.h"

/* one read takes so much; more only if a single message needs it */
#define READ_SIZE (16UL << 10)
#define READ_SIZE_MAX (1UL << 20)

/* an idle client keeps no larger buffer than this */
#define KEEP_SIZE (64UL << 10)

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(STREAM_FDS_MAX * sizeof(int))];
};

void stream_init(struct stream *stream, int in_fd, int out_fd)
{
	int domain = -1;
	socklen_t size = sizeof(domain);

	memset(stream, 0, sizeof(*stream));
	stream->in_fd = in_fd;
	stream->out_fd = out_fd;
	stream->is_socket = getsockopt(in_fd, SOL_SOCKET, SO_DOMAIN, &domain,
				       &size) == 0 &&
			    domain == AF_UNIX &&
			    (in_fd == out_fd ||
			     (getsockopt(out_fd, SOL_SOCKET, SO_DOMAIN, &domain,
					 &size) == 0 &&
			      domain == AF_UNIX));
}

static void mark_deinit(struct stream_mark *mark)
{
	kb_close_many(mark->fds, mark->n_fds);
	free(mark->fds);
}

void stream_close(struct stream *stream)
{
	for (size_t i = 0; i < stream->n_marks; i++)
		mark_deinit(&stream->marks[i]);
	stream->n_marks = 0;
	kb_close_many(stream->in_fds, stream->n_in_fds);
	stream->n_in_fds = 0;
	if (stream->out_fd != stream->in_fd)
		kb_close(stream->out_fd);
	kb_close(stream->in_fd);
	stream->in_fd = stream->out_fd = -1;
}

void stream_deinit(struct stream *stream)
{
	stream_close(stream);
	free(stream->marks);
	kb_buffer_deinit(&stream->in);
	kb_buffer_deinit(&stream->out);
	stream->marks = NULL;
}

/* buffers with a consumed front */

/* Moves the rest to the front, if that is cheap or all there is to do. */
static void buffer_compact(struct kb_buffer *buffer, size_t *start)
{
	size_t rest = buffer->size - *start;

	if (rest > *start)
		return;
	if (rest > 0)
		memmove(buffer->data, buffer->data + *start, rest);
	buffer->size = rest;
	*start = 0;
	if (rest == 0 && buffer->capacity > KEEP_SIZE)
		kb_buffer_deinit(buffer);
}

/* input */

/*
 * Descriptors that cannot be kept are closed; whoever sends such is not worth
 * more.
 */
static int stream_take_fds(struct stream *stream, struct msghdr *message)
{
	bool refused = message->msg_flags & MSG_CTRUNC;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		const int *fds = (const int *)CMSG_DATA(c);
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(*fds);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		if (refused || !stream->may_pass_fds ||
		    n > STREAM_FDS_MAX - stream->n_in_fds) {
			kb_close_many(fds, n);
			refused = true;
			continue;
		}
		memcpy(stream->in_fds + stream->n_in_fds, fds,
		       n * sizeof(*fds));
		stream->n_in_fds += n;
	}
	return refused ? -EPROTO : 0;
}

static ssize_t stream_receive(struct stream *stream, void *data, size_t size)
{
	union control control;
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;
	int r;

	if (!stream->is_socket)
		return read(stream->in_fd, data, size);
	n = recvmsg(stream->in_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return n;
	r = stream_take_fds(stream, &message);
	if (r < 0) {
		errno = -r;
		return -1;
	}
	return n;
}

int stream_read(struct stream *stream, size_t want)
{
	size_t size = want > READ_SIZE ? want : READ_SIZE;
	ssize_t n;
	int r;

	if (size > READ_SIZE_MAX)
		size = READ_SIZE_MAX;
	buffer_compact(&stream->in, &stream->in_start);
	r = kb_buffer_reserve(&stream->in, size);
	if (r < 0)
		return r;
	n = stream_receive(stream, stream->in.data + stream->in.size, size);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	stream->in.size += n;
	return n;
}

const uint8_t *stream_peek(const struct stream *stream, size_t *out_size)
{
	*out_size = stream->in.size - stream->in_start;
	return *out_size > 0 ? stream->in.data + stream->in_start : NULL;
}

void stream_consume(struct stream *stream, size_t size)
{
	stream->in_start += size;
	if (stream->in_start == stream->in.size)
		buffer_compact(&stream->in, &stream->in_start);
}

void stream_consume_fds(struct stream *stream, size_t n_fds)
{
	stream->n_in_fds -= n_fds;
	memmove(stream->in_fds, stream->in_fds + n_fds,
		stream->n_in_fds * sizeof(*stream->in_fds));
}

/* output */

size_t stream_pending(const struct stream *stream)
{
	return stream->out.size - stream->out_start;
}

int stream_mark_fds(struct stream *stream, size_t offset, int *fds,
		    size_t n_fds)
{
	struct stream_mark *marks;
	int *copy;

	if (n_fds == 0)
		return 0;
	marks = reallocarray(stream->marks, stream->n_marks + 1,
			     sizeof(*marks));
	if (!marks)
		return -ENOMEM;
	stream->marks = marks;
	copy = calloc(n_fds, sizeof(*copy));
	if (!copy)
		return -ENOMEM;

	for (size_t i = 0; i < n_fds; i++)
		copy[i] = TAKE_FD(fds[i]);
	marks[stream->n_marks++] = (struct stream_mark){
		.position = stream->out_position + offset,
		.n_fds = n_fds,
		.fds = copy,
	};
	stream->n_out_fds += n_fds;
	return 0;
}

static ssize_t stream_transmit(struct stream *stream, const void *data,
			       size_t size, const struct stream_mark *mark)
{
	union control control;
	struct iovec iov = { .iov_base = (void *)data, .iov_len = size };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (!stream->is_socket)
		return write(stream->out_fd, data, size);
	if (mark) {
		size_t bytes = mark->n_fds * sizeof(int);

		memset(&control, 0, CMSG_SPACE(bytes));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(bytes);
		memcpy(CMSG_DATA(&control.header), mark->fds, bytes);
	}
	return sendmsg(stream->out_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The first mark was sent. */
static void stream_drop_mark(struct stream *stream)
{
	stream->n_out_fds -= stream->marks[0].n_fds;
	mark_deinit(&stream->marks[0]);
	stream->n_marks--;
	memmove(stream->marks, stream->marks + 1,
		stream->n_marks * sizeof(*stream->marks));
}

/*
 * Sends from the front up to the next byte that has descriptors of its own, so
 * that these arrive with their message and not with an earlier one.
 */
static ssize_t stream_send_run(struct stream *stream)
{
	uint64_t position = stream->out_position + stream->out_start;
	size_t size = stream_pending(stream);
	const struct stream_mark *mark = stream->marks;
	const struct stream_mark *end = mark + stream->n_marks;
	const struct stream_mark *now = NULL;
	ssize_t n;

	if (mark < end && mark->position == position)
		now = mark++;
	if (mark < end && mark->position - position < size)
		size = mark->position - position;

	n = stream_transmit(stream, stream->out.data + stream->out_start, size,
			    now);
	if (n > 0 && now)
		stream_drop_mark(stream);
	return n;
}

int stream_flush(struct stream *stream)
{
	while (stream_pending(stream) > 0) {
		ssize_t n = stream_send_run(stream);
		size_t before = stream->out_start + (n > 0 ? n : 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		stream->out_start = before;
		buffer_compact(&stream->out, &stream->out_start);
		if (stream->out_start == 0)
			stream->out_position += before;
	}
	return 0;
}
