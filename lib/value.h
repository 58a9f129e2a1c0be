/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of D-Bus, read from and written to bytes of either marshalling.
 *
 * A reader walks the arguments of a message, a writer lays them down, and the
 * two formats behind them differ in nothing a caller can see. Remarshalling is
 * reading with one and writing with the other: kb_value_copy().
 *
 * The bytes a reader gets come from strangers. It checks every rule of the
 * format while it walks and answers any violation with -EBADMSG: padding,
 * lengths, UTF-8, paths, signatures, booleans, descriptor indices, nesting
 * (64 containers, of which 32 arrays and 32 structs in one signature), arrays
 * of 2^26 bytes; in GVariant everything that is not normal form. What it hands
 * out has been checked; what it was not asked for has not: kb_reader_finish()
 * walks the rest.
 *
 * Positions are relative to the start of the body, which lies on a multiple of
 * 8 in both formats. The memory itself may lie anywhere.
 */
#ifndef KB_VALUE_H
#define KB_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/signature.h"
#include "lib/util.h"

#define KB_ARRAY_MAX	(UINT32_C(1) << 26)	/* bytes of one array */
#define KB_MESSAGE_MAX	(UINT32_C(1) << 27)	/* bytes of one message */

enum kb_format {
	KB_DBUS1,
	KB_GVARIANT,
};

/**
 * union kb_value - one basic value
 *
 * The member is the type's letter. Strings, paths and signatures are @s, NUL
 * terminated, with their @length (without the NUL) beside it.
 */
union kb_value {
	uint8_t y;
	bool b;
	int16_t n;
	uint16_t q;
	int32_t i;
	uint32_t u;
	int64_t x;
	uint64_t t;
	double d;
	uint32_t h;
	struct {
		const char *s;
		size_t length;
	};
};

/* reader */

/**
 * struct kb_reader_frame - a container the reader is inside of
 *
 * Private to the readers.
 */
struct kb_reader_frame {
	char code;		/* a ( { v; the arguments themselves are ( */
	uint8_t width;		/* GVariant: bytes of a framing offset, or 0 */
	bool fixed;		/* GVariant: the container has a fixed size */
	uint32_t type;		/* the next type's place in the table */
	uint32_t type_end;	/* and where the container's types end */
	uint32_t types_size;	/* what the table shrinks to when we leave */
	size_t start;		/* first byte */
	size_t end;		/* GVariant: behind the last child; dbus1:
				 * behind an array, else the parent's end */
	size_t outer;		/* GVariant: behind the whole container */
	size_t offset;		/* GVariant: position of the next offset */
};

/**
 * struct kb_reader - walks the values of one body
 *
 * Lives on the stack or in another object; about 5 KiB, of which only what is
 * used is touched. kb_reader_deinit() is needed after every init.
 */
struct kb_reader {
	const uint8_t *data;
	size_t size;
	size_t position;
	uint32_t n_fds;
	enum kb_format format;
	bool swap;
	int error;
	unsigned int depth;
	struct kb_type *types;
	uint32_t n_types;
	uint32_t max_types;
	struct kb_type types_inline[128];
	struct kb_reader_frame frames[KB_DEPTH_MAX + 1];
};

/**
 * kb_reader_init() - begin to read a body
 * @reader:	uninitialised memory
 * @format:	of @data
 * @swap:	numbers are in the other byte order
 * @signature:	types of the arguments, terminated; "" for none
 * @data:	the body, borrowed while the reader lives; a GVariant body is
 *		the struct of the arguments
 * @size:	bytes
 * @n_fds:	descriptors that came with it; an 'h' must be less
 *
 * Return: 0, -EBADMSG if signature and size cannot be right, -ENOMEM.
 */
int kb_reader_init(struct kb_reader *reader, enum kb_format format, bool swap,
		   const char *signature, const void *data, size_t size,
		   uint32_t n_fds);
void kb_reader_deinit(struct kb_reader *reader);

/**
 * kb_reader_peek() - what comes next
 *
 * Return: the code of the next type, 0 at the end of the container (or of the
 * arguments), or the error the reader stopped with.
 */
int kb_reader_peek(struct kb_reader *reader);

/* No more values in this container; also true after an error. */
bool kb_reader_at_end(struct kb_reader *reader);

/**
 * kb_reader_type() - signature of the next value
 * @out:	receives the complete type, terminated
 *
 * Return: its length, 0 at the end, or a negative error.
 */
int kb_reader_type(struct kb_reader *reader, char out[KB_SIGNATURE_MAX + 1]);

