/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the bus that an address means. */
#ifndef PROXY_REACH_H
#define PROXY_REACH_H

/**
 * struct reach - where a bus was found
 *
 * One of the two is there.
 *
 * @address:	of a kdbus endpoint, for any number of connections; owned
 * @fd:		a connected classic socket, good for one client; owned, or -1
 */
struct reach {
	char *address;
	int fd;
};

/**
 * reach_bus() - try the alternatives of an address in their order
 *
 * Known are kernel:path=, unix:path= or abstract=, and for local containers
 * x-machine-kernel: and x-machine-unix: with machine= or pid=.  Those are
 * entered by a child, which passes the descriptor out.
 *
 * Returns 0, -EINVAL for a malformed address, or why the last one failed.
 */
int reach_bus(const char *addresses, struct reach *out);
void reach_deinit(struct reach *reach);

#endif /* PROXY_REACH_H */
