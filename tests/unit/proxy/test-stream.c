/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes and descriptors over a socket, in pieces. */

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proxy/stream.h"

/* two streams, back to back */
struct pair {
	struct stream a;
	struct stream b;
};

static void pair_init(struct pair *pair)
{
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				0, fds),
		     0);
	stream_init(&pair->a, fds[0], fds[0]);
	stream_init(&pair->b, fds[1], fds[1]);
	pair->a.may_pass_fds = pair->b.may_pass_fds = true;
}

static void pair_deinit(struct pair *pair)
{
	stream_deinit(&pair->a);
	stream_deinit(&pair->b);
}

static int open_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	cr_assert_geq(fd, 0);
	return fd;
}

static bool is_closed(int fd)
{
	return fcntl(fd, F_GETFD) < 0 && errno == EBADF;
}

static void queue(struct stream *stream, const char *text, int fd)
{
	size_t offset = stream->out.size;

	cr_assert_eq(kb_buffer_append(&stream->out, text, strlen(text)), 0);
	if (fd >= 0)
		cr_assert_eq(stream_mark_fds(stream, offset, strlen(text), &fd, 1), 0);
}

Test(stream, bytes_arrive_in_order_and_are_consumed_in_pieces)
{
	struct pair pair;
	size_t size;

	pair_init(&pair);
	queue(&pair.a, "hello ", -1);
	queue(&pair.a, "world", -1);
	cr_expect_eq(stream_pending(&pair.a), 11);
	cr_expect_eq(stream_flush(&pair.a), 0);
	cr_expect_eq(stream_pending(&pair.a), 0);
	cr_expect_eq(stream_read(&pair.b, 0), 11);
	stream_consume(&pair.b, 6);
	cr_expect_eq(memcmp(stream_peek(&pair.b, &size), "world", 5), 0);
	cr_expect_eq(size, 5);
	stream_consume(&pair.b, 5);
	stream_peek(&pair.b, &size);
	cr_expect_eq(size, 0);
	cr_expect_eq(stream_read(&pair.b, 0), -EAGAIN);
	pair_deinit(&pair);
}

Test(stream, descriptors_never_come_before_their_message)
{
	struct pair pair;
	size_t size;

	pair_init(&pair);
	queue(&pair.a, "one", -1);
	queue(&pair.a, "two", open_null());
	queue(&pair.a, "three", open_null());
	cr_expect_eq(stream_flush(&pair.a), 0);
	cr_expect_eq(pair.a.n_out_fds, 0);

	/* a read ends where descriptors come along with other bytes */
	while (stream_peek(&pair.b, &size), size < 4)
		cr_assert_gt(stream_read(&pair.b, 0), 0);
	cr_expect_geq(pair.b.n_in_fds, 1);
	while (stream_peek(&pair.b, &size), size < 11)
		cr_assert_gt(stream_read(&pair.b, 0), 0);
	cr_expect_eq(pair.b.n_in_fds, 2);
	cr_expect_eq(memcmp(stream_peek(&pair.b, &size), "onetwothree", 11), 0);
	pair_deinit(&pair);
}

Test(stream, a_slow_reader_gets_everything)
{
	static char block[100000];
	struct pair pair;
	size_t total = 0, size;
	uint8_t expect = 0;

	pair_init(&pair);
	for (int i = 0; i < 20; i++) {
		for (size_t j = 0; j < sizeof(block); j++)
			block[j] = (char)(i * sizeof(block) + j);
		kb_buffer_append(&pair.a.out, block, sizeof(block));
	}
	while (total < 20 * sizeof(block)) {
		const uint8_t *data;

		cr_assert_eq(stream_flush(&pair.a), 0);
		(void)stream_read(&pair.b, 5000);
		data = stream_peek(&pair.b, &size);
		size = size > 7001 ? 7001 : size;
		for (size_t i = 0; i < size; i++)
			cr_assert_eq(data[i], expect++);
		stream_consume(&pair.b, size);
		total += size;
	}
	pair_deinit(&pair);
}

/* Numbers all bytes, and writes them in pieces of many sizes, more than the
 * socket takes, among bytes that are queued. */
