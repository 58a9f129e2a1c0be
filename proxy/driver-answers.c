/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the driver answered a client, seen in passing. */

#include <errno.h>

#include "lib/conn.h"
#include "lib/name.h"
#include "proxy/client.h"
#include "proxy/driver-answers.h"

/* What RequestName can return. */
enum {
	REQUEST_PRIMARY_OWNER = 1,
	REQUEST_IN_QUEUE = 2,
	REQUEST_EXISTS = 3,
	REQUEST_ALREADY_OWNER = 4,
};

/* ReleaseName: it was the client's, and is no more */
#define RELEASE_RELEASED 1

/*
 * The proxy tells of activators that come and go, removes header fields it does
 * not know, and can make a monitor of a client.  None is the driver's doing.
 */
static const struct {
	const char *property;
	const char *entry;
} additions[] = {
	{ "Features", "ActivatableServicesChanged" },
	{ "Features", "HeaderFiltering" },
	{ "Interfaces", KB_DRIVER_INTERFACE ".Monitoring" },
};

/* names */

static int answer_request(struct client *client,
			  const struct kb_message *message, const char *name)
{
	uint32_t result;

	if (!name || kb_message_read(message, "u", &result) < 0)
		return 0;
	/* what the kernel said meanwhile is newer */
	if (result == REQUEST_IN_QUEUE && !names_own(&client->names, name))
		return names_add(&client->names, name, true);
	if (result == REQUEST_EXISTS)
		names_remove(&client->names, name);
	return 0;
}

static int answer_release(struct client *client,
			  const struct kb_message *message, const char *name)
{
	uint32_t result;

	if (name && kb_message_read(message, "u", &result) == 0 &&
	    result == RELEASE_RELEASED)
		names_remove(&client->names, name);
	return 0;
}

/* properties */

static bool has_addition(const char *property)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(additions); i++)
		if (kb_streq(additions[i].property, property))
			return true;
	return false;
}

/* Copies a variant of "as", and what is to be added to it. */
static int copy_extended(struct kb_reader *reader, struct kb_writer *writer,
			 const char *property)
{
	_cleanup_(kb_strv_freep) char **strings = NULL;
	int r;

	r = kb_reader_read(reader, "v", "as", &strings);
	if (r < 0)
		return r;
	kb_writer_open(writer, 'v', "as");
	kb_writer_open(writer, 'a', "s");
	for (char **s = strings; s && *s; s++)
		kb_writer_string(writer, 's', *s);
	for (size_t i = 0; i < KB_ARRAY_SIZE(additions); i++)
		if (kb_streq(additions[i].property, property))
			kb_writer_string(writer, 's', additions[i].entry);
	kb_writer_close(writer);
	return kb_writer_close(writer);
}

/* Copies one more value of any type. */
static int copy_variant(struct kb_reader *reader, struct kb_writer *writer)
{
	char type[KB_SIGNATURE_MAX + 1];
	int r;

	r = kb_reader_contents(reader, type);
	if (r >= 0)
		r = kb_reader_enter(reader, 'v');
	if (r < 0)
		return r;
	kb_writer_open(writer, 'v', type);
	r = kb_value_copy(reader, writer);
	kb_writer_close(writer);
	return r < 0 ? r : kb_reader_exit(reader);
}

static int copy_property(struct kb_reader *reader, struct kb_writer *writer)
{
	const char *property;
	int r;

	r = kb_reader_enter(reader, '{');
	if (r == 0)
		r = kb_reader_read(reader, "s", &property);
	if (r < 0)
		return r;
	kb_writer_open(writer, '{', "sv");
	kb_writer_string(writer, 's', property);
	r = has_addition(property) ? copy_extended(reader, writer, property) :
				     copy_variant(reader, writer);
	kb_writer_close(writer);
	return r < 0 ? r : kb_reader_exit(reader);
}

static int copy_properties(struct kb_reader *reader, struct kb_writer *writer)
{
	int r;

	r = kb_reader_enter(reader, 'a');
	if (r < 0)
		return r;
	kb_writer_open(writer, 'a', "{sv}");
	while (r == 0 && !kb_reader_at_end(reader))
		r = copy_property(reader, writer);
	kb_writer_close(writer);
	return r < 0 ? r : kb_reader_exit(reader);
}

/* A reply with the same header and an empty body. */
static int answer_clone(const struct kb_message *message,
			struct kb_message **out)
{
	struct kb_message *copy;
	int r;

	r = kb_message_new(KB_METHOD_RETURN, &copy);
	if (r < 0)
		return r;
	r = kb_message_set(copy, KB_FIELD_DESTINATION, message->destination);
	if (r < 0) {
		kb_message_unref(copy);
		return r;
	}
	copy->flags = message->flags;
	copy->cookie = message->cookie;
	copy->reply_cookie = message->reply_cookie;
	copy->src_id = message->src_id;
	copy->dst_id = message->dst_id;
	*out = copy;
	return 0;
}

/* What is not as expected is passed on as it is. */
static int answer_extend(struct kb_message **message, enum driver_asked kind)
{
	bool all = kind == DRIVER_ASKED_ALL;
	struct kb_reader reader;
	struct kb_message *copy;
	int r;

	if ((*message)->type != KB_METHOD_RETURN ||
	    !kb_streq((*message)->signature, all ? "a{sv}" : "v"))
		return 0;
	r = answer_clone(*message, &copy);
	if (r < 0)
		return r;
	r = kb_message_reader(*message, &reader);
	if (r == 0) {
		struct kb_writer *writer = kb_message_writer(copy);

		r = !writer ? -ENOMEM :
		    all	    ? copy_properties(&reader, writer) :
			      copy_extended(&reader, writer,
					    kind == DRIVER_ASKED_FEATURES ?
						    "Features" :
						    "Interfaces");
		kb_reader_deinit(&reader);
	}
	if (r == 0)
		r = kb_message_seal(copy);
	if (r < 0) {
		kb_message_unref(copy);
		return r == -ENOMEM ? r : 0;
	}
	kb_message_unref(*message);
	*message = copy;
	return 0;
}

int driver_answer(struct client *client, struct kb_message **message)
{
	struct ledger_entry entry;
	int r = 0;

	if (!ledger_take(&client->asked, (*message)->reply_cookie, 0, &entry))
		return 0;
	refusal_driver(client, *message);
	switch ((enum driver_asked)entry.kind) {
	case DRIVER_ASKED_REQUEST:
		r = answer_request(client, *message, entry.name);
		break;
	case DRIVER_ASKED_RELEASE:
		r = answer_release(client, *message, entry.name);
		break;
	case DRIVER_ASKED_FEATURES:
	case DRIVER_ASKED_INTERFACES:
	case DRIVER_ASKED_ALL:
		r = answer_extend(message, entry.kind);
		break;
	case DRIVER_ASKED:
		break;
	}
	free(entry.name);
	if (r < 0)
		return r;
	return kb_message_set(*message, KB_FIELD_SENDER, KB_DRIVER_NAME);
}
