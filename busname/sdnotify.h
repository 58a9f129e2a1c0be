/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The service manager's notification protocol, as far as an activator needs
 * it.
 *
 * libsystemd speaks it too, but costs each process that links it more private
 * memory than an activator may use altogether.
 */
#ifndef BUSNAME_SDNOTIFY_H
#define BUSNAME_SDNOTIFY_H

#include <stddef.h>

/**
 * sdnotify() - tell the service manager something
 * @text:	assignments, one per line
 * @fd:		a descriptor for its store, or -1
 *
 * Return: 1 if sent, 0 if there is no manager listening, or a negative errno.
 */
int sdnotify(const char *text, int fd);

/**
 * sdnotify_take_stored() - the descriptor a former run has left in the store
 * @prefix:	what its FDNAME begins with
 * @out_name:	receives the whole of it
 * @size:	bytes of @out_name
 *
 * All other descriptors that were passed are closed, and the environment is
 * cleaned of them, so that children do not take them for theirs.
 *
 * Return: the descriptor, close-on-exec, owned by the caller; -1 if none.
 */
int sdnotify_take_stored(const char *prefix, char *out_name, size_t size);

#endif /* BUSNAME_SDNOTIFY_H */
