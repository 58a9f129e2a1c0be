// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages to bytes and back, in either marshalling. */
#include <errno.h>

#include "lib/dbus1.h"
#include "lib/gvariant.h"
#include "lib/marshal.h"
#include "lib/name.h"

#define FIXED_SIZE	16	/* of both formats */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_ORDER	'l'
#define FOREIGN_ORDER	'B'
#else
#define NATIVE_ORDER	'B'
#define FOREIGN_ORDER	'l'
#endif

/**
 * struct field_info - a header field
 * @code:	its type in dbus1
 * @gv_code:	its type in GVariant, 0 if it must not occur there
 * @is_valid:	for strings, beyond what the type says
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

static bool type_is_reply(uint8_t type)
{
	return type == KB_METHOD_RETURN || type == KB_ERROR;
}

/* The fields a message has, and whether they are right: those that came from
 * bytes were checked there and only have to be complete. */
static bool header_is_valid(const struct kb_message *message, bool decoded)
{
	unsigned int present = message->reply_cookie ? FIELD(REPLY_COOKIE) : 0;

	for (int i = KB_FIELD_PATH; i < KB_FIELD_SIGNATURE; i++) {
		const char *value = message->fields[i];

		if (!value)
			continue;
		present |= 1u << i;
		if (!decoded && !field_table[i].is_valid(value))
			return false;
	}
	if (message->path && kb_streq(message->path, KB_LOCAL_PATH))
		return false;
	if (message->interface &&
	    kb_streq(message->interface, KB_LOCAL_INTERFACE))
		return false;
	if (!type_is_known(message->type))
		return decoded && message->type;
	return !(required_fields[message->type] & ~present);
}

/* decoding: fields, which differ only in how key and value are written */

/* What the fields said about things that are not strings. */
struct field_values {
	unsigned int present;
	uint64_t reply_cookie;
	uint32_t n_fds;
};

static int decode_field(struct kb_message *message, struct kb_reader *reader,
			uint64_t key, struct field_values *values)
{
	const struct field_info *info;
	union kb_value value;
	char code;
	int r;

	if (!key)
		return -EBADMSG;
	if (key > FIELD_CONTAINER ||
	    (key == FIELD_CONTAINER && reader->format == KB_GVARIANT))
		return 0;	/* unknown: skipped by whoever leaves it */
	if (values->present & (1u << key))
		return -EBADMSG;
	values->present |= 1u << key;
	if (key == FIELD_CONTAINER)
		return kb_reader_basic(reader, 'o', NULL);

	info = &field_table[key];
	code = reader->format == KB_GVARIANT ? info->gv_code : info->code;
	if (!code)
		return -EBADMSG;
	r = kb_reader_basic(reader, code, &value);
	if (r < 0)
		return r;

	switch (key) {
	case KB_FIELD_REPLY_COOKIE:
		values->reply_cookie = code == 't' ? value.t : value.u;
		return values->reply_cookie ? 0 : -EBADMSG;
	case KB_FIELD_UNIX_FDS:
		values->n_fds = value.u;
		return 0;
	default:
		/* the reader has checked paths and signatures */
		if (code == 's' && !info->is_valid(value.s))
			return -EBADMSG;
		message->fields[key] = value.s;
		return 0;
	}
}

/* The array of fields that @reader is in front of. */
static int decode_fields(struct kb_message *message, struct kb_reader *reader,
			 struct field_values *values)
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
			r = decode_field(message, reader,
					 gvariant ? key.t : key.y, values);
		if (r >= 0)
			r = kb_reader_exit(reader);
		if (r >= 0)
			r = kb_reader_exit(reader);
	}
	if (r >= 0)
		r = kb_reader_exit(reader);
	return r == -ENXIO ? -EBADMSG : r;
}

/* Takes over @n_fds descriptors; the caller still has them on failure. */
static int message_take_fds(struct kb_message *message, const int *fds,
			    size_t n_fds)
{
	if (!n_fds)
		return 0;
	message->fds = reallocarray(NULL, n_fds, sizeof(*fds));
	if (!message->fds)
		return -ENOMEM;
	memcpy(message->fds, fds, n_fds * sizeof(*fds));
	message->n_fds = n_fds;
	return 0;
}

/* dbus1 */

int64_t kb_message_size_dbus1(const void *data)
{
	const uint8_t *bytes = data;
	uint64_t body, fields, size;
	bool swap;

	if ((bytes[0] != 'l' && bytes[0] != 'B') || bytes[3] != 1)
		return -EBADMSG;
	swap = bytes[0] == FOREIGN_ORDER;

	body = kb_load_number(bytes + 4, 4, swap);
	fields = kb_load_number(bytes + 12, 4, swap);
	size = FIXED_SIZE + kb_align8(fields) + body;
	if (fields > KB_ARRAY_MAX || size > KB_MESSAGE_MAX)
		return -EBADMSG;
	return size;
}

