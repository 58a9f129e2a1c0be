// SPDX-License-Identifier: LGPL-2.1-or-later
/* The marshalling of D-Bus since 2003: known bytes, and bytes to refuse. */
#include "lib/dbus1.h"
#include "tests/unit/lib/util.h"

static const struct {
	const char *signature;
	const char *text;
	const char *bytes;
} vectors[] = {
	{ "", "", "" },
	{ "y", "y 7", "07" },
	{ "b", "b true", "01 00 00 00" },
	{ "yb", "yb 1 false", "01 00 00 00 00 00 00 00" },
	{ "yn", "yn 1 -2", "01 00 fe ff" },
	{ "yx", "yx 1 -1", "01 00*7 ff*8" },
	{ "s", "s \"hi\"", "02 00 00 00 68 69 00" },
	{ "g", "g \"ai\"", "02 61 69 00" },
	{ "ss", "ss \"a\" \"b\"", "01 00 00 00 61 00 00 00 01 00 00 00 62 00" },
	{ "ay", "ay 2 1 2", "02 00 00 00 01 02" },
	{ "ax", "ax 0", "00*8" },
	{ "ax", "ax 1 1", "08 00 00 00 00 00 00 00 01 00*7" },
	{ "a(yy)", "a(yy) 0", "00*8" },
	{ "a(yy)", "a(yy) 2 1 2 3 4",
	  "0a 00 00 00 00 00 00 00 01 02 00*6 03 04" },
	{ "v", "v u 5", "01 75 00 00 05 00 00 00" },
	{ "yv", "yv 1 y 2", "01 01 79 00 02" },
	{ "a{sv}", "a{sv} 1 \"k\" y 9",
	  "0a 00 00 00 00 00 00 00 01 00 00 00 6b 00 01 79 00 09" },
	{ "(ys)", "(ys) 1 \"\"", "01 00 00 00 00 00 00 00 00" },
	{ "hh", "hh 0 3", "00 00 00 00 03 00 00 00" },
};

Test(dbus1, known_values_have_the_known_bytes)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(vectors); i++) {
		_cleanup_(kb_buffer_deinit) struct kb_buffer other = {};
		_cleanup_(kb_buffer_deinit) struct kb_buffer back = {};
		const char *signature = vectors[i].signature;
		uint8_t bytes[256];
		size_t size = test_unhex(vectors[i].bytes, bytes, 256);
		char *text = test_print(KB_DBUS1, false, signature, bytes,
					size);
		int r;

		cr_expect_str_eq(text, vectors[i].text);
		free(text);
		r = test_convert(KB_DBUS1, false, signature, bytes, size,
				 KB_GVARIANT, &other);
		cr_assert_eq(r, 0, "%s: %d", signature, r);
		r = test_convert(KB_GVARIANT, false, signature, other.data,
				 other.size, KB_DBUS1, &back);
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
	{ "bytes behind the arguments", "y", "01 02" },
	{ "no bytes", "y", "" },
	{ "boolean 2", "b", "02 00 00 00" },
	{ "padding that is not zero", "yu", "01 00 01 00 02 00 00 00" },
	{ "string longer than the message", "s", "05 00 00 00 68 69 00" },
	{ "string of 4 GiB", "s", "ff ff ff ff 68 69 00" },
	{ "string without NUL", "s", "02 00 00 00 68 69 6a" },
	{ "NUL inside", "s", "03 00 00 00 68 00 69 00" },
	{ "not UTF-8", "s", "01 00 00 00 ff 00" },
	{ "bad path", "o", "02 00 00 00 2f 2f 00" },
	{ "bad signature", "g", "01 61 00" },
	{ "signature longer than the message", "g", "09 61 00" },
	{ "array longer than the message", "ay", "03 00 00 00 01 02" },
	{ "array over 64 MiB", "ay", "01 00 00 04 01 02" },
	{ "array that ends inside an element", "au",
	  "06 00 00 00 01 00 00 00 02 00" },
	{ "padding of an empty array missing", "ax", "00 00 00 00" },
	{ "padding of an empty array not zero", "ax", "00 00 00 00 01 00*3" },
	{ "element reaching out of its array", "as",
	  "06 00 00 00 05 00 00 00 61 62 63 64 65 00" },
	{ "variant of nothing", "v", "00 00" },
	{ "variant of two types", "v", "02 79 79 00 01 02" },
	{ "variant of half a type", "v", "01 61 00 00 00 00" },
	{ "variant of unit", "v", "02 28 29 00" },
	{ "descriptor that is not there", "h", "04 00 00 00" },
};

