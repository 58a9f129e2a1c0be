// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading values: types and nesting; the formats read the bytes. */
#include <errno.h>
#include <stdarg.h>

#include "lib/fixed.h"
#include "lib/name.h"
#include "lib/reader.h"

int kb_reader_fail(struct kb_reader *reader, int r)
{
	if (!reader->error)
		reader->error = r;
	return reader->error;
}

static const struct kb_format_ops *reader_ops(const struct kb_reader *reader)
{
	return kb_format_ops(reader->format);
}

static struct kb_reader_frame *reader_frame(struct kb_reader *reader)
{
	return &reader->frames[reader->depth];
}

/* types */

/* Room for @n more entries in the table, which may move. */
static int reader_reserve_types(struct kb_reader *reader, size_t n)
{
	struct kb_type *types;
	size_t max;

	if (reader->n_types + n <= reader->max_types)
		return 0;

	/* 64 variants of 255 characters each are the most there can be */
	max = (reader->n_types + n) * 2;
	types = realloc(reader->types == reader->types_inline ?
			NULL : reader->types, max * sizeof(*types));
	if (!types)
		return -ENOMEM;
	if (reader->types == reader->types_inline)
		memcpy(types, reader->types_inline,
		       reader->n_types * sizeof(*types));
	reader->types = types;
	reader->max_types = max;
	return 0;
}

static int reader_compile(struct kb_reader *reader,
			  struct kb_reader_frame *frame,
			  const char *signature, size_t length,
			  struct kb_type *out_all)
{
	int r;

	r = reader_reserve_types(reader, length);
	if (r < 0)
		return r;

	r = kb_signature_compile(signature, length,
				 reader->types + reader->n_types, out_all);
	if (r < 0)
		return r;

	frame->type = reader->n_types;
	frame->type_end = reader->n_types + length;
	reader->n_types += length;
	return 0;
}

int kb_reader_push_type(struct kb_reader *reader,
			struct kb_reader_frame *frame, const char *signature,
			size_t length)
{
	int r;

	if (!length || length > KB_SIGNATURE_MAX)
		return -EBADMSG;

	r = reader_compile(reader, frame, signature, length, NULL);
	if (r < 0)
		return r;
	return reader->types[frame->type].length == length ? 0 : -EBADMSG;
}

/* The type of the next value, or NULL at the end of the container. */
static const struct kb_type *reader_next(struct kb_reader *reader)
{
	struct kb_reader_frame *frame = reader_frame(reader);

	if (frame->code == 'a' ? reader_ops(reader)->at_end(reader, frame) :
				 frame->type == frame->type_end)
		return NULL;
	return &reader->types[frame->type];
}

/* A value was taken; arrays have the same type again. */
static void reader_advance(struct kb_reader *reader)
{
	struct kb_reader_frame *frame = reader_frame(reader);

	if (frame->code != 'a')
		frame->type += reader->types[frame->type].length;
}

/* life */

int kb_reader_init(struct kb_reader *reader, enum kb_format format, bool swap,
		   const char *signature, const void *data, size_t size,
		   uint32_t n_fds)
{
	struct kb_reader_frame *frame = &reader->frames[0];
	struct kb_type all;
	size_t length;
	int r;

	reader->data = data;
	reader->size = size;
	reader->position = 0;
	reader->n_fds = n_fds;
	reader->format = format;
	reader->swap = swap;
	reader->error = 0;
	reader->depth = 0;
	reader->types = reader->types_inline;
	reader->n_types = 0;
	reader->max_types = KB_ARRAY_SIZE(reader->types_inline);

	length = strnlen(signature, KB_SIGNATURE_MAX + 1);
	if (length > KB_SIGNATURE_MAX || size > KB_MESSAGE_MAX)
		return kb_reader_fail(reader, -EBADMSG);

	*frame = (struct kb_reader_frame){ .code = '(', .outer = size };
	r = reader_compile(reader, frame, signature, length, &all);
	if (r >= 0)
		r = reader_ops(reader)->begin(reader, frame, &all);
	if (r < 0)
		return kb_reader_fail(reader, r);
	return 0;
}

void kb_reader_deinit(struct kb_reader *reader)
{
	if (reader->types != reader->types_inline)
		free(reader->types);
	reader->types = reader->types_inline;
}

