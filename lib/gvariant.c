// SPDX-License-Identifier: LGPL-2.1-or-later
/* The marshalling of messages on kdbus: values first, offsets behind. */
#include <errno.h>

#include "lib/dbus1.h"
#include "lib/gvariant.h"
#include "lib/reader.h"
#include "lib/writer.h"

/* framing offsets */

size_t kb_gvariant_width(size_t size)
{
	if (size > UINT32_MAX)
		return 8;
	if (size > UINT16_MAX)
		return 4;
	if (size > UINT8_MAX)
		return 2;
	return size ? 1 : 0;
}

size_t kb_gvariant_width_for(size_t size, size_t n)
{
	if (size + n <= UINT8_MAX)
		return 1;
	if (size + n * 2 <= UINT16_MAX)
		return 2;
	if (size + n * 4 <= UINT32_MAX)
		return 4;
	return 8;
}

uint64_t kb_gvariant_load_offset(const uint8_t *data, size_t width)
{
	uint64_t offset = 0;

	while (width--)
		offset = offset << 8 | data[width];
	return offset;
}

void kb_gvariant_store_offset(uint8_t *data, size_t width, uint64_t offset)
{
	for (size_t i = 0; i < width; i++, offset >>= 8)
		data[i] = offset;
}

/*
 * Reading. Each child lies between the (aligned) end of the one before and an
 * end that is known in advance: from its type, from an offset, or because it
 * is the last. So a frame knows
 *   start    its first byte, from which offsets count
 *   end      where its last child ends and its table of offsets begins
 *   outer    where the table ends, too
 *   offset   where the next offset is: arrays have them in order, structs in
 *            reverse
 */

static bool is_zero(const struct kb_reader *reader, size_t from, size_t to)
{
	for (; from < to; from++)
		if (reader->data[from])
			return false;
	return true;
}

/* Does the table of @n offsets have the width that the writer had to choose? */
static bool width_is_minimal(size_t size, size_t n, size_t width)
{
	return kb_gvariant_width_for(size - n * width, n) == width;
}

/* The end of the next child, which varies in size, from the table. */
static int gvariant_next_offset(struct kb_reader *reader,
				struct kb_reader_frame *frame, size_t *out_end)
{
	uint64_t offset;

	if (frame->code != 'a')
		frame->offset -= frame->width;
	offset = kb_gvariant_load_offset(reader->data + frame->offset,
					 frame->width);
	if (frame->code == 'a')
		frame->offset += frame->width;

	if (offset > frame->end - frame->start)
		return -EBADMSG;
	*out_end = frame->start + offset;
	return 0;
}

/* Moves to the next child and finds its end. */
static int gvariant_next(struct kb_reader *reader, const struct kb_type *type,
			 size_t *out_end)
{
	struct kb_reader_frame *frame = &reader->frames[reader->depth];
	size_t start = kb_align_to(reader->position, type->alignment);
	size_t end = frame->end;
	bool last;
	int r;

	if (start > frame->end || !is_zero(reader, reader->position, start))
		return -EBADMSG;

	if (type->size) {
		if (type->size > frame->end - start)
			return -EBADMSG;
		end = start + type->size;
	} else {
		last = frame->code != 'a' &&
		       frame->type + type->length == frame->type_end;
		r = last ? 0 : gvariant_next_offset(reader, frame, &end);
		if (r < 0 || end < start)
			return -EBADMSG;
	}

	reader->position = start;
	*out_end = end;
	return 0;
}

static int gvariant_string(struct kb_reader *reader, char code, size_t end,
			   union kb_value *out)
{
	const char *s = (const char *)reader->data + reader->position;
	size_t size = end - reader->position;

	if (!size || s[size - 1])
		return -EBADMSG;
	if (!kb_string_is_valid(code, s, size - 1))
		return -EBADMSG;
	out->s = s;
	out->length = size - 1;
	return 0;
}

static int gvariant_basic(struct kb_reader *reader, char code,
			  union kb_value *out)
{
	struct kb_reader_frame *frame = &reader->frames[reader->depth];
	const uint8_t *data;
	size_t end;
	int r;

	r = gvariant_next(reader, &reader->types[frame->type], &end);
	if (r < 0)
		return r;

