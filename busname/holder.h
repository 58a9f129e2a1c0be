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
 * @offset:	where it lies in the pool
 * @src_id:	who sent it
 * @cookie:	the sender's number of it
 * @seqnum:	the bus's, 0 if it does not say
 * @expects_reply: somebody waits
 */
struct mail {
	uint64_t offset;
	uint64_t src_id;
	uint64_t cookie;
	uint64_t seqnum;
	bool expects_reply;
};

/* Senders may use a cookie again, the bus does not count anything twice. */
bool mail_is_same(const struct mail *a, const struct mail *b);

/**
 * struct holder - the connection
 * @conn:	an activator or policy holder
 * @mute:	the kernel does not let activators answer
 * @kept:	the mail that is kept in mind
 * @keeps:	there is one
 */
struct holder {
	struct kb_conn *conn;
	bool mute;
	struct mail kept;
	bool keeps;
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

/*
 * Has the mail that came first been here all the time? Keeping it means not to
 * give back its slice of the pool.  Should a service have taken the name and
 * with it the mail, and have given back both, then the mail lies elsewhere
 * now, for its old place is still taken.  There is no other trace of it.
 */
enum {
	HOLDER_GONE,		/* a service has got it */
	HOLDER_RETURNED,	/* a service has got it, and gave it back unread */
	HOLDER_STAYED,		/* nobody has taken the name */
};

/* Keeps the mail that came first: 1, 0 if there is none, or an errno. */
int holder_keep(struct holder *holder, bool log);
/* Where is it now? HOLDER_*, or an errno. */
int holder_trace(struct holder *holder);
/* Forgets it. */
void holder_let_go(struct holder *holder);

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
