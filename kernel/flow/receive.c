// SPDX-License-Identifier: GPL-2.0-only
/* RECV and FREE: peek, take, drop, install descriptors. */

#include "flow/deliver.h"
#include "flow/notice.h"
#include "flow/receive.h"
#include "object/conn.h"
#include "object/pool.h"
#include "object/queue.h"
#include "object/reply.h"
#include "util/args.h"

static void report_lost(struct kdbus_conn *conn, struct kdbus_cmd_recv *cmd)
{
	lockdep_assert_held(&conn->inbox.lock);
	cmd->dropped_msgs = conn->inbox.lost;
	conn->inbox.lost = 0;
	if (cmd->dropped_msgs)
		cmd->return_flags |= KDBUS_RECV_RETURN_DROPPED_MSGS;
}

/* The message that is asked for; taken out of the queue unless peeked at. */
static struct kdbus_entry *take_entry(struct kdbus_conn *conn,
				      struct kdbus_cmd_recv *cmd, bool peek)
{
	struct kdbus_queue *queue = &conn->inbox.queue;
	struct kdbus_entry *entry;

	guard(spinlock)(&conn->inbox.lock);
	report_lost(conn, cmd);
	if (cmd->flags & KDBUS_RECV_USE_PRIORITY)
		entry = kdbus_queue_peek_urgent(queue, cmd->priority);
	else
		entry = kdbus_queue_peek(queue);
	if (!entry)
		return NULL;
	if (!peek) {
		kdbus_queue_unlink(queue, entry);
		return entry;
	}

	/* under the lock: it may be gone right after */
	kdbus_pool_publish(conn->pool, entry->slice);
	cmd->msg.offset = entry->slice->offset;
	cmd->msg.msg_size = entry->slice->size;
	return entry;
}

/* Refuse a message: whoever waits for its answer is told. */
static void drop_entry(struct kdbus_conn *conn, struct kdbus_entry *entry)
{
	if (entry->reply && kdbus_reply_break(entry->reply)) {
		kdbus_notice_reply(entry->reply, KDBUS_ITEM_REPLY_DEAD);
		kdbus_notices_flush(conn->bus);
	}
	kdbus_entry_free(conn, entry);
}

/**
 * kdbus_receive() - KDBUS_CMD_RECV
 * @conn:	receiver
 * @args:	struct kdbus_cmd_recv; its outputs are set on success and on
 *		-EAGAIN
 *
 * Return: 0, -EINVAL (DROP with USE_PRIORITY), -EAGAIN.
 */
int kdbus_receive(struct kdbus_conn *conn, struct kdbus_args *args)
{
	struct kdbus_cmd_recv *cmd = args->data;
	bool drop = cmd->flags & KDBUS_RECV_DROP;
	bool peek = cmd->flags & KDBUS_RECV_PEEK && !drop;
	struct kdbus_entry *entry;

	if (drop && cmd->flags & KDBUS_RECV_USE_PRIORITY)
		return -EINVAL;

	cmd->msg.offset = kdbus_pool_size(conn->pool);
	cmd->msg.msg_size = 0;
	cmd->msg.return_flags = 0;
	entry = take_entry(conn, cmd, peek);
	if (!entry)
		return -EAGAIN;
	if (drop)
		drop_entry(conn, entry);
	else if (!peek)
		kdbus_entry_hand_over(conn, entry, &cmd->msg);
	return 0;
}

/**
 * kdbus_release() - KDBUS_CMD_FREE
 * @conn:	connection
 * @args:	struct kdbus_cmd_free
 *
 * Return: 0, -ENXIO if the caller holds no slice that starts there.
 */
int kdbus_release(struct kdbus_conn *conn, struct kdbus_args *args)
{
	struct kdbus_cmd_free *cmd = args->data;

	if (cmd->offset == kdbus_pool_size(conn->pool))
		return 0;
	return kdbus_pool_release(conn->pool, cmd->offset);
}
