// SPDX-License-Identifier: LGPL-2.1-or-later
/* D-Bus signatures: one walk checks and measures them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/signature.h"
#include "lib/util.h"

const uint8_t kb_type_kinds[256] = {
	['y'] = KB_TYPE_BASIC | KB_TYPE_NUMBER,
	['b'] = KB_TYPE_BASIC,
	['n'] = KB_TYPE_BASIC | KB_TYPE_NUMBER,
	['q'] = KB_TYPE_BASIC | KB_TYPE_NUMBER,
	['i'] = KB_TYPE_BASIC | KB_TYPE_NUMBER,
	['u'] = KB_TYPE_BASIC | KB_TYPE_NUMBER,
	['x'] = KB_TYPE_BASIC | KB_TYPE_NUMBER,
	['t'] = KB_TYPE_BASIC | KB_TYPE_NUMBER,
	['d'] = KB_TYPE_BASIC | KB_TYPE_NUMBER,
	['h'] = KB_TYPE_BASIC,
	['s'] = KB_TYPE_BASIC | KB_TYPE_STRING,
	['o'] = KB_TYPE_BASIC | KB_TYPE_STRING,
	['g'] = KB_TYPE_BASIC | KB_TYPE_STRING,
	['v'] = KB_TYPE_CONTAINER,
	['a'] = KB_TYPE_CONTAINER,
	['('] = KB_TYPE_CONTAINER,
	['{'] = KB_TYPE_CONTAINER,
};

/**
 * struct type_info - how a code is laid out by itself
 * @dbus1_align: how dbus1 aligns it; 0 for what begins no type
 * @dbus1_size: bytes there, 0 if it varies
 * @gv_align:	the same in GVariant; containers follow from their contents
 * @gv_size:	the same in GVariant
 */
struct type_info {
	uint8_t dbus1_align;
	uint8_t dbus1_size;
	uint8_t gv_align;
	uint8_t gv_size;
};

static const struct type_info type_table[256] = {
	['y'] = { 1, 1, 1, 1 },
	['b'] = { 4, 4, 1, 1 },
	['n'] = { 2, 2, 2, 2 },
	['q'] = { 2, 2, 2, 2 },
	['i'] = { 4, 4, 4, 4 },
	['u'] = { 4, 4, 4, 4 },
	['x'] = { 8, 8, 8, 8 },
	['t'] = { 8, 8, 8, 8 },
	['d'] = { 8, 8, 8, 8 },
	['h'] = { 4, 4, 4, 4 },
	['s'] = { 4, 0, 1, 0 },
	['o'] = { 4, 0, 1, 0 },
	['g'] = { 1, 0, 1, 0 },
	['v'] = { 1, 0, 8, 0 },
	['a'] = { 4, 0, 0, 0 },
	['('] = { 8, 0, 0, 0 },
	['{'] = { 8, 0, 0, 0 },
};

static const struct type_info *type_lookup(char code)
{
	return &type_table[(uint8_t)code];
}

size_t kb_type_alignment_dbus1(char code)
{
	return type_lookup(code)->dbus1_align;
}

size_t kb_type_size_dbus1(char code)
{
	return type_lookup(code)->dbus1_size;
}

size_t kb_type_size_gvariant(char code)
{
	return type_lookup(code)->gv_size;
}

/**
 * struct open_type - a container whose end has not been seen yet
 * @code:	a ( {, or 0 for the list of all types
 * @alignment:	the largest so far
 * @fixed:	all members so far have a fixed size
 * @start:	where it begins
 * @n:		complete types in it so far
 * @n_varying:	those of them without a fixed size
 * @last_varies: the last one is such
 * @size:	bytes so far, while @fixed
 */
struct open_type {
	char code;
	uint8_t alignment;
	bool fixed;
	size_t start;
	unsigned int n;
	unsigned int n_varying;
	bool last_varies;
	size_t size;
};

