/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Results for programs to read: JSON. The one user of json-c.
 *
 * A report is built from the outside in. Members of an object have a @key,
 * elements of an array none (NULL). Errors are sticky and come out of
 * kb_report_print(). Strings that are not UTF-8 lose their bad bytes.
 */
#ifndef KB_REPORT_H
#define KB_REPORT_H

#include "lib/util.h"
#include "lib/value.h"

struct kb_report;

/* Begins with an object or (@array) an array. NULL if out of memory. */
struct kb_report *kb_report_new(bool array);
struct kb_report *kb_report_free(struct kb_report *report);

static inline void kb_report_freep(struct kb_report **report)
{
	kb_report_free(*report);
}

void kb_report_open_object(struct kb_report *report, const char *key);
void kb_report_open_array(struct kb_report *report, const char *key);
void kb_report_close(struct kb_report *report);

/* A NULL @value is null. */
void kb_report_string(struct kb_report *report, const char *key,
		      const char *value);
void kb_report_int(struct kb_report *report, const char *key, int64_t value);
void kb_report_uint(struct kb_report *report, const char *key,
		    uint64_t value);
void kb_report_bool(struct kb_report *report, const char *key, bool value);
void kb_report_null(struct kb_report *report, const char *key);

/**
 * kb_report_values() - the values left in a reader's container, as an array
 *
 * Structs and arrays become arrays, dictionaries objects (keys as text),
 * variants an object of "type" and "data".
 */
void kb_report_values(struct kb_report *report, const char *key,
		      struct kb_reader *reader);
/* The next of them alone. */
void kb_report_value(struct kb_report *report, const char *key,
		     struct kb_reader *reader);

/* Prints it (@pretty: indented, else one line) with a newline; 0 or errno. */
int kb_report_print(struct kb_report *report, FILE *file, bool pretty);

#endif /* KB_REPORT_H */