/* looking */

int kb_reader_peek(struct kb_reader *reader)
{
	const struct kb_type *type;

	if (reader->error)
		return reader->error;
	type = reader_next(reader);
	return type ? type->code : 0;
}

bool kb_reader_at_end(struct kb_reader *reader)
{
	return kb_reader_peek(reader) <= 0;
}

static int types_to_text(const struct kb_type *types, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = types[i].code;
	out[n] = '\0';
	return n;
}

int kb_reader_type(struct kb_reader *reader, char out[KB_SIGNATURE_MAX + 1])
{
	const struct kb_type *type;

	if (reader->error)
		return reader->error;
	type = reader_next(reader);
	return types_to_text(type, type ? type->length : 0, out);
}

int kb_reader_contents(struct kb_reader *reader, char out[KB_SIGNATURE_MAX + 1])
{
	struct kb_reader_frame saved, *inner;
	uint32_t n_types = reader->n_types;
	size_t position = reader->position;
	const struct kb_type *type;
	int r;

	if (reader->error)
		return reader->error;
	type = reader_next(reader);
	if (!type || !kb_type_is_container(type->code))
		return -ENXIO;
	if (type->code == 'a')
		return types_to_text(type + 1, type->length - 1, out);
	if (type->code != 'v')
		return types_to_text(type + 1, type->length - 2, out);

	/* only the bytes know: step in, look, step back */
	saved = *reader_frame(reader);
	r = kb_reader_enter(reader, 'v');
	if (r < 0)
		return r;
	inner = reader_frame(reader);
	r = types_to_text(&reader->types[inner->type],
			  inner->type_end - inner->type, out);
	reader->depth--;
	*reader_frame(reader) = saved;
	reader->n_types = n_types;
	reader->position = position;
	return r;
}

/* taking */

bool kb_string_is_valid(char code, const char *s, size_t length)
{
	switch (code) {
	case 'o':
		return kb_path_is_valid_n(s, length);
	case 'g':
		return kb_signature_is_valid(s, length);
	default:
		return kb_utf8_is_valid(s, length);
	}
}

int kb_reader_basic(struct kb_reader *reader, char code, union kb_value *out)
{
	const struct kb_type *type;
	union kb_value value;
	int r;

	if (reader->error)
		return reader->error;
	type = reader_next(reader);
	if (!type || !kb_type_is_basic(type->code) ||
	    (code && code != type->code))
		return -ENXIO;

	r = reader_ops(reader)->basic(reader, type->code, &value);
	if (r < 0)
		return kb_reader_fail(reader, r);

	reader_advance(reader);
	if (out)
		*out = value;
	return 0;
}

int kb_reader_array(struct kb_reader *reader, char code, const void **out_data,
		    size_t *out_n)
{
	const struct kb_type *type;
	struct kb_reader_frame *frame;
	size_t size, width;
	int r;

	if (reader->error)
		return reader->error;
	type = reader_next(reader);
	if (!kb_type_is_number(code) || !type || type->code != 'a' ||
	    type[1].code != code)
		return -ENXIO;

	r = kb_reader_enter(reader, 'a');
	if (r < 0)
		return r;

	/* the elements are numbers of one width in both formats */
	frame = reader_frame(reader);
	width = kb_type_size_gvariant(code);
	size = frame->end - reader->position;
	if (size % width)
		return kb_reader_fail(reader, -EBADMSG);
	*out_data = reader->data + reader->position;
	*out_n = size / width;
	reader->position = frame->end;
	return kb_reader_exit(reader);
}

int kb_reader_enter(struct kb_reader *reader, char code)
{
	struct kb_reader_frame *outer = reader_frame(reader), *frame;
	const struct kb_type *type;
	int r;

	if (reader->error)
		return reader->error;
	type = reader_next(reader);
	if (!type || !kb_type_is_container(type->code) ||
	    (code && code != type->code))
		return -ENXIO;
	if (reader->depth == KB_DEPTH_MAX)
		return kb_reader_fail(reader, -EBADMSG);

	frame = outer + 1;
	*frame = (struct kb_reader_frame){
		.code = type->code,
		.type = outer->type + 1,
		/* without the closing parenthesis */
		.type_end = outer->type + type->length - (type->code != 'a'),
		.types_size = reader->n_types,
	};
	r = reader_ops(reader)->enter(reader, frame, *type);
	if (r < 0)
		return kb_reader_fail(reader, r);

	reader->depth++;
	return 0;
}

