// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages: made, sealed, read, converted. */
#include <fcntl.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/message.h"
#include "tests/unit/lib/util.h"

Test(message, a_call_has_what_it_was_given)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	const char *s;
	uint32_t u;

	cr_assert_eq(kb_message_new_call("org.x", "/a", NULL, "M", &m), 0);
	cr_expect_eq(m->type, KB_METHOD_CALL);
	cr_expect_eq(m->flags, 0);
	cr_expect_str_eq(m->destination, "org.x");
	cr_expect_str_eq(m->fields[KB_FIELD_PATH], "/a");
	cr_expect_null(m->interface);
	cr_assert_eq(kb_message_append(m, "su", "hi", 7), 0);
	cr_expect_str_eq(m->signature, "");
	cr_assert_eq(kb_message_seal(m), 0);
	cr_expect_str_eq(m->signature, "su");
	cr_expect_eq(kb_message_append(m, "u", 1), -EINVAL);
	cr_expect_eq(kb_message_read(m, "su", &s, &u), 0);
	cr_expect_str_eq(s, "hi");
	cr_expect_eq(u, 7);
	cr_expect_eq(kb_message_read(m, "s", &s), -EINVAL);
	cr_expect_eq(kb_message_read(m, "", NULL), -EINVAL);
}

static int new_error(struct kb_message **out, const struct kb_message *call, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = kb_message_new_errorv(call, KB_ERROR_FAILED, format, args, out);
	va_end(args);
	return r;
}

Test(message, a_reply_goes_back_to_the_id)
{
	_cleanup_(kb_message_unrefp) struct kb_message *call = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *error = NULL;
	const char *text;

	cr_assert_eq(kb_message_new_call("a.b", "/", NULL, "M", &call), 0);
	call->cookie = 42;
	kb_message_set(call, KB_FIELD_SENDER, ":1.7");
	cr_assert_eq(kb_message_new_return(call, &reply), 0);
	cr_expect_str_eq(reply->destination, ":1.7");
	cr_expect_eq(reply->reply_cookie, 42);
	cr_expect_eq(reply->flags, KB_NO_REPLY_EXPECTED);

	/* a received call: the name in SENDER may be another */
	call->src_id = 9;
	cr_assert_eq(new_error(&error, call, "no %s", "way"), 0);
	cr_expect_str_eq(error->destination, ":1.9");
	cr_expect_str_eq(error->error_name, KB_ERROR_FAILED);
	cr_assert_eq(kb_message_seal(error), 0);
	cr_expect_eq(kb_message_read(error, "s", &text), 0);
	cr_expect_str_eq(text, "no way");
}

Test(message, strings_of_any_length_live_with_it)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	char text[1000];

	cr_assert_eq(kb_message_new(KB_SIGNAL, &m), 0);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	for (int i = 0; i < 50; i++)
		cr_assert_eq(kb_message_set(m, KB_FIELD_MEMBER, text + i * 20),
			     0);
	cr_expect_str_eq(m->member, text + 49 * 20);
	cr_expect_eq(kb_message_set(m, KB_FIELD_MEMBER, NULL), 0);
	cr_expect_null(m->member);
	cr_expect_eq(kb_message_set(m, KB_FIELD_SIGNATURE, "s"), -EINVAL);
	cr_expect_eq(kb_message_set(m, KB_FIELD_REPLY_COOKIE, "s"), -EINVAL);
	cr_expect_eq(kb_message_set(m, 0, "s"), -EINVAL);
	cr_expect_eq(kb_message_set(m, 99, "s"), -EINVAL);
}

Test(message, descriptors_are_closed_with_it)
{
	struct kb_message *m = NULL;
	uint32_t index;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	cr_assert_eq(kb_message_new(KB_SIGNAL, &m), 0);
	cr_expect_eq(kb_message_add_fd(m, -1, &index), 0);
	cr_expect_eq(index, 0);
	cr_expect_eq(kb_message_add_fd(m, fd, &index), 0);
	cr_expect_eq(index, 1);
	cr_assert_eq(kb_message_append(m, "h", index), 0);
	cr_assert_eq(kb_message_seal(m), 0);
	cr_expect_eq(kb_message_validate(m), 0);
	kb_message_ref(m);
	kb_message_unref(m);
	cr_expect_geq(fcntl(fd, F_GETFD), 0);
	cr_expect_null(kb_message_unref(m));
	cr_expect_lt(fcntl(fd, F_GETFD), 0);
	cr_expect_null(kb_message_unref(NULL));
}

Test(message, an_index_without_descriptor_is_invalid)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;

	cr_assert_eq(kb_message_new(KB_SIGNAL, &m), 0);
	cr_assert_eq(kb_message_append(m, "h", 0), 0);
	cr_assert_eq(kb_message_seal(m), 0);
	cr_expect_eq(kb_message_validate(m), -EBADMSG);
}

/* The body in a format, in one piece. */
static struct kb_buffer body_in(struct kb_message *m, enum kb_format format)
{
	struct kb_buffer body = {};
	struct kb_pieces pieces;

	cr_assert_eq(kb_message_pieces(m, format, &pieces), 0);
	for (size_t i = 0; i < pieces.n; i++)
		cr_assert_eq(kb_buffer_append(&body, pieces.iov[i].iov_base,
					      pieces.iov[i].iov_len), 0);
	cr_assert_eq(body.size, pieces.size);
	return body;
}

