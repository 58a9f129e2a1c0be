/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * D-Bus signatures: checked and measured once, then only looked up.
 *
 * One walk over a signature fills a table with an entry per character, which
 * tells how long the complete type starting there is, how GVariant aligns it,
 * and how many bytes it takes if its size is fixed. Readers and writers of
 * both formats work from the table, so no signature is walked per element.
 */
#ifndef KB_SIGNATURE_H
#define KB_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KB_SIGNATURE_MAX	255	/* characters */
#define KB_DEPTH_ARRAY_MAX	32	/* arrays inside arrays */
#define KB_DEPTH_STRUCT_MAX	32	/* structs inside structs */
#define KB_DEPTH_MAX		64	/* containers of all kinds in a value */

/**
 * struct kb_type - one character of a signature, measured
 * @code:	the character
 * @length:	characters of the complete type that starts here; 1 for the
 *		closing ones
 * @alignment:	GVariant's alignment of that type: 1, 2, 4 or 8
 * @n_offsets:	framing offsets a struct or dict entry has in GVariant
 * @size:	its size in GVariant if that is fixed, else 0
 *
 * The element of an array and the first member of a struct or dict entry are
 * the next entry; a type's successor is @length entries on.
 */
struct kb_type {
	char code;
	uint8_t length;
	uint8_t alignment;
	uint8_t n_offsets;
	uint16_t size;
};

/* kinds of types */

enum {
	KB_TYPE_BASIC		= 1,
	KB_TYPE_STRING		= 2,
	KB_TYPE_NUMBER		= 4,
	KB_TYPE_CONTAINER	= 8,
};

/* KB_TYPE_* of each character; a table, since readers ask for every value. */
extern const uint8_t kb_type_kinds[256];

/* y b n q i u x t d h, and s o g: everything that contains nothing. */
static inline bool kb_type_is_basic(char code)
{
	return kb_type_kinds[(uint8_t)code] & KB_TYPE_BASIC;
}

/* s o g */
static inline bool kb_type_is_string(char code)
{
	return kb_type_kinds[(uint8_t)code] & KB_TYPE_STRING;
}

/* y n q i u x t d: any bits are valid, arrays of them are copied at once. */
static inline bool kb_type_is_number(char code)
{
	return kb_type_kinds[(uint8_t)code] & KB_TYPE_NUMBER;
}

/* a v ( { as codes of containers */
static inline bool kb_type_is_container(char code)
{
	return kb_type_kinds[(uint8_t)code] & KB_TYPE_CONTAINER;
}

/* How dbus1 aligns it (1, 2, 4, 8); 0 if @code begins no type. */
size_t kb_type_alignment_dbus1(char code);
/* Bytes of a basic type that is not a string: dbus1 (b is 4); else 0. */
size_t kb_type_size_dbus1(char code);
/* The same in GVariant (b is 1). */
size_t kb_type_size_gvariant(char code);

/* signatures */

/**
 * kb_signature_compile() - check a signature and measure its types
 * @signature:	zero or more complete types, need not be terminated
 * @length:	characters
 * @out:	room for @length entries; undefined after failure
 * @out_all:	NULL, or receives the struct made of all of them (code '(',
 *		alignment, size or 0 if not fixed); the struct of nothing has
 *		size 1
 *
 * Return: 0, or -EBADMSG if it is too long, nested too deep (32 arrays, 32
 * structs) or not a list of complete D-Bus types.
 */
int kb_signature_compile(const char *signature, size_t length,
			 struct kb_type *out, struct kb_type *out_all);

/**
 * kb_signature_next() - length of the first complete type
 * @signature:	terminated; not empty
 *
 * Return: characters, or -EBADMSG.
 */
int kb_signature_next(const char *signature);

/* Zero or more complete types. */
bool kb_signature_is_valid(const char *signature, size_t length);
/* Exactly one complete type. */
bool kb_signature_is_single(const char *signature, size_t length);

#endif /* KB_SIGNATURE_H */
