// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver about itself: introspection, peer and properties.
 */
#include <errno.h>
#include <systemd/sd-id128.h>

#include "driver/introspect.h"
#include "driver/matches.h"
#include "lib/signature.h"

#define DOCTYPE \
	"<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n" \
	"\"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"

/* properties, all of them "as" and constant */

static const char *const features[] = { "SystemdActivation", NULL };
static const char *const interfaces[] = { "org.freedesktop.DBus.Debug.Stats", NULL };

static const struct property {
	const char *name;
	const char *const *value;
} properties[] = {
	{ "Features", features },
	{ "Interfaces", interfaces },
};

/* introspection */

/* One line per complete type; @direction and @names may be NULL. */
static void print_args(struct kb_buffer *xml, const char *signature, const char *direction,
		       const char *const *names)
{
	int n;

	for (; *signature; signature += n) {
		n = kb_signature_next(signature);
		if (n <= 0)
			return;
		kb_buffer_printf(xml, "      <arg");
		if (names && *names)
			kb_buffer_printf(xml, " name=\"%s\"", *names++);
		if (direction)
			kb_buffer_printf(xml, " direction=\"%s\"", direction);
		kb_buffer_printf(xml, " type=\"%.*s\"/>\n", n, signature);
	}
}

static void print_method(struct kb_buffer *xml, const struct method *method)
{
	kb_buffer_printf(xml, "    <method name=\"%s\">\n", method->member);
	print_args(xml, method->in, "in", NULL);
	print_args(xml, method->out, "out", NULL);
	kb_buffer_printf(xml, "    </method>\n");
}

static void print_signals(struct kb_buffer *xml, const char *interface)
{
	size_t i;

	for (i = 0; i < driver_n_signals; i++) {
		const struct signal *signal = &driver_signals[i];

		if (!kb_streq(signal->interface, interface))
			continue;
		kb_buffer_printf(xml, "    <signal name=\"%s\">\n", signal->member);
		print_args(xml, signal->signature, NULL, signal->names);
		kb_buffer_printf(xml, "    </signal>\n");
	}
}

static void print_properties(struct kb_buffer *xml, const char *interface)
{
	size_t i;

	if (!kb_streq(interface, KB_DRIVER_INTERFACE))
		return;
	for (i = 0; i < KB_ARRAY_SIZE(properties); i++)
		kb_buffer_printf(xml,
				 "    <property name=\"%s\" type=\"as\" access=\"read\">\n"
				 "      <annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" value=\"const\"/>\n"
				 "    </property>\n",
				 properties[i].name);
}

static void print_interfaces(struct kb_buffer *xml)
{
	const char *interface = NULL;
	size_t i;

	for (i = 0; i < driver_n_methods; i++) {
		const struct method *method = &driver_methods[i];

		if (!interface || !kb_streq(interface, method->interface)) {
			interface = method->interface;
			kb_buffer_printf(xml, "  <interface name=\"%s\">\n", interface);
		}
		print_method(xml, method);
		if (i + 1 < driver_n_methods && kb_streq(driver_methods[i + 1].interface, interface))
			continue;
		print_properties(xml, interface);
		print_signals(xml, interface);
		kb_buffer_printf(xml, "  </interface>\n");
	}
}

/* The next element of our path below @path, or NULL: "freedesktop/DBus" below
 * "/org". */
static const char *child_of(const char *path)
{
	const char *rest;

	if (kb_streq(path, "/"))
		return KB_DRIVER_PATH + 1;
	rest = kb_startswith(KB_DRIVER_PATH, path);
	return rest && *rest == '/' ? rest + 1 : NULL;
}

int introspect_describe(const char *path, struct kb_buffer *xml)
{
	const char *child = child_of(path);

	kb_buffer_printf(xml, DOCTYPE "<node>\n");
	if (kb_streq(path, KB_DRIVER_PATH))
		print_interfaces(xml);
	else if (child)
		kb_buffer_printf(xml, "  <node name=\"%.*s\"/>\n", (int)strcspn(child, "/"), child);
	kb_buffer_printf(xml, "</node>\n");
	/* The NUL comes last: if it fits, so did the rest. */
	return kb_buffer_append(xml, "", 1);
}

