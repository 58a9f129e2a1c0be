// SPDX-License-Identifier: LGPL-2.1-or-later
/* The header fields of a message, in either marshalling. */
#include <errno.h>

#include "lib/dbus1.h"
#include "lib/gvariant.h"
#include "lib/header.h"
#include "lib/name.h"

/**
 * struct field_info - a header field
 * @code:	its type in dbus1
 * @gv_code:	its type in GVariant, 0 if it must not occur there
 * @is_valid:	for strings, beyond what the type says; all of these want ASCII
 */
struct field_info {
	char code;
	char gv_code;
	bool (*is_valid)(const char *value);
};

static const struct field_info field_table[_KB_FIELDS] = {
	[KB_FIELD_PATH]		= { 'o', 'o', kb_path_is_valid },
	[KB_FIELD_INTERFACE]	= { 's', 's', kb_interface_is_valid },
	[KB_FIELD_MEMBER]	= { 's', 's', kb_member_is_valid },
	[KB_FIELD_ERROR_NAME]	= { 's', 's', kb_error_name_is_valid },
	[KB_FIELD_REPLY_COOKIE]	= { 'u', 't', NULL },
	[KB_FIELD_DESTINATION]	= { 's', 's', kb_name_is_valid },
	[KB_FIELD_SENDER]	= { 's', 's', kb_name_is_valid },
	[KB_FIELD_SIGNATURE]	= { 'g', 0, NULL },
	[KB_FIELD_UNIX_FDS]	= { 'u', 'u', NULL },
};

/* Which sandbox a message comes from: libdbus knows the field and checks its
 * type, but nobody sends it. */
#define FIELD_CONTAINER	(_KB_FIELDS)

#define FIELD(name) (1u << KB_FIELD_##name)

static char field_code(int key, enum kb_format format)
{
	return format == KB_GVARIANT ? field_table[key].gv_code :
				       field_table[key].code;
}

/* what makes a header complete */

/* Fields each type must have. */
static const uint16_t required_fields[] = {
	[KB_METHOD_CALL]	= FIELD(PATH) | FIELD(MEMBER),
	[KB_METHOD_RETURN]	= FIELD(REPLY_COOKIE),
	[KB_ERROR]		= FIELD(ERROR_NAME) | FIELD(REPLY_COOKIE),
	[KB_SIGNAL]		= FIELD(PATH) | FIELD(INTERFACE) |
				  FIELD(MEMBER),
};

static bool type_is_known(uint8_t type)
{
	return type >= KB_METHOD_CALL && type <= KB_SIGNAL;
}

bool kb_header_is_valid(struct kb_message *message, bool decoded)
{
	unsigned int present = message->reply_cookie ? FIELD(REPLY_COOKIE) : 0;

	for (int i = KB_FIELD_PATH; i < KB_FIELD_SIGNATURE; i++) {
		const char *value = message->fields[i];

		if (!value)
			continue;
		present |= 1u << i;
		if (!(message->checked & (1u << i)) &&
		    !field_table[i].is_valid(value))
			return false;
	}
	message->checked |= present;
	if (message->path && kb_streq(message->path, KB_LOCAL_PATH))
		return false;
	if (message->interface &&
	    kb_streq(message->interface, KB_LOCAL_INTERFACE))
		return false;
	if (!type_is_known(message->type))
		return decoded && message->type;
	return !(required_fields[message->type] & ~present);
}

/* decoding */

/* The value of a field that has the right type. */
static int store_field(struct kb_message *message, uint64_t key, char code,
		       const union kb_value *value, struct kb_header *header)
{
	switch (key) {
	case KB_FIELD_REPLY_COOKIE:
		header->reply_cookie = code == 't' ? value->t : value->u;
		return header->reply_cookie ? 0 : -EBADMSG;
	case KB_FIELD_UNIX_FDS:
		header->n_fds = value->u;
		return 0;
	default:
		/* paths and signatures have been checked as such */
		if (code == 's' && !field_table[key].is_valid(value->s))
			return -EBADMSG;
		message->fields[key] = value->s;
		message->checked |= 1u << key;
		return 0;
	}
}

/* by a reader, which knows all rules and all types */

