// SPDX-License-Identifier: GPL-2.0-only
/* Names: who owns which, who queues, who activates. */

#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/slab.h>

#include "object/conn.h"
#include "object/name.h"
#include "util/item.h"

/* bits of a request that a share remembers */
#define SAVED_FLAGS (KDBUS_NAME_ALLOW_REPLACEMENT | KDBUS_NAME_QUEUE)

static u32 name_hash(const void *key, u32 len, u32 seed)
{
	return jhash(key, strlen(key), seed);
}

static u32 entry_hash(const void *data, u32 len, u32 seed)
{
	return name_hash(((const struct kdbus_name_entry *)data)->name, 0,
			 seed);
}

static int entry_compare(struct rhashtable_compare_arg *arg, const void *data)
{
	return strcmp(arg->key, ((const struct kdbus_name_entry *)data)->name);
}

static const struct rhashtable_params name_params = {
	.head_offset = offsetof(struct kdbus_name_entry, node),
	.hashfn = name_hash,
	.obj_hashfn = entry_hash,
	.obj_cmpfn = entry_compare,
	.automatic_shrinking = true,
};

/**
 * kdbus_names_init() - a new bus has no names
 * @bus:	bus
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_names_init(struct kdbus_bus *bus)
{
	return rhashtable_init(&bus->names.table, &name_params);
}

/* entries */

struct kdbus_name_entry *kdbus_name_ref(struct kdbus_name_entry *entry)
{
	if (entry)
		kref_get(&entry->ref);
	return entry;
}

static void entry_free(struct kref *ref)
{
	struct kdbus_name_entry *entry =
		container_of(ref, struct kdbus_name_entry, ref);

	WARN_ON_ONCE(entry->activator || !list_empty(&entry->owners));
	kfree_rcu(entry, rcu);
}

struct kdbus_name_entry *kdbus_name_unref(struct kdbus_name_entry *entry)
{
	if (entry)
		kref_put(&entry->ref, entry_free);
	return NULL;
}

