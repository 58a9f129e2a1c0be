/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes and descriptors of one dbus1 client, both ways. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proxy/stream.h"

/* one read takes so much; more only if a single message needs it */
#define READ_SIZE (16UL << 10)
#define READ_SIZE_MAX (1UL << 20)

/* so little waits for what comes behind it, and leaves with that */
#define WAIT_SIZE (4UL << 10)

/* buffers that wait for the next who needs one, and how large they may be */
#define N_SPARE 4
#define SPARE_SIZE (256UL << 10)

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(STREAM_FDS_MAX * sizeof(int))];
};

/*
 * Buffers.  Most clients have nothing in theirs most of the time, so these are
 * shared by those of a thread: who has need of one takes it, and lays it back
 * when it is empty.
 */

static _Thread_local struct kb_buffer spare[N_SPARE];
static _Thread_local size_t n_spare;

static void buffer_take(struct kb_buffer *buffer)
{
	if (!buffer->data && n_spare > 0)
		*buffer = spare[--n_spare];
}

static void buffer_lay_back(struct kb_buffer *buffer)
{
	if (buffer->size > 0 || !buffer->data)
		return;
	if (n_spare == N_SPARE || buffer->capacity > SPARE_SIZE) {
		kb_buffer_deinit(buffer);
		return;
	}
	spare[n_spare++] = *buffer;
	*buffer = (struct kb_buffer){};
}

void stream_forget_spare(void)
{
	while (n_spare > 0)
		kb_buffer_deinit(&spare[--n_spare]);
}

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

static void marks_deinit(struct stream *stream)
{
	for (size_t i = 0; i < stream->n_marks; i++)
		mark_deinit(&stream->marks[i]);
	stream->n_marks = 0;
}

void stream_close(struct stream *stream)
{
	marks_deinit(stream);
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
	stream->in.size = stream->out.size = 0;
	buffer_lay_back(&stream->in);
	buffer_lay_back(&stream->out);
	stream->marks = NULL;
}

/* buffers with a consumed front */

/* Moves what is behind a consumed front there, if that is cheap. */
static void buffer_compact(struct kb_buffer *buffer, size_t *start)
{
	size_t rest = buffer->size - *start;

	if (rest > *start)
		return;
	if (rest > 0)
		memmove(buffer->data, buffer->data + *start, rest);
	buffer->size = rest;
	*start = 0;
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
	buffer_take(&stream->in);
	buffer_compact(&stream->in, &stream->in_start);
	r = kb_buffer_reserve(&stream->in, size);
	if (r < 0)
		return r;
	/* a buffer that held a large message takes the next one at once */
	size = stream->in.capacity - stream->in.size;
	if (size > READ_SIZE_MAX)
		size = READ_SIZE_MAX;
	n = stream_receive(stream, stream->in.data + stream->in.size, size);
	r = errno;
	if (n > 0)
		stream->in.size += n;
	buffer_lay_back(&stream->in);
	if (n < 0)
		return r == EINTR ? -EAGAIN : -r;
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
	if (stream->in_start < stream->in.size)
		return;
	stream->in.size = stream->in_start = 0;
	buffer_lay_back(&stream->in);
}

void stream_consume_fds(struct stream *stream, size_t n_fds)
{
	stream->n_in_fds -= n_fds;
	memmove(stream->in_fds, stream->in_fds + n_fds,
		stream->n_in_fds * sizeof(*stream->in_fds));
}

/* output */

struct kb_buffer *stream_output(struct stream *stream)
{
	buffer_take(&stream->out);
	return &stream->out;
}

size_t stream_pending(const struct stream *stream)
{
	return stream->out.size - stream->out_start;
}

int stream_mark_fds(struct stream *stream, size_t offset, size_t size, int *fds,
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
		.size = size,
		.n_fds = n_fds,
		.fds = copy,
	};
	stream->n_out_fds += n_fds;
	return 0;
}

