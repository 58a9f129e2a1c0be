// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the fuzzing targets share. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/user/fuzz.h"

void fuzz_fail(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (!input->size)
		return 0;
	input->size--;
	return *input->data++;
}

static void *take(struct fuzz_input *input, size_t size, size_t more,
		  size_t *out_size)
{
	uint8_t *copy;

	if (size > input->size)
		size = input->size;
	copy = malloc(size + more);
	must(copy || size + more == 0);
	if (size)
		memcpy(copy, input->data, size);
	input->data += size;
	input->size -= size;
	*out_size = size;
	return copy;
}

uint8_t *fuzz_take(struct fuzz_input *input, size_t size, size_t *out_size)
{
	return take(input, size, 0, out_size);
}

char *fuzz_text(struct fuzz_input *input, size_t size)
{
	char *text = take(input, size, 1, &size), *exact;

	text[size] = '\0';
	exact = strdup(text);
	must(exact);
	free(text);
	return exact;
}

static char file_path[PATH_MAX];

static void remove_file(void)
{
	unlink(file_path);
}

static void make_path(void)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	snprintf(file_path, sizeof(file_path), "%s/kdbus-fuzz.XXXXXX",
		 folder ? folder : "/tmp");
	fd = mkstemp(file_path);
	must(fd >= 0);
	close(fd);
	atexit(remove_file);
}

const char *fuzz_file(struct fuzz_input *input)
{
	int fd;

	if (!*file_path)
		make_path();
	fd = open(file_path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0);
	must(write(fd, input->data, input->size) == (ssize_t)input->size);
	close(fd);
	input->size = 0;
	return file_path;
}

void fuzz_ignore_line(const char *line)
{
	(void)line;
}
