/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Classic D-Bus activation files: read, and turned into bus name units.
 */
#ifndef BUSNAME_CLASSIC_H
#define BUSNAME_CLASSIC_H

#include "busname/unit.h"

#define CLASSIC_SUFFIX ".service"

/**
 * struct classic - what one activation file becomes
 * @unit:	a bus name unit; NULL if the file is to be skipped
 * @service:	the text of the service it starts, empty if there is one already
 */
struct classic {
	struct unit *unit;
	struct kb_buffer service;
};

void classic_deinit(struct classic *classic);

/**
 * classic_read() - read an activation file
 * @path:	of the file
 *
 * Return: 0, also if it is skipped; -ENOMEM.
 */
int classic_read(const char *path, const struct scope *scope, struct classic *out);

/**
 * struct classic_entry - an activation file as it stands
 * @name:	the bus name; NULL if the file is to be skipped
 * @exec:	Exec= in its words: the program, absolute, and its arguments; NULL
 *		if there is only a unit
 * @user:	User=, or NULL
 * @unit:	SystemdService=, or NULL
 */
struct classic_entry {
	char *name;
	char **exec;
	char *user;
	char *unit;
};

void classic_entry_deinit(struct classic_entry *entry);

/**
 * classic_read_entry() - read an activation file, for who starts it without a
 * service manager
 * @path:	of the file
 *
 * Return: 0, also if it is skipped, which is warned of; -ENOMEM.
 */
int classic_read_entry(const char *path, struct classic_entry *out);

/**
 * classic_split() - a command line in its words
 * @text:	quoted as for a shell, but nothing is expanded
 * @out:	freshly allocated
 *
 * Return: 0, -EINVAL if a quote is not closed or there is no word, -ENOMEM.
 */
int classic_split(const char *text, char ***out);

#endif /* BUSNAME_CLASSIC_H */
