// SPDX-License-Identifier: LGPL-2.1-or-later
/* The driver about itself. */
#include <criterion/criterion.h>

#include "tests/unit/driver/fake-bus.h"

#define INTROSPECTABLE "org.freedesktop.DBus.Introspectable"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define MONITORING "org.freedesktop.DBus.Monitoring"
#define ROOT 2

static struct fake_conn conns[] = {
	{ .id = FAKE_US, .names = { KB_DRIVER_NAME } },
	{ .id = ROOT },
	{}
};

static void setup(void)
{
	fake_begin(conns);
}

TestSuite(introspect, .init = setup, .fini = fake_end);

static const char *xml(const char *path)
{
	return fake_call(ROOT, path, INTROSPECTABLE, "Introspect", "");
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

Test(introspect, each_row_of_the_tables_is_there_in_its_interface)
{
	const char *text = xml(KB_DRIVER_PATH), *interface = NULL, *end = NULL;
	char part[200];
	size_t n = 0;

	for (size_t i = 0; i < driver_n_methods; i++) {
		const struct method *m = &driver_methods[i];

		if (!i || !kb_streq(m->interface, driver_methods[i - 1].interface)) {
			snprintf(part, sizeof(part), "<interface name=\\\"%s\\\">", m->interface);
			interface = strstr(text, part);
			cr_assert_not_null(interface, "%s", part);
			end = strstr(interface, "</interface>");
			n++;
		}
		snprintf(part, sizeof(part), "<method name=\\\"%s\\\">", m->member);
		cr_expect(strstr(interface, part) && strstr(interface, part) < end, "%s", part);
	}
	cr_expect_eq(count(text, "<interface "), n);
	cr_expect_eq(count(text, "<method "), driver_n_methods);
	cr_expect_eq(count(text, "<signal "), driver_n_signals);
	cr_expect_eq(count(text, "<property "), 2);
}

Test(introspect, what_is_opened_is_closed)
{
	static const char *const elements[] = {
		"node", "interface", "method", "signal", "property",
	};
	char opened[32], closed[32];

	for (size_t i = 0; i < KB_ARRAY_SIZE(elements); i++) {
		snprintf(opened, sizeof(opened), "<%s%s", elements[i], i ? " " : ">");
		snprintf(closed, sizeof(closed), "</%s>", elements[i]);
		cr_expect_eq(count(xml(KB_DRIVER_PATH), opened), count(fake_answer, closed), "%s",
			     elements[i]);
	}
}

Test(introspect, a_dictionary_is_one_argument)
{
	cr_expect(strstr(xml(KB_DRIVER_PATH), "<arg direction=\\\"in\\\" type=\\\"a{ss}\\\"/>"));
	cr_expect_not(strstr(fake_answer, "type=\\\"su\\\""));
}

Test(introspect, parents_have_a_child_others_nothing)
{
	static const struct {
		const char *path;
		const char *child;
	} rows[] = {
		{ "/", "org" }, { "/org", "freedesktop" }, { "/org/freedesktop", "DBus" },
		{ "/or", NULL }, { "/org/freedesktop/DB", NULL }, { "/x", NULL },
		{ "/org/freedesktop/DBus/x", NULL }, { "/org/freedesktop/DBusX", NULL },
	};
	char part[60];

	for (size_t i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		snprintf(part, sizeof(part), "<node name=\\\"%s\\\"/>", rows[i].child ?: "");
		cr_expect_eq(!!strstr(xml(rows[i].path), part), !!rows[i].child, "%s", rows[i].path);
		cr_expect_eq(count(fake_answer, "name="), !!rows[i].child, "%s", rows[i].path);
		cr_expect(strstr(fake_answer, "<!DOCTYPE node"));
	}
}

#define get(interface, name) fake_call(ROOT, KB_DRIVER_PATH, PROPERTIES, "Get", "ss", interface, name)

Test(introspect, properties)
{
	expect_answer(get(KB_DRIVER_INTERFACE, "Features"), "v as 1 \"SystemdActivation\"");
	expect_answer(get(KB_DRIVER_INTERFACE, "Interfaces"),
		      "v as 1 \"org.freedesktop.DBus.Debug.Stats\"");
	expect_answer(get("x.y", "Features"), "ERROR UnknownInterface");
	expect_answer(get("", "Features"), "ERROR UnknownInterface");
	expect_answer(get(KB_DRIVER_INTERFACE, "features"), "ERROR UnknownProperty");
	expect_answer(fake_call(ROOT, KB_DRIVER_PATH, PROPERTIES, "GetAll", "s", KB_DRIVER_INTERFACE),
		      "a{sv} 2 \"Features\" as 1 \"SystemdActivation\" "
		      "\"Interfaces\" as 1 \"org.freedesktop.DBus.Debug.Stats\"");
	expect_answer(fake_call(ROOT, KB_DRIVER_PATH, PROPERTIES, "GetAll", "s", "x.y"),
		      "ERROR UnknownInterface");
}

#define set(interface, name) \
	fake_call(ROOT, KB_DRIVER_PATH, PROPERTIES, "Set", "ssv", interface, name, "s", "x")

Test(introspect, properties_cannot_be_set)
{
	expect_answer(set(KB_DRIVER_INTERFACE, "Features"), "ERROR PropertyReadOnly");
	expect_answer(set(KB_DRIVER_INTERFACE, "Nothing"), "ERROR UnknownProperty");
	expect_answer(set("x.y", "Features"), "ERROR UnknownInterface");
}

#define monitor(rules, flags) \
	fake_call(ROOT, KB_DRIVER_PATH, MONITORING, "BecomeMonitor", "asu", rules, flags)

Test(introspect, nobody_becomes_a_monitor_here)
{
	char *good[] = { "member='M'", "", NULL }, *bad[] = { "member='M'", "x", NULL };

	expect_answer(monitor(NULL, 0), "ERROR NotSupported");
	expect_answer(monitor(good, 0), "ERROR NotSupported");
	expect_answer(monitor(bad, 0), "ERROR MatchRuleInvalid");
	expect_answer(monitor(bad, 1), "ERROR InvalidArgs");
}
