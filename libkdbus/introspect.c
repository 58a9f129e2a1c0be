// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is served, in the words of org.freedesktop.DBus.Introspectable. */
#include <errno.h>

#include "lib/name.h"
#include "lib/signature.h"
#include "libkdbus/introspect.h"

static const char head[] =
	"<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
	"\"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"
	"<node>\n";

/* What every object has; all of it is answered by the library. */
static const char always[] =
	"  <interface name=\"org.freedesktop.DBus.Introspectable\">\n"
	"    <method name=\"Introspect\">\n"
	"      <arg direction=\"out\" type=\"s\"/>\n"
	"    </method>\n"
	"  </interface>\n"
	"  <interface name=\"org.freedesktop.DBus.Peer\">\n"
	"    <method name=\"GetMachineId\">\n"
	"      <arg direction=\"out\" type=\"s\"/>\n"
	"    </method>\n"
	"    <method name=\"Ping\"/>\n"
	"  </interface>\n";

static int add_arguments(struct kb_buffer *xml, const char *signature, const char *direction)
{
	int n, r = 0;

	for (; *signature && r >= 0; signature += n) {
		n = kb_signature_next(signature);
		if (n < 0)
			return n;
		r = kb_buffer_printf(xml, "      <arg direction=\"%s\" type=\"%.*s\"/>\n",
				     direction, n, signature);
	}
	return r;
}

static int add_interface(struct kb_buffer *xml, const struct object *object)
{
	int r;

	r = kb_buffer_printf(xml, "  <interface name=\"%s\">\n", object->interface);
	for (const struct kdbus_method *m = object->methods; m->member && r >= 0; m++) {
		r = kb_buffer_printf(xml, "    <method name=\"%s\">\n", m->member);
		if (r >= 0)
			r = add_arguments(xml, m->in, "in");
		if (r >= 0)
			r = add_arguments(xml, m->out, "out");
		if (r >= 0)
			r = kb_buffer_append_string(xml, "    </method>\n");
	}
	return r < 0 ? r : kb_buffer_append_string(xml, "  </interface>\n");
}

/* The element behind @path in a path below it, or NULL. */
static const char *child(const struct object *object, const char *path, size_t *out_size)
{
	const char *name;

	if (kb_streq(object->path, path) || !kb_path_is_in_namespace(object->path, path))
		return NULL;
	name = object->path + (kb_streq(path, "/") ? 0 : strlen(path)) + 1;
	*out_size = strcspn(name, "/");
	return name;
}

/* Each once: those with the same first element are adjacent. */
static int add_children(struct kb_buffer *xml, const struct object *objects, const char *path,
			bool *out_any)
{
	const char *name, *last = "";
	size_t size, last_size = 0;
	int r = 0;

	for (; objects && r >= 0; objects = objects->next) {
		name = child(objects, path, &size);
		if (!name || (size == last_size && !memcmp(name, last, size)))
			continue;
		*out_any = true;
		last = name;
		last_size = size;
		r = kb_buffer_printf(xml, "  <node name=\"%.*s\"/>\n", (int)size, name);
	}
	return r;
}

int introspect(const struct object *objects, const char *path, struct kb_buffer *xml)
{
	bool any = false;
	int r;

	r = kb_buffer_append_string(xml, head);
	if (r >= 0)
		r = kb_buffer_append_string(xml, always);
	for (const struct object *o = objects; o && r >= 0; o = o->next)
		if (kb_streq(o->path, path)) {
			any = true;
			r = add_interface(xml, o);
		}
	if (r >= 0)
		r = add_children(xml, objects, path, &any);
	if (r >= 0)
		r = kb_buffer_append(xml, "</node>\n", sizeof("</node>\n"));
	if (r < 0)
		return r;
	return any ? 0 : -ENOENT;
}
