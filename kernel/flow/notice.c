// SPDX-License-Identifier: GPL-2.0-only
/* Messages that the kernel itself writes. */

#include <linux/slab.h>

#include "flow/deliver.h"
#include "flow/draft.h"
#include "flow/notice.h"
#include "flow/permit.h"
#include "flow/route.h"
#include "flow/watch.h"
#include "object/conn.h"
#include "object/name.h"
#include "object/reply.h"
#include "util/item.h"

/**
 * struct notice - a notification that still has to be delivered
 * @entry:	in kdbus_bus.notices.queue
 * @dst:	who is told, with a reference; NULL for all who listen
 * @msg:	header and item
 */
struct notice {
	struct list_head entry;
	struct kdbus_conn *dst;
	struct kdbus_msg msg;
};

static struct kdbus_item *notice_item(struct notice *notice)
{
	return (struct kdbus_item *)((u8 *)notice + sizeof(*notice));
}

/* a notification with an item of @payload bytes, to be filled in */
static struct notice *notice_new(u64 type, size_t payload)
{
	struct notice *notice;

	notice = kzalloc(sizeof(*notice) + KDBUS_ITEM_SIZE(payload),
			 GFP_KERNEL_ACCOUNT);
	if (!notice)
		return NULL;
	notice->msg.size = sizeof(notice->msg) + KDBUS_ITEM_HEADER + payload;
	notice->msg.payload_type = KDBUS_PAYLOAD_KERNEL;
	notice->msg.flags = KDBUS_MSG_SIGNAL;
	notice->msg.dst_id = KDBUS_DST_ID_BROADCAST;
	kdbus_item_begin(notice_item(notice), type, payload);
	return notice;
}

/* News that nobody waits for need not be written, only counted. */
static bool is_news(struct kdbus_bus *bus)
{
	if (kdbus_match_index_has_keys(&bus->matches) ||
	    READ_ONCE(bus->conns.n_monitors))
		return true;
	atomic64_inc(&bus->seqnum);
	return false;
}

static void notice_free(struct notice *notice)
{
	kdbus_conn_unref(notice->dst);
	kfree(notice);
}

static void notice_queue(struct notice *notice, struct kdbus_bus *bus)
{
	spin_lock(&bus->notices.lock);
	list_add_tail(&notice->entry, &bus->notices.queue);
	spin_unlock(&bus->notices.lock);
}

/**
 * kdbus_notice_conn() - note that a connection came or went
 * @conn:	connection
 * @type:	KDBUS_ITEM_ID_ADD or KDBUS_ITEM_ID_REMOVE
 */
void kdbus_notice_conn(struct kdbus_conn *conn, u64 type)
{
	struct notice *notice;

	if (conn->kind == KDBUS_MONITOR || !is_news(conn->bus))
		return;
	notice = notice_new(type, sizeof(struct kdbus_notify_id_change));
	if (!notice)
		return;
	notice_item(notice)->id_change.id = conn->id;
	notice_item(notice)->id_change.flags = conn->flags;
	notice_queue(notice, conn->bus);
}

static u64 name_change_type(const struct kdbus_name_change *change)
{
	if (!change->old)
		return KDBUS_ITEM_NAME_ADD;
	return change->new ? KDBUS_ITEM_NAME_CHANGE : KDBUS_ITEM_NAME_REMOVE;
}

/**
 * kdbus_notice_name() - note that a name changed hands
 * @bus:	bus, whose registry is locked
 * @change:	change; without an entry, nothing happened
 */
void kdbus_notice_name(struct kdbus_bus *bus,
		       const struct kdbus_name_change *change)
{
	struct kdbus_notify_name_change *payload;
	struct notice *notice;
	size_t n;

	if (!change->entry || !is_news(bus))
		return;
	n = strlen(change->entry->name) + 1;
	notice = notice_new(name_change_type(change), sizeof(*payload) + n);
	if (!notice)
		return;

	payload = &notice_item(notice)->name_change;
	if (change->old) {
		payload->old_id.id = change->old->id;
		payload->old_id.flags = change->old_flags;
	}
	if (change->new) {
		payload->new_id.id = change->new->id;
		payload->new_id.flags = change->new_flags;
	}
	memcpy((u8 *)notice + sizeof(*notice) +
	       offsetof(struct kdbus_item, name_change.name),
	       change->entry->name, n);
	notice_queue(notice, bus);
}

/**
 * kdbus_notice_reply() - note that a requester waits in vain
 * @reply:	asynchronous reply
 * @type:	KDBUS_ITEM_REPLY_TIMEOUT or KDBUS_ITEM_REPLY_DEAD
 */
void kdbus_notice_reply(const struct kdbus_reply *reply, u64 type)
{
	struct notice *notice = notice_new(type, 0);

	if (!notice)
		return;
	notice->dst = kdbus_conn_ref(reply->requester);
	notice->msg.flags = 0;
	notice->msg.dst_id = reply->requester->id;
	notice->msg.cookie_reply = reply->cookie;
	notice_queue(notice, reply->requester->bus);
}

/* names are not shown to everybody on a custom endpoint */
static bool may_know(struct kdbus_conn *conn, const struct kdbus_item *item)
{
	switch (item->type) {
	case KDBUS_ITEM_NAME_ADD:
	case KDBUS_ITEM_NAME_REMOVE:
	case KDBUS_ITEM_NAME_CHANGE:
		return kdbus_may_see_name(conn, conn->cred,
					  item->name_change.name);
	default:
		return true;
	}
}

static void deliver_to_listeners(struct kdbus_draft *draft,
				 const struct kdbus_item *item)
{
	struct kdbus_match_query query = { .notice = item };
	struct kdbus_receivers receivers __uninitialized;
	struct kdbus_conn *conn;
	unsigned int i;

	kdbus_receivers_find(&receivers, draft->bus, &query);
	for (i = 0; i < receivers.n; i++) {
		conn = receivers.conns[i];
		if (may_know(conn, item))
			kdbus_deliver_or_lose(draft, conn);
	}
	kdbus_receivers_deinit(&receivers);
}

static void notice_deliver(struct notice *notice, struct kdbus_bus *bus)
{
	struct kdbus_draft draft __uninitialized;

	kdbus_draft_init_notice(&draft, bus, &notice->msg);
	kdbus_watch(&draft);
	if (notice->dst)
		kdbus_deliver(&draft, notice->dst);
	else
		deliver_to_listeners(&draft, notice_item(notice));
	kdbus_draft_deinit(&draft);
}

static void notices_take(struct kdbus_bus *bus, struct list_head *notices)
{
	guard(spinlock)(&bus->notices.lock);
	list_splice_init(&bus->notices.queue, notices);
}

/**
 * kdbus_notices_flush() - deliver what was noted
 * @bus:	bus, none of whose locks is held
 *
 * Whoever gets the lock delivers everything there is, in order.  So having had
 * the lock means that one's own notes are delivered.  What comes meanwhile is
 * left to those who note it: a task that hardly runs is not to work for all.
 */
void kdbus_notices_flush(struct kdbus_bus *bus)
{
	struct notice *notice, *next;
	LIST_HEAD(notices);

	guard(mutex)(&bus->notices.flush);
	notices_take(bus, &notices);
	list_for_each_entry_safe(notice, next, &notices, entry) {
		notice_deliver(notice, bus);
		notice_free(notice);
	}
}
