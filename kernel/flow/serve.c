// SPDX-License-Identifier: GPL-2.0-only
/* SERVE: answer, give back, and receive or wait. */

#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "flow/receive.h"
#include "flow/send.h"
#include "flow/serve.h"
#include "object/conn.h"
#include "object/pool.h"
#include "util/args.h"

/*
 * Sleep until there is something, or @until, or for ever if that is NULL.  One
 * message wakes one of the tasks that wait for any: each looks once more after
 * whatever woke it, so that none is overlooked.  Those who wait for what is urgent
 * are all woken besides: a message that they leave must find its taker.
 */
static int wait_ready(struct kdbus_conn *conn, const struct kdbus_cmd_recv *cmd,
		      ktime_t *until)
{
	bool urgent = cmd->flags & KDBUS_RECV_USE_PRIORITY, expired = false;
	struct wait_queue_entry entry;
	long r;

	init_wait_entry(&entry, urgent ? 0 : WQ_FLAG_EXCLUSIVE);
	for (;;) {
		r = prepare_to_wait_event(&conn->wait, &entry,
					  TASK_INTERRUPTIBLE);
		if (kdbus_receive_ready(conn, cmd)) {
			r = 0;
			break;
		}
		if (!r && expired)
			r = -ETIMEDOUT;
		if (r)
			break;
		expired = !schedule_hrtimeout_range(until,
						    current->timer_slack_ns,
						    HRTIMER_MODE_ABS);
	}
	finish_wait(&conn->wait, &entry);
	return r;
}

/* Somebody else may be faster: then the wait goes on. */
static int receive(struct kdbus_conn *conn, struct kdbus_cmd_recv *cmd,
		   u64 timeout_ns)
{
	ktime_t until = ns_to_ktime(min_t(u64, timeout_ns, KTIME_MAX));
	int r;

	for (;;) {
		r = kdbus_receive_next(conn, cmd);
		if (r != -EAGAIN || cmd->dropped_msgs || !timeout_ns)
			return r;
		r = wait_ready(conn, cmd, until == KTIME_MAX ? NULL : &until);
		if (r)
			return r;
		if (!kdbus_active_is_on(&conn->active))
			return -ECONNRESET;
	}
}

/* Send the message.  It is struck out, so that a restart does not repeat it. */
static int answer(struct kdbus_conn *conn, struct kdbus_cmd_serve *cmd)
{
	u64 address = cmd->msg_address;
	int r;

	cmd->msg_address = 0;
	if (!address)
		return 0;
	r = kdbus_send_only(conn, address);
	if (r)
		cmd->return_flags |= KDBUS_SERVE_RETURN_UNSENT;
	return r;
}

/**
 * kdbus_serve() - KDBUS_CMD_SERVE
 * @conn:	connection
 * @args:	struct kdbus_cmd_serve; what was done is struck out in any case
 *
 * The slice is given back after the message was copied, which may lie in it.
 *
 * Return: 0; -ENXIO if there is no such slice, and nothing was done; an error of
 * kdbus_send(), with KDBUS_SERVE_RETURN_UNSENT; -EAGAIN, -ETIMEDOUT, -ECONNRESET,
 * or -ERESTARTSYS, when the rest can be done again.
 */
int kdbus_serve(struct kdbus_conn *conn, struct kdbus_args *args)
{
	struct kdbus_cmd_serve *cmd = args->data;
	struct kdbus_cmd_recv recv = { .priority = cmd->priority };
	struct kdbus_slice *used = NULL;
	int r;

	if (cmd->flags & KDBUS_SERVE_FREE) {
		r = kdbus_release_later(conn, cmd->msg.offset, &used);
		if (r)
			return r;
	}
	if (cmd->flags & KDBUS_SERVE_USE_PRIORITY)
		recv.flags = KDBUS_RECV_USE_PRIORITY;
	kdbus_args_answer_from(args, struct kdbus_cmd_serve, msg_address);
	kdbus_receive_nothing(conn, &recv.msg);

	r = answer(conn, cmd);
	kdbus_pool_drop(conn->pool, used);
	/* who was woken may ask again before this task falls asleep */
	cond_resched();
	if (!r)
		r = receive(conn, &recv, cmd->timeout_ns);
	cmd->return_flags |= recv.return_flags;
	cmd->dropped_msgs = recv.dropped_msgs;
	cmd->msg = recv.msg;
	return r;
}
