/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Make a program smaller that the kernel does not survive. */
#pragma once

#include "tests/fuzz/program.h"

/*
 * Tries all programs that are a little less than @program, each @times, until
 * the kernel complains of one, or is no more: tests/fuzz/reduce starts again
 * with that one.  Returns 0 if nothing can be spared.
 */
int reduce_run(const struct program *program, unsigned times);
