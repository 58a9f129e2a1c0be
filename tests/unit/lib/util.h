/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of lib/ share: bytes from text, values from bytes.
 */
#ifndef TEST_LIB_UTIL_H
#define TEST_LIB_UTIL_H

#include <criterion/criterion.h>
#include <errno.h>

#include "lib/value.h"

/* Bytes from "6c 01 00"; "00*6" stands for six of them. */
static inline size_t test_unhex(const char *text, uint8_t *out, size_t max)
{
	size_t n = 0;

	for (;;) {
		unsigned int byte, times = 1;
		int used = 0;

		while (*text == ' ' || *text == '\n' || *text == '\t')
			text++;
		if (!*text)
			return n;
		cr_assert_eq(sscanf(text, "%2x%n", &byte, &used), 1, "%s",
			     text);
		text += used;
		if (*text == '*')
			times = strtoul(text + 1, (char **)&text, 10);
		while (times--) {
			cr_assert_lt(n, max);
			out[n++] = byte;
		}
	}
}

/* The whole body read to its end. */
static inline int test_check(enum kb_format format, bool swap,
			     const char *signature, const void *data,
			     size_t size)
{
	struct kb_reader reader;
	uint8_t *copy = malloc(size ?: 1);
	int r;

	/* of the exact size, so that reading behind it is found */
	if (size)
		memcpy(copy, data, size);
	r = kb_reader_init(&reader, format, swap, signature, copy, size, 4);
	if (r >= 0)
		r = kb_reader_finish(&reader);
	kb_reader_deinit(&reader);
	free(copy);
	return r;
}

/* The body in the other format. */
static inline int test_convert(enum kb_format from, bool swap,
			       const char *signature, const void *data,
			       size_t size, enum kb_format to,
			       struct kb_buffer *out)
{
	struct kb_reader reader;
	struct kb_writer writer;
	uint8_t *copy = malloc(size ?: 1);
	int r;

	if (size)
		memcpy(copy, data, size);
	kb_writer_init(&writer, to, out);
	r = kb_reader_init(&reader, from, swap, signature, copy, size, 4);
	if (r >= 0)
		r = kb_value_copy(&reader, &writer);
	if (r >= 0)
		r = kb_reader_finish(&reader);
	if (r >= 0)
		r = kb_writer_finish(&writer);
	if (r >= 0)
		cr_assert_str_eq(writer.signature, signature);
	kb_reader_deinit(&reader);
	kb_writer_deinit(&writer);
	free(copy);
	return r;
}

/* The body as text, to be freed. */
static inline char *test_print(enum kb_format format, bool swap,
			       const char *signature, const void *data,
			       size_t size)
{
	struct kb_reader reader;
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);
	int r;

	r = kb_reader_init(&reader, format, swap, signature, data, size, 4);
	if (r >= 0)
		r = kb_value_print(&reader, file);
	if (r >= 0)
		r = kb_reader_finish(&reader);
	kb_reader_deinit(&reader);
	fclose(file);
	cr_assert_geq(r, 0, "%s: %d", signature, r);
	return text;
}

static inline void test_assert_bytes(const void *a, size_t a_size,
				     const void *b, size_t b_size,
				     const char *what)
{
	size_t n = a_size < b_size ? a_size : b_size;

	for (size_t i = 0; i < n; i++)
		cr_assert_eq(((const uint8_t *)a)[i], ((const uint8_t *)b)[i],
			     "%s: byte %zu is %02x, not %02x", what, i,
			     ((const uint8_t *)a)[i], ((const uint8_t *)b)[i]);
	cr_assert_eq(a_size, b_size, "%s: %zu bytes, not %zu", what, a_size,
		     b_size);
}

#endif /* TEST_LIB_UTIL_H */
