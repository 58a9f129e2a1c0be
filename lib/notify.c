// SPDX-License-Identifier: LGPL-2.1-or-later
/* Notifications of the kernel, and the D-Bus messages they stand for. */
#include <errno.h>

#include "lib/error.h"
#include "lib/name.h"
#include "lib/notify.h"

static int parse_name_change(const struct kdbus_item *item,
			     struct kb_notification *out)
{
	const struct kdbus_notify_name_change *change = &item->name_change;
	const uint64_t nobody = KDBUS_NAME_IN_QUEUE | KDBUS_NAME_ACTIVATOR;
	size_t size = kb_item_size(item);

	if (size <= sizeof(*change) ||
	    strnlen(change->name, size - sizeof(*change)) !=
	    size - sizeof(*change) - 1 ||
	    !kb_name_is_well_known(change->name))
		return -EBADMSG;

	out->name = change->name;
	out->old_flags = change->old_id.flags;
	out->new_flags = change->new_id.flags;
	if (!(out->old_flags & nobody))
		out->old_id = change->old_id.id;
	if (!(out->new_flags & nobody))
		out->new_id = change->new_id.id;
	return 0;
}

int kb_notify_parse(const struct kb_message *message,
		    struct kb_notification *out)
{
	const struct kdbus_item *item = message->notification;

	if (message->type != KB_NOTIFICATION || !item)
		return -EBADMSG;

	*out = (struct kb_notification){ .type = item->type };
	switch (item->type) {
	case KDBUS_ITEM_NAME_ADD:
	case KDBUS_ITEM_NAME_REMOVE:
	case KDBUS_ITEM_NAME_CHANGE:
		return parse_name_change(item, out);
	case KDBUS_ITEM_ID_ADD:
		out->new_id = item->id_change.id;
		out->new_flags = item->id_change.flags;
		break;
	case KDBUS_ITEM_ID_REMOVE:
		out->old_id = item->id_change.id;
		out->old_flags = item->id_change.flags;
		break;
	case KDBUS_ITEM_REPLY_TIMEOUT:
	case KDBUS_ITEM_REPLY_DEAD:
		out->cookie = message->reply_cookie;
		return 0;
	default:
		return -EBADMSG;
	}
	return kb_item_size(item) == sizeof(item->id_change) ? 0 : -EBADMSG;
}

bool kb_notify_is_owner_change(const struct kb_notification *notification)
{
	const uint64_t unseen = KDBUS_HELLO_ACTIVATOR |
				KDBUS_HELLO_POLICY_HOLDER |
				KDBUS_HELLO_MONITOR;

	switch (notification->type) {
	case KDBUS_ITEM_NAME_ADD:
	case KDBUS_ITEM_NAME_REMOVE:
	case KDBUS_ITEM_NAME_CHANGE:
		return notification->old_id || notification->new_id;
	case KDBUS_ITEM_ID_ADD:
	case KDBUS_ITEM_ID_REMOVE:
		return !((notification->old_flags | notification->new_flags) &
			 unseen);
	default:
		return false;
	}
}

static void owner_name(uint64_t id, char out[KB_UNIQUE_NAME_SIZE])
{
	if (id)
		kb_unique_name(id, out);
	else
		*out = '\0';
}

void kb_notify_owner_names(const struct kb_notification *notification,
			   char out_name[KB_NAME_MAX + 1],
			   char out_old[KB_UNIQUE_NAME_SIZE],
			   char out_new[KB_UNIQUE_NAME_SIZE])
{
	owner_name(notification->old_id, out_old);
	owner_name(notification->new_id, out_new);
	if (notification->name)
		snprintf(out_name, KB_NAME_MAX + 1, "%s", notification->name);
	else
		strcpy(out_name, *out_old ? out_old : out_new);
}

static int owner_changed(const struct kb_notification *notification,
			 struct kb_message **out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	char old[KB_UNIQUE_NAME_SIZE], new[KB_UNIQUE_NAME_SIZE];
	char name[KB_NAME_MAX + 1];
	int r;

	kb_notify_owner_names(notification, name, old, new);
	r = kb_message_new_signal(KB_DRIVER_PATH, KB_DRIVER_INTERFACE,
				  "NameOwnerChanged", &message);
	if (r >= 0)
		r = kb_message_append(message, "sss", name, old, new);
	if (r >= 0)
		r = kb_message_set(message, KB_FIELD_SENDER, KB_DRIVER_NAME);
	if (r >= 0)
		r = kb_message_seal(message);
	if (r < 0)
		return r;
	message->cookie = KB_COOKIE_SYNTHETIC;
	message->dst_id = KDBUS_DST_ID_BROADCAST;
	*out = TAKE_PTR(message);
	return 1;
}

static int no_reply(const struct kb_notification *notification,
		    struct kb_message **out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	/* the reference's words, which some clients look at */
	const char *text = notification->type == KDBUS_ITEM_REPLY_TIMEOUT ?
			   "Message did not receive a reply (timeout by message bus)" :
			   "Message recipient disconnected from message bus without replying";
	int r;

	r = kb_message_new(KB_ERROR, &message);
	if (r >= 0)
		r = kb_message_set(message, KB_FIELD_ERROR_NAME,
				   KB_ERROR_NO_REPLY);
	if (r >= 0)
		r = kb_message_set(message, KB_FIELD_SENDER, KB_DRIVER_NAME);
	if (r >= 0)
		r = kb_message_append(message, "s", text);
	if (r >= 0)
		r = kb_message_seal(message);
	if (r < 0)
		return r;
	message->cookie = KB_COOKIE_SYNTHETIC;
	message->reply_cookie = notification->cookie;
	*out = TAKE_PTR(message);
	return 1;
}

int kb_notify_to_message(const struct kb_notification *notification,
			 struct kb_message **out)
{
	*out = NULL;
	switch (notification->type) {
	case KDBUS_ITEM_REPLY_TIMEOUT:
	case KDBUS_ITEM_REPLY_DEAD:
		return no_reply(notification, out);
	default:
		return kb_notify_is_owner_change(notification) ?
		       owner_changed(notification, out) : 0;
	}
}
