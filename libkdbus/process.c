// SPDX-License-Identifier: LGPL-2.1-or-later
/* One message after the other, to whom it is for; and how that ends. */
#include <errno.h>

#include "lib/notify.h"
#include "libkdbus/call.h"
#include "libkdbus/connection.h"
#include "libkdbus/message.h"
#include "libkdbus/name.h"
#include "libkdbus/object.h"
#include "libkdbus/subscription.h"

/* What the kernel says is what the driver of D-Bus would have said. */
static int translate(struct kb_message **message)
{
	_cleanup_(kb_message_unrefp) struct kb_message *notification = *message;
	struct kb_notification parsed;
	int r;

	*message = NULL;
	r = kb_notify_parse(notification, &parsed);
	return r < 0 ? r : kb_notify_to_message(&parsed, message);
}

static int dispatch(struct kdbus_connection *bus, struct kdbus_message *message)
{
	switch (message->kb->type) {
	case KB_METHOD_CALL:
		/* a caller that is gone is no failure of ours */
		(void)objects_call(bus, message);
		return 0;
	case KB_SIGNAL:
		return subscriptions_tell(bus, message);
	default:
		return pending_take(bus, message->kb->reply_cookie, message);
	}
}

/* Takes @kb over. */
static int process_message(struct kdbus_connection *bus, struct kb_message *kb)
{
	_cleanup_(message_unrefp) struct kdbus_message *message = NULL;
	_cleanup_(connection_unrefp) struct kdbus_connection *own = connection_ref(bus);
	int r = 1;

	if (kb->type == KB_NOTIFICATION)
		r = translate(&kb);
	if (r <= 0) {
		kb_message_unref(kb);
		return r == -EBADMSG ? 0 : r;
	}
	message = message_wrap(kb);
	if (!message)
		return -ENOMEM;
	return dispatch(own, message);
}

int kdbus_process(struct kdbus_connection *bus)
{
	struct kb_message *kb;
	int r;

	if (kb_conn_fd(bus->kb) < 0)
		return -ENOTCONN;
	r = kb_conn_recv(bus->kb, &kb);
	if (r == -EAGAIN)
		return 0;
	if (r >= 0)
		r = process_message(bus, kb);
	return r < 0 ? r : 1;
}

int kdbus_wait(struct kdbus_connection *bus, uint64_t timeout_ns)
{
	return kb_conn_wait(bus->kb, timeout_ns > INT64_MAX ? -1 : (int64_t)timeout_ns);
}

int kdbus_run(struct kdbus_connection *bus, uint64_t idle_ns)
{
	_cleanup_(connection_unrefp) struct kdbus_connection *own = connection_ref(bus);
	int r;

	for (;;) {
		do
			r = kdbus_process(own);
		while (r > 0);
		if (r == 0)
			r = kdbus_wait(own, idle_ns);
		if (r == 0) {
			r = kdbus_leave(own);
			if (r != -EBUSY)
				return r;
			/* only a message can change that */
			r = kdbus_wait(own, KDBUS_FOREVER);
		}
		if (r < 0)
			return r;
	}
}

/* leaving */

/* Whoever answered later, or called others, while we were about to go: stays. */
static int process_last(struct kb_message *kb, void *userdata)
{
	struct kdbus_connection *bus = userdata;
	int r;

	r = process_message(bus, kb_message_ref(kb));
	if (r >= 0 && (bus->pending || bus->n_owed))
		r = -EBUSY;
	return r;
}

int kdbus_leave(struct kdbus_connection *bus)
{
	_cleanup_(connection_unrefp) struct kdbus_connection *own = connection_ref(bus);
	int r, again;

	r = kb_conn_wait(own->kb, 0);
	if (r < 0)
		return r;
	if (r > 0 || own->pending || own->n_owed)
		return -EBUSY;
	r = names_release(own);
	if (r >= 0)
		r = kb_conn_exit_on_idle(own->kb, NULL, process_last, own);
	if (r == 0) {
		kdbus_detach_event(own);
		return 0;
	}
	/* whoever goes on after an error of a handler goes on as before */
	again = names_request(own);
	return r == -EBUSY && again < 0 ? again : r;
}
