// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The programs of tests/fuzz/corpus once more, on any kernel: none of them may
 * hang; what the kernel says of them is seen by who started the guest.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/session.h"
#include "tests/fuzz/text.h"

static unsigned n_tests;

static void result(bool ok, const char *what, const char *file)
{
	printf("%sok %u - %s%s%s\n", ok ? "" : "not ", ++n_tests, what, file ? ": " : "", file ?: "");
	fflush(stdout);
}

/* Whether it comes back from text as it was. */
static bool is_printed_as_read(const struct program *program)
{
	struct program again;
	const char *why;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	bool same;

	text_print(to, program);
	fclose(to);
	same = text_parse(text, &again, &why) == 0 && memcmp(program, &again, sizeof(again)) == 0;
	free(text);
	return same;
}

int main(void)
{
	char path[4096], *paths[] = { path, NULL }, **files;
	bool all_read = true, all_printed = true;
	struct program program;
	unsigned n_files;

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus", getenv("top_srcdir") ?: ".");
	files = text_files(paths, &n_files);
	printf("1..4\n");
	result(session_init() == 0 && session_enter(0, false) == 0, "there is a world to act in", NULL);
	for (unsigned i = 0; i < n_files && !session->stop; i++) {
		if (text_read(files[i], &program)) {
			all_read = false;
			continue;
		}
		all_printed &= is_printed_as_read(&program);
		session_run(&program);
	}
	result(all_read && n_files > 1, "the corpus can be read", path);
	result(all_printed, "a program is printed as it was read", NULL);
	result(!session->reported, "every program comes to an end", session->report);
	return 0;
}