static int decode_header_dbus1(struct kb_message *message,
			       const uint8_t *data, size_t head_size,
			       struct field_values *values)
{
	struct kb_reader reader;
	int r;

	r = kb_reader_init(&reader, KB_DBUS1, message->body_swap, "yyyyuua(yv)",
			   data, head_size, 0);
	for (int i = 0; i < 6 && r >= 0; i++)
		r = kb_reader_skip(&reader);
	if (r >= 0)
		r = decode_fields(message, &reader, values);
	if (r >= 0)
		r = kb_reader_finish(&reader);
	kb_reader_deinit(&reader);
	return r;
}

static int decode_dbus1(struct kb_message *message, const uint8_t *data,
			size_t size, uint32_t *out_n_fds)
{
	struct field_values values = {};
	size_t head;
	int r;

	message->body_swap = data[0] == FOREIGN_ORDER;
	message->body_format = KB_DBUS1;
	message->type = data[1];
	message->flags = data[2];
	message->cookie = kb_load_number(data + 8, 4, message->body_swap);
	head = FIXED_SIZE + kb_load_number(data + 12, 4, message->body_swap);

	r = decode_header_dbus1(message, data, head, &values);
	if (r < 0)
		return r;
	for (; head % 8; head++)
		if (data[head])
			return -EBADMSG;

	if (!message->signature)
		message->signature = "";
	message->body = data + head;
	message->body_size = size - head;
	if (!message->cookie || (!*message->signature && message->body_size))
		return -EBADMSG;

	/* meaningless elsewhere, and refused by receivers on kdbus */
	if (type_is_reply(message->type))
		message->reply_cookie = values.reply_cookie;
	if (!header_is_valid(message, true))
		return -EBADMSG;

	*out_n_fds = values.n_fds;
	return 0;
}

int64_t kb_message_n_fds_dbus1(const void *data, size_t size)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	uint32_t n;
	int r;

	if (size < FIXED_SIZE || kb_message_size_dbus1(data) != (int64_t)size)
		return -EBADMSG;
	r = kb_message_new(KB_NOTIFICATION, &message);
	if (r >= 0)
		r = decode_dbus1(message, data, size, &n);
	return r < 0 ? r : (int64_t)n;
}

int kb_message_decode_dbus1(const void *data, size_t size, const int *fds,
			    size_t n_fds, struct kb_message **out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	uint32_t n;
	int r;

	if (size < FIXED_SIZE || kb_message_size_dbus1(data) != (int64_t)size)
		return -EBADMSG;

	r = kb_message_new(KB_NOTIFICATION, &message);
	if (r < 0)
		return r;
	r = decode_dbus1(message, data, size, &n);
	if (r >= 0)
		r = n > n_fds ? -EAGAIN : message_take_fds(message, fds, n);
	if (r < 0)
		return r;
	*out = TAKE_PTR(message);
	return 0;
}

/* GVariant */

int kb_message_split(const void *tail, size_t tail_size, size_t size,
		     struct kb_message_parts *out)
{
	size_t width = kb_gvariant_width(size);
	const uint8_t *start = tail, *end, *p;
	uint64_t fields_end;

	if (size > KB_MESSAGE_MAX || size < FIXED_SIZE || tail_size < width ||
	    kb_gvariant_width_for(size - width, 1) != width)
		return -EBADMSG;

	/* "\0(su)" and, in the bytes of one offset, where the fields end */
	end = start + tail_size - width;
	fields_end = kb_gvariant_load_offset(end, width);
	for (p = end; p > start && p[-1]; p--)
		if (end - p > KB_SIGNATURE_MAX + 2)
			return -EBADMSG;
	if (p == start || end - p < 2 || *p != '(' || end[-1] != ')')
		return -EBADMSG;

	out->signature = (const char *)p + 1;
	out->n_signature = end - p - 2;
	out->body_end = size - width - (end - p) - 1;
	if (fields_end < FIXED_SIZE || fields_end > size)
		return -EBADMSG;
	out->fields_end = fields_end;
	out->body = kb_align8(fields_end);
	return out->body < out->body_end ||
	       (out->body == out->body_end && out->n_signature) ? 0 : -EBADMSG;
}

static int message_set_signature(struct kb_message *message,
				 const char *signature, size_t length)
{
	char text[KB_SIGNATURE_MAX + 1];

	if (!length) {
		message->signature = "";
		return 0;
	}
	if (!kb_signature_is_valid(signature, length))
		return -EBADMSG;
	memcpy(text, signature, length);
	text[length] = '\0';
	message->signature = kb_message_strdup(message, text);
	return message->signature ? 0 : -ENOMEM;
}

