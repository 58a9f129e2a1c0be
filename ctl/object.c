// SPDX-License-Identifier: LGPL-2.1-or-later
/* What an object says about itself. */
#include <errno.h>
#include <expat.h>

#include "ctl/object.h"
#include "lib/name.h"

#define CHILDREN_MAX	100000	/* what nobody would look through */
#define MEMBERS_MAX	100000

/**
 * struct parser - a document while it is read
 * @depth:	elements we are inside of
 * @interface:	its name, while inside of one
 * @member:	index of the member we are inside of, -1 for none
 */
struct parser {
	XML_Parser xml;
	struct object *object;
	unsigned int depth;
	const char *interface;
	ssize_t member;
	int error;
};

static void parser_fail(struct parser *parser, int r)
{
	if (!parser->error)
		parser->error = r;
	XML_StopParser(parser->xml, XML_FALSE);
}

static const char *attribute(const char **attributes, const char *key)
{
	for (; *attributes; attributes += 2)
		if (kb_streq(attributes[0], key))
			return attributes[1];
	return NULL;
}

static void add_text(struct parser *parser, struct kb_buffer *buffer,
		     const char *separator, const char *text)
{
	int r = 0;

	if (buffer->size)
		r = kb_buffer_append_string(buffer, separator);
	if (r >= 0)
		r = kb_buffer_append_string(buffer, text);
	if (r < 0)
		parser_fail(parser, r);
}

static void add_member(struct parser *parser, enum member_kind kind,
		       const char *interface, const char *name)
{
	struct object *object = parser->object;
	struct member *members;

	if (object->n_members == MEMBERS_MAX) {
		parser_fail(parser, -EBADMSG);
		return;
	}
	members = reallocarray(object->members, object->n_members + 1,
			       sizeof(*members));
	if (!members) {
		parser_fail(parser, -ENOMEM);
		return;
	}
	object->members = members;
	members += object->n_members++;
	*members = (struct member){
		.kind = kind,
		.interface = strdup(interface),
		.name = name ? strdup(name) : NULL,
	};
	if (!members->interface || (name && !members->name))
		parser_fail(parser, -ENOMEM);
	parser->member = object->n_members - 1;
}

static void add_child(struct parser *parser, const char *name)
{
	struct object *object = parser->object;
	_cleanup_(kb_freep) char *path = NULL;
	char **children, *copy;

	/* relative, and nothing that leads elsewhere */
	if (asprintf(&path, "/%s", name) < 0) {
		path = NULL;
		parser_fail(parser, -ENOMEM);
		return;
	}
	if (!*name || !kb_path_is_valid(path))
		return;
	if (object->n_children == CHILDREN_MAX) {
		parser_fail(parser, -EBADMSG);
		return;
	}
	children = reallocarray(object->children, object->n_children + 1,
				sizeof(*children));
	copy = strdup(name);
	if (children)
		object->children = children;
	if (!children || !copy) {
		free(copy);
		parser_fail(parser, -ENOMEM);
		return;
	}
	children[object->n_children++] = copy;
}

static struct member *current_member(struct parser *parser)
{
	return parser->member < 0 ? NULL :
				    &parser->object->members[parser->member];
}

static void read_argument(struct parser *parser, const char **attributes)
{
	struct member *member = current_member(parser);
	const char *type = attribute(attributes, "type");
	const char *direction = attribute(attributes, "direction");

	if (!member || !type)
		return;
	if (member->kind == MEMBER_METHOD && direction &&
	    kb_streq(direction, "out"))
		add_text(parser, &member->out, "", type);
	else if (member->kind != MEMBER_PROPERTY)
		add_text(parser, &member->in, "", type);
}

static void read_annotation(struct parser *parser, const char **attributes)
{
	static const struct {
		const char *name, *value, *flag;
	} known[] = {
#define FREEDESKTOP "org.freedesktop.DBus."
		{ FREEDESKTOP "Deprecated", "true", "deprecated" },
		{ FREEDESKTOP "Method.NoReply", "true", "no-reply" },
		{ FREEDESKTOP "Property.EmitsChangedSignal", "const",
		  "const" },
		{ FREEDESKTOP "Property.EmitsChangedSignal", "false",
		  "silent" },
		{ FREEDESKTOP "Property.EmitsChangedSignal", "invalidates",
		  "emits-invalidation" },
#undef FREEDESKTOP
	};
	struct member *member = current_member(parser);
	const char *name = attribute(attributes, "name");
	const char *value = attribute(attributes, "value");

	for (size_t i = 0; member && name && value &&
	     i < KB_ARRAY_SIZE(known); i++)
		if (kb_streq(name, known[i].name) &&
		    kb_streq(value, known[i].value))
			add_text(parser, &member->flags, " ", known[i].flag);
}

