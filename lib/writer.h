/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing values; lib/value.h tells the whole.
 */
#ifndef KB_WRITER_H
#define KB_WRITER_H

#include <stdarg.h>

#include "lib/format.h"
#include "lib/util.h"

/**
 * struct kb_writer_frame - a container the writer is inside of
 *
 * Private to the writers.
 */
struct kb_writer_frame {
	char code;
	bool fixed;
	uint8_t alignment;
	uint32_t type;
	uint32_t type_end;
	uint32_t types_size;
	uint32_t n_offsets;
	size_t start;		/* first byte of the contents */
	size_t length;		/* dbus1: where the array's length goes */
};

/* Stretches of so many bytes are worth not to be copied. */
#define KB_BORROW_MIN	4096
#define KB_BORROWED_MAX	4

/**
 * struct kb_borrowed - stretches of a body that are not in its buffer
 * @size:	bytes of all of them
 * @list:	where in the buffer each would be, and where it is instead
 */
struct kb_borrowed {
	size_t n;
	size_t size;
	struct {
		size_t at;
		const void *data;
		size_t size;
	} list[KB_BORROWED_MAX];
};

/**
 * struct kb_writer - lays down the values of one body
 * @buffer:	where they go, behind what is in it already; borrowed
 * @borrowed:	NULL at first. Or where large values are noted that are not
 *		copied, if what is written stays where it is
 * @error:	the first error; everything after it does nothing
 * @signature:	the arguments written so far, terminated
 * @n_signature: its length
 * @n_copied:	values and containers that kb_value_copy() has written
 *
 * Errors are sticky: a sequence of calls may be checked once, at
 * kb_writer_finish(). Errors of all functions: -EINVAL (not what the signature
 * or the grammar of names allows here; also strings that are not UTF-8),
 * -EMSGSIZE (array over 2^26 or body over 2^27 bytes, nesting over 64),
 * -ENOMEM.
 */
struct kb_writer {
	struct kb_buffer *buffer;
	struct kb_borrowed *borrowed;
	int error;
	enum kb_format format;
	size_t base;
	unsigned int depth;
	unsigned int n_signature;
	unsigned int n_copied;
	char signature[KB_SIGNATURE_MAX + 1];
	bool offset_due;
	size_t last_end;
	struct kb_type *types;
	uint32_t n_types;
	uint32_t max_types;
	uint32_t *offsets;
	size_t n_offsets;
	size_t max_offsets;
	struct kb_type types_inline[128];
	struct kb_writer_frame frames[KB_DEPTH_MAX + 1];
};

/* Positions count from the buffer's present size. */
void kb_writer_init(struct kb_writer *writer, enum kb_format format,
		    struct kb_buffer *buffer);
void kb_writer_deinit(struct kb_writer *writer);

int kb_writer_basic(struct kb_writer *writer, char code,
		    const union kb_value *value);
/* 's', 'o' or 'g' from a terminated string. */
int kb_writer_string(struct kb_writer *writer, char code, const char *s);

/**
 * kb_writer_array() - write a whole array of numbers
 * @code:	element type, one of y n q i u x t d
 * @data:	elements in native byte order
 * @n:		how many
 */
int kb_writer_array(struct kb_writer *writer, char code, const void *data,
		    size_t n);

/**
 * kb_writer_skip_bytes() - an array of bytes ("ay") that lies elsewhere
 * @n:		how many
 *
 * They take no room in the buffer, but count for all that follows: whoever
 * reads the body has to find them at the buffer's present end. Only among the
 * arguments themselves, and in GVariant.
 */
int kb_writer_skip_bytes(struct kb_writer *writer, size_t n);

/**
 * kb_writer_open() - begin a container
 * @code:	'a', '(', '{' or 'v'
 * @contents:	what goes inside: an array's element type, the members of a
 *		struct or dict entry, the type in a variant. May be NULL inside
 *		another container, except for 'v', since it is known there.
 */
int kb_writer_open(struct kb_writer *writer, char code, const char *contents);
int kb_writer_close(struct kb_writer *writer);

/**
 * kb_writer_append() - write several values, like printf
 * @types:	their types
 *
 * Each type takes what union kb_value has for it ('b' an int, 'y' 'n' 'q' an
 * int, strings a const char *); "as", "ao", "ag" a char *const * ended by NULL
 * (NULL itself is empty); an array of numbers a const void * and a size_t
 * count; any other array an unsigned int count, then so many elements; '(' and
 * '{' their members; 'v' a const char * type, then that type's values.
 */
int kb_writer_append(struct kb_writer *writer, const char *types, ...);

int kb_writer_appendv(struct kb_writer *writer, const char *types,
		      va_list list);

/**
 * kb_writer_finish() - end the body
 *
 * Return: 0, -EINVAL if a container is still open, or the writer's error.
 */
int kb_writer_finish(struct kb_writer *writer);

/* for the formats and lib/value.c */

/* Notes the first error and returns it. */
int kb_writer_fail(struct kb_writer *writer, int r);

/* Room for @size bytes, which count as written; NULL after an error. */
uint8_t *kb_writer_room(struct kb_writer *writer, size_t size);
/* Writes bytes, of strings and arrays, or notes where they are. */
void kb_writer_bytes(struct kb_writer *writer, const void *data, size_t size);
void kb_writer_align(struct kb_writer *writer, size_t alignment);
/* Bytes written so far. */
static inline size_t kb_writer_position(const struct kb_writer *writer)
{
	return writer->buffer->size - writer->base +
	       (writer->borrowed ? writer->borrowed->size : 0);
}


/* Like kb_writer_basic(), for a value that a reader has checked. */
int kb_writer_basic_trusted(struct kb_writer *writer, char code,
			    const union kb_value *value);
/* Like kb_writer_open(), for a container that is measured already: its @type,
 * and the @n characters of its contents. Both may be any where those are known. */
int kb_writer_open_types(struct kb_writer *writer, const struct kb_type *type,
			 const struct kb_type *contents, size_t n);

#endif /* KB_WRITER_H */