Test(stream, pieces_come_in_their_place)
{
	static const size_t sizes[] = { 1, 5000, 3, 100000, 4096, 0, 70000, 10 };
	static uint8_t block[600000];
	struct pair pair;
	size_t queued = 0, read = 0, size;
	const uint8_t *data;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = i * 7 ^ i >> 8;
	pair_init(&pair);
	for (int round = 0; round < 3; round++) {
		struct iovec pieces[KB_ARRAY_SIZE(sizes)];

		cr_assert_eq(kb_buffer_append(stream_output(&pair.a),
					      block + queued, 100), 0);
		queued += 100;
		for (size_t i = 0; i < KB_ARRAY_SIZE(sizes); i++) {
			pieces[i].iov_base = block + queued;
			pieces[i].iov_len = sizes[i];
			queued += sizes[i];
		}
		cr_assert_eq(stream_write(&pair.a, pieces,
					  KB_ARRAY_SIZE(sizes)), 0);
	}
	cr_expect_gt(stream_pending(&pair.a), 0);
	cr_expect_lt(stream_pending(&pair.a), queued);
	while (read < queued) {
		cr_assert_eq(stream_flush(&pair.a), 0);
		(void)stream_read(&pair.b, 0);
		data = stream_peek(&pair.b, &size);
		cr_assert_eq(memcmp(data, block + read, size), 0);
		read += size;
		stream_consume(&pair.b, size);
	}
	pair_deinit(&pair);
}

Test(stream, descriptors_leave_with_the_pieces_of_their_message)
{
	static uint8_t block[50000];
	struct iovec piece = { .iov_base = block, .iov_len = sizeof(block) };
	struct pair pair;
	size_t size;

	pair_init(&pair);
	for (size_t i = 1; i <= 3; i++) {
		queue(&pair.a, "head", open_null());
		cr_assert_eq(stream_write(&pair.a, &piece, 1), 0);
		queue(&pair.a, "tail", -1);
		cr_expect_eq(pair.a.n_out_fds, 0);
	}
	cr_expect_eq(stream_flush(&pair.a), 0);
	for (size_t i = 1; i <= 3; i++) {
		while (stream_peek(&pair.b, &size), size < 8 + sizeof(block))
			cr_assert_gt(stream_read(&pair.b, 0), 0);
		cr_expect_geq(pair.b.n_in_fds, 1);
		close(pair.b.in_fds[0]);
		stream_consume_fds(&pair.b, 1);
		stream_consume(&pair.b, 8 + sizeof(block));
	}
	cr_expect_eq(pair.b.n_in_fds, 0);
	pair_deinit(&pair);
}

Test(stream, who_does_not_read_gets_the_pieces_later)
{
	struct iovec piece = { .iov_base = (char[9000]){}, .iov_len = 9000 };
	struct pair pair;

	pair_init(&pair);
	for (int i = 0; i < 100; i++)
		cr_assert_eq(stream_write(&pair.a, &piece, 1), 0);
	cr_expect_gt(stream_pending(&pair.a), 9000);
	stream_close(&pair.b);
	/* the end is found out by whoever flushes */
	cr_expect_eq(stream_write(&pair.a, &piece, 1), 0);
	cr_expect_eq(stream_flush(&pair.a), -EPIPE);
	pair_deinit(&pair);
}

Test(stream, an_idle_one_has_no_memory)
{
	struct iovec piece = { .iov_base = (char[9000]){}, .iov_len = 9000 };
	struct pair pair;

	pair_init(&pair);
	queue(&pair.a, "x", -1);
	cr_assert_eq(stream_write(&pair.a, &piece, 1), 0);
	cr_expect_null(pair.a.out.data);
	cr_assert_eq(stream_read(&pair.b, 0), 9001);
	cr_expect_not_null(pair.b.in.data);
	stream_consume(&pair.b, 9001);
	cr_expect_null(pair.b.in.data);
	cr_expect_eq(stream_read(&pair.b, 0), -EAGAIN);
	cr_expect_null(pair.b.in.data);
	stream_forget_spare();
	pair_deinit(&pair);
}

Test(stream, descriptors_that_were_not_negotiated_end_it)
{
	struct pair pair;

	pair_init(&pair);
	pair.b.may_pass_fds = false;
	queue(&pair.a, "x", open_null());
	cr_expect_eq(stream_flush(&pair.a), 0);
	cr_expect_eq(stream_read(&pair.b, 0), -EPROTO);
	cr_expect_eq(pair.b.n_in_fds, 0);
	pair_deinit(&pair);
}

