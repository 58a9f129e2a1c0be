/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connections of a bus with their names, gathered for the verbs that show
 * them.
 */
#ifndef CTL_PEERS_H
#define CTL_PEERS_H

#include "lib/conn.h"

/**
 * struct peer_name - a name somebody has something to do with
 * @flags:	KDBUS_NAME_*
 * @name:	owned
 */
struct peer_name {
	uint64_t flags;
	char *name;
};

/**
 * struct peer - one connection
 * @names:	all its names, in the order it got them
 * @info:	what the kernel tells about it; id 0 if it was gone already
 */
struct peer {
	uint64_t id;
	uint64_t flags;
	struct peer_name *names;
	size_t n_names;
	struct kb_info info;
};

struct peers {
	struct peer *list;
	size_t n;
};

#define PEER_ATTACH (_KDBUS_ATTACH_ALL & ~KDBUS_ATTACH_TIMESTAMP)

/**
 * peers_get() - everybody on the bus, sorted by id
 * @flags:	KDBUS_LIST_*
 * @attach:	KDBUS_ATTACH_* to ask for each of them, 0 for nothing
 *
 * Return: 0 or a negative errno.
 */
int peers_get(struct kb_conn *conn, uint64_t flags, uint64_t attach,
	      struct peers *out);
void peers_deinit(struct peers *peers);

/**
 * struct claim - what a connection has to do with a name
 * @name:	borrowed from the peers
 * @flags:	KDBUS_NAME_*
 * @id:		the connection
 */
struct claim {
	const char *name;
	uint64_t flags;
	uint64_t id;
};

/* Owned: neither waiting for it nor starting somebody else for it. */
static inline bool claim_is_owner(uint64_t flags)
{
	return !(flags & (KDBUS_NAME_ACTIVATOR | KDBUS_NAME_IN_QUEUE));
}

/* All claims, sorted by name, then id; to be freed. NULL if out of memory. */
struct claim *peers_claims(const struct peers *peers, size_t *out_n);

/* Which kind of connection: "ordinary", "activator", … */
const char *peer_kind(uint64_t flags);

/* The user's name for @uid, or the number; valid until the next call. */
const char *peer_user(uint64_t uid);

/**
 * peer_comm() - what the process of a peer is called
 *
 * Of clients of a proxy the kernel does not tell; then it is whoever has the
 * number now.
 *
 * Return: @out, or NULL if nobody knows.
 */
const char *peer_comm(const struct kb_meta *meta, char out[32]);

/**
 * peer_unit() - the systemd unit of a control group
 * @cgroup:	path
 * @user:	the unit of a user's own manager, instead of the system's
 * @out:	receives the unit's name
 *
 * Return: false if there is none in the path.
 */
bool peer_unit(const char *cgroup, bool user, char out[256]);

/* "c2" of "…/session-c2.scope". */
bool peer_session(const char *cgroup, char out[256]);

#endif /* CTL_PEERS_H */
