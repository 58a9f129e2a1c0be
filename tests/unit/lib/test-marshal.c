// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages to bytes and back: known bytes, and headers to refuse. */
#include "lib/marshal.h"
#include "tests/unit/lib/util.h"

/* Calls, replies and signals whose bytes are known, little endian. */
static const char call_bytes[] =
	"6c 01 00 02 00 00 00 00  01 00 00 00 00 00 00 00"
	"01 00 00 00 00 00 00 00  2f 61 00 00 6f 00 00 00"
	"03 00 00 00 00 00 00 00  4d 00 00 73 00 00 00 00"
	"06 00 00 00 00 00 00 00  6f 72 67 2e 78 00 00 73"
	"0d 1c 30 00 00 00 00 00  68 69 00 00 07 00 00 00"
	"03 00 28 73 75 29 43";
static const char return_bytes[] =
	"6c 02 01 02 00 00 00 00  05 00 00 00 00 00 00 00"
	"05 00 00 00 00 00 00 00  01 00 00 00 00 00 00 00"
	"00 74 12 00 00 00 00 00  00 00 28 29 23";
static const char signal_bytes[] =
	"6c 04 01 02 00 00 00 00 01 00 00 00 00 00 00 00"
	"01 00 00 00 00 00 00 00 2f 61 00 00 6f 00 00 00"
	"02 00 00 00 00 00 00 00 61 2e 62 00 00 73 00 00"
	"03 00 00 00 00 00 00 00 43 00 00 73 0d 1e 2c 00"
	"78 00 00 28 73 29 3f";
static const char addressed_return_bytes[] =
	"6c 02 01 02 00 00 00 00 07 00 00 00 00 00 00 00"
	"05 00 00 00 00 00 00 00 2a 00 00 00 00 00 00 00"
	"00 74 00 00 00 00 00 00 06 00 00 00 00 00 00 00"
	"3a 31 2e 33 00 00 73 12 27 00 00 00 00 00 00 00"
	"00 00 28 29 39";

static void expect_encoding(struct kb_message *m, const char *text)
{
	struct kb_buffer buffer = {};
	uint8_t expected[512];
	size_t size = test_unhex(text, expected, sizeof(expected));

	/* somewhere in the buffer, to see that positions are relative */
	cr_assert_eq(kb_buffer_append(&buffer, "xxx", 3), 0);
	cr_assert_eq(kb_message_encode_gvariant(m, &buffer), 0);
	test_assert_bytes(buffer.data + 3, buffer.size - 3, expected, size,
			  "message");
	kb_buffer_deinit(&buffer);
}

Test(marshal, known_messages_have_the_known_bytes)
{
	_cleanup_(kb_message_unrefp) struct kb_message *call = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *signal = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;

	cr_assert_eq(kb_message_new_call("org.x", "/a", NULL, "M", &call), 0);
	cr_assert_eq(kb_message_append(call, "su", "hi", 7), 0);
	call->cookie = 1;
	expect_encoding(call, call_bytes);

	cr_assert_eq(kb_message_new_signal("/a", "a.b", "C", &signal), 0);
	cr_assert_eq(kb_message_append(signal, "s", "x"), 0);
	signal->cookie = 1;
	expect_encoding(signal, signal_bytes);

	cr_assert_eq(kb_message_new(KB_METHOD_RETURN, &reply), 0);
	reply->cookie = 5;
	reply->reply_cookie = 1;
	expect_encoding(reply, return_bytes);

	reply->cookie = 7;
	reply->reply_cookie = 42;
	kb_message_set(reply, KB_FIELD_DESTINATION, ":1.3");
	expect_encoding(reply, addressed_return_bytes);
}

/* Decodes a copy of the exact size. */
static int decode(const uint8_t *bytes, size_t size, enum kb_format format,
		  struct kb_message **out)
{
	uint8_t *copy = malloc(size ?: 1);
	int r;

	memcpy(copy, bytes, size);
	r = format == KB_GVARIANT ?
	    kb_message_decode_gvariant(copy, size, NULL, 0, out) :
	    kb_message_decode_dbus1(copy, size, NULL, 0, out);
	if (r >= 0)
		kb_message_own(*out, copy);
	else
		free(copy);
	return r;
}

