// SPDX-License-Identifier: GPL-2.0-only
/* The receiver's order of messages. */

#include <linux/bug.h>

#include "object/queue.h"

/**
 * kdbus_queue_init() - nothing waits
 * @queue:	queue
 */
void kdbus_queue_init(struct kdbus_queue *queue)
{
	INIT_LIST_HEAD(&queue->entries);
	queue->by_priority = RB_ROOT_CACHED;
	queue->last_order = 0;
	queue->mixed = false;
}

/**
 * kdbus_queue_deinit() - nothing may be waiting any more
 * @queue:	queue
 */
void kdbus_queue_deinit(struct kdbus_queue *queue)
{
	WARN_ON_ONCE(!list_empty(&queue->entries));
}

bool kdbus_queue_is_empty(const struct kdbus_queue *queue)
{
	return list_empty(&queue->entries);
}

static struct kdbus_entry *to_entry(const struct rb_node *node)
{
	return rb_entry(node, struct kdbus_entry, node);
}

static bool less(struct rb_node *a, const struct rb_node *b)
{
	const struct kdbus_entry *x = to_entry(a), *y = to_entry(b);

	if (x->priority != y->priority)
		return x->priority < y->priority;
	return x->order < y->order;
}

/* A first message of another priority: from now on, they are ordered. */
static void mix(struct kdbus_queue *queue)
{
	struct kdbus_entry *entry;

	list_for_each_entry(entry, &queue->entries, arrival)
		rb_add_cached(&entry->node, &queue->by_priority, less);
	queue->mixed = true;
}

/**
 * kdbus_queue_link() - let a message wait
 * @queue:	queue
 * @entry:	message, behind all others of its priority
 */
void kdbus_queue_link(struct kdbus_queue *queue, struct kdbus_entry *entry)
{
	struct kdbus_entry *first = kdbus_queue_peek(queue);

	if (first && !queue->mixed && first->priority != entry->priority)
		mix(queue);
	entry->order = ++queue->last_order;
	list_add_tail(&entry->arrival, &queue->entries);
	if (queue->mixed)
		rb_add_cached(&entry->node, &queue->by_priority, less);
}

/**
 * kdbus_queue_unlink() - a message waits no longer
 * @queue:	queue
 * @entry:	message, from anywhere in the queue
 */
void kdbus_queue_unlink(struct kdbus_queue *queue, struct kdbus_entry *entry)
{
	list_del_init(&entry->arrival);
	if (!queue->mixed)
		return;
	rb_erase_cached(&entry->node, &queue->by_priority);
	queue->mixed = !list_empty(&queue->entries);
}

/**
 * kdbus_queue_peek() - the message that arrived first
 * @queue:	queue
 *
 * Return: the entry, or NULL.
 */
struct kdbus_entry *kdbus_queue_peek(struct kdbus_queue *queue)
{
	return list_first_entry_or_null(&queue->entries, struct kdbus_entry,
					arrival);
}

/**
 * kdbus_queue_peek_urgent() - the most urgent message
 * @queue:	queue
 * @least:	numerically highest priority of interest
 *
 * Return: the oldest entry of the most urgent priority waiting, or NULL if that
 * is less urgent than @least.
 */
struct kdbus_entry *kdbus_queue_peek_urgent(struct kdbus_queue *queue,
					    s64 least)
{
	struct rb_node *node = rb_first_cached(&queue->by_priority);
	struct kdbus_entry *first;

	first = queue->mixed ? to_entry(node) : kdbus_queue_peek(queue);
	return first && first->priority <= least ? first : NULL;
}