Test(dbus1, what_breaks_a_rule_is_refused)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(invalid); i++) {
		uint8_t bytes[256];
		size_t size = test_unhex(invalid[i].bytes, bytes, 256);
		int r = test_check(KB_DBUS1, false, invalid[i].signature,
				   bytes, size);

		cr_expect_eq(r, -EBADMSG, "%s: %d", invalid[i].why, r);
	}
}

Test(dbus1, the_other_byte_order_is_read)
{
	static const struct {
		const char *signature;
		const char *text;
		const char *bytes;
	} cases[] = {
		{ "u", "u 5", "00 00 00 05" },
		{ "yqx", "yqx 1 2 3", "01 00 00 02 00*4 00*7 03" },
		{ "as", "as 1 \"a\"", "00 00 00 06 00 00 00 01 61 00" },
		{ "aq", "aq 2 1 2", "00 00 00 04 00 01 00 02" },
		{ "d", "d 1.5", "3f f8 00*6" },
		{ "v", "v au 1 1", "02 61 75 00 00 00 00 04 00 00 00 01" },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		_cleanup_(kb_buffer_deinit) struct kb_buffer native = {};
		uint8_t bytes[64];
		size_t size = test_unhex(cases[i].bytes, bytes, 64);
		char *text;

		text = test_print(KB_DBUS1, true, cases[i].signature, bytes,
				  size);
		cr_expect_str_eq(text, cases[i].text);
		free(text);

		cr_assert_eq(test_convert(KB_DBUS1, true, cases[i].signature,
					  bytes, size, KB_GVARIANT, &native),
			     0);
		text = test_print(KB_GVARIANT, false, cases[i].signature,
				  native.data, native.size);
		cr_expect_str_eq(text, cases[i].text);
		free(text);
	}
}

Test(dbus1, nesting_ends_at_64)
{
	for (unsigned int depth = 60; depth < 70; depth++) {
		uint8_t bytes[512];
		size_t size = 0;

		for (unsigned int i = 0; i < depth; i++) {
			bytes[size++] = 1;
			bytes[size++] = i + 1 == depth ? 'y' : 'v';
			bytes[size++] = 0;
		}
		bytes[size++] = 9;
		cr_expect_eq(test_check(KB_DBUS1, false, "v", bytes, size),
			     depth <= 64 ? 0 : -EBADMSG, "%u", depth);
	}
}

Test(dbus1, an_array_of_64_mib_is_the_largest)
{
	static const size_t max = KB_ARRAY_MAX;
	uint8_t *bytes = calloc(1, max + 8);
	uint32_t size = max;
	struct kb_buffer out = {};

	memcpy(bytes, &size, 4);
	cr_expect_eq(test_check(KB_DBUS1, false, "ay", bytes, max + 4), 0);
	size++;
	memcpy(bytes, &size, 4);
	cr_expect_eq(test_check(KB_DBUS1, false, "ay", bytes, max + 5),
		     -EBADMSG);

	for (int format = KB_DBUS1; format <= KB_GVARIANT; format++) {
		struct kb_writer writer;

		out.size = 0;
		kb_writer_init(&writer, format, &out);
		cr_expect_eq(kb_writer_array(&writer, 'y', bytes, max), 0);
		cr_expect_eq(kb_writer_finish(&writer), 0);
		kb_writer_deinit(&writer);

		out.size = 0;
		kb_writer_init(&writer, format, &out);
		cr_expect_eq(kb_writer_array(&writer, 'y', bytes, max + 1),
			     -EMSGSIZE);
		kb_writer_deinit(&writer);
	}
	kb_buffer_deinit(&out);
	free(bytes);
}
