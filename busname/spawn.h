/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A starter that forks the program itself and watches it by its pidfd.
 *
 * For what must not wait for the service manager (the driver, which the
 * manager itself calls), and for where there is no manager.
 */
#ifndef BUSNAME_SPAWN_H
#define BUSNAME_SPAWN_H

#include <sys/types.h>

#include "busname/starter.h"

/**
 * struct spawn - one program
 * @argv:	its command line, borrowed
 * @run_as:	user it runs as, borrowed; NULL for our own
 * @environment_fd: variables that are set for it, lib/environment.h; or -1
 * @may_fork:	it may end well and leave the service to a process of its own;
 *		then only time tells that nobody comes
 * @pid:	the running instance, 0 if none
 * @pidfd:	the same, -1 if none
 * @asked:	the instance was made for the mail that waits now
 * @left_alone:	nobody waits for it to end
 * @abandoned:	how often it was told to end
 */
struct spawn {
	struct starter starter;
	char *const *argv;
	const char *run_as;
	int environment_fd;
	bool may_fork;
	pid_t pid;
	int pidfd;
	bool asked;
	bool left_alone;
	unsigned int abandoned;
};

/* Instances get the environment as it is when they are made, but for what the
 * service manager told this process alone. */
void spawn_init(struct spawn *spawn, char *const *argv);

#endif /* BUSNAME_SPAWN_H */
