/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every way to run programs shares: a world, a log, an eye on the kernel. */
#pragma once

#include <time.h>

#include "tests/fuzz/run.h"

#define N_WORKERS 8
#define N_LAST 20 /* programs of each worker that are remembered */

/**
 * struct session - in memory that all workers share
 * @stop:	all come to an end
 * @reported:	the kernel complained, or does not give somebody back
 * @report:	how
 * @execs:	programs that ran, by worker
 * @beat:	when the last one began
 * @runs:	it has not ended
 * @last:	the last ones, in a ring
 */
struct session {
	volatile bool stop;
	volatile bool reported;
	char report[256];
	volatile unsigned long execs[N_WORKERS];
	volatile time_t beat[N_WORKERS];
	volatile bool runs[N_WORKERS];
	struct program last[N_WORKERS][N_LAST];
};

extern struct session *session;

/* Once, before workers are forked: a bus that they have in common, and so on. */
int session_init(void);
/* In each worker; @covered: KCOV is wanted. */
int session_enter(unsigned worker, bool covered);
/* Runs it, and looks at what the kernel says. */
void session_run(const struct program *program);
/* What the kernel says meanwhile. */
void session_look(void);
/* Writes down what ran last. */
void session_write_last(void);
void session_report(const char *why);
/* The kernel may complain of the same once more. */
void session_forget(void);
unsigned long session_execs(void);
