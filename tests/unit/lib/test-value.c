// SPDX-License-Identifier: LGPL-2.1-or-later
/* Random values through both marshallings and back, and random damage. */
#include "lib/value.h"
#include "tests/unit/lib/util.h"

/* A generator of our own, so that a seed means the same everywhere. */
static uint64_t state;

static uint32_t next(uint32_t below)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(state >> 33) % below;
}

static void random_type(char *out, unsigned int depth)
{
	static const char basic[] = "ybnqiuxtdsogh";
	unsigned int n;

	out += strlen(out);
	switch (depth ? next(8) : 0) {
	case 5:
		strcpy(out, "v");
		return;
	case 6:
		strcpy(out, "a");
		if (!next(3)) {
			strcat(out, "{");
			out += strlen(out);
			*out++ = basic[next(sizeof(basic) - 1)];
			*out = 0;
			random_type(out, depth - 1);
			strcat(out, "}");
		} else {
			random_type(out, depth - 1);
		}
		return;
	case 7:
		strcpy(out, "(");
		for (n = 1 + next(4); n--;)
			random_type(out, depth - 1);
		strcat(out, ")");
		return;
	default:
		*out++ = basic[next(sizeof(basic) - 1)];
		*out = 0;
		return;
	}
}

static void random_string(struct kb_writer *writer, char code)
{
	static const char *const paths[] = { "/", "/a", "/org/example/X_1" };
	static const char *const signatures[] = { "", "s", "a{sv}", "(ii)as" };
	char text[600];
	size_t n;

	if (code == 'o') {
		kb_writer_string(writer, code, paths[next(3)]);
		return;
	}
	if (code == 'g') {
		kb_writer_string(writer, code, signatures[next(4)]);
		return;
	}
	n = next(8) ? next(12) : next(sizeof(text) - 3);
	for (size_t i = 0; i < n; i++)
		text[i] = 'a' + next(26);
	strcpy(text + n, next(4) ? "" : "\xc3\xa9");
	kb_writer_string(writer, code, text);
}

static void random_value(struct kb_writer *writer, const char *type,
			 unsigned int depth);

static void random_values(struct kb_writer *writer, const char *types,
			  size_t n, unsigned int depth)
{
	char type[KB_SIGNATURE_MAX + 1];

	for (size_t i = 0; i < n; ) {
		size_t length = kb_signature_next(types + i);

		snprintf(type, sizeof(type), "%.*s", (int)length, types + i);
		random_value(writer, type, depth);
		i += length;
	}
}

static void random_array(struct kb_writer *writer, const char *element,
			 unsigned int depth)
{
	unsigned int n = next(6) ? next(4) : next(40);

	if (depth < 3)
		n = next(3);
	kb_writer_open(writer, 'a', element);
	while (n--) {
		if (*element != '{') {
			random_value(writer, element, depth);
			continue;
		}
		kb_writer_open(writer, '{', NULL);
		random_values(writer, element + 1, strlen(element) - 2, depth);
		kb_writer_close(writer);
	}
	kb_writer_close(writer);
}

static void random_value(struct kb_writer *writer, const char *type,
			 unsigned int depth)
{
	char inside[KB_SIGNATURE_MAX + 1] = "";
	union kb_value value;

	switch (*type) {
	case 'a':
		random_array(writer, type + 1, depth ? depth - 1 : 0);
		return;
	case '(':
		snprintf(inside, sizeof(inside), "%.*s",
			 (int)strlen(type) - 2, type + 1);
		kb_writer_open(writer, '(', inside);
		random_values(writer, inside, strlen(inside),
			      depth ? depth - 1 : 0);
		kb_writer_close(writer);
		return;
	case 'v':
		random_type(inside, depth ? depth - 1 : 0);
		kb_writer_open(writer, 'v', inside);
		random_value(writer, inside, depth ? depth - 1 : 0);
		kb_writer_close(writer);
		return;
	case 's':
	case 'o':
	case 'g':
		random_string(writer, *type);
		return;
	case 'b':
		value.b = next(2);
		break;
	case 'h':
		value.h = next(4);
		break;
	default:
		value.t = (uint64_t)next(1u << 31) << 33 | next(1u << 31);
		break;
	}
	kb_writer_basic(writer, *type, &value);
}