Test(message, bodies_are_there_in_both_formats)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *empty = NULL;
	static const enum kb_format formats[] = {
		KB_DBUS1, KB_GVARIANT, KB_DBUS1,
	};
	static const size_t sizes[] = { 26, 9, 26 }, empties[] = { 0, 1, 0 };
	char *strv[] = { "a", "b", NULL };
	struct kb_buffer body;
	const char *s;

	cr_assert_eq(kb_message_new_signal("/a", "a.b", "C", &m), 0);
	cr_assert_eq(kb_message_append(m, "sas", "x", strv), 0);
	cr_assert_eq(kb_message_new_signal("/a", "a.b", "C", &empty), 0);
	for (size_t i = 0; i < KB_ARRAY_SIZE(formats); i++) {
		cr_assert_eq(kb_message_convert(m, formats[i]), 0);
		body = body_in(m, formats[i]);
		cr_expect_eq(body.size, sizes[i]);
		kb_buffer_deinit(&body);
		cr_expect_eq(kb_message_read(m, "sas", &s, NULL), 0);
		cr_expect_str_eq(s, "x");

		body = body_in(empty, formats[i]);
		cr_expect_eq(body.size, empties[i]);
		kb_buffer_deinit(&body);
		cr_expect_eq(kb_message_read(empty, ""), 0);
	}
}

/* Large values between small ones, more of them than can stay where they are,
 * and one that is too small to. */
Test(message, large_values_are_not_copied)
{
	static const size_t sizes[] = { 5000, 4095, 70000, 4096, 9000, 8000 };
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *back = NULL;
	struct kb_buffer bytes = {}, again = {};
	struct kb_pieces pieces;
	char *text = malloc(70001);

	memset(text, 'x', 70000);
	text[70000] = '\0';
	cr_assert_eq(kb_message_new_signal("/a", "a.b", "C", &m), 0);
	m->cookie = 1;
	for (size_t i = 0; i < KB_ARRAY_SIZE(sizes); i++)
		cr_assert_eq(kb_message_append(m, "say(tv)", text + i,
					       text, sizes[i], UINT64_C(7),
					       "s", "short"), 0);
	cr_assert_eq(kb_message_encode_dbus1(m, &bytes), 0);
	cr_assert_eq(kb_message_pieces(m, KB_DBUS1, &pieces), 0);
	cr_expect_eq(pieces.n, 2 * KB_BORROWED_MAX + 1);

	cr_assert_eq(kb_message_decode_dbus1(bytes.data, bytes.size, NULL, 0,
					     &back), 0);
	cr_assert_eq(kb_message_pieces(back, KB_GVARIANT, &pieces), 0);
	/* two of them lie side by side, and nothing is before the first */
	cr_expect_eq(pieces.n, 2 * KB_BORROWED_MAX - 1);
	cr_expect_eq(pieces.iov[0].iov_base, back->body + 4);
	cr_expect_eq(pieces.size, m->body_size);
	for (size_t i = 0; i < pieces.n; i++)
		kb_buffer_append(&again, pieces.iov[i].iov_base,
				 pieces.iov[i].iov_len);
	cr_expect_eq(memcmp(again.data, m->body, m->body_size), 0);
	kb_buffer_deinit(&bytes);
	kb_buffer_deinit(&again);
	free(text);
}

Test(message, a_detached_one_outlives_its_bytes)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *got = NULL;
	static char text[6000];
	struct kb_buffer bytes = {}, body;
	const char *s;

	memset(text, 'x', sizeof(text) - 1);
	cr_assert_eq(kb_message_new_call("a.b", "/a", "a.b", "M", &m), 0);
	m->cookie = 1;
	cr_assert_eq(kb_message_append(m, "s", text), 0);
	cr_assert_eq(kb_message_encode_dbus1(m, &bytes), 0);
	cr_assert_eq(kb_message_decode_dbus1(bytes.data, bytes.size, NULL, 0,
					     &got), 0);
	cr_assert_eq(kb_message_convert(got, KB_GVARIANT), 0);
	cr_assert_eq(kb_message_detach(got), 0);
	memset(bytes.data, 0, bytes.size);
	kb_buffer_deinit(&bytes);

	cr_expect_str_eq(got->path, "/a");
	cr_expect_str_eq(got->member, "M");
	cr_expect_str_eq(got->destination, "a.b");
	cr_assert_eq(kb_message_read(got, "s", &s), 0);
	cr_expect_str_eq(s, text);
	body = body_in(got, KB_GVARIANT);
	cr_expect_str_eq((char *)body.data, text);
	kb_buffer_deinit(&body);
}

Test(message, a_body_may_have_no_bytes)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
	_cleanup_(kb_strv_freep) char **strv = NULL;

	/* an empty array is nothing in GVariant, and not the same as none */
	cr_assert_eq(kb_message_new_signal("/a", "a.b", "C", &m), 0);
	cr_assert_eq(kb_message_append(m, "as", NULL), 0);
	cr_assert_eq(kb_message_seal(m), 0);
	cr_expect_eq(m->body_size, 0);
	cr_expect_not_null(m->body);
	cr_expect_eq(kb_message_append(m, "s", "x"), -EINVAL);
	cr_expect_eq(kb_message_read(m, "as", &strv), 0);
	cr_expect_eq(kb_strv_length(strv), 0);
}

Test(message, an_unfinished_body_cannot_be_sealed)
{
	_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;

	cr_assert_eq(kb_message_new_signal("/a", "a.b", "C", &m), 0);
	cr_assert_eq(kb_writer_open(kb_message_writer(m), 'a', "s"), 0);
	cr_expect_eq(kb_message_seal(m), -EINVAL);
	cr_expect_eq(kb_message_seal(m), -EINVAL);
}
