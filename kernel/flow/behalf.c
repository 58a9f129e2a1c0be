// SPDX-License-Identifier: GPL-2.0-only
/* Commands on behalf of another connection. */

#include <linux/cred.h>

#include "flow/behalf.h"
#include "object/conn.h"
#include "util/args.h"

static int find_target(struct kdbus_behalf *behalf, struct kdbus_conn *conn,
		       u64 id)
{
	struct kdbus_conn *target;

	if (!id || id == KDBUS_MATCH_ID_ANY)
		return -EINVAL;
	/* first, so that nobody learns which ids there are */
	if (!conn->owner)
		return -EPERM;
	if (id == conn->id)
		return 0;

	target = kdbus_conn_get(conn->bus, id);
	if (!target)
		return -ENXIO;
	if (!kdbus_active_acquire(&target->active)) {
		kdbus_conn_unref(target);
		return -ENXIO;
	}
	if (target->kind != KDBUS_ORDINARY) {
		kdbus_active_release(&target->active);
		kdbus_conn_unref(target);
		return -EOPNOTSUPP;
	}
	behalf->conn = target;
	behalf->cred = target->cred;
	behalf->other = true;
	return 0;
}

/**
 * kdbus_behalf_init() - find out for whom a command is to be done
 * @behalf:	set on success; kdbus_behalf_deinit() is due
 * @conn:	caller
 * @args:	command, perhaps with KDBUS_ITEM_BEHALF_ID
 *
 * Return: 0; -EINVAL for an id that nobody can have, -EPERM if the caller is
 * no owner, -ENXIO if there is no such connection, -EOPNOTSUPP if it is not an
 * ordinary one.
 */
int kdbus_behalf_init(struct kdbus_behalf *behalf, struct kdbus_conn *conn,
		      const struct kdbus_args *args)
{
	struct kdbus_item *item = kdbus_args_find(args, KDBUS_ITEM_BEHALF_ID);

	behalf->conn = conn;
	behalf->cred = current_cred();
	behalf->other = false;
	return item ? find_target(behalf, conn, item->id) : 0;
}

void kdbus_behalf_deinit(struct kdbus_behalf *behalf)
{
	if (!behalf->other)
		return;
	kdbus_active_release(&behalf->conn->active);
	kdbus_conn_unref(behalf->conn);
}
