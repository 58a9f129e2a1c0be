/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Other programs.
 */
#ifndef KB_RUN_H
#define KB_RUN_H

#include <sys/types.h>

/**
 * kb_run() - start a program, with none of the signals blocked that we block
 * @argv:	the program and its arguments; without a slash in its name it is
 *		looked for in $PATH
 * @environment: NULL for our own
 * @output:	what becomes its standard output, or -1 for ours
 * @out:	the process; the caller waits for its end
 *
 * The program shares our memory until it is executed, so that its start takes
 * no more of it.
 *
 * Return: 0; -ENOMEM, -EAGAIN or an errno of execve(2).
 */
int kb_run(char *const *argv, char *const *environment, int output, pid_t *out);

/* Waits for its end: 0 if it ended with status 0, 1 if in another way, or a
 * negative errno. */
int kb_run_wait(pid_t pid);

#endif /* KB_RUN_H */