int kb_message_decode_head(struct kb_message *message, const void *head,
			   const struct kb_message_parts *parts)
{
	const uint8_t *data = head;
	struct field_values values = {};
	struct kb_reader reader;
	int r;

	if (data[0] != NATIVE_ORDER || data[3] != 2 ||
	    kb_load_number(data + 4, 4, false) || !type_is_known(data[1]))
		return -EBADMSG;
	message->type = data[1];
	message->flags = data[2];
	message->cookie = kb_load_number(data + 8, 8, false);
	if (!message->cookie)
		return -EBADMSG;
	for (size_t i = parts->fields_end; i < parts->body; i++)
		if (data[i])
			return -EBADMSG;

	r = kb_reader_init(&reader, KB_GVARIANT, false, "a{tv}",
			   data + FIXED_SIZE, parts->fields_end - FIXED_SIZE,
			   0);
	if (r >= 0)
		r = decode_fields(message, &reader, &values);
	if (r >= 0)
		r = kb_reader_finish(&reader);
	kb_reader_deinit(&reader);
	if (r < 0)
		return r;

	if (values.reply_cookie && !type_is_reply(message->type))
		return -EBADMSG;
	message->reply_cookie = values.reply_cookie;
	if (values.n_fds != message->n_fds || !header_is_valid(message, true))
		return -EBADMSG;
	if (message->sender && kb_streq(message->sender, KB_LOCAL_INTERFACE))
		return -EBADMSG;
	return message_set_signature(message, parts->signature,
				     parts->n_signature);
}