	data = reader->data + reader->position;
	switch (code) {
	case 's':
	case 'o':
	case 'g':
		r = gvariant_string(reader, code, end, out);
		break;
	case 'y':
		out->y = *data;
		break;
	case 'b':
		out->b = *data;
		r = *data <= 1 ? 0 : -EBADMSG;
		break;
	case 'n':
	case 'q':
		out->q = kb_load_number(data, 2, reader->swap);
		break;
	case 'x':
	case 't':
	case 'd':
		out->t = kb_load_number(data, 8, reader->swap);
		break;
	default:
		out->u = kb_load_number(data, 4, reader->swap);
		if (code == 'h' && out->u >= reader->n_fds)
			r = -EBADMSG;
		break;
	}
	reader->position = end;
	return r;
}

static int gvariant_enter_array(struct kb_reader *reader,
				struct kb_reader_frame *frame)
{
	size_t size = frame->outer - frame->start;
	size_t element = reader->types[frame->type].size;
	size_t width, table;
	uint64_t last;

	if (size > KB_ARRAY_MAX)
		return -EBADMSG;

	frame->end = frame->offset = frame->outer;
	if (element)
		return size % element ? -EBADMSG : 0;
	if (!size)
		return 0;

	width = kb_gvariant_width(size);
	last = kb_gvariant_load_offset(reader->data + frame->outer - width,
				       width);
	if (last >= size)
		return -EBADMSG;
	table = size - last;
	if (table % width || !width_is_minimal(size, table / width, width))
		return -EBADMSG;

	frame->width = width;
	frame->end = frame->offset = frame->start + last;
	return 0;
}

static int gvariant_enter_struct(struct kb_reader *reader _unused_,
				 struct kb_reader_frame *frame,
				 const struct kb_type *type)
{
	size_t size = frame->outer - frame->start;
	size_t width, table;

	frame->fixed = type->size;
	frame->end = frame->offset = frame->outer;
	if (!type->n_offsets)
		return 0;

	width = kb_gvariant_width(size);
	table = type->n_offsets * width;
	if (!size || table > size ||
	    !width_is_minimal(size, type->n_offsets, width))
		return -EBADMSG;

	frame->width = width;
	frame->end = frame->outer - table;
	return 0;
}

static int gvariant_enter_variant(struct kb_reader *reader,
				  struct kb_reader_frame *frame)
{
	const uint8_t *start = reader->data + frame->start;
	const uint8_t *end = reader->data + frame->outer;
	const uint8_t *p = end;

	/* back over the type, which has no zero in it, to the separator */
	do {
		if (p == start || end - p > KB_SIGNATURE_MAX)
			return -EBADMSG;
	} while (*--p);

	frame->end = p - reader->data;
	return kb_reader_push_type(reader, frame, (const char *)p + 1,
				   end - p - 1);
}

static int gvariant_enter(struct kb_reader *reader,
			  struct kb_reader_frame *frame, struct kb_type type)
{
	int r;

	r = gvariant_next(reader, &type, &frame->outer);
	if (r < 0)
		return r;

	frame->start = reader->position;
	switch (type.code) {
	case 'a':
		return gvariant_enter_array(reader, frame);
	case 'v':
		return gvariant_enter_variant(reader, frame);
	default:
		return gvariant_enter_struct(reader, frame, &type);
	}
}

/* The arguments are a struct that takes the whole body. */
static int gvariant_begin(struct kb_reader *reader,
			  struct kb_reader_frame *frame,
			  const struct kb_type *all)
{
	if (all->size && all->size != reader->size)
		return -EBADMSG;
	return gvariant_enter_struct(reader, frame, all);
}

static bool gvariant_at_end(const struct kb_reader *reader,
			    const struct kb_reader_frame *frame)
{
	/* elements of varying size may be empty: the offsets are what counts */
	return frame->width ? frame->offset == frame->outer :
			      reader->position == frame->end;
}

static int gvariant_leave(struct kb_reader *reader,
			  struct kb_reader_frame *frame)
{
	if (frame->fixed) {
		if (!is_zero(reader, reader->position, frame->outer))
			return -EBADMSG;
	} else if (reader->position != frame->end) {
		return -EBADMSG;
	}
	reader->position = frame->outer;
	return 0;
}

/*
 * Writing. The ends of varying children are collected on one stack for all
 * open containers; a container takes its own off when it closes.
 */

static void gvariant_push_offset(struct kb_writer *writer, uint32_t end)
{
	uint32_t *offsets;
	size_t max;

	if (writer->n_offsets == writer->max_offsets) {
		max = writer->max_offsets ? writer->max_offsets * 2 : 32;
		offsets = realloc(writer->offsets, max * sizeof(*offsets));
		if (!offsets) {
			kb_writer_fail(writer, -ENOMEM);
			return;
		}
		writer->offsets = offsets;
		writer->max_offsets = max;
	}
	writer->offsets[writer->n_offsets++] = end;
}

