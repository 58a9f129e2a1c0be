/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The services that activation files describe. */
#ifndef DAEMON_SERVICES_H
#define DAEMON_SERVICES_H

/**
 * struct service - one activation file
 * @name:	the bus name
 * @file:	that says so
 * @user:	it runs as, on the bus of a system; or NULL
 * @unit:	of the service manager, or NULL
 * @argv:	its command line; NULL if there is only a unit
 */
struct service {
	struct service *next;
	char *name;
	char *file;
	char *user;
	char *unit;
	char **argv;
};

/**
 * struct services - all of them
 * @list:	in no particular order, each name once
 * @directories: where there may be files, NULL-terminated, or NULL
 */
struct services {
	struct service *list;
	char **directories;
};

/**
 * services_read() - look into directories
 * @directories: paths, "session" and "system"; NULL for none
 */
int services_read(struct services *services, char *const *directories);
void services_deinit(struct services *services);

/* Takes a line of the helper program. */
int services_line(void *userdata, const char *word, const char *value);

#endif /* DAEMON_SERVICES_H */
