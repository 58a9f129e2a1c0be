// SPDX-License-Identifier: GPL-2.0-only
/* SEND: the whole walk on one screen. */

#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/poll.h>

#include "flow/await.h"
#include "flow/deliver.h"
#include "flow/draft.h"
#include "flow/permit.h"
#include "flow/receive.h"
#include "flow/route.h"
#include "flow/send.h"
#include "flow/watch.h"
#include "object/conn.h"
#include "object/pool.h"
#include "object/reply.h"
#include "util/args.h"

/**
 * struct sending - a SEND in progress
 * @conn:	sender
 * @args:	command with items, or NULL
 * @draft:	what it sends
 * @sync:	it waits for the reply
 * @watched:	monitors have their copies
 * @cancel:	file that ends the wait, or NULL
 * @used:	slice to give back once the message is copied, or NULL
 * @out:	where the reply lies
 */
struct sending {
	struct kdbus_conn *conn;
	struct kdbus_args *args;
	struct kdbus_draft *draft;
	bool sync;
	bool watched;
	struct file *cancel;
	struct kdbus_slice *used;
	struct kdbus_msg_info *out;
};

static void give_back(struct sending *send)
{
	kdbus_pool_drop(send->conn->pool, send->used);
	send->used = NULL;
}

/* monitors see a message once, however often its name moves meanwhile */
static void watch_once(struct sending *send)
{
	if (!send->watched)
		kdbus_watch(send->draft);
	send->watched = true;
}

/* to everyone who listens; nobody's failure is the sender's */
static int send_broadcast(struct sending *send)
{
	struct kdbus_draft *draft = send->draft;
	struct kdbus_receivers receivers __uninitialized;
	struct kdbus_conn *dst;
	unsigned int i;

	watch_once(send);
	kdbus_route_signal(&receivers, draft);
	if (receivers.n && !kdbus_draft_is_ready(draft, receivers.wanted)) {
		/* who goes meanwhile goes, and who comes is told */
		kdbus_receivers_deinit(&receivers);
		kdbus_draft_detach(draft);
		kdbus_route_signal(&receivers, draft);
	}
	draft->held = true;
	for (i = 0; i < receivers.n; i++) {
		dst = receivers.conns[i];
		if (kdbus_may_talk(dst, dst->cred, send->conn))
			kdbus_deliver_or_lose(draft, dst);
	}
	kdbus_receivers_deinit(&receivers);
	return 0;
}

/*
 * A signal to one receiver vanishes if that one does not listen.  Its sender is
 * not told when it cannot be queued, so the receiver is, as with broadcasts.
 */
static int send_signal(struct sending *send, const struct kdbus_route *route)
{
	struct kdbus_conn *dst = route->dst;
	int r;

	watch_once(send);
	if (!kdbus_route_listens(dst, send->draft) ||
	    !kdbus_may_talk(dst, dst->cred, send->conn))
		return 0;
	r = kdbus_deliver_routed(send->draft, route, NULL);
	if (r && r != -EAGAIN && r != -ECONNRESET)
		kdbus_conn_lose(dst);
	return r == -EAGAIN ? r : 0;
}

/* a request: the reply slot exists before the receiver can answer */
static int send_request(struct sending *send, const struct kdbus_route *route,
			struct kdbus_reply **out_reply)
{
	const struct kdbus_msg *msg = send->draft->msg;
	struct kdbus_reply *reply;
	int r;

	reply = kdbus_reply_new(send->conn, route->dst, msg->cookie,
				msg->timeout_ns, send->sync);
	if (IS_ERR(reply))
		return PTR_ERR(reply);
	watch_once(send);
	r = kdbus_deliver_routed(send->draft, route, reply);
	if (r) {
		kdbus_entry_free(send->conn, kdbus_reply_close(reply));
		kdbus_reply_unref(reply);
		return r;
	}
	if (!send->sync)
		kdbus_reply_arm(reply);
	*out_reply = reply;
	return 0;
}

static int send_routed(struct sending *send, const struct kdbus_route *route,
		       struct kdbus_reply **out_reply)
{
	const struct kdbus_msg *msg = send->draft->msg;

	if (msg->flags & KDBUS_MSG_SIGNAL)
		return send_signal(send, route);
	if (!kdbus_may_talk(send->conn, current_cred(), route->dst))
		return -EPERM;
	if (msg->flags & KDBUS_MSG_EXPECT_REPLY)
		return send_request(send, route, out_reply);
	watch_once(send);
	return kdbus_deliver_routed(send->draft, route, NULL);
}

/*
 * Send to whoever is the destination now.  An owner that is on its way out keeps
 * its name a moment longer than it receives: it is told through @out_leaving,
 * with a reference.
 */