/* A body of a few random values; its signature goes to @out_signature. */
static void random_body(enum kb_format format, struct kb_buffer *out,
			char out_signature[KB_SIGNATURE_MAX + 1])
{
	struct kb_writer writer;
	char types[1024];
	int r;

	do {
		*types = 0;
		for (unsigned int n = next(4); n--;)
			random_type(types, 4);
	} while (strlen(types) > 100);

	out->size = 0;
	kb_writer_init(&writer, format, out);
	random_values(&writer, types, strlen(types), 5);
	r = kb_writer_finish(&writer);
	cr_assert_eq(r, 0, "%s: %d", types, r);
	cr_assert_str_eq(writer.signature, types);
	strcpy(out_signature, types);
	kb_writer_deinit(&writer);
}

Test(value, random_values_survive_both_ways, .timeout = 120)
{
	struct kb_buffer first = {}, second = {}, third = {};
	char signature[KB_SIGNATURE_MAX + 1];

	state = 1;
	for (int i = 0; i < 20000; i++) {
		enum kb_format a = i % 2, b = !a;
		int r;

		random_body(a, &first, signature);
		second.size = third.size = 0;
		r = test_convert(a, false, signature, first.data, first.size,
				 b, &second);
		cr_assert_eq(r, 0, "%s: %d", signature, r);
		r = test_convert(b, false, signature, second.data, second.size,
				 a, &third);
		cr_assert_eq(r, 0, "%s: %d", signature, r);
		test_assert_bytes(third.data, third.size, first.data,
				  first.size, signature);
	}
	kb_buffer_deinit(&first);
	kb_buffer_deinit(&second);
	kb_buffer_deinit(&third);
}

/* Turns the numbers of a body around, by reading it with the knowledge of
 * where each one is; only for flat bodies. */
static void swap_body(const char *signature, uint8_t *data)
{
	size_t position = 0;

	for (; *signature; signature++) {
		size_t size = kb_type_size_gvariant(*signature);

		position = kb_align_to(position, size);
		for (size_t i = 0; i < size / 2; i++) {
			uint8_t byte = data[position + i];

			data[position + i] = data[position + size - 1 - i];
			data[position + size - 1 - i] = byte;
		}
		position += size;
	}
}

Test(value, the_other_byte_order_is_turned_around)
{
	struct kb_buffer first = {}, second = {};

	state = 2;
	for (int i = 0; i < 2000; i++) {
		static const char basic[] = "ynqiuxtd";
		char signature[16] = "";
		struct kb_writer writer;

		for (unsigned int n = 0; n < 8; n++)
			signature[n] = basic[next(8)];
		first.size = second.size = 0;
		kb_writer_init(&writer, KB_DBUS1, &first);
		random_values(&writer, signature, 8, 1);
		cr_assert_eq(kb_writer_finish(&writer), 0);
		kb_writer_deinit(&writer);

		cr_assert_eq(test_convert(KB_DBUS1, false, signature,
					  first.data, first.size, KB_DBUS1,
					  &second), 0);
		swap_body(signature, second.data);
		for (int format = KB_DBUS1; format <= KB_GVARIANT; format++) {
			struct kb_buffer third = {}, fourth = {};

			/* there and back, once from swapped bytes */
			cr_assert_eq(test_convert(KB_DBUS1, true, signature,
						  second.data, second.size,
						  format, &third), 0);
			cr_assert_eq(test_convert(format, false, signature,
						  third.data, third.size,
						  KB_DBUS1, &fourth), 0);
			test_assert_bytes(fourth.data, fourth.size, first.data,
					  first.size, signature);
			kb_buffer_deinit(&third);
			kb_buffer_deinit(&fourth);
		}
	}
	kb_buffer_deinit(&first);
	kb_buffer_deinit(&second);
}

