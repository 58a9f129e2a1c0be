// SPDX-License-Identifier: LGPL-2.1-or-later
/* Random values through both marshallings and back, and random damage. */
#include <unistd.h>

#include "lib/gvariant.h"
#include "lib/value.h"
#include "tests/unit/lib/random.h"
#include "tests/unit/lib/util.h"

/* Nothing here takes long unless something is quadratic. */
static void patience(void)
{
	alarm(120);
}

Test(value, random_values_survive_both_ways, .init = patience)
{
	struct kb_buffer first = {}, second = {}, third = {};
	char signature[KB_SIGNATURE_MAX + 1];

	test_seed = 1;
	for (int i = 0; i < 20000; i++) {
		enum kb_format a = i % 2, b = !a;
		int r;

		test_random_body(a, &first, signature);
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

	test_seed = 2;
	for (int i = 0; i < 2000; i++) {
		static const char basic[] = "ynqiuxtd";
		char signature[16] = "";
		struct kb_writer writer;

		for (unsigned int n = 0; n < 8; n++)
			signature[n] = basic[test_next(8)];
		first.size = second.size = 0;
		kb_writer_init(&writer, KB_DBUS1, &first);
		test_random_values(&writer, signature, 8, 1);
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
Test(value, damaged_bytes_are_refused_or_normal, .init = patience)
{
	struct kb_buffer first = {}, second = {}, third = {};
	char signature[KB_SIGNATURE_MAX + 1];
	unsigned int accepted = 0;

	test_seed = 3;
	for (int i = 0; i < 30000; i++) {
		enum kb_format format = i % 2;
		size_t size;
		int r;

		test_random_body(format, &first, signature);
		if (!first.size)
			continue;
		size = first.size;
		for (unsigned int n = 1 + test_next(3); n--;)
			first.data[test_next(size)] = test_next(3) ? test_next(256) :
							   test_next(5);
		if (!test_next(4))
			size = test_next(size + 1);

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

Test(value, dict_entries_are_read_one_by_one)
{
	static const char *const bad[] = { "{", "{s", "{ss", "{s}", "{vs}", "{sss}", "{}", "{s{ss}}" };

	for (enum kb_format format = KB_DBUS1; format <= KB_GVARIANT; format++) {
		_cleanup_(kb_buffer_deinit) struct kb_buffer out = {};
		struct kb_reader reader;
		struct kb_writer writer;
		const char *key, *value;
		uint32_t u;

		kb_writer_init(&writer, format, &out);
		cr_assert_eq(kb_writer_append(&writer, "a{ss}a{s(us)}", 2, "a", "b", "c", "", 1, "k", 7, "v"), 0);
		cr_assert_eq(kb_writer_finish(&writer), 0);
		kb_writer_deinit(&writer);
		cr_assert_eq(kb_reader_init(&reader, format, false, "a{ss}a{s(us)}", out.data, out.size, 0), 0);
		cr_expect_eq(kb_reader_enter(&reader, 'a'), 0);
		for (size_t i = 0; i < KB_ARRAY_SIZE(bad); i++)
			cr_expect_eq(kb_reader_read(&reader, bad[i], &key, &value, &value), -EINVAL, "%s", bad[i]);
		cr_expect_eq(kb_reader_read(&reader, "{ss}{ss}", &key, NULL, NULL, &value), 0);
		cr_expect_str_eq(key, "a");
		cr_expect_str_eq(value, "");
		cr_expect(kb_reader_at_end(&reader));
		cr_expect_eq(kb_reader_exit(&reader), 0);
		cr_expect_eq(kb_reader_enter(&reader, 'a'), 0);
		cr_expect_eq(kb_reader_read(&reader, "{s(us)}", &key, &u, &value), 0);
		cr_expect_eq(u, 7);
		cr_expect_str_eq(value, "v");
		cr_expect_eq(kb_reader_exit(&reader), 0);
		cr_expect_eq(kb_reader_finish(&reader), 0);
		kb_reader_deinit(&reader);
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
Test(value, deep_types_do_not_cost_per_element, .init = patience)
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

/* @n empty strings, as elements of @type, copied: the result. */
static int copy_strings(const char *type, uint32_t n)
{
	uint8_t *data = calloc(5, n);
	struct kb_buffer out = {};
	struct kb_reader reader;
	struct kb_writer writer;
	int r;

	for (uint32_t i = 1; i <= n; i++)
		kb_gvariant_store_offset(data + n + 4 * (size_t)(i - 1), 4, i);
	kb_writer_init(&writer, KB_DBUS1, &out);
	r = kb_reader_init(&reader, KB_GVARIANT, false, type, data, 5 * (size_t)n, 0);
	cr_assert_eq(r, 0);
	r = kb_value_copy(&reader, &writer);
	kb_reader_deinit(&reader);
	kb_writer_deinit(&writer);
	kb_buffer_deinit(&out);
	free(data);
	return r;
}

/* Structures take no bytes, but time. */
Test(value, what_is_nested_for_its_own_sake_has_an_end, .init = patience)
{
	cr_expect_eq(copy_strings("as", 8 << 20), 0);
	cr_expect_eq(copy_strings("a(s)", 8 << 20), -EMSGSIZE);
	cr_expect_eq(copy_strings("a(s)", (8 << 20) - 1), 0);
	cr_expect_eq(copy_strings("a((((((((((((((((((((s))))))))))))))))))))", 1 << 20),
		     -EMSGSIZE);
}