int introspect_introspect(struct call *call)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer xml = {};
	int r;

	r = introspect_describe(call->message->path, &xml);
	return r < 0 ? r : call_append(call, "s", (const char *)xml.data);
}

/* peer */

int introspect_ping(struct call *call _unused_)
{
	return CALL_REPLY;
}

int introspect_machine_id(struct call *call)
{
	char text[SD_ID128_STRING_MAX];
	sd_id128_t id;

	if (sd_id128_get_machine(&id) < 0)
		return call_fail(call, KB_ERROR_FILE_NOT_FOUND, "This machine has no id");
	return call_append(call, "s", sd_id128_to_string(id, text));
}

/* properties */

static int check_interface(struct call *call, const char *interface)
{
	if (kb_streq(interface, KB_DRIVER_INTERFACE))
		return 0;
	return call_fail(call, KB_ERROR_UNKNOWN_INTERFACE, "There are no properties of %s",
			 interface);
}

static const struct property *find_property(const char *name)
{
	size_t i;

	for (i = 0; i < KB_ARRAY_SIZE(properties); i++)
		if (kb_streq(properties[i].name, name))
			return &properties[i];
	return NULL;
}

static int fail_unknown_property(struct call *call, const char *name)
{
	return call_fail(call, KB_ERROR_UNKNOWN_PROPERTY, "There is no property %s", name);
}

int introspect_get(struct call *call)
{
	const struct property *property;
	const char *interface, *name;
	int r;

	r = call_read(call, "ss", &interface, &name);
	if (!r)
		r = check_interface(call, interface);
	if (r)
		return r;
	property = find_property(name);
	if (!property)
		return fail_unknown_property(call, name);
	return call_append(call, "v", "as", property->value);
}

int introspect_get_all(struct call *call)
{
	struct kb_writer *writer;
	const char *interface;
	size_t i;
	int r;

	r = call_read(call, "s", &interface);
	if (!r)
		r = check_interface(call, interface);
	if (r)
		return r;
	writer = call_writer(call);
	if (!writer)
		return -ENOMEM;
	kb_writer_open(writer, 'a', "{sv}");
	for (i = 0; i < KB_ARRAY_SIZE(properties); i++)
		kb_writer_append(writer, "{sv}", properties[i].name, "as", properties[i].value);
	return kb_writer_close(writer);
}

int introspect_set(struct call *call)
{
	const char *interface, *name;
	struct kb_reader reader;
	int r;

	r = kb_message_reader(call->message, &reader);
	if (r >= 0) {
		r = kb_reader_read(&reader, "ss", &interface, &name);
		if (r >= 0)
			r = kb_reader_finish(&reader);
		kb_reader_deinit(&reader);
	}
	if (r < 0)
		return call_fail(call, KB_ERROR_INVALID_ARGS, "The arguments are malformed");
	r = check_interface(call, interface);
	if (r)
		return r;
	if (!find_property(name))
		return fail_unknown_property(call, name);
	return call_fail(call, KB_ERROR_PROPERTY_READ_ONLY, "The property %s cannot be set", name);
}

/* monitoring */

/* A connection is a monitor from its first moment on, or never. */
int introspect_become_monitor(struct call *call)
{
	_cleanup_(kb_strv_freep) char **rules = NULL;
	uint32_t flags;
	size_t i;
	int r;

	r = call_read(call, "asu", &rules, &flags);
	if (r)
		return r;
	if (flags)
		return call_fail(call, KB_ERROR_INVALID_ARGS, "Unknown flags 0x%x", flags);
	for (i = 0; rules && rules[i]; i++) {
		_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;

		r = matches_parse(call, rules[i], &rule);
		if (r)
			return r;
	}
	return call_fail(call, KB_ERROR_NOT_SUPPORTED,
			 "A connection cannot become a monitor; connect with the monitor flag");
}
