// SPDX-License-Identifier: LGPL-2.1-or-later
/* Slices of a pool that no kernel wrote become messages. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/conn.h"
#include "lib/item.h"

#define LARGE	(128u << 10)	/* bytes of a body that is mapped where it lies */

static uint64_t pool[512];
static struct kb_conn conn = {
	.n_refs = 1,
	.fd = -1,
	.id = 1,
	.pool = { .fd = -1, .map = (uint8_t *)pool, .size = sizeof(pool) },
};

/* A sealed file of @size bytes that can be opened as @flags say. */
static int new_memfd(size_t size, int flags)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING), again;
	char path[64];

	cr_assert_eq(ftruncate(fd, size), 0);
	cr_assert_eq(kb_memfd_seal(fd), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	cr_assert_geq(again, 0);
	close(fd);
	return again;
}

static void add_off(struct kb_buffer *slice, size_t offset, size_t size)
{
	const struct kdbus_vec vec = { .size = size, .offset = offset };

	cr_assert_eq(kb_item_append(slice, KDBUS_ITEM_PAYLOAD_OFF, &vec, sizeof(vec)), 0);
}

/* A signal whose one argument is @n bytes in @fd, as it would lie in the pool. */
static struct kdbus_msg_info lay_signal(int fd, size_t n)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer slice = {}, bytes = {};
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	const struct kdbus_memfd memfd = { .size = n, .fd = fd };
	/* behind the header and three items */
	const size_t at = sizeof(struct kdbus_msg) + 32 + 40 + 32;
	size_t fields_end, head;
	struct kdbus_msg msg = {
		.src_id = 2,
		.dst_id = 1,
		.payload_type = KDBUS_PAYLOAD_DBUS,
		.cookie = 3,
	};

	cr_assert_eq(kb_message_new_signal("/", "a.b", "C", &message), 0);
	message->cookie = msg.cookie;
	cr_assert_eq(kb_message_append(message, "ay", "x", (size_t)1), 0);
	cr_assert_eq(kb_message_encode_head(message, &bytes, &fields_end), 0);
	head = bytes.size;
	cr_assert_eq(kb_message_encode_tail(message, &bytes, fields_end, head + n), 0);

	msg.size = at;
	kb_buffer_append(&slice, &msg, sizeof(msg));
	add_off(&slice, at, head);
	kb_item_append(&slice, KDBUS_ITEM_PAYLOAD_MEMFD, &memfd, sizeof(memfd));
	add_off(&slice, at + head, bytes.size - head);
	cr_assert_eq(slice.size, at);
	kb_buffer_append(&slice, bytes.data, bytes.size);
	cr_assert_leq(slice.size, sizeof(pool));
	memcpy(pool, slice.data, slice.size);
	return (struct kdbus_msg_info){ .msg_size = slice.size };
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

Test(recv, a_body_in_a_file_is_read_and_the_file_is_closed)
{
	static const size_t sizes[] = { 1, 10, 4096, LARGE };

	for (size_t i = 0; i < KB_ARRAY_SIZE(sizes); i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
		int fd = new_memfd(sizes[i], O_RDONLY);
		struct kdbus_msg_info info = lay_signal(fd, sizes[i]);
		const void *data;
		size_t n;

		cr_assert_eq(kb_recv_slice(&conn, &info, &message), 0);
		cr_assert_eq(kb_message_read(message, "ay", &data, &n), 0);
		cr_expect_eq(n, sizes[i]);
		cr_expect_not(is_open(fd));
	}
	cr_expect_eq(conn.n_refs, 1);
}

/* Any other error would end whoever receives, and not the message alone. */
Test(recv, a_body_in_a_file_that_cannot_be_read_is_a_broken_message)
{
	static const size_t sizes[] = { 1, 10, 4096, LARGE };

	for (size_t i = 0; i < KB_ARRAY_SIZE(sizes); i++) {
		struct kb_message *message = NULL;
		int fd = new_memfd(sizes[i], O_WRONLY);
		struct kdbus_msg_info info = lay_signal(fd, sizes[i]);

		cr_expect_eq(kb_recv_slice(&conn, &info, &message), -EBADMSG, "%zu", sizes[i]);
		cr_expect_not(is_open(fd));
	}
	cr_expect_eq(conn.n_refs, 1);
}
