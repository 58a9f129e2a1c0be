// SPDX-License-Identifier: LGPL-2.1-or-later
/* Results for programs to read: JSON. The one user of json-c. */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>

#include "lib/report.h"

#define REPORT_DEPTH	(3 * KB_DEPTH_MAX)	/* a value in a few objects */

/**
 * struct kb_report - JSON while it is made
 * @stack:	open objects and arrays; 0 is owned, the others by it
 * @depth:	the innermost
 * @error:	the first error
 */
struct kb_report {
	struct json_object *stack[REPORT_DEPTH];
	unsigned int depth;
	int error;
};

struct kb_report *kb_report_new(bool array)
{
	struct kb_report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->stack[0] = array ? json_object_new_array() :
				   json_object_new_object();
	if (!report->stack[0])
		free(TAKE_PTR(report));
	return report;
}

struct kb_report *kb_report_free(struct kb_report *report)
{
	if (report)
		json_object_put(report->stack[0]);
	free(report);
	return NULL;
}

static void report_fail(struct kb_report *report, int r)
{
	if (!report->error)
		report->error = r;
}

/* Puts @value, which may be a null, into the innermost container. */
static void report_add(struct kb_report *report, const char *key,
		       struct json_object *value)
{
	struct json_object *parent = report->stack[report->depth];
	int r;

	if (report->error) {
		json_object_put(value);
		return;
	}
	if (json_object_is_type(parent, json_type_array) == !key)
		r = key ? json_object_object_add(parent, key, value) :
			  json_object_array_add(parent, value);
	else
		r = -1;
	if (r < 0) {
		json_object_put(value);
		report_fail(report, -EINVAL);
	}
}

static void report_open(struct kb_report *report, const char *key,
			struct json_object *value)
{
	if (!value)
		report_fail(report, -ENOMEM);
	if (report->depth == REPORT_DEPTH - 1)
		report_fail(report, -EMSGSIZE);
	report_add(report, key, value);
	if (!report->error)
		report->stack[++report->depth] = value;
}

void kb_report_open_object(struct kb_report *report, const char *key)
{
	report_open(report, key, json_object_new_object());
}

void kb_report_open_array(struct kb_report *report, const char *key)
{
	report_open(report, key, json_object_new_array());
}

void kb_report_close(struct kb_report *report)
{
	if (report->error)
		return;
	if (report->depth)
		report->depth--;
	else
		report_fail(report, -EINVAL);
}

/* values */

static void report_value(struct kb_report *report, const char *key,
			 struct json_object *value)
{
	if (!value)
		report_fail(report, -ENOMEM);
	report_add(report, key, value);
}

/* Bytes that are no UTF-8 have no place in JSON. */
static char *without_bad_bytes(const char *s)
{
	char *copy = malloc(strlen(s) + 1), *p = copy;

	if (!copy)
		return NULL;
	while (*s) {
		size_t n = kb_utf8_next(s);

		memcpy(p, s, n);
		p += n;
		s += n ?: 1;
	}
	*p = '\0';
	return copy;
}

void kb_report_string(struct kb_report *report, const char *key,
		      const char *value)
{
	_cleanup_(kb_freep) char *clean = NULL;

	if (!value) {
		kb_report_null(report, key);
		return;
	}
	if (!kb_utf8_is_valid(value, strlen(value))) {
		value = clean = without_bad_bytes(value);
		if (!value) {
			report_fail(report, -ENOMEM);
			return;
		}
	}
	report_value(report, key, json_object_new_string(value));
}

void kb_report_int(struct kb_report *report, const char *key, int64_t value)
{
	report_value(report, key, json_object_new_int64(value));
}

void kb_report_uint(struct kb_report *report, const char *key, uint64_t value)
{
	report_value(report, key, json_object_new_uint64(value));
}

void kb_report_bool(struct kb_report *report, const char *key, bool value)
{
	report_value(report, key, json_object_new_boolean(value));
}

void kb_report_null(struct kb_report *report, const char *key)
{
	report_add(report, key, NULL);
}

/* JSON has no infinities. */
static void report_double(struct kb_report *report, const char *key,
			  double value)
{
	if (__builtin_isfinite(value))
		report_value(report, key, json_object_new_double(value));
	else
		kb_report_null(report, key);
}

