/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands on behalf of another connection. */
#ifndef KDBUS_BEHALF_H
#define KDBUS_BEHALF_H

struct cred;
struct kdbus_args;
struct kdbus_conn;

/**
 * struct kdbus_behalf - for whom a command is done
 * @conn:	the connection, active until kdbus_behalf_deinit()
 * @cred:	credentials that policy goes by
 * @other:	it is not the caller
 */
struct kdbus_behalf {
	struct kdbus_conn *conn;
	const struct cred *cred;
	bool other;
};

int kdbus_behalf_init(struct kdbus_behalf *behalf, struct kdbus_conn *conn,
		      const struct kdbus_args *args);
void kdbus_behalf_deinit(struct kdbus_behalf *behalf);

#endif /* KDBUS_BEHALF_H */
