/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Make a program smaller that the kernel does not survive. */
#pragma once

#include "tests/fuzz/program.h"

/*
 * Leaves out whatever can be left out of @program with the kernel still
 * complaining, when each is run @times; writes down what it tries, and what is
 * the best so far.  Not 0: this kernel complains once, or not at all, which it
 * only finds out if it is to @verify.
 */
int reduce_run(const struct program *program, unsigned times, bool verify);
