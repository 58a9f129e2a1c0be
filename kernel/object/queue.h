/* SPDX-License-Identifier: GPL-2.0-only */
/* The receiver's order of messages. */
#ifndef KDBUS_QUEUE_H
#define KDBUS_QUEUE_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

struct kdbus_name_entry;
struct kdbus_parcel;
struct kdbus_quota_user;
struct kdbus_reply;
struct kdbus_slice;

/**
 * struct kdbus_entry - a message that waits
 * @arrival:	in kdbus_queue.entries
 * @node:	in kdbus_queue.by_priority
 * @priority:	lower is more urgent
 * @order:	among entries of the same priority
 * @slice:	where the message lies in the receiver's pool
 * @parcel:	files that travel with it, or NULL
 * @account:	who pays for it at this receiver
 * @reply:	what its sender waits for, or NULL
 * @name:	name it was addressed to, or NULL; it moves with that name
 * @n_fds:	descriptors charged
 *
 * flow/deliver.c makes and frees entries.  Each lies in the room that comes with
 * its slice, see kdbus_slice_room().
 */
struct kdbus_entry {
	struct list_head arrival;
	struct rb_node node;
	s64 priority;
	u64 order;
	struct kdbus_slice *slice;
	struct kdbus_parcel *parcel;
	struct kdbus_quota_user *account;
	struct kdbus_reply *reply;
	struct kdbus_name_entry *name;
	unsigned int n_fds;
};

/**
 * struct kdbus_queue - messages that wait
 * @entries:	in the order of arrival
 * @by_priority: the same, the most urgent and then the oldest first; empty
 *		while all have the same priority
 * @last_order:	counts entries
 * @mixed:	there are several priorities, or were since the queue was empty
 *
 * Whoever owns the queue guards it.
 */
struct kdbus_queue {
	struct list_head entries;
	struct rb_root_cached by_priority;
	u64 last_order;
	bool mixed;
};

void kdbus_queue_init(struct kdbus_queue *queue);
void kdbus_queue_deinit(struct kdbus_queue *queue);
bool kdbus_queue_is_empty(const struct kdbus_queue *queue);

void kdbus_queue_link(struct kdbus_queue *queue, struct kdbus_entry *entry);
void kdbus_queue_unlink(struct kdbus_queue *queue, struct kdbus_entry *entry);

struct kdbus_entry *kdbus_queue_peek(struct kdbus_queue *queue);
struct kdbus_entry *kdbus_queue_peek_urgent(struct kdbus_queue *queue,
					    s64 least);

#endif /* KDBUS_QUEUE_H */
