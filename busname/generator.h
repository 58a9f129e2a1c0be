/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The generator: all bus name units of a scope, read and written.
 */
#ifndef BUSNAME_GENERATOR_H
#define BUSNAME_GENERATOR_H

#include "busname/unit.h"

/* Names too long for a unit called NAME.busname.service. */
#define GENERATOR_NAME_MAX (UNIT_NAME_MAX - (sizeof(".busname.service") - 1))

/**
 * generator_load() - a unit with its drop-ins
 * @path:	of the .busname file
 * @out:	NULL if the file is masked, or wrong as a whole (then warned)
 *
 * Return: 0 or -ENOMEM.
 */
int generator_load(const struct scope *scope, const char *path, struct unit **out);

/* The NAME.busname.d/ *.conf of a name, in their order; masked ones, too. */
int generator_dropins(const struct scope *scope, const char *name, char ***out);

/* The bus name in "…/NAME.busname"; false if it is too long for one. */
bool generator_name(const char *path, char out[UNIT_NAME_MAX + 1]);

/* Warns if the service to be started is nowhere; it may still come. */
int generator_check_service(const struct scope *scope, const struct unit *unit);

struct classic;
/* Does something with it; a negative errno ends the walk. */
typedef int (*generator_classic_t)(const struct scope *scope, const struct classic *classic,
				   void *userdata);

/**
 * generator_each_classic() - classic activation files, converted
 * @native:	the .busname files there are, each of which counts more
 *
 * Return: 0, -ENOMEM, or what @found returned.
 */
int generator_each_classic(const struct scope *scope, char *const *native,
			   generator_classic_t found, void *userdata);

/**
 * generator_run() - write everything
 * @directory:	where to; exists
 * @classic:	turn classic activation files into bus name units, too
 *
 * What cannot be used is warned about and left out.
 *
 * Return: 0, or a negative errno if writing failed.
 */
int generator_run(const struct scope *scope, const char *directory, bool classic);

#endif /* BUSNAME_GENERATOR_H */
