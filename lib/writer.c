// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writing values: types and nesting; the formats write the bytes. */
#include <errno.h>
#include <stdarg.h>

#include "lib/reader.h"
#include "lib/writer.h"

int kb_writer_fail(struct kb_writer *writer, int r)
{
	if (!writer->error)
		writer->error = r;
	return writer->error;
}

static const struct kb_format_ops *writer_ops(const struct kb_writer *writer)
{
	return kb_format_ops(writer->format);
}

static struct kb_writer_frame *writer_frame(struct kb_writer *writer)
{
	return &writer->frames[writer->depth];
}

/* bytes */

uint8_t *kb_writer_room(struct kb_writer *writer, size_t size)
{
	struct kb_buffer *buffer = writer->buffer;
	uint8_t *room;

	if (writer->error)
		return NULL;
	if (size > KB_MESSAGE_MAX - kb_writer_position(writer)) {
		kb_writer_fail(writer, -EMSGSIZE);
		return NULL;
	}
	if (buffer->capacity - buffer->size < size &&
	    kb_buffer_reserve(buffer, size) < 0) {
		kb_writer_fail(writer, -ENOMEM);
		return NULL;
	}
	room = buffer->data + buffer->size;
	buffer->size += size;
	return room;
}

void kb_writer_bytes(struct kb_writer *writer, const void *data, size_t size)
{
	struct kb_borrowed *borrowed = writer->borrowed;
	uint8_t *room;

	if (!borrowed || size < KB_BORROW_MIN ||
	    borrowed->n == KB_BORROWED_MAX) {
		room = kb_writer_room(writer, size);
		if (room)
			memcpy(room, data, size);
		return;
	}
	if (size > KB_MESSAGE_MAX - kb_writer_position(writer)) {
		kb_writer_fail(writer, -EMSGSIZE);
		return;
	}
	borrowed->list[borrowed->n].at = writer->buffer->size - writer->base;
	borrowed->list[borrowed->n].data = data;
	borrowed->list[borrowed->n].size = size;
	borrowed->n++;
	borrowed->size += size;
}

void kb_writer_align(struct kb_writer *writer, size_t alignment)
{
	size_t position = kb_writer_position(writer);
	size_t n = kb_align_to(position, alignment) - position;
	uint8_t *room;

	if (!n)
		return;
	room = kb_writer_room(writer, n);
	if (room)
		memset(room, 0, n);
}

/* types */

static int writer_reserve_types(struct kb_writer *writer, size_t n)
{
	struct kb_type *types;
	size_t max;

	if (writer->n_types + n <= writer->max_types)
		return 0;

	max = (writer->n_types + n) * 2;
	types = realloc(writer->types == writer->types_inline ?
			NULL : writer->types, max * sizeof(*types));
	if (!types)
		return -ENOMEM;
	if (writer->types == writer->types_inline)
		memcpy(types, writer->types_inline,
		       writer->n_types * sizeof(*types));
	writer->types = types;
	writer->max_types = max;
	return 0;
}

/* At the arguments themselves any type may come: it joins the signature. */
static int writer_extend(struct kb_writer *writer, const char *type,
			 size_t length)
{
	if (writer->n_signature + length > KB_SIGNATURE_MAX)
		return -EMSGSIZE;

	memcpy(writer->signature + writer->n_signature, type, length);
	writer->n_signature += length;
	writer->signature[writer->n_signature] = '\0';
	return 0;
}

/* The type that must come next; NULL if the container is full. */
static const struct kb_type *writer_next(struct kb_writer *writer)
{
	struct kb_writer_frame *frame = writer_frame(writer);

	return frame->type == frame->type_end ? NULL :
						&writer->types[frame->type];
}

/* A value of the innermost container is complete. */
static void writer_advance(struct kb_writer *writer, bool fixed)
{
	struct kb_writer_frame *frame = writer_frame(writer);

	if (writer->error)
		return;
	if (writer->depth && frame->code != 'a')
		frame->type += writer->types[frame->type].length;
	writer_ops(writer)->end(writer, frame, fixed);
}

/* life */

void kb_writer_init(struct kb_writer *writer, enum kb_format format,
		    struct kb_buffer *buffer)
{
	writer->buffer = buffer;
	writer->borrowed = NULL;
	writer->error = 0;
	writer->format = format;
	writer->base = buffer->size;
	writer->depth = 0;
	writer->n_signature = 0;
	writer->n_copied = 0;
	writer->signature[0] = '\0';
	writer->types = writer->types_inline;
	writer->n_types = 0;
	writer->max_types = KB_ARRAY_SIZE(writer->types_inline);
	writer->offsets = NULL;
	writer->n_offsets = 0;
	writer->max_offsets = 0;
	writer->last_end = 0;
	writer->offset_due = false;
	writer->frames[0] = (struct kb_writer_frame){
		.code = '(',
		.fixed = true,
		.alignment = 1,
	};
}

