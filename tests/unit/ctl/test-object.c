// SPDX-License-Identifier: LGPL-2.1-or-later
/* Introspection data become members and children. */
#include <criterion/criterion.h>
#include <errno.h>

#include "ctl/object.h"

static const char document[] =
	"<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object "
	"Introspection 1.0//EN\" \"http://www.freedesktop.org/x.dtd\">\n"
	"<node name='/'>\n"
	" <interface name='a.b'>\n"
	"  <annotation name='org.freedesktop.DBus.Deprecated' value='true'/>\n"
	"  <method name='M'><arg type='s' direction='in'/><arg type='u'/>"
	"<arg name='x' type='a{sv}' direction='out'/>"
	"<annotation name='org.freedesktop.DBus.Method.NoReply' value='true'/>"
	"</method>\n"
	"  <property name='P' type='u' access='readwrite'>"
	"<annotation name='org.freedesktop.DBus.Property.EmitsChangedSignal' "
	"value='const'/></property>\n"
	"  <property name='W' type='s' access='write'/>\n"
	"  <signal name='S'><arg type='s'/><arg type='i'/></signal>\n"
	" </interface>\n"
	" <node name='child'/><node name='bad/./name'/><node name='two/deep'/>\n"
	" <node name='/absolute'/><node name=''/>\n"
	" <node name='with'><interface name='not.ours'><method name='N'/>"
	"</interface></node>\n"
	"</node>\n";

static void expect_member(struct member *member, enum member_kind kind,
			  const char *name, const char *in, const char *out,
			  const char *flags)
{
	cr_expect_eq(member->kind, kind);
	cr_expect_str_eq(member->interface, "a.b");
	if (name)
		cr_expect_str_eq(member->name, name);
	cr_expect_str_eq(member_text(&member->in), in);
	cr_expect_str_eq(member_text(&member->out), out);
	cr_expect_str_eq(member_text(&member->flags), flags);
}

Test(object, a_document_is_understood)
{
	struct object object;

	cr_assert_eq(object_parse(document, &object), 0);
	cr_assert_eq(object.n_members, 5);
	expect_member(&object.members[0], MEMBER_INTERFACE, NULL, "", "",
		      "deprecated");
	expect_member(&object.members[1], MEMBER_METHOD, "M", "su", "a{sv}",
		      "no-reply");
	expect_member(&object.members[2], MEMBER_PROPERTY, "P", "u", "",
		      "writable const");
	expect_member(&object.members[3], MEMBER_PROPERTY, "W", "s", "",
		      "writable");
	expect_member(&object.members[4], MEMBER_SIGNAL, "S", "si", "", "");
	cr_expect(object.members[2].readable);
	cr_expect_not(object.members[3].readable);

	cr_assert_eq(object.n_children, 3);
	cr_expect_str_eq(object.children[0], "child");
	cr_expect_str_eq(object.children[1], "two/deep");
	cr_expect_str_eq(object.children[2], "with");
	object_deinit(&object);
}

Test(object, what_is_no_node_is_refused)
{
	static const char *const bad[] = {
		"", "text", "<node>", "<other/>", "<node/><node/>",
		"<node></node", "<node><interface name='a.b'></node>",
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(bad); i++) {
		struct object object;

		cr_expect_eq(object_parse(bad[i], &object), -EBADMSG, "%s",
			     bad[i]);
	}
}
