// SPDX-License-Identifier: GPL-2.0-only
/* One draft into one receiver: quota, slice, copy, queue, wake. */

#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "flow/deliver.h"
#include "flow/draft.h"
#include "flow/route.h"
#include "object/conn.h"
#include "object/name.h"
#include "object/parcel.h"
#include "object/pool.h"
#include "object/reply.h"
#include "util/item.h"

/*
 * A message is written into the receiver's pool before anybody can see it, and
 * without a lock: the sender's memory may take as long as it likes.  Quota and
 * slice are reserved before, and given back if the copy fails.
 */

static_assert(sizeof(struct kdbus_entry) <= KDBUS_SLICE_ROOM);

static struct kdbus_entry *entry_alloc(struct kdbus_pool *pool, u64 size)
{
	struct kdbus_slice *slice = kdbus_pool_alloc(pool, size);
	struct kdbus_entry *entry;

	if (IS_ERR(slice))
		return ERR_CAST(slice);
	entry = kdbus_slice_room(pool, slice);
	if (!entry) {
		kdbus_pool_drop(pool, slice);
		return ERR_PTR(-ENOMEM);
	}
	*entry = (struct kdbus_entry){
		.arrival = LIST_HEAD_INIT(entry->arrival),
		.slice = slice,
	};
	return entry;
}

/* Reserve room for a message: first the sender's quota, then the slice. */
static struct kdbus_entry *entry_reserve(struct kdbus_conn *dst,
					 struct kdbus_user *user, u64 size,
					 struct kdbus_parcel *parcel)
{
	unsigned int n_fds = parcel ? parcel->n_fds : 0;
	struct kdbus_quota_user *account;
	struct kdbus_entry *entry;
	int r;

	if (n_fds && !kdbus_conn_accepts_fds(dst) && dst->kind != KDBUS_MONITOR)
		return ERR_PTR(READ_ONCE(dst->inbox.closed) ? -ECONNRESET :
							      -ECOMM);
	r = kdbus_conn_charge(dst, user, size, n_fds, &account);
	if (r)
		return ERR_PTR(r);
	entry = entry_alloc(dst->pool, size);
	if (IS_ERR(entry)) {
		kdbus_conn_uncharge(dst, account, size, n_fds);
		return entry;
	}
	entry->parcel = kdbus_parcel_ref(parcel);
	entry->account = account;
	entry->n_fds = n_fds;
	return entry;
}

/**
 * kdbus_entry_new() - write a message into a receiver's pool
 * @draft:	message
 * @dst:	receiver
 *
 * Return: the entry; ERR_PTR() of -ENOMEM, -ECONNRESET, -ECOMM, -ENOBUFS,
 * -EMFILE, -EXFULL, -EFAULT, looked for in this order.
 */
struct kdbus_entry *kdbus_entry_new(struct kdbus_draft *draft,
				    struct kdbus_conn *dst)
{
	struct kdbus_entry *entry;
	u64 size;
	int r;

	r = kdbus_draft_address(draft, dst, &size);
	if (r)
		return ERR_PTR(r);
	entry = entry_reserve(dst, draft->user, size, draft->parcel);
	if (IS_ERR(entry))
		return entry;
	entry->priority = draft->msg->priority;
	r = kdbus_draft_write(draft, dst, entry->slice);
	if (r) {
		kdbus_entry_free(dst, entry);
		return ERR_PTR(r);
	}
	return entry;
}

/**
 * kdbus_entry_uncharge() - a message waits no longer
 * @dst:	receiver; its inbox lock is held
 * @entry:	message
 *
 * Return: for kdbus_quota_user_free(), without the lock.
 */
struct kdbus_quota_user *kdbus_entry_uncharge(struct kdbus_conn *dst,
					      struct kdbus_entry *entry)
{
	struct kdbus_quota_user *account = entry->account;

	lockdep_assert_held(&dst->inbox.lock);
	entry->account = NULL;
	return account ? kdbus_quota_uncharge(&dst->inbox.quota, account,
					      entry->slice->size,
					      entry->n_fds) : NULL;
}

static void entry_settle(struct kdbus_conn *dst, struct kdbus_entry *entry)
{
	struct kdbus_quota_user *old;

	if (!entry->account)
		return;
	spin_lock(&dst->inbox.lock);
	old = kdbus_entry_uncharge(dst, entry);
	spin_unlock(&dst->inbox.lock);
	kdbus_quota_user_free(old);
}