/* Bytes of an array from which on its elements are not taken one by one. */
#define FIXED_MIN	256

int kb_reader_take_fixed(struct kb_reader *reader, struct kb_fixed *fixed,
			 struct kb_fixed_array *array)
{
	struct kb_reader_frame *frame = reader_frame(reader);
	const struct kb_type *type = &reader->types[frame->type];
	size_t size = frame->end - reader->position;

	if (reader->error)
		return reader->error;
	if (frame->code != 'a' || !type->size || size < FIXED_MIN ||
	    reader->position != frame->start)
		return 0;
	kb_fixed_measure(fixed, type);
	if (reader->depth + fixed->depth > KB_DEPTH_MAX)
		return 0;
	*array = (struct kb_fixed_array){
		.data = reader->data + reader->position,
		.format = reader->format,
		.swap = reader->swap,
		.n_fds = reader->n_fds,
	};
	if (kb_fixed_count(fixed, reader->format, size, &array->n) < 0)
		return kb_reader_fail(reader, -EBADMSG);
	reader->position = frame->end;
	return 1;
}

/* Checks elements that nobody has taken. */
static int reader_check_fixed(struct kb_reader *reader)
{
	struct kb_fixed_array array;
	struct kb_fixed fixed;
	int r;

	r = kb_reader_take_fixed(reader, &fixed, &array);
	if (r > 0)
		r = kb_fixed_move(&fixed, &array, reader->format, NULL);
	return r < 0 ? kb_reader_fail(reader, r) : 0;
}

int kb_reader_exit(struct kb_reader *reader)
{
	struct kb_reader_frame *frame = reader_frame(reader);
	int r;

	if (!reader->depth)
		return kb_reader_fail(reader, -EINVAL);
	if (frame->code == 'a')
		reader_check_fixed(reader);
	while (!kb_reader_at_end(reader))
		kb_reader_skip(reader);
	if (reader->error)
		return reader->error;

	r = reader_ops(reader)->leave(reader, frame);
	if (r < 0)
		return kb_reader_fail(reader, r);

	reader->n_types = frame->types_size;
	reader->depth--;
	reader_advance(reader);
	return 0;
}

/* Arrays of numbers have nothing to check but their size. */
static bool is_number_array(const struct kb_type *type)
{
	return type->code == 'a' && kb_type_is_number(type[1].code);
}

int kb_reader_skip(struct kb_reader *reader)
{
	const struct kb_type *type;
	const void *data;
	size_t n;
	int r;

	if (reader->error)
		return reader->error;
	type = reader_next(reader);
	if (!type)
		return -ENXIO;
	if (kb_type_is_basic(type->code))
		return kb_reader_basic(reader, type->code, NULL);
	if (is_number_array(type))
		return kb_reader_array(reader, type[1].code, &data, &n);

	r = kb_reader_enter(reader, type->code);
	return r < 0 ? r : kb_reader_exit(reader);
}

int kb_reader_finish(struct kb_reader *reader)
{
	int r;

	while (reader->depth && !reader->error)
		kb_reader_exit(reader);
	while (!kb_reader_at_end(reader))
		kb_reader_skip(reader);
	if (reader->error)
		return reader->error;

	r = reader_ops(reader)->leave(reader, reader_frame(reader));
	return r < 0 ? kb_reader_fail(reader, r) : 0;
}

/* several at once */

/* A table of arguments, so that the recursion can share it. */
struct reader_args {
	va_list list;
};

static void store_basic(char code, const union kb_value *value, void *out)
{
	if (!out)
		return;
	if (kb_type_is_string(code))
		*(const char **)out = value->s;
	else if (code == 'b')
		*(bool *)out = value->b;
	else
		/* the members of the union begin where it does */
		memcpy(out, value, kb_type_size_gvariant(code));
}

