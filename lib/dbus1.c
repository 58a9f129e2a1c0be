// SPDX-License-Identifier: LGPL-2.1-or-later
/* The marshalling of D-Bus since 2003: lengths in front, alignment by type. */
#include <errno.h>

#include "lib/dbus1.h"
#include "lib/reader.h"
#include "lib/writer.h"

/* reading: a frame ends where its array does, or where the one around does */

static size_t dbus1_limit(const struct kb_reader *reader)
{
	return reader->frames[reader->depth].end;
}

static int dbus1_align(struct kb_reader *reader, size_t alignment)
{
	size_t to = kb_align_to(reader->position, alignment);

	if (to > dbus1_limit(reader))
		return -EBADMSG;
	for (; reader->position < to; reader->position++)
		if (reader->data[reader->position])
			return -EBADMSG;
	return 0;
}

/* @size bytes, and behind them; NULL if there are not so many. */
static const uint8_t *dbus1_take(struct kb_reader *reader, size_t size)
{
	const uint8_t *data = reader->data + reader->position;

	if (size > dbus1_limit(reader) - reader->position)
		return NULL;
	reader->position += size;
	return data;
}

static int dbus1_number(struct kb_reader *reader, size_t size, uint64_t *out)
{
	const uint8_t *data;

	if (dbus1_align(reader, size) < 0)
		return -EBADMSG;
	data = dbus1_take(reader, size);
	if (!data)
		return -EBADMSG;
	*out = kb_load_number(data, size, reader->swap);
	return 0;
}

static int dbus1_string(struct kb_reader *reader, char code,
			union kb_value *out)
{
	uint64_t length;
	const uint8_t *data;

	if (dbus1_number(reader, code == 'g' ? 1 : 4, &length) < 0)
		return -EBADMSG;
	data = dbus1_take(reader, length + 1);
	if (!data || data[length])
		return -EBADMSG;
	if (!kb_string_is_valid(code, (const char *)data, length))
		return -EBADMSG;

	out->s = (const char *)data;
	out->length = length;
	return 0;
}

static int dbus1_basic(struct kb_reader *reader, char code,
		       union kb_value *out)
{
	uint64_t number;

	if (kb_type_is_string(code))
		return dbus1_string(reader, code, out);
	if (dbus1_number(reader, kb_type_size_dbus1(code), &number) < 0)
		return -EBADMSG;

	switch (kb_type_size_dbus1(code)) {
	case 1:
		out->y = number;
		return 0;
	case 2:
		out->q = number;
		return 0;
	case 8:
		out->t = number;
		return 0;
	}
	if (code == 'b') {
		out->b = number;
		return number <= 1 ? 0 : -EBADMSG;
	}
	out->u = number;
	return code == 'h' && number >= reader->n_fds ? -EBADMSG : 0;
}

static int dbus1_begin(struct kb_reader *reader,
		       struct kb_reader_frame *frame,
		       const struct kb_type *all _unused_)
{
	frame->end = reader->size;
	return 0;
}

static int dbus1_enter_array(struct kb_reader *reader,
			     struct kb_reader_frame *frame)
{
	char element = reader->types[frame->type].code;
	uint64_t size;

	if (dbus1_number(reader, 4, &size) < 0 || size > KB_ARRAY_MAX)
		return -EBADMSG;
	/* padded to the element's alignment even if there is none */
	if (dbus1_align(reader, kb_type_alignment_dbus1(element)) < 0 ||
	    size > dbus1_limit(reader) - reader->position)
		return -EBADMSG;
	frame->start = reader->position;
	frame->end = reader->position + size;
	return 0;
}

static int dbus1_enter(struct kb_reader *reader, struct kb_reader_frame *frame,
		       struct kb_type type)
{
	union kb_value signature;

	frame->end = dbus1_limit(reader);
	switch (type.code) {
	case 'a':
		return dbus1_enter_array(reader, frame);
	case 'v':
		if (dbus1_string(reader, 'g', &signature) < 0)
			return -EBADMSG;
		return kb_reader_push_type(reader, frame, signature.s,
					   signature.length);
	default:
		return dbus1_align(reader, 8);
	}
}

