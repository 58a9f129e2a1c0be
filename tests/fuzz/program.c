// SPDX-License-Identifier: LGPL-2.1-or-later
/* Make programs up, and change them. */

#include <string.h>

#include "tests/fuzz/program.h"

static const struct operation *rule_of(const struct op *op)
{
	return &operations[op->rule];
}

/* pieces */

static void make_item(struct item *item, int rule, struct rng *rng)
{
	const struct field *fields = items[rule].fields;

	memset(item, 0, sizeof(*item));
	item->rule = rule;
	for (unsigned i = 0; fields[i].name; i++)
		item->args[i] = kind_pick(fields[i].kind, fields[i].param, rng);
	/* most filters have to be of the bus's size to get anywhere */
	if (items[rule].type == KDBUS_ITEM_BLOOM_FILTER || items[rule].type == KDBUS_ITEM_BLOOM_MASK)
		item->args[items[rule].type == KDBUS_ITEM_BLOOM_FILTER ? 2 : 1] =
			rng_one_in(rng, 10) ? rng_below(rng, 34) : 8U << rng_one_in(rng, 6);
	if (rng_one_in(rng, 60))
		item->trim = rng_below(rng, 40) - 20;
}

static void add_item(struct op *op, struct rng *rng)
{
	int rule = item_pick(rule_of(op), rng);

	if (rule >= 0 && op->n_items < N_ITEMS)
		make_item(&op->items[op->n_items++], rule, rng);
}

static void add_named(struct op *op, const char *name, __u64 a, __u64 b, __u64 c)
{
	struct item *item = &op->items[op->n_items++];

	*item = (struct item){ .rule = item_find(name), .args = { a, b, c } };
}

/* what a command is refused without, most of the time */
static void add_needed(struct op *op, struct rng *rng)
{
	const struct operation *rule = rule_of(op);

	switch (rule->number) {
	case KDBUS_CMD_BUS_MAKE:
		add_named(op, "make_name", 6 + rng_below(rng, 2), 0, 0);
		add_named(op, "bloom_parameter", 64, 1, 0);
		break;
	case KDBUS_CMD_ENDPOINT_MAKE:
		add_named(op, "make_name", 8, 0, 0);
		break;
	case KDBUS_CMD_NAME_ACQUIRE:
	case KDBUS_CMD_NAME_RELEASE:
		add_named(op, "name", rng_below(rng, 4), 0, 0);
		break;
	case KDBUS_CMD_HELLO:
		if (op->args[1] & (KDBUS_HELLO_ACTIVATOR | KDBUS_HELLO_POLICY_HOLDER))
			add_named(op, "name", rng_below(rng, 5), 0, 0);
		break;
	case KDBUS_CMD_SEND:
	case KDBUS_CMD_CALL:
	case KDBUS_CMD_SERVE:
		if (op->args[2] & KDBUS_MSG_SIGNAL)
			add_named(op, "filter", 0, rng_below(rng, 4), 8);
		else if (!op->args[4])
			add_named(op, "dst_name", rng_below(rng, 4), 0, 0);
		break;
	}
}

/* Flags that exclude each other are tried, but not most of the time. */
static void make_sense(struct op *op, struct rng *rng)
{
	const struct operation *rule = rule_of(op);

	if (rng_one_in(rng, 10))
		return;
	if (rule->number == KDBUS_CMD_HELLO) {
		op->args[1] = rng_below(rng, 4) ? 1 : 1 << rng_below(rng, 4);
	} else if (rule->msg_at) {
		if (op->args[2] & KDBUS_MSG_SIGNAL) {
			op->args[2] = KDBUS_MSG_SIGNAL;
			op->args[7] = 0;
		} else if (op->args[2] & KDBUS_MSG_EXPECT_REPLY) {
			op->args[7] = REF(REF_SOON, 1 + rng_below(rng, 8));
		} else if (rng_below(rng, 3)) {
			op->args[7] = 0;
		}
		if (rule->number == KDBUS_CMD_CALL || (rule->number == KDBUS_CMD_SEND && op->args[1] & 1)) {
			op->args[2] = (op->args[2] & KDBUS_MSG_NO_AUTO_START) | KDBUS_MSG_EXPECT_REPLY;
			op->args[7] = REF(REF_SOON, 1 + rng_below(rng, 8));
		}
	}
}