/* Appends the table of the container that began at @start. */
static void gvariant_write_offsets(struct kb_writer *writer,
				   const struct kb_writer_frame *frame)
{
	const uint32_t *offsets = writer->offsets + frame->n_offsets;
	size_t n = writer->n_offsets - frame->n_offsets;
	size_t width, size = kb_writer_position(writer) - frame->start;
	uint8_t *room;

	if (!n)
		return;
	width = kb_gvariant_width_for(size, n);
	room = kb_writer_room(writer, n * width);
	for (size_t i = 0; room && i < n; i++, room += width)
		kb_gvariant_store_offset(room, width,
					 offsets[frame->code == 'a' ?
						 i : n - 1 - i]);
	writer->n_offsets = frame->n_offsets;
}

static void gvariant_write(struct kb_writer *writer, char code,
			   const union kb_value *value)
{
	size_t size = kb_type_size_gvariant(code);
	uint8_t *room, boolean;

	if (!size) {
		if (value->length >= KB_MESSAGE_MAX) {
			kb_writer_fail(writer, -EMSGSIZE);
			return;
		}
		kb_writer_bytes(writer, value->s, value->length + 1);
		return;
	}

	kb_writer_align(writer, size);
	room = kb_writer_room(writer, size);
	boolean = code == 'b' && value->b;
	/* the members of the union begin where it does */
	if (room)
		memcpy(room, code == 'b' ? (const void *)&boolean : value,
		       size);
	if (writer->frames[0].alignment < size && !writer->depth)
		writer->frames[0].alignment = size;
}

/* At the arguments it shows only with the next one that this needs an offset;
 * it has to be known before the next one's bytes. */
static void gvariant_end(struct kb_writer *writer,
			 struct kb_writer_frame *frame, bool fixed)
{
	size_t end = kb_writer_position(writer) - frame->start;

	if (!writer->depth) {
		if (writer->offset_due)
			gvariant_push_offset(writer, writer->last_end);
		writer->offset_due = !fixed;
		writer->last_end = end;
		if (!fixed)
			frame->fixed = false;
		return;
	}
	if (fixed || frame->code == 'v' ||
	    (frame->code != 'a' && frame->type == frame->type_end))
		return;
	gvariant_push_offset(writer, end);
}

static void gvariant_open(struct kb_writer *writer,
			  struct kb_writer_frame *frame, struct kb_type type)
{
	if (!writer->depth) {
		/* before the container's own offsets come onto the stack */
		if (writer->offset_due)
			gvariant_push_offset(writer, writer->last_end);
		writer->offset_due = false;
		frame->n_offsets = writer->n_offsets;
		if (writer->frames[0].alignment < type.alignment)
			writer->frames[0].alignment = type.alignment;
	}
	kb_writer_align(writer, type.alignment);
	frame->start = kb_writer_position(writer);
}

static void gvariant_write_type(struct kb_writer *writer,
				const struct kb_writer_frame *frame)
{
	uint32_t first = frame->types_size;
	size_t n = writer->types[first].length;
	uint8_t *room = kb_writer_room(writer, n + 1);

	if (!room)
		return;
	*room++ = '\0';
	for (size_t i = 0; i < n; i++)
		*room++ = writer->types[first + i].code;
}

static void gvariant_close(struct kb_writer *writer,
			   struct kb_writer_frame *frame)
{
	switch (frame->code) {
	case 'v':
		gvariant_write_type(writer, frame);
		return;
	case 'a':
		gvariant_write_offsets(writer, frame);
		if (kb_writer_position(writer) - frame->start > KB_ARRAY_MAX)
			kb_writer_fail(writer, -EMSGSIZE);
		return;
	default:
		if (frame->fixed)
			kb_writer_align(writer, frame->alignment);
		gvariant_write_offsets(writer, frame);
		return;
	}
}

static void gvariant_finish(struct kb_writer *writer,
			    struct kb_writer_frame *frame)
{
	uint8_t *room;

	if (!writer->n_signature) {
		room = kb_writer_room(writer, 1);
		if (room)
			*room = 0;
		return;
	}
	if (frame->fixed)
		kb_writer_align(writer, frame->alignment);
	gvariant_write_offsets(writer, frame);
}

const struct kb_format_ops kb_gvariant_ops = {
	.begin = gvariant_begin,
	.basic = gvariant_basic,
	.enter = gvariant_enter,
	.at_end = gvariant_at_end,
	.leave = gvariant_leave,
	.open = gvariant_open,
	.close = gvariant_close,
	.write = gvariant_write,
	.end = gvariant_end,
	.finish = gvariant_finish,
};