static int read_field(struct kb_message *message, struct kb_reader *reader,
		      uint64_t key, struct kb_header *header)
{
	union kb_value value;
	char code;
	int r;

	if (!key)
		return -EBADMSG;
	if (key > FIELD_CONTAINER ||
	    (key == FIELD_CONTAINER && reader->format == KB_GVARIANT))
		return 0;	/* unknown: skipped by whoever leaves it */
	if (header->present & (1u << key))
		return -EBADMSG;
	header->present |= 1u << key;
	if (key == FIELD_CONTAINER)
		return kb_reader_basic(reader, 'o', NULL);

	code = field_code(key, reader->format);
	if (!code)
		return -EBADMSG;
	r = kb_reader_basic(reader, code, &value);
	return r < 0 ? r : store_field(message, key, code, &value, header);
}

/* The array of fields that @reader is in front of. */
static int read_fields(struct kb_message *message, struct kb_reader *reader,
		       struct kb_header *header)
{
	bool gvariant = reader->format == KB_GVARIANT;
	union kb_value key;
	int r;

	r = kb_reader_enter(reader, 'a');
	while (r >= 0 && !kb_reader_at_end(reader)) {
		r = kb_reader_enter(reader, gvariant ? '{' : '(');
		if (r >= 0)
			r = kb_reader_basic(reader, gvariant ? 't' : 'y', &key);
		if (r >= 0)
			r = kb_reader_enter(reader, 'v');
		if (r >= 0)
			r = read_field(message, reader,
				       gvariant ? key.t : key.y, header);
		if (r >= 0)
			r = kb_reader_exit(reader);
		if (r >= 0)
			r = kb_reader_exit(reader);
	}
	if (r >= 0)
		r = kb_reader_exit(reader);
	return r == -ENXIO ? -EBADMSG : r;
}

static int read_header(struct kb_message *message, enum kb_format format,
		       bool swap, const uint8_t *data, size_t end,
		       struct kb_header *header)
{
	struct kb_reader reader;
	int r;

	if (format == KB_GVARIANT)
		r = kb_reader_init(&reader, KB_GVARIANT, swap, "a{tv}",
				   data + KB_HEADER_FIXED,
				   end - KB_HEADER_FIXED, 0);
	else
		r = kb_reader_init(&reader, KB_DBUS1, swap, "yyyyuua(yv)", data,
				   end, 0);
	for (int i = 0; format == KB_DBUS1 && i < 6 && r >= 0; i++)
		r = kb_reader_skip(&reader);
	if (r >= 0)
		r = read_fields(message, &reader, header);
	if (r >= 0)
		r = kb_reader_finish(&reader);
	kb_reader_deinit(&reader);
	return r;
}

/*
 * Without one: fields as everybody writes them, known and of the right type, lie
 * in a row of bytes that is easily taken apart. This says only yes; wherever it
 * is in doubt, the reader is asked.
 */

/**
 * struct scan - a walk over such fields
 * @position:	behind the last one, from the first byte of @data
 * @end:	behind all
 * @offset:	GVariant: where the next framing offset is, of @width bytes
 */
struct scan {
	const uint8_t *data;
	bool swap;
	size_t position;
	size_t end;
	size_t offset;
	size_t width;
};

/* One field; a string's value is not checked yet, nor its end. */
struct field {
	uint64_t key;
	char code;
	union kb_value value;
};

/* Moves to the next multiple of 8, with @size bytes behind it at least. */
static const uint8_t *scan_align(struct scan *scan, size_t size)
{
	size_t start = kb_align8(scan->position);

	if (start > scan->end || size > scan->end - start)
		return NULL;
	while (scan->position < start)
		if (scan->data[scan->position++])
			return NULL;
	return scan->data + start;
}

static bool scan_dbus1(struct scan *scan, struct field *out)
{
	/* a byte, the signature of one character, and two bytes at least */
	const uint8_t *p = scan_align(scan, 6);
	size_t left, length;

	if (!p || p[1] != 1 || p[3])
		return false;
	out->key = p[0];
	out->code = p[2];
	left = scan->data + scan->end - p;

	if (out->code == 'g') {
		length = p[4];
		p += 5;
		left -= 5;
	} else {
		if (left < 8)
			return false;
		length = kb_load_number(p + 4, 4, scan->swap);
		p += 8;
		left -= 8;
	}
	if (out->code == 'u') {
		out->value.u = length;
		scan->position = p - scan->data;
		return true;
	}
	if (length >= left || p[length])
		return false;
	out->value.s = (const char *)p;
	out->value.length = length;
	scan->position = p + length + 1 - scan->data;
	return true;
}