static void read_property(struct parser *parser, const char **attributes)
{
	struct member *member = current_member(parser);
	const char *type = attribute(attributes, "type");
	const char *access = attribute(attributes, "access");

	if (type)
		add_text(parser, &member->in, "", type);
	member->readable = !access || !kb_streq(access, "write");
	if (access && !kb_streq(access, "read"))
		add_text(parser, &member->flags, " ", "writable");
}

static void start_in_interface(struct parser *parser, const char *element,
			       const char **attributes)
{
	static const char *const kinds[] = {
		[MEMBER_METHOD]		= "method",
		[MEMBER_PROPERTY]	= "property",
		[MEMBER_SIGNAL]		= "signal",
	};
	const char *name = attribute(attributes, "name");

	for (size_t i = MEMBER_METHOD; i < KB_ARRAY_SIZE(kinds); i++) {
		if (!kb_streq(element, kinds[i]) || !name)
			continue;
		add_member(parser, i, parser->interface, name);
		if (i == MEMBER_PROPERTY && !parser->error)
			read_property(parser, attributes);
	}
	if (kb_streq(element, "annotation"))
		read_annotation(parser, attributes);
}

static void XMLCALL start(void *userdata, const char *element,
			  const char **attributes)
{
	struct parser *parser = userdata;
	const char *name = attribute(attributes, "name");

	/* the document's node, what is in it, interfaces, members */
	switch (parser->depth++) {
	case 1:
		if (name && kb_streq(element, "node")) {
			add_child(parser, name);
		} else if (name && kb_streq(element, "interface")) {
			add_member(parser, MEMBER_INTERFACE, name, NULL);
			if (!parser->error)
				parser->interface =
					current_member(parser)->interface;
		}
		break;
	case 2:
		if (parser->interface)
			start_in_interface(parser, element, attributes);
		break;
	case 3:
		if (parser->interface && kb_streq(element, "arg"))
			read_argument(parser, attributes);
		else if (parser->interface && kb_streq(element, "annotation"))
			read_annotation(parser, attributes);
		break;
	default:
		break;
	}
}

static void XMLCALL end(void *userdata, const char *element _unused_)
{
	struct parser *parser = userdata;

	switch (--parser->depth) {
	case 1:
		parser->interface = NULL;
		parser->member = -1;
		break;
	case 2:
		parser->member = -1;
		break;
	default:
		break;
	}
}

int object_parse(const char *xml, size_t size, struct object *out)
{
	struct parser parser = { .object = out, .member = -1 };
	int r = 0;

	*out = (struct object){};
	parser.xml = XML_ParserCreate("UTF-8");
	if (!parser.xml)
		return -ENOMEM;
	XML_SetUserData(parser.xml, &parser);
	XML_SetElementHandler(parser.xml, start, end);
	if (XML_Parse(parser.xml, xml, size, 1) != XML_STATUS_OK)
		r = parser.error ?: -EBADMSG;
	XML_ParserFree(parser.xml);
	if (r < 0)
		object_deinit(out);
	return r;
}

void object_deinit(struct object *object)
{
	for (size_t i = 0; i < object->n_members; i++) {
		struct member *member = &object->members[i];

		free(member->interface);
		free(member->name);
		kb_buffer_deinit(&member->in);
		kb_buffer_deinit(&member->out);
		kb_buffer_deinit(&member->flags);
	}
	free(object->members);
	for (size_t i = 0; i < object->n_children; i++)
		free(object->children[i]);
	free(object->children);
	*object = (struct object){};
}

const char *member_text(struct kb_buffer *buffer)
{
	/* what is behind the end is nobody's, and so may hold the NUL */
	if (!buffer->size || kb_buffer_reserve(buffer, 1) < 0)
		return "";
	buffer->data[buffer->size] = '\0';
	return (const char *)buffer->data;
}

int object_get(const struct ctl *ctl, struct kb_conn *conn, const char *name,
	       const char *path, struct object *out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	struct kb_message *call = NULL;
	const char *xml;
	int r;

	r = kb_message_new_call(name, path,
				"org.freedesktop.DBus.Introspectable",
				"Introspect", &call);
	if (r < 0)
		return ctl_fail_errno(r, "cannot make the call");
	r = ctl_call(ctl, conn, call, &reply);
	if (r)
		return r;
	r = kb_message_read(reply, "s", &xml);
	if (r >= 0)
		r = object_parse(xml, strlen(xml), out);
	return r < 0 ? ctl_fail("%s has no introspection data anybody can read at %s",
				name, path) : 0;
}
