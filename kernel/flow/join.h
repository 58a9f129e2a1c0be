/* SPDX-License-Identifier: GPL-2.0-only */
/* HELLO: a file becomes a connection; UPDATE: it changes its mind. */
#ifndef KDBUS_JOIN_H
#define KDBUS_JOIN_H

#include <linux/types.h>

struct cred;
struct kdbus_args;
struct kdbus_conn;
struct kdbus_endpoint;

/**
 * struct kdbus_opener - who opened an endpoint, and what that allows
 * @cred:	credentials at that time
 * @owner:	may do what the bus's owner may
 * @privileged:	has CAP_IPC_OWNER in the domain's user namespace
 */
struct kdbus_opener {
	const struct cred *cred;
	bool owner;
	bool privileged;
};

struct kdbus_conn *kdbus_join(struct kdbus_endpoint *ep,
			      const struct kdbus_opener *opener,
			      struct kdbus_args *args);
int kdbus_update(struct kdbus_conn *conn, struct kdbus_args *args);
int kdbus_attach_flags_check(u64 flags);

#endif /* KDBUS_JOIN_H */
