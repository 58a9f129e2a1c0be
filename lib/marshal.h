/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages to bytes and back, in either marshalling.
 */
#ifndef KB_MARSHAL_H
#define KB_MARSHAL_H

#include "lib/message.h"
#include "lib/util.h"

/**
 * kb_message_size_dbus1() - size of a dbus1 message, from its first 16 bytes
 * @data:	at least 16 bytes
 *
 * Return: bytes of the whole message; -EBADMSG if it cannot be one (bad byte
 * order, version, or length over 2^27).
 */
int64_t kb_message_size_dbus1(const void *data);

/**
 * kb_message_n_fds_dbus1() - descriptors that belong to a dbus1 message
 * @data:	exactly one message
 *
 * Return: what its UNIX_FDS field says, 0 without one; -EBADMSG if the header
 * is malformed, -ENOMEM.
 */
int64_t kb_message_n_fds_dbus1(const void *data, size_t size);

/**
 * kb_message_decode_dbus1() - a message from dbus1 bytes of either byte order
 * @data:	exactly one message, borrowed: see kb_message_own()
 * @fds:	descriptors that have come so far: the message takes as many of
 *		the first as its header says, and owns them after success only
 *
 * Everything but the body is checked: kb_message_validate(). Unknown header
 * fields are checked and left out. An unknown type is no error.
 *
 * Return: 0; -EAGAIN if there are fewer descriptors than the header says;
 * -EBADMSG, -ENOMEM.
 */
int kb_message_decode_dbus1(const void *data, size_t size, const int *fds,
			    size_t n_fds, struct kb_message **out);

/**
 * kb_message_encode_dbus1() - a message as dbus1 bytes, native byte order
 * @buffer:	they are appended here; on failure it is as it was
 *
 * A cookie over 2^32 - 1 cannot be written: replace it before. A body that is
 * in the format already is taken as it is.
 *
 * Return: 0; -EINVAL if the header is incomplete or a name invalid; -EBADMSG
 * if the body is broken; -EMSGSIZE; -ERANGE for a cookie; -ENOMEM.
 */
int kb_message_encode_dbus1(struct kb_message *message,
			    struct kb_buffer *buffer);

/**
 * kb_message_encode_head_dbus1() - the same without the body
 * @out_body:	what has to follow; see kb_message_pieces()
 */
int kb_message_encode_head_dbus1(struct kb_message *message,
				 struct kb_buffer *buffer,
				 struct kb_pieces *out_body);

/**
 * kb_message_decode_gvariant() - a message from the bytes kdbus carries
 * @data:	exactly one message, in one piece
 *
 * Byte orders other than the native one and versions other than 2 are
 * -EBADMSG, and so is any other number of descriptors than the header says.
 * Otherwise as kb_message_decode_dbus1().
 */
int kb_message_decode_gvariant(const void *data, size_t size, const int *fds,
			       size_t n_fds, struct kb_message **out);

/* As kb_message_encode_dbus1(), with 64-bit cookies; the SENDER is left out. */
int kb_message_encode_gvariant(struct kb_message *message,
			       struct kb_buffer *buffer);

/* pieces of GVariant messages, for lib/conn.c */

/**
 * struct kb_message_parts - where things are in a message in GVariant
 * @fields_end:	behind the header fields, before the padding
 * @body:	first byte of the body
 * @body_end:	behind it
 * @signature:	of the arguments, not terminated, inside the tail
 * @n_signature: its characters
 */
struct kb_message_parts {
	size_t fields_end;
	size_t body;
	size_t body_end;
	const char *signature;
	size_t n_signature;
};

/**
 * kb_message_split() - find the parts of a message from its end
 * @tail:	the last @tail_size bytes of it
 * @size:	bytes of the whole message
 *
 * Return: 0 or -EBADMSG.
 */
int kb_message_split(const void *tail, size_t tail_size, size_t size,
		     struct kb_message_parts *out);

/**
 * kb_message_decode_head() - fill in what the header says
 * @head:	at least parts->body bytes
 *
 * Body and descriptors are for the caller to set, before: the number of the
 * latter is checked. Return: 0, -EBADMSG, -ENOMEM.
 */
int kb_message_decode_head(struct kb_message *message, const void *head,
			   const struct kb_message_parts *parts);

/**
 * kb_message_encode_head() - everything in front of the body
 * @out_fields_end: what kb_message_encode_tail() has to know
 */
int kb_message_encode_head(struct kb_message *message,
			   struct kb_buffer *buffer, size_t *out_fields_end);
/* Everything behind a body that ends at @body_end of the message. */
int kb_message_encode_tail(struct kb_message *message,
			   struct kb_buffer *buffer, size_t fields_end,
			   size_t body_end);

#endif /* KB_MARSHAL_H */
