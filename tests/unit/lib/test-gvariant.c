// SPDX-License-Identifier: LGPL-2.1-or-later
/* The marshalling of messages on kdbus: known bytes, and bytes to refuse. */
#include "lib/gvariant.h"
#include "tests/unit/lib/util.h"

/* Values with the bytes GLib makes of them, and how kb_value_print() tells
 * them. A single struct or variant as body has the bytes of the value. */
static const struct {
	const char *signature;
	const char *text;
	const char *bytes;
} vectors[] = {
	{ "s", "s \"hi\"", "68 69 00" },
	{ "u", "u 1", "01 00 00 00" },
	{ "d", "d 1.5", "00*6 f8 3f" },
	{ "h", "h 1", "01 00 00 00" },
	{ "o", "o \"/a\"", "2f 61 00" },
	{ "g", "g \"a{sv}\"", "61 7b 73 76 7d 00" },
	{ "", "", "00" },
	{ "(u)", "(u) 5", "05 00 00 00" },
	{ "by", "by true 2", "01 02" },
	{ "qy", "qy 1 2", "01 00 02 00" },
	{ "yu", "yu 1 2", "01 00 00 00 02 00 00 00" },
	{ "(yu)", "(yu) 1 2", "01 00 00 00 02 00 00 00" },
	{ "yt", "yt 1 2", "01 00*7 02 00*7" },
	{ "us", "us 7 \"a\"", "07 00 00 00 61 00" },
	{ "su", "su \"a\" 7", "61 00 00 00 07 00 00 00 02" },
	{ "(su)", "(su) \"a\" 7", "61 00 00 00 07 00 00 00 02" },
	{ "ss", "ss \"a\" \"b\"", "61 00 62 00 02" },
	{ "ysy", "ysy 1 \"ab\" 2", "01 61 62 00 02 04" },
	{ "ai", "ai 2 1 2", "01 00 00 00 02 00 00 00" },
	{ "ay", "ay 3 1 2 3", "01 02 03" },
	{ "as", "as 0", "" },
	{ "as", "as 2 \"x\" \"yz\"", "78 00 79 7a 00 02 05" },
	{ "as", "as 1 \"a\"", "61 00 02" },
	{ "aas", "aas 2 1 \"a\" 0", "61 00 02 03 03" },
	{ "a(yu)", "a(yu) 1 1 2", "01 00 00 00 02 00 00 00" },
	{ "sas", "sas \"a\" 1 \"b\"", "61 00 62 00 02 02" },
	{ "say", "say \"x\" 1 1", "78 00 01 02" },
	{ "asu", "asu 1 \"a\" 5", "61 00 02 00 05 00 00 00 03" },
	{ "v", "v s \"s\"", "73 00 00 73" },
	{ "v", "v v y 9", "09 00 79 00 76" },
	{ "v", "v y 1", "01 00 79" },
	{ "v", "v (s) \"org.example\"",
	  "6f 72 67 2e 65 78 61 6d 70 6c 65 00 00 28 73 29" },
	{ "vs", "vs y 1 \"z\"", "01 00 79 7a 00 03" },
	{ "a{sv}", "a{sv} 1 \"k\" u 5",
	  "6b 00 00*6 05 00 00 00 00 75 02 0f" },
	{ "a{ss}", "a{ss} 2 \"a\" \"b\" \"c\" \"dd\"",
	  "61 00 62 00 02 63 00 64 64 00 02 05 0b" },
	{ "yus", "yus 1 16909060 \"a\"",
	  "01 00 00 00 04 03 02 01 61 00" },
	{ "s", "s \"org.example\"", "6f 72 67 2e 65 78 61 6d 70 6c 65 00" },
	{ "h", "h 0", "00 00 00 00" },
	{ "y(bq)y", "y(bq)y 1 true 2 3", "01 00 01 00 02 00 03 00" },
};