Test(marshal, known_bytes_are_the_known_messages)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	uint8_t bytes[512];
	const char *s;
	uint32_t u;
	size_t size;

	size = test_unhex(call_bytes, bytes, sizeof(bytes));
	cr_assert_eq(decode(bytes, size, KB_GVARIANT, &m), 0);
	cr_expect_eq(m->type, KB_METHOD_CALL);
	cr_expect_eq(m->cookie, 1);
	cr_expect_str_eq(m->path, "/a");
	cr_expect_null(m->interface);
	cr_expect_str_eq(m->member, "M");
	cr_expect_str_eq(m->destination, "org.x");
	cr_expect_eq(kb_message_read(m, "su", &s, &u), 0);
	cr_expect_str_eq(s, "hi");
	cr_expect_eq(u, 7);
	m = kb_message_unref(m);

	size = test_unhex(addressed_return_bytes, bytes, sizeof(bytes));
	cr_assert_eq(decode(bytes, size, KB_GVARIANT, &m), 0);
	cr_expect_eq(m->reply_cookie, 42);
	cr_expect_eq(kb_message_read(m, ""), 0);
}

/* No cut and no flipped byte may be accepted as something broken. */
Test(marshal, damaged_messages_do_no_harm)
{
	static const char *const texts[] = {
		call_bytes, return_bytes, signal_bytes,
		addressed_return_bytes,
	};

	for (size_t t = 0; t < KB_ARRAY_SIZE(texts); t++) {
		uint8_t bytes[512];
		size_t size = test_unhex(texts[t], bytes, sizeof(bytes));

		for (size_t n = 0; n < size; n++) {
			struct kb_message *m = NULL;

			cr_expect_eq(decode(bytes, n, KB_GVARIANT, &m),
				     -EBADMSG, "cut at %zu", n);
		}
		for (size_t i = 0; i < size * 256; i++) {
			struct kb_message *m = NULL;
			uint8_t saved = bytes[i / 256];

			bytes[i / 256] = i;
			if (decode(bytes, size, KB_GVARIANT, &m) >= 0) {
				kb_message_validate(m);
				kb_message_unref(m);
			}
			bytes[i / 256] = saved;
		}
	}
}

/* A header of any fields around an empty body. */
struct field {
	uint64_t key;
	const char *type;
	const char *string;
	uint64_t number;
};

static int decode_fields(uint8_t type, uint8_t flags, uint64_t cookie,
			 const struct field *fields)
{
	static const uint8_t tail[] = { 0, 0, '(', ')' };
	uint8_t fixed[16] = { 'l', type, flags, 2 };
	struct kb_message *m = NULL;
	struct kb_buffer buffer = {};
	struct kb_writer writer;
	size_t end;
	int r;

	memcpy(fixed + 8, &cookie, 8);
	kb_buffer_append(&buffer, fixed, sizeof(fixed));
	kb_writer_init(&writer, KB_GVARIANT, &buffer);
	kb_writer_open(&writer, 'a', "{tv}");
	for (; fields->type; fields++) {
		kb_writer_open(&writer, '{', NULL);
		kb_writer_append(&writer, "t", fields->key);
		if (fields->string)
			kb_writer_append(&writer, "v", fields->type,
					 fields->string);
		else
			kb_writer_append(&writer, "v", fields->type,
					 fields->number);
		kb_writer_close(&writer);
	}
	kb_writer_close(&writer);
	cr_assert_eq(kb_writer_finish(&writer), 0);
	kb_writer_deinit(&writer);

	end = buffer.size;
	kb_buffer_align(&buffer, 8);
	kb_buffer_append(&buffer, tail, sizeof(tail));
	kb_buffer_append(&buffer, &end, buffer.size > 250 ? 2 : 1);

	r = decode(buffer.data, buffer.size, KB_GVARIANT, &m);
	kb_message_unref(m);
	kb_buffer_deinit(&buffer);
	return r;
}

#define PATH		{ 1, "o", "/a", 0 }
#define INTERFACE	{ 2, "s", "a.b", 0 }
#define MEMBER		{ 3, "s", "M", 0 }
#define ERROR_NAME	{ 4, "s", "a.E", 0 }
#define REPLY		{ 5, "t", NULL, 9 }