static bool scan_gvariant(struct scan *scan, struct field *out)
{
	/* a number, a byte of the value, a zero, and the type */
	const uint8_t *p = scan_align(scan, 8 + 1 + 2), *type;
	uint64_t end;
	size_t size;

	if (!p)
		return false;
	end = KB_HEADER_FIXED + kb_gvariant_load_offset(scan->data + scan->offset,
							scan->width);
	if (end > scan->end || end < scan->position + 8 + 1 + 2)
		return false;
	scan->offset += scan->width;
	scan->position = end;

	type = scan->data + end - 2;
	out->key = kb_load_number(p, 8, scan->swap);
	out->code = type[1];
	p += 8;
	size = type - p;
	if (type[0])
		return false;
	if (out->code == 't' || out->code == 'u') {
		if (size != (out->code == 't' ? 8 : 4))
			return false;
		out->value.t = kb_load_number(p, size, scan->swap);
		return true;
	}
	out->value.s = (const char *)p;
	out->value.length = size - 1;
	return !p[size - 1];
}

/* The table of offsets is behind the fields, and its last one says where. */
static bool scan_table(struct scan *scan)
{
	size_t size = scan->end - KB_HEADER_FIXED, last, n;

	scan->width = kb_gvariant_width(size);
	if (!scan->width)
		return false;
	last = kb_gvariant_load_offset(scan->data + scan->end - scan->width,
				       scan->width);
	if (last >= size || (size - last) % scan->width)
		return false;
	n = (size - last) / scan->width;
	if (kb_gvariant_width_for(last, n) != scan->width)
		return false;
	scan->end = scan->offset = KB_HEADER_FIXED + last;
	return true;
}

/* Is it what its type says? That a name is one is checked where it is stored. */
static bool field_is_well_typed(const struct field *field)
{
	const union kb_value *value = &field->value;

	switch (field->code) {
	case 's':
		return !memchr(value->s, 0, value->length);
	case 'o':
	case 'g':
		return kb_string_is_valid(field->code, value->s, value->length);
	default:
		return true;
	}
}

static bool scan_header(struct kb_message *message, enum kb_format format,
			bool swap, const uint8_t *data, size_t end,
			struct kb_header *header)
{
	struct scan scan = {
		.data = data,
		.swap = swap,
		.position = KB_HEADER_FIXED,
		.end = end,
	};
	struct field field;

	if (format == KB_GVARIANT && !scan_table(&scan))
		return false;
	while (scan.position < scan.end) {
		if (!(format == KB_GVARIANT ? scan_gvariant(&scan, &field) :
					      scan_dbus1(&scan, &field)))
			return false;
		if (!field.key || field.key >= _KB_FIELDS || !field.code ||
		    field.code != field_code(field.key, format) ||
		    header->present & (1u << field.key) ||
		    !field_is_well_typed(&field) ||
		    store_field(message, field.key, field.code, &field.value,
				header) < 0)
			return false;
		header->present |= 1u << field.key;
	}
	return format != KB_GVARIANT || scan.offset == end;
}

int kb_header_decode(struct kb_message *message, enum kb_format format,
		     bool swap, const uint8_t *data, size_t end,
		     struct kb_header *out)
{
	*out = (struct kb_header){};
	if (scan_header(message, format, swap, data, end, out))
		return 0;
	*out = (struct kb_header){};
	return read_header(message, format, swap, data, end, out);
}

/* encoding */

/* The order of fields others are used to see, by type. */
static const uint8_t field_order[][8] = {
	[KB_METHOD_CALL] = {
		KB_FIELD_PATH, KB_FIELD_MEMBER, KB_FIELD_INTERFACE,
		KB_FIELD_DESTINATION, KB_FIELD_ERROR_NAME, KB_FIELD_SENDER,
	},
	[KB_METHOD_RETURN] = {
		KB_FIELD_REPLY_COOKIE, KB_FIELD_DESTINATION,
		KB_FIELD_ERROR_NAME, KB_FIELD_PATH, KB_FIELD_INTERFACE,
		KB_FIELD_MEMBER, KB_FIELD_SENDER,
	},
	[KB_ERROR] = {
		KB_FIELD_REPLY_COOKIE, KB_FIELD_DESTINATION,
		KB_FIELD_ERROR_NAME, KB_FIELD_PATH, KB_FIELD_INTERFACE,
		KB_FIELD_MEMBER, KB_FIELD_SENDER,
	},
	[KB_SIGNAL] = {
		KB_FIELD_PATH, KB_FIELD_INTERFACE, KB_FIELD_MEMBER,
		KB_FIELD_DESTINATION, KB_FIELD_ERROR_NAME, KB_FIELD_SENDER,
	},
};

