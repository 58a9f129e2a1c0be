/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program: a list of operations, each of one of a few actors.
 *
 * What actor 0 does before the first operation of another happens alone; from
 * there on all actors are at work at the same time, each in its own order.
 * They are threads of a process, or processes that got everything actor 0 had.
 */
#pragma once

#include "tests/fuzz/grammar.h"

#define N_OPS 40
#define N_ITEMS 6

struct item {
	__u8 rule; /* index in items[] */
	__s8 trim; /* bytes added to its size, which then lies */
	__u64 args[N_ITEM_ARGS];
};

struct op {
	__u8 rule; /* index in operations[] */
	__u8 actor;
	__u8 place; /* enum place, of the command */
	__u8 msg_place; /* of its message */
	__s8 trim; /* bytes added to the size of the message, or else command */
	__u8 fail; /* the allocation that fails; 0: none */
	__u8 n_items;
	__u64 args[N_ARGS];
	struct item items[N_ITEMS];
};

struct program {
	__u32 n_ops;
	__u32 processes;
	struct op ops[N_OPS];
};

/* A new one. */
void program_generate(struct program *program, struct rng *rng);
/* Changes it a little; @other is one to take pieces from. */
void program_mutate(struct program *program, const struct program *other, struct rng *rng);
void program_insert(struct program *program, unsigned at, const struct op *op);
void program_remove(struct program *program, unsigned at);
/* The same program has the same hash. */
__u64 program_hash(const struct program *program);
/* Operations that happen alone at the start. */
unsigned program_prefix(const struct program *program);
