/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bus in the kernel that this daemon makes. */
#ifndef DAEMON_BUS_H
#define DAEMON_BUS_H

#include <stdbool.h>

/**
 * struct bus - a bus of our own
 * @fd:		it lives as long as this descriptor
 * @address:	"kernel:path=…"
 * @guid:	its id, 32 hex digits
 */
struct bus {
	int fd;
	char *address;
	char guid[33];
};

/**
 * bus_make() - make a bus with a name that nobody has
 * @world:	every user may connect; else only its owner, and through the proxy
 *		whom the policy lets in
 *
 * Says what to do where the machine is not ready for it.
 *
 * Return: 0 or a negative errno.
 */
int bus_make(struct bus *bus, bool world);
void bus_deinit(struct bus *bus);

#endif /* DAEMON_BUS_H */
