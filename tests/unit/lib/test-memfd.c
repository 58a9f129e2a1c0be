// SPDX-License-Identifier: LGPL-2.1-or-later
/* Files that nobody changes any more, and what stands around them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/memfd.h"
#include "lib/message.h"
#include "tests/unit/lib/util.h"

/* A file of @size bytes, each (byte)(its position) * 3. */
static int new_file(size_t size)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	_cleanup_(kb_freep) uint8_t *bytes = malloc(size);

	cr_assert_geq(fd, 0);
	for (size_t i = 0; i < size; i++)
		bytes[i] = i * 3;
	cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
	return fd;
}

static void expect_file(const uint8_t *data, size_t from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] != (uint8_t)((from + i) * 3))
			cr_assert_fail("byte %zu is %u", i, data[i]);
}

Test(memfd, a_sealed_file_stays_as_it_is)
{
	int fd = new_file(10);
	void *map = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	cr_assert_neq(map, MAP_FAILED);
	cr_expect_eq(kb_memfd_seal(fd), -EBUSY);
	munmap(map, 10);
	cr_expect_eq(kb_memfd_seal(fd), 0);
	cr_expect_eq(kb_memfd_seal(fd), 0);
	cr_expect_lt(write(fd, "x", 1), 0);
	cr_expect_eq(errno, EPERM);
	close(fd);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	cr_expect_eq(kb_memfd_seal(fd), -EINVAL);
	close(fd);
}

Test(memfd, bytes_stand_around_a_file_of_any_size)
{
	static const size_t sizes[] = { 1, 100, 4095, 4096, 4097, 12288 };
	static const size_t around[] = { 0, 1, 7, 4096, 5000 };
	size_t page = sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < KB_ARRAY_SIZE(sizes) * 25; i++) {
		struct kb_memfd memfd = {
			.fd = new_file(page + sizes[i / 25]),
			.start = page,
			.size = sizes[i / 25],
			.before = around[i / 5 % 5],
			.after = around[i % 5],
		};
		struct kb_memfd_map map;

		cr_assert_eq(kb_memfd_map(&memfd, &map), 0);
		memset(map.data, 'b', memfd.before);
		memset(map.piece + memfd.size, 'a', memfd.after);
		kb_memfd_protect(&map);
		cr_expect_eq(map.data + memfd.before, map.piece);
		expect_file(map.piece, page, memfd.size);
		for (size_t b = 0; b < memfd.before; b++)
			cr_expect_eq(map.data[b], 'b');
		for (size_t a = 0; a < memfd.after; a++)
			cr_expect_eq(map.piece[memfd.size + a], 'a');
		munmap(map.map, map.map_size);
		/* the file itself has not noticed */
		cr_expect_eq(lseek(memfd.fd, 0, SEEK_END),
			     (off_t)(page + memfd.size));
		close(memfd.fd);
	}
}

Test(memfd, is_an_argument_among_others)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	const char *name, *last;
	const uint8_t *data;
	uint32_t width;
	size_t size;

	cr_assert_eq(kb_message_new_call("org.x", "/a", NULL, "M", &m), 0);
	cr_assert_eq(kb_message_append(m, "su", "left", 640), 0);
	cr_assert_eq(kb_message_append_memfd(m, new_file(70000), 4096, 65000), 0);
	cr_assert_eq(kb_message_append(m, "s", "right"), 0);
	cr_assert_eq(kb_message_seal(m), 0);
	cr_expect_str_eq(m->signature, "suays");
	cr_assert_eq(kb_message_read(m, "suays", &name, &width, &data, &size, &last), 0);
	cr_expect_str_eq(name, "left");
	cr_expect_eq(width, 640);
	cr_expect_eq(size, 65000);
	expect_file(data, 4096, size);
	cr_expect_str_eq(last, "right");
}

/* The body is what it would be if the bytes had been copied. */
Test(memfd, makes_the_same_body_as_bytes)
{
	static const size_t sizes[] = { 1, 200, 251, 65500, 65531, 66000, 100000 };

	for (size_t i = 0; i < KB_ARRAY_SIZE(sizes); i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *m = NULL, *n = NULL;
		_cleanup_(kb_freep) uint8_t *bytes = malloc(sizes[i]);

		for (size_t b = 0; b < sizes[i]; b++)
			bytes[b] = b * 3;
		cr_assert_eq(kb_message_new_signal("/a", "a.b", "M", &m), 0);
		cr_assert_eq(kb_message_append(m, "sq", "x", 1), 0);
		cr_assert_eq(kb_message_append_memfd(m, new_file(sizes[i]), 0, sizes[i]), 0);
		cr_assert_eq(kb_message_append(m, "t", UINT64_C(1)), 0);
		cr_assert_eq(kb_message_new_signal("/a", "a.b", "M", &n), 0);
		cr_assert_eq(kb_message_append(n, "sqayt", "x", 1, bytes, sizes[i], UINT64_C(1)), 0);
		cr_assert_eq(kb_message_seal(m), 0);
		cr_assert_eq(kb_message_seal(n), 0);
		cr_expect_eq(m->body_size, n->body_size);
		cr_expect(!memcmp(m->body, n->body, n->body_size), "%zu bytes", sizes[i]);
	}
}

Test(memfd, that_cannot_be_an_argument_is_refused)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), file = new_file(10);

	cr_assert_eq(kb_message_new_call("org.x", "/a", NULL, "M", &m), 0);
	cr_expect_eq(kb_message_append_memfd(m, null, 0, 1), -EINVAL);
	cr_expect_eq(fcntl(null, F_GETFD), -1, "it was taken over");
	cr_expect_eq(kb_message_append_memfd(m, new_file(10), 0, 11), -EINVAL);
	cr_expect_eq(kb_message_append_memfd(m, new_file(10), 0, 0), -EINVAL);
	cr_expect_eq(kb_message_append_memfd(m, new_file(10), 1, 1), -EINVAL);
	/* what is refused can still be written to */
	cr_expect_eq(kb_message_append_memfd(m, fcntl(file, F_DUPFD_CLOEXEC, 3), 0, 11), -EINVAL);
	cr_expect_eq(fcntl(file, F_GET_SEALS), 0);
	close(file);
	cr_expect_eq(kb_message_append_memfd(m, new_file(10), 0, 10), 0);
	cr_expect_eq(kb_message_append_memfd(m, new_file(10), 0, 10), -EINVAL);
	cr_expect_eq(kb_message_seal(m), 0);
	cr_expect_eq(kb_message_append_memfd(m, new_file(10), 0, 10), -EINVAL);
}
