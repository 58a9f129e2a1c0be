/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What shows outside: a process in the background, its id, its user, its log. */
#ifndef DAEMON_BACKGROUND_H
#define DAEMON_BACKGROUND_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * background_enter() - go on in a child process
 * @out_fd:	receives what background_ready() takes
 *
 * The parent does not return: it ends when the child is ready, or has failed,
 * and then with its status.
 */
int background_enter(int *out_fd);

/* Lets the parent end, and lets go of terminal, directory and umask. */
void background_ready(int fd, bool keep_umask, bool keep_stderr);

/* Sends standard error to the journal; without one it stays what it is. */
bool log_to_journal(void);

/* Makes a file with our process id; fails if there is one, and says so. */
int pidfile_write(const char *path);

/**
 * user_find() - the ids of a user by name or number
 *
 * Return: 0, -ESRCH.
 */
int user_find(const char *user, uid_t *out_uid, gid_t *out_gid);

/* Prints a line into a descriptor that was asked for, and closes it. */
int print_line(int fd, const char *text);

#endif /* DAEMON_BACKGROUND_H */
