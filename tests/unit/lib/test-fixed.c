// SPDX-License-Identifier: LGPL-2.1-or-later
/* Arrays that are moved at once, beside the same taken element by element. */
#include <unistd.h>

#include "lib/fixed.h"
#include "tests/unit/lib/random.h"
#include "tests/unit/lib/util.h"

#define FDS 2

static const char *const types[] = {
	"b", "h", "(y)", "(b)", "(qb)", "(bq)", "(uy)", "(yu)", "{yt}", "{ty}",
	"(dyi)", "((((((y))))))", "((yb)(tn)y)", "(y(t)y)", "(hb)", "(yyyyyyyy)",
};

static void measure(const char *text, struct kb_fixed *out)
{
	struct kb_type all[KB_SIGNATURE_MAX + 1];
	char array[64];

	snprintf(array, sizeof(array), "a%s", text);
	cr_assert_eq(kb_signature_compile(array, strlen(array), all, NULL), 0);
	kb_fixed_measure(out, &all[1]);
	cr_assert_eq(out->size[KB_GVARIANT], all[1].size, "%s", text);
}

Test(fixed, sizes_and_strides_are_those_of_the_formats)
{
	static const struct {
		const char *type;
		size_t size, stride, gvariant;
	} cases[] = {
		{ "b", 4, 4, 1 }, { "(y)", 1, 8, 1 }, { "(yu)", 8, 8, 8 }, { "(uy)", 5, 8, 8 },
		{ "{ty}", 9, 16, 16 }, { "(y(t)y)", 17, 24, 24 }, { "(bq)", 6, 8, 4 },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		struct kb_fixed fixed;
		size_t n;

		measure(cases[i].type, &fixed);
		cr_expect_eq(fixed.size[KB_DBUS1], cases[i].size, "%s", cases[i].type);
		cr_expect_eq(fixed.stride[KB_DBUS1], cases[i].stride, "%s", cases[i].type);
		cr_expect_eq(fixed.stride[KB_GVARIANT], cases[i].gvariant, "%s", cases[i].type);
		for (size_t k = 0; k < 4; k++) {
			size_t bytes = kb_fixed_bytes(&fixed, KB_DBUS1, k);

			cr_expect_eq(kb_fixed_count(&fixed, KB_DBUS1, bytes, &n), 0);
			cr_expect_eq(n, k);
			if (k)
				cr_expect_eq(kb_fixed_count(&fixed, KB_DBUS1, bytes + 1, &n),
					     -EBADMSG);
		}
	}
}

/* A body that is one array of @n elements: zeroes, but for a few bytes. */
static void random_array(enum kb_format format, const char *type, size_t n, struct kb_buffer *out)
{
	struct kb_fixed fixed;
	uint32_t size;
	size_t start;

	measure(type, &fixed);
	size = kb_fixed_bytes(&fixed, format, n);
	out->size = 0;
	if (format == KB_DBUS1) {
		kb_buffer_append(out, &size, sizeof(size));
		kb_buffer_align(out, kb_type_alignment_dbus1(*type));
	}
	start = out->size;
	kb_buffer_append_zero(out, size);
	for (unsigned int k = test_next(4); k--;)
		out->data[start + test_next(size)] = test_next(3) ? 1 : test_next(256);
}

/* What is left of the elements, one by one. */
static int copy_slowly(struct kb_reader *reader, struct kb_writer *writer)
{
	int r = 0;

	while (r >= 0 && !kb_reader_at_end(reader)) {
		int code = kb_reader_peek(reader);
		union kb_value value;

		if (kb_type_is_basic(code)) {
			r = kb_reader_basic(reader, 0, &value);
			if (r >= 0)
				r = kb_writer_basic(writer, code, &value);
			continue;
		}
		r = kb_reader_enter(reader, 0);
		if (r >= 0)
			r = kb_writer_open(writer, code, NULL);
		if (r >= 0)
			r = copy_slowly(reader, writer);
		if (r >= 0)
			r = kb_writer_close(writer);
		if (r >= 0)
			r = kb_reader_exit(reader);
	}
	return r < 0 ? r : reader->error;
}

static int convert(enum kb_format from, const char *type, const struct kb_buffer *body, bool swap,
		   bool slowly, struct kb_buffer *out)
{
	char signature[64];
	struct kb_reader reader;
	struct kb_writer writer;
	int r;

	snprintf(signature, sizeof(signature), "a%s", type);
	out->size = 0;
	kb_writer_init(&writer, from == KB_DBUS1 ? KB_GVARIANT : KB_DBUS1, out);
	r = kb_reader_init(&reader, from, swap, signature, body->data, body->size, FDS);
	if (r >= 0 && slowly) {
		r = kb_reader_enter(&reader, 'a');
		if (r >= 0)
			r = kb_writer_open(&writer, 'a', type);
		if (r >= 0)
			r = copy_slowly(&reader, &writer);
		if (r >= 0)
			r = kb_writer_close(&writer);
	} else if (r >= 0) {
		r = kb_value_copy(&reader, &writer);
	}
	if (r >= 0)
		r = kb_reader_finish(&reader);
	if (r >= 0)
		r = kb_writer_finish(&writer);
	kb_reader_deinit(&reader);
	kb_writer_deinit(&writer);
	return r;
}

