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

static struct kdbus_entry *find_entry(struct kdbus_conn *conn,
				      const struct kdbus_cmd_recv *cmd)
{
	struct kdbus_queue *queue = &conn->inbox.queue;

	lockdep_assert_held(&conn->inbox.lock);
	if (cmd->flags & KDBUS_RECV_USE_PRIORITY)
		return kdbus_queue_peek_urgent(queue, cmd->priority);
	return kdbus_queue_peek(queue);
}

/* under the lock: it may be gone right after */
static void show_entry(struct kdbus_conn *conn, struct kdbus_entry *entry,
		       struct kdbus_msg_info *out)
{
	lockdep_assert_held(&conn->inbox.lock);
	kdbus_pool_publish(conn->pool, entry->slice);
	out->offset = entry->slice->offset;
	out->msg_size = entry->slice->size;
}

/* Take the message that is asked for out of the queue, or only look at it. */
static struct kdbus_entry *take_entry(struct kdbus_conn *conn,
				      struct kdbus_cmd_recv *cmd, bool peek)
{
	struct kdbus_quota_user *old = NULL;
	struct kdbus_entry *entry;

	spin_lock(&conn->inbox.lock);
	report_lost(conn, cmd);
	entry = find_entry(conn, cmd);
	if (entry && peek) {
		show_entry(conn, entry, &cmd->msg);
	} else if (entry) {
		kdbus_queue_unlink(&conn->inbox.queue, entry);
		old = kdbus_entry_uncharge(conn, entry);
	}
	spin_unlock(&conn->inbox.lock);
	kdbus_quota_user_free(old);
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
 * kdbus_receive_nothing() - say that there is no message
 * @conn:	connection
 * @out:	set
 */
void kdbus_receive_nothing(struct kdbus_conn *conn, struct kdbus_msg_info *out)
{
	*out = (struct kdbus_msg_info){ .offset = kdbus_pool_size(conn->pool) };
}

/**
 * kdbus_receive_ready() - would kdbus_receive_next() find something?
 * @conn:	receiver
 * @cmd:	what is asked for
 *
 * Return: true also if messages were lost, or the connection is ending.
 */
bool kdbus_receive_ready(struct kdbus_conn *conn,
			 const struct kdbus_cmd_recv *cmd)
{
	guard(spinlock)(&conn->inbox.lock);
	return conn->inbox.closed || conn->inbox.lost || find_entry(conn, cmd);
}

/**
 * kdbus_receive_next() - take a message
 * @conn:	receiver
 * @cmd:	what is asked for, without KDBUS_RECV_PEEK and _DROP; its outputs
 *		are set on success and on -EAGAIN
 *
 * Return: 0, -EAGAIN.
 */
int kdbus_receive_next(struct kdbus_conn *conn, struct kdbus_cmd_recv *cmd)
{
	struct kdbus_entry *entry = take_entry(conn, cmd, false);

	if (!entry)
		return -EAGAIN;
	kdbus_entry_hand_over(conn, entry, &cmd->msg);
	return 0;
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

	kdbus_args_answer_from(args, struct kdbus_cmd_recv, dropped_msgs);
	kdbus_receive_nothing(conn, &cmd->msg);
	if (!drop && !peek)
		return kdbus_receive_next(conn, cmd);
	entry = take_entry(conn, cmd, peek);
	if (!entry)
		return -EAGAIN;
	if (drop)
		drop_entry(conn, entry);
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

/**
 * kdbus_release_later() - what the caller holds is going to be given back
 * @conn:	connection
 * @offset:	as in struct kdbus_cmd_free
 * @out_slice:	for kdbus_pool_drop(), which is due on success; may be NULL
 *
 * Return: as kdbus_release().
 */
int kdbus_release_later(struct kdbus_conn *conn, u64 offset,
			struct kdbus_slice **out_slice)
{
	*out_slice = NULL;
	if (offset == kdbus_pool_size(conn->pool))
		return 0;
	return kdbus_pool_take_back(conn->pool, offset, out_slice);
}