/**
 * kb_reader_contents() - signature inside the next container
 * @out:	for 'a' its element, for '(' and '{' the members, for 'v' the
 *		type of the value in it; terminated
 *
 * Return: its length, -ENXIO if no container comes next, or another error.
 */
int kb_reader_contents(struct kb_reader *reader,
		       char out[KB_SIGNATURE_MAX + 1]);

/**
 * kb_reader_basic() - take one basic value
 * @code:	its type; 0 takes whatever basic type comes
 * @out:	strings point into the data; NULL to skip
 *
 * Return: 0, -ENXIO if something else (or nothing) comes next, in which case
 * nothing was taken, or -EBADMSG.
 */
int kb_reader_basic(struct kb_reader *reader, char code,
		    union kb_value *out);

/**
 * kb_reader_array() - take a whole array of numbers
 * @code:	element type, one of y n q i u x t d
 * @out_data:	points into the data, in the data's byte order, maybe unaligned
 * @out_n:	elements
 *
 * Return: 0, -ENXIO if no such array comes next, -EBADMSG.
 */
int kb_reader_array(struct kb_reader *reader, char code, const void **out_data,
		    size_t *out_n);

/**
 * kb_reader_enter() - step into a container
 * @code:	'a', '(', '{' or 'v'; 0 for whichever comes
 *
 * Return: 0, -ENXIO if something else comes next, -EBADMSG, -ENOMEM.
 */
int kb_reader_enter(struct kb_reader *reader, char code);

/* Steps out of it; values not taken yet are checked and skipped. */
int kb_reader_exit(struct kb_reader *reader);

/* Checks and skips one complete value. -ENXIO at the end. */
int kb_reader_skip(struct kb_reader *reader);

/* Checks everything to the end of the arguments, from any depth. */
int kb_reader_finish(struct kb_reader *reader);

/**
 * kb_reader_read() - take several values, like scanf
 * @types:	types of the next values
 *
 * Each type has its pointers: a basic type one to the C type of union kb_value
 * ('b' a bool *, 's' 'o' 'g' a const char ** into the data); "as", "ao", "ag"
 * a char *** that receives an array of copies (kb_strv_free()); an array of
 * numbers a const void ** and a size_t *; '(' and '{' those of their members;
 * 'v' a const char * with the type that must be inside, then that type's
 * pointers. Any pointer may be NULL. Other arrays are for enter and exit.
 *
 * Return: 0, -ENXIO if other types come, -EBADMSG, -ENOMEM, or -EINVAL for
 * @types not supported here.
 */
int kb_reader_read(struct kb_reader *reader, const char *types, ...);

/* writer */

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

/**
 * struct kb_writer - lays down the values of one body
 * @buffer:	where they go, behind what is in it already; borrowed
 * @error:	the first error; everything after it does nothing
 * @signature:	the arguments written so far, terminated
 * @n_signature: its length
 *
 * Errors are sticky: a sequence of calls may be checked once, at
 * kb_writer_finish(). Errors of all functions: -EINVAL (not what the signature
 * or the grammar of names allows here; also strings that are not UTF-8),
 * -EMSGSIZE (array over 2^26 or body over 2^27 bytes, nesting over 64),
 * -ENOMEM.
 */
struct kb_writer {
	struct kb_buffer *buffer;
	int error;
	enum kb_format format;
	size_t base;
	unsigned int depth;
	unsigned int n_signature;
	char signature[KB_SIGNATURE_MAX + 1];
	bool all_fixed;
	uint8_t all_alignment;
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

/**
 * kb_writer_finish() - end the body
 *
 * Return: 0, -EINVAL if a container is still open, or the writer's error.
 */
int kb_writer_finish(struct kb_writer *writer);

/* both */

/**
 * kb_value_copy() - everything the reader has left in its container, written
 * @reader:	at any depth, with @writer inside an equal container (or with
 *		both at the arguments themselves)
 *
 * Return: 0, -EBADMSG for bad input, the writer's -EMSGSIZE or -ENOMEM.
 */
int kb_value_copy(struct kb_reader *reader, struct kb_writer *writer);

/**
 * kb_value_print() - values as text, one line, in the notation busctl takes
 * @reader:	what is left in its container is printed: for each complete
 *		value its type, then its words; strings are quoted
 *
 * Return: 0 or a reader's error.
 */
int kb_value_print(struct kb_reader *reader, FILE *file);

#endif /* KB_VALUE_H */
