// SPDX-License-Identifier: GPL-2.0-only
/* Whom is it for: an id, a name, everyone who listens. */

#include <linux/err.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "flow/draft.h"
#include "flow/route.h"
#include "object/conn.h"
#include "object/match.h"
#include "object/name.h"

/* one destination */

static int find_by_id(struct kdbus_route *route, struct kdbus_bus *bus, u64 id)
{
	struct kdbus_conn *conn = kdbus_conn_get(bus, id);

	if (!conn)
		return -ENXIO;
	if (conn->kind != KDBUS_ORDINARY) {
		kdbus_conn_unref(conn);
		return -ENXIO;
	}
	route->dst = conn;
	return 0;
}

static int find_by_name(struct kdbus_route *route, struct kdbus_bus *bus,
			const struct kdbus_msg *msg, const char *name)
{
	route->name = kdbus_name_get(bus, name);
	if (!route->name)
		return -ESRCH;
	route->dst = kdbus_name_get_holder(bus, route->name, &route->seq);
	if (!route->dst)
		return -ESRCH;
	if (msg->dst_id != KDBUS_DST_ID_NAME && msg->dst_id != route->dst->id)
		return -EREMCHG;
	if (msg->flags & KDBUS_MSG_NO_AUTO_START &&
	    route->dst->kind == KDBUS_ACTIVATOR)
		return -EADDRNOTAVAIL;
	return 0;
}

/**
 * kdbus_route_find() - find the destination of a message
 * @route:	set on success; kdbus_route_deinit() is due
 * @bus:	bus
 * @msg:	message that is no broadcast
 * @name:	name it is addressed to, or NULL
 *
 * Return: 0; -ENXIO for an unknown id or one that takes no messages, -ESRCH
 * for a name nobody holds, -EREMCHG if the holder is not the one expected,
 * -EADDRNOTAVAIL if the holder would have to be started.
 */
int kdbus_route_find(struct kdbus_route *route, struct kdbus_bus *bus,
		     const struct kdbus_msg *msg, const char *name)
{
	int r;

	memset(route, 0, sizeof(*route));
	r = name ? find_by_name(route, bus, msg, name) :
		   find_by_id(route, bus, msg->dst_id);
	if (r)
		kdbus_route_deinit(route);
	return r;
}

void kdbus_route_deinit(struct kdbus_route *route)
{
	route->dst = kdbus_conn_unref(route->dst);
	route->name = kdbus_name_unref(route->name);
}

/* several destinations */

static int compare_conns(const void *a, const void *b)
{
	const struct kdbus_conn *x = *(struct kdbus_conn *const *)a;
	const struct kdbus_conn *y = *(struct kdbus_conn *const *)b;

	if (x == y)
		return 0;
	return x < y ? -1 : 1;
}

/* Another broadcast at the same time made us find some again: keep them once. */
static void receivers_unique(struct kdbus_receivers *receivers)
{
	struct kdbus_conn **conns = receivers->conns;
	unsigned int i, n = 0;

	if (!receivers->repeats)
		return;
	sort(conns, receivers->n, sizeof(*conns), compare_conns, NULL);
	for (i = 0; i < receivers->n; i++) {
		if (n && conns[n - 1] == conns[i])
			kdbus_conn_unref(conns[i]);
		else
			conns[n++] = conns[i];
	}
	receivers->n = n;
}

/*
 * Room cannot be refused, or somebody would lose a message and not be told.
 * There never is much more of it than there are connections, and nobody is
 * charged as it is gone before we return: so nobody's limit makes us wait here
 * under a lock.
 */
#define GFP_ROOM (GFP_KERNEL | __GFP_NOFAIL)

static void receivers_grow(struct kdbus_receivers *receivers)
{
	unsigned int room = receivers->room * 4;
	struct kdbus_conn **conns;

	conns = kvmalloc_array(room, sizeof(*conns), GFP_ROOM);
	memcpy(conns, receivers->conns, receivers->n * sizeof(*conns));
	if (receivers->conns != receivers->few)
		kvfree(receivers->conns);
	receivers->conns = conns;
	receivers->room = room;
}

static void receivers_add(struct kdbus_receivers *receivers,
			  struct kdbus_conn *conn)
{
	if (receivers->n == receivers->room) {
		/* who wants them to be can make repeats many */
		receivers_unique(receivers);
		if (receivers->n > receivers->room / 2)
			receivers_grow(receivers);
	}
	receivers->conns[receivers->n++] = kdbus_conn_ref(conn);
	receivers->wanted |= READ_ONCE(conn->attach_recv);
}

