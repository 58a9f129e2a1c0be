/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to a bus.
 *
 * Everything is one ioctl away; nothing is buffered here and no call blocks
 * but kb_conn_call(), kb_conn_serve() and kb_conn_wait(). Put kb_conn_fd() into
 * an event loop; when it is readable call kb_conn_recv() until it says -EAGAIN.
 * A program that does nothing else needs no event loop, but kb_conn_serve().
 *
 * Messages received keep their slice of the pool until they are freed, and
 * keep the connection's memory (not the connection itself) alive.
 */
#ifndef KB_CONN_H
#define KB_CONN_H

#include <linux/kdbus.h>

#include "lib/match-rule.h"
#include "lib/message.h"
#include "lib/name.h"
#include "lib/pool.h"
#include "lib/util.h"

#define KB_POOL_SIZE		(16UL << 20)	/* bytes, unless said else */
#define KB_TIMEOUT_NS		(25 * KB_NSEC_PER_SEC)	/* of a call */
#define KB_TIMEOUT_INFINITE	INT64_MAX
#define KB_MEMFD_MIN		(512UL << 10)	/* bytes of body worth one */

/**
 * struct kb_conn_options - how to say hello
 * @flags:	KDBUS_HELLO_*
 * @attach_send: what may be told about us
 * @attach_recv: what we want to know with each message; names are needed to
 *		match a sender by name
 * @pool_size:	bytes
 * @description: characters outside [A-Za-z0-9_.-] become '_'; NULL for none
 * @creds:	pretend to be somebody else (bus owner only), or NULL
 * @pids:	the same
 * @seclabel:	the same
 * @name:	of an activator or policy holder, or NULL
 * @policy:	grants on that name
 */
struct kb_conn_options {
	uint64_t flags;
	uint64_t attach_send;
	uint64_t attach_recv;
	uint64_t pool_size;
	const char *description;
	const struct kdbus_creds *creds;
	const struct kdbus_pids *pids;
	const char *seclabel;
	const char *name;
	const struct kdbus_policy_access *policy;
	size_t n_policy;
};

/* What NULL options mean; initialise yours with it and change some. */
#define KB_CONN_OPTIONS_DEFAULT {			\
	.flags = KDBUS_HELLO_ACCEPT_FD,			\
	.attach_send = _KDBUS_ATTACH_ANY,		\
	.attach_recv = KDBUS_ATTACH_NAMES,		\
	.pool_size = KB_POOL_SIZE,			\
}

/**
 * struct kb_conn - a connection
 * @fd:		for poll and for the functions of lib/cmd.h; owned
 * @id:		ours
 * @unique_name: ":1." and the id
 * @bus_id:	the bus's UUID, also its GUID in D-Bus
 * @bus_flags:	as given when it was made
 * @flags:	ours, KDBUS_HELLO_*
 * @bloom:	parameters of the bus
 * @timeout_ns:	of calls that do not say their own; KB_TIMEOUT_NS at first
 * @n_dropped:	signals lost because the pool was full, in total
 * @answer_broken: set it to have the senders of broken calls get an error
 *		InconsistentMessage instead of a timeout
 */
struct kb_conn {
	unsigned int n_refs;
	int fd;
	uint64_t id;
	char unique_name[KB_UNIQUE_NAME_SIZE];
	uint8_t bus_id[16];
	uint64_t bus_flags;
	uint64_t flags;
	struct kdbus_bloom_parameter bloom;
	struct kb_pool pool;
	uint64_t last_cookie;
	uint64_t timeout_ns;
	uint64_t n_dropped;
	bool answer_broken;

	/* private: a slice to give back with the next command, if the kernel has
	 * such commands (1: yes, -1: no) and the program uses them, and of how
	 * many bytes at most (0: any) */
	int saves;
	uint64_t saves_max;
	bool has_used;
	uint64_t used;

	/* private: kept between messages to save allocations */
	struct kb_buffer items;
	struct kb_buffer bytes;
};