Test(gvariant, known_values_have_the_known_bytes)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(vectors); i++) {
		_cleanup_(kb_buffer_deinit) struct kb_buffer dbus1 = {};
		_cleanup_(kb_buffer_deinit) struct kb_buffer back = {};
		const char *signature = vectors[i].signature;
		uint8_t bytes[256];
		size_t size = test_unhex(vectors[i].bytes, bytes, 256);
		char *text = test_print(KB_GVARIANT, false, signature, bytes,
					size);
		int r;

		cr_expect_str_eq(text, vectors[i].text);
		free(text);

		r = test_convert(KB_GVARIANT, false, signature, bytes, size,
				 KB_DBUS1, &dbus1);
		cr_assert_eq(r, 0, "%s: %d", signature, r);
		text = test_print(KB_DBUS1, false, signature, dbus1.data,
				  dbus1.size);
		cr_expect_str_eq(text, vectors[i].text);
		free(text);

		r = test_convert(KB_DBUS1, false, signature, dbus1.data,
				 dbus1.size, KB_GVARIANT, &back);
		cr_assert_eq(r, 0, "%s: %d", signature, r);
		test_assert_bytes(back.data, back.size, bytes, size,
				  vectors[i].text);
	}
}

static const struct {
	const char *why;
	const char *signature;
	const char *bytes;
} invalid[] = {
	{ "string without NUL", "s", "61 62 63" },
	{ "string of no bytes", "s", "" },
	{ "NUL inside", "s", "61 00 62 00" },
	{ "not UTF-8", "s", "ff 00" },
	{ "surrogate", "s", "ed a0 80 00" },
	{ "boolean 2", "b", "02" },
	{ "number too short", "u", "01 02" },
	{ "number too long", "u", "01 02 03 04 05" },
	{ "offset past the end", "as", "61 00 05" },
	{ "descending offsets", "as", "61 00 62 00 04 02" },
	{ "struct without its number", "su", "78" },
	{ "bad path", "o", "62 61 64 00" },
	{ "empty path", "o", "00" },
	{ "bad signature", "g", "28 00" },
	{ "padding inside", "yu", "01 ff 00 00 02 00 00 00" },
	{ "padding at the end", "(qy)", "01 00 02 01" },
	{ "padding at the end of the body", "qy", "01 00 02 01" },
	{ "array not a multiple", "a(yu)", "00*7" },
	{ "unit is not zero", "", "01" },
	{ "unit of two bytes", "", "00 00" },
	{ "unit of no bytes", "", "" },
	{ "variant of no bytes", "v", "" },
	{ "variant without separator", "v", "01" },
	{ "variant without type", "v", "01 00" },
	{ "variant of two types", "v", "01 02 00 79 79" },
	{ "variant of half a type", "v", "01 00 61" },
	{ "variant of unit", "v", "00 00 28 29" },
	{ "variant of maybe", "v", "01 00 6d 79" },
	{ "variant with too few bytes", "v", "00 75" },
	{ "variant with too many bytes", "v", "01 02 00 79" },
	{ "gap before the offsets", "as", "61 00 00 02" },
	{ "bytes behind the last string", "us", "01 00 00 00 00 00" },
	{ "struct offset past the end", "ss", "61 00 62 00 09" },
	{ "struct offset at the table", "ss", "61 00 62 00 05" },
	{ "descriptor that is not there", "h", "04 00 00 00" },
	{ "negative descriptor", "h", "ff ff ff ff" },
	{ "padding before an element", "aat",
	  "01 00*7 08 00" },
	{ "unused bytes behind the last member", "sy", "61 00 01 ff 02" },
};

Test(gvariant, what_is_not_normal_is_refused)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(invalid); i++) {
		uint8_t bytes[256];
		size_t size = test_unhex(invalid[i].bytes, bytes, 256);
		int r = test_check(KB_GVARIANT, false, invalid[i].signature,
				   bytes, size);

		cr_expect_eq(r, -EBADMSG, "%s: %d", invalid[i].why, r);
	}
}

