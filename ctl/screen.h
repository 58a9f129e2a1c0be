/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What people look at: whether there are colours, and a pager for what is long.
 *
 * Colours are for terminals. $NO_COLOR, if it is not empty, and TERM=dumb turn
 * them off; $SYSTEMD_COLORS, a boolean or a number of colours, decides instead
 * if it is set. The pager is $SYSTEMD_PAGER, else $PAGER, else less; "" and
 * "cat" are none. Under sudo only less is run, and forbidden to start programs.
 */
#ifndef CTL_SCREEN_H
#define CTL_SCREEN_H

#include <stdbool.h>

enum screen_style {
	SCREEN_NORMAL,
	SCREEN_BOLD,
	SCREEN_DIM,
	SCREEN_TITLE,
	SCREEN_RED,
	SCREEN_GREEN,
	SCREEN_YELLOW,
	SCREEN_BLUE,
	_N_SCREEN_STYLES,
};

/* Looks at standard output, before anything is printed. */
void screen_init(void);

/* Would colours be shown? @is_tty: standard output is a terminal. */
bool screen_wants_colours(bool is_tty);

/* The escape sequence that switches to a style, "" without colours. */
const char *screen_style(enum screen_style style);

/**
 * screen_pager() - the pager that the environment names
 * @secure:	only less will do
 *
 * Return: a command for the shell, NULL for none. Borrowed from the environment.
 */
const char *screen_pager(bool secure);

/* Puts a pager behind standard output, if that is a terminal. */
void screen_open_pager(void);
/* Flushes, and waits until people have read it all. */
void screen_close_pager(void);

#endif /* CTL_SCREEN_H */