void kb_writer_deinit(struct kb_writer *writer)
{
	if (writer->types != writer->types_inline)
		free(writer->types);
	writer->types = writer->types_inline;
	free(writer->offsets);
	writer->offsets = NULL;
	kb_writer_fail(writer, -EINVAL);
}

/* basic values */

int kb_writer_basic_trusted(struct kb_writer *writer, char code,
			    const union kb_value *value)
{
	const struct kb_type *type;
	int r = 0;

	if (writer->error)
		return writer->error;
	if (!writer->depth) {
		r = writer_extend(writer, &code, 1);
	} else {
		type = writer_next(writer);
		if (!type || type->code != code)
			r = -EINVAL;
	}
	if (r < 0)
		return kb_writer_fail(writer, r);

	writer_ops(writer)->write(writer, code, value);
	writer_advance(writer, !kb_type_is_string(code));
	return writer->error;
}

int kb_writer_basic(struct kb_writer *writer, char code,
		    const union kb_value *value)
{
	if (!kb_type_is_basic(code))
		return kb_writer_fail(writer, -EINVAL);
	if (kb_type_is_string(code) &&
	    !kb_string_is_valid(code, value->s, value->length))
		return kb_writer_fail(writer, -EINVAL);
	return kb_writer_basic_trusted(writer, code, value);
}

int kb_writer_string(struct kb_writer *writer, char code, const char *s)
{
	union kb_value value = { .s = s };

	if (!kb_type_is_string(code) || !s)
		return kb_writer_fail(writer, -EINVAL);
	value.length = strlen(s);
	return kb_writer_basic(writer, code, &value);
}

int kb_writer_skip_bytes(struct kb_writer *writer, size_t n)
{
	if (writer->depth || writer->format != KB_GVARIANT)
		return kb_writer_fail(writer, -EINVAL);
	if (n > KB_ARRAY_MAX)
		return kb_writer_fail(writer, -EMSGSIZE);
	if (kb_writer_open(writer, 'a', "y") < 0)
		return writer->error;
	if (n > KB_MESSAGE_MAX - kb_writer_position(writer))
		return kb_writer_fail(writer, -EMSGSIZE);
	/* positions count from the base, which may wrap around */
	writer->base -= n;
	return kb_writer_close(writer);
}

/* containers */

/* A container at the arguments: its type becomes part of the signature. */
static int writer_extend_types(struct kb_writer *writer,
			       const struct kb_type *type,
			       const struct kb_type *contents, size_t n)
{
	char text[KB_SIGNATURE_MAX + 2];
	size_t length = 0;

	text[length++] = type->code;
	if (type->code != 'v')
		for (size_t i = 0; i < n; i++)
			text[length++] = contents[i].code;
	if (type->code == '(')
		text[length++] = ')';
	return writer_extend(writer, text, length);
}

/* Opens a container of @type, whose contents are in the table. */
static void writer_push(struct kb_writer *writer, const struct kb_type *type,
			uint32_t contents, uint32_t n, uint32_t types_size)
{
	struct kb_writer_frame *frame = writer_frame(writer) + 1;

	*frame = (struct kb_writer_frame){
		.code = type->code,
		.alignment = type->alignment,
		.type = contents,
		.type_end = contents + n,
		.types_size = types_size,
		.n_offsets = writer->n_offsets,
	};
	frame->fixed = type->code == 'a' ? writer->types[contents].size :
					   type->size;
	writer_ops(writer)->open(writer, frame, *type);
	writer->depth++;
}

/* The same for contents that are not: they are added to it. */
static int writer_push_types(struct kb_writer *writer,
			     const struct kb_type *type,
			     const struct kb_type *contents, size_t n)
{
	uint32_t types_size = writer->n_types;
	int r;

	r = writer_reserve_types(writer, n);
	if (r >= 0 && !writer->depth)
		r = writer_extend_types(writer, type, contents, n);
	if (r < 0)
		return r;
	memcpy(writer->types + types_size, contents, n * sizeof(*contents));
	writer->n_types += n;
	writer_push(writer, type, types_size, n, types_size);
	return 0;
}

