/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has which name: the methods that ask and the two that change it.
 */
#ifndef DRIVER_NAMES_H
#define DRIVER_NAMES_H

#include "driver/driver.h"

/* methods */

int names_hello(struct call *call);
int names_request(struct call *call);
int names_release(struct call *call);
int names_get_owner(struct call *call);
int names_has_owner(struct call *call);
int names_list(struct call *call);
int names_list_activatable(struct call *call);
int names_list_queued(struct call *call);
int names_get_id(struct call *call);

/* for others */

/**
 * names_find_owner() - the connection behind a bus name of either kind
 * @attach:	what to learn about it, KDBUS_ATTACH_*
 * @out:	kb_info_deinit() it after success
 *
 * A name that only an activator holds is not owned.  Our own name is always
 * ours, whatever the caller may see.
 *
 * Return: 0, -ESRCH if nobody owns it (or it is no name at all), others.
 */
int names_find_owner(struct call *call, const char *name, uint64_t attach, struct kb_info *out);

/* Who holds a name. */
enum {
	HOLDER_NOBODY,
	HOLDER_ACTIVATOR,
	HOLDER_SERVICE,
};

/* As seen by connection @behalf, or (0) by us: HOLDER_*, or an errno. */
int names_holder(struct driver *driver, const char *name, uint64_t behalf);

/* The usual answer to -ESRCH. Returns CALL_DONE. */
int names_fail_no_owner(struct call *call, const char *name);

#endif /* DRIVER_NAMES_H */
