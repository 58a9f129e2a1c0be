// SPDX-License-Identifier: GPL-2.0-only
/* The table of commands. */

#include <linux/kernel.h>

#include "entry/commands.h"
#include "flow/claim.h"
#include "flow/inform.h"
#include "flow/join.h"
#include "flow/listen.h"
#include "flow/receive.h"
#include "flow/send.h"
#include "flow/serve.h"
#include "object/conn.h"

#define MANY KDBUS_ITEM_MANY
#define MUST KDBUS_ITEM_MUST

#define RULE(struct_type, accepted_flags, accepted_items)		\
	{								\
		.fixed = sizeof(struct_type),				\
		.flags = accepted_flags,				\
		.items = accepted_items,				\
		.n_items = ARRAY_SIZE(accepted_items),			\
	}

#define RULE_PLAIN(struct_type, accepted_flags)				\
	{								\
		.fixed = sizeof(struct_type),				\
		.flags = accepted_flags,				\
	}

/* clang-format off */

/* what each command accepts: kdbus.item(7) has the same table */

static const struct kdbus_args_item bus_make_items[] = {
	{ KDBUS_ITEM_MAKE_NAME,		MUST },
	{ KDBUS_ITEM_BLOOM_PARAMETER,	MUST },
	{ KDBUS_ITEM_ATTACH_FLAGS_SEND },
};
const struct kdbus_args_rule kdbus_bus_make_rule =
	RULE(struct kdbus_cmd,
	     KDBUS_MAKE_ACCESS_GROUP | KDBUS_MAKE_ACCESS_WORLD, bus_make_items);

static const struct kdbus_args_item endpoint_make_items[] = {
	{ KDBUS_ITEM_MAKE_NAME,		MUST },
};
const struct kdbus_args_rule kdbus_endpoint_make_rule =
	RULE(struct kdbus_cmd,
	     KDBUS_MAKE_ACCESS_GROUP | KDBUS_MAKE_ACCESS_WORLD,
	     endpoint_make_items);

static const struct kdbus_args_item endpoint_update_items[] = {
	{ KDBUS_ITEM_NAME,		MANY },
	{ KDBUS_ITEM_POLICY_ACCESS,	MANY },
};
const struct kdbus_args_rule kdbus_endpoint_update_rule =
	RULE(struct kdbus_cmd, 0, endpoint_update_items);

static const struct kdbus_args_item hello_items[] = {
	{ KDBUS_ITEM_NAME },
	{ KDBUS_ITEM_CREDS },
	{ KDBUS_ITEM_PIDS },
	{ KDBUS_ITEM_SECLABEL },
	{ KDBUS_ITEM_CONN_DESCRIPTION },
	{ KDBUS_ITEM_POLICY_ACCESS,	MANY },
};
const struct kdbus_args_rule kdbus_hello_rule =
	RULE(struct kdbus_cmd_hello,
	     KDBUS_HELLO_ACCEPT_FD | KDBUS_HELLO_ACTIVATOR |
	     KDBUS_HELLO_POLICY_HOLDER | KDBUS_HELLO_MONITOR, hello_items);

const struct kdbus_args_rule kdbus_byebye_rule = RULE_PLAIN(struct kdbus_cmd, 0);

static const struct kdbus_args_item update_items[] = {
	{ KDBUS_ITEM_ATTACH_FLAGS_SEND },
	{ KDBUS_ITEM_ATTACH_FLAGS_RECV },
	{ KDBUS_ITEM_NAME,		MANY },
	{ KDBUS_ITEM_POLICY_ACCESS,	MANY },
};
static const struct kdbus_args_rule update_rule =
	RULE(struct kdbus_cmd, 0, update_items);

static const struct kdbus_args_rule free_rule =
	RULE_PLAIN(struct kdbus_cmd_free, 0);

static const struct kdbus_args_item conn_info_items[] = {
	{ KDBUS_ITEM_NAME },
	{ KDBUS_ITEM_BEHALF_ID },
	{ KDBUS_ITEM_PROCESS },
	{ KDBUS_ITEM_USAGE },
};
static const struct kdbus_args_rule conn_info_rule =
	RULE(struct kdbus_cmd_info, 0, conn_info_items);
static const struct kdbus_args_rule creator_info_rule =
	RULE_PLAIN(struct kdbus_cmd_info, 0);

static const struct kdbus_args_item list_items[] = {
	{ KDBUS_ITEM_BEHALF_ID },
};
static const struct kdbus_args_rule list_rule =
	RULE(struct kdbus_cmd_list,
	     KDBUS_LIST_UNIQUE | KDBUS_LIST_NAMES | KDBUS_LIST_ACTIVATORS |
	     KDBUS_LIST_QUEUED, list_items);

static const struct kdbus_args_item send_items[] = {
	{ KDBUS_ITEM_CANCEL_FD },
};
static const struct kdbus_args_rule send_rule =
	RULE(struct kdbus_cmd_send, KDBUS_SEND_SYNC_REPLY, send_items);
