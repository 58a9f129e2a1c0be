/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs in writing: one operation per line,
 *
 *	0 send slot=1 dst=id:2 cookie=3 +vec size=100 from=memory:0
 *
 * says that actor 0 sends from slot 1.  What is 0 is left out.  "id:2" is a
 * reference (enum ref); "+" begins an item.  A line "processes" comes first if
 * the actors are processes, "#" begins a comment.
 */
#pragma once

#include <stdio.h>

#include "tests/fuzz/program.h"

void text_print(FILE *to, const struct program *program);
/* 0; or the number of the line that cannot be read, and *@out_why says why. */
unsigned text_parse(const char *text, struct program *program, const char **out_why);
/* The same; -1 if there is no such file. Complains to stderr. */
int text_read(const char *path, struct program *program);
/* The files that @paths name, those in folders too; NULL ends them. */
char **text_files(char **paths, unsigned *out_n);
/* As a C program, to be linked with world.c and world-ops.c. */
void text_print_c(FILE *to, const struct program *program);
