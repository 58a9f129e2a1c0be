// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One method call, from its message to its answer.
 */
#include <errno.h>
#include <stdarg.h>

#include "driver/call.h"

/* answering */

static int call_make_reply(struct call *call)
{
	return call->reply ? 0 : kb_message_new_return(call->message, &call->reply);
}

struct kb_writer *call_writer(struct call *call)
{
	return call_make_reply(call) < 0 ? NULL : kb_message_writer(call->reply);
}

int call_append(struct call *call, const char *types, ...)
{
	struct kb_writer *writer = call_writer(call);
	va_list args;
	int r;

	if (!writer)
		return -ENOMEM;
	va_start(args, types);
	r = kb_writer_appendv(writer, types, args);
	va_end(args);
	return r;
}

/* A text that did not fit may end within a character, and would be refused. */
static void drop_half_character(char *text)
{
	size_t n = strlen(text);

	while (!kb_utf8_is_valid(text, n))
		text[--n] = '\0';
}

int call_fail(struct call *call, const char *error, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	drop_half_character(text);
	kb_conn_reply_error(call->driver->conn, call->message, error, "%s", text);
	return CALL_DONE;
}

/* asking */

int call_read(struct call *call, const char *types, ...)
{
	struct kb_reader reader;
	va_list args;
	int r;

	r = kb_message_reader(call->message, &reader);
	if (r >= 0) {
		va_start(args, types);
		r = kb_reader_readv(&reader, types, args);
		va_end(args);
		if (r >= 0)
			r = kb_reader_finish(&reader);
		kb_reader_deinit(&reader);
	}
	if (r == -EBADMSG)
		return call_fail(call, KB_ERROR_INVALID_ARGS, "The arguments are malformed");
	return r;
}

uint64_t call_behalf(const struct call *call)
{
	return call->driver->behalf ? call->message->src_id : 0;
}

/*
 * The kernel attaches the credentials of the task that sent the message; none
 * if its connection was made in somebody else's name, and then that somebody
 * counts.
 */
static uint64_t call_user(struct call *call)
{
	const struct kb_message *message = call->message;
	uint64_t user = KB_ID_UNSET;
	struct kb_info info;

	if (message->meta.creds)
		return message->meta.creds->euid;
	if (kb_conn_info(call->driver->conn, message->src_id, NULL, KDBUS_ATTACH_CREDS, 0,
			 &info) < 0)
		return user;
	if (info.meta.creds)
		user = info.meta.creds->euid;
	kb_info_deinit(&info);
	return user;
}

bool call_is_privileged(struct call *call)
{
	uint64_t user = call_user(call);

	return user != KB_ID_UNSET && (user == 0 || user == call->driver->owner_uid);
}

/* dispatching */

/* The row of the table, or NULL after having answered why there is none. */
static const struct method *call_method(struct call *call)
{
	const struct kb_message *message = call->message;
	const char *interface = message->interface;
	bool known = false;
	size_t i;

	for (i = 0; i < driver_n_methods; i++) {
		const struct method *method = &driver_methods[i];

		if (interface && !kb_streq(interface, method->interface))
			continue;
		known = true;
		if (kb_streq(message->member, method->member))
			return method;
	}
	if (!known)
		call_fail(call, KB_ERROR_UNKNOWN_INTERFACE,
			  KB_DRIVER_NAME " has no interface %s", interface);
	else
		call_fail(call, KB_ERROR_UNKNOWN_METHOD, KB_DRIVER_NAME " has no method %s",
			  message->member);
	return NULL;
}

/* CALL_DONE if the call must not be carried out; then it was answered. */
static int call_check(struct call *call, const struct method *method)
{
	const struct kb_message *message = call->message;

	if ((method->flags & METHOD_OBJECT) && !kb_streq(message->path, KB_DRIVER_PATH))
		return call_fail(call, KB_ERROR_ACCESS_DENIED,
				 "%s can be called on " KB_DRIVER_PATH " only", method->member);
	if ((method->flags & METHOD_PRIVILEGED) && !call_is_privileged(call))
		return call_fail(call, KB_ERROR_ACCESS_DENIED,
				 "%s is for the owner of the bus only", method->member);
	if (!kb_streq(message->signature, method->in))
		return call_fail(call, KB_ERROR_INVALID_ARGS,
				 "%s takes arguments of type \"%s\", not \"%s\"", method->member,
				 method->in, message->signature);
	if ((method->flags & METHOD_BEHALF) && !call->driver->behalf)
		return call_fail(call, KB_ERROR_NOT_SUPPORTED,
				 "This kernel does not let the driver act for others");
	return 0;
}

void call_dispatch(struct driver *driver, struct kb_message *message)
{
	struct call call = { .driver = driver, .message = message };
	const struct method *method;
	int r;

	method = call_method(&call);
	if (!method || call_check(&call, method))
		return;

	r = method->function(&call);
	if (r == CALL_REPLY)
		r = call_make_reply(&call);
	if (r < 0)
		kb_conn_reply_errno(driver->conn, message, r, NULL);
	else if (r == CALL_REPLY)
		kb_conn_reply(driver->conn, message, call.reply);
	kb_message_unref(call.reply);
}
