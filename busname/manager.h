/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A starter that asks the service manager to start a unit.
 */
#ifndef BUSNAME_MANAGER_H
#define BUSNAME_MANAGER_H

#include "busname/manager-link.h"
#include "busname/starter.h"

/**
 * struct manager - one unit of the service manager
 * @unit:	its name, borrowed
 * @user:	it is the user's manager
 * @link:	connected while a start is under way
 * @path:	the unit's object, owned; NULL while unknown
 * @job:	the job that starts it, owned; NULL when it is done
 * @result:	what became of the job, "" while it runs
 * @last_start:	of the unit's main process before the job, in its own clock
 * @changed:	the unit's properties are to be read again
 * @asked:	the start is for the mail that waits now
 * @watching:	nothing is to be started until the unit's failure was reset
 */
struct manager {
	struct starter starter;
	const char *unit;
	bool user;
	struct manager_link link;
	char *path;
	char *job;
	char result[32];
	uint64_t last_start;
	bool changed;
	bool asked;
	bool watching;
};

void manager_init(struct manager *manager, const char *unit, bool user);
void manager_deinit(struct manager *manager);

/**
 * manager_is_restarting_us() - is this process being stopped to be restarted?
 *
 * Return: 1 or 0, or a negative errno if the manager cannot tell.
 */
int manager_is_restarting_us(bool user);

#endif /* BUSNAME_MANAGER_H */
