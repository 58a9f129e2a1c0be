/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The grammar of programs, as tables: which operations there are, what
 * arguments they take, which items go with them, and which values are worth
 * trying for each.  A command of the ABI is one row of operations[]; a type of
 * item one row of items[].
 */
#pragma once

#include "tests/fuzz/world.h"

#define N_ARGS 10
#define N_ITEM_ARGS 4

/* random numbers: the same seed, the same numbers */

struct rng {
	__u64 state;
};

__u64 rng_next(struct rng *rng);
/* 0 … @n - 1 */
unsigned rng_below(struct rng *rng, unsigned n);
static inline bool rng_one_in(struct rng *rng, unsigned n)
{
	return rng_below(rng, n) == 0;
}

/* values */

enum kind {
	KIND_NONE,
	KIND_SLOT, /* 0 … N_SLOTS - 1 */
	KIND_FLAGS, /* bits; param: those that are known */
	KIND_NUMBER,
	KIND_SMALL, /* 0 … param - 1 */
	KIND_SIZE, /* of memory */
	KIND_POOL, /* of a pool */
	KIND_ID, /* of a connection */
	KIND_COOKIE,
	KIND_TIME, /* a deadline, or the cookie that is answered */
	KIND_SLICE, /* an offset in a pool */
	KIND_TEXT, /* index in texts[]; param: of a bus or endpoint */
	KIND_MEMORY,
	KIND_FD, /* param: of a memfd */
	KIND_ATTACH,
	KIND_TYPE, /* of an item */
	KIND_PAYLOAD, /* type of a message's payload */
	KIND_WORD, /* of a bloom filter */
	N_KINDS,
};

/* A value worth trying; a reference, perhaps. */
__u64 kind_pick(enum kind kind, __u64 param, struct rng *rng);

/* names, descriptions and labels */
struct text {
	const char *label; /* in a program that is written down */
	const char *text;
};

extern const struct text texts[];
extern const unsigned n_texts;

/**
 * struct field - an argument
 * @name:	NULL ends the list
 * @kind:	what values it has
 * @param:	see enum kind
 * @at:		where it is written: bytes from the start of the command, or of
 *		an item's payload; IN_MSG + bytes from the start of the message;
 *		or nowhere
 */
struct field {
	const char *name;
	enum kind kind;
	__u64 param;
	int at;
};

#define IN_MSG 0x1000
#define NOWHERE (-1)

/* items */

/* what follows the fixed part of an item, and takes its last fields */
enum tail {
	TAIL_NONE,
	TAIL_TEXT, /* text: a string with its NUL */
	TAIL_WORDS, /* word, count: __u64s that are all the same */
	TAIL_FDS, /* fd, count: ints */
	TAIL_FD, /* fd: one int */
};

struct item_rule {
	const char *name;
	__u64 type; /* 0: its first field says */
	unsigned fixed; /* bytes */
	enum tail tail;
	bool command; /* never part of a message */
	struct field fields[N_ITEM_ARGS + 1];
};

extern const struct item_rule items[];
extern const unsigned n_items;

/* operations */

/**
 * struct operation - a row
 * @name:	in a program that is written down
 * @weight:	how often it is chosen
 * @number:	of the ioctl; 0: it is done by @run
 * @size:	of the command's fixed part
 * @msg_at:	where the address of its message goes; 0: it has none
 * @run:	anything else
 * @items:	names of the items that it is likely to have, with spaces
 * @fields:	arguments; the first one is the slot, if @number is set
 */
struct operation {
	const char *name;
	unsigned weight;
	__u32 number;
	unsigned size;
	unsigned msg_at;
	long (*run)(const __u64 *args);
	const char *run_name;
	const char *items;
	struct field fields[N_ARGS + 1];
};

extern const struct operation operations[];
extern const unsigned n_operations;

/* -1: none */
int operation_find(const char *name);
int item_find(const char *name);
/* An operation by weight. */
unsigned operation_pick(struct rng *rng);
/* An item that is likely with @op, mostly; -1: it has none. */
int item_pick(const struct operation *op, struct rng *rng);
unsigned fields_count(const struct field *fields);