static int reader_strv(struct kb_reader *reader, char code, char ***out)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer buffer = {};
	union kb_value value;
	char *copy;
	int r;

	r = kb_reader_enter(reader, 'a');
	if (r < 0)
		return r;
	while (!kb_reader_at_end(reader) && r >= 0) {
		r = kb_reader_basic(reader, code, &value);
		if (r < 0)
			break;
		copy = strndup(value.s, value.length);
		r = copy ? kb_buffer_append(&buffer, &copy, sizeof(copy)) :
			   -ENOMEM;
		if (r < 0)
			free(copy);
	}
	/* the NULL at the end also serves to free what we have on failure */
	if (r >= 0)
		r = kb_reader_exit(reader);
	if (kb_buffer_append_zero(&buffer, sizeof(copy)) < 0) {
		for (size_t i = 0; i < buffer.size / sizeof(copy); i++)
			free(((char **)buffer.data)[i]);
		return -ENOMEM;
	}
	if (r < 0 || !out) {
		kb_strv_free((char **)TAKE_PTR(buffer.data));
		return r;
	}
	*out = (char **)TAKE_PTR(buffer.data);
	return 0;
}

static int reader_read_array(struct kb_reader *reader, char code,
			     struct reader_args *args)
{
	const void *data, **out_data;
	size_t n, *out_n;
	int r;

	if (kb_type_is_string(code))
		return reader_strv(reader, code, va_arg(args->list, char ***));
	if (!kb_type_is_number(code))
		return -EINVAL;

	out_data = va_arg(args->list, const void **);
	out_n = va_arg(args->list, size_t *);
	r = kb_reader_array(reader, code, &data, &n);
	if (r < 0)
		return r;
	if (out_data)
		*out_data = data;
	if (out_n)
		*out_n = n;
	return 0;
}

static int reader_read(struct kb_reader *reader, const char *types,
		       size_t length, struct reader_args *args);

/* A dict entry is no complete type by itself, but may be read by itself. */
static int type_length(const char *types)
{
	int n;

	if (*types != '{')
		return kb_signature_next(types);
	if (!kb_type_is_basic(types[1]) || !types[2])
		return -EINVAL;
	n = kb_signature_next(types + 2);
	return n < 0 || types[n + 2] != '}' ? -EINVAL : n + 3;
}

/* Reads one value of a complete type: its length, or an error. */
static int reader_read_one(struct kb_reader *reader, const char *types,
			   struct reader_args *args)
{
	char inside[KB_SIGNATURE_MAX + 1];
	union kb_value value;
	const char *expected;
	int length, r;

	if (kb_type_is_basic(*types)) {
		r = kb_reader_basic(reader, *types, &value);
		if (r < 0)
			return r;
		store_basic(*types, &value, va_arg(args->list, void *));
		return 1;
	}

	length = type_length(types);
	if (length < 0)
		return -EINVAL;

	if (*types == 'a') {
		r = length == 2 ? reader_read_array(reader, types[1], args) :
				  -EINVAL;
		return r < 0 ? r : length;
	}
	if (*types == 'v') {
		expected = va_arg(args->list, const char *);
		r = kb_reader_contents(reader, inside);
		if (r >= 0 && !kb_streq(inside, expected))
			r = -ENXIO;
		if (r >= 0)
			r = kb_reader_enter(reader, 'v');
		if (r >= 0)
			r = reader_read(reader, expected, strlen(expected),
					args);
	} else {
		r = kb_reader_enter(reader, *types);
		if (r >= 0)
			r = reader_read(reader, types + 1, length - 2, args);
	}
	if (r >= 0)
		r = kb_reader_exit(reader);
	return r < 0 ? r : length;
}

static int reader_read(struct kb_reader *reader, const char *types,
		       size_t length, struct reader_args *args)
{
	const char *end = types + length;

	while (types < end) {
		int n = reader_read_one(reader, types, args);

		if (n < 0)
			return n;
		types += n;
	}
	return 0;
}

int kb_reader_readv(struct kb_reader *reader, const char *types, va_list list)
{
	struct reader_args args;
	int r;

	va_copy(args.list, list);
	r = reader_read(reader, types, strlen(types), &args);
	va_end(args.list);
	return r;
}

int kb_reader_read(struct kb_reader *reader, const char *types, ...)
{
	va_list list;
	int r;

	va_start(list, types);
	r = kb_reader_readv(reader, types, list);
	va_end(list);
	return r;
}
