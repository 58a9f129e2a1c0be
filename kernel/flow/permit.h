/* SPDX-License-Identifier: GPL-2.0-only */
/* May A see B, talk to B, own N? */
#ifndef KDBUS_PERMIT_H
#define KDBUS_PERMIT_H

#include <linux/types.h>

struct cred;
struct kdbus_conn;

bool kdbus_may_own(struct kdbus_conn *conn, const struct cred *cred,
		   const char *name);
bool kdbus_may_talk(struct kdbus_conn *conn, const struct cred *cred,
		    struct kdbus_conn *peer);
bool kdbus_may_see_name(struct kdbus_conn *conn, const struct cred *cred,
			const char *name);
bool kdbus_may_see(struct kdbus_conn *conn, const struct cred *cred,
		   struct kdbus_conn *peer);

#endif /* KDBUS_PERMIT_H */
