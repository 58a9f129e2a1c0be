/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What outlives the guest: what is worth keeping, how it ended, and what ran
 * last when that was not well.  The guest writes records to a port,
 *
 *	= run 2
 *	(the program)
 *	= end
 *
 * and log_collect(), on the other side of it, makes files of them.
 */
#pragma once

#include "tests/fuzz/program.h"

/* To @path; without one nothing is written. */
void log_init(const char *path);
/* @what: "run", "keep", "try"; @n: the worker, or what is tried. */
void log_program(const char *what, unsigned n, const struct program *program);
/* A line; those that begin with "=" are written at once. */
void log_line(const char *format, ...) __attribute__((__format__(printf, 1, 2)));

/*
 * Reads records from @path to the end, and prints what follows "= say".  Below
 * @into are then: keep/HASH.txt, what was kept; reached, the addresses; try.txt,
 * what was tried last, unless "= again" followed; best.txt; silent; and without "= done"
 * what ran last: last/WORKER-NN.txt, 00 being the very last.
 *
 * Returns 0 if there was "= done".
 */
int log_collect(const char *path, const char *into);

/* New lines of the kernel's log; true: one of them reports a bug. */
bool log_kernel_reports(char *line, size_t size);