/* What is accepted after damage must still be normal: writing it again gives
 * the same bytes. */
Test(value, damaged_bytes_are_refused_or_normal, .timeout = 120)
{
	struct kb_buffer first = {}, second = {}, third = {};
	char signature[KB_SIGNATURE_MAX + 1];
	unsigned int accepted = 0;

	state = 3;
	for (int i = 0; i < 30000; i++) {
		enum kb_format format = i % 2;
		size_t size;
		int r;

		random_body(format, &first, signature);
		if (!first.size)
			continue;
		size = first.size;
		for (unsigned int n = 1 + next(3); n--;)
			first.data[next(size)] = next(3) ? next(256) :
							   next(5);
		if (!next(4))
			size = next(size + 1);

		second.size = third.size = 0;
		r = test_convert(format, false, signature, first.data, size,
				 !format, &second);
		cr_assert(r == 0 || r == -EBADMSG, "%s: %d", signature, r);
		if (r < 0)
			continue;
		accepted++;
		r = test_convert(!format, false, signature, second.data,
				 second.size, format, &third);
		cr_assert_eq(r, 0, "%s: %d", signature, r);
		test_assert_bytes(third.data, third.size, first.data, size,
				  signature);
	}
	cr_expect_gt(accepted, 100);
	kb_buffer_deinit(&first);
	kb_buffer_deinit(&second);
	kb_buffer_deinit(&third);
}

Test(value, append_and_read_are_each_others_inverse)
{
	for (int format = KB_DBUS1; format <= KB_GVARIANT; format++) {
		static const uint16_t numbers[] = { 1, 2, 3 };
		_cleanup_(kb_strv_freep) char **strv = NULL;
		struct kb_buffer out = {};
		struct kb_writer writer;
		struct kb_reader reader;
		char *in[] = { "x", "yz", NULL };
		const char *s, *o;
		const void *data;
		uint64_t t;
		size_t n;
		uint8_t y;
		int16_t n16;
		bool b;
		double d;
		uint32_t u;

		kb_writer_init(&writer, format, &out);
		cr_assert_eq(kb_writer_append(&writer, "ybn(sto)asaqvda{sv}as",
					      7, 1, -3, "hi", UINT64_MAX, "/p",
					      in, numbers, (size_t)3, "(u)", 9,
					      2.5, 2, "k", "s", "v", "l", "u",
					      8, NULL), 0);
		cr_assert_eq(kb_writer_finish(&writer), 0);
		kb_writer_deinit(&writer);

		cr_assert_eq(kb_reader_init(&reader, format, false,
					    "ybn(sto)asaqvda{sv}as", out.data,
					    out.size, 0), 0);
		cr_assert_eq(kb_reader_read(&reader, "ybn(sto)asaqvd", &y, &b,
					    &n16, &s, &t, &o, &strv, &data, &n,
					    "(u)", &u, &d), 0);
		cr_expect_eq(y, 7);
		cr_expect_eq(b, true);
		cr_expect_eq(n16, -3);
		cr_expect_str_eq(s, "hi");
		cr_expect_eq(t, UINT64_MAX);
		cr_expect_str_eq(o, "/p");
		cr_expect_eq(kb_strv_length(strv), 2);
		cr_expect_str_eq(strv[1], "yz");
		cr_expect_eq(n, 3);
		cr_expect_eq(memcmp(data, numbers, 6), 0);
		cr_expect_eq(u, 9);
		cr_expect_eq(d, 2.5);

		cr_expect_eq(kb_reader_basic(&reader, 's', NULL), -ENXIO);
		cr_expect_eq(kb_reader_enter(&reader, '('), -ENXIO);
		cr_expect_eq(kb_reader_enter(&reader, 'a'), 0);
		cr_expect_eq(kb_reader_enter(&reader, '{'), 0);
		cr_expect_eq(kb_reader_read(&reader, "s", &s), 0);
		cr_expect_str_eq(s, "k");
		/* out again in the middle: the rest is skipped */
		cr_expect_eq(kb_reader_exit(&reader), 0);
		cr_expect_eq(kb_reader_exit(&reader), 0);
		cr_expect_eq(kb_reader_finish(&reader), 0);
		kb_reader_deinit(&reader);
		kb_buffer_deinit(&out);
	}
}

