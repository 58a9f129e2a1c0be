// SPDX-License-Identifier: LGPL-2.1-or-later
/* Header fields read straight from the bytes, beside a reader that knows all. */
#include "lib/header.h"
#include "tests/unit/lib/util.h"

/* A message of no body with every field; its header ends at *@out_end. */
static struct kb_buffer full_header(enum kb_format format, size_t *out_end)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	uint8_t fixed[KB_HEADER_FIXED] = { 'l', KB_ERROR, 1, 1, 0, 0, 0, 0, 7 };
	struct kb_buffer buffer = {};

	cr_assert_eq(kb_message_new(KB_ERROR, &m), 0);
	kb_message_set(m, KB_FIELD_PATH, "/a/b");
	kb_message_set(m, KB_FIELD_INTERFACE, "a.b");
	kb_message_set(m, KB_FIELD_MEMBER, "Mm");
	kb_message_set(m, KB_FIELD_ERROR_NAME, "a.E");
	kb_message_set(m, KB_FIELD_DESTINATION, "org.example.x");
	kb_message_set(m, KB_FIELD_SENDER, ":1.12");
	m->reply_cookie = 0x01020304;
	m->signature = "ai";
	kb_message_add_fd(m, -1, NULL);
	cr_assert(kb_header_is_valid(m, false));
	kb_buffer_append(&buffer, fixed, sizeof(fixed));
	cr_assert_eq(kb_header_encode(m, format, &buffer), 0);
	*out_end = buffer.size;
	return buffer;
}

/* The same in the other byte order: swaps all numbers of a dbus1 header. */
static void swap_number(uint8_t *p)
{
	const uint8_t number[] = { p[3], p[2], p[1], p[0] };

	memcpy(p, number, sizeof(number));
}

static void swap_header(uint8_t *bytes, size_t end)
{
	size_t i = KB_HEADER_FIXED, length;

	bytes[0] = 'B';
	for (size_t word = 4; word < KB_HEADER_FIXED; word += 4)
		swap_number(bytes + word);
	for (; i < end; i = kb_align8(i + length)) {
		length = 8;
		if (bytes[i + 2] == 'g')
			length = 4 + 1 + bytes[i + 4] + 1;
		else if (bytes[i + 2] != 'u')
			length = 8 + bytes[i + 4] + 1;
		if (bytes[i + 2] != 'g')
			swap_number(bytes + i + 4);
	}
}

/* Is the header what a reader takes for one, with the strings of @m in it? */
static bool reader_agrees(const struct kb_message *m, enum kb_format format,
			  bool swap, const uint8_t *data, size_t end)
{
	/* of each field, by number */
	static const char types[2][_KB_FIELDS + 1] = { "?osssussgu",
						       "?ossstss?u" };
	bool gvariant = format == KB_GVARIANT;
	size_t skip = gvariant ? KB_HEADER_FIXED : 0;
	struct kb_reader reader;
	union kb_value key, value;
	int r;

	r = kb_reader_init(&reader, format, swap,
			   gvariant ? "a{tv}" : "yyyyuua(yv)", data + skip,
			   end - skip, 0);
	for (int i = 0; i < 6 && !gvariant; i++)
		kb_reader_skip(&reader);
	kb_reader_enter(&reader, 'a');
	while (r >= 0 && !kb_reader_at_end(&reader)) {
		key.t = 0;
		kb_reader_enter(&reader, 0);
		kb_reader_basic(&reader, 0, &key);
		kb_reader_enter(&reader, 'v');
		if (!gvariant)
			key.t = key.y;
		if (key.t < _KB_FIELDS &&
		    kb_reader_peek(&reader) != types[gvariant][key.t])
			r = -EINVAL;
		if (r >= 0 && key.t < _KB_FIELDS && m->fields[key.t]) {
			r = kb_reader_basic(&reader, 0, &value);
			if (r >= 0 && value.s != m->fields[key.t])
				r = -EINVAL;
		}
		kb_reader_exit(&reader);
		kb_reader_exit(&reader);
	}
	if (r >= 0)
		r = kb_reader_finish(&reader);
	kb_reader_deinit(&reader);
	return r >= 0;
}

