// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages to bytes and back, in either marshalling. */
#include <errno.h>

#include "lib/dbus1.h"
#include "lib/gvariant.h"
#include "lib/header.h"
#include "lib/marshal.h"
#include "lib/name.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_ORDER	'l'
#define FOREIGN_ORDER	'B'
#else
#define NATIVE_ORDER	'B'
#define FOREIGN_ORDER	'l'
#endif

static bool type_is_known(uint8_t type)
{
	return type >= KB_METHOD_CALL && type <= KB_SIGNAL;
}

static bool type_is_reply(uint8_t type)
{
	return type == KB_METHOD_RETURN || type == KB_ERROR;
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
	size = KB_HEADER_FIXED + kb_align8(fields) + body;
	if (fields > KB_ARRAY_MAX || size > KB_MESSAGE_MAX)
		return -EBADMSG;
	return size;
}

static int decode_dbus1(struct kb_message *message, const uint8_t *data,
			size_t size, uint32_t *out_n_fds)
{
	struct kb_header header;
	size_t head;
	int r;

	message->body_swap = data[0] == FOREIGN_ORDER;
	message->body_format = KB_DBUS1;
	message->type = data[1];
	message->flags = data[2];
	message->cookie = kb_load_number(data + 8, 4, message->body_swap);
	head = KB_HEADER_FIXED + kb_load_number(data + 12, 4, message->body_swap);

	r = kb_header_decode(message, KB_DBUS1, message->body_swap, data, head,
			     &header);
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
		message->reply_cookie = header.reply_cookie;
	if (!kb_header_is_valid(message, true))
		return -EBADMSG;

	*out_n_fds = header.n_fds;
	return 0;
}

int64_t kb_message_n_fds_dbus1(const void *data, size_t size)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	uint32_t n;
	int r;

	if (size < KB_HEADER_FIXED || kb_message_size_dbus1(data) != (int64_t)size)
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

	if (size < KB_HEADER_FIXED || kb_message_size_dbus1(data) != (int64_t)size)
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

	if (size > KB_MESSAGE_MAX || size < KB_HEADER_FIXED || tail_size < width ||
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
	if (fields_end < KB_HEADER_FIXED || fields_end > size)
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
	struct kb_header header;
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

	r = kb_header_decode(message, KB_GVARIANT, false, data,
			     parts->fields_end, &header);
	if (r < 0)
		return r;

	if (header.reply_cookie && !type_is_reply(message->type))
		return -EBADMSG;
	message->reply_cookie = header.reply_cookie;
	if (header.n_fds != message->n_fds || !kb_header_is_valid(message, true))
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

static int encode_check(struct kb_message *message)
{
	int r;

	r = kb_message_seal(message);
	if (r < 0)
		return r;
	return kb_header_is_valid(message, false) && message->cookie ? 0 : -EINVAL;
}

/* Everything in front of the body, whose size is only asked for in dbus1. */
static int encode_head(struct kb_message *message, enum kb_format format,
		       size_t body_size, struct kb_buffer *buffer,
		       size_t *out_fields_end)
{
	const uint32_t words[] = { body_size, message->cookie };
	bool gvariant = format == KB_GVARIANT;
	uint8_t fixed[KB_HEADER_FIXED] = {
		NATIVE_ORDER, message->type, message->flags, gvariant ? 2 : 1,
	};
	size_t base = buffer->size;
	int r;

	if (gvariant)
		memcpy(fixed + 8, &message->cookie, 8);
	else
		memcpy(fixed + 4, words, sizeof(words));
	r = kb_buffer_append(buffer, fixed, sizeof(fixed));
	if (r >= 0)
		r = kb_header_encode(message, format, buffer);
	if (r < 0)
		return r;
	*out_fields_end = buffer->size - base;
	return kb_buffer_append_zero(buffer, kb_align8(*out_fields_end) -
					     *out_fields_end);
}

static int append_pieces(const struct kb_pieces *body, struct kb_buffer *buffer)
{
	int r = 0;

	for (size_t i = 0; i < body->n && r >= 0; i++)
		r = kb_buffer_append(buffer, body->iov[i].iov_base,
				     body->iov[i].iov_len);
	return r;
}

int kb_message_encode_head_dbus1(struct kb_message *message,
				 struct kb_buffer *buffer,
				 struct kb_pieces *out_body)
{
	size_t base = buffer->size, fields_end;
	int r;

	r = encode_check(message);
	if (r < 0)
		return r;
	if (message->cookie > UINT32_MAX || message->reply_cookie > UINT32_MAX)
		return -ERANGE;

	r = kb_message_pieces(message, KB_DBUS1, out_body);
	if (r >= 0)
		r = encode_head(message, KB_DBUS1, out_body->size, buffer,
				&fields_end);
	if (r >= 0 && buffer->size - base + out_body->size > KB_MESSAGE_MAX)
		r = -EMSGSIZE;
	if (r < 0)
		buffer->size = base;
	return r;
}

int kb_message_encode_dbus1(struct kb_message *message,
			    struct kb_buffer *buffer)
{
	size_t base = buffer->size;
	struct kb_pieces body;
	int r;

	r = kb_message_encode_head_dbus1(message, buffer, &body);
	if (r >= 0)
		r = append_pieces(&body, buffer);
	if (r < 0)
		buffer->size = base;
	return r;
}

int kb_message_encode_head(struct kb_message *message,
			   struct kb_buffer *buffer, size_t *out_fields_end)
{
	int r;

	r = encode_check(message);
	return r < 0 ? r : encode_head(message, KB_GVARIANT, 0, buffer,
				       out_fields_end);
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
	struct kb_pieces body;
	int r;

	r = kb_message_encode_head(message, buffer, &fields_end);
	if (r >= 0)
		r = kb_message_pieces(message, KB_GVARIANT, &body);
	if (r >= 0)
		r = append_pieces(&body, buffer);
	if (r >= 0)
		r = kb_message_encode_tail(message, buffer, fields_end,
					   buffer->size - base);
	if (r < 0)
		buffer->size = base;
	return r;
}
