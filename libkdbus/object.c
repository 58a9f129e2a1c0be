// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is served, and whose method a call is. */
#include <errno.h>
#include <systemd/sd-id128.h>

#include "lib/error.h"
#include "lib/name.h"
#include "lib/signature.h"
#include "libkdbus/connection.h"
#include "libkdbus/introspect.h"
#include "libkdbus/message.h"
#include "libkdbus/object.h"

#define PEER		"org.freedesktop.DBus.Peer"
#define INTROSPECTABLE	"org.freedesktop.DBus.Introspectable"

/* serving */

static bool methods_are_valid(const struct kdbus_method *methods)
{
	for (; methods->member; methods++)
		if (!kb_member_is_valid(methods->member) || !methods->in || !methods->out ||
		    !methods->function ||
		    !kb_signature_is_valid(methods->in, strlen(methods->in)) ||
		    !kb_signature_is_valid(methods->out, strlen(methods->out)))
			return false;
	return true;
}

/* Where it is, or where it would have to be. */
static struct object **object_find(struct kdbus_connection *bus, const char *path,
				   const char *interface)
{
	struct object **link = &bus->objects;

	while (*link && strcmp((*link)->path, path) < 0)
		link = &(*link)->next;
	while (*link && kb_streq((*link)->path, path) && !kb_streq((*link)->interface, interface))
		link = &(*link)->next;
	return link;
}

static bool object_is(const struct object *object, const char *path, const char *interface)
{
	return object && kb_streq(object->path, path) && kb_streq(object->interface, interface);
}

int kdbus_serve(struct kdbus_connection *bus, const char *path, const char *interface,
		const struct kdbus_method *methods, void *userdata)
{
	struct object **link = object_find(bus, path, interface), *object;
	size_t size = strlen(path) + 1;

	if (!kb_path_is_valid(path) || !kb_interface_is_valid(interface) ||
	    !methods_are_valid(methods))
		return -EINVAL;
	if (object_is(*link, path, interface) || kb_streq(interface, PEER) ||
	    kb_streq(interface, INTROSPECTABLE))
		return -EEXIST;
	object = malloc(sizeof(*object) + size + strlen(interface) + 1);
	if (!object)
		return -ENOMEM;
	object->methods = methods;
	object->userdata = userdata;
	strcpy(object->path, path);
	object->interface = strcpy(object->path + size, interface);
	object->next = *link;
	*link = object;
	return 0;
}

int kdbus_unserve(struct kdbus_connection *bus, const char *path, const char *interface)
{
	struct object **link = object_find(bus, path, interface), *object = *link;

	if (!object_is(object, path, interface))
		return -ENOENT;
	*link = object->next;
	free(object);
	return 0;
}

void objects_free(struct kdbus_connection *bus)
{
	struct object *object;

	while ((object = bus->objects)) {
		bus->objects = object->next;
		free(object);
	}
}

/* what every object has */

static int peer_ping(struct kdbus_message *call _unused_, struct kdbus_message *reply _unused_,
		     void *userdata _unused_)
{
	return 0;
}

static int peer_get_machine_id(struct kdbus_message *call _unused_, struct kdbus_message *reply,
			       void *userdata _unused_)
{
	char text[SD_ID128_STRING_MAX];
	sd_id128_t id;
	int r;

	r = sd_id128_get_machine(&id);
	return r < 0 ? r : kdbus_message_append(reply, "s", sd_id128_to_string(id, text));
}

static int introspectable_introspect(struct kdbus_message *call, struct kdbus_message *reply,
				     void *userdata)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer xml = {};
	const struct kdbus_connection *bus = userdata;
	int r;

	r = introspect(bus->objects, call->kb->path, &xml);
	if (r == -ENOENT)
		return kdbus_fail(reply, KB_ERROR_UNKNOWN_OBJECT, "There is no such object");
	return r < 0 ? r : kdbus_message_append(reply, "s", (char *)xml.data);
}

/* clang-format off */
static const struct kdbus_method peer_methods[] = {
	{ "Ping",		"",	"",	peer_ping },
	{ "GetMachineId",	"",	"s",	peer_get_machine_id },
	{},
};

static const struct kdbus_method introspectable_methods[] = {
	{ "Introspect",		"",	"s",	introspectable_introspect },
	{},
};

static const struct {
	const char *interface;
	const struct kdbus_method *methods;
} everywhere[] = {
	{ PEER,			peer_methods },
	{ INTROSPECTABLE,	introspectable_methods },
};
/* clang-format on */

/* finding */

/**
 * struct target - whose a call is
 * @error:	if it is nobody's, the name of that
 */