/* life */

/**
 * kb_conn_open() - connect to a bus
 * @address:	"kernel:path=…", or a plain path; alternatives as in
 *		kb_address_open()
 * @options:	NULL for KB_CONN_OPTIONS_DEFAULT
 *
 * Return: 0; -EOPNOTSUPP if the bus needs something unknown (bus_flags over
 * 32 bits, bloom parameters); -EINVAL, -ENOMEM, or errnos of open(2), HELLO.
 */
int kb_conn_open(const char *address, const struct kb_conn_options *options,
		 struct kb_conn **out);
/* The same on an opened endpoint, which is owned from now on, come what may. */
int kb_conn_open_fd(int fd, const struct kb_conn_options *options,
		    struct kb_conn **out);

/**
 * kb_conn_adopt_fd() - a connection that has said hello before
 * @fd:		handed down from an earlier life of the program; owned from now
 *		on, come what may
 * @pool_size:	as it was given then
 *
 * The kernel does not tell again who we are: id, names of the bus and bloom
 * parameters are empty, so signals cannot be sent and rules not be compiled.
 */
int kb_conn_adopt_fd(int fd, uint64_t pool_size, struct kb_conn **out);

/* Ends the connection at once: closes the descriptor. Its memory stays for
 * messages that are still held. */
void kb_conn_close(struct kb_conn *conn);

struct kb_conn *kb_conn_ref(struct kb_conn *conn);
/* The last reference closes, too. */
struct kb_conn *kb_conn_unref(struct kb_conn *conn);

static inline void kb_conn_unrefp(struct kb_conn **conn)
{
	kb_conn_unref(*conn);
}

static inline int kb_conn_fd(const struct kb_conn *conn)
{
	return conn->fd;
}

/* poll() for a message: 1, 0 after @timeout_ns, negative errno. -1 waits. */
int kb_conn_wait(struct kb_conn *conn, int64_t timeout_ns);

/* names and matches */

/* Flags and results as in kb_cmd_name_acquire(). */
int kb_conn_name_acquire(struct kb_conn *conn, const char *name,
			 uint64_t flags, uint64_t *out_flags);
int kb_conn_name_release(struct kb_conn *conn, const char *name);

/**
 * kb_conn_add_match() - let the kernel deliver what a rule may match
 * @cookie:	to remove it by
 * @behalf_id:	for whom, or 0 for oneself
 *
 * Test messages with kb_match_rule_test() afterwards: the kernel is coarser.
 *
 * Return: 0 or errnos of MATCH_ADD; then nothing was added. (Matches that had
 * the cookie before are gone in that case, too.)
 */
int kb_conn_add_match(struct kb_conn *conn, const struct kb_match_rule *rule,
		      uint64_t cookie, uint64_t behalf_id);
/* -EBADSLT if there is none. */
int kb_conn_remove_match(struct kb_conn *conn, uint64_t cookie,
			 uint64_t behalf_id);

/* leaving */

/**
 * kb_conn_exit_on_idle() - leave without losing anybody's message
 * @name:	the service's name, or NULL if it has none any more
 * @dispatch:	called for each message still there, which it does not own; a
 *		negative result ends the attempt
 * @userdata:	its argument
 *
 * 1. Release the name: mail not yet received goes back to the activator, which
 *    will start the next instance. What it sends from now on is not for us.
 * 2. Dispatch everything that is still queued.
 * 3. BYEBYE; while it says EBUSY, dispatch and try again.
 *
 * Return: 0 when disconnected; -EBUSY if mail never stops (after 100 rounds;
 * the caller closes or takes the name again), or what @dispatch returned.
 */
int kb_conn_exit_on_idle(struct kb_conn *conn, const char *name,
			 int (*dispatch)(struct kb_message *message,
					 void *userdata),
			 void *userdata);

#include "lib/query.h"
#include "lib/recv.h"
#include "lib/send.h"

#endif /* KB_CONN_H */
