// SPDX-License-Identifier: GPL-2.0-only
/* MATCH_ADD and MATCH_REMOVE. */

#include "flow/behalf.h"
#include "flow/listen.h"
#include "object/conn.h"
#include "object/match.h"
#include "util/args.h"

/**
 * kdbus_listen() - KDBUS_CMD_MATCH_ADD
 * @conn:	caller
 * @args:	struct kdbus_cmd_match
 *
 * Return: 0 or one of the errors of kdbus.match(7).
 */
int kdbus_listen(struct kdbus_conn *conn, struct kdbus_args *args)
{
	struct kdbus_cmd_match *cmd = args->data;
	struct kdbus_behalf behalf;
	int r;

	r = kdbus_behalf_init(&behalf, conn, args);
	if (r)
		return r;
	r = kdbus_matches_add(&behalf.conn->matches, cmd->cookie,
			      cmd->flags & KDBUS_MATCH_REPLACE,
			      kdbus_args_items(args),
			      (u8 *)args->data + args->size);
	kdbus_behalf_deinit(&behalf);
	return r;
}

/**
 * kdbus_unlisten() - KDBUS_CMD_MATCH_REMOVE
 * @conn:	caller
 * @args:	struct kdbus_cmd_match
 *
 * Return: 0 or one of the errors of kdbus.match(7).
 */
int kdbus_unlisten(struct kdbus_conn *conn, struct kdbus_args *args)
{
	struct kdbus_cmd_match *cmd = args->data;
	struct kdbus_behalf behalf;
	int r;

	r = kdbus_behalf_init(&behalf, conn, args);
	if (r)
		return r;
	r = kdbus_matches_remove(&behalf.conn->matches, cmd->cookie);
	kdbus_behalf_deinit(&behalf);
	return r;
}
