/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers a <limit> can set. */
#ifndef PROXY_LIMITS_H
#define PROXY_LIMITS_H

#include <stdint.h>

/**
 * struct limits - one field per <limit name="...">
 *
 * Sizes are bytes, times milliseconds (0: no limit of time).  The descriptors
 * of @max_message_unix_fds and the counts of names, matches and replies meet
 * the kernel's own limits as well; whichever is lower wins.
 */
struct limits {
	uint64_t max_incoming_bytes;
	uint64_t max_incoming_unix_fds;
	uint64_t max_outgoing_bytes;
	uint64_t max_outgoing_unix_fds;
	uint64_t max_message_size;
	uint64_t max_message_unix_fds;
	uint64_t max_completed_connections;
	uint64_t max_incomplete_connections;
	uint64_t max_connections_per_user;
	uint64_t max_names_per_connection;
	uint64_t max_match_rules_per_connection;
	uint64_t max_replies_per_connection;
	uint64_t max_pending_service_starts;
	uint64_t auth_timeout;
	uint64_t pending_fd_timeout;
	uint64_t reply_timeout;
	uint64_t service_start_timeout;
};

/* the values that hold where no file says otherwise */
void limits_init(struct limits *limits);

/**
 * limits_set() - set one by its name
 *
 * A value that is too large is cut to what can be served.  Returns 0, -ENOENT
 * if there is no such limit, -EINVAL if the text is no number, -ERANGE if it was
 * cut and is none that the reference takes.
 */
int limits_set(struct limits *limits, const char *name, const char *text);

#endif /* PROXY_LIMITS_H */
