/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The header fields of a message, in either marshalling: in dbus1 an array of
 * (yv), in GVariant one of {tv}, behind the 16 bytes that are fixed (D-Bus
 * Specification, "Header Fields").
 */
#ifndef KB_HEADER_H
#define KB_HEADER_H

#include "lib/message.h"
#include "lib/util.h"

#define KB_HEADER_FIXED	16	/* bytes in front of the fields */

/**
 * struct kb_header - what the fields say that is no string
 * @present:	a bit for each of enum kb_field that is there
 * @reply_cookie: 0 without one
 * @n_fds:	descriptors that belong to the message
 */
struct kb_header {
	unsigned int present;
	uint64_t reply_cookie;
	uint32_t n_fds;
};

/**
 * kb_header_decode() - read all fields
 * @message:	gets the strings, which point into @data
 * @swap:	numbers are in the other byte order
 * @data:	the message from its first byte
 * @end:	where the fields end; dbus1 says so in the word before them
 *
 * Unknown fields are checked and left out. Return: 0, -EBADMSG, -ENOMEM.
 */
int kb_header_decode(struct kb_message *message, enum kb_format format,
		     bool swap, const uint8_t *data, size_t end,
		     struct kb_header *out);

/**
 * kb_header_is_valid() - are the fields right, and all that the type must have
 * @decoded:	a message from bytes, whose type may be unknown
 *
 * Strings are checked once, until kb_message_set() changes them.
 */
bool kb_header_is_valid(struct kb_message *message, bool decoded);

/**
 * kb_header_encode() - append all fields of a valid message
 * @buffer:	a multiple of 8 bytes of the message are there already; in dbus1
 *		the last 4 of them receive the length of the array
 *
 * In GVariant the SENDER is left out, and the SIGNATURE is not a field.
 * Return: 0, -EMSGSIZE, -ENOMEM.
 */
int kb_header_encode(const struct kb_message *message, enum kb_format format,
		     struct kb_buffer *buffer);

#endif /* KB_HEADER_H */
