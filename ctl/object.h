/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an object says about itself: its introspection data.
 */
#ifndef CTL_OBJECT_H
#define CTL_OBJECT_H

#include "ctl/ctl.h"

enum member_kind {
	MEMBER_INTERFACE,
	MEMBER_METHOD,
	MEMBER_PROPERTY,
	MEMBER_SIGNAL,
};

/**
 * struct member - an interface, or something in one
 * @interface:	its name; all strings are owned
 * @name:	NULL for the interface itself
 * @in:		signature of a method's arguments, or of a property or signal
 * @out:	signature of a method's return
 * @flags:	words such as "deprecated", separated by blanks
 * @readable:	of a property
 */
struct member {
	enum member_kind kind;
	char *interface;
	char *name;
	struct kb_buffer in;
	struct kb_buffer out;
	struct kb_buffer flags;
	bool readable;
};

/**
 * struct object - members in the order of the document, and child nodes
 * @children:	names of child nodes, relative, valid as elements of a path
 */
struct object {
	struct member *members;
	size_t n_members;
	char **children;
	size_t n_children;
};

/* Signatures and flags as text, "" if empty. */
const char *member_text(struct kb_buffer *buffer);

/* Parses a document: 0, -EBADMSG if it is none of a node, -ENOMEM. */
int object_parse(const char *text, struct object *out);
void object_deinit(struct object *object);

/* Asks an object for its data: 0, or a status after saying what went wrong. */
int object_get(const struct ctl *ctl, struct kb_conn *conn, const char *name,
	       const char *path, struct object *out);

#endif /* CTL_OBJECT_H */
