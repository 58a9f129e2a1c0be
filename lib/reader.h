/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading values; lib/value.h tells the whole.
 */
#ifndef KB_READER_H
#define KB_READER_H

#include <stdarg.h>

#include "lib/format.h"
#include "lib/util.h"

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
	size_t start;		/* first byte; dbus1: of an array */
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
int kb_reader_readv(struct kb_reader *reader, const char *types, va_list list);

/* for the formats and lib/value.c */

/* Notes the first error and returns it. */
int kb_reader_fail(struct kb_reader *reader, int r);

/* Compiles a variant's signature to the end of the table and makes it the
 * contents of @frame: -EBADMSG if it is not one complete type. */
int kb_reader_push_type(struct kb_reader *reader,
			struct kb_reader_frame *frame, const char *signature,
			size_t length);

struct kb_fixed;
struct kb_fixed_array;

/**
 * kb_reader_take_fixed() - all elements of an array that was just entered
 * @fixed:	receives where the numbers of an element are
 * @array:	receives the elements, which are not checked yet
 *
 * Return: 1; 0 if they have to be taken one by one, which is as well for a few;
 * -EBADMSG.
 */
int kb_reader_take_fixed(struct kb_reader *reader, struct kb_fixed *fixed,
			 struct kb_fixed_array *array);

/* Strings, checked: UTF-8 without NUL, or a path, or a signature. */
bool kb_string_is_valid(char code, const char *s, size_t length);

#endif /* KB_READER_H */