Test(value, a_writer_refuses_what_the_types_forbid)
{
	static const struct {
		const char *types;
		const char *value;
	} strings[] = {
		{ "o", "nopath" }, { "g", "(" }, { "s", "\xff" },
		{ "s", NULL },
	};
	struct kb_buffer out = {};
	struct kb_writer writer;

	for (size_t i = 0; i < KB_ARRAY_SIZE(strings); i++) {
		kb_writer_init(&writer, KB_GVARIANT, &out);
		cr_expect_eq(kb_writer_append(&writer, strings[i].types,
					      strings[i].value), -EINVAL);
		cr_expect_eq(kb_writer_finish(&writer), -EINVAL);
		kb_writer_deinit(&writer);
	}

	kb_writer_init(&writer, KB_DBUS1, &out);
	cr_expect_eq(kb_writer_open(&writer, '(', "su"), 0);
	cr_expect_eq(kb_writer_append(&writer, "u", 1), -EINVAL);
	kb_writer_deinit(&writer);

	kb_writer_init(&writer, KB_DBUS1, &out);
	cr_expect_eq(kb_writer_open(&writer, '(', "s"), 0);
	cr_expect_eq(kb_writer_close(&writer), -EINVAL);
	kb_writer_deinit(&writer);

	kb_writer_init(&writer, KB_DBUS1, &out);
	cr_expect_eq(kb_writer_open(&writer, '{', "sv"), -EINVAL);
	kb_writer_deinit(&writer);

	kb_writer_init(&writer, KB_DBUS1, &out);
	cr_expect_eq(kb_writer_open(&writer, 'v', "ss"), -EINVAL);
	kb_writer_deinit(&writer);

	kb_writer_init(&writer, KB_DBUS1, &out);
	cr_expect_eq(kb_writer_open(&writer, 'a', "s"), 0);
	cr_expect_eq(kb_writer_finish(&writer), -EINVAL);
	kb_writer_deinit(&writer);
	kb_buffer_deinit(&out);
}

/* An array of structs nested 30 deep with one byte in each. */
Test(value, deep_types_do_not_cost_per_element, .timeout = 20)
{
	char signature[80] = "a";
	size_t n = 1 << 18;
	uint8_t *bytes;

	for (int i = 0; i < 30; i++)
		strcat(signature, "(");
	strcat(signature, "s");
	for (int i = 0; i < 30; i++)
		strcat(signature, ")");

	/* every element is an empty string: a NUL and an offset of 4 bytes */
	bytes = calloc(n, 5);
	for (uint32_t i = 0; i < n; i++)
		for (int j = 0; j < 4; j++)
			bytes[n + i * 4 + j] = (i + 1) >> (8 * j);
	cr_expect_eq(test_check(KB_GVARIANT, false, signature, bytes, n * 5),
		     0);
	free(bytes);
}

Test(value, every_cut_is_refused)
{
	static const char *const types = "sa{sv}(yt)as";
	char *strv[] = { "a", "bc", NULL };

	for (int format = KB_DBUS1; format <= KB_GVARIANT; format++) {
		struct kb_buffer out = {};
		struct kb_writer writer;

		kb_writer_init(&writer, format, &out);
		kb_writer_append(&writer, types, "x", 1, "k", "u", 5, 1,
				 UINT64_C(2), strv);
		cr_assert_eq(kb_writer_finish(&writer), 0);
		kb_writer_deinit(&writer);
		for (size_t n = 0; n < out.size; n++)
			cr_expect_eq(test_check(format, false, types, out.data,
						n), -EBADMSG, "%zu", n);
		kb_buffer_deinit(&out);
	}
}
