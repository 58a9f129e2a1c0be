/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a bus name unit grants, and what of it a user gets: the kernel's way to
 * decide (kdbus.policy(7)), on what the files say.
 */
#ifndef CTL_GRANTS_H
#define CTL_GRANTS_H

#include <sys/types.h>

#include "lib/util.h"

/**
 * struct grants_user - somebody
 * @name:	NULL if nobody has given the uid a name; borrowed
 * @gids:	all groups; owned
 */
struct grants_user {
	uid_t uid;
	const char *name;
	gid_t *gids;
	int n_gids;
};

/* By name or number, from the databases: 0, -ESRCH, -ENOMEM. */
int grants_user_find(const char *text, struct grants_user *out);
void grants_user_deinit(struct grants_user *user);

/**
 * struct grants - what one name's unit says
 * @file:	the unit, NULL if there is none; borrowed
 * @state:	whether it is on the bus, in words; borrowed
 * @access:	the highest KDBUS_POLICY_* that the user gets, -1 for none
 * @by:		the line that grants it, as it stands in such a file
 * @n:		how many lines there are
 */
struct grants {
	const char *file;
	const char *state;
	int access;
	char by[320];
	unsigned int n;
};

/**
 * grants_read() - what "kdbus-busname grants" has printed, for one user
 * @text:	is taken apart, and lent to @out
 *
 * Lines that are not understood are left out. What a user or group is called
 * that nobody knows cannot be meant.
 */
void grants_read(char *text, const struct grants_user *user,
		 struct grants *out);

/* Is it in force: is who holds the policy on the bus? */
bool grants_are_in_force(const struct grants *grants);

#endif /* CTL_GRANTS_H */
