// SPDX-License-Identifier: GPL-2.0-only
/* Take or give back a name; hand over an activator's mail. */

#include "flow/behalf.h"
#include "flow/claim.h"
#include "flow/deliver.h"
#include "flow/notice.h"
#include "flow/permit.h"
#include "object/conn.h"
#include "object/name.h"
#include "object/queue.h"
#include "object/reply.h"
#include "util/args.h"
#include "util/text.h"

/* Take the messages out of the queue that were sent to a name. */
static void take_mail(struct kdbus_conn *conn,
		      const struct kdbus_name_entry *name,
		      struct list_head *out)
{
	struct kdbus_queue *queue = &conn->inbox.queue;
	struct kdbus_entry *entry, *next;

	guard(spinlock)(&conn->inbox.lock);
	list_for_each_entry_safe(entry, next, &queue->entries, arrival) {
		if (entry->name != name)
			continue;
		kdbus_queue_unlink(queue, entry);
		list_add_tail(&entry->arrival, out);
	}
}

/*
 * Messages to a name follow it between activator and owner, and so does the
 * duty to answer them.  The name is in transit: nobody else sends to it now,
 * so what moves stays ahead of what comes.
 */
/* tests/model/handover.pml */
static void move_mail(const struct kdbus_name_change *change)
{
	struct kdbus_entry *entry, *next;
	LIST_HEAD(mail);

	take_mail(change->old, change->entry, &mail);
	list_for_each_entry_safe(entry, next, &mail, arrival) {
		list_del_init(&entry->arrival);
		if (entry->reply &&
		    !kdbus_reply_move(entry->reply, change->new) &&
		    kdbus_reply_break(entry->reply))
			kdbus_notice_reply(entry->reply, KDBUS_ITEM_REPLY_DEAD);
		if (kdbus_deliver_moved(change->new, change->old, entry))
			kdbus_conn_lose(change->new);
		kdbus_entry_free(change->old, entry);
	}
}

/* A name changed hands: move its mail, and note it while the order is known. */
static void change_apply(struct kdbus_bus *bus,
			 struct kdbus_name_change *change)
{
	lockdep_assert_held(&bus->names.lock);
	if (change->move) {
		move_mail(change);
		kdbus_name_settle(change->entry);
	}
	kdbus_notice_name(bus, change);
}

static int acquire(const struct kdbus_behalf *behalf, struct kdbus_args *args,
		   const char *name)
{
	struct kdbus_conn *conn = behalf->conn;
	struct kdbus_bus *bus = conn->bus;
	struct kdbus_name_change change;
	int r;

	if (!kdbus_may_own(conn, behalf->cred, name))
		return -EPERM;

	mutex_lock(&bus->names.lock);
	if (kdbus_active_is_on(&conn->active))
		r = kdbus_name_acquire(conn, name, args->cmd->flags,
				       &args->cmd->return_flags, &change);
	else
		r = -ECONNRESET;
	if (!r)
		change_apply(bus, &change);
	mutex_unlock(&bus->names.lock);
	if (r)
		return r;
	kdbus_name_change_deinit(&change);
	kdbus_notices_flush(bus);
	return 0;
}

/**
 * kdbus_claim() - KDBUS_CMD_NAME_ACQUIRE
 * @conn:	caller
 * @args:	struct kdbus_cmd
 *
 * Return: 0 or one of the errors of kdbus.name(7).
 */
int kdbus_claim(struct kdbus_conn *conn, struct kdbus_args *args)
{
	const char *name = kdbus_args_find_str(args, KDBUS_ITEM_NAME);
	struct kdbus_behalf behalf;
	int r;

	r = kdbus_behalf_init(&behalf, conn, args);
	if (r)
		return r;
	r = kdbus_name_is_valid(name, false) ? acquire(&behalf, args, name) :
					       -EINVAL;
	kdbus_behalf_deinit(&behalf);
	return r;
}

/**
 * kdbus_yield() - KDBUS_CMD_NAME_RELEASE
 * @conn:	caller
 * @args:	struct kdbus_cmd
 *
 * Return: 0 or one of the errors of kdbus.name(7).
 */
int kdbus_yield(struct kdbus_conn *conn, struct kdbus_args *args)
{
	const char *name = kdbus_args_find_str(args, KDBUS_ITEM_NAME);
	struct kdbus_bus *bus = conn->bus;
	struct kdbus_name_change change;
	struct kdbus_behalf behalf;
	int r;

	r = kdbus_behalf_init(&behalf, conn, args);
	if (r)
		return r;
	mutex_lock(&bus->names.lock);
	r = kdbus_name_release(behalf.conn, name, &change);
	if (!r)
		change_apply(bus, &change);
	mutex_unlock(&bus->names.lock);
	if (!r) {
		kdbus_name_change_deinit(&change);
		kdbus_notices_flush(bus);
	}
	kdbus_behalf_deinit(&behalf);
	return r;
}

/**
 * kdbus_claim_activator() - hold a name while nobody owns it
 * @conn:	activator; what happened is noted, not yet delivered
 * @name:	valid name
 *
 * Return: 0, -EEXIST if there is an activator already, -ENOMEM.
 */
int kdbus_claim_activator(struct kdbus_conn *conn, const char *name)
{
	struct kdbus_name_change change;
	int r;

	mutex_lock(&conn->bus->names.lock);
	r = kdbus_name_activate(conn, name, &change);
	if (!r)
		change_apply(conn->bus, &change);
	mutex_unlock(&conn->bus->names.lock);
	if (!r)
		kdbus_name_change_deinit(&change);
	return r;
}

/**
 * kdbus_yield_all() - give up all names in the order of their acquisition
 * @conn:	connection that goes; what happened is noted, not yet delivered
 */
void kdbus_yield_all(struct kdbus_conn *conn)
{
	struct kdbus_name_change change;
	bool more;

	do {
		mutex_lock(&conn->bus->names.lock);
		more = kdbus_name_release_first(conn, &change);
		if (more)
			change_apply(conn->bus, &change);
		mutex_unlock(&conn->bus->names.lock);
		if (more)
			kdbus_name_change_deinit(&change);
	} while (more);
}
