// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl introspect: what an object can do, and its properties. */
#include <errno.h>

#include "ctl/ctl.h"
#include "ctl/object.h"
#include "ctl/table.h"
#include "ctl/verbs.h"

#define VALUE_MAX	60	/* characters of a value in the table */

/**
 * struct values - what GetAll said about one interface
 * @reply:	NULL if it said nothing
 */
struct values {
	const char *interface;
	struct kb_message *reply;
};

static void values_deinit(struct values *values)
{
	values->reply = kb_message_unref(values->reply);
}

/* Asks without complaint: an object need not have properties. */
static void values_get(const struct ctl *ctl, struct kb_conn *conn,
		       const char *name, const char *path,
		       const char *interface, struct values *values)
{
	_cleanup_(kb_message_unrefp) struct kb_message *call = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	int r;

	values_deinit(values);
	values->interface = interface;
	r = kb_message_new_call(name, path, "org.freedesktop.DBus.Properties",
				"GetAll", &call);
	if (r >= 0)
		r = kb_message_append(call, "s", interface);
	if (r >= 0)
		r = kb_conn_call(conn, call, ctl->timeout_ns, &reply);
	if (r >= 0 && kb_streq(reply->signature, "a{sv}") &&
	    kb_message_validate(reply) >= 0)
		values->reply = TAKE_PTR(reply);
}

/* Leaves @reader in the variant with the property's value. */
static int find_value(const struct values *values, const char *property,
		      struct kb_reader *reader)
{
	const char *key;
	int r;

	r = kb_message_reader(values->reply, reader);
	if (r >= 0)
		r = kb_reader_enter(reader, 'a');
	while (r >= 0 && !kb_reader_at_end(reader)) {
		r = kb_reader_enter(reader, '{');
		if (r >= 0)
			r = kb_reader_read(reader, "s", &key);
		if (r >= 0 && kb_streq(key, property))
			return kb_reader_enter(reader, 'v');
		if (r >= 0)
			r = kb_reader_exit(reader);
	}
	return r < 0 ? r : -ENOENT;
}

static void shorten(char *text)
{
	size_t n = 0;

	for (char *s = text; *s; s++) {
		n += (*s & 0xc0) != 0x80;
		if (n == VALUE_MAX && s[1]) {
			strcpy(s, "…");
			return;
		}
	}
}

/* The words of the value without its type, as the table shows it. */
static char *value_text(const struct values *values, const char *property)
{
	struct kb_reader reader;
	char *text = NULL, *words;
	size_t size = 0;
	FILE *file;

	if (!values->reply)
		return NULL;
	file = open_memstream(&text, &size);
	if (!file)
		return NULL;
	if (find_value(values, property, &reader) >= 0)
		kb_value_print(&reader, file);
	kb_reader_deinit(&reader);
	/* so that a shortened value has room for its mark */
	fputs("   ", file);
	fclose(file);

	words = text ? strchr(text, ' ') : NULL;
	if (!words)
		return text;
	memmove(text, words + 1, strlen(words));
	size = strlen(text);
	while (size && text[size - 1] == ' ')
		text[--size] = '\0';
	shorten(text);
	return text;
}

static void add_row(struct table *table, struct member *member,
		    const struct values *values)
{
	static const char *const kinds[] = {
		[MEMBER_INTERFACE]	= "interface",
		[MEMBER_METHOD]		= "method",
		[MEMBER_PROPERTY]	= "property",
		[MEMBER_SIGNAL]		= "signal",
	};
	_cleanup_(kb_freep) char *text = NULL;

	if (member->kind == MEMBER_INTERFACE)
		table_add(table, member->interface);
	else if (asprintf(&text, ".%s", member->name ?: "") < 0)
		text = NULL;
	if (member->kind != MEMBER_INTERFACE)
		table_add(table, text);
	table_add(table, kinds[member->kind]);
	table_add(table, member_text(&member->in));
	if (member->kind == MEMBER_PROPERTY) {
		free(text);
		text = member->readable ? value_text(values, member->name) :
					  NULL;
		table_add(table, text);
	} else {
		table_add(table, member_text(&member->out));
	}
	table_add(table, member_text(&member->flags));
}

static void report_row(struct kb_report *report, struct member *member,
		       const struct values *values)
{
	struct kb_reader reader;

	kb_report_open_object(report, NULL);
	kb_report_string(report, "name", member->name);
	if (member->kind == MEMBER_METHOD) {
		kb_report_string(report, "in", member_text(&member->in));
		kb_report_string(report, "out", member_text(&member->out));
	} else {
		kb_report_string(report, "type", member_text(&member->in));
	}
	kb_report_string(report, "flags", member_text(&member->flags));
	if (member->kind == MEMBER_PROPERTY && values->reply) {
		if (find_value(values, member->name, &reader) >= 0)
			kb_report_value(report, "value", &reader);
		kb_reader_deinit(&reader);
	}
	kb_report_close(report);
}

