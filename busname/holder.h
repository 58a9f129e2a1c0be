/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connection that holds a name, and the mail that waits on it.
 *
 * Mail is looked at, never taken: when a service takes the name, the kernel
 * hands it over.  The exception is mail for a service that does not come,
 * which is answered and removed.
 */
#ifndef BUSNAME_HOLDER_H
#define BUSNAME_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "busname/policy.h"
#include "lib/conn.h"

/**
 * struct mail - a message that waits
 * @seqnum:	the bus's number of it, which stays when it moves
 * @src_id:	who sent it
 * @cookie:	the sender's number of it
 * @expects_reply: somebody waits
 */
struct mail {
	uint64_t seqnum;
	uint64_t src_id;
	uint64_t cookie;
	bool expects_reply;
};

/**
 * struct holder - the connection
 * @conn:	an activator or policy holder
 * @mute:	the kernel does not let activators answer
 */
struct holder {
	struct kb_conn *conn;
	bool mute;
};

/**
 * holder_open() - take hold of a name
 * @address:	the bus
 * @activating:	as activator, else as policy holder
 * @accept_fds:	messages with descriptors may wait, too
 *
 * Return: 0, -EEXIST if another activator holds it, errnos of HELLO.
 */
int holder_open(struct holder *holder, const char *address, const char *name,
		const struct policy *policy, bool activating, bool accept_fds);

/* Go on with the connection of a former run; @fd is owned from now on. */
int holder_adopt(struct holder *holder, int fd);

void holder_close(struct holder *holder);

/**
 * holder_peek() - look at the mail that came first
 * @log:	say at debug level who sent it
 *
 * Return: 1, 0 if there is no mail, a negative errno (-ECONNRESET at the end).
 */
int holder_peek(struct holder *holder, struct mail *out, bool log);

/**
 * holder_refuse() - answer all mail with an error and remove it
 *
 * Where the kernel does not let activators answer it is dropped, and those
 * who wait get NoReply.
 *
 * Return: number of messages removed, or a negative errno.
 */
int holder_refuse(struct holder *holder, const char *error, const char *text);

#endif /* BUSNAME_HOLDER_H */