struct target {
	const struct kdbus_method *method;
	void *userdata;
	const char *error;
};

static const struct kdbus_method *method_find(const struct kdbus_method *methods,
					      const char *member)
{
	while (methods->member && !kb_streq(methods->member, member))
		methods++;
	return methods->member ? methods : NULL;
}

static bool wants(const struct kb_message *call, const char *interface)
{
	return !call->interface || kb_streq(call->interface, interface);
}

/* What is not there is said as exactly as one can: the last of these that holds. */
static struct target target_find(struct kdbus_connection *bus, const struct kb_message *call)
{
	struct target target = { .error = KB_ERROR_UNKNOWN_OBJECT };

	for (size_t i = 0; i < KB_ARRAY_SIZE(everywhere) && !target.method; i++)
		if (wants(call, everywhere[i].interface)) {
			target.method = method_find(everywhere[i].methods, call->member);
			target.userdata = bus;
			if (call->interface)
				target.error = KB_ERROR_UNKNOWN_METHOD;
		}
	for (const struct object *o = bus->objects; o && !target.method; o = o->next) {
		if (!kb_streq(o->path, call->path))
			continue;
		if (kb_streq(target.error, KB_ERROR_UNKNOWN_OBJECT))
			target.error = call->interface ? KB_ERROR_UNKNOWN_INTERFACE :
							 KB_ERROR_UNKNOWN_METHOD;
		if (!wants(call, o->interface))
			continue;
		target.error = KB_ERROR_UNKNOWN_METHOD;
		target.method = method_find(o->methods, call->member);
		target.userdata = o->userdata;
	}
	return target;
}

/* calling */

static int refuse_unknown(struct kdbus_connection *bus, const struct kb_message *call,
			  const char *error)
{
	return kb_conn_reply_error(bus->kb, call, error, "There is no method %s.%s of %s",
				   call->interface ?: "*", call->member, call->path);
}

static int refuse_arguments(struct kdbus_connection *bus, const struct kb_message *call,
			    const struct kdbus_method *method)
{
	return kb_conn_reply_error(bus->kb, call, KB_ERROR_INVALID_ARGS,
				   "%s takes \"%s\", not \"%s\"", method->member, method->in,
				   call->signature);
}

/* What a method has left in its reply. */
static int send_reply(struct kdbus_connection *bus, const struct kb_message *call,
		      const struct kdbus_method *method, struct kb_message *reply)
{
	int r;

	r = kb_message_seal(reply);
	if (r < 0)
		return kb_conn_reply_errno(bus->kb, call, r, NULL);
	if (reply->type == KB_METHOD_RETURN && !kb_streq(reply->signature, method->out))
		return kb_conn_reply_error(bus->kb, call, KB_ERROR_FAILED,
					   "%s should give \"%s\", but gives \"%s\"",
					   method->member, method->out, reply->signature);
	r = kb_conn_reply(bus->kb, call, reply);
	/* nobody is to wait for what cannot be sent */
	return r >= 0 ? r : kb_conn_reply_error(bus->kb, call, KB_ERROR_FAILED,
						"The answer of %s cannot be sent: %s",
						method->member, strerror(-r));
}

/* Who waits for an answer waits for us, until message_settle(). */
static void owe(struct kdbus_connection *bus, struct kdbus_message *call)
{
	if (call->kb->flags & KB_NO_REPLY_EXPECTED)
		return;
	call->owes = connection_ref(bus);
	bus->n_owed++;
}

static int method_call(struct kdbus_connection *bus, struct kdbus_message *call,
		       const struct target *target)
{
	_cleanup_(message_unrefp) struct kdbus_message *reply = NULL;
	int r;

	r = kdbus_message_new_return(call, &reply);
	if (r < 0)
		return r;
	owe(bus, call);
	r = target->method->function(call, reply, target->userdata);
	if (call->is_answered || r == KDBUS_LATER)
		return 0;
	/* a second reply is nobody's */
	message_settle(call);
	if (r == -EBADMSG)
		return kb_conn_reply_error(bus->kb, call->kb, KB_ERROR_INVALID_ARGS,
					   "The arguments of %s are malformed",
					   target->method->member);
	if (r < 0)
		return kb_conn_reply_errno(bus->kb, call->kb, r, NULL);
	return send_reply(bus, call->kb, target->method, reply->kb);
}

int objects_call(struct kdbus_connection *bus, struct kdbus_message *call)
{
	struct target target = target_find(bus, call->kb);

	if (!target.method)
		return refuse_unknown(bus, call->kb, target.error);
	if (!kb_streq(call->kb->signature, target.method->in))
		return refuse_arguments(bus, call->kb, target.method);
	return method_call(bus, call, &target);
}
