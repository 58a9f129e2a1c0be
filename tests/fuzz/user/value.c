// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Values in either marshalling: what one accepts is accepted by the other, and
 * comes back as the same bytes, since of each value there is one form.
 *
 * input: options, descriptors, length of the signature, signature, body
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/value.h"
#include "tests/fuzz/user/fuzz.h"

/**
 * struct body - bytes, and what is to be known to read them
 */
struct body {
	enum kb_format format;
	bool swap;
	const char *signature;
	const uint8_t *data;
	size_t size;
	uint32_t n_fds;
};

static int begin(struct kb_reader *reader, const struct body *body)
{
	return kb_reader_init(reader, body->format, body->swap, body->signature,
			      body->data, body->size, body->n_fds);
}

static int check(const struct body *body)
{
	struct kb_reader reader;
	int r;

	r = begin(&reader, body);
	if (r == 0)
		r = kb_reader_finish(&reader);
	kb_reader_deinit(&reader);
	must(r == 0 || r == -EBADMSG);
	return r;
}

static int convert(const struct body *body, enum kb_format format,
		   struct kb_buffer *out)
{
	struct kb_reader reader;
	struct kb_writer writer;
	int r;

	kb_writer_init(&writer, format, out);
	r = begin(&reader, body);
	if (r == 0)
		r = kb_value_copy(&reader, &writer);
	if (r == 0)
		r = kb_reader_finish(&reader);
	if (r == 0)
		r = kb_writer_finish(&writer);
	if (r == 0)
		must(!strcmp(writer.signature, body->signature));
	kb_reader_deinit(&reader);
	kb_writer_deinit(&writer);
	return r;
}

static bool same(const void *a, size_t n_a, const void *b, size_t n_b)
{
	return n_a == n_b && (n_a == 0 || !memcmp(a, b, n_a));
}

/* Every step there is, each with what it was asked for and with what it was not. */
static void walk(struct kb_reader *reader, struct fuzz_input *choices)
{
	char text[KB_SIGNATURE_MAX + 1];
	union kb_value value;
	const void *numbers;
	size_t n;
	int code, r;

	while ((code = kb_reader_peek(reader)) > 0) {
		uint8_t choice = fuzz_byte(choices);

		must(kb_reader_type(reader, text) > 0 && text[0] == code);
		r = kb_reader_contents(reader, text);
		must((r == -ENXIO) == kb_type_is_basic(code));
		/* a variant of what is no type */
		if (r < 0 && r != -ENXIO)
			return;
		if (choice & 1)
			must(kb_reader_basic(reader, code == 'u' ? 's' : 'u',
					     &value) == -ENXIO);
		if (code == 'a' && choice & 2 &&
		    kb_reader_array(reader, choice & 4 ? 'y' : 'u', &numbers,
				    &n) == 0)
			continue;
		if (choice & 8) {
			if (kb_reader_skip(reader) < 0)
				return;
		} else if (kb_type_is_basic(code)) {
			if (kb_reader_basic(reader, 0, &value) < 0)
				return;
			if (kb_type_is_string(code))
				must(strlen(value.s) == value.length);
		} else {
			if (kb_reader_enter(reader, 0) < 0)
				return;
			walk(reader, choices);
			if (kb_reader_exit(reader) < 0)
				return;
		}
	}
}

static void check_walk(const struct body *body, struct fuzz_input choices,
		       bool valid)
{
	struct kb_reader reader;
	int r;

	r = begin(&reader, body);
	if (r == 0) {
		walk(&reader, &choices);
		r = kb_reader_finish(&reader);
	}
	must((r == 0) == valid);
	kb_reader_deinit(&reader);
}

static void check_print(const struct body *body)
{
	struct kb_reader reader;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	must(file && begin(&reader, body) == 0);
	must(kb_value_print(&reader, file) == 0);
	kb_reader_deinit(&reader);
	fclose(file);
	must(!memchr(text, '\n', size));
	free(text);
}

/* There and back, by way of the other format. */
static void check_round_trip(const struct body *body)
{
	enum kb_format other = body->format == KB_DBUS1 ? KB_GVARIANT :
							  KB_DBUS1;
	struct kb_buffer own = {}, there = {}, back = {};
	struct body between = *body;
	int r;

	must(convert(body, body->format, &own) == 0);
	if (!body->swap)
		must(same(own.data, own.size, body->data, body->size));
	r = convert(body, other, &there);
	/* dbus1 knows no arrays so long, and the input is short */
	must(r == 0);
	between.format = other;
	between.swap = false;
	between.data = there.data;
	between.size = there.size;
	must(check(&between) == 0);
	must(convert(&between, body->format, &back) == 0);
	must(same(own.data, own.size, back.data, back.size));
	kb_buffer_deinit(&own);
	kb_buffer_deinit(&there);
	kb_buffer_deinit(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	uint8_t options = fuzz_byte(&input);
	struct body body = {
		.format = options & 1 ? KB_DBUS1 : KB_GVARIANT,
		.swap = options & 2,
		.n_fds = fuzz_byte(&input),
	};
	char *signature = fuzz_text(&input, fuzz_byte(&input));
	struct fuzz_input choices = input;
	uint8_t *bytes = fuzz_take(&input, size, &body.size);
	struct kb_buffer nothing = {};
	int r;

	body.signature = signature;
	body.data = bytes;
	r = check(&body);
	check_walk(&body, choices, r == 0);
	if (r == 0) {
		check_print(&body);
		check_round_trip(&body);
	} else {
		must(convert(&body, KB_GVARIANT, &nothing) == -EBADMSG);
		kb_buffer_deinit(&nothing);
	}
	free(bytes);
	free(signature);
	return 0;
}
