/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What kdbus is to be on this machine.
 */
#ifndef BUSNAME_ROLE_H
#define BUSNAME_ROLE_H

/**
 * enum role - "kdbus=" of the kernel's command line
 * @ROLE_NONE:		"0": nothing
 * @ROLE_BESIDE:	by default: a bus beside the classic one
 * @ROLE_SYSTEM_BUS:	"1": the bus; classic services are activated on it
 */
enum role {
	ROLE_NONE,
	ROLE_BESIDE,
	ROLE_SYSTEM_BUS,
};

/* The last word of the kernel's command line that concerns us. */
enum role role_read(void);

#endif /* BUSNAME_ROLE_H */
