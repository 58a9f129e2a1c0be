// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files that were damaged: whatever is in them, the grammar gives assignments
 * of whole lines, and warnings that say where.
 */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "busname/parse.h"
#include "lib/util.h"

#define FILE_NAME "x.busname"

static const char good[] =
	"# comment\n"
	"[Unit]\n"
	"Description=Of several lines \\\n"
	"; a comment between them\n"
	"  that go on\n"
	"\n"
	"[BusName]\r\n"
	"Name = x.y\n"
	"AllowUser=root own\n"
	"AllowWorld=\xc3\xa4\n"
	"Exec=/bin/x \"a b\" $HOME %n\\\n";

static uint64_t state;

static unsigned int any(unsigned int n)
{
	state = state * UINT64_C(6364136223846793005) + 1;
	return (state >> 33) % n;
}

/* One byte changed, left out, or put in; or a piece said twice. */
static size_t damage(char *text, size_t size)
{
	static const char bytes[] = "\0\n\r\\[]=#; \t\xff\xc3x";
	size_t at = any(size), n;

	switch (any(4)) {
	case 0:
		text[at] = bytes[any(sizeof(bytes))];
		return size;
	case 1:
		memmove(text + at, text + at + 1, size - at - 1);
		return size - 1;
	case 2:
		memmove(text + at + 1, text + at, size - at);
		text[at] = bytes[any(sizeof(bytes))];
		return size + 1;
	default:
		n = 1 + any(size - at);
		memmove(text + at + n, text + at, size - at);
		return size + n;
	}
}

static unsigned int n_lines;

static void check_warning(const char *line)
{
	unsigned int number = 0;

	cr_assert(kb_startswith(line, FILE_NAME ":"), "%s", line);
	cr_assert_eq(sscanf(line, FILE_NAME ":%u: ", &number), 1, "%s", line);
	cr_assert(number && number <= n_lines, "%s (of %u lines)", line, n_lines);
}

static void check(const struct assignments *assignments)
{
	size_t i;

	for (i = 0; i < assignments->n; i++) {
		const struct assignment *a = &assignments->v[i];

		cr_assert(*a->section && *a->key);
		cr_assert(kb_utf8_is_valid(a->key, strlen(a->key)));
		cr_assert(kb_utf8_is_valid(a->value, strlen(a->value)));
		cr_assert(!strpbrk(a->section, "\n") && !strpbrk(a->key, "\n=") &&
			  !strpbrk(a->value, "\n"));
		cr_assert(a->line && a->line <= n_lines);
	}
}

static void parse(const char *path, const char *text, size_t size)
{
	_cleanup_(assignments_deinit) struct assignments assignments = {};
	FILE *file = fopen(path, "we");
	size_t i;

	cr_assert_not_null(file);
	cr_assert_eq(fwrite(text, 1, size, file), size);
	fclose(file);
	for (n_lines = 1, i = 0; i < size; i++)
		n_lines += text[i] == '\n';
	cr_assert_eq(parse_file(&assignments, path, FILE_NAME), 0);
	check(&assignments);
}

Test(parse, damaged_files_are_read_as_far_as_they_go, .timeout = 300)
{
	const char *rounds = getenv("KDBUS_TEST_ROUNDS");
	unsigned int n = rounds ? 1000 * atoi(rounds) : 5000, i, j;
	char path[] = "/tmp/parse.XXXXXX";

	close(mkstemp(path));
	parse_warn_set(check_warning);
	for (i = 0; i < n; i++) {
		char text[64 * sizeof(good)];
		size_t size = sizeof(good) - 1;

		state = i;
		memcpy(text, good, size);
		for (j = any(5); j && size; j--)
			size = damage(text, size);
		parse(path, text, size);
	}
	unlink(path);
}

Test(parse, the_undamaged_one_is_read_whole)
{
	_cleanup_(assignments_deinit) struct assignments assignments = {};
	char path[] = "/tmp/parse.XXXXXX";
	int fd = mkstemp(path);

	cr_assert_eq(write(fd, good, sizeof(good) - 1), (ssize_t)sizeof(good) - 1);
	close(fd);
	cr_assert_eq(parse_file(&assignments, path, FILE_NAME), 0);
	unlink(path);
	cr_assert_eq(assignments.n, 5);
	cr_assert_str_eq(assignments.v[0].value, "Of several lines  that go on");
	cr_assert_eq(assignments.v[0].line, 3);
	cr_assert_str_eq(assignments.v[1].section, "BusName");
	cr_assert_str_eq(assignments.v[1].key, "Name");
	cr_assert_str_eq(assignments.v[1].value, "x.y");
	cr_assert_eq(assignments.v[4].line, 11);
}