/* What is said about the contents must be what is known of them. */
static bool contents_agree(struct kb_writer *writer, char code,
			   const struct kb_type *contents, size_t n)
{
	const struct kb_type *type = writer_next(writer);

	if (!type || type->code != code ||
	    type->length != n + (code == 'a' ? 1 : 2))
		return false;
	for (size_t i = 0; i < n; i++)
		if (type[i + 1].code != contents[i].code)
			return false;
	return true;
}

int kb_writer_open_types(struct kb_writer *writer, const struct kb_type *type,
			 const struct kb_type *contents, size_t n)
{
	const struct kb_type *next;
	struct kb_type known;
	int r;

	if (writer->error)
		return writer->error;
	if (writer->depth == KB_DEPTH_MAX)
		return kb_writer_fail(writer, -EMSGSIZE);

	if (writer->depth) {
		next = writer_next(writer);
		if (!next || next->code != type->code)
			return kb_writer_fail(writer, -EINVAL);
		/* the table it is in may move */
		known = *next;
		if (known.code != 'v') {
			writer_push(writer, &known, writer_frame(writer)->type + 1,
				    known.length - (known.code == 'a' ? 1 : 2),
				    writer->n_types);
			return writer->error;
		}
		type = &known;
	}
	r = writer_push_types(writer, type, contents, n);
	return r < 0 ? kb_writer_fail(writer, r) : writer->error;
}

/* A container whose contents nobody has measured yet. */
static int writer_open_text(struct kb_writer *writer, char code,
			    const char *contents, size_t length)
{
	static const struct kb_type variant = {
		.code = 'v',
		.length = 1,
		.alignment = 8,
	};
	struct kb_type types[KB_SIGNATURE_MAX];
	char text[KB_SIGNATURE_MAX + 2];
	size_t n = 0;

	if (!length || length > KB_SIGNATURE_MAX)
		return kb_writer_fail(writer, -EINVAL);
	if (code != 'v')
		text[n++] = code;
	memcpy(text + n, contents, length);
	n += length;
	if (code == '(')
		text[n++] = ')';
	if (kb_signature_compile(text, n, types, NULL) < 0 ||
	    types[0].length != n)
		return kb_writer_fail(writer, -EINVAL);
	return code == 'v' ?
	       kb_writer_open_types(writer, &variant, types, length) :
	       kb_writer_open_types(writer, types, types + 1, length);
}

int kb_writer_open(struct kb_writer *writer, char code, const char *contents)
{
	struct kb_type types[KB_SIGNATURE_MAX];
	const struct kb_type type = { .code = code };
	bool known = writer->depth && code != 'v';
	size_t length;

	if (writer->error)
		return writer->error;
	if (!kb_type_is_container(code) || (!contents && !known) ||
	    (code == '{' && !known))
		return kb_writer_fail(writer, -EINVAL);
	if (!contents)
		return kb_writer_open_types(writer, &type, NULL, 0);

	length = strnlen(contents, KB_SIGNATURE_MAX + 1);
	if (!known)
		return writer_open_text(writer, code, contents, length);

	/* dictionary entries are types only inside of arrays */
	if (length > KB_SIGNATURE_MAX)
		return kb_writer_fail(writer, -EINVAL);
	for (size_t i = 0; i < length; i++)
		types[i].code = contents[i];
	if (!contents_agree(writer, code, types, length))
		return kb_writer_fail(writer, -EINVAL);
	return kb_writer_open_types(writer, &type, NULL, 0);
}

int kb_writer_array(struct kb_writer *writer, char code, const void *data,
		    size_t n)
{
	struct kb_type types[2];
	size_t size;

	if (!kb_type_is_number(code))
		return kb_writer_fail(writer, -EINVAL);
	if (n > KB_ARRAY_MAX)
		return kb_writer_fail(writer, -EMSGSIZE);

	size = kb_type_size_gvariant(code);
	types[0] = (struct kb_type){ .code = 'a', .length = 2,
				     .alignment = size };
	types[1] = (struct kb_type){ .code = code, .length = 1,
				     .alignment = size, .size = size };
	if (writer->depth && !contents_agree(writer, 'a', types + 1, 1))
		return kb_writer_fail(writer, -EINVAL);
	kb_writer_open_types(writer, types, types + 1, 1);
	size *= n;
	if (size)
		kb_writer_bytes(writer, data, size);
	return kb_writer_close(writer);
}

