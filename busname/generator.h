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