static void make_op(struct op *op, unsigned rule, struct rng *rng)
{
	const struct field *fields = operations[rule].fields;

	memset(op, 0, sizeof(*op));
	op->rule = rule;
	for (unsigned i = 0; fields[i].name; i++)
		op->args[i] = kind_pick(fields[i].kind, fields[i].param, rng);
	if (!operations[rule].number)
		return;
	make_sense(op, rng);
	if (!rng_one_in(rng, 10))
		add_needed(op, rng);
	while (op->n_items < N_ITEMS && rng_one_in(rng, 2))
		add_item(op, rng);
	if (rng_one_in(rng, 25))
		op->place = rng_below(rng, N_PLACES);
	if (operations[rule].msg_at && rng_one_in(rng, 15))
		op->msg_place = rng_below(rng, N_PLACES);
	if (rng_one_in(rng, 60))
		op->trim = rng_below(rng, 40) - 20;
	if (rng_one_in(rng, 30))
		op->fail = 1 + rng_below(rng, 12);
}

void program_insert(struct program *program, unsigned at, const struct op *op)
{
	if (program->n_ops == N_OPS)
		program->n_ops--;
	if (at > program->n_ops)
		at = program->n_ops;
	memmove(&program->ops[at + 1], &program->ops[at], (program->n_ops - at) * sizeof(*op));
	program->ops[at] = *op;
	program->n_ops++;
}

void program_remove(struct program *program, unsigned at)
{
	program->n_ops--;
	memmove(&program->ops[at], &program->ops[at + 1], (program->n_ops - at) * sizeof(program->ops[0]));
}

unsigned program_prefix(const struct program *program)
{
	unsigned i = 0;

	while (i < program->n_ops && !program->ops[i].actor)
		i++;
	return i;
}

/* from nothing */

static struct op *append(struct program *program, const char *name, __u64 a, __u64 b, __u64 c)
{
	struct op *op = &program->ops[program->n_ops++];

	*op = (struct op){ .rule = operation_find(name), .args = { a, b, c } };
	return op;
}

/* a bus, and connections of many kinds */
static void make_start(struct program *program, struct rng *rng)
{
	unsigned n = 3 + rng_below(rng, 3);
	struct op *op;

	append(program, "open", 0, WHERE_CONTROL, 0);
	op = append(program, "bus_make", 0, 2, 0);
	add_named(op, "make_name", 6, 0, 0);
	add_named(op, "bloom_parameter", 64, 1, 0);
	if (rng_one_in(rng, 2))
		add_named(op, "attach_send", ~0ULL, 0, 0);
	for (unsigned i = 1; i <= n; i++) {
		append(program, "open", i, rng_one_in(rng, 12) ? WHERE_COMMON_BUS : WHERE_BUS_A, 0);
		op = append(program, "hello", i, rng_below(rng, 4) ? 1 : 1 << rng_below(rng, 4), 0);
		for (unsigned k = 2; k < 4; k++)
			op->args[k] = kind_pick(KIND_ATTACH, 0, rng);
		op->args[4] = rng_one_in(rng, 6) ? kind_pick(KIND_POOL, 0, rng) : 1 << 20;
		add_needed(op, rng);
	}
}

void program_generate(struct program *program, struct rng *rng)
{
	unsigned n = 4 + rng_below(rng, 20), n_actors = 1 + rng_below(rng, N_ACTORS);
	struct op op;

	memset(program, 0, sizeof(*program));
	program->processes = rng_one_in(rng, 8);
	make_start(program, rng);
	for (unsigned i = 0; i < n && program->n_ops < N_OPS; i++) {
		make_op(&op, operation_pick(rng), rng);
		op.actor = rng_below(rng, n_actors);
		program_insert(program, N_OPS, &op);
	}
}

/* from another */

static void change_field(const struct field *fields, __u64 *args, struct rng *rng)
{
	unsigned n = fields_count(fields), i = rng_below(rng, n);

	if (!n)
		return;
	switch (rng_below(rng, 8)) {
	case 0:
		args[i] = kind_pick(KIND_NUMBER, 0, rng);
		break;
	case 1:
		args[i] ^= 1ULL << rng_below(rng, 64);
		break;
	case 2:
		args[i] += rng_below(rng, 17) - 8;
		break;
	default:
		args[i] = kind_pick(fields[i].kind, fields[i].param, rng);
	}
}

