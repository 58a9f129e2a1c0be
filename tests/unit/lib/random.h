/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random types and values, the same ones for the same seed.
 */
#ifndef TEST_LIB_RANDOM_H
#define TEST_LIB_RANDOM_H

#include <criterion/criterion.h>

#include "lib/value.h"

/* A generator of our own, so that a seed means the same everywhere. */
static uint64_t test_seed;

static inline uint32_t test_next(uint32_t below)
{
	test_seed = test_seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(test_seed >> 33) % below;
}

static inline void test_random_type(char *out, unsigned int depth)
{
	static const char basic[] = "ybnqiuxtdsogh";
	unsigned int n;

	out += strlen(out);
	switch (depth ? test_next(8) : 0) {
	case 5:
		strcpy(out, "v");
		return;
	case 6:
		strcpy(out, "a");
		if (!test_next(3)) {
			strcat(out, "{");
			out += strlen(out);
			*out++ = basic[test_next(sizeof(basic) - 1)];
			*out = 0;
			test_random_type(out, depth - 1);
			strcat(out, "}");
		} else {
			test_random_type(out, depth - 1);
		}
		return;
	case 7:
		strcpy(out, "(");
		for (n = 1 + test_next(4); n--;)
			test_random_type(out, depth - 1);
		strcat(out, ")");
		return;
	default:
		*out++ = basic[test_next(sizeof(basic) - 1)];
		*out = 0;
		return;
	}
}

static inline void test_random_string(struct kb_writer *writer, char code)
{
	static const char *const paths[] = { "/", "/a", "/org/example/X_1" };
	static const char *const signatures[] = { "", "s", "a{sv}", "(ii)as" };
	char text[600];
	size_t n;

	if (code == 'o') {
		kb_writer_string(writer, code, paths[test_next(3)]);
		return;
	}
	if (code == 'g') {
		kb_writer_string(writer, code, signatures[test_next(4)]);
		return;
	}
	n = test_next(8) ? test_next(12) : test_next(sizeof(text) - 3);
	for (size_t i = 0; i < n; i++)
		text[i] = 'a' + test_next(26);
	strcpy(text + n, test_next(4) ? "" : "\xc3\xa9");
	kb_writer_string(writer, code, text);
}

static inline void test_random_value(struct kb_writer *writer, const char *type,
			 unsigned int depth);

static inline void test_random_values(struct kb_writer *writer, const char *types,
			  size_t n, unsigned int depth)
{
	char type[KB_SIGNATURE_MAX + 1];

	for (size_t i = 0; i < n; ) {
		size_t length = kb_signature_next(types + i);

		snprintf(type, sizeof(type), "%.*s", (int)length, types + i);
		test_random_value(writer, type, depth);
		i += length;
	}
}

static inline void test_random_array(struct kb_writer *writer, const char *element,
			 unsigned int depth)
{
	unsigned int n = test_next(6) ? test_next(4) : test_next(40);

	if (depth < 3)
		n = test_next(3);
	kb_writer_open(writer, 'a', element);
	while (n--) {
		if (*element != '{') {
			test_random_value(writer, element, depth);
			continue;
		}
		kb_writer_open(writer, '{', NULL);
		test_random_values(writer, element + 1, strlen(element) - 2, depth);
		kb_writer_close(writer);
	}
	kb_writer_close(writer);
}

static inline void test_random_value(struct kb_writer *writer, const char *type,
			 unsigned int depth)
{
	char inside[KB_SIGNATURE_MAX + 1] = "";
	union kb_value value;

	switch (*type) {
	case 'a':
		test_random_array(writer, type + 1, depth ? depth - 1 : 0);
		return;
	case '(':
		snprintf(inside, sizeof(inside), "%.*s",
			 (int)strlen(type) - 2, type + 1);
		kb_writer_open(writer, '(', inside);
		test_random_values(writer, inside, strlen(inside),
			      depth ? depth - 1 : 0);
		kb_writer_close(writer);
		return;
	case 'v':
		test_random_type(inside, depth ? depth - 1 : 0);
		kb_writer_open(writer, 'v', inside);
		test_random_value(writer, inside, depth ? depth - 1 : 0);
		kb_writer_close(writer);
		return;
	case 's':
	case 'o':
	case 'g':
		test_random_string(writer, *type);
		return;
	case 'b':
		value.b = test_next(2);
		break;
	case 'h':
		value.h = test_next(4);
		break;
	default:
		value.t = (uint64_t)test_next(1u << 31) << 33 | test_next(1u << 31);
		break;
	}
	kb_writer_basic(writer, *type, &value);
}

/* A body of a few random values; its signature goes to @out_signature. */
static inline void test_random_body(enum kb_format format, struct kb_buffer *out,
			char out_signature[KB_SIGNATURE_MAX + 1])
{
	struct kb_writer writer;
	char types[1024];
	int r;

	do {
		*types = 0;
		for (unsigned int n = test_next(4); n--;)
			test_random_type(types, 4);
	} while (strlen(types) > 100);

	out->size = 0;
	kb_writer_init(&writer, format, out);
	test_random_values(&writer, types, strlen(types), 5);
	r = kb_writer_finish(&writer);
	cr_assert_eq(r, 0, "%s: %d", types, r);
	cr_assert_str_eq(writer.signature, types);
	strcpy(out_signature, types);
	kb_writer_deinit(&writer);
}

#endif /* TEST_LIB_RANDOM_H */