/**
 * struct compiler - a walk over a signature
 * @open:	containers we are inside of; 0 is the whole list
 * @depth:	index of the innermost
 */
struct compiler {
	struct kb_type *out;
	struct open_type open[KB_DEPTH_MAX + 1];
	unsigned int depth;
	unsigned int n_arrays;
	unsigned int n_structs;
};

static int compiler_open(struct compiler *c, char code, size_t position)
{
	unsigned int limit;

	switch (code) {
	case 'a':
		limit = ++c->n_arrays;
		break;
	case '(':
		limit = ++c->n_structs;
		break;
	default:
		/* bounded by the arrays around */
		if (c->open[c->depth].code != 'a')
			return -EBADMSG;
		limit = 0;
		break;
	}
	if (limit > 32 || c->depth == KB_DEPTH_MAX)
		return -EBADMSG;

	c->open[++c->depth] = (struct open_type){
		.code = code,
		.alignment = 1,
		.fixed = true,
		.start = position,
	};
	return 0;
}

static void open_type_add(struct open_type *open, const struct kb_type *type)
{
	open->n++;
	if (type->alignment > open->alignment)
		open->alignment = type->alignment;
	open->last_varies = !type->size;
	open->n_varying += open->last_varies;
	open->fixed = !open->n_varying;
	if (open->fixed)
		open->size = kb_align_to(open->size, type->alignment) +
			     type->size;
}

static struct kb_type open_type_done(const struct open_type *open, char code,
				     size_t end)
{
	size_t size = 0;

	/* at most 255 numbers of 8 bytes: never near the limit of 16 bits */
	if (open->fixed && code != 'a')
		size = open->n ? kb_align_to(open->size, open->alignment) : 1;

	return (struct kb_type){
		.code = code,
		.length = end - open->start,
		.alignment = open->alignment,
		/* the last member ends where the table of offsets begins */
		.n_offsets = open->n_varying - open->last_varies,
		.size = size,
	};
}

/* Leaves the innermost container, whose last character is before @end. */
static int compiler_close(struct compiler *c, size_t end)
{
	struct open_type *open = &c->open[c->depth];

	switch (open->code) {
	case 'a':
		c->n_arrays--;
		break;
	case '(':
		c->n_structs--;
		if (!open->n)
			return -EBADMSG;
		break;
	default:
		if (open->n != 2)
			return -EBADMSG;
		break;
	}

	c->out[open->start] = open_type_done(open, open->code, end);
	c->depth--;
	return 0;
}

/* A complete type at @start ended before @end; arrays around it end, too. */
static int compiler_complete(struct compiler *c, size_t start, size_t end)
{
	for (;;) {
		struct open_type *open = &c->open[c->depth];

		if (open->code == '{' && !open->n &&
		    !kb_type_is_basic(c->out[start].code))
			return -EBADMSG;
		open_type_add(open, &c->out[start]);
		if (open->code != 'a')
			return 0;

		start = open->start;
		compiler_close(c, end);
	}
}

/* A type of one character. */
static bool type_is_simple(char code)
{
	return kb_type_is_basic(code) || code == 'v';
}

static struct kb_type simple_type(char code)
{
	return (struct kb_type){
		.code = code,
		.length = 1,
		.alignment = type_lookup(code)->gv_align,
		.size = type_lookup(code)->gv_size,
	};
}

static int compiler_step(struct compiler *c, char code, size_t i)
{
	size_t start;
	int r;

	if (code == ')' || code == '}') {
		if (c->open[c->depth].code != (code == ')' ? '(' : '{'))
			return -EBADMSG;
		c->out[i] = (struct kb_type){ .code = code, .length = 1 };
		start = c->open[c->depth].start;
		r = compiler_close(c, i + 1);
		return r < 0 ? r : compiler_complete(c, start, i + 1);
	}
	if (code == 'a' || code == '(' || code == '{')
		return compiler_open(c, code, i);
	if (!type_is_simple(code))
		return -EBADMSG;
	c->out[i] = simple_type(code);
	return compiler_complete(c, i, i + 1);
}

