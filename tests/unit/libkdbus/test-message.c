// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages of libkdbus, which need no bus to be made and read. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/error.h"
#include "libkdbus/message.h"

static struct kdbus_message *new_call(void)
{
	struct kdbus_message *call;

	cr_assert_eq(kdbus_message_new_call("org.x", "/a", NULL, "M", &call), 0);
	call->kb->cookie = 42;
	return call;
}

Test(message, has_what_it_was_given)
{
	struct kdbus_message *call = new_call();

	cr_expect_eq(kdbus_message_type(call), KDBUS_METHOD_CALL);
	cr_expect_str_eq(kdbus_message_destination(call), "org.x");
	cr_expect_str_eq(kdbus_message_path(call), "/a");
	cr_expect_null(kdbus_message_interface(call));
	cr_expect_str_eq(kdbus_message_member(call), "M");
	cr_expect_str_eq(kdbus_message_error_text(call), "");
	cr_expect_eq(kdbus_message_set_flags(call, KDBUS_NO_REPLY | KDBUS_NO_START), 0);
	cr_expect_eq(kdbus_message_flags(call), KDBUS_NO_REPLY | KDBUS_NO_START);
	cr_expect_eq(kdbus_message_set_flags(call, 8), -EINVAL);
	cr_expect_null(kdbus_message_unref(call));
	cr_expect_null(kdbus_message_unref(NULL));
}

Test(message, lives_as_long_as_its_references)
{
	struct kdbus_message *call = new_call();

	cr_expect_eq(kdbus_message_ref(call), call);
	kdbus_message_unref(call);
	cr_expect_str_eq(kdbus_message_member(call), "M");
	kdbus_message_unref(call);
}

Test(message, is_read_where_it_was_left)
{
	struct kdbus_message *call = new_call();
	const char *s, *t;
	uint32_t u;

	cr_assert_eq(kdbus_message_append(call, "su", "one", 1), 0);
	cr_expect_str_eq(kdbus_message_signature(call), "su");
	cr_assert_eq(kdbus_message_append(call, "s", "two"), 0);
	cr_expect_eq(kdbus_message_read(call, "u", &u), -ENXIO);
	cr_expect_eq(kdbus_message_read(call, "s", &s), 0);
	cr_expect_eq(kdbus_message_read(call, "us", &u, &t), 0);
	cr_expect_str_eq(s, "one");
	cr_expect_str_eq(t, "two");
	cr_expect_eq(kdbus_message_peek(call), 0);
	cr_expect_eq(kdbus_message_rewind(call), 0);
	cr_expect_eq(kdbus_message_skip(call), 0);
	cr_expect_eq(kdbus_message_peek(call), 'u');
	/* what is read is complete */
	cr_expect_eq(kdbus_message_append(call, "u", 1), -EINVAL);
	cr_expect_str_eq(kdbus_message_signature(call), "sus");
	kdbus_message_unref(call);
}

Test(message, keeps_the_first_mistake)
{
	struct kdbus_message *call = new_call();

	cr_expect_eq(kdbus_message_append(call, "o", "no path"), -EINVAL);
	cr_expect_eq(kdbus_message_append(call, "u", 1), -EINVAL);
	cr_expect_eq(kdbus_message_peek(call), -EINVAL);
	kdbus_message_unref(call);
}

Test(message, becomes_an_error_that_answers_the_same_call)
{
	struct kdbus_message *call = new_call(), *reply;
	uint32_t u;

	cr_assert_eq(kdbus_message_new_return(call, &reply), 0);
	cr_assert_eq(kdbus_message_append(reply, "u", 7), 0);
	cr_assert_eq(kdbus_message_read(reply, "u", &u), 0);
	cr_assert_eq(kdbus_fail(reply, KB_ERROR_FAILED, "It is over"), 0);
	cr_expect_eq(kdbus_message_type(reply), KDBUS_ERROR);
	cr_expect_eq(reply->kb->reply_cookie, 42);
	cr_expect_str_eq(kdbus_message_error_name(reply), KB_ERROR_FAILED);
	cr_expect_str_eq(kdbus_message_error_text(reply), "It is over");
	cr_expect_str_eq(kdbus_message_signature(reply), "s");
	cr_assert_eq(kdbus_fail(reply, KB_ERROR_FAILED, NULL), 0);
	cr_expect_str_eq(kdbus_message_error_text(reply), "");
	kdbus_message_unref(reply);
	kdbus_message_unref(call);
}

Test(message, answers_calls_only)
{
	struct kdbus_message *signal, *reply;

	cr_assert_eq(kdbus_message_new_signal("/a", "a.b", "C", &signal), 0);
	cr_expect_eq(kdbus_message_new_return(signal, &reply), -EINVAL);
	cr_expect_eq(kdbus_message_new_error(signal, KB_ERROR_FAILED, NULL, &reply), -EINVAL);
	kdbus_message_unref(signal);
}

Test(message, owns_its_descriptors)
{
	struct kdbus_message *call = new_call();
	int a = open("/dev/null", O_CLOEXEC), b = open("/dev/null", O_CLOEXEC);
	int c = open("/dev/null", O_CLOEXEC);

	cr_expect_eq(kdbus_message_add_fd(call, -1), -EBADF);
	cr_expect_eq(kdbus_message_add_fd(call, a), 0);
	cr_expect_eq(kdbus_message_add_fd(call, b), 1);
	cr_expect_eq(kdbus_message_fd(call, 0), a);
	cr_expect_eq(kdbus_message_take_fd(call, 1), b);
	cr_expect_eq(kdbus_message_take_fd(call, 1), -1);
	cr_expect_eq(kdbus_message_fd(call, 2), -1);
	cr_expect_eq(kdbus_message_peek(call), 0);
	cr_expect_eq(kdbus_message_add_fd(call, c), -EINVAL);
	kdbus_message_unref(call);
	cr_expect_lt(fcntl(a, F_GETFD), 0);
	cr_expect_geq(fcntl(b, F_GETFD), 0);
	cr_expect_lt(fcntl(c, F_GETFD), 0);
	close(b);
}

Test(message, leaves_a_memfd_to_its_owner)
{
	struct kdbus_message *call = new_call();
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const void *data;
	size_t size;

	cr_assert_eq(ftruncate(fd, 5), 0);
	cr_expect_eq(kdbus_message_append_memfd(call, -1, 0, 5), -EBADF);
	cr_expect_eq(kdbus_message_append_memfd(call, fd, 0, 5), 0);
	cr_expect_eq(kdbus_message_read(call, "ay", &data, &size), 0);
	cr_expect_eq(size, 5);
	kdbus_message_unref(call);
	cr_expect_geq(fcntl(fd, F_GETFD), 0);
	close(fd);
}