static const struct {
	const char *why;
	uint8_t type;
	int result;
	struct field fields[6];
} headers[] = {
	{ "call", KB_METHOD_CALL, 0, { PATH, MEMBER } },
	{ "call in another order", KB_METHOD_CALL, 0, { MEMBER, PATH } },
	{ "call without path", KB_METHOD_CALL, -EBADMSG, { MEMBER } },
	{ "call without member", KB_METHOD_CALL, -EBADMSG, { PATH } },
	{ "call with reply cookie", KB_METHOD_CALL, -EBADMSG,
	  { PATH, MEMBER, REPLY } },
	{ "signal", KB_SIGNAL, 0, { PATH, INTERFACE, MEMBER } },
	{ "signal without interface", KB_SIGNAL, -EBADMSG, { PATH, MEMBER } },
	{ "return", KB_METHOD_RETURN, 0, { REPLY } },
	{ "return without cookie", KB_METHOD_RETURN, -EBADMSG, { PATH } },
	{ "error", KB_ERROR, 0, { REPLY, ERROR_NAME } },
	{ "error without name", KB_ERROR, -EBADMSG, { REPLY } },
	{ "reply cookie 0", KB_METHOD_RETURN, -EBADMSG,
	  { { 5, "t", NULL, 0 } } },
	{ "reply cookie of 32 bits", KB_METHOD_RETURN, -EBADMSG,
	  { { 5, "u", NULL, 9 } } },
	{ "unknown field", KB_METHOD_CALL, 0,
	  { PATH, MEMBER, { 77, "s", "x", 0 } } },
	{ "field over 255", KB_METHOD_CALL, 0,
	  { PATH, MEMBER, { 0x100000001, "s", "x", 0 } } },
	{ "field 0", KB_METHOD_CALL, -EBADMSG,
	  { PATH, MEMBER, { 0, "s", "x", 0 } } },
	{ "field 8", KB_METHOD_CALL, -EBADMSG,
	  { PATH, MEMBER, { 8, "g", "s", 0 } } },
	{ "field twice", KB_METHOD_CALL, -EBADMSG, { PATH, MEMBER, PATH } },
	{ "wrong type", KB_METHOD_CALL, -EBADMSG,
	  { { 1, "s", "/a", 0 }, MEMBER } },
	{ "bad member", KB_METHOD_CALL, -EBADMSG,
	  { PATH, { 3, "s", "a.b", 0 } } },
	{ "bad interface", KB_METHOD_CALL, -EBADMSG,
	  { PATH, MEMBER, { 2, "s", "ab", 0 } } },
	{ "bad destination", KB_METHOD_CALL, -EBADMSG,
	  { PATH, MEMBER, { 6, "s", "ab", 0 } } },
	{ "local path", KB_METHOD_CALL, -EBADMSG,
	  { { 1, "o", "/org/freedesktop/DBus/Local", 0 }, MEMBER } },
	{ "local interface", KB_METHOD_CALL, -EBADMSG,
	  { PATH, MEMBER, { 2, "s", "org.freedesktop.DBus.Local", 0 } } },
	{ "local sender", KB_METHOD_CALL, -EBADMSG,
	  { PATH, MEMBER, { 7, "s", "org.freedesktop.DBus.Local", 0 } } },
	{ "descriptors that did not come", KB_METHOD_CALL, -EBADMSG,
	  { PATH, MEMBER, { 9, "u", NULL, 1 } } },
	{ "type 0", 0, -EBADMSG, { PATH, MEMBER } },
	{ "type 5", 5, -EBADMSG, { PATH, MEMBER } },
};

Test(marshal, headers_follow_the_rules)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(headers); i++)
		cr_expect_eq(decode_fields(headers[i].type, 1, 1,
					   headers[i].fields),
			     headers[i].result, "%s", headers[i].why);
	cr_expect_eq(decode_fields(KB_METHOD_CALL, 1, 0, headers[0].fields),
		     -EBADMSG);
}

