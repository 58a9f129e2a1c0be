// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Golden files: each golden/CASE.txt holds the files that go in, and those
 * that have to come out, with the warnings.
 *
 *	=== in PATH		a file, with the lines that follow
 *	=== in-link PATH TARGET
 *	=== out PATH
 *	=== out-link PATH TARGET
 *	=== warnings		one per line, in any order
 *	=== options user classic
 *
 * In the text, @LIB@ stands for the directory of our programs, @UNITS@ for
 * that of units.  \xHH is a byte, \N a line of N bytes.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "busname/generator.h"

static char **warnings;
static size_t n_warnings;

static void remember(const char *line)
{
	warnings = reallocarray(warnings, n_warnings + 1, sizeof(*warnings));
	warnings[n_warnings++] = strdup(line);
}

/* a case in pieces */

struct piece {
	char kind[16];
	char path[256];
	char target[512];
	struct kb_buffer text;
};

struct test_case {
	struct piece pieces[64];
	size_t n;
	bool user;
	bool classic;
};

static void append_line(struct piece *piece, const char *line)
{
	const char *at;
	unsigned int number;

	if (*line == '\\' && sscanf(line, "\\%u", &number) == 1) {
		while (number--)
			kb_buffer_append(&piece->text, "x", 1);
		kb_buffer_append(&piece->text, "\n", 1);
		return;
	}
	for (at = line; *at; at++) {
		if (sscanf(at, "\\x%2x", &number) == 1) {
			char byte = number;

			kb_buffer_append(&piece->text, &byte, 1);
			at += 3;
		} else if (kb_startswith(at, "@LIB@")) {
			kb_buffer_printf(&piece->text, "%s", KDBUSLIBEXECDIR);
			at += 4;
		} else if (kb_startswith(at, "@UNITS@")) {
			kb_buffer_printf(&piece->text, "%s", SYSTEMUNITDIR);
			at += 6;
		} else {
			kb_buffer_append(&piece->text, at, 1);
		}
	}
	kb_buffer_append(&piece->text, "\n", 1);
}

static void set_target(struct piece *piece, const char *target)
{
	const char *rest;

	if ((rest = kb_startswith(target, "@UNITS@")))
		snprintf(piece->target, sizeof(piece->target), SYSTEMUNITDIR "%s", rest);
	else if ((rest = kb_startswith(target, "@USERUNITS@")))
		snprintf(piece->target, sizeof(piece->target), USERUNITDIR "%s", rest);
	else
		snprintf(piece->target, sizeof(piece->target), "%s", target);
}

static void read_case(const char *path, struct test_case *out)
{
	struct piece *piece = NULL;
	char line[4096], target[256];
	FILE *file = fopen(path, "re");

	cr_assert_not_null(file, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		const char *header = kb_startswith(line, "=== ");

		line[strcspn(line, "\n")] = '\0';
		if (header && kb_startswith(header, "options")) {
			out->user = strstr(header, "user");
			out->classic = strstr(header, "classic");
		} else if (header) {
			piece = &out->pieces[out->n++];
			target[0] = '\0';
			sscanf(header, "%15s %255s %255s", piece->kind, piece->path, target);
			set_target(piece, target);
		} else if (piece) {
			append_line(piece, line);
		}
	}
	fclose(file);
}

/* files */

static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_,
		      struct FTW *ftw _unused_)
{
	return remove(path);
}

static void make_parents(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void put(const char *root, const struct piece *piece)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, piece->path);
	make_parents(path);
	if (kb_streq(piece->kind, "in-link")) {
		cr_assert_eq(symlink(piece->target, path), 0);
		return;
	}
	if (path[strlen(path) - 1] == '/')
		return;
	file = fopen(path, "we");
	cr_assert_not_null(file, "%s", path);
	if (piece->text.size > 0)
		fwrite(piece->text.data, 1, piece->text.size, file);
	fclose(file);
}

/* What came out, as text, to be compared as a whole. */
static struct kb_buffer *present;
static const char *present_root;

static int show_one(const char *path, const struct stat *st, int type _unused_,
		    struct FTW *ftw _unused_)
{
	char text[16384] = "";
	ssize_t n;

