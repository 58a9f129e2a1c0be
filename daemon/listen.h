/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sockets that clients come in by. */
#ifndef DAEMON_LISTEN_H
#define DAEMON_LISTEN_H

#include <stdbool.h>
#include <sys/un.h>

#include "lib/address.h"

/**
 * struct place - where a socket goes
 * @path:		in the file system, or the name of an abstract one
 * @abstract:	it is such a name
 * @why:	there is none: the reason
 */
struct place {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool abstract;
	const char *why;
};

/**
 * place_choose() - the place that an address means
 *
 * "dir" and "tmpdir" give a name that nobody else has.
 *
 * Return: 0; -EAFNOSUPPORT for what cannot be served, -EINVAL for what says
 * nothing, -ENAMETOOLONG; then @why is set.
 */
int place_choose(const struct kb_address *address, struct place *out);

/**
 * struct listener - a socket
 * @fd:		listening; closed on exec
 * @path:	to be removed, or NULL
 * @address:	for clients, without the guid
 */
struct listener {
	struct listener *next;
	int fd;
	char *path;
	char *address;
};

/**
 * listener_open() - listen at the first of some alternatives that works
 * @addresses:	as they are configured; "systemd:" stands for the sockets that
 *		were handed down
 * @list:	new listeners are put at its end
 *
 * Says what is wrong.
 */
int listener_open(const char *addresses, struct listener **list);

/* Closes them, and removes what is left in the file system. */
void listeners_close(struct listener **list);

/* What to tell clients, freshly allocated; NULL if no memory. */
char *listeners_address(const struct listener *list, const char *guid);

#endif /* DAEMON_LISTEN_H */
