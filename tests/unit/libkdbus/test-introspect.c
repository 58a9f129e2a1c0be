// SPDX-License-Identifier: LGPL-2.1-or-later
/* The description of what is served. */
#include <criterion/criterion.h>
#include <errno.h>

#include "libkdbus/connection.h"
#include "libkdbus/introspect.h"

static struct kdbus_connection bus;

static int nothing(struct kdbus_message *call, struct kdbus_message *reply, void *userdata)
{
	(void)call;
	(void)reply;
	(void)userdata;
	return 0;
}

static const struct kdbus_method methods[] = {
	{ "Get", "sa{sv}", "(ii)", nothing },
	{ "Stop", "", "", nothing },
	{},
};

static struct kb_buffer text;

static void end(void)
{
	objects_free(&bus);
	kb_buffer_deinit(&text);
}

TestSuite(introspect, .fini = end);

/* Good until the next one. */
static const char *xml(const char *path)
{
	kb_buffer_deinit(&text);
	return introspect(bus.objects, path, &text) < 0 ? "none" : (const char *)text.data;
}

static void serve(const char *path, const char *interface)
{
	cr_assert_eq(kdbus_serve(&bus, path, interface, methods, NULL), 0);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

Test(introspect, shows_each_method_with_its_types)
{
	serve("/a", "org.example.A");
	cr_expect(strstr(xml("/a"), "  <interface name=\"org.example.A\">\n"
				    "    <method name=\"Get\">\n"
				    "      <arg direction=\"in\" type=\"s\"/>\n"
				    "      <arg direction=\"in\" type=\"a{sv}\"/>\n"
				    "      <arg direction=\"out\" type=\"(ii)\"/>\n"
				    "    </method>\n"
				    "    <method name=\"Stop\">\n"
				    "    </method>\n"
				    "  </interface>\n"));
	cr_expect_str_eq(xml("/b"), "none");
}

Test(introspect, shows_what_is_below_once)
{
	serve("/a/c/d", "org.example.A");
	serve("/a/b", "org.example.A");
	serve("/a/b", "org.example.B");
	serve("/a/b/x", "org.example.A");
	serve("/a/bc", "org.example.A");
	serve("/z", "org.example.A");
	cr_expect_eq(count(xml("/"), "<node name=\"a\"/>"), 1);
	cr_expect_eq(count(xml("/"), "<node name"), 2);
	cr_expect_eq(count(xml("/"), "org.example"), 0);
	cr_expect_eq(count(xml("/a"), "<node name"), 3);
	cr_expect_eq(count(xml("/a"), "<node name=\"b\"/>"), 1);
	cr_expect_eq(count(xml("/a/b"), "<interface name=\"org.example"), 2);
	cr_expect_eq(count(xml("/a/b"), "<node name=\"x\"/>"), 1);
	cr_expect_eq(count(xml("/a/b"), "<node name"), 1);
}

Test(introspect, knows_what_was_ended)
{
	serve("/a", "org.example.A");
	serve("/a", "org.example.B");
	cr_expect_eq(kdbus_serve(&bus, "/a", "org.example.B", methods, NULL), -EEXIST);
	cr_expect_eq(kdbus_unserve(&bus, "/a", "org.example.A"), 0);
	cr_expect_eq(kdbus_unserve(&bus, "/a", "org.example.A"), -ENOENT);
	cr_expect_eq(count(xml("/a"), "org.example.A"), 0);
	cr_expect_eq(count(xml("/a"), "org.example.B"), 1);
}

Test(introspect, is_not_given_what_cannot_be_described)
{
	static const struct kdbus_method wrong[][2] = {
		{ { "0", "", "", nothing }, {} },
		{ { "M", "a", "", nothing }, {} },
		{ { "M", "", "(", nothing }, {} },
		{ { "M", NULL, "", nothing }, {} },
		{ { "M", "", "", NULL }, {} },
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(wrong); i++)
		cr_expect_eq(kdbus_serve(&bus, "/a", "org.example.A", wrong[i], NULL), -EINVAL, "%zu", i);
	cr_expect_eq(kdbus_serve(&bus, "a", "org.example.A", methods, NULL), -EINVAL);
	cr_expect_eq(kdbus_serve(&bus, "/a", "example", methods, NULL), -EINVAL);
	cr_expect_eq(kdbus_serve(&bus, "/a", "org.freedesktop.DBus.Peer", methods, NULL), -EEXIST);
}
