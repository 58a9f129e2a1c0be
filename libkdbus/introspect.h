/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is served, in the words of org.freedesktop.DBus.Introspectable. */
#ifndef LIBKDBUS_INTROSPECT_H
#define LIBKDBUS_INTROSPECT_H

#include "lib/util.h"
#include "libkdbus/object.h"

/**
 * introspect() - describe an object
 * @objects:	all that is served
 * @path:	of the one; it need only have others below it
 * @xml:	the text is appended, with a NUL
 *
 * Return: 0, -ENOENT if nothing is there or below, -ENOMEM.
 */
int introspect(const struct object *objects, const char *path, struct kb_buffer *xml);

#endif /* LIBKDBUS_INTROSPECT_H */