static int send_once(struct sending *send, struct kdbus_reply **out_reply,
		     struct kdbus_conn **out_leaving)
{
	struct kdbus_draft *draft = send->draft;
	struct kdbus_route route;
	int r;

	r = kdbus_route_find(&route, draft->bus, draft->msg, draft->dst_name);
	if (r)
		return r;
	r = send_routed(send, &route, out_reply);
	if (r == -ECONNRESET && route.name &&
	    READ_ONCE(route.dst->inbox.closed) &&
	    kdbus_active_is_on(&send->conn->active)) {
		*out_leaving = kdbus_conn_ref(route.dst);
		r = -EAGAIN;
	}
	kdbus_route_deinit(&route);
	return r;
}

/* Wait until a connection has given up its names. */
static int wait_gone(struct kdbus_conn *conn)
{
	int r = 0;

	if (conn && wait_for_completion_killable(&conn->gone))
		r = -EINTR;
	kdbus_conn_unref(conn);
	return r;
}

/*
 * To one receiver, found anew while its name moves under our hands.  If it does
 * not stop moving, it is held: by then nothing is left to read from the
 * sender's memory.
 */
/* tests/model/route.pml */
static int send_unicast(struct sending *send, struct kdbus_reply **out_reply)
{
	struct mutex *registry = &send->draft->bus->names.lock;
	struct kdbus_conn *leaving;
	unsigned int i;
	int r;

	for (i = 0;; i++) {
		leaving = NULL;
		if (i > 3)
			mutex_lock(registry);
		r = send_once(send, out_reply, &leaving);
		if (i > 3)
			mutex_unlock(registry);
		if (r != -EAGAIN)
			return r;
		r = wait_gone(leaving);
		if (!r)
			r = kdbus_draft_detach(send->draft);
		if (r)
			return r;
	}
}

static int await_reply(struct sending *send, struct kdbus_reply *reply)
{
	int r;

	give_back(send);
	r = kdbus_await(reply, send->cancel, send->out);
	kdbus_reply_unref(reply);
	return r;
}

static int send_sync(struct sending *send)
{
	struct kdbus_reply *reply;
	int r;

	if (send->draft->msg->timeout_ns <= ktime_get_ns())
		return -ETIMEDOUT;
	r = send_unicast(send, &reply);
	return r ?: await_reply(send, reply);
}

/*
 * The answer to a synchronous request goes straight to the task that waits for
 * it.  What fails here, fails for both.
 */
static int answer_sync(struct sending *send, struct kdbus_reply *reply)
{
	struct kdbus_conn *dst = reply->requester;
	struct kdbus_entry *entry;
	int r;

	entry = kdbus_entry_new(send->draft, dst);
	if (IS_ERR(entry)) {
		r = PTR_ERR(entry);
		kdbus_reply_answer(reply, r == -ECOMM ? -EREMOTEIO : r, NULL);
		return r;
	}
	r = kdbus_reply_answer(reply, 0, entry);
	if (r)
		kdbus_entry_free(dst, entry);
	return r;
}

/* a reply: the open slot is all the permission it needs */
static int send_reply(struct sending *send)
{
	struct kdbus_draft *draft = send->draft;
	struct kdbus_reply *reply;
	struct kdbus_route route;
	int r;

	r = kdbus_route_find(&route, draft->bus, draft->msg, draft->dst_name);
	if (r)
		return r;
	reply = kdbus_reply_take(route.dst, send->conn,
				 draft->msg->cookie_reply);
	if (reply) {
		watch_once(send);
		r = reply->sync ? answer_sync(send, reply) :
				  kdbus_deliver(draft, route.dst);
	} else {
		r = -EBADSLT;
	}
	kdbus_reply_unref(reply);
	kdbus_route_deinit(&route);
	return r;
}

static int dispatch(struct sending *send)
{
	const struct kdbus_msg *msg = send->draft->msg;
	struct kdbus_reply *reply = NULL;
	int r;

	if (msg->dst_id == KDBUS_DST_ID_BROADCAST)
		return send_broadcast(send);
	if (send->sync)
		return send_sync(send);
	if (!(msg->flags & KDBUS_MSG_EXPECT_REPLY) && msg->cookie_reply)
		return send_reply(send);
	r = send_unicast(send, &reply);
	kdbus_reply_unref(reply);
	return r;
}

/* An activator may tell those who wait that there is no service, no more. */
static bool activator_may_send(const struct kdbus_args *args)
{
	const struct kdbus_msg *msg = args->msg;

	return !(msg->flags & (KDBUS_MSG_EXPECT_REPLY | KDBUS_MSG_SIGNAL)) &&
	       msg->cookie_reply && msg->dst_id != KDBUS_DST_ID_BROADCAST &&
	       !kdbus_args_find(args, KDBUS_ITEM_DST_NAME) &&
	       !kdbus_args_find(args, KDBUS_ITEM_FDS);
}