static int compile(const char *signature, size_t length, struct kb_type *out,
		   struct kb_type *out_all)
{
	struct compiler c;

	c.out = out;
	c.depth = c.n_arrays = c.n_structs = 0;
	c.open[0] = (struct open_type){ .alignment = 1, .fixed = true };

	for (size_t i = 0; i < length; i++) {
		int r = compiler_step(&c, signature[i], i);

		if (r < 0)
			return r;
	}
	if (c.depth)
		return -EBADMSG;

	*out_all = open_type_done(&c.open[0], '(', length);
	return 0;
}

/*
 * Messages have few different signatures, and those come again and again. Each
 * has one place where it can be; whoever came there before has to go, so nobody
 * can make this grow. Threads have their own.
 */

#define KNOWN_LENGTH	16	/* characters, as nearly all of them */
#define N_KNOWN		32

static _Thread_local struct known {
	size_t length;
	char text[KNOWN_LENGTH];
	struct kb_type types[KNOWN_LENGTH];
	struct kb_type all;
} known[N_KNOWN];

static struct known *known_place(const char *signature, size_t length)
{
	uint32_t hash = length;

	for (size_t i = 0; i < length; i++)
		hash = hash * 31 + (uint8_t)signature[i];
	return &known[(hash ^ hash >> 10) % N_KNOWN];
}

/* The same through the table: @length is from 1 to KNOWN_LENGTH. */
static int compile_known(const char *signature, size_t length,
			 struct kb_type *out, struct kb_type *out_all)
{
	struct known *place = known_place(signature, length);
	int r;

	if (place->length != length ||
	    memcmp(place->text, signature, length)) {
		r = compile(signature, length, out, out_all);
		if (r < 0)
			return r;
		place->length = length;
		place->all = *out_all;
		memcpy(place->text, signature, length);
		memcpy(place->types, out, length * sizeof(*out));
		return 0;
	}
	memcpy(out, place->types, length * sizeof(*out));
	*out_all = place->all;
	return 0;
}

int kb_signature_compile(const char *signature, size_t length,
			 struct kb_type *out, struct kb_type *out_all)
{
	struct kb_type all;

	if (length > KB_SIGNATURE_MAX)
		return -EBADMSG;

	/* most variants */
	if (length == 1 && !out_all) {
		if (!type_is_simple(*signature))
			return -EBADMSG;
		*out = simple_type(*signature);
		return 0;
	}
	return (length && length <= KNOWN_LENGTH ? compile_known : compile)(
		signature, length, out, out_all ?: &all);
}

int kb_signature_next(const char *signature)
{
	struct kb_type types[KB_SIGNATURE_MAX];
	size_t n = 0, depth = 0;

	/* where the first type would end, then whether it is one */
	do {
		char code = signature[n];

		if (!code || n == KB_SIGNATURE_MAX)
			return -EBADMSG;
		n++;
		if (code == '(' || code == '{')
			depth++;
		else if ((code == ')' || code == '}') && !depth--)
			return -EBADMSG;
	} while (depth || signature[n - 1] == 'a');

	return kb_signature_compile(signature, n, types, NULL) < 0 ?
	       -EBADMSG : (int)n;
}

bool kb_signature_is_valid(const char *signature, size_t length)
{
	struct kb_type types[KB_SIGNATURE_MAX];

	/* the signature of most values: nothing to walk */
	if (length == 1)
		return type_is_simple(*signature);
	return length <= KB_SIGNATURE_MAX &&
	       kb_signature_compile(signature, length, types, NULL) >= 0;
}

bool kb_signature_is_single(const char *signature, size_t length)
{
	struct kb_type types[KB_SIGNATURE_MAX];

	return length && length <= KB_SIGNATURE_MAX &&
	       kb_signature_compile(signature, length, types, NULL) >= 0 &&
	       types[0].length == length;
}