static bool is_wanted(const struct member *member, const char *interface)
{
	return !interface || kb_streq(member->interface, interface);
}

static bool has_properties(const struct object *object, size_t i)
{
	for (size_t j = i + 1; j < object->n_members &&
	     object->members[j].kind != MEMBER_INTERFACE; j++)
		if (object->members[j].kind == MEMBER_PROPERTY)
			return true;
	return false;
}

/**
 * struct shown - an object and where it is shown
 */
struct shown {
	const struct ctl *ctl;
	struct kb_conn *conn;
	const char *name;
	const char *path;
	const char *interface;	/* only this one, or NULL */
	struct object object;
};

/* At each interface its properties are asked for. */
static void next_values(struct shown *shown, size_t i, struct values *values)
{
	const struct member *member = &shown->object.members[i];

	if (member->kind != MEMBER_INTERFACE)
		return;
	values_deinit(values);
	if (has_properties(&shown->object, i))
		values_get(shown->ctl, shown->conn, shown->name, shown->path,
			   member->interface, values);
}

static int show_text(struct shown *shown)
{
	static const char *const titles[] = {
		"NAME", "TYPE", "SIGNATURE", "RESULT/VALUE", "FLAGS",
	};
	_cleanup_(table_deinit) struct table table = {
		.n_columns = KB_ARRAY_SIZE(titles),
	};
	_cleanup_(values_deinit) struct values values = {};

	for (size_t i = 0; i < KB_ARRAY_SIZE(titles); i++)
		table_add(&table, titles[i]);
	for (size_t i = 0; i < shown->object.n_members; i++) {
		struct member *member = &shown->object.members[i];

		if (!is_wanted(member, shown->interface))
			continue;
		next_values(shown, i, &values);
		add_row(&table, member, &values);
	}
	return table_print(&table, stdout) < 0 ?
	       ctl_fail_errno(ENOMEM, "cannot print") : 0;
}

static void report_interface(struct kb_report *report, struct shown *shown,
			     size_t i, const struct values *values)
{
	static const char *const keys[] = {
		[MEMBER_METHOD]		= "methods",
		[MEMBER_PROPERTY]	= "properties",
		[MEMBER_SIGNAL]		= "signals",
	};
	struct object *object = &shown->object;

	kb_report_open_object(report, NULL);
	kb_report_string(report, "name", object->members[i].interface);
	kb_report_string(report, "flags",
			 member_text(&object->members[i].flags));
	for (int kind = MEMBER_METHOD; kind <= MEMBER_SIGNAL; kind++) {
		kb_report_open_array(report, keys[kind]);
		for (size_t j = i + 1; j < object->n_members &&
		     object->members[j].kind != MEMBER_INTERFACE; j++)
			if ((int)object->members[j].kind == kind)
				report_row(report, &object->members[j],
					   values);
		kb_report_close(report);
	}
	kb_report_close(report);
}

static int show_json(struct shown *shown)
{
	_cleanup_(values_deinit) struct values values = {};
	struct kb_report *report = kb_report_new(false);
	struct object *object = &shown->object;

	if (!report)
		return ctl_fail_errno(ENOMEM, "cannot print");
	kb_report_open_array(report, "interfaces");
	for (size_t i = 0; i < object->n_members; i++) {
		if (object->members[i].kind != MEMBER_INTERFACE ||
		    !is_wanted(&object->members[i], shown->interface))
			continue;
		next_values(shown, i, &values);
		report_interface(report, shown, i, &values);
	}
	kb_report_close(report);
	kb_report_open_array(report, "children");
	for (size_t i = 0; i < object->n_children; i++)
		kb_report_string(report, NULL, object->children[i]);
	kb_report_close(report);
	return ctl_print_report(shown->ctl, report);
}

static bool has_interface(const struct object *object, const char *interface)
{
	for (size_t i = 0; i < object->n_members; i++)
		if (kb_streq(object->members[i].interface, interface))
			return true;
	return false;
}

int ctl_introspect(struct ctl *ctl, int argc, char **argv)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	struct shown shown = {
		.ctl = ctl,
		.name = argv[0],
		.path = argv[1],
		.interface = argc > 2 ? argv[2] : NULL,
	};
	int r;

	r = ctl_check_name(ctl, shown.name);
	if (!r)
		r = ctl_check_path(ctl, shown.path);
	if (!r && shown.interface)
		r = ctl_check_interface(ctl, shown.interface);
	if (!r)
		r = ctl_connect(ctl, 0, 0, &conn);
	if (!r)
		r = object_get(ctl, conn, shown.name, shown.path,
			       &shown.object);
	if (r)
		return r;

	shown.conn = conn;
	if (shown.interface && !has_interface(&shown.object, shown.interface))
		r = ctl_fail("%s at %s has no interface %s", shown.name,
			     shown.path, shown.interface);
	else
		r = ctl->json ? show_json(&shown) : show_text(&shown);
	object_deinit(&shown.object);
	return r;
}