static int receivers_found(void *data, struct kdbus_matches *matches,
			   bool again)
{
	struct kdbus_receivers *receivers = data;

	receivers->repeats |= again;
	receivers_add(receivers,
		      container_of(matches, struct kdbus_conn, matches));
	return 0;
}

static void receivers_init(struct kdbus_receivers *receivers)
{
	receivers->conns = receivers->few;
	receivers->n = 0;
	receivers->room = ARRAY_SIZE(receivers->few);
	receivers->wanted = 0;
	receivers->repeats = false;
}

/**
 * kdbus_receivers_find() - who listens to a message?
 * @receivers:	set; kdbus_receivers_deinit() is due
 * @bus:	bus
 * @query:	message
 */
void kdbus_receivers_find(struct kdbus_receivers *receivers,
			  struct kdbus_bus *bus,
			  const struct kdbus_match_query *query)
{
	receivers_init(receivers);
	kdbus_match_index_query(&bus->matches, query, receivers_found,
				receivers);
	receivers_unique(receivers);
}

/**
 * kdbus_receivers_find_monitors() - who sees everything?
 * @receivers:	set; kdbus_receivers_deinit() is due
 * @bus:	bus
 */
void kdbus_receivers_find_monitors(struct kdbus_receivers *receivers,
				   struct kdbus_bus *bus)
{
	struct kdbus_conn *conn;

	receivers_init(receivers);
	guard(mutex)(&bus->conns.lock);
	list_for_each_entry(conn, &bus->conns.monitors, in_bus)
		receivers_add(receivers, conn);
}

void kdbus_receivers_deinit(struct kdbus_receivers *receivers)
{
	unsigned int i;

	for (i = 0; i < receivers->n; i++)
		kdbus_conn_unref(receivers->conns[i]);
	if (receivers->conns != receivers->few)
		kvfree(receivers->conns);
}

/* signals of users */

/**
 * struct sender_names - names that rules about the sender may mention
 * @entries:	names it owns, with references
 * @strings:	the same as strings
 * @n:		how many
 */
struct sender_names {
	struct kdbus_name_entry **entries;
	const char **strings;
	unsigned int n;
};

static void names_init(struct sender_names *names, struct kdbus_conn *conn)
{
	unsigned int room = READ_ONCE(conn->names.n);
	struct kdbus_name_owner *owner;

	memset(names, 0, sizeof(*names));
	if (!room)
		return;
	names->entries = kmalloc_array(room, sizeof(*names->entries), GFP_ROOM);
	names->strings = kmalloc_array(room, sizeof(*names->strings), GFP_ROOM);

	guard(spinlock)(&conn->names.lock);
	list_for_each_entry(owner, &conn->names.list, in_conn) {
		if (names->n == room)
			break;
		if (!kdbus_name_owner_holds(owner))
			continue;
		names->entries[names->n] = kdbus_name_ref(owner->entry);
		names->strings[names->n++] = owner->entry->name;
	}
}

static void names_deinit(struct sender_names *names)
{
	unsigned int i;

	for (i = 0; i < names->n; i++)
		kdbus_name_unref(names->entries[i]);
	kfree(names->entries);
	kfree(names->strings);
}

static void query_init(struct kdbus_match_query *query,
		       const struct kdbus_draft *draft,
		       const struct sender_names *names)
{
	*query = (struct kdbus_match_query){
		.src_id = draft->src->id,
		.dst_id = draft->msg->dst_id,
		.names = names->strings,
		.n_names = names->n,
		.filter = draft->filter,
	};
}

/**
 * kdbus_route_signal() - who listens to a broadcast of a user?
 * @receivers:	set; kdbus_receivers_deinit() is due
 * @draft:	broadcast
 */
void kdbus_route_signal(struct kdbus_receivers *receivers,
			struct kdbus_draft *draft)
{
	struct kdbus_match_query query;
	struct sender_names names;

	names_init(&names, draft->src);
	query_init(&query, draft, &names);
	kdbus_receivers_find(receivers, draft->bus, &query);
	names_deinit(&names);
}

/**
 * kdbus_route_listens() - does the destination of a unicast signal listen?
 * @dst:	destination
 * @draft:	signal
 */
bool kdbus_route_listens(struct kdbus_conn *dst, struct kdbus_draft *draft)
{
	struct kdbus_match_query query;
	struct sender_names names;
	bool listens;

	names_init(&names, draft->src);
	query_init(&query, draft, &names);
	listens = kdbus_matches_query(&dst->matches, &query);
	names_deinit(&names);
	return listens;
}
