/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Run a program, and know which code of the module it reached.
 *
 * A process that runs programs calls run_init() once.  Threads that act are
 * made then and used again; actors that are processes are forked each time.
 */
#pragma once

#include "tests/fuzz/program.h"

enum run_result {
	RUN_OK,
	RUN_STUCK, /* somebody does not come back from the kernel */
};

/* @covered: whether to ask KCOV; @patience_ms: until actors are interrupted. */
int run_init(bool covered, unsigned patience_ms);
enum run_result run_program(const struct program *program);
/* Whoever clears up after a program is told apart like another actor. */
#define N_COVERS (N_ACTORS + 1)
/* What @actor reached in the last program: return addresses in the kernel. */
const __u64 *run_cover(unsigned actor, unsigned *out_n);
/* How often each row of operations[] ended with which errno; 0: it succeeded. */
#define N_ERRNO 134
extern unsigned (*run_tally)[N_ERRNO];
/* Memory that fork() does not copy: where processes act, that is what takes long. */
void *run_shared(size_t size);
/* Where every task of process @pid is in the kernel, to stdout. */
void run_print_stacks(int pid);
