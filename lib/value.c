// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whole values: copied from one marshalling to the other, or printed. */
#include <errno.h>
#include <inttypes.h>

#include "lib/fixed.h"
#include "lib/value.h"

/* copying */

static int copy_basic(struct kb_reader *reader, struct kb_writer *writer,
		      char code)
{
	union kb_value value;
	int r;

	r = kb_reader_basic(reader, code, &value);
	if (r < 0)
		return r;
	return kb_writer_basic_trusted(writer, code, &value);
}

/* An array of numbers in our byte order needs no look at its elements. */
static int copy_numbers(struct kb_reader *reader, struct kb_writer *writer,
			char code)
{
	const void *data;
	size_t n;
	int r;

	r = kb_reader_array(reader, code, &data, &n);
	if (r < 0)
		return r;
	return kb_writer_array(writer, code, data, n);
}

static const struct kb_type *reader_element(const struct kb_reader *reader)
{
	return &reader->types[reader->frames[reader->depth].type + 1];
}

/* The elements of an array, all at once: 1, or 0 if that cannot be. */
static int copy_fixed(struct kb_reader *reader, struct kb_writer *writer)
{
	struct kb_fixed_array array;
	struct kb_fixed fixed;
	uint8_t *room;
	size_t size;
	int r;

	r = kb_reader_take_fixed(reader, &fixed, &array);
	if (r <= 0)
		return r;
	size = kb_fixed_bytes(&fixed, writer->format, array.n);
	if (size > KB_ARRAY_MAX || writer->depth + fixed.depth > KB_DEPTH_MAX)
		return kb_writer_fail(writer, -EMSGSIZE);
	room = kb_writer_room(writer, size);
	if (!room)
		return writer->error;
	memset(room, 0, size);
	r = kb_fixed_move(&fixed, &array, writer->format, room);
	return r < 0 ? kb_reader_fail(reader, r) : 1;
}

static int copy_contents(struct kb_reader *reader, struct kb_writer *writer)
{
	int r = 0;

	if (reader->frames[reader->depth].code == 'a')
		r = copy_fixed(reader, writer);
	return r ? r : kb_value_copy(reader, writer);
}

static int copy_container(struct kb_reader *reader, struct kb_writer *writer)
{
	const struct kb_reader_frame *outer = &reader->frames[reader->depth];
	const struct kb_reader_frame *frame = outer + 1;
	int r;

	r = kb_reader_enter(reader, 0);
	if (r < 0)
		return r;

	/* entering a variant may have moved the table */
	r = kb_writer_open_types(writer, &reader->types[outer->type],
				 &reader->types[frame->type],
				 frame->type_end - frame->type);
	if (r >= 0)
		r = copy_contents(reader, writer);
	if (r >= 0)
		r = kb_writer_close(writer);
	if (r >= 0)
		r = kb_reader_exit(reader);
	return r;
}

/*
 * Structures take no bytes of their own, so that the size of a message does not say
 * how long it takes.  A body of 32 MiB has no more values than this unless they are
 * nested for the sake of it; numbers of arrays that are moved at once do not count.
 */
#define COPY_MAX	(1u << 24)

int kb_value_copy(struct kb_reader *reader, struct kb_writer *writer)
{
	const struct kb_type *element;
	int code, r;

	/* recursion is bounded by the reader's 64 levels */
	while ((code = kb_reader_peek(reader)) > 0) {
		if (writer->n_copied++ == COPY_MAX)
			return kb_writer_fail(writer, -EMSGSIZE);
		element = reader_element(reader);
		if (kb_type_is_basic(code))
			r = copy_basic(reader, writer, code);
		else if (code == 'a' && kb_type_is_number(element->code) &&
			 (!reader->swap || element->code == 'y'))
			r = copy_numbers(reader, writer, element->code);
		else
			r = copy_container(reader, writer);
		if (r < 0)
			return r;
	}
	return code;
}

/* printing */

static void print_string(const char *s, FILE *file)
{
	fputc('"', file);
	for (; *s; s++) {
		uint8_t c = *s;

		if (c == '"' || c == '\\')
			fprintf(file, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", file);
		else if (c == '\t')
			fputs("\\t", file);
		else if (c < ' ' || c == 0x7f)
			fprintf(file, "\\%03o", c);
		else if (c == 0xc2 && (uint8_t)s[1] < 0xa0)
			/* U+0080 to U+009F steer terminals, too */
			fprintf(file, "\\%03o\\%03o", c, (uint8_t)*++s);
		else
			fputc(c, file);
	}
	fputc('"', file);
}

static void print_basic(char code, const union kb_value *value, FILE *file)
{
	switch (code) {
	case 'y':
		fprintf(file, "%u", value->y);
		break;
	case 'b':
		fputs(value->b ? "true" : "false", file);
		break;
	case 'n':
		fprintf(file, "%d", value->n);
		break;
	case 'q':
		fprintf(file, "%u", value->q);
		break;
	case 'i':
		fprintf(file, "%" PRId32, value->i);
		break;
	case 'u':
	case 'h':
		fprintf(file, "%" PRIu32, value->u);
		break;
	case 'x':
		fprintf(file, "%" PRId64, value->x);
		break;
	case 't':
		fprintf(file, "%" PRIu64, value->t);
		break;
	case 'd':
		fprintf(file, "%.17g", value->d);
		break;
	default:
		print_string(value->s, file);
		break;
	}
}

/* Elements left in the array the copy of @reader has just entered. */
static int count_elements(struct kb_reader *reader)
{
	struct kb_reader_frame frame = reader->frames[reader->depth];
	size_t position = reader->position;
	int n = 0;

	while (!kb_reader_at_end(reader)) {
		kb_reader_skip(reader);
		n++;
	}
	reader->frames[reader->depth] = frame;
	reader->position = position;
	return reader->error ?: n;
}

static int print_words(struct kb_reader *reader, const char *separator,
		       FILE *file);

static int print_container(struct kb_reader *reader, char code, FILE *file)
{
	char text[KB_SIGNATURE_MAX + 1];
	int n, r;

	if (code == 'v') {
		r = kb_reader_contents(reader, text);
		if (r < 0)
			return r;
		fputs(text, file);
	}
	r = kb_reader_enter(reader, code);
	if (r < 0)
		return r;
	if (code == 'a') {
		n = count_elements(reader);
		if (n < 0)
			return n;
		fprintf(file, "%d", n);
	}

	r = print_words(reader, code == 'a' || code == 'v' ? " " : "", file);
	return r < 0 ? r : kb_reader_exit(reader);
}

/* The values left in the container, each after a @separator; the first of a
 * struct has none. */
static int print_words(struct kb_reader *reader, const char *separator,
		       FILE *file)
{
	union kb_value value;
	int code, r;

	while ((code = kb_reader_peek(reader)) > 0) {
		fputs(separator, file);
		separator = " ";
		if (kb_type_is_basic(code)) {
			r = kb_reader_basic(reader, code, &value);
			if (r >= 0)
				print_basic(code, &value, file);
		} else {
			r = print_container(reader, code, file);
		}
		if (r < 0)
			return r;
	}
	return code;
}

int kb_value_print(struct kb_reader *reader, FILE *file)
{
	struct kb_reader_frame *frame = &reader->frames[reader->depth];

	for (uint32_t i = frame->type; i < frame->type_end; i++)
		fputc(reader->types[i].code, file);
	return print_words(reader, " ", file);
}