static struct kdbus_name_entry *entry_new(struct kdbus_bus *bus,
					  const char *name)
{
	struct kdbus_name_entry *entry;
	size_t n = strlen(name) + 1;
	int r;

	entry = kzalloc(struct_size(entry, name, n), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return ERR_PTR(-ENOMEM);
	kref_init(&entry->ref);
	INIT_LIST_HEAD(&entry->owners);
	memcpy(entry->name, name, n);
	r = rhashtable_insert_fast(&bus->names.table, &entry->node,
				   name_params);
	if (r) {
		kfree(entry);
		return ERR_PTR(r);
	}
	return entry;
}

static struct kdbus_name_entry *entry_find(struct kdbus_bus *bus,
					   const char *name)
{
	lockdep_assert_held(&bus->names.lock);
	return rhashtable_lookup_fast(&bus->names.table, name, name_params);
}

/* the one who owns the name, if anybody does */
static struct kdbus_name_owner *primary_of(struct kdbus_name_entry *entry)
{
	return list_first_entry_or_null(&entry->owners,
					struct kdbus_name_owner, in_entry);
}

/* who holds the name: its primary owner, else its activator */
static struct kdbus_name_owner *holder_of(struct kdbus_name_entry *entry)
{
	return primary_of(entry) ?: entry->activator;
}

/*
 * Pass the name on from @old.  Nobody who read the old holder can queue to it
 * after this; see struct kdbus_name_entry.
 */
/* tests/model/route.pml */
static void entry_set_holder(struct kdbus_name_entry *entry,
			     struct kdbus_conn *old, struct kdbus_conn *new)
{
	WRITE_ONCE(entry->seq, entry->seq + 1);
	smp_wmb(); /* pairs with smp_rmb() in kdbus_name_get_holder() */
	rcu_assign_pointer(entry->holder, new);
	if (!old)
		return;
	spin_lock(&old->inbox.lock);
	spin_unlock(&old->inbox.lock);
}

/**
 * kdbus_name_settle() - messages have moved, senders may go on
 * @entry:	name in transit
 */
void kdbus_name_settle(struct kdbus_name_entry *entry)
{
	/* pairs with smp_load_acquire() in kdbus_name_get_holder() */
	smp_store_release(&entry->seq, entry->seq + 1);
}

/* shares */

static struct kdbus_name_owner *owner_new(struct kdbus_conn *conn, u64 flags)
{
	struct kdbus_name_owner *owner;

	owner = kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	if (!owner)
		return ERR_PTR(-ENOMEM);
	owner->conn = conn;
	owner->flags = flags;
	INIT_LIST_HEAD(&owner->in_entry);
	return owner;
}

static void owner_set_flags(struct kdbus_name_owner *owner, u64 clear, u64 set)
{
	spin_lock(&owner->conn->names.lock);
	owner->flags = (owner->flags & ~clear) | set;
	spin_unlock(&owner->conn->names.lock);
}

/* pairs with READ_ONCE() where somebody without names is let off the lock */
static void names_count(struct kdbus_conn *conn, int change)
{
	lockdep_assert_held(&conn->names.lock);
	WRITE_ONCE(conn->names.n, conn->names.n + change);
}

static void owner_link(struct kdbus_name_owner *owner,
		       struct kdbus_name_entry *entry)
{
	struct kdbus_conn *conn = owner->conn;

	owner->entry = kdbus_name_ref(entry);
	spin_lock(&conn->names.lock);
	list_add_tail(&owner->in_conn, &conn->names.list);
	names_count(conn, 1);
	spin_unlock(&conn->names.lock);
}

static void owner_free(struct kdbus_name_owner *owner)
{
	struct kdbus_conn *conn = owner->conn;

	spin_lock(&conn->names.lock);
	list_del(&owner->in_conn);
	names_count(conn, -1);
	spin_unlock(&conn->names.lock);
	list_del(&owner->in_entry);
	if (owner->entry->activator == owner)
		owner->entry->activator = NULL;
	kdbus_name_unref(owner->entry);
	kfree(owner);
}

static struct kdbus_name_owner *owner_find(struct kdbus_conn *conn,
					   struct kdbus_name_entry *entry)
{
	struct kdbus_name_owner *owner;

	list_for_each_entry(owner, &conn->names.list, in_conn)
		if (owner->entry == entry)
			return owner;
	return NULL;
}

/* changes */

/* Note the holder before a change; change_end() notes the one after it. */
static void change_begin(struct kdbus_name_change *change,
			 struct kdbus_name_entry *entry)
{
	struct kdbus_name_owner *holder = holder_of(entry);

	memset(change, 0, sizeof(*change));
	change->entry = kdbus_name_ref(entry);
	if (holder) {
		change->old = kdbus_conn_ref(holder->conn);
		change->old_flags = holder->flags;
	}
}

/**
 * kdbus_name_change_deinit() - let go of what a change refers to
 * @change:	change, also one that did not happen
 */
void kdbus_name_change_deinit(struct kdbus_name_change *change)
{
	change->old = kdbus_conn_unref(change->old);
	change->new = kdbus_conn_unref(change->new);
	change->entry = kdbus_name_unref(change->entry);
}

/*
 * Make the rightful holder the holder.  The name stays in transit if messages
 * have to move with it, which they do between activator and owner.
 */
static void change_end(struct kdbus_name_change *change, struct kdbus_bus *bus)
{
	struct kdbus_name_entry *entry = change->entry;
	struct kdbus_name_owner *holder = holder_of(entry);

	if (holder && holder->conn == change->old) {
		kdbus_name_change_deinit(change);
		return;
	}
	if (holder) {
		owner_set_flags(holder, KDBUS_NAME_IN_QUEUE,
				KDBUS_NAME_PRIMARY);
		change->new = kdbus_conn_ref(holder->conn);
		change->new_flags = holder->flags;
	}
	if (holder && entry->activator && holder != entry->activator)
		owner_set_flags(entry->activator, KDBUS_NAME_PRIMARY,
				KDBUS_NAME_IN_QUEUE);
	entry_set_holder(entry, change->old, change->new);

	change->move = change->old && change->new &&
		       (change->old_flags ^ change->new_flags) &
			       KDBUS_NAME_ACTIVATOR;
	if (!change->move)
		kdbus_name_settle(entry);
	if (!holder) {
		rhashtable_remove_fast(&bus->names.table, &entry->node,
				       name_params);
		kdbus_name_unref(entry);
	}
}

/* registry */

/* the entry of a name, made if there is none */
static struct kdbus_name_entry *entry_find_or_new(struct kdbus_bus *bus,
						  const char *name)
{
	return entry_find(bus, name) ?: entry_new(bus, name);
}

/* Let go of an entry that was made in vain. */
static void entry_discard(struct kdbus_bus *bus,
			  struct kdbus_name_entry *entry)
{
	if (holder_of(entry))
		return;
	rhashtable_remove_fast(&bus->names.table, &entry->node, name_params);
	kdbus_name_unref(entry);
}

/* Claim a name in which the connection has no share yet. */
static int claim_new(struct kdbus_conn *conn, struct kdbus_name_entry *entry,
		     u64 flags, struct list_head *place)
{
	struct kdbus_name_owner *owner;

	owner = owner_new(conn, flags);
	if (IS_ERR(owner))
		return PTR_ERR(owner);
	list_add(&owner->in_entry, place);
	owner_link(owner, entry);
	return 0;
}

/* Put the caller in front of the primary owner. */
static int claim_replace(struct kdbus_conn *conn,
			 struct kdbus_name_entry *entry,
			 struct kdbus_name_owner *mine, u64 saved)
{
	struct kdbus_name_owner *old = primary_of(entry);
	int r;

	if (mine) {
		owner_set_flags(mine, SAVED_FLAGS, saved);
		list_move(&mine->in_entry, &entry->owners);
	} else {
		r = claim_new(conn, entry, saved, &entry->owners);
		if (r)
			return r;
	}
	if (!old)
		return 0;
	if (old->flags & KDBUS_NAME_QUEUE)
		owner_set_flags(old, KDBUS_NAME_PRIMARY, KDBUS_NAME_IN_QUEUE);
	else
		owner_free(old);
	return 0;
}

/* Stand at the end of the queue, or stay where one stands already. */
static int claim_queue(struct kdbus_conn *conn, struct kdbus_name_entry *entry,
		       struct kdbus_name_owner *mine, u64 saved)
{
	if (!mine)
		return claim_new(conn, entry, saved | KDBUS_NAME_IN_QUEUE,
				 entry->owners.prev);
	owner_set_flags(mine, SAVED_FLAGS, saved);
	return 0;
}

static int claim(struct kdbus_conn *conn, struct kdbus_name_entry *entry,
		 u64 flags, u64 *return_flags)
{
	struct kdbus_name_owner *primary = primary_of(entry), *mine;
	u64 saved = flags & SAVED_FLAGS;
	u64 acquired;
	int r;

	mine = owner_find(conn, entry);
	if (!mine && conn->names.n >= KDBUS_NAMES_MAX)
		return -E2BIG;
	*return_flags = saved;

	if (!primary || (primary != mine && flags & KDBUS_NAME_REPLACE_EXISTING &&
			 primary->flags & KDBUS_NAME_ALLOW_REPLACEMENT)) {
		r = claim_replace(conn, entry, mine, saved);
		if (!r)
			*return_flags |= KDBUS_NAME_PRIMARY |
					 KDBUS_NAME_ACQUIRED;
		return r;
	}
	if (primary == mine) {
		owner_set_flags(mine, SAVED_FLAGS, saved);
		*return_flags |= KDBUS_NAME_PRIMARY;
		return 0;
	}
	if (flags & KDBUS_NAME_QUEUE) {
		acquired = mine ? 0 : KDBUS_NAME_ACQUIRED;
		r = claim_queue(conn, entry, mine, saved);
		if (!r)
			*return_flags |= KDBUS_NAME_IN_QUEUE | acquired;
		return r;
	}
	if (!mine)
		return -EEXIST;
	owner_free(mine);
	return 0;
}

/**
 * kdbus_name_acquire() - claim a name
 * @conn:	ordinary connection
 * @name:	valid name
 * @flags:	KDBUS_NAME_REPLACE_EXISTING, _ALLOW_REPLACEMENT, _QUEUE
 * @return_flags: what the caller is told; set on -EEXIST, too
 * @out:	what happened to the name; to be deinitialised on success
 *
 * Return: 0, -EEXIST, -E2BIG, -ENOMEM.
 */
int kdbus_name_acquire(struct kdbus_conn *conn, const char *name, u64 flags,
		       u64 *return_flags, struct kdbus_name_change *out)
{
	struct kdbus_bus *bus = conn->bus;
	struct kdbus_name_entry *entry;
	int r;

	entry = entry_find_or_new(bus, name);
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	change_begin(out, entry);
	r = claim(conn, entry, flags, return_flags);
	if (r) {
		kdbus_name_change_deinit(out);
		entry_discard(bus, entry);
		return r;
	}
	change_end(out, bus);
	return 0;
}

/**
 * kdbus_name_activate() - become the activator of a name
 * @conn:	activator
 * @name:	valid name
 * @out:	what happened to the name; to be deinitialised on success
 *
 * Return: 0, -EEXIST if there is an activator already, -ENOMEM.
 */
int kdbus_name_activate(struct kdbus_conn *conn, const char *name,
			struct kdbus_name_change *out)
{
	struct kdbus_bus *bus = conn->bus;
	struct kdbus_name_entry *entry;
	struct kdbus_name_owner *owner;

	entry = entry_find_or_new(bus, name);
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	if (entry->activator)
		return -EEXIST;
	owner = owner_new(conn, KDBUS_NAME_ACTIVATOR | KDBUS_NAME_IN_QUEUE);
	if (IS_ERR(owner)) {
		entry_discard(bus, entry);
		return PTR_ERR(owner);
	}

	change_begin(out, entry);
	entry->activator = owner;
	owner_link(owner, entry);
	change_end(out, bus);
	return 0;
}

/**
 * kdbus_name_release() - give up a name, or a place in its queue
 * @conn:	connection
 * @name:	any string
 * @out:	what happened to the name; to be deinitialised on success
 *
 * Return: 0, -ESRCH if there is no such name, -EADDRINUSE if the connection has
 * no share in it.
 */
int kdbus_name_release(struct kdbus_conn *conn, const char *name,
		       struct kdbus_name_change *out)
{
	struct kdbus_name_entry *entry;
	struct kdbus_name_owner *owner;

	entry = entry_find(conn->bus, name);
	if (!entry)
		return -ESRCH;
	owner = owner_find(conn, entry);
	if (!owner)
		return -EADDRINUSE;
	change_begin(out, entry);
	owner_free(owner);
	change_end(out, conn->bus);
	return 0;
}

/**
 * kdbus_name_release_first() - give up the name acquired first
 * @conn:	connection that goes
 * @out:	what happened to the name; to be deinitialised on success
 *
 * Return: false if there is no name left.
 */
bool kdbus_name_release_first(struct kdbus_conn *conn,
			      struct kdbus_name_change *out)
{
	struct kdbus_name_owner *owner;

	owner = list_first_entry_or_null(&conn->names.list,
					 struct kdbus_name_owner, in_conn);
	if (!owner)
		return false;
	change_begin(out, owner->entry);
	owner_free(owner);
	change_end(out, conn->bus);
	return true;
}

/* lookup */

/**
 * kdbus_name_get() - look up a name
 * @bus:	bus
 * @name:	any string
 *
 * Return: a reference, or NULL if nobody holds it.
 */
struct kdbus_name_entry *kdbus_name_get(struct kdbus_bus *bus,
					const char *name)
{
	struct kdbus_name_entry *entry;

	guard(rcu)();
	entry = rhashtable_lookup(&bus->names.table, name, name_params);
	return entry && kref_get_unless_zero(&entry->ref) ? entry : NULL;
}

/**
 * kdbus_name_get_holder() - who holds a name?
 * @bus:	bus
 * @entry:	name
 * @out_seq:	for kdbus_name_has_moved()
 *
 * Waits for messages to arrive that are moving with the name.
 *
 * Return: a reference, or NULL if nobody holds it any more.
 */
struct kdbus_conn *kdbus_name_get_holder(struct kdbus_bus *bus,
					 struct kdbus_name_entry *entry,
					 unsigned int *out_seq)
{
	struct kdbus_conn *conn;
	unsigned int seq;

	/* pairs with smp_store_release() in kdbus_name_settle() */
	seq = smp_load_acquire(&entry->seq);
	if (seq & 1) {
		/* nothing is in transit then, however often it is later */
		mutex_lock(&bus->names.lock);
		seq = entry->seq;
		mutex_unlock(&bus->names.lock);
	}
	smp_rmb(); /* pairs with smp_wmb() in entry_set_holder() */
	*out_seq = seq;

	guard(rcu)();
	conn = rcu_dereference(entry->holder);
	return conn && kref_get_unless_zero(&conn->ref) ? conn : NULL;
}

/**
 * kdbus_name_has_moved() - has the holder changed?
 * @entry:	name
 * @seq:	from kdbus_name_get_holder()
 *
 * The holder's inbox lock is held.
 */
bool kdbus_name_has_moved(const struct kdbus_name_entry *entry,
			  unsigned int seq)
{
	return READ_ONCE(entry->seq) != seq;
}

/* OWNED_NAME items */

static size_t item_size(const struct kdbus_name_owner *owner)
{
	return KDBUS_ITEM_SIZE(sizeof(struct kdbus_name) +
			       strlen(owner->entry->name) + 1);
}

/**
 * kdbus_names_items_size() - bytes of the OWNED_NAME items of a connection
 * @conn:	connection
 */
size_t kdbus_names_items_size(struct kdbus_conn *conn)
{
	struct kdbus_name_owner *owner;
	size_t size = 0;

	if (!READ_ONCE(conn->names.n))
		return 0;
	guard(spinlock)(&conn->names.lock);
	list_for_each_entry(owner, &conn->names.list, in_conn)
		if (kdbus_name_owner_holds(owner))
			size += item_size(owner);
	return size;
}

/**
 * kdbus_name_write_item() - write one OWNED_NAME item
 * @at:		room for it, 8-aligned
 * @name:	name
 * @flags:	KDBUS_NAME_*
 *
 * Return: where the next item goes.
 */
void *kdbus_name_write_item(void *at, const char *name, u64 flags)
{
	size_t n = strlen(name) + 1;
	struct kdbus_item *item;

	item = kdbus_item_begin(at, KDBUS_ITEM_OWNED_NAME,
				sizeof(struct kdbus_name) + n);
	item->name.flags = flags;
	memcpy((u8 *)at + offsetof(struct kdbus_item, name.name), name, n);
	return kdbus_item_next(item);
}

/**
 * kdbus_names_items_write() - write the OWNED_NAME items of a connection
 * @conn:	connection
 * @buf:	room for them, 8-aligned
 * @size:	bytes of room; a name acquired since kdbus_names_items_size() may
 *		not fit and is left out
 *
 * Return: bytes written.
 */
size_t kdbus_names_items_write(struct kdbus_conn *conn, void *buf, size_t size)
{
	struct kdbus_name_owner *owner;
	u8 *at = buf;

	guard(spinlock)(&conn->names.lock);
	list_for_each_entry(owner, &conn->names.list, in_conn) {
		if (!kdbus_name_owner_holds(owner))
			continue;
		if (item_size(owner) > size - (at - (u8 *)buf))
			break;
		at = kdbus_name_write_item(at, owner->entry->name,
					   owner->flags);
	}
	return at - (u8 *)buf;
}
