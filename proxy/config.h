/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of a bus's configuration say, read once. */
#ifndef PROXY_CONFIG_H
#define PROXY_CONFIG_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/util.h"
#include "proxy/limits.h"
#include "proxy/resolve.h"
#include "proxy/xml-policy.h"

/**
 * struct config - one reading of the configuration
 * @policy:	all rules (a reference)
 * @type:	what <type> said, or NULL
 * @watch:	directories where a change means that it must be read again,
 *		NULL-terminated, without duplicates
 * @names:	of what matters there besides *.conf, NULL-terminated
 * @parts:	what is the daemon's and not ours, a line of its name and value each
 * @n_wrong:	mistakes for which a daemon would not start; those in a directory
 *		of files do not count
 * @n_broken:	files that were left out because they could not be parsed
 * @has_main:	a main file was found and is sound
 * @resolver:	users and groups that only the name service may know
 */
struct config {
	struct policy *policy;
	struct limits limits;
	char *type;
	char **watch;
	char **names;
	struct kb_buffer parts;
	unsigned int n_wrong;
	unsigned int n_broken;
	bool has_main;
	struct resolver resolver;
};

/**
 * config_read() - read the configuration of a bus
 * @scope:	"system" or "user", for the usual places
 * @paths:	files or directories to read instead; NULL or empty for the
 *		usual places
 * @owner:	uid of the bus's owner, who keeps every right if there is no
 *		main file
 *
 * Whatever is missing or broken is logged and left out, so this fails only
 * with -ENOMEM.  If @resolver is open then, the rules cannot be used before it
 * is answered and config_settle() has been called.
 */
int config_read(const char *scope, char *const *paths, uid_t owner,
		struct config **out_config);

/**
 * config_settle() - put in whom the rules are for
 *
 * Rules for users and groups that nobody knows are logged and left out.
 */
void config_settle(struct config *config);

/* All of it; a name service that hangs holds this up for two seconds. */
int config_load(const char *scope, char *const *paths, uid_t owner,
		struct config **out_config);
struct config *config_free(struct config *config);

/* Adds a line to @parts: 0 or -ENOMEM. For the parser. */
int config_add_part(struct config *config, const char *name, const char *value);

/**
 * config_dump() - print what a daemon has to know
 *
 * The lines are @parts, and then "type", "service_start_timeout" (milliseconds)
 * and "watch" for each directory.
 *
 * Return: 0, -EBADMSG if the daemon should not start with this.
 */
int config_dump(const struct config *config);

/*
 * Adds a directory to @watch, unless it is there. If @path does not exist it is
 * what may appear that is watched. For the parser.
 */
int config_watch(struct config *config, const char *path);

/* The same for the directory a file is in, and the file's name. */
int config_watch_file(struct config *config, const char *path);

#endif /* PROXY_CONFIG_H */
