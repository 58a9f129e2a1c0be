/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom is it for: an id, a name, everyone who listens. */
#ifndef KDBUS_ROUTE_H
#define KDBUS_ROUTE_H

#include <linux/types.h>

struct kdbus_bus;
struct kdbus_conn;
struct kdbus_draft;
struct kdbus_match_query;
struct kdbus_msg;
struct kdbus_name_entry;

/**
 * struct kdbus_route - one destination
 * @dst:	connection, with a reference
 * @name:	name it was found by, with a reference, or NULL
 * @seq:	tells whether the name has moved since
 */
struct kdbus_route {
	struct kdbus_conn *dst;
	struct kdbus_name_entry *name;
	unsigned int seq;
};

int kdbus_route_find(struct kdbus_route *route, struct kdbus_bus *bus,
		     const struct kdbus_msg *msg, const char *name);
void kdbus_route_deinit(struct kdbus_route *route);

/**
 * struct kdbus_receivers - several destinations
 * @conns:	connections, each once, with a reference
 * @n:		how many
 * @room:	how many there is room for
 * @wanted:	metadata that any of them wants
 * @repeats:	there may be connections that were found again
 * @few:	@conns of most broadcasts
 */
struct kdbus_receivers {
	struct kdbus_conn **conns;
	unsigned int n;
	unsigned int room;
	u64 wanted;
	bool repeats;
	struct kdbus_conn *few[8];
};

void kdbus_receivers_find(struct kdbus_receivers *receivers,
			  struct kdbus_bus *bus,
			  const struct kdbus_match_query *query);
void kdbus_receivers_find_monitors(struct kdbus_receivers *receivers,
				   struct kdbus_bus *bus);
void kdbus_receivers_deinit(struct kdbus_receivers *receivers);

/* a signal of a user, as matches see it */
void kdbus_route_signal(struct kdbus_receivers *receivers,
			struct kdbus_draft *draft);
bool kdbus_route_listens(struct kdbus_conn *dst, struct kdbus_draft *draft);

#endif /* KDBUS_ROUTE_H */