static bool dbus1_at_end(const struct kb_reader *reader,
			 const struct kb_reader_frame *frame)
{
	return reader->position == frame->end;
}

static int dbus1_leave(struct kb_reader *reader,
		       struct kb_reader_frame *frame)
{
	/* nothing may be left behind the arguments */
	if (!reader->depth && reader->position != frame->end)
		return -EBADMSG;
	return 0;
}

/* writing */

static void dbus1_write_number(struct kb_writer *writer, size_t size,
			       const void *number)
{
	uint8_t *room;

	kb_writer_align(writer, size);
	room = kb_writer_room(writer, size);
	if (room)
		memcpy(room, number, size);
}

static void dbus1_write_string(struct kb_writer *writer, char code,
			       const union kb_value *value)
{
	uint32_t length = value->length;
	uint8_t byte = length;

	if (value->length >= KB_MESSAGE_MAX) {
		kb_writer_fail(writer, -EMSGSIZE);
		return;
	}
	if (code == 'g')
		dbus1_write_number(writer, 1, &byte);
	else
		dbus1_write_number(writer, 4, &length);
	kb_writer_bytes(writer, value->s, value->length + 1);
}

static void dbus1_write(struct kb_writer *writer, char code,
			const union kb_value *value)
{
	uint32_t word;

	if (kb_type_is_string(code)) {
		dbus1_write_string(writer, code, value);
	} else if (code == 'b') {
		word = value->b;
		dbus1_write_number(writer, 4, &word);
	} else {
		/* the members of the union begin where it does */
		dbus1_write_number(writer, kb_type_size_dbus1(code), value);
	}
}

static void dbus1_write_signature(struct kb_writer *writer,
				  const struct kb_writer_frame *frame)
{
	size_t n = frame->type_end - frame->type;
	uint8_t *room = kb_writer_room(writer, n + 2);

	if (!room)
		return;
	*room++ = n;
	for (size_t i = 0; i < n; i++)
		*room++ = writer->types[frame->type + i].code;
	*room = '\0';
}

static void dbus1_open(struct kb_writer *writer, struct kb_writer_frame *frame,
		       struct kb_type type)
{
	char element;
	uint32_t zero = 0;

	switch (type.code) {
	case 'a':
		element = writer->types[frame->type].code;
		dbus1_write_number(writer, 4, &zero);
		frame->length = writer->buffer->size - 4;
		kb_writer_align(writer, kb_type_alignment_dbus1(element));
		frame->start = kb_writer_position(writer);
		break;
	case 'v':
		dbus1_write_signature(writer, frame);
		break;
	default:
		kb_writer_align(writer, 8);
		break;
	}
}

static void dbus1_close(struct kb_writer *writer,
			struct kb_writer_frame *frame)
{
	uint32_t size;

	if (frame->code != 'a')
		return;
	size = kb_writer_position(writer) - frame->start;
	if (size > KB_ARRAY_MAX)
		kb_writer_fail(writer, -EMSGSIZE);
	else
		memcpy(writer->buffer->data + frame->length, &size,
		       sizeof(size));
}

static void dbus1_end(struct kb_writer *writer _unused_,
		      struct kb_writer_frame *frame _unused_,
		      bool fixed _unused_)
{
}

static void dbus1_finish(struct kb_writer *writer _unused_,
			 struct kb_writer_frame *frame _unused_)
{
}

const struct kb_format_ops kb_dbus1_ops = {
	.begin = dbus1_begin,
	.basic = dbus1_basic,
	.enter = dbus1_enter,
	.at_end = dbus1_at_end,
	.leave = dbus1_leave,
	.open = dbus1_open,
	.close = dbus1_close,
	.write = dbus1_write,
	.end = dbus1_end,
	.finish = dbus1_finish,
};
