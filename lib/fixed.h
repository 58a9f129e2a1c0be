/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types of a fixed size: everything without strings, arrays and variants.
 *
 * Each value of such a type has its bytes at the same places, so an array of them
 * is moved from one marshalling to the other, or checked, by a list of those
 * places and not by a walk over the type for every element.  A structure costs
 * a sender no bytes, however deep; so it must cost a receiver no time.
 */
#ifndef KB_FIXED_H
#define KB_FIXED_H

#include "lib/format.h"

/**
 * struct kb_fixed_step - a number in the type
 * @at:		where it is, by enum kb_format
 * @size:	bytes
 */
struct kb_fixed_step {
	uint16_t at[2];
	uint8_t size[2];
	char code;
};

/**
 * struct kb_fixed - where the numbers of a type are
 * @depth:	containers inside containers it has
 * @size:	bytes of a value, by enum kb_format
 * @stride:	from one element of an array to the next
 * @steps:	in their order, @n of them
 */
struct kb_fixed {
	unsigned int n;
	unsigned int depth;
	size_t size[2];
	size_t stride[2];
	struct kb_fixed_step steps[KB_SIGNATURE_MAX];
};

/* @type: a complete type whose size is not 0, as kb_signature_compile() left it. */
void kb_fixed_measure(struct kb_fixed *out, const struct kb_type *type);

/* Elements in an array of @bytes: 0, or -EBADMSG if one would not be whole. */
int kb_fixed_count(const struct kb_fixed *fixed, enum kb_format format,
		   size_t bytes, size_t *out_n);
/* Bytes of an array of @n. */
size_t kb_fixed_bytes(const struct kb_fixed *fixed, enum kb_format format,
		      size_t n);

/**
 * struct kb_fixed_array - an array to be moved
 * @data:	its first element
 * @n:		elements
 * @swap:	numbers are in the other byte order
 * @n_fds:	an 'h' must be less
 */
struct kb_fixed_array {
	const uint8_t *data;
	size_t n;
	enum kb_format format;
	bool swap;
	uint32_t n_fds;
};

/**
 * kb_fixed_move() - check the elements, and lay them down
 * @to:		the format they get
 * @out:	kb_fixed_bytes() of zeroes, or NULL to check only
 *
 * Return: 0, or -EBADMSG if a boolean, a descriptor or padding is not right.
 */
int kb_fixed_move(const struct kb_fixed *fixed,
		  const struct kb_fixed_array *array, enum kb_format to,
		  uint8_t *out);

#endif /* KB_FIXED_H */
