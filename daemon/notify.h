/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where children say that they are ready, as services tell their manager. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stddef.h>
#include <sys/types.h>

/**
 * notify_open() - a socket with a name that nobody chose
 * @name:	receives what $NOTIFY_SOCKET has to be
 *
 * Return: a descriptor or a negative errno.
 */
int notify_open(char *name, size_t size);

/**
 * notify_read() - hear what is said next, by anybody
 *
 * Return: the pid of who is ready, 0 if nobody said so.
 */
pid_t notify_read(int fd);

#endif /* DAEMON_NOTIFY_H */
