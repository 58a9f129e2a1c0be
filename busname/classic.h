/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Classic D-Bus activation files, turned into bus name units.
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

#endif /* BUSNAME_CLASSIC_H */
