/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A proxy for one client of our own process, in a thread.
 *
 * What the proxy is for the programs of a machine this is for a library that
 * speaks dbus1 on a socket and cannot be taught anything else: the other end of
 * a socketpair(), with the same code behind it.
 *
 * It has to be a thread. A library that makes a blocking call poll()s its socket
 * and nothing else until the reply is there; an event loop of the same thread
 * would never have its turn to bring it. The thread has an event loop of its
 * own and shares nothing with anybody: all it knows came with bridge_open().
 */
#ifndef PROXY_BRIDGE_H
#define PROXY_BRIDGE_H

struct bridge;

/**
 * bridge_open() - serve one client
 * @address:	of the bus
 * @fd:		our end of the socket pair, taken over in any case
 *
 * Return: 0; why the bus cannot be reached; -EAGAIN without a thread; -ENOMEM.
 */
int bridge_open(const char *address, int fd, struct bridge **out);

/**
 * bridge_close() - deliver what the client has sent, and end
 *
 * Returns when the thread is gone. In a child of fork() there is no thread, and
 * what it had is left alone.
 */
struct bridge *bridge_close(struct bridge *bridge);

#endif /* PROXY_BRIDGE_H */