int kb_writer_close(struct kb_writer *writer)
{
	struct kb_writer_frame *frame = writer_frame(writer);
	bool fixed;

	if (writer->error)
		return writer->error;
	if (!writer->depth ||
	    (frame->code != 'a' && frame->type != frame->type_end))
		return kb_writer_fail(writer, -EINVAL);

	fixed = frame->fixed && (frame->code == '(' || frame->code == '{');
	writer_ops(writer)->close(writer, frame);
	writer->n_types = frame->types_size;
	writer->depth--;
	writer_advance(writer, fixed);
	return writer->error;
}

int kb_writer_finish(struct kb_writer *writer)
{
	if (writer->error)
		return writer->error;
	if (writer->depth)
		return kb_writer_fail(writer, -EINVAL);

	writer_ops(writer)->finish(writer, &writer->frames[0]);
	return writer->error;
}

/* several at once */

/* A table of arguments, so that the recursion can share it. */
struct writer_args {
	va_list list;
};

static int writer_append(struct kb_writer *writer, const char *types,
			 size_t length, struct writer_args *args);

static void writer_append_basic(struct kb_writer *writer, char code,
				struct writer_args *args)
{
	union kb_value value;

	switch (code) {
	case 's':
	case 'o':
	case 'g':
		kb_writer_string(writer, code, va_arg(args->list, char *));
		return;
	case 'y':
		value.y = va_arg(args->list, int);
		break;
	case 'b':
		value.b = va_arg(args->list, int);
		break;
	case 'n':
	case 'q':
		value.q = va_arg(args->list, int);
		break;
	case 'd':
		value.d = va_arg(args->list, double);
		break;
	case 'x':
	case 't':
		value.t = va_arg(args->list, uint64_t);
		break;
	default:
		value.u = va_arg(args->list, uint32_t);
		break;
	}
	kb_writer_basic(writer, code, &value);
}

static void writer_append_array(struct kb_writer *writer, const char *element,
				size_t length, struct writer_args *args)
{
	char contents[KB_SIGNATURE_MAX + 1] = {};
	char *const *strv;
	const void *data;
	unsigned int n;

	if (kb_type_is_number(*element)) {
		data = va_arg(args->list, const void *);
		kb_writer_array(writer, *element, data,
				va_arg(args->list, size_t));
		return;
	}

	memcpy(contents, element, length);
	kb_writer_open(writer, 'a', contents);
	if (kb_type_is_string(*element)) {
		strv = va_arg(args->list, char *const *);
		for (; strv && *strv; strv++)
			kb_writer_string(writer, *element, *strv);
	} else {
		n = va_arg(args->list, unsigned int);
		while (n-- && !writer->error)
			writer_append(writer, element, length, args);
	}
	kb_writer_close(writer);
}

/* Writes one value of a complete type: its length, or an error. */
static int writer_append_one(struct kb_writer *writer, const char *types,
			     size_t room, struct writer_args *args)
{
	char contents[KB_SIGNATURE_MAX + 1] = {};
	const char *inside;
	int length;

	if (kb_type_is_basic(*types)) {
		writer_append_basic(writer, *types, args);
		return 1;
	}

	/* an entry of a dictionary is no type of its own */
	if (*types == '{') {
		length = room;
	} else {
		length = kb_signature_next(types);
		if (length < 0)
			return kb_writer_fail(writer, -EINVAL);
	}

	if (*types == 'a') {
		writer_append_array(writer, types + 1, length - 1, args);
	} else if (*types == 'v') {
		inside = va_arg(args->list, const char *);
		kb_writer_open(writer, 'v', inside);
		writer_append(writer, inside, strlen(inside), args);
		kb_writer_close(writer);
	} else {
		memcpy(contents, types + 1, length - 2);
		kb_writer_open(writer, *types, contents);
		writer_append(writer, contents, length - 2, args);
		kb_writer_close(writer);
	}
	return length;
}

static int writer_append(struct kb_writer *writer, const char *types,
			 size_t length, struct writer_args *args)
{
	const char *end = types + length;

	while (types < end && !writer->error)
		types += writer_append_one(writer, types, end - types, args);
	return writer->error;
}

int kb_writer_appendv(struct kb_writer *writer, const char *types,
		      va_list list)
{
	struct writer_args args;
	int r;

	va_copy(args.list, list);
	r = writer_append(writer, types, strlen(types), &args);
	va_end(args.list);
	return r;
}

int kb_writer_append(struct kb_writer *writer, const char *types, ...)
{
	va_list list;
	int r;

	va_start(list, types);
	r = kb_writer_appendv(writer, types, list);
	va_end(list);
	return r;
}