static ssize_t stream_transmit(struct stream *stream, struct iovec *iov,
			       size_t n_iov, const struct stream_mark *mark)
{
	union control control;
	struct msghdr message = { .msg_iov = iov, .msg_iovlen = n_iov };

	if (!stream->is_socket)
		return writev(stream->out_fd, iov, n_iov);
	/* as nearly all leave; the kernel has less to look at */
	if (!mark && n_iov == 1)
		return send(stream->out_fd, iov->iov_base, iov->iov_len,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
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

/* Pieces of memory without their first @skip bytes; the number of pieces. */
static size_t skip_pieces(const struct iovec *pieces, size_t n_pieces,
			  size_t skip, struct iovec *out)
{
	size_t n = 0;

	for (size_t i = 0; i < n_pieces; i++) {
		size_t size = pieces[i].iov_len;
		size_t off = skip < size ? skip : size;

		skip -= off;
		if (off < size)
			out[n++] = (struct iovec){
				.iov_base = (char *)pieces[i].iov_base + off,
				.iov_len = size - off,
			};
	}
	return n;
}

/*
 * Sends from the front up to the next byte that has descriptors of its own, so
 * that these arrive with their message and not with an earlier one.  If there is
 * none the pieces follow, without their first @skip bytes.
 */
static ssize_t stream_send_run(struct stream *stream,
			       const struct iovec *pieces, size_t n_pieces,
			       size_t skip)
{
	uint64_t position = stream->out_position + stream->out_start;
	const struct stream_mark *mark = stream->marks;
	const struct stream_mark *end = mark + stream->n_marks;
	const struct stream_mark *now = NULL;
	size_t size = stream_pending(stream), n_iov = 0;
	struct iovec iov[1 + STREAM_PIECES_MAX];
	ssize_t n;

	if (mark < end && mark->position == position)
		now = mark++;
	if (mark < end && mark->position - position < size) {
		size = mark->position - position;
		n_pieces = 0;
	}
	if (size > 0)
		iov[n_iov++] = (struct iovec){
			.iov_base = stream->out.data + stream->out_start,
			.iov_len = size,
		};
	n_iov += skip_pieces(pieces, n_pieces, skip, iov + n_iov);

	n = stream_transmit(stream, iov, n_iov, now);
	if (n > 0 && now)
		stream_drop_mark(stream);
	return n;
}

/* So many bytes of the queue were sent. */
static void stream_advance(struct stream *stream, size_t n)
{
	size_t before = stream->out_start + n;

	stream->out_start = before;
	buffer_compact(&stream->out, &stream->out_start);
	if (stream->out_start == 0)
		stream->out_position += before;
}

/* Sends the queue and the pieces behind it: bytes of these that were taken, or
 * an errno. */
static ssize_t stream_send(struct stream *stream, const struct iovec *pieces,
			   size_t n_pieces, size_t size)
{
	size_t sent = 0;

	while (stream_pending(stream) > 0 || sent < size) {
		size_t queued = stream_pending(stream);
		ssize_t n = stream_send_run(stream, pieces, n_pieces, sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? (ssize_t)sent : -errno;
		if ((size_t)n < queued)
			queued = n;
		stream_advance(stream, queued);
		sent += n - queued;
	}
	return sent;
}

static void stream_drop_output(struct stream *stream)
{
	marks_deinit(stream);
	stream->n_out_fds = 0;
	stream->out_position += stream_pending(stream);
	stream->out.size = stream->out_start = 0;
	buffer_lay_back(&stream->out);
}

void stream_hang_up(struct stream *stream)
{
	stream->is_gone = true;
	if (stream->is_socket)
		(void)shutdown(stream->in_fd, SHUT_RD);
	stream_drop_output(stream);
}

/* Without its descriptors the message at the front is lost: is there one? */
static bool stream_lose(struct stream *stream)
{
	uint64_t position = stream->out_position + stream->out_start;
	size_t size = stream->n_marks > 0 ? stream->marks[0].size : 0;

	if (!size || stream->marks[0].position != position)
		return false;
	stream_drop_mark(stream);
	stream_advance(stream, size);
	stream->n_lost++;
	return true;
}

int stream_flush(struct stream *stream)
{
	ssize_t n;

	if (stream->is_gone) {
		stream_drop_output(stream);
		return 0;
	}
	do
		n = stream_send(stream, NULL, 0, 0);
	while (n == -ETOOMANYREFS && stream_lose(stream));
	buffer_lay_back(&stream->out);
	return n < 0 ? n : 0;
}

int stream_write(struct stream *stream, const struct iovec *pieces,
		 size_t n_pieces)
{
	struct kb_buffer *out = stream_output(stream);
	struct iovec rest[STREAM_PIECES_MAX];
	size_t size = 0, n;
	ssize_t sent = 0;
	int r;

	for (size_t i = 0; i < n_pieces; i++)
		size += pieces[i].iov_len;
	/* once something was sent nothing may fail */
	r = kb_buffer_reserve(out, size);
	if (r < 0)
		return r;
	if (size > WAIT_SIZE)
		sent = stream_send(stream, pieces, n_pieces, size);
	/* whoever flushes sees the error again */
	n = skip_pieces(pieces, n_pieces, sent < 0 ? 0 : sent, rest);
	for (size_t i = 0; i < n; i++)
		kb_buffer_append(out, rest[i].iov_base, rest[i].iov_len);
	buffer_lay_back(out);
	return 0;
}