Test(gvariant, offsets_grow_with_the_container)
{
	static const struct {
		unsigned int n;
		size_t size;
	} cases[] = {
		{ 85, 255 }, { 86, 344 }, { 16383, 65532 }, { 16384, 98304 },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		_cleanup_(kb_buffer_deinit) struct kb_buffer body = {};
		struct kb_writer writer;

		kb_writer_init(&writer, KB_GVARIANT, &body);
		kb_writer_open(&writer, 'a', "s");
		for (unsigned int n = 0; n < cases[i].n; n++)
			kb_writer_string(&writer, 's', "x");
		kb_writer_close(&writer);
		cr_assert_eq(kb_writer_finish(&writer), 0);
		kb_writer_deinit(&writer);

		cr_expect_eq(body.size, cases[i].size);
		cr_expect_eq(test_check(KB_GVARIANT, false, "as", body.data,
					body.size), 0);
	}
}

Test(gvariant, offsets_wider_than_needed_are_refused)
{
	uint8_t bytes[259] = {};
	size_t size = 256;

	/* one string of 253 bytes and a 2-byte offset: one byte had done */
	memset(bytes, 'x', 253);
	bytes[253] = 0;
	bytes[254] = 254;
	bytes[255] = 0;
	cr_expect_eq(test_check(KB_GVARIANT, false, "as", bytes, size),
		     -EBADMSG);

	/* 255 and 2: now it is needed */
	memset(bytes, 'x', 254);
	bytes[254] = 0;
	bytes[255] = 255;
	bytes[256] = 0;
	cr_expect_eq(test_check(KB_GVARIANT, false, "as", bytes, 257), 0);
}

Test(gvariant, half_an_offset_is_refused)
{
	uint8_t bytes[260] = {};

	/* 2-byte offsets in a table of 3 bytes, read as 257 from either end:
	 * the second offset would lie partly outside */
	memset(bytes, 'x', 256);
	memset(bytes + 257, 1, 3);
	cr_expect_eq(test_check(KB_GVARIANT, false, "as", bytes, 260),
		     -EBADMSG);
}

Test(gvariant, byte_order_concerns_values_and_not_offsets)
{
	static const uint8_t le[] = { 1, 0, 0, 0, 4, 3, 2, 1, 'a', 0 };
	static const uint8_t be[] = { 1, 0, 0, 0, 1, 2, 3, 4, 'a', 0 };
	static const uint8_t strings[] = { 'a', 0, 'b', 'c', 0, 2, 5 };
	char *text;

	text = test_print(KB_GVARIANT, true, "yus", be, sizeof(be));
	cr_expect_str_eq(text, "yus 1 16909060 \"a\"");
	free(text);
	text = test_print(KB_GVARIANT, false, "yus", le, sizeof(le));
	cr_expect_str_eq(text, "yus 1 16909060 \"a\"");
	free(text);
	text = test_print(KB_GVARIANT, true, "as", strings, sizeof(strings));
	cr_expect_str_eq(text, "as 2 \"a\" \"bc\"");
	free(text);
}

Test(gvariant, nesting_ends_at_64)
{
	for (unsigned int depth = 60; depth < 70; depth++) {
		uint8_t bytes[512] = { 9, 0, 'y' };
		size_t size = 3;

		for (unsigned int i = 1; i < depth; i++) {
			bytes[size++] = 0;
			bytes[size++] = 'v';
		}
		cr_expect_eq(test_check(KB_GVARIANT, false, "v", bytes, size),
			     depth <= 64 ? 0 : -EBADMSG, "%u", depth);
	}
}

Test(gvariant, empty_elements_do_not_stall)
{
	uint8_t bytes[200] = {};

	/* 200 empty arrays: nothing but their offsets */
	cr_expect_eq(test_check(KB_GVARIANT, false, "aas", bytes, 200), 0);
	bytes[100] = 1;
	cr_expect_eq(test_check(KB_GVARIANT, false, "aas", bytes, 200),
		     -EBADMSG);
}
