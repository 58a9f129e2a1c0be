/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What could be typed next, for the shells' completion. They ask the program,
 * which knows its own verbs and options and can ask the bus for the rest.
 */
#ifndef CTL_COMPLETE_H
#define CTL_COMPLETE_H

/**
 * complete() - print what could stand in the place of the last word
 * @words:	of the command line, without the program; the last one is being
 *		typed and may be empty
 *
 * Prints a line for each, with a tab and a few words about it where there is
 * something to say, not only those that begin like the last word. The line
 * ":files" stands for all files. Says nothing on standard error, for that is in
 * the middle of somebody's typing.
 *
 * Return: 0.
 */
int complete(int n_words, char **words);

#endif /* CTL_COMPLETE_H */