Test(marshal, foreign_order_and_version_are_not_for_us)
{
	uint8_t bytes[512];
	size_t size = test_unhex(call_bytes, bytes, sizeof(bytes));
	struct kb_message *m;

	bytes[0] = 'B';
	cr_expect_eq(decode(bytes, size, KB_GVARIANT, &m), -EBADMSG);
	bytes[0] = 'l';
	bytes[3] = 1;
	cr_expect_eq(decode(bytes, size, KB_GVARIANT, &m), -EBADMSG);
	bytes[3] = 2;
	bytes[4] = 1;
	cr_expect_eq(decode(bytes, size, KB_GVARIANT, &m), -EBADMSG);
}

/* dbus1 */

/* A call by hand, in both byte orders: serial 1, path, member, "u" 7. */
static const char dbus1_le[] =
	"6c 01 00 01 04 00 00 00 01 00 00 00 27 00 00 00"
	"01 01 6f 00 02 00 00 00 2f 61 00 00 00 00 00 00"
	"03 01 73 00 01 00 00 00 4d 00 00 00 00 00 00 00"
	"08 01 67 00 01 75 00 00"
	"07 00 00 00";
static const char dbus1_be[] =
	"42 01 00 01 00 00 00 04 00 00 00 01 00 00 00 27"
	"01 01 6f 00 00 00 00 02 2f 61 00 00 00 00 00 00"
	"03 01 73 00 00 00 00 01 4d 00 00 00 00 00 00 00"
	"08 01 67 00 01 75 00 00"
	"00 00 00 07";

Test(marshal, dbus1_is_read_in_both_byte_orders)
{
	static const char *const texts[] = { dbus1_le, dbus1_be };

	for (size_t i = 0; i < 2; i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
		uint8_t bytes[256];
		size_t size = test_unhex(texts[i], bytes, sizeof(bytes));
		uint32_t u = 0;

		cr_expect_eq(kb_message_size_dbus1(bytes), (int64_t)size);
		cr_assert_eq(decode(bytes, size, KB_DBUS1, &m), 0);
		cr_expect_eq(m->cookie, 1);
		cr_expect_str_eq(m->path, "/a");
		cr_expect_str_eq(m->member, "M");
		cr_expect_str_eq(m->signature, "u");
		cr_expect_eq(kb_message_read(m, "u", &u), 0);
		cr_expect_eq(u, 7);

		for (size_t n = 0; n < size; n++) {
			struct kb_message *cut;

			cr_expect_eq(decode(bytes, n, KB_DBUS1, &cut),
				     -EBADMSG);
		}
	}
}

Test(marshal, what_dbus1_encodes_it_decodes)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *back = NULL;
	_cleanup_(kb_buffer_deinit) struct kb_buffer buffer = {};
	char *strv[] = { "a", NULL };
	const char *s;

	cr_assert_eq(kb_message_new_call("org.x", "/a", "a.b", "M", &m), 0);
	kb_message_set(m, KB_FIELD_SENDER, ":1.1");
	m->cookie = 77;
	m->flags = KB_NO_AUTO_START;
	cr_assert_eq(kb_message_append(m, "sas", "x", strv), 0);
	kb_buffer_append(&buffer, "xxx", 3);
	cr_assert_eq(kb_message_encode_dbus1(m, &buffer), 0);
	cr_expect_eq(kb_message_size_dbus1(buffer.data + 3),
		     (int64_t)buffer.size - 3);
	cr_assert_eq(decode(buffer.data + 3, buffer.size - 3, KB_DBUS1,
			    &back), 0);
	for (int i = 1; i < KB_FIELD_UNIX_FDS; i++)
		cr_expect(kb_streq_null(back->fields[i], m->fields[i]), "%d",
			  i);
	cr_expect_eq(back->cookie, 77);
	cr_expect_eq(back->flags, KB_NO_AUTO_START);
	cr_expect_eq(kb_message_read(back, "sas", &s, NULL), 0);
	cr_expect_str_eq(s, "x");
}

