/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of one line of the log. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-login.h>

#include "lib/conn.h"
#include "lib/message.h"
#include "proxy/client.h"
#include "proxy/record.h"

void record_deinit(struct record *record)
{
	for (size_t i = 0; i < record->n; i++)
		free(record->fields[i]);
}

void record_add(struct record *record, const char *format, ...)
{
	va_list arguments;
	char *field;
	int r;

	va_start(arguments, format);
	r = vasprintf(&field, format, arguments);
	va_end(arguments);
	if (r < 0)
		return;
	if (record->n == RECORD_FIELDS_MAX)
		free(field);
	else
		record->fields[record->n++] = field;
}

void record_text(struct record *record, const char *key, const char *value)
{
	if (value && *value)
		record_add(record, "%s=%.*s", key, RECORD_VALUE_MAX, value);
}

static void record_who(struct record *record, const char *prefix,
		       const struct client *client)
{
	const struct peer *peer = &client->peer;
	_cleanup_(kb_freep) char *unit = NULL;

	if (client->conn)
		record_add(record, "%s=%s", prefix, client_name(client));
	if (client->names.n > 0)
		record_add(record, "%s_NAME=%s", prefix, client->names.list[0]);
	record_add(record, "%s_PID=%d", prefix, peer->pid);
	record_add(record, "%s_UID=%u", prefix, peer->uid);
	record_add(record, "%s_COMM=%s", prefix, peer->comm);
	if (peer->pid > 0 && (sd_pid_get_unit(peer->pid, &unit) >= 0 ||
			      sd_pid_get_user_unit(peer->pid, &unit) >= 0))
		record_add(record, "%s_UNIT=%s", prefix, unit);
}

void record_client(struct record *record, const struct client *client)
{
	record_who(record, "KDBUS_CLIENT", client);
}

void record_peer(struct record *record, const struct client *peer)
{
	record_who(record, "KDBUS_PEER", peer);
}

void record_message(struct record *record, const struct kb_message *message)
{
	static const char *const types[] = { "notification", "method_call",
					     "method_return", "error",
					     "signal" };

	if (!message)
		return;
	if (message->type < KB_ARRAY_SIZE(types))
		record_text(record, "KDBUS_MESSAGE_TYPE", types[message->type]);
	record_text(record, "KDBUS_SENDER", message->sender);
	record_text(record, "KDBUS_DESTINATION", message->destination);
	record_text(record, "KDBUS_PATH", message->path);
	record_text(record, "KDBUS_INTERFACE", message->interface);
	record_text(record, "KDBUS_MEMBER", message->member);
	record_text(record, "KDBUS_ERROR", message->error_name);
}
