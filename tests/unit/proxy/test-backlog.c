/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client is ahead of the bus. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/message.h"
#include "proxy/backlog.h"

static struct backlog backlog;

static struct kb_message *new_call(unsigned int number)
{
	struct kb_message *call;
	char member[16];

	snprintf(member, sizeof(member), "M%u", number);
	cr_assert_eq(kb_message_new_call("a.b", "/", NULL, member, &call), 0);
	cr_assert_eq(kb_message_append(call, "u", number), 0);
	cr_assert_eq(kb_message_seal(call), 0);
	return call;
}

static void add(unsigned int number)
{
	struct kb_message *call = new_call(number);

	cr_assert_eq(backlog_add(&backlog, call), 0);
	kb_message_unref(call);
}

/* the first is the one with @number; it is dropped */
static void expect_first(unsigned int number)
{
	const struct kb_message *first = backlog_peek(&backlog);
	unsigned int body = 0;
	char member[16];

	cr_assert_not_null(first);
	snprintf(member, sizeof(member), "M%u", number);
	cr_expect_str_eq(first->member, member);
	cr_expect_eq(kb_message_read(first, "u", &body), 0);
	cr_expect_eq(body, number);
	backlog_drop(&backlog);
}

static void expect_empty(void)
{
	cr_expect_null(backlog_peek(&backlog));
	cr_expect_eq(backlog.n, 0);
	cr_expect_eq(backlog.n_calls, 0);
	cr_expect_eq(backlog.n_fds, 0);
	cr_expect_eq(backlog.bytes, 0);
}

Test(backlog, messages_leave_in_the_order_they_came_in)
{
	unsigned int in = 0, out = 0;

	expect_empty();
	/* two in, one out; then the rest: through every way of making room */
	while (in < 1000) {
		add(in++);
		add(in++);
		expect_first(out++);
	}
	while (out < in)
		expect_first(out++);
	for (unsigned int i = 0; i < 1000; i++) {
		add(i);
		expect_first(i);
	}
	cr_expect_lt(backlog.room, 2000, "room is used again");
	expect_empty();
	backlog_deinit(&backlog);
}

Test(backlog, a_message_needs_the_bytes_it_came_from_no_longer)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = { 0 };
	struct kb_message *call = new_call(7), *decoded;

	call->cookie = 1;
	cr_assert_eq(kb_message_encode_dbus1(call, &bytes), 0);
	kb_message_unref(call);
	cr_assert_eq(kb_message_decode_dbus1(bytes.data, bytes.size, NULL, 0, &decoded), 0);
	cr_assert_eq(kb_message_convert(decoded, KB_GVARIANT), 0);
	cr_assert_eq(backlog_add(&backlog, decoded), 0);
	kb_message_unref(decoded);
	memset(bytes.data, 'x', bytes.size);
	expect_first(7);
	backlog_deinit(&backlog);
}

Test(backlog, counts_what_it_holds)
{
	struct kb_message *signal;
	int fds[2];

	cr_assert_eq(kb_message_new_signal("/", "a.b", "Changed", &signal), 0);
	cr_assert_eq(pipe(fds), 0);
	cr_assert_eq(kb_message_add_fd(signal, fds[0], NULL), 0);
	cr_assert_eq(kb_message_add_fd(signal, fds[1], NULL), 0);
	add(1);
	cr_assert_eq(backlog_add(&backlog, signal), 0);
	kb_message_unref(signal);
	add(2);
	cr_expect_eq(backlog.n, 3);
	cr_expect_eq(backlog.n_calls, 2);
	cr_expect_eq(backlog.n_fds, 2);
	cr_expect_gt(backlog.bytes, 3 * sizeof(struct kb_message));
	while (backlog.n > 0)
		backlog_drop(&backlog);
	expect_empty();
	backlog_deinit(&backlog);
}

Test(backlog, nobody_waits_for_replies_of_who_is_gone)
{
	add(1);
	add(2);
	backlog_forgo_replies(&backlog);
	cr_expect_eq(backlog.n_calls, 0);
	cr_expect(backlog_peek(&backlog)->flags & KB_NO_REPLY_EXPECTED);
	expect_first(1);
	expect_first(2);
	expect_empty();
	backlog_deinit(&backlog);
}

Test(backlog, what_is_left_goes_with_it)
{
	for (unsigned int i = 0; i < 100; i++)
		add(i);
	backlog_deinit(&backlog);
	expect_empty();
	cr_expect_null(backlog.messages);
}