Test(marshal, dbus1_flips_do_no_harm)
{
	uint8_t bytes[256];
	size_t size = test_unhex(dbus1_le, bytes, sizeof(bytes));

	for (size_t i = 0; i < size * 256; i++) {
		struct kb_message *m = NULL;
		uint8_t saved = bytes[i / 256];

		bytes[i / 256] = i;
		if (decode(bytes, size, KB_DBUS1, &m) >= 0) {
			kb_message_validate(m);
			kb_message_unref(m);
		}
		bytes[i / 256] = saved;
	}
}

Test(marshal, sizes_are_limited)
{
	uint8_t head[16] = { 'l', 1, 0, 1 };
	uint32_t size;

	size = KB_MESSAGE_MAX - 16;
	memcpy(head + 4, &size, 4);
	cr_expect_eq(kb_message_size_dbus1(head), KB_MESSAGE_MAX);
	size++;
	memcpy(head + 4, &size, 4);
	cr_expect_eq(kb_message_size_dbus1(head), -EBADMSG);
	size = UINT32_MAX;
	memcpy(head + 4, &size, 4);
	memcpy(head + 12, &size, 4);
	cr_expect_eq(kb_message_size_dbus1(head), -EBADMSG);
	memset(head + 4, 0, 4);
	size = KB_ARRAY_MAX + 1;
	memcpy(head + 12, &size, 4);
	cr_expect_eq(kb_message_size_dbus1(head), -EBADMSG);
	memset(head + 12, 0, 4);
	cr_expect_eq(kb_message_size_dbus1(head), 16);
	head[3] = 2;
	cr_expect_eq(kb_message_size_dbus1(head), -EBADMSG);
	head[3] = 1;
	head[0] = 'x';
	cr_expect_eq(kb_message_size_dbus1(head), -EBADMSG);
}

Test(marshal, incomplete_messages_are_not_encoded)
{
	static const struct {
		enum kb_field field;
		const char *value;
	} bad[] = {
		{ KB_FIELD_PATH, NULL }, { KB_FIELD_PATH, "nopath" },
		{ KB_FIELD_MEMBER, NULL }, { KB_FIELD_MEMBER, "a.b" },
		{ KB_FIELD_INTERFACE, "x" }, { KB_FIELD_DESTINATION, "x" },
		{ KB_FIELD_PATH, "/org/freedesktop/DBus/Local" },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(bad); i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
		_cleanup_(kb_buffer_deinit) struct kb_buffer buffer = {};

		cr_assert_eq(kb_message_new_call("a.b", "/a", "a.b", "M", &m),
			     0);
		m->cookie = 1;
		cr_expect_eq(kb_message_encode_gvariant(m, &buffer), 0);
		cr_expect_eq(kb_message_encode_dbus1(m, &buffer), 0);
		kb_message_set(m, bad[i].field, bad[i].value);
		cr_expect_eq(kb_message_encode_gvariant(m, &buffer), -EINVAL);
		cr_expect_eq(kb_message_encode_dbus1(m, &buffer), -EINVAL);
	}
}

Test(marshal, cookies_that_do_not_fit_are_not_cut)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	_cleanup_(kb_buffer_deinit) struct kb_buffer buffer = {};

	cr_assert_eq(kb_message_new_call("a.b", "/a", "a.b", "M", &m), 0);
	cr_expect_eq(kb_message_encode_dbus1(m, &buffer), -EINVAL);
	m->cookie = UINT64_C(1) << 32;
	cr_expect_eq(kb_message_encode_dbus1(m, &buffer), -ERANGE);
	cr_expect_eq(buffer.size, 0);
	cr_expect_eq(kb_message_encode_gvariant(m, &buffer), 0);
}

