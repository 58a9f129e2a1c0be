/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is at the other end of a socket. */
#ifndef PROXY_PEER_H
#define PROXY_PEER_H

#include <sys/types.h>

#include "proxy/xml-policy.h"

/**
 * struct peer - what the kernel says, as of the moment of connect(2)
 *
 * 0xffffffff and 0 stand for unknown ids and pids.
 *
 * @gids:	primary and supplementary groups, sorted, without duplicates
 * @label:	security label, or NULL
 * @comm:	name of the process, for log lines only
 */
struct peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	gid_t *gids;
	size_t n_gids;
	char *label;
	char comm[16];
};

/* the peer of a connected AF_UNIX socket: 0 or a negative errno */
int peer_init(struct peer *peer, int fd);

/* ourselves, where there is no socket to ask */
int peer_init_self(struct peer *peer);
void peer_deinit(struct peer *peer);

/* sorts and makes unique; for other sources of groups */
size_t peer_sort_gids(gid_t *gids, size_t n_gids);

/* Has this user a session on a local seat? Asks files only. */
bool peer_is_at_console(uid_t uid);

#endif /* PROXY_PEER_H */
