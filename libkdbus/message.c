// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages: made, filled, read. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include "libkdbus/connection.h"
#include "libkdbus/message.h"

/* life */

struct kdbus_message *message_wrap(struct kb_message *kb)
{
	struct kdbus_message *message = calloc(1, sizeof(*message));

	if (!message) {
		kb_message_unref(kb);
		return NULL;
	}
	message->n_refs = 1;
	message->kb = kb;
	return message;
}

void message_settle(struct kdbus_message *call)
{
	call->is_answered = true;
	if (!call->owes)
		return;
	call->owes->n_owed--;
	call->owes = connection_unref(call->owes);
}

struct kdbus_message *kdbus_message_ref(struct kdbus_message *message)
{
	message->n_refs++;
	return message;
}

static void message_close_reader(struct kdbus_message *message)
{
	if (message->reader)
		kb_reader_deinit(message->reader);
	free(TAKE_PTR(message->reader));
}

struct kdbus_message *kdbus_message_unref(struct kdbus_message *message)
{
	if (!message || --message->n_refs)
		return NULL;
	message_settle(message);
	message_close_reader(message);
	kdbus_credentials_free(message->credentials);
	kb_message_unref(message->kb);
	free(message);
	return NULL;
}

/* making */

static int message_give(int r, struct kb_message *kb, struct kdbus_message **out)
{
	struct kdbus_message *message;

	if (r < 0)
		return r;
	message = message_wrap(kb);
	if (!message)
		return -ENOMEM;
	*out = message;
	return 0;
}

int kdbus_message_new_call(const char *destination, const char *path, const char *interface,
			   const char *member, struct kdbus_message **out)
{
	struct kb_message *kb = NULL;
	int r = kb_message_new_call(destination, path, interface, member, &kb);

	return message_give(r, kb, out);
}

int kdbus_message_new_signal(const char *path, const char *interface, const char *member,
			     struct kdbus_message **out)
{
	struct kb_message *kb = NULL;
	int r = kb_message_new_signal(path, interface, member, &kb);

	return message_give(r, kb, out);
}

int kdbus_message_new_return(struct kdbus_message *call, struct kdbus_message **out)
{
	struct kb_message *kb = NULL;
	int r = -EINVAL;

	if (call->kb->type == KB_METHOD_CALL)
		r = kb_message_new_return(call->kb, &kb);
	return message_give(r, kb, out);
}

int kdbus_message_new_error(struct kdbus_message *call, const char *name, const char *text,
			    struct kdbus_message **out)
{
	struct kb_message *kb = NULL;
	int r = -EINVAL;

	if (call->kb->type == KB_METHOD_CALL)
		r = kb_message_new_error(call->kb, name, text, &kb);
	return message_give(r, kb, out);
}

/* The reply stays the same object for whoever holds it. */
int kdbus_fail(struct kdbus_message *reply, const char *name, const char *text)
{
	_cleanup_(kb_message_unrefp) struct kb_message *error = NULL;
	int r;

	r = kb_message_new(KB_ERROR, &error);
	if (r >= 0)
		r = kb_message_set(error, KB_FIELD_DESTINATION, reply->kb->destination);
	if (r >= 0)
		r = kb_message_set(error, KB_FIELD_ERROR_NAME, name);
	if (r >= 0 && text)
		r = kb_message_append(error, "s", text);
	if (r < 0)
		return r;
	error->reply_cookie = reply->kb->reply_cookie;
	message_close_reader(reply);
	reply->error_text = NULL;
	kb_message_unref(reply->kb);
	reply->kb = TAKE_PTR(error);
	return 0;
}

int kdbus_message_set_destination(struct kdbus_message *message, const char *destination)
{
	return kb_message_set(message->kb, KB_FIELD_DESTINATION, destination);
}

int kdbus_message_set_flags(struct kdbus_message *message, unsigned int flags)
{
	if (message->kb->type != KB_METHOD_CALL ||
	    flags & ~(KDBUS_NO_REPLY | KDBUS_NO_START | KDBUS_INTERACTIVE))
		return -EINVAL;
	message->kb->flags = flags;
	return 0;
}

/* the header */

enum kdbus_message_type kdbus_message_type(const struct kdbus_message *message)
{
	return (enum kdbus_message_type)message->kb->type;
}

unsigned int kdbus_message_flags(const struct kdbus_message *message)
{
	return message->kb->flags;
}

const char *kdbus_message_path(const struct kdbus_message *message)
{
	return message->kb->path;
}

const char *kdbus_message_interface(const struct kdbus_message *message)
{
	return message->kb->interface;
}

