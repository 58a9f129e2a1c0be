/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What kdbus is to be on this machine, or for this user.
 */
#ifndef BUSNAME_ROLE_H
#define BUSNAME_ROLE_H

#include "lib/switch.h"

/**
 * enum role - what kdbus is to be
 * @ROLE_NONE:		nothing: "kdbus=0", or there is no module
 * @ROLE_BESIDE:	by default: a bus beside the classic one
 * @ROLE_BUS:		the bus; classic services are activated on it
 */
enum role {
	ROLE_NONE,
	ROLE_BESIDE,
	ROLE_BUS,
};

/**
 * role_read() - as the switch says, if that can be
 * @release:	the kernel that runs
 * @out_reason:	freshly allocated: why kdbus is not the bus although it was
 *		to be; NULL if there is nothing to say
 *
 * Who listens already stays, whatever has been switched meanwhile: the service
 * manager takes a new answer for a change, and leaves the bus it is on.
 */
enum role role_read(const struct kb_switch *it, const char *release, char **out_reason);

/* For the running machine, without the reason. */
enum role role_now(bool user);

#endif /* BUSNAME_ROLE_H */