Test(marshal, descriptors_are_taken_as_the_header_says)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *back = NULL;
	_cleanup_(kb_buffer_deinit) struct kb_buffer buffer = {};
	int fds[] = { -1, -1, -1 };

	cr_assert_eq(kb_message_new_call("a.b", "/a", "a.b", "M", &m), 0);
	m->cookie = 1;
	kb_message_add_fd(m, -1, NULL);
	kb_message_add_fd(m, -1, NULL);
	cr_assert_eq(kb_message_append(m, "hh", 0, 1), 0);
	cr_assert_eq(kb_message_encode_dbus1(m, &buffer), 0);
	cr_expect_eq(kb_message_n_fds_dbus1(buffer.data, buffer.size), 2);
	cr_expect_eq(kb_message_n_fds_dbus1(buffer.data, buffer.size - 1),
		     -EBADMSG);
	buffer.data[1] = 0;
	cr_expect_eq(kb_message_n_fds_dbus1(buffer.data, buffer.size),
		     -EBADMSG);
	buffer.data[1] = KB_METHOD_CALL;
	cr_expect_eq(kb_message_decode_dbus1(buffer.data, buffer.size, fds, 1,
					     &back), -EAGAIN);
	cr_expect_eq(kb_message_decode_dbus1(buffer.data, buffer.size, fds, 3,
					     &back), 0);
	cr_expect_eq(back->n_fds, 2);
	back = kb_message_unref(back);

	buffer.size = 0;
	cr_assert_eq(kb_message_encode_gvariant(m, &buffer), 0);
	cr_expect_eq(kb_message_decode_gvariant(buffer.data, buffer.size, fds,
						3, &back), -EBADMSG);
	cr_expect_eq(kb_message_decode_gvariant(buffer.data, buffer.size, fds,
						2, &back), 0);
	cr_expect_eq(kb_message_validate(back), 0);
}

/* A dbus1 call with one field changed to what never may be in it. */
Test(marshal, dbus1_headers_follow_the_rules)
{
	static const struct {
		const char *path, *interface;
		int result;
	} cases[] = {
		{ "/a", "a.b", 0 },
		{ "/org/freedesktop/DBus/Local", "a.b", -EBADMSG },
		{ "/a", "org.freedesktop.DBus.Local", -EBADMSG },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		_cleanup_(kb_buffer_deinit) struct kb_buffer buffer = {};
		_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
		struct kb_writer writer;

		kb_writer_init(&writer, KB_DBUS1, &buffer);
		kb_writer_append(&writer, "yyyyuua(yv)", 'l', KB_METHOD_CALL,
				 0, 1, 0, 1, 3, 1, "o", cases[i].path, 2, "s",
				 cases[i].interface, 3, "s", "M");
		cr_assert_eq(kb_writer_finish(&writer), 0);
		kb_writer_deinit(&writer);
		kb_buffer_align(&buffer, 8);
		cr_expect_eq(decode(buffer.data, buffer.size, KB_DBUS1, &m),
			     cases[i].result, "%zu", i);
	}
}

Test(marshal, unknown_types_of_dbus1_are_no_error)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	uint8_t bytes[256];
	size_t size = test_unhex(dbus1_le, bytes, sizeof(bytes));

	bytes[1] = 9;
	cr_expect_eq(decode(bytes, size, KB_DBUS1, &m), 0);
	cr_expect_eq(m->type, 9);
	bytes[1] = 0;
	m = kb_message_unref(m);
	cr_expect_eq(decode(bytes, size, KB_DBUS1, &m), -EBADMSG);
}

Test(marshal, a_proxy_keeps_what_passes_through)
{
	struct kb_message *in = NULL, *out = NULL;
	struct kb_buffer a = {}, b = {}, c = {};
	char *strv[] = { "x", "yy", NULL };

	cr_assert_eq(kb_message_new_signal("/a/b", "a.b", "C", &in), 0);
	in->cookie = 3;
	cr_assert_eq(kb_message_append(in, "usasv", 1, "z", strv, "(tay)",
				       UINT64_C(5), "abc", (size_t)3), 0);
	cr_assert_eq(kb_message_encode_dbus1(in, &a), 0);
	in = kb_message_unref(in);
	cr_assert_eq(kb_message_decode_dbus1(a.data, a.size, NULL, 0, &in), 0);
	cr_assert_eq(kb_message_encode_gvariant(in, &b), 0);
	cr_assert_eq(kb_message_decode_gvariant(b.data, b.size, NULL, 0, &out),
		     0);
	cr_assert_eq(kb_message_encode_dbus1(out, &c), 0);
	test_assert_bytes(c.data, c.size, a.data, a.size, "round trip");
	kb_message_unref(in);
	kb_message_unref(out);
	kb_buffer_deinit(&a);
	kb_buffer_deinit(&b);
	kb_buffer_deinit(&c);
}
