/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the bytes of a client flowing, both ways. */
#ifndef PROXY_PUMP_H
#define PROXY_PUMP_H

struct client;

/**
 * pump_start() - begin to serve a client that was just made
 *
 * Closes the client if that fails, and returns the errno.
 */
int pump_start(struct client *client);

/**
 * pump_update() - wait for what the client needs now
 *
 * To be called after something was queued for it, or changed its state, outside
 * of its own turn.
 */
void pump_update(struct client *client);

#endif /* PROXY_PUMP_H */