int kb_message_decode_gvariant(const void *data, size_t size, const int *fds,
			       size_t n_fds, struct kb_message **out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	struct kb_message_parts parts;
	int r;

	if (kb_message_split(data, size, size, &parts) < 0)
		return -EBADMSG;
	r = kb_message_new(KB_NOTIFICATION, &message);
	if (r < 0)
		return r;

	message->body = (const uint8_t *)data + parts.body;
	message->body_size = parts.body_end - parts.body;
	message->n_fds = n_fds;
	r = kb_message_decode_head(message, data, &parts);
	/* they become the message's only if all is well */
	message->n_fds = 0;
	if (r >= 0)
		r = message_take_fds(message, fds, n_fds);
	if (r < 0)
		return r;
	*out = TAKE_PTR(message);
	return 0;
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

static int encode_check(struct kb_message *message)
{
	int r;

	r = kb_message_seal(message);
	if (r < 0)
		return r;
	return header_is_valid(message, false) && message->cookie ? 0 : -EINVAL;
}

static void put_field_gvariant(struct kb_writer *writer, uint64_t key,
			       char code, const union kb_value *value)
{
	const char type[2] = { code };
	const union kb_value k = { .t = key };

	kb_writer_open(writer, '{', NULL);
	kb_writer_basic_trusted(writer, 't', &k);
	kb_writer_open(writer, 'v', type);
	kb_writer_basic_trusted(writer, code, value);
	kb_writer_close(writer);
	kb_writer_close(writer);
}

static void put_field_dbus1(struct kb_writer *writer, uint8_t key, char code,
			    const union kb_value *value)
{
	const char type[2] = { code };
	const union kb_value k = { .y = key };

	kb_writer_open(writer, '(', NULL);
	kb_writer_basic_trusted(writer, 'y', &k);
	kb_writer_open(writer, 'v', type);
	kb_writer_basic_trusted(writer, code, value);
	kb_writer_close(writer);
	kb_writer_close(writer);
}

static void put_field(struct kb_writer *writer, int key,
		      const union kb_value *value)
{
	if (writer->format == KB_GVARIANT)
		put_field_gvariant(writer, key, field_table[key].gv_code,
				   value);
	else
		put_field_dbus1(writer, key, field_table[key].code, value);
}

static void put_string_field(struct kb_writer *writer, int key, const char *s)
{
	union kb_value value = { .s = s };

	value.length = strlen(s);
	put_field(writer, key, &value);
}

/* All fields, as an array that is the only value of @writer. */
static void put_fields(struct kb_writer *writer,
		       const struct kb_message *message)
{
	const uint8_t *order = field_order[message->type];
	bool gvariant = writer->format == KB_GVARIANT;
	union kb_value value;

	kb_writer_open(writer, 'a', gvariant ? "{tv}" : "(yv)");
	for (; *order; order++) {
		if (*order == KB_FIELD_REPLY_COOKIE) {
			value.t = message->reply_cookie;
			if (!gvariant)
				value.u = message->reply_cookie;
			put_field(writer, *order, &value);
		} else if (message->fields[*order] &&
			   !(gvariant && *order == KB_FIELD_SENDER)) {
			put_string_field(writer, *order,
					 message->fields[*order]);
		}
	}
	if (!gvariant && *message->signature)
		put_string_field(writer, KB_FIELD_SIGNATURE,
				 message->signature);
	if (message->n_fds) {
		value.u = message->n_fds;
		put_field(writer, KB_FIELD_UNIX_FDS, &value);
	}
	kb_writer_close(writer);
}

/* dbus1's fixed part up to the array, whose length is its last word. */
static void put_fixed_dbus1(struct kb_writer *writer,
			    const struct kb_message *message)
{
	kb_writer_append(writer, "yyyyuu", NATIVE_ORDER, message->type,
			 message->flags, 1, (uint32_t)0,
			 (uint32_t)message->cookie);
}

static int encode_fields(const struct kb_message *message,
			 enum kb_format format, struct kb_buffer *buffer)
{
	struct kb_writer writer;
	int r;

	kb_writer_init(&writer, format, buffer);
	if (format == KB_DBUS1)
		put_fixed_dbus1(&writer, message);
	put_fields(&writer, message);
	r = kb_writer_finish(&writer);
	kb_writer_deinit(&writer);
	return r;
}

/* Appends the body, remarshalled if it is in another format. */
static int encode_body(const struct kb_message *message, enum kb_format format,
		       struct kb_buffer *buffer)
{
	int r;

	if (message->body_format == format && !message->body_swap)
		return kb_buffer_append(buffer, message->body,
					message->body_size);

	/* the result has about the same size: let it grow once */
	r = kb_buffer_reserve(buffer, message->body_size +
				      message->body_size / 8 + 64);
	return r < 0 ? r : kb_message_copy_body(message, format, buffer);
}

static int encode_dbus1(struct kb_message *message, struct kb_buffer *buffer)
{
	size_t base = buffer->size, body, size;
	uint32_t body_size;
	int r;

	r = encode_fields(message, KB_DBUS1, buffer);
	if (r < 0)
		return r;
	size = buffer->size - base;
	r = kb_buffer_append_zero(buffer, kb_align8(size) - size);
	if (r < 0)
		return r;

	body = buffer->size;
	r = encode_body(message, KB_DBUS1, buffer);
	if (r < 0)
		return r;
	if (buffer->size - base > KB_MESSAGE_MAX)
		return -EMSGSIZE;
	body_size = buffer->size - body;
	memcpy(buffer->data + base + 4, &body_size, sizeof(body_size));
	return 0;
}

int kb_message_encode_dbus1(struct kb_message *message,
			    struct kb_buffer *buffer)
{
	size_t base = buffer->size;
	int r;

	r = encode_check(message);
	if (r < 0)
		return r;
	if (message->cookie > UINT32_MAX || message->reply_cookie > UINT32_MAX)
		return -ERANGE;

	r = encode_dbus1(message, buffer);
	if (r < 0)
		buffer->size = base;
	return r;
}

int kb_message_encode_head(struct kb_message *message,
			   struct kb_buffer *buffer, size_t *out_fields_end)
{
	const uint8_t fixed[FIXED_SIZE] = {
		NATIVE_ORDER, message->type, message->flags, 2,
	};
	size_t base = buffer->size;
	int r;

	r = encode_check(message);
	if (r >= 0)
		r = kb_buffer_append(buffer, fixed, FIXED_SIZE);
	if (r < 0)
		return r;
	memcpy(buffer->data + base + 8, &message->cookie, 8);
	r = encode_fields(message, KB_GVARIANT, buffer);
	if (r < 0)
		return r;

	*out_fields_end = buffer->size - base;
	return kb_buffer_append_zero(buffer, kb_align8(*out_fields_end) -
					     *out_fields_end);
}

int kb_message_encode_tail(struct kb_message *message,
			   struct kb_buffer *buffer, size_t fields_end,
			   size_t body_end)
{
	size_t n = strlen(message->signature);
	size_t size = body_end + n + 3;
	size_t width = kb_gvariant_width_for(size, 1);
	uint8_t *room;
	int r;

	if (size + width > KB_MESSAGE_MAX)
		return -EMSGSIZE;
	r = kb_buffer_reserve(buffer, n + 3 + width);
	if (r < 0)
		return r;

	room = buffer->data + buffer->size;
	*room++ = '\0';
	*room++ = '(';
	memcpy(room, message->signature, n);
	room += n;
	*room++ = ')';
	kb_gvariant_store_offset(room, width, fields_end);
	buffer->size += n + 3 + width;
	return 0;
}

int kb_message_encode_gvariant(struct kb_message *message,
			       struct kb_buffer *buffer)
{
	size_t base = buffer->size, fields_end;
	int r;

	r = kb_message_encode_head(message, buffer, &fields_end);
	if (r >= 0)
		r = encode_body(message, KB_GVARIANT, buffer);
	if (r >= 0)
		r = kb_message_encode_tail(message, buffer, fields_end,
					   buffer->size - base);
	if (r < 0)
		buffer->size = base;
	return r;
}
