/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signal that other services can be started now: ActivatableServicesChanged. */
#ifndef PROXY_ACTIVATABLE_H
#define PROXY_ACTIVATABLE_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct kb_conn;
struct kb_match_rule;
struct kb_notification;

/**
 * activatable_subscribe() - let the kernel tell what a rule for it needs
 * @cookie:	of the rule
 *
 * What can be started is what has an activator, so the signal is made of the
 * notifications that one comes or goes.  Does nothing for a rule that is about
 * something else.  Returns 0 or the errno of MATCH_ADD.
 */
int activatable_subscribe(struct kb_conn *conn, const struct kb_match_rule *rule,
			  uint64_t cookie);

/* Does the notification say that it is time for the signal? */
bool activatable_is_news(const struct kb_notification *notification);

/* Sends it, if a rule of the client's wants it: 0 or an errno. */
int activatable_tell(struct client *client);

#endif /* PROXY_ACTIVATABLE_H */
