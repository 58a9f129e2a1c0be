/* SPDX-License-Identifier: GPL-2.0-only */
/* Names: who owns which, who queues, who activates. */
#ifndef KDBUS_NAME_H
#define KDBUS_NAME_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/rhashtable.h>
#include <linux/types.h>

struct kdbus_bus;
struct kdbus_conn;

#define KDBUS_NAMES_MAX		256	/* owned and queued for, per connection */

/**
 * struct kdbus_name_owner - a connection's share in a name
 * @entry:	the name
 * @conn:	the connection, whose teardown ends this
 * @flags:	KDBUS_NAME_*: ALLOW_REPLACEMENT and QUEUE as requested, and
 *		PRIMARY or IN_QUEUE, and ACTIVATOR
 * @in_entry:	in kdbus_name_entry.owners
 * @in_conn:	in kdbus_conn.names.list
 */
struct kdbus_name_owner {
	struct kdbus_name_entry *entry;
	struct kdbus_conn *conn;
	u64 flags;
	struct list_head in_entry;
	struct list_head in_conn;
};

/**
 * struct kdbus_name_entry - a well-known name that somebody holds
 * @ref:	references; messages addressed to the name hold one
 * @rcu:	frees it when the last lookup is over
 * @node:	in kdbus_bus.names.table
 * @seq:	counts changes of @holder; odd while messages move with the name
 * @holder:	the primary owner, else the activator; read under RCU
 * @owners:	struct kdbus_name_owner, the primary first, then the queue; the
 *		registry guards it, and @activator
 * @activator:	who holds the name while nobody owns it, or NULL
 * @name:	the name
 *
 * An entry comes with its first holder and goes with its last.  The name may
 * come back, as another entry.
 *
 * Whoever sends to a name reads @seq, then @holder, prepares the message for
 * it, and reads @seq again under the holder's inbox lock before it queues.
 * Whoever changes the holder changes @seq and then passes through that lock
 * once: so a message is either queued before, and moves if it has to, or the
 * sender notices and starts over.
 */
struct kdbus_name_entry {
	struct kref ref;
	struct rcu_head rcu;
	struct rhash_head node;
	unsigned int seq;
	struct kdbus_conn __rcu *holder;
	struct list_head owners;
	struct kdbus_name_owner *activator;
	char name[];
};

/**
 * struct kdbus_name_change - what an operation did to a name
 * @entry:	the name, with a reference; NULL if its holder is the same
 * @old:	former holder with a reference, NULL if there was none
 * @old_flags:	its KDBUS_NAME_* as they were
 * @new:	new holder with a reference, NULL if there is none
 * @new_flags:	its KDBUS_NAME_* as they are
 * @move:	messages have to move from @old to @new: the name is in transit
 *		until kdbus_name_settle()
 */
struct kdbus_name_change {
	struct kdbus_name_entry *entry;
	struct kdbus_conn *old;
	u64 old_flags;
	struct kdbus_conn *new;
	u64 new_flags;
	bool move;
};

int kdbus_names_init(struct kdbus_bus *bus);

/* registry; the caller holds kdbus_bus.names.lock */
int kdbus_name_acquire(struct kdbus_conn *conn, const char *name, u64 flags,
		       u64 *return_flags, struct kdbus_name_change *out);
int kdbus_name_activate(struct kdbus_conn *conn, const char *name,
			struct kdbus_name_change *out);
int kdbus_name_release(struct kdbus_conn *conn, const char *name,
		       struct kdbus_name_change *out);
bool kdbus_name_release_first(struct kdbus_conn *conn,
			      struct kdbus_name_change *out);
void kdbus_name_settle(struct kdbus_name_entry *entry);
void kdbus_name_change_deinit(struct kdbus_name_change *change);

/* lookup, without a lock */
struct kdbus_name_entry *kdbus_name_get(struct kdbus_bus *bus,
					const char *name);
struct kdbus_conn *kdbus_name_get_holder(struct kdbus_bus *bus,
					 struct kdbus_name_entry *entry,
					 unsigned int *out_seq);
bool kdbus_name_has_moved(const struct kdbus_name_entry *entry,
			  unsigned int seq);
struct kdbus_name_entry *kdbus_name_ref(struct kdbus_name_entry *entry);
struct kdbus_name_entry *kdbus_name_unref(struct kdbus_name_entry *entry);

/* OWNED_NAME items; those of a connection leave out what it only queues for */
void *kdbus_name_write_item(void *at, const char *name, u64 flags);
size_t kdbus_names_items_size(struct kdbus_conn *conn);
size_t kdbus_names_items_write(struct kdbus_conn *conn, void *buf,
			       size_t size);

/**
 * kdbus_name_owner_holds() - does a share make its connection a holder?
 * @owner:	share; kdbus_conn.names.lock or the registry is held
 */
static inline bool kdbus_name_owner_holds(const struct kdbus_name_owner *owner)
{
	return !(owner->flags & KDBUS_NAME_IN_QUEUE);
}

#endif /* KDBUS_NAME_H */
