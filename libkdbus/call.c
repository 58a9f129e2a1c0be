// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sending, and what comes back. */
#include <errno.h>
#include <stdarg.h>

#include "libkdbus/call.h"
#include "libkdbus/connection.h"
#include "libkdbus/message.h"

/**
 * struct pending - a call whose reply is awaited
 * @cookie:	of the call
 */
struct pending {
	struct pending *next;
	uint64_t cookie;
	kdbus_reply_handler handler;
	void *userdata;
};

/* sending */

/* A message that is sent again is another one. */
static void message_renew(struct kdbus_message *message)
{
	message->kb->cookie = 0;
	message->kb->deadline_ns = 0;
}

int kdbus_send(struct kdbus_connection *bus, struct kdbus_message *message)
{
	message_renew(message);
	return kb_conn_send(bus->kb, message->kb);
}

int kdbus_call(struct kdbus_connection *bus, struct kdbus_message *call, uint64_t timeout_ns,
	       struct kdbus_message **out_reply)
{
	struct kb_message *kb;
	struct kdbus_message *reply;
	bool is_error;
	int r;

	message_renew(call);
	r = kb_conn_call(bus->kb, call->kb, timeout_ns, &kb);
	/* the kernel's word for an answer that we cannot take, and ours for one
	 * that is an error, are the same */
	if (r < 0)
		return r == -EREMOTEIO ? -ECOMM : r;
	is_error = kb->type == KB_ERROR;
	reply = message_wrap(kb);
	if (!reply)
		return -ENOMEM;
	if (out_reply)
		*out_reply = reply;
	else
		kdbus_message_unref(reply);
	return is_error ? -EREMOTEIO : 0;
}

/* pending calls */

static uint64_t deadline(uint64_t timeout_ns)
{
	uint64_t now = kb_now_ns();

	if (!timeout_ns)
		return 0;
	return timeout_ns < KB_TIMEOUT_INFINITE - now ? now + timeout_ns : KB_TIMEOUT_INFINITE;
}

int kdbus_call_async(struct kdbus_connection *bus, struct kdbus_message *call,
		     uint64_t timeout_ns, kdbus_reply_handler handler, void *userdata)
{
	struct pending *pending;
	int r;

	if (!handler || call->kb->type != KB_METHOD_CALL ||
	    call->kb->flags & KB_NO_REPLY_EXPECTED)
		return -EINVAL;
	pending = malloc(sizeof(*pending));
	if (!pending)
		return -ENOMEM;
	message_renew(call);
	call->kb->deadline_ns = deadline(timeout_ns);
	r = kb_conn_send(bus->kb, call->kb);
	if (r < 0) {
		free(pending);
		return r;
	}
	*pending = (struct pending){
		.next = bus->pending,
		.cookie = call->kb->cookie,
		.handler = handler,
		.userdata = userdata,
	};
	bus->pending = pending;
	return 0;
}

static struct pending *pending_unlink(struct kdbus_connection *bus, uint64_t cookie)
{
	struct pending **link = &bus->pending, *pending;

	while (*link && (*link)->cookie != cookie)
		link = &(*link)->next;
	pending = *link;
	if (pending)
		*link = pending->next;
	return pending;
}

int pending_take(struct kdbus_connection *bus, uint64_t cookie, struct kdbus_message *reply)
{
	struct pending *pending = pending_unlink(bus, cookie);
	int r;

	if (!pending)
		return 0;
	r = pending->handler(reply, pending->userdata);
	free(pending);
	return r < 0 ? r : 1;
}

int kdbus_cancel(struct kdbus_connection *bus, struct kdbus_message *call)
{
	struct pending *pending = pending_unlink(bus, call->kb->cookie);

	if (!pending)
		return -ENOENT;
	free(pending);
	return 0;
}

void pending_free(struct kdbus_connection *bus)
{
	struct pending *pending;

	while ((pending = bus->pending)) {
		bus->pending = pending->next;
		free(pending);
	}
}

/* answering */

static int answer(struct kdbus_connection *bus, struct kdbus_message *call,
		  struct kb_message *reply)
{
	int r;

	r = kb_conn_reply(bus->kb, call->kb, reply);
	if (r >= 0)
		message_settle(call);
	return r;
}

static int check_call(const struct kdbus_message *call)
{
	if (call->kb->type != KB_METHOD_CALL)
		return -EINVAL;
	return call->is_answered ? -EALREADY : 0;
}

int kdbus_reply(struct kdbus_connection *bus, struct kdbus_message *call, const char *types,
		...)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	va_list list;
	int r;

	r = check_call(call);
	if (r >= 0)
		r = kb_message_new_return(call->kb, &reply);
	if (r < 0)
		return r;
	va_start(list, types);
	r = kb_message_appendv(reply, types, list);
	va_end(list);
	return r < 0 ? r : answer(bus, call, reply);
}

int kdbus_reply_error(struct kdbus_connection *bus, struct kdbus_message *call,
		      const char *name, const char *text)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	int r;

	r = check_call(call);
	if (r >= 0)
		r = kb_message_new_error(call->kb, name, text, &reply);
	return r < 0 ? r : answer(bus, call, reply);
}

int kdbus_emit(struct kdbus_connection *bus, const char *path, const char *interface,
	       const char *member, const char *types, ...)
{
	_cleanup_(kb_message_unrefp) struct kb_message *signal = NULL;
	va_list list;
	int r;

	r = kb_message_new_signal(path, interface, member, &signal);
	if (r < 0)
		return r;
	va_start(list, types);
	r = kb_message_appendv(signal, types, list);
	va_end(list);
	return r < 0 ? r : kb_conn_send(bus->kb, signal);
}
