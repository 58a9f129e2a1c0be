/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The grammar of unit files, which classic D-Bus activation files share.
 *
 *	[Section]
 *	# comment
 *	Key=value \
 *	  goes on here
 *
 * A file becomes a list of assignments, each knowing where it stands, so that
 * whoever finds a value wrong can say where.  What is no such file is no error
 * of ours: bad lines are warned about and left out.
 */
#ifndef BUSNAME_PARSE_H
#define BUSNAME_PARSE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a file, and of a line with its continuations. */
#define PARSE_FILE_MAX	(1u << 20)
#define PARSE_LINE_MAX	(64u << 10)

/**
 * struct assignment - one "Key=value"
 * @section:	it is in, "" before the first
 * @key:	without blanks around it
 * @value:	the same; continued lines are joined by a blank
 * @file:	where it stands
 * @line:	counted from 1; the first of continued lines
 */
struct assignment {
	char *section;
	char *key;
	char *value;
	char *file;
	unsigned int line;
};

/**
 * struct assignments - those of a file and its drop-ins, in order
 */
struct assignments {
	struct assignment *v;
	size_t n;
};

void assignments_deinit(struct assignments *assignments);

/**
 * parse_file() - append the assignments of a file
 * @path:	to read
 * @name:	what to call it in warnings and assignments
 *
 * Return: 0, or a negative errno if it cannot be read as a file at all:
 * -EISDIR, -ENXIO (no regular file), -EFBIG, errnos of open(2). Then a warning
 * was given.
 */
int parse_file(struct assignments *assignments, const char *path, const char *name);

/* values */

/**
 * parse_time() - a span such as "2s", "1min 30s", "100ms", "5"
 * @out_ns:	a number alone is in seconds; "infinity" is -EINVAL
 */
int parse_time(const char *value, unsigned long long *out_ns);

/* warnings */

/**
 * parse_warn_set() - where warnings go
 * @print:	gets complete lines without newline; NULL for standard error
 */
void parse_warn_set(void (*print)(const char *line));

/* "FILE:LINE: text", or without the line if that is 0. */
void parse_warn(const char *file, unsigned int line, const char *format, ...)
	__attribute__((__format__(printf, 3, 4)));

#endif /* BUSNAME_PARSE_H */