Test(stream, nothing_stays_open)
{
	struct pair pair;
	int queued = open_null(), received;

	pair_init(&pair);
	queue(&pair.a, "x", open_null());
	cr_expect_eq(stream_flush(&pair.a), 0);
	cr_expect_eq(stream_read(&pair.b, 0), 1);
	received = pair.b.in_fds[0];
	queue(&pair.a, "y", queued);
	pair_deinit(&pair);
	cr_expect(is_closed(queued));
	cr_expect(is_closed(received));
}

Test(stream, the_end_is_seen)
{
	struct pair pair;

	pair_init(&pair);
	stream_close(&pair.a);
	cr_expect_eq(stream_read(&pair.b, 0), 0);
	queue(&pair.b, "x", -1);
	cr_expect_eq(stream_flush(&pair.b), -EPIPE);
	pair_deinit(&pair);
}

Test(stream, who_has_gone_is_heard_to_the_end_and_told_nothing)
{
	struct pair pair;
	int fd = open_null();
	size_t size;

	pair_init(&pair);
	queue(&pair.a, "goodbye", -1);
	cr_expect_eq(stream_flush(&pair.a), 0);
	queue(&pair.b, "wait", fd);
	stream_hang_up(&pair.b);
	cr_expect_eq(stream_pending(&pair.b), 0);
	cr_expect(is_closed(fd));
	cr_expect_eq(send(pair.a.in_fd, "more", 4, MSG_NOSIGNAL), -1);

	cr_expect_eq(stream_read(&pair.b, 0), 7);
	cr_expect_arr_eq(stream_peek(&pair.b, &size), "goodbye", 7);
	stream_consume(&pair.b, 7);
	cr_expect_eq(stream_read(&pair.b, 0), 0);

	queue(&pair.b, "answer", -1);
	cr_expect_eq(stream_flush(&pair.b), 0);
	cr_expect_eq(stream_pending(&pair.b), 0);
	cr_expect_eq(stream_read(&pair.a, 0), -EAGAIN);
	pair_deinit(&pair);
}

Test(stream, pipes_will_do)
{
	struct stream stream;
	int in[2], out[2];
	char text[8] = "";
	size_t size;

	cr_assert_eq(pipe2(in, O_CLOEXEC | O_NONBLOCK), 0);
	cr_assert_eq(pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
	stream_init(&stream, in[0], out[1]);
	cr_expect_not(stream.is_socket);
	cr_assert_eq(write(in[1], "in", 2), 2);
	cr_expect_eq(stream_read(&stream, 0), 2);
	cr_expect_eq(memcmp(stream_peek(&stream, &size), "in", 2), 0);
	queue(&stream, "out", -1);
	cr_expect_eq(stream_flush(&stream), 0);
	cr_expect_eq(read(out[0], text, sizeof(text)), 3);
	cr_expect_str_eq(text, "out");
	close(in[1]);
	close(out[0]);
	stream_deinit(&stream);
}

/* Others of our user have as many descriptors on their way as one may have. */
static void use_up_descriptors(struct pair *others)
{
	const struct rlimit few = { 32, 32 };

	pair_init(others);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	if (geteuid() == 0)
		cr_assert(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
	do
		queue(&others->a, "x", open_null());
	while (stream_flush(&others->a) == 0 && others->a.n_lost == 0);
	cr_assert_gt(others->a.n_lost, 0);
}

Test(stream, a_message_whose_descriptors_may_not_travel_is_lost_alone)
{
	struct pair pair, others;
	size_t size;

	pair_init(&pair);
	use_up_descriptors(&others);
	queue(&pair.a, "one", -1);
	queue(&pair.a, "two", open_null());
	queue(&pair.a, "three", -1);
	queue(&pair.a, "four", open_null());
	queue(&pair.a, "five", -1);
	cr_expect_eq(stream_flush(&pair.a), 0);
	cr_expect_eq(stream_pending(&pair.a), 0);
	cr_expect_eq(pair.a.n_lost, 2);
	cr_expect_eq(pair.a.n_out_fds, 0);
	while (stream_peek(&pair.b, &size), size < 12)
		cr_assert_gt(stream_read(&pair.b, 0), 0);
	cr_expect_eq(memcmp(stream_peek(&pair.b, &size), "onethreefive", 12), 0);
	cr_expect_eq(pair.b.n_in_fds, 0);
	pair_deinit(&pair);
	pair_deinit(&others);
}