const char *kdbus_message_member(const struct kdbus_message *message)
{
	return message->kb->member;
}

const char *kdbus_message_destination(const struct kdbus_message *message)
{
	return message->kb->destination;
}

const char *kdbus_message_sender(const struct kdbus_message *message)
{
	return message->kb->sender;
}

const char *kdbus_message_signature(const struct kdbus_message *message)
{
	const struct kb_writer *writer = message->kb->writer;

	return writer ? writer->signature : message->kb->signature;
}

const char *kdbus_message_error_name(const struct kdbus_message *message)
{
	return message->kb->error_name;
}

const char *kdbus_message_error_text(struct kdbus_message *message)
{
	struct kb_reader reader;

	if (message->error_text)
		return message->error_text;
	message->error_text = "";
	if (message->kb->type != KB_ERROR || kb_message_seal(message->kb) < 0)
		return "";
	if (kb_message_reader(message->kb, &reader) < 0 ||
	    kb_reader_read(&reader, "s", &message->error_text) < 0)
		message->error_text = "";
	kb_reader_deinit(&reader);
	return message->error_text;
}

/* filling */

int kdbus_message_append(struct kdbus_message *message, const char *types, ...)
{
	va_list list;
	int r;

	va_start(list, types);
	r = kb_message_appendv(message->kb, types, list);
	va_end(list);
	return r;
}

static int message_writer(struct kdbus_message *message, struct kb_writer **out)
{
	*out = kb_message_writer(message->kb);
	if (*out)
		return 0;
	return message->kb->body ? -EINVAL : -ENOMEM;
}

int kdbus_message_open(struct kdbus_message *message, char type, const char *contents)
{
	struct kb_writer *writer;
	int r = message_writer(message, &writer);

	return r < 0 ? r : kb_writer_open(writer, type, contents);
}

int kdbus_message_close(struct kdbus_message *message)
{
	struct kb_writer *writer;
	int r = message_writer(message, &writer);

	return r < 0 ? r : kb_writer_close(writer);
}

int kdbus_message_append_memfd(struct kdbus_message *message, int fd, uint64_t start,
			       size_t size)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return own < 0 ? -errno : kb_message_append_memfd(message->kb, own, start, size);
}

int kdbus_message_add_fd(struct kdbus_message *message, int fd)
{
	uint32_t index;
	int r;

	if (fd < 0)
		return -EBADF;
	if (message->kb->body) {
		kb_close(fd);
		return -EINVAL;
	}
	r = kb_message_add_fd(message->kb, fd, &index);
	return r < 0 ? r : (int)index;
}

/* reading */

static int message_open_reader(struct kdbus_message *message)
{
	struct kb_reader *reader;
	int r;

	if (message->reader)
		return 0;
	r = kb_message_seal(message->kb);
	if (r < 0)
		return r;
	reader = malloc(sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	r = kb_message_reader(message->kb, reader);
	if (r < 0) {
		kb_reader_deinit(reader);
		free(reader);
		return r;
	}
	message->reader = reader;
	return 0;
}

int kdbus_message_read(struct kdbus_message *message, const char *types, ...)
{
	va_list list;
	int r = message_open_reader(message);

	if (r < 0)
		return r;
	va_start(list, types);
	r = kb_reader_readv(message->reader, types, list);
	va_end(list);
	return r;
}

int kdbus_message_enter(struct kdbus_message *message, char type)
{
	int r = message_open_reader(message);

	return r < 0 ? r : kb_reader_enter(message->reader, type);
}

int kdbus_message_exit(struct kdbus_message *message)
{
	int r = message_open_reader(message);

	return r < 0 ? r : kb_reader_exit(message->reader);
}

int kdbus_message_peek(struct kdbus_message *message)
{
	int r = message_open_reader(message);

	return r < 0 ? r : kb_reader_peek(message->reader);
}

int kdbus_message_skip(struct kdbus_message *message)
{
	int r = message_open_reader(message);

	return r < 0 ? r : kb_reader_skip(message->reader);
}

int kdbus_message_rewind(struct kdbus_message *message)
{
	message_close_reader(message);
	return message_open_reader(message);
}

/* descriptors */

int kdbus_message_fd(const struct kdbus_message *message, uint32_t number)
{
	return number < message->kb->n_fds ? message->kb->fds[number] : -1;
}

int kdbus_message_take_fd(struct kdbus_message *message, uint32_t number)
{
	return number < message->kb->n_fds ? TAKE_FD(message->kb->fds[number]) : -1;
}

void kdbus_strings_free(char **strings)
{
	kb_strv_free(strings);
}
