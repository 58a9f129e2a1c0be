/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The signal that other services can be started now: ActivatableServicesChanged. */

#include <errno.h>

#include "lib/cmd.h"
#include "lib/conn.h"
#include "lib/item.h"
#include "lib/match-rule.h"
#include "lib/notify.h"
#include "proxy/activatable.h"
#include "proxy/client.h"

static int new_signal(const char *member, struct kb_message **out)
{
	int r;

	r = kb_message_new_signal(KB_DRIVER_PATH, KB_DRIVER_INTERFACE, member,
				  out);
	if (r < 0)
		return r;
	(*out)->cookie = KB_COOKIE_SYNTHETIC;
	(*out)->flags |= KB_NO_REPLY_EXPECTED;
	r = kb_message_set(*out, KB_FIELD_SENDER, KB_DRIVER_NAME);
	if (r < 0)
		*out = kb_message_unref(*out);
	return r;
}

static bool rule_wants(const struct kb_match_rule *rule, const char *member)
{
	_cleanup_(kb_message_unrefp) struct kb_message *signal = NULL;

	return new_signal(member, &signal) == 0 &&
	       kb_match_rule_test(rule, signal) > 0;
}

static int subscribe(struct kb_conn *conn, uint64_t type, uint64_t cookie)
{
	const struct kdbus_notify_id_change any = { .id = KDBUS_MATCH_ID_ANY };
	struct kb_buffer items = { 0 };
	int r;

	r = kb_item_append(&items, type, &any, sizeof(any));
	if (r == 0)
		r = kb_cmd_match_add(conn->fd, cookie, 0, &items, 0);
	kb_buffer_deinit(&items);
	return r;
}

int activatable_subscribe(struct kb_conn *conn, const struct kb_match_rule *rule,
			  uint64_t cookie)
{
	int r;

	/* a rule for owners without arguments has these notifications already */
	if (!rule_wants(rule, "ActivatableServicesChanged") ||
	    rule_wants(rule, "NameOwnerChanged"))
		return 0;
	r = subscribe(conn, KDBUS_ITEM_ID_ADD, cookie);
	if (r == 0)
		r = subscribe(conn, KDBUS_ITEM_ID_REMOVE, cookie);
	return r;
}

bool activatable_is_news(const struct kb_notification *notification)
{
	uint64_t flags = notification->type == KDBUS_ITEM_ID_ADD ?
				 notification->new_flags :
			 notification->type == KDBUS_ITEM_ID_REMOVE ?
				 notification->old_flags :
				 0;

	return flags & KDBUS_HELLO_ACTIVATOR;
}

int activatable_tell(struct client *client)
{
	_cleanup_(kb_message_unrefp) struct kb_message *signal = NULL;
	int r;

	r = new_signal("ActivatableServicesChanged", &signal);
	if (r < 0 || !matches_test(&client->matches, signal))
		return r;
	return client_deliver(client, signal);
}
