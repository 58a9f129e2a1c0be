/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes and descriptors of one dbus1 client, both ways. */
#ifndef PROXY_STREAM_H
#define PROXY_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/util.h"

struct iovec;

/* pieces that can be written at once */
#define STREAM_PIECES_MAX 9

/* no message brings more; the kernel passes at most so many at once anyway */
#define STREAM_FDS_MAX 253

/**
 * struct stream_mark - descriptors that leave with a byte
 * @position:	where in the output, counted from the first byte ever queued
 * @size:	so many bytes from there are worth nothing without them
 * @fds:	owned
 */
struct stream_mark {
	uint64_t position;
	size_t size;
	size_t n_fds;
	int *fds;
};

/**
 * struct stream - a byte stream with descriptors beside it
 *
 * Input is what was read and not consumed; the descriptors that came along
 * queue in order of arrival, since nothing but the messages' headers says to
 * which one they belong.  Output is queued without bound here: whoever queues
 * looks at stream_pending() first.
 *
 * @in and @out have memory only while something is in them.
 *
 * @in_fd, @out_fd:	owned, may be the same
 * @is_socket:		AF_UNIX, so descriptors can travel
 * @may_pass_fds:	they were negotiated; before that none may arrive
 * @is_gone:		nobody reads the output
 * @in_start:		consumed bytes at the front of @in
 * @out_start:		sent bytes at the front of @out
 * @out_position:	position of the first byte of @out
 * @n_lost:		messages that could not be sent; for others to look at
 */
struct stream {
	int in_fd;
	int out_fd;
	bool is_socket;
	bool may_pass_fds;
	bool is_gone;

	struct kb_buffer in;
	size_t in_start;
	int in_fds[STREAM_FDS_MAX];
	size_t n_in_fds;

	struct kb_buffer out;
	size_t out_start;
	uint64_t out_position;
	struct stream_mark *marks;
	size_t n_marks;
	size_t n_out_fds;
	size_t n_lost;
};

/* takes the descriptors over, which may be equal; both non-blocking */
void stream_init(struct stream *stream, int in_fd, int out_fd);
void stream_deinit(struct stream *stream);

/* closes all descriptors; what was read stays until stream_deinit() */
void stream_close(struct stream *stream);

/*
 * The other side has hung up: what it sent before can still be read, and no
 * more; output goes nowhere.
 */
void stream_hang_up(struct stream *stream);

/* input */

/**
 * stream_read() - read once
 * @want:	bytes a complete message needs beyond those that are there, or 0
 *
 * Returns the number of bytes, 0 at the end of the stream, -EAGAIN if there is
 * nothing, -EPROTO for descriptors that were not negotiated or are too many,
 * or the errno of reading.
 */
int stream_read(struct stream *stream, size_t want);

/* what was read and not consumed; valid until the next read */
const uint8_t *stream_peek(const struct stream *stream, size_t *out_size);

void stream_consume(struct stream *stream, size_t size);

/* forgets the first @n_fds descriptors, which somebody else owns now */
void stream_consume_fds(struct stream *stream, size_t n_fds);

/* output */

/* where to queue bytes: @out, with the memory of an earlier one */
struct kb_buffer *stream_output(struct stream *stream);

/**
 * stream_write() - queue bytes that lie elsewhere, in up to STREAM_PIECES_MAX
 *
 * If they are many they are sent at once, behind all that is queued, and only
 * what is not taken is copied.  0 or -ENOMEM: then nothing of them was queued.
 * Errors of sending are seen by the next stream_flush().
 */
int stream_write(struct stream *stream, const struct iovec *pieces,
		 size_t n_pieces);

/* bytes that wait to be sent */
size_t stream_pending(const struct stream *stream);

/**
 * stream_mark_fds() - let descriptors leave with the byte at @offset of @out
 * @size:	of their message, or 0 if it is not known
 * @fds:	taken over on success: each becomes -1
 *
 * To be called when the message's bytes are already in @out. 0 or -ENOMEM.
 */
int stream_mark_fds(struct stream *stream, size_t offset, size_t size, int *fds,
		    size_t n_fds);

/* frees the memory that is kept for the next who needs some */
void stream_forget_spare(void);

/*
 * Sends what the other side takes: 0, also if something is left, or an errno.
 *
 * The kernel lets a user have so many descriptors on their way, whoever it is that
 * does not read them.  A message whose descriptors are too many then is lost,
 * and no others.
 */
int stream_flush(struct stream *stream);

#endif /* PROXY_STREAM_H */
