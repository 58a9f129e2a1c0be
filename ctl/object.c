// SPDX-License-Identifier: LGPL-2.1-or-later
/* What an object says about itself. */
#include <errno.h>

#include "ctl/object.h"
#include "ctl/xml.h"
#include "lib/name.h"

#define CHILDREN_MAX	100000	/* what nobody would look through */
#define MEMBERS_MAX	100000

/**
 * struct parser - a document while it is read
 * @interface:	its name, while inside of one
 * @member:	index of the member we are inside of, -1 for none
 */
struct parser {
	struct object *object;
	const char *interface;
	ssize_t member;
	int error;
};

static void parser_fail(struct parser *parser, int r)
{
	if (!parser->error)
		parser->error = r;
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

static void read_argument(struct parser *parser, const struct xml_tag *tag)
{
	struct member *member = current_member(parser);
	const char *type = xml_attribute(tag, "type");
	const char *direction = xml_attribute(tag, "direction");

	if (!member || !type)
		return;
	if (member->kind == MEMBER_METHOD && direction &&
	    kb_streq(direction, "out"))
		add_text(parser, &member->out, "", type);
	else if (member->kind != MEMBER_PROPERTY)
		add_text(parser, &member->in, "", type);
}

static void read_annotation(struct parser *parser, const struct xml_tag *tag)
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
	const char *name = xml_attribute(tag, "name");
	const char *value = xml_attribute(tag, "value");

	for (size_t i = 0; member && name && value &&
	     i < KB_ARRAY_SIZE(known); i++)
		if (kb_streq(name, known[i].name) &&
		    kb_streq(value, known[i].value))
			add_text(parser, &member->flags, " ", known[i].flag);
}

static void read_property(struct parser *parser, const struct xml_tag *tag)
{
	struct member *member = current_member(parser);
	const char *type = xml_attribute(tag, "type");
	const char *access = xml_attribute(tag, "access");

	if (type)
		add_text(parser, &member->in, "", type);
	member->readable = !access || !kb_streq(access, "write");
	if (access && !kb_streq(access, "read"))
		add_text(parser, &member->flags, " ", "writable");
}

static void start_in_interface(struct parser *parser,
			       const struct xml_tag *tag)
{
	static const char *const kinds[] = {
		[MEMBER_METHOD]		= "method",
		[MEMBER_PROPERTY]	= "property",
		[MEMBER_SIGNAL]		= "signal",
	};
	const char *name = xml_attribute(tag, "name");

	for (size_t i = MEMBER_METHOD; i < KB_ARRAY_SIZE(kinds); i++) {
		if (!kb_streq(tag->name, kinds[i]) || !name)
			continue;
		add_member(parser, i, parser->interface, name);
		if (i == MEMBER_PROPERTY && !parser->error)
			read_property(parser, tag);
	}
	if (kb_streq(tag->name, "annotation"))
		read_annotation(parser, tag);
}

/* A tag inside of @depth elements: the document's node, what is in it, members
 * of interfaces, what is said about those. */
static void start(struct parser *parser, const struct xml_tag *tag,
		  unsigned int depth)
{
	const char *name = xml_attribute(tag, "name");

	switch (depth) {
	case 1:
		if (name && kb_streq(tag->name, "node")) {
			add_child(parser, name);
		} else if (name && kb_streq(tag->name, "interface")) {
			add_member(parser, MEMBER_INTERFACE, name, NULL);
			if (!parser->error)
				parser->interface =
					current_member(parser)->interface;
		}
		break;
	case 2:
		if (parser->interface)
			start_in_interface(parser, tag);
		break;
	case 3:
		if (parser->interface && kb_streq(tag->name, "arg"))
			read_argument(parser, tag);
		else if (parser->interface && kb_streq(tag->name, "annotation"))
			read_annotation(parser, tag);
		break;
	default:
		break;
	}
}

/* An element inside of @depth others is over. */
static void end(struct parser *parser, unsigned int depth)
{
	if (depth <= 2)
		parser->member = -1;
	if (depth <= 1)
		parser->interface = NULL;
}

int object_parse(const char *text, struct object *out)
{
	struct parser parser = { .object = out, .member = -1 };
	_cleanup_(kb_freep) char *copy = strdup(text);
	unsigned int depth, n_roots = 0;
	struct xml_tag tag;
	struct xml xml;
	int r;

	*out = (struct object){};
	if (!copy)
		return -ENOMEM;
	xml_init(&xml, copy);
	for (depth = 0; (r = xml_next(&xml, &tag)) > 0; depth = xml.depth) {
		if (tag.opens && !depth && (n_roots++ ||
					    !kb_streq(tag.name, "node")))
			parser_fail(&parser, -EBADMSG);
		if (tag.opens)
			start(&parser, &tag, depth);
		if (tag.closes)
			end(&parser, xml.depth);
		if (parser.error)
			break;
	}
	if (r >= 0)
		r = parser.error ?: (n_roots ? 0 : -EBADMSG);
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
		r = object_parse(xml, out);
	return r < 0 ? ctl_fail("%s has no introspection data anybody can read at %s",
				name, path) : 0;
}
