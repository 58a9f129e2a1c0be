/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a helper program knows, as lines of a word and a value.
 *
 * The files a daemon is told to obey are read in other rooms: the
 * configuration by the proxy, activation files by the room of bus names.  They
 * print what we need of it.
 */
#ifndef DAEMON_LINES_H
#define DAEMON_LINES_H

/* Takes a line: 0, or a negative errno that ends the reading. */
typedef int (*line_fn)(void *userdata, const char *word, const char *value);

/* Each line of @text, which is changed by that. */
int lines_each(char *text, line_fn fn, void *userdata);

/**
 * lines_run() - the lines that a program prints
 * @argv:	its absolute path and arguments; what it complains of goes to our
 *		standard error
 *
 * Return: 0; -EBADMSG if it ended badly, and then no line was taken; errnos of
 * @fn, or of running it.
 */
int lines_run(char *const *argv, line_fn fn, void *userdata);

#endif /* DAEMON_LINES_H */
