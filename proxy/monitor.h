/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clients that watch the whole bus. */
#ifndef PROXY_MONITOR_H
#define PROXY_MONITOR_H

struct client;
struct kb_message;

/* BecomeMonitor(as rules, u flags) */
void monitor_become(struct client *client, struct kb_message *call);

/**
 * monitor_show() - show a monitor what happened on the bus
 *
 * Returns 0, also if it is not interested, or a negative errno.
 */
int monitor_show(struct client *client, struct kb_message *message);

#endif /* PROXY_MONITOR_H */
