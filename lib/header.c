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

/* What a library tells its own program never comes over a bus. */
static bool path_is_valid(const char *path)
{
	return kb_path_is_valid(path) && !kb_streq(path, KB_LOCAL_PATH);
}

static bool interface_is_valid(const char *interface)
{
	return kb_interface_is_valid(interface) &&
	       !kb_streq(interface, KB_LOCAL_INTERFACE);
}

static const struct field_info field_table[_KB_FIELDS] = {
	[KB_FIELD_PATH]		= { 'o', 'o', path_is_valid },
	[KB_FIELD_INTERFACE]	= { 's', 's', interface_is_valid },
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

/* The names that are there; one by one, since this is asked often. */
static unsigned int header_names(const struct kb_message *message)
{
	return (message->path ? FIELD(PATH) : 0) |
	       (message->interface ? FIELD(INTERFACE) : 0) |
	       (message->member ? FIELD(MEMBER) : 0) |
	       (message->error_name ? FIELD(ERROR_NAME) : 0) |
	       (message->destination ? FIELD(DESTINATION) : 0) |
	       (message->sender ? FIELD(SENDER) : 0);
}

bool kb_header_is_valid(struct kb_message *message, bool decoded)
{
	unsigned int present = header_names(message);

	for (int i = KB_FIELD_PATH; present & ~message->checked; i++) {
		if (!(present & ~message->checked & 1u << i))
			continue;
		if (!field_table[i].is_valid(message->fields[i]))
			return false;
		message->checked |= 1u << i;
	}
	if (message->reply_cookie)
		present |= FIELD(REPLY_COOKIE);
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
		/* signatures have been checked as such */
		if (code != 'g' && !field_table[key].is_valid(value->s))
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

/* Is it what its type says? Names and paths are checked where they are stored, as
 * far as they go. */
static bool field_is_well_typed(const struct field *field)
{
	const union kb_value *value = &field->value;

	switch (field->code) {
	case 's':
	case 'o':
		return !memchr(value->s, 0, value->length);
	case 'g':
		return kb_signature_is_valid(value->s, value->length);
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
static const uint8_t field_order[][9] = {
	[KB_METHOD_CALL] = {
		KB_FIELD_PATH, KB_FIELD_MEMBER, KB_FIELD_INTERFACE,
		KB_FIELD_DESTINATION, KB_FIELD_ERROR_NAME, KB_FIELD_SENDER,
		KB_FIELD_SIGNATURE,
	},
	[KB_METHOD_RETURN] = {
		KB_FIELD_REPLY_COOKIE, KB_FIELD_DESTINATION,
		KB_FIELD_ERROR_NAME, KB_FIELD_PATH, KB_FIELD_INTERFACE,
		KB_FIELD_MEMBER, KB_FIELD_SENDER, KB_FIELD_SIGNATURE,
	},
	[KB_ERROR] = {
		KB_FIELD_REPLY_COOKIE, KB_FIELD_DESTINATION,
		KB_FIELD_ERROR_NAME, KB_FIELD_PATH, KB_FIELD_INTERFACE,
		KB_FIELD_MEMBER, KB_FIELD_SENDER, KB_FIELD_SIGNATURE,
	},
	[KB_SIGNAL] = {
		KB_FIELD_PATH, KB_FIELD_INTERFACE, KB_FIELD_MEMBER,
		KB_FIELD_DESTINATION, KB_FIELD_ERROR_NAME, KB_FIELD_SENDER,
		KB_FIELD_SIGNATURE,
	},
};

/**
 * struct laying - fields that are being laid down
 * @start:	of the array
 * @p:		where the next byte goes; there is room for all
 * @ends:	GVariant: of the fields, from @start
 */
struct laying {
	enum kb_format format;
	uint8_t *start;
	uint8_t *p;
	size_t ends[_KB_FIELDS];
	size_t n;
};

/* What is around a value takes at most so much, with its offset in the table. */
#define AROUND	32

static void lay_bytes(struct laying *to, const void *data, size_t size)
{
	memcpy(to->p, data, size);
	to->p += size;
}

/* One field of @size bytes, which are a string's with its NUL. */
static void lay(struct laying *to, int key, const void *value, size_t size)
{
	char code = field_code(key, to->format);
	const uint8_t type[4] = { key, 1, code, '\0' };
	const uint32_t length = size - 1;
	const uint64_t word = key;
	size_t used = to->p - to->start;

	memset(to->p, 0, 8);
	to->p += kb_align8(used) - used;
	if (to->format == KB_DBUS1) {
		lay_bytes(to, type, sizeof(type));
		if (code == 'g')
			*to->p++ = length;
		else if (code != 'u')
			lay_bytes(to, &length, sizeof(length));
		lay_bytes(to, value, size);
	} else {
		lay_bytes(to, &word, sizeof(word));
		lay_bytes(to, value, size);
		*to->p++ = '\0';
		*to->p++ = code;
	}
	to->ends[to->n++] = to->p - to->start;
}

static void lay_number(struct laying *to, int key, uint64_t number)
{
	const uint32_t word = number;

	if (field_code(key, to->format) == 't')
		lay(to, key, &number, sizeof(number));
	else
		lay(to, key, &word, sizeof(word));
}

/* The table of offsets behind the fields. */
static void lay_table(struct laying *to)
{
	size_t width = kb_gvariant_width_for(to->p - to->start, to->n);

	for (size_t i = 0; i < to->n; i++, to->p += width)
		kb_gvariant_store_offset(to->p, width, to->ends[i]);
}

/* The strings that are fields, and what all fields may take: 0 if too much. */
static size_t measure(const struct kb_message *message, enum kb_format format,
		      const char *strings[_KB_FIELDS],
		      size_t sizes[_KB_FIELDS])
{
	size_t total = AROUND * _KB_FIELDS;

	memcpy(strings, message->fields, sizeof(message->fields));
	/* there it is not a field, or is known better by who receives it */
	if (format == KB_GVARIANT || !*message->signature)
		strings[KB_FIELD_SIGNATURE] = NULL;
	if (format == KB_GVARIANT)
		strings[KB_FIELD_SENDER] = NULL;
	for (int i = KB_FIELD_PATH; i <= KB_FIELD_SIGNATURE; i++) {
		sizes[i] = strings[i] ? strlen(strings[i]) + 1 : 0;
		if (sizes[i] > KB_ARRAY_MAX)
			return 0;
		total += sizes[i];
	}
	return total;
}

int kb_header_encode(const struct kb_message *message, enum kb_format format,
		     struct kb_buffer *buffer)
{
	const char *strings[_KB_FIELDS];
	size_t sizes[_KB_FIELDS];
	size_t most = measure(message, format, strings, sizes);
	struct laying to = { .format = format };
	uint32_t size;

	if (!most)
		return -EMSGSIZE;
	if (kb_buffer_reserve(buffer, most) < 0)
		return -ENOMEM;
	to.start = to.p = buffer->data + buffer->size;
	for (const uint8_t *key = field_order[message->type]; *key; key++) {
		if (*key == KB_FIELD_REPLY_COOKIE)
			lay_number(&to, *key, message->reply_cookie);
		else if (strings[*key])
			lay(&to, *key, strings[*key], sizes[*key]);
	}
	if (message->n_fds)
		lay_number(&to, KB_FIELD_UNIX_FDS, message->n_fds);
	if (format == KB_GVARIANT)
		lay_table(&to);

	size = to.p - to.start;
	if (size > KB_ARRAY_MAX)
		return -EMSGSIZE;
	if (format == KB_DBUS1)
		memcpy(to.start - 4, &size, sizeof(size));
	buffer->size += size;
	return 0;
}