	if (S_ISDIR(st->st_mode))
		return 0;
	if (S_ISLNK(st->st_mode)) {
		n = readlink(path, text, sizeof(text) - 1);
		cr_assert_geq(n, 0);
		kb_buffer_printf(present, "=== out-link %s %s\n", path + strlen(present_root) + 1,
				 text);
	} else {
		FILE *file = fopen(path, "re");

		n = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
		kb_buffer_printf(present, "=== out %s\n%s", path + strlen(present_root) + 1, text);
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Cut into files, which are sorted: a directory has no order. */
static void sort_pieces(struct kb_buffer *text)
{
	char *pieces[128], *at, *copy;
	size_t n = 0, i;

	kb_buffer_append(text, "", 1);
	copy = strdup((char *)text->data);
	for (at = copy; at && *at; at = strstr(at, "\n=== ")) {
		if (*at == '\n')
			*at++ = '\0';
		pieces[n++] = at;
	}
	qsort(pieces, n, sizeof(*pieces), compare);
	text->size = 0;
	for (i = 0; i < n; i++)
		kb_buffer_printf(text, "%s%s", pieces[i],
				 pieces[i][strlen(pieces[i]) - 1] == '\n' ? "" : "\n");
	kb_buffer_append(text, "", 1);
	free(copy);
}

static void sort_lines(struct kb_buffer *text)
{
	char *lines[128], *line, *rest, *copy;
	size_t n = 0, i;

	kb_buffer_append(text, "", 1);
	copy = strdup((char *)text->data);
	for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		lines[n++] = line;
	if (n)
		qsort(lines, n, sizeof(*lines), compare);
	text->size = 0;
	for (i = 0; i < n; i++)
		kb_buffer_printf(text, "%s\n", lines[i]);
	free(copy);
}

/* Says where two texts part. */
static void expect_equal(const char *path, const char *got, const char *wanted)
{
	size_t i = 0, line = 0;

	while (got[i] && got[i] == wanted[i])
		if (got[i++] == '\n')
			line = i;
	cr_expect(got[i] == wanted[i], "%s: came out:\n%.300s\nwanted:\n%.300s", path, got + line,
		  wanted + line);
}

static void expect(struct test_case *test, struct kb_buffer *out)
{
	size_t i;

	for (i = 0; i < test->n; i++) {
		struct piece *piece = &test->pieces[i];

		if (kb_streq(piece->kind, "out"))
			kb_buffer_printf(out, "=== out %s\n%.*s", piece->path,
					 (int)piece->text.size, (char *)piece->text.data ?: "");
		else if (kb_streq(piece->kind, "out-link"))
			kb_buffer_printf(out, "=== out-link %s %s\n", piece->path, piece->target);
		if (!kb_streq(piece->kind, "warnings"))
			continue;
		sort_lines(&piece->text);
		kb_buffer_printf(out, "=== warnings\n%.*s", (int)piece->text.size,
				 (char *)piece->text.data ?: "");
	}
}

static void run_case(const char *path)
{
	static struct test_case test;
	struct kb_buffer wanted = {}, got = {};
	char root[] = "/tmp/generator.XXXXXX", output[64];
	struct scope scope;
	size_t i;

	memset(&test, 0, sizeof(test));
	read_case(path, &test);
	cr_assert_not_null(mkdtemp(root));
	for (i = 0; i < test.n; i++)
		if (kb_startswith(test.pieces[i].kind, "in"))
			put(root, &test.pieces[i]);
	snprintf(output, sizeof(output), "%s/output", root);
	mkdir(output, 0755);

	setenv("HOME", "/home/me", 1);
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	setenv("USER", "me", 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_DATA_HOME");
	unsetenv("XDG_DATA_DIRS");
	parse_warn_set(remember);
	n_warnings = 0;
	cr_assert_eq(scope_init(&scope, test.user, root), 0);
	scope.uid = test.user ? 7 : 0;
	cr_assert_eq(generator_run(&scope, output, test.classic), 0);
	scope_deinit(&scope);

	present = &got;
	present_root = output;
	nftw(output, show_one, 16, FTW_PHYS);
	if (n_warnings)
		qsort(warnings, n_warnings, sizeof(*warnings), compare);
	kb_buffer_printf(&got, "=== warnings\n");
	for (i = 0; i < n_warnings; i++)
		kb_buffer_printf(&got, "%s\n", warnings[i]);
	expect(&test, &wanted);
	sort_pieces(&got);
	sort_pieces(&wanted);
	expect_equal(path, (char *)got.data, (char *)wanted.data);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	kb_buffer_deinit(&got);
	kb_buffer_deinit(&wanted);
	for (i = 0; i < test.n; i++)
		kb_buffer_deinit(&test.pieces[i].text);
	for (i = 0; i < n_warnings; i++)
		free(warnings[i]);
	free(warnings);
	warnings = NULL;
	n_warnings = 0;
}

static const char *golden(void)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/tests/unit/busname/golden", getenv("top_srcdir") ?: ".");
	return path;
}

Test(generator, writes_what_the_golden_files_say)
{
	struct dirent **entries;
	int n, i, ran = 0;

	n = scandir(golden(), &entries, NULL, alphasort);
	cr_assert_gt(n, 0, "no golden files in %s", golden());
	for (i = 0; i < n; i++) {
		char path[PATH_MAX + 256];

		if (entries[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", golden(), entries[i]->d_name);
			run_case(path);
			ran++;
		}
		free(entries[i]);
	}
	free(entries);
	cr_assert_gt(ran, 0);
}
