/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The grammars of D-Bus names and paths.
 *
 * Each predicate takes a terminated string and looks at every byte once.
 */
#ifndef KB_NAME_H
#define KB_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KB_NAME_MAX		255	/* characters of any name but paths */

#define KB_DRIVER_NAME		"org.freedesktop.DBus"
#define KB_DRIVER_PATH		"/org/freedesktop/DBus"
#define KB_DRIVER_INTERFACE	"org.freedesktop.DBus"
#define KB_LOCAL_INTERFACE	"org.freedesktop.DBus.Local"
#define KB_LOCAL_PATH		"/org/freedesktop/DBus/Local"

/* bus names */

/* Either kind of bus name. */
bool kb_name_is_valid(const char *name);
/* "org.example.Foo": two elements or more, none beginning with a digit. */
bool kb_name_is_well_known(const char *name);
/* ":1.42": a colon, then elements that may begin with digits, or even none. */
bool kb_name_is_unique(const char *name);
/* "org.example" or "org": like a bus name, one element is enough. */
bool kb_name_is_namespace(const char *name);

/* other names */

bool kb_interface_is_valid(const char *name);
bool kb_error_name_is_valid(const char *name);
bool kb_member_is_valid(const char *name);
bool kb_path_is_valid(const char *path);
/* The same for @length characters that need not be terminated. */
bool kb_path_is_valid_n(const char *path, size_t length);

/* relations */

/* @name is @space, or lies below it: "a.b" holds "a.b" and "a.b.c". */
bool kb_name_is_in_namespace(const char *name, const char *space);
/* @path is @space, or lies below it; "/" holds every path. */
bool kb_path_is_in_namespace(const char *path, const char *space);

/* unique names of kdbus: ":1." and the id of the connection */

#define KB_UNIQUE_NAME_SIZE	24	/* bytes of ":1.18446744073709551615" */

/* Writes the unique name of @id into @out and returns it. */
char *kb_unique_name(uint64_t id, char out[KB_UNIQUE_NAME_SIZE]);

/**
 * kb_unique_name_parse() - the id in a unique name
 * @name:	a bus name
 * @out_id:	written on success
 *
 * Return: 0, or -EINVAL if it is not ":1." and a canonical decimal number;
 * a name nobody can own then, if it begins with a colon.
 */
int kb_unique_name_parse(const char *name, uint64_t *out_id);

#endif /* KB_NAME_H */
