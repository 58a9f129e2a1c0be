/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notifications of the kernel, and the D-Bus messages they stand for.
 */
#ifndef KB_NOTIFY_H
#define KB_NOTIFY_H

#include "lib/message.h"
#include "lib/name.h"

/**
 * struct kb_notification - what a KB_NOTIFICATION message says
 * @type:	KDBUS_ITEM_NAME_ADD, _NAME_REMOVE, _NAME_CHANGE, _ID_ADD,
 *		_ID_REMOVE, _REPLY_TIMEOUT or _REPLY_DEAD
 * @name:	NAME_*: the name; borrowed from the message
 * @old_id:	NAME_*, ID_REMOVE: who had it, 0 for nobody; an activator or
 *		somebody in the queue counts as nobody
 * @new_id:	NAME_*, ID_ADD: who has it now, as above
 * @old_flags:	KDBUS_NAME_* or (ID_*) KDBUS_HELLO_*, as the kernel sent them
 * @new_flags:	the same
 * @cookie:	REPLY_*: the call's
 */
struct kb_notification {
	uint64_t type;
	const char *name;
	uint64_t old_id;
	uint64_t old_flags;
	uint64_t new_id;
	uint64_t new_flags;
	uint64_t cookie;
};

/* Return: 0, or -EBADMSG if @message is no (or a malformed) notification. */
int kb_notify_parse(const struct kb_message *message,
		    struct kb_notification *out);

/* Is it one of a name or id, and does anything visible change? (Activators
 * and policy holders come and go unseen.) */
bool kb_notify_is_owner_change(const struct kb_notification *notification);

/* Who it was and who it is, as strings for NameOwnerChanged: ":1.N" or "". */
void kb_notify_owner_names(const struct kb_notification *notification,
			   char out_name[KB_NAME_MAX + 1],
			   char out_old[KB_UNIQUE_NAME_SIZE],
			   char out_new[KB_UNIQUE_NAME_SIZE]);

/**
 * kb_notify_to_message() - the D-Bus message a notification stands for
 * @notification: owner changes become NameOwnerChanged, REPLY_* an error
 *		NoReply
 * @out:	with sender org.freedesktop.DBus and cookie KB_COOKIE_SYNTHETIC;
 *		NULL if there is none to see
 *
 * Return: 1 if there is a message, 0 if there is none, -ENOMEM.
 */
int kb_notify_to_message(const struct kb_notification *notification,
			 struct kb_message **out);

#endif /* KB_NOTIFY_H */
