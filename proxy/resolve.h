/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of users and groups become numbers, without ever hanging for long. */
#ifndef PROXY_RESOLVE_H
#define PROXY_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct resolver - what one run of look-ups remembers
 * @hangs:	the name service did not answer in time and is not asked again
 *
 * A name is looked for in /etc/passwd or /etc/group first.  Only then the name
 * service is asked, in a child that is given two seconds: a module of it may be
 * waiting for a message that this very process should carry.
 */
struct resolver {
	bool hangs;
};

/* Name or decimal number: 0, -ESRCH if nobody knows it, or -ETIMEDOUT. */
int resolve_user(struct resolver *resolver, const char *text,
		 uint32_t *out_uid);
int resolve_group(struct resolver *resolver, const char *text,
		  uint32_t *out_gid);

#endif /* PROXY_RESOLVE_H */