/* Let go of all that a message has but its slice, where the entry lies. */
static void entry_deinit(struct kdbus_conn *dst, struct kdbus_entry *entry)
{
	entry_settle(dst, entry);
	kdbus_parcel_unref(entry->parcel);
	kdbus_reply_unref(entry->reply);
	kdbus_name_unref(entry->name);
}

/**
 * kdbus_entry_free() - let go of a message that is in no queue
 * @dst:	receiver
 * @entry:	message, or NULL
 *
 * What the user holds of it stays.
 */
void kdbus_entry_free(struct kdbus_conn *dst, struct kdbus_entry *entry)
{
	if (!entry)
		return;
	entry_deinit(dst, entry);
	kdbus_pool_drop(dst->pool, entry->slice);
}

/**
 * kdbus_entry_hand_over() - give a message to the caller, and free the entry
 * @dst:	receiver
 * @entry:	message that is in no queue
 * @out:	where it lies in the pool, until the caller frees that
 */
void kdbus_entry_hand_over(struct kdbus_conn *dst, struct kdbus_entry *entry,
			   struct kdbus_msg_info *out)
{
	bool complete;

	complete = kdbus_parcel_install(entry->parcel,
					kdbus_conn_accepts_fds(dst), dst->pool,
					entry->slice);
	out->return_flags = complete ? 0 : KDBUS_RECV_RETURN_INCOMPLETE_FDS;
	out->offset = entry->slice->offset;
	out->msg_size = entry->slice->size;
	entry_deinit(dst, entry);
	/* from now on another thread may give it back */
	kdbus_pool_hand_over(dst->pool, entry->slice);
}

/*
 * Make a message visible, unless one of the parties went meanwhile.  The sender
 * is looked at under the lock, so that its messages are not behind the news of
 * its end.
 */
static int entry_queue(struct kdbus_entry *entry, struct kdbus_conn *dst,
		       struct kdbus_conn *src, unsigned int seq)
{
	guard(spinlock)(&dst->inbox.lock);
	if (dst->inbox.closed || (src && !kdbus_active_is_on(&src->active)))
		return -ECONNRESET;
	if (entry->name && kdbus_name_has_moved(entry->name, seq))
		return -EAGAIN;
	if (entry->reply)
		kdbus_reply_owe(entry->reply);
	kdbus_queue_link(&dst->inbox.queue, entry);
	return 0;
}

/**
 * kdbus_deliver() - queue a message at a receiver
 * @draft:	message
 * @dst:	receiver
 *
 * Return: 0, or as kdbus_entry_new().
 */
int kdbus_deliver(struct kdbus_draft *draft, struct kdbus_conn *dst)
{
	struct kdbus_route route = { .dst = dst };

	return kdbus_deliver_routed(draft, &route, NULL);
}

/**
 * kdbus_deliver_or_lose() - queue a message whose sender is not told how it ends
 * @draft:	message
 * @dst:	receiver, whose count of lost messages tells
 *
 * What a sender did not send because it left is not lost.
 */
void kdbus_deliver_or_lose(struct kdbus_draft *draft, struct kdbus_conn *dst)
{
	int r = kdbus_deliver(draft, dst);

	if (r && r != -ECONNRESET)
		kdbus_conn_lose(dst);
}

/**
 * kdbus_deliver_routed() - queue a message at its destination
 * @draft:	message
 * @route:	destination
 * @reply:	what the sender is going to wait for, or NULL
 *
 * Return: 0; -EAGAIN if the name has moved since @route was found; or as
 * kdbus_entry_new().
 */
int kdbus_deliver_routed(struct kdbus_draft *draft,
			 const struct kdbus_route *route,
			 struct kdbus_reply *reply)
{
	struct kdbus_entry *entry;
	int r;

	entry = kdbus_entry_new(draft, route->dst);
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	entry->name = kdbus_name_ref(route->name);
	entry->reply = kdbus_reply_ref(reply);
	r = entry_queue(entry, route->dst, draft->src, route->seq);
	if (r) {
		kdbus_entry_free(route->dst, entry);
		return r;
	}
	kdbus_conn_wake(route->dst);
	return 0;
}

/* Header and items of a message that waits. */
static struct kdbus_msg *read_head(struct kdbus_cursor *cursor)
{
	struct kdbus_msg head, *msg;
	int r;

