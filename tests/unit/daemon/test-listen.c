// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where sockets go, and what clients are told. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/listen.h"
#include "lib/log.h"

static void be_quiet(void)
{
	kb_log_set_level(LOG_EMERG);
}

TestSuite(listen, .init = be_quiet);

static int choose(const char *text, struct place *out)
{
	struct kb_address address;

	cr_assert_eq(kb_address_next(&text, &address), 1, "%s", text);
	return place_choose(&address, out);
}

Test(listen, each_kind_of_address_has_its_place)
{
	struct place place;

	cr_assert_eq(choose("unix:path=/a/b", &place), 0);
	cr_expect_str_eq(place.path, "/a/b");
	cr_expect_not(place.abstract);
	cr_assert_eq(choose("unix:abstract=/a%20b", &place), 0);
	cr_expect_str_eq(place.path, "/a b");
	cr_expect(place.abstract);
	setenv("XDG_RUNTIME_DIR", "/run/x", 1);
	cr_assert_eq(choose("unix:runtime=yes", &place), 0);
	cr_expect_str_eq(place.path, "/run/x/bus");
}

Test(listen, directories_give_names_that_differ)
{
	static const char *const texts[] = { "unix:dir=/tmp", "unix:tmpdir=/tmp" };
	struct place one, two;

	for (size_t i = 0; i < KB_ARRAY_SIZE(texts); i++) {
		cr_assert_eq(choose(texts[i], &one), 0);
		cr_assert_eq(choose(texts[i], &two), 0);
		cr_expect(kb_startswith(one.path, "/tmp/dbus-"));
		cr_expect_eq(strlen(one.path), strlen("/tmp/dbus-") + 10);
		cr_expect_str_neq(one.path, two.path);
	}
}

Test(listen, what_cannot_be_served_says_why)
{
	static const struct {
		const char *text;
		int error;
		const char *why;
	} cases[] = {
		{ "tcp:host=localhost", -EAFNOSUPPORT, "network" },
		{ "nonce-tcp:host=localhost", -EAFNOSUPPORT, "network" },
		{ "unix:", -EINVAL, "needed" },
		{ "unix:guid=00", -EINVAL, "needed" },
		{ "unix:path=/a,dir=/b", -EINVAL, "needed" },
		{ "unix:runtime=no", -EINVAL, "yes" },
		{ "unix:runtime=yes", -EINVAL, "XDG_RUNTIME_DIR" },
		{ "unix:path=/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", -ENAMETOOLONG, "long" },
	};

	unsetenv("XDG_RUNTIME_DIR");
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		struct place place;

		cr_expect_eq(choose(cases[i].text, &place), cases[i].error, "%s", cases[i].text);
		cr_assert_not_null(place.why, "%s", cases[i].text);
		cr_expect_not_null(strstr(place.why, cases[i].why), "%s", place.why);
	}
}

Test(listen, sockets_come_and_go)
{
	char directory[] = "/tmp/listen XXXXXX";
	_cleanup_(kb_freep) char *first = NULL, *stale = NULL, *address = NULL, *expected = NULL;
	struct listener *list = NULL;
	struct stat st;

	cr_assert_not_null(mkdtemp(directory));
	cr_assert(asprintf(&stale, "%s/s", directory) > 0);
	cr_assert(asprintf(&first, "tcp:host=x;unix:path=/tmp/listen%%20%s/s",
			   strchr(directory, ' ') + 1) > 0);

	cr_expect_eq(listener_open("tcp:host=x", &list), -EAFNOSUPPORT);
	cr_expect_eq(listener_open("", &list), -EINVAL);
	cr_expect_null(list);

	/* the second alternative is taken; what is left of one before is no obstacle */
	cr_assert_eq(listener_open(first, &list), 0);
	cr_assert_eq(stat(stale, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0666);
	cr_assert_eq(listener_open(first, &list), 0);

	address = listeners_address(list, "00ff");
	cr_assert(asprintf(&expected,
			   "unix:path=/tmp/listen%%20%s/s,guid=00ff;unix:path=/tmp/listen%%20%s/s,guid=00ff",
			   strchr(directory, ' ') + 1, strchr(directory, ' ') + 1) > 0);
	cr_expect_str_eq(address, expected);

	listeners_close(&list);
	cr_expect_null(list);
	cr_expect_eq(stat(stale, &st), -1);
	cr_expect_eq(rmdir(directory), 0);
}