static void change_items(struct op *op, struct rng *rng)
{
	unsigned at = rng_below(rng, op->n_items);

	switch (op->n_items ? rng_below(rng, 6) : 0) {
	case 0:
		add_item(op, rng);
		break;
	case 1:
		op->n_items--;
		memmove(&op->items[at], &op->items[at + 1], (op->n_items - at) * sizeof(op->items[0]));
		break;
	case 2:
		op->items[at].trim = rng_one_in(rng, 2) ? 0 : (int)rng_below(rng, 64) - 32;
		break;
	default:
		change_field(items[op->items[at].rule].fields, op->items[at].args, rng);
	}
}

static void change_op(struct op *op, struct rng *rng)
{
	switch (rng_below(rng, operations[op->rule].number ? 16 : 4)) {
	case 0:
		op->actor = rng_below(rng, N_ACTORS);
		break;
	case 1:
		op->args[0] = kind_pick(KIND_SLOT, 0, rng);
		break;
	case 2 ... 6:
		change_field(operations[op->rule].fields, op->args, rng);
		break;
	case 7:
		op->place = rng_one_in(rng, 3) ? 0 : rng_below(rng, N_PLACES);
		break;
	case 8:
		op->msg_place = rng_one_in(rng, 3) ? 0 : rng_below(rng, N_PLACES);
		break;
	case 9:
		op->fail = rng_one_in(rng, 3) ? 0 : 1 + rng_below(rng, 16);
		break;
	case 10:
		op->trim = rng_one_in(rng, 3) ? 0 : (int)rng_below(rng, 64) - 32;
		break;
	case 11:
		make_sense(op, rng);
		break;
	default:
		change_items(op, rng);
	}
}

/* A stretch of another one, somewhere. */
static void splice(struct program *program, const struct program *other, struct rng *rng)
{
	unsigned from = rng_below(rng, other->n_ops), n = 1 + rng_below(rng, 6),
		 at = rng_below(rng, program->n_ops + 1);

	for (unsigned i = 0; i < n && from + i < other->n_ops; i++)
		program_insert(program, at + i, &other->ops[from + i]);
}

/* The tasks change places, or their number. */
static void change_actors(struct program *program, struct rng *rng)
{
	unsigned n = 1 + rng_below(rng, N_ACTORS), from = rng_below(rng, program->n_ops);

	for (unsigned i = from; i < program->n_ops; i++)
		program->ops[i].actor = rng_below(rng, n);
}

static void mutate_once(struct program *program, const struct program *other, struct rng *rng)
{
	unsigned at = rng_below(rng, program->n_ops);
	struct op op;

	switch (rng_below(rng, 20)) {
	case 0 ... 5:
		make_op(&op, operation_pick(rng), rng);
		op.actor = rng_below(rng, N_ACTORS);
		program_insert(program, rng_below(rng, program->n_ops + 1), &op);
		break;
	case 6 ... 7:
		if (program->n_ops > 1)
			program_remove(program, at);
		break;
	case 8:
		op = program->ops[at];
		program_insert(program, rng_below(rng, program->n_ops + 1), &op);
		break;
	case 9:
		if (other)
			splice(program, other, rng);
		break;
	case 10:
		change_actors(program, rng);
		break;
	case 11:
		if (rng_one_in(rng, 3))
			program->processes = !program->processes;
		break;
	default:
		change_op(&program->ops[at], rng);
	}
}

void program_mutate(struct program *program, const struct program *other, struct rng *rng)
{
	do {
		mutate_once(program, other, rng);
	} while (rng_below(rng, 3));
}

static __u64 hash(__u64 so_far, __u64 value)
{
	return (so_far ^ value) * 0x100000001b3ULL;
}

__u64 program_hash(const struct program *program)
{
	__u64 h = hash(0xcbf29ce484222325ULL, program->processes);
	const struct op *op;

	for (unsigned i = 0; i < program->n_ops; i++) {
		op = &program->ops[i];
		h = hash(h, op->rule | op->actor << 8 | op->place << 16 | op->msg_place << 24);
		h = hash(h, (__u8)op->trim | op->fail << 8);
		for (unsigned k = 0; k < N_ARGS; k++)
			h = hash(h, op->args[k]);
		for (unsigned k = 0; k < op->n_items; k++) {
			h = hash(h, op->items[k].rule | (__u8)op->items[k].trim << 8);
			for (unsigned j = 0; j < N_ITEM_ARGS; j++)
				h = hash(h, op->items[k].args[j]);
		}
	}
	return h ^ h >> 29;
}