static const struct kdbus_args_rule call_rule =
	RULE(struct kdbus_cmd_send, KDBUS_CALL_FREE, send_items);

static const struct kdbus_args_rule serve_rule =
	RULE_PLAIN(struct kdbus_cmd_serve,
		   KDBUS_SERVE_FREE | KDBUS_SERVE_USE_PRIORITY);

static const struct kdbus_args_rule recv_rule =
	RULE_PLAIN(struct kdbus_cmd_recv,
		   KDBUS_RECV_PEEK | KDBUS_RECV_DROP | KDBUS_RECV_USE_PRIORITY);

static const struct kdbus_args_item name_items[] = {
	{ KDBUS_ITEM_NAME,		MUST },
	{ KDBUS_ITEM_BEHALF_ID },
};
static const struct kdbus_args_rule name_acquire_rule =
	RULE(struct kdbus_cmd,
	     KDBUS_NAME_REPLACE_EXISTING | KDBUS_NAME_ALLOW_REPLACEMENT |
	     KDBUS_NAME_QUEUE, name_items);
static const struct kdbus_args_rule name_release_rule =
	RULE(struct kdbus_cmd, 0, name_items);

static const struct kdbus_args_item match_add_items[] = {
	{ KDBUS_ITEM_BLOOM_MASK,	MANY },
	{ KDBUS_ITEM_NAME,		MANY },
	{ KDBUS_ITEM_ID,		MANY },
	{ KDBUS_ITEM_DST_ID,		MANY },
	{ KDBUS_ITEM_NAME_ADD,		MANY },
	{ KDBUS_ITEM_NAME_REMOVE,	MANY },
	{ KDBUS_ITEM_NAME_CHANGE,	MANY },
	{ KDBUS_ITEM_ID_ADD,		MANY },
	{ KDBUS_ITEM_ID_REMOVE,		MANY },
	{ KDBUS_ITEM_BEHALF_ID },
};
static const struct kdbus_args_rule match_add_rule =
	RULE(struct kdbus_cmd_match, KDBUS_MATCH_REPLACE, match_add_items);

static const struct kdbus_args_item match_remove_items[] = {
	{ KDBUS_ITEM_BEHALF_ID },
};
static const struct kdbus_args_rule match_remove_rule =
	RULE(struct kdbus_cmd_match, 0, match_remove_items);

/* the commands */

#define O	KDBUS_ORDINARY
#define OA	(KDBUS_ORDINARY | KDBUS_ACTIVATOR)
#define OAM	(KDBUS_ORDINARY | KDBUS_ACTIVATOR | KDBUS_MONITOR)
#define ALL	(KDBUS_ORDINARY | KDBUS_ACTIVATOR | KDBUS_MONITOR | KDBUS_HOLDER)

/* fields from @first to the end of the fixed part are outputs */
#define OUT(struct_type, first)						\
	.out = offsetof(struct_type, first),				\
	.out_size = sizeof(struct_type) - offsetof(struct_type, first)

static const struct kdbus_command commands[] = {
	{ KDBUS_CMD_SEND,	&send_rule,	OA,	kdbus_send,
	  OUT(struct kdbus_cmd_send, reply), .negotiates = true },
	{ KDBUS_CMD_RECV,	&recv_rule,	OAM,	kdbus_receive },
	{ KDBUS_CMD_FREE,	&free_rule,	OAM,	kdbus_release },
	{ KDBUS_CMD_SERVE,	&serve_rule,	OA,	kdbus_serve },
	{ KDBUS_CMD_CALL,	&call_rule,	O,	kdbus_call },
	{ KDBUS_CMD_NAME_ACQUIRE, &name_acquire_rule, O, kdbus_claim },
	{ KDBUS_CMD_NAME_RELEASE, &name_release_rule, O, kdbus_yield },
	{ KDBUS_CMD_MATCH_ADD,	&match_add_rule, O,	kdbus_listen },
	{ KDBUS_CMD_MATCH_REMOVE, &match_remove_rule, O, kdbus_unlisten },
	{ KDBUS_CMD_LIST,	&list_rule,	ALL,	kdbus_inform_list,
	  OUT(struct kdbus_cmd_list, offset) },
	{ KDBUS_CMD_CONN_INFO,	&conn_info_rule, ALL,	kdbus_inform_conn,
	  OUT(struct kdbus_cmd_info, offset) },
	{ KDBUS_CMD_BUS_CREATOR_INFO, &creator_info_rule, ALL,
	  kdbus_inform_creator, OUT(struct kdbus_cmd_info, offset) },
	{ KDBUS_CMD_UPDATE,	&update_rule,	ALL,	kdbus_update },
};

/* clang-format on */

/**
 * kdbus_command_find() - look up a command of connections
 * @cmd:	ioctl number
 *
 * Return: the row, or NULL.
 */
const struct kdbus_command *kdbus_command_find(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].cmd == cmd)
			return &commands[i];
	return NULL;
}
