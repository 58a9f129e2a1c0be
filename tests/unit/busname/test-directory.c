// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Activation files as they stand: which count, and their command lines.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "busname/classic.h"
#include "busname/directory.h"

static void write_file(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	cr_assert(file);
	fputs(text, file);
	fclose(file);
}

static void ignore(const char *line _unused_)
{
}

Test(directory, command_lines_become_words)
{
	static const struct {
		const char *text;
		const char *words[5];
	} cases[] = {
		{ "/bin/x", { "/bin/x" } },
		{ "  /bin/x  -a\tb ", { "/bin/x", "-a", "b" } },
		{ "/bin/x 'a b' \"c d\"", { "/bin/x", "a b", "c d" } },
		{ "/bin/x '' a\"b\"'c'", { "/bin/x", "", "abc" } },
		{ "/bin/x a\\ b \"\\\"\\$\\n\" '\\'", { "/bin/x", "a b", "\"$\\n", "\\" } },
		{ "/bin/x $HOME %u", { "/bin/x", "$HOME", "%u" } },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		_cleanup_(kb_strv_freep) char **v = NULL;
		size_t n;

		cr_assert_eq(classic_split(cases[i].text, &v), 0, "%s", cases[i].text);
		for (n = 0; cases[i].words[n]; n++)
			cr_expect_str_eq(v[n] ?: "nothing", cases[i].words[n], "%s",
					 cases[i].text);
		cr_expect_eq(kb_strv_length(v), n, "%s", cases[i].text);
	}
}

Test(directory, command_lines_that_are_none_are_refused)
{
	static const char *const bad[] = { "", "  ", "/bin/x 'a", "\"" };
	char **v;

	for (size_t i = 0; i < KB_ARRAY_SIZE(bad); i++)
		cr_expect_eq(classic_split(bad[i], &v), -EINVAL, "%s", bad[i]);
}

Test(directory, each_name_comes_once_and_bad_files_not_at_all)
{
	char first[] = "/tmp/directory.XXXXXX", second[] = "/tmp/directory.XXXXXX";
	char *const both[] = { first, second, NULL };
	_cleanup_(kb_freep) char *text = NULL, *expected = NULL, *command = NULL;
	FILE *old = stdout;
	size_t size;
	int r;

	cr_assert(mkdtemp(first) && mkdtemp(second));
	write_file(first, "a.service", "[D-BUS Service]\nName=org.a.A\nExec=/bin/a 'x y'\nUser=u\n");
	write_file(first, "b.service", "[D-BUS Service]\nName=nonsense\nExec=/bin/b\n");
	write_file(first, "c.service", "[D-BUS Service]\nName=org.c.C\nExec=relative\n");
	write_file(first, "d.service", "[D-BUS Service]\nName=org.freedesktop.DBus\nExec=/bin/d\n");
	write_file(first, "e.service", "[D-BUS Service]\nName=org.e.E\n");
	write_file(first, "f.other", "[D-BUS Service]\nName=org.f.F\nExec=/bin/f\n");
	write_file(second, "a.service", "[D-BUS Service]\nName=org.a.A\nExec=/bin/other\n");
	write_file(second, "g.service", "[D-BUS Service]\nName=org.g.G\nSystemdService=g.service\n");

	parse_warn_set(ignore);
	stdout = open_memstream(&text, &size);
	r = directory_print(both);
	fclose(stdout);
	stdout = old;
	cr_assert_eq(r, 0);
	cr_assert(asprintf(&expected,
			   "directory %s\nservice org.a.A\nfile %s/a.service\nuser u\n"
			   "argument /bin/a\nargument x y\n"
			   "directory %s\nservice org.g.G\nfile %s/g.service\nunit g.service\n",
			   first, first, second, second) > 0);
	cr_expect_str_eq(text, expected);
	cr_assert(asprintf(&command, "rm -r %s %s", first, second) > 0);
	cr_expect_eq(system(command), 0);
}
