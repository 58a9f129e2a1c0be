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

/* Whether the kernel complains of it. */
static bool dies(const struct program *program, unsigned times)
{
	bool died;

	log_program("try", 0, program);
	for (unsigned i = 0; i < times && !session->stop; i++)
		session_run(program);
	died = session->stop;
	session_forget();
	return died;
}

/* Tries every cut there is, on what is left; false: this kernel speaks once. */
static bool cut_all(struct program *program, const struct cutter *cutter, unsigned times)
{
	struct program shorter;

	for (unsigned n = 0; n < cutter->count(program);) {
		shorter = *program;
		if (!cutter->cut(&shorter, n++) || !dies(&shorter, times))
			continue;
		*program = shorter;
		log_program("best", 0, program);
		log_line("= say %u operations\n", program->n_ops);
		if (!dies(program, times))
			return false;
		n = 0;
	}
	return true;
}

int reduce_run(const struct program *program, unsigned times, bool verify)
{
	struct program best = *program;
	bool goes_on = true;

	if (verify && !dies(program, times)) {
		log_line("= silent\n= end\n= again\n");
		return 1;
	}
	if (verify)
		goes_on = dies(program, times);
	for (unsigned i = 0; i < sizeof(cutters) / sizeof(cutters[0]) && goes_on; i++)
		goes_on = cut_all(&best, &cutters[i], times);
	log_line(goes_on ? "= done\n" : "= again\n");
	return !goes_on;
}