static void report_basic(struct kb_report *report, const char *key, char code,
			 const union kb_value *value)
{
	switch (code) {
	case 'y':
		kb_report_uint(report, key, value->y);
		break;
	case 'b':
		kb_report_bool(report, key, value->b);
		break;
	case 'n':
		kb_report_int(report, key, value->n);
		break;
	case 'q':
		kb_report_uint(report, key, value->q);
		break;
	case 'i':
		kb_report_int(report, key, value->i);
		break;
	case 'u':
	case 'h':
		kb_report_uint(report, key, value->u);
		break;
	case 'x':
		kb_report_int(report, key, value->x);
		break;
	case 't':
		kb_report_uint(report, key, value->t);
		break;
	case 'd':
		report_double(report, key, value->d);
		break;
	default:
		kb_report_string(report, key, value->s);
		break;
	}
}

/* A dictionary's key as text. */
static char *key_text(char code, const union kb_value *value)
{
	char *text;
	int n;

	switch (code) {
	case 'b':
		n = asprintf(&text, "%s", value->b ? "true" : "false");
		break;
	case 'n':
		n = asprintf(&text, "%d", value->n);
		break;
	case 'i':
		n = asprintf(&text, "%" PRId32, value->i);
		break;
	case 'x':
		n = asprintf(&text, "%" PRId64, value->x);
		break;
	case 'y':
		n = asprintf(&text, "%u", value->y);
		break;
	case 'q':
		n = asprintf(&text, "%u", value->q);
		break;
	case 'u':
	case 'h':
		n = asprintf(&text, "%" PRIu32, value->u);
		break;
	case 't':
		n = asprintf(&text, "%" PRIu64, value->t);
		break;
	case 'd':
		n = asprintf(&text, "%.17g", value->d);
		break;
	default:
		return strdup(value->s);
	}
	return n < 0 ? NULL : text;
}

static int report_next(struct kb_report *report, const char *key,
		       struct kb_reader *reader);

static int report_entries(struct kb_report *report, struct kb_reader *reader)
{
	int r = 0;

	while (r >= 0 && !kb_reader_at_end(reader)) {
		_cleanup_(kb_freep) char *key = NULL;
		union kb_value value;
		int code;

		r = kb_reader_enter(reader, '{');
		code = kb_reader_peek(reader);
		if (r >= 0)
			r = kb_reader_basic(reader, 0, &value);
		if (r < 0)
			break;
		key = key_text(code, &value);
		r = key ? report_next(report, key, reader) : -ENOMEM;
		if (r >= 0)
			r = kb_reader_exit(reader);
	}
	return r;
}

static int report_rest(struct kb_report *report, struct kb_reader *reader)
{
	int r = 0;

	while (r >= 0 && !kb_reader_at_end(reader))
		r = report_next(report, NULL, reader);
	return r < 0 ? r : reader->error;
}

static int report_container(struct kb_report *report, const char *key,
			    struct kb_reader *reader, char code)
{
	char contents[KB_SIGNATURE_MAX + 1];
	bool dict;
	int r;

	r = kb_reader_contents(reader, contents);
	if (r >= 0)
		r = kb_reader_enter(reader, code);
	if (r < 0)
		return r;

	dict = code == 'a' && *contents == '{';
	if (code == 'v' || dict)
		kb_report_open_object(report, key);
	else
		kb_report_open_array(report, key);

	if (code == 'v') {
		kb_report_string(report, "type", contents);
		r = report_next(report, "data", reader);
	} else {
		r = dict ? report_entries(report, reader) :
			   report_rest(report, reader);
	}
	kb_report_close(report);
	return r < 0 ? r : kb_reader_exit(reader);
}

static int report_next(struct kb_report *report, const char *key,
		       struct kb_reader *reader)
{
	int code = kb_reader_peek(reader);
	union kb_value value;
	int r;

	if (code <= 0)
		return code ?: -ENXIO;
	if (report->error)
		return report->error;
	if (!kb_type_is_basic(code))
		return report_container(report, key, reader, code);
	r = kb_reader_basic(reader, code, &value);
	if (r >= 0)
		report_basic(report, key, code, &value);
	return r;
}

void kb_report_values(struct kb_report *report, const char *key,
		      struct kb_reader *reader)
{
	int r;

	kb_report_open_array(report, key);
	r = report_rest(report, reader);
	if (r < 0)
		report_fail(report, r);
	kb_report_close(report);
}

void kb_report_value(struct kb_report *report, const char *key,
		     struct kb_reader *reader)
{
	int r = report_next(report, key, reader);

	if (r < 0)
		report_fail(report, r);
}

int kb_report_print(struct kb_report *report, FILE *file, bool pretty)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *text;

	if (report->error)
		return report->error;
	if (pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	text = json_object_to_json_string_ext(report->stack[0], flags);
	if (!text)
		return -ENOMEM;
	return fprintf(file, "%s\n", text) < 0 ? -errno : 0;
}
