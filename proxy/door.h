/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The listening sockets: who comes in, and when nobody does any more. */
#ifndef PROXY_DOOR_H
#define PROXY_DOOR_H

#include <stddef.h>
#include <stdint.h>

struct proxy;
struct door;

/**
 * door_open() - accept clients
 * @fds:	listening, taken over in any case; all of them count as one
 * @idle_sec:	leave when there was no client for so long, 0 for never
 */
int door_open(struct proxy *proxy, const int *fds, size_t n_fds,
	      uint64_t idle_sec);

/* Looks again at how many clients there are; when some came or went. */
void door_update(struct proxy *proxy);
struct door *door_close(struct door *door);

#endif /* PROXY_DOOR_H */
