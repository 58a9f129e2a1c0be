/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bus name unit: what a .busname file and its drop-ins say.
 */
#ifndef BUSNAME_UNIT_H
#define BUSNAME_UNIT_H

#include <stdint.h>

#include "busname/parse.h"
#include "busname/policy.h"
#include "busname/scope.h"
#include "lib/util.h"

#define UNIT_SUFFIX	".busname"
#define UNIT_NAME_MAX	255	/* characters of a unit's name */
#define UNIT_USER_MAX	255	/* of a user's or group's */

/* Of starts, unless a file says something else. */
#define UNIT_LIMIT_INTERVAL	(2 * KB_NSEC_PER_SEC)
#define UNIT_LIMIT_BURST	20

/**
 * struct unit - one bus name
 * @name:	the bus name; the unit is called NAME.busname
 * @source:	the file it comes from
 * @description: NULL if it has none
 * @settings:	lines for the [Unit] section of what is generated, with names
 *		of bus name units and specifiers already translated
 * @implicit:	the default dependencies
 * @activating:	start something; else only hold the policy
 * @service:	unit to start, NULL with @exec
 * @early:	@service is part of the early boot, which the unit is not
 * @exec:	program and arguments to start instead, as written
 * @accept_fds:	mail with descriptors may wait
 * @policy:	who may do what
 * @limited:	a limit of starts was given
 * @limit_interval: in so many nanoseconds
 * @limit_burst: so many starts
 * @fail_on_limit: end when the service fails too often
 */
struct unit {
	char *name;
	char *source;
	char *description;
	struct kb_buffer settings;
	bool implicit;
	bool activating;
	char *service;
	bool early;
	char *exec;
	bool accept_fds;
	struct policy policy;
	bool limited;
	unsigned long long limit_interval;
	uint64_t limit_burst;
	bool fail_on_limit;
};

/**
 * unit_new() - a unit that says nothing yet
 * @name:	a bus name; -EINVAL if it is no valid one
 */
int unit_new(const char *name, const char *source, struct unit **out);
struct unit *unit_free(struct unit *unit);

static inline void unit_freep(struct unit **unit)
{
	unit_free(*unit);
}

/**
 * unit_apply() - take over what files say
 * @scope:	for specifiers
 *
 * Warns about every line that is wrong and leaves it out.
 *
 * Return: 0; -EINVAL if the unit must not be used (warned, too); -ENOMEM.
 */
int unit_apply(struct unit *unit, const struct assignments *assignments,
	       const struct scope *scope);

/* "x.service" with valid characters. */
bool unit_service_is_valid(const char *name);
/* A user or group, by name or number. */
bool unit_user_is_valid(const char *who);

#endif /* BUSNAME_UNIT_H */
