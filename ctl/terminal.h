/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A terminal taken over for a while, and given back as it was.
 *
 * What is written to standard error meanwhile is kept and appears afterwards.
 */
#ifndef CTL_TERMINAL_H
#define CTL_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Are standard input and output one? */
bool terminal_is_there(void);

/* Its other screen, no cursor, keys without echo and without waiting for the
 * end of a line. 0 or a negative errno; then nothing has changed. */
int terminal_enter(void);
/* Everything back; does nothing if it was not entered. */
void terminal_leave(void);

/* Columns and lines, as they are now. */
void terminal_size(unsigned int *out_columns, unsigned int *out_lines);

/* Prints @text from the upper left corner on, as much of it as fits. */
void terminal_show(const char *text);

/**
 * terminal_clip() - print as much of a text as fits
 * @columns:	of each line, in characters
 * @lines:	how many
 * @end:	behind each line
 *
 * Escape sequences take no room and are printed, also those of what is cut off:
 * a style that began ends.
 */
void terminal_clip(const char *text, unsigned int columns, unsigned int lines,
		   const char *end, FILE *file);

#endif /* CTL_TERMINAL_H */