/* Decodes a copy of the exact size: 1 if a reader does not agree. */
static int decode_beside_reader(enum kb_format format, bool swap,
				const uint8_t *bytes, size_t end)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	uint8_t *copy = malloc(end);
	struct kb_header header;
	int r;

	memcpy(copy, bytes, end);
	cr_assert_eq(kb_message_new(KB_NOTIFICATION, &m), 0);
	r = kb_header_decode(m, format, swap, copy, end, &header);
	if (r >= 0 && !reader_agrees(m, format, swap, copy, end))
		r = 1;
	free(copy);
	return r;
}

Test(header, all_fields_come_back)
{
	static const enum kb_format formats[] = { KB_DBUS1, KB_DBUS1,
						  KB_GVARIANT };

	for (size_t i = 0; i < KB_ARRAY_SIZE(formats); i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
		size_t end;
		struct kb_buffer buffer = full_header(formats[i], &end);
		bool gvariant = formats[i] == KB_GVARIANT;
		struct kb_header header;

		if (i == 1)
			swap_header(buffer.data, end);
		cr_assert_eq(kb_message_new(KB_ERROR, &m), 0);
		cr_assert_eq(kb_header_decode(m, formats[i], i == 1,
					      buffer.data, end, &header), 0);
		cr_expect_str_eq(m->path, "/a/b");
		cr_expect_str_eq(m->interface, "a.b");
		cr_expect_str_eq(m->member, "Mm");
		cr_expect_str_eq(m->error_name, "a.E");
		cr_expect_str_eq(m->destination, "org.example.x");
		cr_expect_eq(header.reply_cookie, 0x01020304);
		cr_expect_eq(header.n_fds, 1);
		/* who it is from and what is in it is elsewhere on kdbus */
		cr_expect_str_eq(m->signature, gvariant ? "" : "ai");
		cr_expect(kb_streq_null(m->sender, gvariant ? NULL : ":1.12"));
		kb_buffer_deinit(&buffer);
	}
}

/* Whatever is accepted is what a reader would have taken, and the same. */
static void flip_and_cut(enum kb_format format, bool swap)
{
	size_t end, n_accepted = 0;
	struct kb_buffer buffer = full_header(format, &end);

	if (swap)
		swap_header(buffer.data, end);
	cr_expect_eq(decode_beside_reader(format, swap, buffer.data, end), 0);
	for (size_t i = KB_HEADER_FIXED; i < end; i++) {
		uint8_t saved = buffer.data[i];

		for (int byte = 0; byte < 256; byte++) {
			int r;

			buffer.data[i] = byte;
			r = decode_beside_reader(format, swap, buffer.data,
						 end);
			cr_expect_leq(r, 0, "byte %zu is %02x", i, byte);
			n_accepted += r == 0;
		}
		buffer.data[i] = saved;
	}
	/* letters of names, for instance */
	cr_expect_gt(n_accepted, 1000);
	for (size_t cut = KB_HEADER_FIXED; cut < end; cut++) {
		if (format == KB_DBUS1)
			buffer.data[swap ? 15 : 12] = cut - KB_HEADER_FIXED;
		cr_expect_leq(decode_beside_reader(format, swap, buffer.data,
						   cut), 0, "cut at %zu", cut);
	}
	kb_buffer_deinit(&buffer);
}

Test(header, dbus1_is_accepted_only_where_a_reader_would)
{
	flip_and_cut(KB_DBUS1, false);
	flip_and_cut(KB_DBUS1, true);
}

Test(header, gvariant_is_accepted_only_where_a_reader_would)
{
	flip_and_cut(KB_GVARIANT, false);
}

/* Strings are checked when they are set, and not again for each encoding. */
Test(header, what_was_checked_is_checked_again_when_it_changes)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;

	cr_assert_eq(kb_message_new_call("a.b", "/a", "a.b", "M", &m), 0);
	cr_expect(kb_header_is_valid(m, false));
	kb_message_set(m, KB_FIELD_MEMBER, "not.one");
	cr_expect_not(kb_header_is_valid(m, false));
	kb_message_set(m, KB_FIELD_MEMBER, NULL);
	cr_expect_not(kb_header_is_valid(m, false));
	kb_message_set(m, KB_FIELD_MEMBER, "One");
	cr_expect(kb_header_is_valid(m, false));
}
