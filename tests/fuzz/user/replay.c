// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Shows a target every file of its corpus, or those that are named.
 *
 * usage: TARGET [FILE…]
 */
#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/fuzz/user/fuzz.h"

/* what is being shown, for the report of a crash */
static char path[2 * PATH_MAX];

/* of the sanitizers, where they are */
void __sanitizer_set_death_callback(void (*callback)(void))
	__attribute__((__weak__));

static void say_path(void)
{
	static const char text[] = "not ok 1 - this input: ";

	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0 ||
	    write(STDOUT_FILENO, path, strlen(path)) < 0 ||
	    write(STDOUT_FILENO, "\n", 1) < 0)
		_exit(1);
}

static void on_signal(int number)
{
	say_path();
	signal(number, SIG_DFL);
	raise(number);
}

static int show(void)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = {};
	_cleanup_(kb_fclosep) FILE *file = fopen(path, "re");

	if (!file || kb_buffer_read(&bytes, fileno(file), 1 << 20) < 0) {
		printf("not ok 1 - cannot read %s\n", path);
		return -1;
	}
	LLVMFuzzerTestOneInput(bytes.data, bytes.size);
	return 0;
}

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* How many files there were, all of them shown; negative after a failure. */
static int show_all(const char *folder)
{
	struct dirent **entries;
	int n, r = 0;

	n = scandir(folder, &entries, not_hidden, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder,
			 entries[i]->d_name);
		if (r == 0)
			r = show();
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return r < 0 ? r : n;
}

int main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir");
	char folder[PATH_MAX];
	int n = 0;

	signal(SIGABRT, on_signal);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(say_path);
	else
		signal(SIGSEGV, on_signal);

	printf("1..1\n");
	fflush(stdout);
	if (argc > 1) {
		for (; n >= 0 && n < argc - 1; n++) {
			snprintf(path, sizeof(path), "%s", argv[n + 1]);
			if (show() < 0)
				return 1;
		}
	} else {
		snprintf(folder, sizeof(folder), "%s/tests/fuzz/user/corpus/%s",
			 top ? top : ".", basename(argv[0]));
		n = show_all(folder);
	}
	if (n <= 0) {
		if (n == 0 || !*path)
			printf("not ok 1 - no corpus\n");
		return 1;
	}
	printf("ok 1 - %d inputs do no harm\n", n);
	return 0;
}
