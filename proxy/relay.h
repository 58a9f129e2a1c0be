/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passes bytes through to a classic bus. */
#ifndef PROXY_RELAY_H
#define PROXY_RELAY_H

#include <systemd/sd-event.h>

struct relay;

/**
 * relay_new() - join a client and a classic bus
 * @in_fd, @out_fd:	the client, may be equal
 * @bus_fd:		a connected socket of the bus
 *
 * Bytes and descriptors pass as they are, authentication too, so the bus sees
 * us as its peer.  The event loop exits when either side has ended and what it
 * said was passed on.  All descriptors are taken over in any case.
 */
int relay_new(sd_event *event, int in_fd, int out_fd, int bus_fd,
	      struct relay **out_relay);
struct relay *relay_free(struct relay *relay);

#endif /* PROXY_RELAY_H */