static int get_cancel(struct sending *send)
{
	struct kdbus_item *item = NULL;
	struct file *file;

	if (send->args)
		item = kdbus_args_find(send->args, KDBUS_ITEM_CANCEL_FD);
	if (!item)
		return 0;
	file = fget(*(int *)((u8 *)item + KDBUS_ITEM_HEADER));
	if (!file)
		return -EBADF;
	if (!file_can_poll(file)) {
		fput(file);
		return -EINVAL;
	}
	send->cancel = file;
	return 0;
}

static int send_draft(struct sending *send, struct kdbus_args *msg)
{
	struct kdbus_draft draft __uninitialized;
	int r;

	send->draft = &draft;
	r = kdbus_draft_init(&draft, send->conn, msg, send->sync);
	if (!r) {
		r = dispatch(send);
		kdbus_draft_deinit(&draft);
	}
	return r;
}

/*
 * A request that was interrupted was sent: only its cookie counts now, what it
 * consisted of may be gone.
 */
static int send_checked(struct sending *send, struct kdbus_args *msg)
{
	struct kdbus_reply *reply = NULL;
	int r;

	if (send->conn->kind == KDBUS_ACTIVATOR && !activator_may_send(msg))
		return -EOPNOTSUPP;
	r = get_cancel(send);
	if (r)
		return r;
	if (send->sync)
		reply = kdbus_reply_resume(send->conn, msg->msg->cookie);
	r = reply ? await_reply(send, reply) : send_draft(send, msg);
	if (send->cancel)
		fput(send->cancel);
	return r;
}

/* Copy a message and send it, or let it be negotiated. */
static int send_message(struct sending *send, u64 address, bool negotiate)
{
	struct kdbus_args msg __uninitialized;
	int r;

	r = kdbus_args_copy(&msg, &kdbus_msg_rule,
			    (void __user *)(uintptr_t)address);
	if (r)
		return r;
	if (!negotiate && msg.msg->flags & KDBUS_FLAG_NEGOTIATE)
		r = -EINVAL;
	else
		r = kdbus_args_check(&msg);
	if (!r && !negotiate)
		r = msg.asked ? -EINVAL : send_checked(send, &msg);
	return kdbus_args_finish(&msg, r);
}

/**
 * kdbus_send() - KDBUS_CMD_SEND
 * @conn:	sender
 * @args:	struct kdbus_cmd_send; its reply is set on success
 *
 * Return: 0 or one of the errors of kdbus.message(7).
 */
int kdbus_send(struct kdbus_conn *conn, struct kdbus_args *args)
{
	struct kdbus_cmd_send *cmd = args->data;
	struct sending send = {
		.conn = conn,
		.args = args,
		.sync = cmd->flags & KDBUS_SEND_SYNC_REPLY,
		.out = &cmd->reply,
	};

	if (args->negotiate)
		return cmd->msg_address ?
			send_message(&send, cmd->msg_address, true) : 0;
	kdbus_receive_nothing(conn, &cmd->reply);
	return send_message(&send, cmd->msg_address, false);
}

/**
 * kdbus_call() - KDBUS_CMD_CALL
 * @conn:	sender
 * @args:	struct kdbus_cmd_send; its reply is set whenever a slice was
 *		given back
 *
 * The slice is given back before the caller sleeps, but after the message was
 * copied, which may lie in it.
 *
 * Return: as kdbus_send(); -ENXIO if there is no such slice, and nothing was
 * done.
 */
int kdbus_call(struct kdbus_conn *conn, struct kdbus_args *args)
{
	struct kdbus_cmd_send *cmd = args->data;
	struct sending send = {
		.conn = conn,
		.args = args,
		.sync = true,
		.out = &cmd->reply,
	};
	int r;

	if (cmd->flags & KDBUS_CALL_FREE) {
		r = kdbus_release_later(conn, cmd->reply.offset, &send.used);
		if (r)
			return r;
	}
	kdbus_args_answer_from(args, struct kdbus_cmd_send, reply);
	kdbus_receive_nothing(conn, &cmd->reply);
	r = send_message(&send, cmd->msg_address, false);
	give_back(&send);
	return r;
}

/**
 * kdbus_send_only() - send a message as a part of another command
 * @conn:	sender
 * @address:	of the message
 *
 * Return: as kdbus_send().
 */
int kdbus_send_only(struct kdbus_conn *conn, u64 address)
{
	struct sending send = { .conn = conn };

	return send_message(&send, address, false);
}
