/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose units: the system's or a user's, and in which directories they are.
 */
#ifndef BUSNAME_SCOPE_H
#define BUSNAME_SCOPE_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct scope - where to look
 * @user:	the user's manager; else the system's
 * @uid:	whose bus
 * @root:	in front of every directory, "" but in tests
 * @home:	the user's, "/root" for the system
 * @runtime:	"/run", or the user's
 * @units:	directories of unit files, highest priority first
 * @classic:	directories of D-Bus activation files, the same
 */
struct scope {
	bool user;
	uid_t uid;
	const char *root;
	char *home;
	char *runtime;
	char **units;
	char **classic;
};

/* Reads the environment. 0 or -ENOMEM. */
int scope_init(struct scope *scope, bool user, const char *root);
void scope_deinit(struct scope *scope);

/* One more directory of unit files, of the lowest priority. */
int scope_add_units(struct scope *scope, const char *directory);

/**
 * scope_find() - the first of @directories that has a file
 * @name:	of the file
 * @out_path:	freshly allocated, with @root in front
 *
 * Return: 1, 0 if none has it, -ENOMEM.
 */
int scope_find(const struct scope *scope, char *const *directories, const char *name,
	       char **out_path);

/* Is it a link to /dev/null, or empty? Then the file is to be as if absent. */
bool scope_is_masked(const char *path);

/**
 * scope_list() - all files of @directories with a suffix, each name once
 * @out:	"DIRECTORY/NAME" of the one that counts, sorted by NAME
 */
int scope_list(const struct scope *scope, char *const *directories, const char *suffix,
	       char ***out);

/* How @path is called outside of @root. */
const char *scope_strip(const struct scope *scope, const char *path);

/**
 * scope_expand() - expand specifiers
 * @text:	value with "%"
 * @name:	bus name of the unit it is in
 * @out:	freshly allocated
 *
 * Return: 0, -EINVAL for a specifier that is not known here, -ENOMEM.
 */
int scope_expand(const struct scope *scope, const char *text, const char *name, char **out);

#endif /* BUSNAME_SCOPE_H */