	r = kdbus_cursor_read(cursor, &head, sizeof(head));
	if (r)
		return ERR_PTR(r);
	msg = kvmalloc(KDBUS_ALIGN8(head.size), GFP_KERNEL_ACCOUNT);
	if (!msg)
		return ERR_PTR(-ENOMEM);
	*msg = head;
	r = kdbus_cursor_read(cursor, msg->items,
			      KDBUS_ALIGN8(head.size) - sizeof(head));
	if (r) {
		kvfree(msg);
		return ERR_PTR(r);
	}
	return msg;
}

static bool is_outside(const struct kdbus_item *item, u64 mask)
{
	return item->type >= _KDBUS_ITEM_ATTACH_BASE &&
	       !(mask & BIT_ULL(item->type - _KDBUS_ITEM_ATTACH_BASE));
}

/*
 * Leave out the metadata that is not in @mask; the payload comes nearer by what is
 * returned.  Metadata is behind all other items, which therefore stay in place.
 */
static u64 strip(struct kdbus_msg *msg, u64 mask)
{
	u8 *end = (u8 *)msg + msg->size, *to = (u8 *)msg->items;
	struct kdbus_item *item, *next;
	u64 size = msg->size, gone;

	msg->size = sizeof(*msg);
	for (item = msg->items; (u8 *)item < end; item = next) {
		next = kdbus_item_next(item);
		if (is_outside(item, mask))
			continue;
		msg->size = to + item->size - (u8 *)msg;
		memmove(to, item, (u8 *)next - (u8 *)item);
		to += (u8 *)next - (u8 *)item;
	}
	gone = KDBUS_ALIGN8(size) - KDBUS_ALIGN8(msg->size);
	kdbus_items_for_each(item, msg->items, (u8 *)msg + msg->size)
		if (item->type == KDBUS_ITEM_PAYLOAD_OFF &&
		    item->vec.offset != ~0ULL)
			item->vec.offset -= gone;
	return gone;
}

/* A copy of a message, in the pool of who holds its name now. */
static struct kdbus_entry *entry_copy(struct kdbus_conn *dst,
				      struct kdbus_conn *src,
				      struct kdbus_entry *entry)
{
	struct kdbus_cursor from, to;
	struct kdbus_entry *copy;
	struct kdbus_msg *msg;
	u64 gone;
	int r;

	kdbus_cursor_init(&from, src->pool, entry->slice);
	msg = read_head(&from);
	if (IS_ERR(msg))
		return ERR_CAST(msg);
	gone = strip(msg, READ_ONCE(dst->attach_recv) &
		     kdbus_audience_shares(&dst->audience, &src->audience));
	copy = entry_reserve(dst, entry->account->user,
			     entry->slice->size - gone, entry->parcel);
	if (IS_ERR(copy))
		goto out;
	kdbus_cursor_init(&to, dst->pool, copy->slice);
	r = kdbus_cursor_write(&to, msg, KDBUS_ALIGN8(msg->size));
	if (!r)
		r = kdbus_cursor_copy(&to, &from);
	if (r) {
		kdbus_entry_free(dst, copy);
		copy = ERR_PTR(r);
	}
out:
	kvfree(msg);
	return copy;
}

/**
 * kdbus_deliver_moved() - queue a message that moves with its name
 * @dst:	new holder of the name
 * @src:	former holder
 * @entry:	message in the pool of @src, taken out of its queue
 *
 * Of its metadata that which @dst did not ask for stays behind, and that which is
 * told differently where @dst stands.
 *
 * Return: 0, or -ECONNRESET, -ECOMM, -ENOBUFS, -EMFILE, -EXFULL, -ENOMEM; in
 * any case @entry is still to be freed.
 */
int kdbus_deliver_moved(struct kdbus_conn *dst, struct kdbus_conn *src,
			struct kdbus_entry *entry)
{
	struct kdbus_entry *copy;
	int r = 0;

	copy = entry_copy(dst, src, entry);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	copy->priority = entry->priority;
	copy->name = kdbus_name_ref(entry->name);
	copy->reply = kdbus_reply_ref(entry->reply);
	spin_lock(&dst->inbox.lock);
	if (dst->inbox.closed)
		r = -ECONNRESET;
	else
		kdbus_queue_link(&dst->inbox.queue, copy);
	spin_unlock(&dst->inbox.lock);
	if (r) {
		kdbus_entry_free(dst, copy);
		return r;
	}
	kdbus_conn_wake(dst);
	return 0;
}
