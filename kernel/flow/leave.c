// SPDX-License-Identifier: GPL-2.0-only
/* BYEBYE and every other way to go. */

#include <linux/completion.h>
#include <linux/wait.h>

#include "flow/claim.h"
#include "flow/deliver.h"
#include "flow/leave.h"
#include "flow/notice.h"
#include "object/conn.h"
#include "object/domain.h"
#include "object/endpoint.h"
#include "object/queue.h"
#include "object/reply.h"

/*
 * No message gets in any more.  Pairs with READ_ONCE() where senders choose the
 * error for a message that was not accepted.
 */
static void close_inbox_locked(struct kdbus_conn *conn)
{
	lockdep_assert_held(&conn->inbox.lock);
	WRITE_ONCE(conn->inbox.closed, true);
}

static void close_inbox(struct kdbus_conn *conn)
{
	guard(spinlock)(&conn->inbox.lock);
	close_inbox_locked(conn);
}

static void discard_queue(struct kdbus_conn *conn)
{
	struct kdbus_entry *entry;

	for (;;) {
		spin_lock(&conn->inbox.lock);
		entry = kdbus_queue_peek(&conn->inbox.queue);
		if (entry)
			kdbus_queue_unlink(&conn->inbox.queue, entry);
		spin_unlock(&conn->inbox.lock);
		if (!entry)
			return;
		kdbus_entry_free(conn, entry);
	}
}

static void close_own_calls(struct kdbus_conn *conn)
{
	struct kdbus_reply *reply;

	cancel_delayed_work_sync(&conn->calls.expiry);
	while ((reply = kdbus_replies_take_any(conn))) {
		kdbus_entry_free(conn, reply->answer);
		reply->answer = NULL;
		kdbus_reply_unref(reply);
	}
}

static void break_owed(struct kdbus_conn *conn)
{
	struct kdbus_reply *reply;

	while ((reply = kdbus_reply_take_owed(conn))) {
		if (kdbus_reply_break(reply))
			kdbus_notice_reply(reply, KDBUS_ITEM_REPLY_DEAD);
		kdbus_reply_unref(reply);
	}
}

static void unlink_from_endpoint(struct kdbus_conn *conn)
{
	guard(mutex)(&conn->ep->lock);
	list_del_init(&conn->in_ep);
}

/*
 * Take a connection apart that was just switched off.  Others notice in the
 * order of these steps: its names go, then those who wait for it are told, then
 * it is gone.
 *
 * A command may still be in progress, and stay so for as long as its caller's
 * memory likes to stall.  So each command looks whether its connection is still
 * on under the very lock under which it changes something, and each step here
 * takes that lock after the connection was switched off.
 */
static void take_apart(struct kdbus_conn *conn)
{
	struct kdbus_bus *bus = conn->bus;
	/* this changes here only: HELLO is over, whether it linked it or failed */
	bool was_there = !list_empty(&conn->in_bus);

	/* 1. Nothing new; sleeping commands are woken. */
	close_inbox(conn);
	kdbus_replies_wake(conn);

	/* 2. Nobody finds it, by id or as a listener; its policy is void. */
	if (conn->kind & (KDBUS_ACTIVATOR | KDBUS_HOLDER))
		kdbus_policy_remove(&bus->policy, conn);
	kdbus_matches_close(&conn->matches);
	kdbus_conn_unlink(conn);

	/* 3. Its names go, and mail with them to activators. */
	kdbus_yield_all(conn);

	/* 4. What it did not read is gone, and so is what it waits for. */
	discard_queue(conn);
	close_own_calls(conn);

	/* 5. Whoever still waits for it does so in vain. */
	break_owed(conn);

	/* 6. Everybody learns who learnt that it came. */
	if (was_there)
		kdbus_notice_conn(conn, KDBUS_ITEM_ID_REMOVE);
	kdbus_notices_flush(bus);
	wake_up_all(&conn->wait);
	unlink_from_endpoint(conn);
	kdbus_conn_discount(conn);
	complete_all(&conn->gone);
}

/**
 * kdbus_leave() - disconnect
 * @conn:	connection; the caller has a reference, and no command of its
 *		own in progress on it
 *
 * If somebody else is about to, this returns at once.
 */
void kdbus_leave(struct kdbus_conn *conn)
{
	if (kdbus_active_switch_off(&conn->active))
		take_apart(conn);
}

/* tests/model/idle.pml */
/**
 * kdbus_leave_politely() - KDBUS_CMD_BYEBYE
 * @conn:	caller, whose command is in progress, and no longer is afterwards
 *
 * Return: 0; -EBUSY if messages wait, -ECONNRESET if somebody was faster.
 */
int kdbus_leave_politely(struct kdbus_conn *conn)
{
	bool first = false;
	int r = 0;

	spin_lock(&conn->inbox.lock);
	if (conn->inbox.closed) {
		r = -ECONNRESET;
	} else if (!kdbus_queue_is_empty(&conn->inbox.queue)) {
		r = -EBUSY;
	} else {
		close_inbox_locked(conn);
		first = kdbus_active_switch_off(&conn->active);
	}
	spin_unlock(&conn->inbox.lock);

	kdbus_active_release(&conn->active);
	if (!first)
		return r ?: -ECONNRESET;

	take_apart(conn);
	return 0;
}

static struct kdbus_conn *first_conn(struct kdbus_endpoint *ep)
{
	guard(mutex)(&ep->lock);
	return kdbus_conn_ref(list_first_entry_or_null(&ep->conns,
						       struct kdbus_conn,
						       in_ep));
}

/**
 * kdbus_endpoint_end() - an endpoint goes, with all its connections
 * @ep:		endpoint
 *
 * If somebody else is about to, this waits until it is gone.
 */
void kdbus_endpoint_end(struct kdbus_endpoint *ep)
{
	struct kdbus_conn *conn;

	if (!kdbus_node_end(&ep->node)) {
		wait_for_completion(&ep->gone);
		return;
	}
	while ((conn = first_conn(ep))) {
		kdbus_leave(conn);
		wait_for_completion(&conn->gone);
		kdbus_conn_unref(conn);
	}
	kdbus_node_unlink(&ep->node);
	complete_all(&ep->gone);
}

/**
 * kdbus_bus_end() - a bus goes, with all its endpoints
 * @bus:	bus
 */
void kdbus_bus_end(struct kdbus_bus *bus)
{
	struct kdbus_node *node;

	if (!kdbus_node_end(&bus->node))
		return;
	while ((node = kdbus_node_get_first(&bus->node))) {
		kdbus_endpoint_end(kdbus_endpoint_from_node(node));
		kdbus_node_unref(node);
	}
	kdbus_node_unlink(&bus->node);
	kdbus_bus_uncharge(bus);
}

/**
 * kdbus_domain_end() - a file system is unmounted, with all its buses
 * @domain:	domain
 */
void kdbus_domain_end(struct kdbus_domain *domain)
{
	struct kdbus_node *node;

	if (!kdbus_node_end(&domain->node))
		return;
	while ((node = kdbus_node_get_first(&domain->node))) {
		if (node->type == KDBUS_NODE_BUS)
			kdbus_bus_end(kdbus_bus_from_node(node));
		else
			kdbus_node_end(node);
		kdbus_node_unlink(node);
		kdbus_node_unref(node);
	}
}
