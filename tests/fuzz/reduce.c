// SPDX-License-Identifier: LGPL-2.1-or-later
/* Make a program smaller. */

#include <stdio.h>
#include <string.h>

#include "tests/fuzz/log.h"
#include "tests/fuzz/reduce.h"
#include "tests/fuzz/session.h"

/* A program has so many cuts of each kind, the @n-th of which is made. */
struct cutter {
	unsigned (*count)(const struct program *program);
	bool (*cut)(struct program *program, unsigned n);
};

static unsigned count_halves(const struct program *program)
{
	return program->n_ops > 3 ? 8 : 0;
}

/* halves, then quarters, then eighths of it, the latter ones first */
static bool cut_half(struct program *program, unsigned n)
{
	unsigned parts = n < 2 ? 2 : n < 6 ? 4 : 8, part = parts - 1 - (n < 2 ? n : n < 6 ? n - 2 : n - 6);
	unsigned from = program->n_ops * part / parts, to = program->n_ops * (part + 1) / parts;

	for (unsigned i = from; i < to; i++)
		program_remove(program, from);
	return program->n_ops > 0;
}

static unsigned count_ops(const struct program *program)
{
	return program->n_ops;
}

static bool cut_op(struct program *program, unsigned n)
{
	program_remove(program, program->n_ops - 1 - n);
	return program->n_ops > 0;
}

static unsigned count_items(const struct program *program)
{
	return program->n_ops * N_ITEMS;
}

static bool cut_item(struct program *program, unsigned n)
{
	struct op *op = &program->ops[n / N_ITEMS];

	n %= N_ITEMS;
	if (n >= op->n_items)
		return false;
	op->n_items--;
	memmove(&op->items[n], &op->items[n + 1], (op->n_items - n) * sizeof(op->items[0]));
	return true;
}

#define N_ODDITIES 5

static unsigned count_oddities(const struct program *program)
{
	return program->n_ops * N_ODDITIES + 1;
}

/* back to what is usual */
static bool cut_oddity(struct program *program, unsigned n)
{
	struct op *op = &program->ops[n / N_ODDITIES];
	bool was;

	if (n == program->n_ops * N_ODDITIES) {
		was = program->processes;
		program->processes = 0;
		return was;
	}
	__u8 *const oddities[N_ODDITIES] = { &op->actor, &op->place, &op->msg_place, (__u8 *)&op->trim, &op->fail };
	was = *oddities[n % N_ODDITIES];
	*oddities[n % N_ODDITIES] = 0;
	return was;
}

static unsigned count_args(const struct program *program)
{
	return program->n_ops * N_ARGS;
}

static bool cut_arg(struct program *program, unsigned n)
{
	__u64 *arg = &program->ops[n / N_ARGS].args[n % N_ARGS], was = *arg;

	/* a slot is neither more nor less */
	if (n % N_ARGS == 0)
		return false;
	*arg = 0;
	return was;
}

static const struct cutter cutters[] = {
	{ count_halves, cut_half },	{ count_ops, cut_op },	 { count_items, cut_item },
	{ count_oddities, cut_oddity }, { count_args, cut_arg },
};

static bool dies(const struct program *program, unsigned times)
{
	log_program("try", 0, program);
	for (unsigned i = 0; i < times && !session->stop; i++)
		session_run(program);
	return session->stop;
}

int reduce_run(const struct program *program, unsigned times)
{
	struct program shorter;

	for (unsigned i = 0; i < sizeof(cutters) / sizeof(cutters[0]); i++)
		for (unsigned n = 0; n < cutters[i].count(program); n++) {
			shorter = *program;
			if (!cutters[i].cut(&shorter, n) || !dies(&shorter, times))
				continue;
			printf("# %u operations: %s\n", shorter.n_ops, session->report);
			return 1;
		}
	printf("# nothing of it can be spared\n");
	log_line("= done\n");
	return 0;
}
