/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an activator gives up once it holds its name.
 *
 * The settings of a unit could do the same, but a mount namespace and a filter
 * for each setting take the service manager longer than all that the activator
 * itself does until it waits, and there are as many as there are names.
 */
#ifndef BUSNAME_CONFINE_H
#define BUSNAME_CONFINE_H

/**
 * confine() - from here on, for this process and what it starts
 *
 * Nothing can be written to a file system, nothing be read but what belongs to
 * the operating system (/home, /root, /var and /tmp do not); there are no new
 * namespaces, no realtime, no memory both writable and executable, no other
 * architectures and personalities, and nothing to be gained by executing.
 * Descriptors that are open already, and sockets, are not affected.
 *
 * Return: 0, or a negative errno: -EOPNOTSUPP where the kernel has no Landlock
 * and all but the files are confined.
 */
int confine(void);

#endif /* BUSNAME_CONFINE_H */
