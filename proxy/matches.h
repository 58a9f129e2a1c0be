/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The match rules of one client. */
#ifndef PROXY_MATCHES_H
#define PROXY_MATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kb_conn;
struct kb_message;
struct match;

/* the kernel's cookie of what a client is subscribed to without asking */
#define MATCHES_COOKIE_OWN 0

/**
 * struct matches - rules, each known to the kernel under a cookie of its own
 *
 * The kernel's matches let too much through: bloom filters err, and the proxy
 * itself subscribes to what concerns the client's names.  So every broadcast is
 * tested again here, exactly.
 *
 * @n_instances:	rules added, equal ones counted each time
 */
struct matches {
	struct match *first;
	size_t n_instances;
	uint64_t last_cookie;
};

/* What can come of a rule besides success, 0, and other negative errors. */
enum {
	MATCHES_E_INVALID = 1,	/* not a rule */
	MATCHES_E_LIMIT,	/* the client has too many already */
	MATCHES_E_NOT_FOUND,	/* no such rule to remove */
};

void matches_deinit(struct matches *matches);

/**
 * matches_add() - add one instance of a rule
 * @conn:	where the kernel is told, NULL if it need not be (a monitor)
 * @max:	instances allowed
 *
 * Returns 0, one of the above, or an errno; -EMFILE if the kernel keeps no more.
 */
int matches_add(struct matches *matches, struct kb_conn *conn,
		const char *text, size_t max);

/* removes one instance of an equal rule */
int matches_remove(struct matches *matches, struct kb_conn *conn,
		   const char *text);

/* does any rule match the message */
bool matches_test(const struct matches *matches,
		  const struct kb_message *message);

/**
 * matches_test_monitored() - does any rule of a monitor match
 * @conn:	the monitor's
 *
 * A name as destination stands for its owner there, also if the message went to
 * that one's unique name; the kernel is asked who it is.
 */
bool matches_test_monitored(const struct matches *matches, struct kb_conn *conn,
			    struct kb_message *message);

/**
 * matches_subscribe() - let the kernel deliver what the client never asks for
 *
 * Names it gets and loses, and unicast signals, which a dbus1 client receives
 * whatever its rules are.  Returns 0 or the errno of MATCH_ADD.
 */
int matches_subscribe(struct kb_conn *conn);

#endif /* PROXY_MATCHES_H */
