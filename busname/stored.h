/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connection that the service manager keeps for us over a restart.
 *
 * What waits on it outlives the process.  But the kernel takes a policy only
 * with a new connection, so one that was made with another policy is given up,
 * if nothing waits on it.
 */
#ifndef BUSNAME_STORED_H
#define BUSNAME_STORED_H

#include "busname/holder.h"
#include "busname/options.h"

#define STORED_NAME_MAX 64

/* What our connection is called in the store: two that were made in the same
 * way are called the same. */
void stored_name(const struct options *options, char *out, size_t size);

/**
 * stored_adopt() - go on with the connection of a former run
 * @out_forgotten: there was one, and it has been given up; untouched else
 *
 * Return: whether @holder has a connection now.
 */
bool stored_adopt(const struct options *options, struct holder *holder, bool *out_forgotten);

/**
 * stored_replace() - a new connection
 * @forgotten:	as stored_adopt() said: the service manager may still be about
 *		to close its copy of the one before
 *
 * Return: as holder_open().
 */
int stored_replace(const struct options *options, struct holder *holder, bool forgotten);

#endif /* BUSNAME_STORED_H */