static int check(enum kb_format format, const char *type, const struct kb_buffer *body, bool swap)
{
	char signature[64];
	struct kb_reader reader;
	int r;

	snprintf(signature, sizeof(signature), "a%s", type);
	r = kb_reader_init(&reader, format, swap, signature, body->data, body->size, FDS);
	if (r >= 0)
		r = kb_reader_finish(&reader);
	kb_reader_deinit(&reader);
	return r;
}

Test(fixed, what_is_moved_at_once_is_what_goes_one_by_one)
{
	struct kb_buffer body = {}, fast = {}, slow = {};
	unsigned int n_good = 0, n_bad = 0;

	test_seed = 21;
	for (int i = 0; i < 20000; i++) {
		enum kb_format from = test_next(2) ? KB_DBUS1 : KB_GVARIANT;
		const char *type = types[test_next(KB_ARRAY_SIZE(types))];
		bool swap = !test_next(4);
		int r;

		/* with few elements nothing is moved at once */
		random_array(from, type, 1 + test_next(400), &body);
		if (swap && from == KB_DBUS1)
			*(uint32_t *)body.data = __builtin_bswap32(*(uint32_t *)body.data);
		r = convert(from, type, &body, swap, true, &slow);
		cr_assert_eq(convert(from, type, &body, swap, false, &fast), r, "%s: %d", type, r);
		cr_assert_eq(check(from, type, &body, swap), r, "%s: %d", type, r);
		n_good += r >= 0;
		n_bad += r < 0;
		if (r >= 0)
			test_assert_bytes(fast.data, fast.size, slow.data, slow.size, type);
	}
	cr_expect_gt(n_good, 5000);
	cr_expect_gt(n_bad, 1000);
	kb_buffer_deinit(&body);
	kb_buffer_deinit(&fast);
	kb_buffer_deinit(&slow);
}

/* An array of @n_structs deep ones in as many variants, in dbus1. */
static int check_nested(unsigned int n_variants, unsigned int n_structs)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer body = {}, out = {};
	uint32_t size = 1024 * 8 - 7;
	struct kb_reader reader;
	struct kb_writer writer;
	char type[80] = "a";
	int r;

	memset(type + 1, '(', n_structs);
	type[1 + n_structs] = 'y';
	memset(type + 2 + n_structs, ')', n_structs);
	for (unsigned int i = 1; i < n_variants; i++)
		kb_buffer_append(&body, "\1v", 3);
	kb_buffer_append(&body, &(uint8_t){ strlen(type) }, 1);
	kb_buffer_append(&body, type, strlen(type) + 1);
	kb_buffer_align(&body, 4);
	kb_buffer_append(&body, &size, 4);
	kb_buffer_align(&body, 8);
	kb_buffer_append_zero(&body, size);

	kb_writer_init(&writer, KB_GVARIANT, &out);
	r = kb_reader_init(&reader, KB_DBUS1, false, "v", body.data, body.size, 0);
	cr_assert_eq(r, 0);
	r = kb_reader_finish(&reader);
	kb_reader_deinit(&reader);
	kb_reader_init(&reader, KB_DBUS1, false, "v", body.data, body.size, 0);
	cr_expect_eq(kb_value_copy(&reader, &writer), r);
	kb_reader_deinit(&reader);
	kb_writer_deinit(&writer);
	return r;
}

Test(fixed, what_is_moved_at_once_is_not_nested_deeper)
{
	cr_expect_eq(check_nested(1, 32), 0);
	cr_expect_eq(check_nested(31, 32), 0);
	cr_expect_eq(check_nested(32, 32), -EBADMSG);
	cr_expect_eq(check_nested(62, 1), 0);
	cr_expect_eq(check_nested(63, 1), -EBADMSG);
}

/* A sender has no more to do for it than to name the type. */
Test(fixed, millions_of_nested_structs_take_no_time)
{
	static const char type[] = "((((((((((((((((((((((((((((((y))))))))))))))))))))))))))))))";
	struct kb_buffer body = {}, out = {};

	alarm(60);
	kb_buffer_append_zero(&body, 8 << 20);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(convert(KB_GVARIANT, type, &body, false, false, &out), 0);
	kb_buffer_deinit(&body);
	kb_buffer_deinit(&out);
}
