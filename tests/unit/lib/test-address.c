// SPDX-License-Identifier: LGPL-2.1-or-later
/* Addresses of buses. */
#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include "lib/address.h"
#include "lib/util.h"

Test(address, alternatives_come_in_order)
{
	const char *list = "kernel:path=/a%2fb,guid=0f;;unix:abstract=x;"
			   "x-machine-kernel:machine=m1;/plain";
	struct kb_address a;

	cr_assert_eq(kb_address_next(&list, &a), 1);
	cr_expect_str_eq(a.transport, "kernel");
	cr_expect_str_eq(a.path, "/a/b");
	cr_assert_eq(kb_address_next(&list, &a), 1);
	cr_expect_str_eq(a.transport, "unix");
	cr_expect_str_eq(a.abstract, "x");
	cr_expect_str_eq(a.path, "");
	cr_assert_eq(kb_address_next(&list, &a), 1);
	cr_expect_str_eq(a.machine, "m1");
	cr_assert_eq(kb_address_next(&list, &a), 1);
	cr_expect_str_eq(a.transport, "kernel");
	cr_expect_str_eq(a.path, "/plain");
	cr_expect_eq(kb_address_next(&list, &a), 0);
	cr_expect_eq(kb_address_next(&list, &a), 0);
}

Test(address, malformed_ones_are_refused)
{
	static const char *const bad[] = {
		"kernel", ":path=/x", "kernel:path", "kernel:path=%2",
		"kernel:path=%zz", "kernel:path=%00", "kernel:,",
		"kernel:path=/a b", "unix:path=/a+b", "unix:abstract=~",
		"unix:path=", "unix:=x", "unix:path=/x,guid=",
		"unix:path=/x,other==", "unix:path=/x,other=a b",
		"averyveryveryveryverylongtransport:path=/x",
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(bad); i++) {
		const char *list = bad[i];
		struct kb_address a;

		cr_expect_eq(kb_address_next(&list, &a), -EINVAL, "%s",
			     bad[i]);
	}
}

Test(address, a_path_alone_is_what_it_is)
{
	const char *list = "/a b%20+;/c";
	struct kb_address a;

	cr_assert_eq(kb_address_next(&list, &a), 1);
	cr_expect_str_eq(a.path, "/a b%20+");
	cr_assert_eq(kb_address_next(&list, &a), 1);
	cr_expect_str_eq(a.path, "/c");
}

Test(address, long_values_do_not_fit)
{
	char text[8192] = "kernel:path=/";
	const char *list = text;
	struct kb_address a;

	memset(text + 13, 'x', 5000);
	cr_expect_eq(kb_address_next(&list, &a), -EINVAL);
}

Test(address, the_first_that_opens_is_opened)
{
	int fd;

	fd = kb_address_open("unix:path=/dev/null;kernel:path=/no/such;"
			     "kernel:path=/dev/null");
	cr_expect_geq(fd, 0);
	close(fd);
	cr_expect_eq(kb_address_open("kernel:path=/no/such"), -ENOENT);
	cr_expect_eq(kb_address_open("unix:path=/dev/null"), -EAFNOSUPPORT);
	cr_expect_eq(kb_address_open(""), -EAFNOSUPPORT);
	cr_expect_eq(kb_address_open("nonsense"), -EINVAL);
}

Test(address, users_have_a_bus_of_their_own)
{
	_cleanup_(kb_freep) char *address = kb_address_user(1000);

	cr_expect_str_eq(address,
			 "kernel:path=/sys/fs/kdbus/1000-user/bus");
}

Test(address, places_to_listen_are_understood)
{
	const char *list = "unix:dir=/a;unix:tmpdir=/b%20c;unix:runtime=yes";
	struct kb_address a;

	cr_assert_eq(kb_address_next(&list, &a), 1);
	cr_expect_str_eq(a.dir, "/a");
	cr_assert_eq(kb_address_next(&list, &a), 1);
	cr_expect_str_eq(a.dir, "/b c");
	cr_assert_eq(kb_address_next(&list, &a), 1);
	cr_expect_str_eq(a.dir, "");
	cr_expect_str_eq(a.runtime, "yes");
}

Test(address, what_is_escaped_comes_back)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	struct kb_address a;
	const char *list;

	cr_assert_eq(kb_buffer_append(&text, "unix:path=", 10), 0);
	cr_assert_eq(kb_address_escape("/a b;c,d=%\xc3\xa4", &text), 0);
	cr_assert_eq(kb_buffer_append(&text, "", 1), 0);
	cr_expect_str_eq((char *)text.data, "unix:path=/a%20b%3bc%2cd%3d%25%c3%a4");
	list = (char *)text.data;
	cr_assert_eq(kb_address_next(&list, &a), 1);
	cr_expect_str_eq(a.path, "/a b;c,d=%\xc3\xa4");
}