/**
 * struct laying - fields that are being laid down
 * @start:	of the array, in @buffer
 * @ends:	GVariant: of the fields, from @start
 */
struct laying {
	struct kb_buffer *buffer;
	enum kb_format format;
	size_t start;
	size_t ends[_KB_FIELDS];
	size_t n;
};

/* What is around a value is at most so large. */
#define AROUND	24

/* In front of its value: padding, key, type, and the length of a string. */
static uint8_t *lay_dbus1(uint8_t *p, int key, char code, size_t length)
{
	const uint32_t word = length;

	*p++ = key;
	*p++ = 1;
	*p++ = code;
	*p++ = '\0';
	if (code == 'g') {
		*p++ = length;
	} else if (code != 'u') {
		memcpy(p, &word, sizeof(word));
		p += sizeof(word);
	}
	return p;
}

/* One field of @size bytes, which are a string's with its NUL. */
static int lay(struct laying *to, int key, const void *value, size_t size)
{
	struct kb_buffer *buffer = to->buffer;
	char code = field_code(key, to->format);
	const uint64_t word = key;
	size_t used = buffer->size - to->start;
	uint8_t *p;

	if (size > KB_ARRAY_MAX)
		return -EMSGSIZE;
	if (buffer->capacity - buffer->size < size + AROUND &&
	    kb_buffer_reserve(buffer, size + AROUND) < 0)
		return -ENOMEM;
	p = buffer->data + buffer->size;
	for (; used % 8; used++)
		*p++ = 0;

	if (to->format == KB_DBUS1) {
		p = lay_dbus1(p, key, code, size - 1);
		p = (uint8_t *)memcpy(p, value, size) + size;
	} else {
		p = (uint8_t *)memcpy(p, &word, sizeof(word)) + sizeof(word);
		p = (uint8_t *)memcpy(p, value, size) + size;
		*p++ = '\0';
		*p++ = code;
	}
	buffer->size = p - buffer->data;
	to->ends[to->n++] = buffer->size - to->start;
	return 0;
}

static int lay_number(struct laying *to, int key, uint64_t number)
{
	const uint32_t word = number;

	return field_code(key, to->format) == 't' ?
	       lay(to, key, &number, sizeof(number)) :
	       lay(to, key, &word, sizeof(word));
}

static int lay_string(struct laying *to, int key, const char *s)
{
	return lay(to, key, s, strlen(s) + 1);
}

static int lay_fields(struct laying *to, const struct kb_message *message)
{
	const uint8_t *key = field_order[message->type];
	bool gvariant = to->format == KB_GVARIANT;
	int r = 0;

	for (; *key && r >= 0; key++) {
		if (*key == KB_FIELD_REPLY_COOKIE)
			r = lay_number(to, *key, message->reply_cookie);
		else if (message->fields[*key] &&
			 !(gvariant && *key == KB_FIELD_SENDER))
			r = lay_string(to, *key, message->fields[*key]);
	}
	if (r >= 0 && !gvariant && *message->signature)
		r = lay_string(to, KB_FIELD_SIGNATURE, message->signature);
	if (r >= 0 && message->n_fds)
		r = lay_number(to, KB_FIELD_UNIX_FDS, message->n_fds);
	return r;
}

/* The table of offsets behind the fields. */
static int lay_table(struct laying *to)
{
	size_t size = to->buffer->size - to->start;
	size_t width = kb_gvariant_width_for(size, to->n);
	int r;

	r = kb_buffer_reserve(to->buffer, to->n * width);
	if (r < 0)
		return r;
	for (size_t i = 0; i < to->n; i++) {
		kb_gvariant_store_offset(to->buffer->data + to->buffer->size,
					 width, to->ends[i]);
		to->buffer->size += width;
	}
	return 0;
}

int kb_header_encode(const struct kb_message *message, enum kb_format format,
		     struct kb_buffer *buffer)
{
	struct laying to = {
		.buffer = buffer,
		.format = format,
		.start = buffer->size,
	};
	uint32_t size;
	int r;

	r = lay_fields(&to, message);
	if (r >= 0 && format == KB_GVARIANT)
		r = lay_table(&to);
	if (r < 0)
		return r;
	size = buffer->size - to.start;
	if (size > KB_ARRAY_MAX)
		return -EMSGSIZE;
	if (format == KB_DBUS1)
		memcpy(buffer->data + to.start - 4, &size, sizeof(size));
	return 0;
}
