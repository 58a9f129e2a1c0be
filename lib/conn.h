/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to a bus.
 *
 * Everything is one ioctl away; nothing is buffered here and no call blocks
 * but kb_conn_call() and kb_conn_wait(). Put kb_conn_fd() into an event loop;
 * when it is readable call kb_conn_recv() until it says -EAGAIN.
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
	struct kb_buffer scratch;
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

/* messages */

/**
 * kb_conn_send() - send a message
 * @message:	sealed if it was not; gets a cookie if it has none, and a
 *		body in GVariant is sent as it is, one in dbus1 remarshalled.
 *		Without destination a signal goes to everybody who listens.
 *
 * Bodies of KB_MEMFD_MIN bytes and more travel as a sealed memfd unless they
 * are broadcast. A destination that begins with ':' but is no unique name of
 * kdbus is -ENXIO.
 *
 * Return: 0, kb_message_encode_gvariant()'s errors, or errnos of SEND.
 */
int kb_conn_send(struct kb_conn *conn, struct kb_message *message);

/**
 * kb_conn_call() - send a call and wait for what comes back
 * @message:	KB_NO_REPLY_EXPECTED must not be set
 * @timeout_ns:	from now; 0 for the connection's default
 * @out_reply:	return or error; look at its type
 *
 * Return: 0 if there is a reply (also an error message); -ETIMEDOUT; -EPIPE
 * if the peer died; else as kb_conn_send().
 */
int kb_conn_call(struct kb_conn *conn, struct kb_message *message,
		 uint64_t timeout_ns, struct kb_message **out_reply);

/**
 * kb_conn_recv() - take the next message
 * @out:	a message, or a KB_NOTIFICATION of the kernel
 *
 * What does not follow the rules is dropped unseen: foreign payload, broken
 * framing, headers that contradict the kernel's. The body is not checked yet.
 * When it is a call that waits and its framing was right but the descriptors
 * were not, it is delivered with @incomplete_fds.
 *
 * Return: 0, -EAGAIN if there is nothing, -ECONNRESET or -ESHUTDOWN at the
 * end, others.
 */
int kb_conn_recv(struct kb_conn *conn, struct kb_message **out);

/* Replies to @call unless it wants none; consumes nothing. */
int kb_conn_reply(struct kb_conn *conn, const struct kb_message *call,
		  struct kb_message *reply);
/* Makes and sends an error for @call, if it wants a reply. */
int kb_conn_reply_error(struct kb_conn *conn, const struct kb_message *call,
			const char *name, const char *format, ...)
	_printf_(4, 5);
/* The same, named after an errno. */
int kb_conn_reply_errno(struct kb_conn *conn, const struct kb_message *call,
			int r, const char *text);

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

/* queries */

/**
 * struct kb_info - one record about a connection (or the bus's creator)
 * @id:		connection, or bus
 * @flags:	KDBUS_HELLO_*, or KDBUS_MAKE_*
 * @name:	creator: name of the bus, else NULL
 * @meta:	what was asked for and may be told
 */
struct kb_info {
	uint64_t id;
	uint64_t flags;
	const char *name;
	struct kb_meta meta;
	struct kb_conn *conn;
	uint64_t slice;
};

/**
 * kb_conn_info() - ask about a connection
 * @id:		or 0
 * @name:	well-known name, or NULL
 * @attach:	KDBUS_ATTACH_*
 * @behalf_id:	with whose eyes, or 0 for ours
 * @out:	kb_info_deinit() it after success
 *
 * Return: 0, -ESRCH no such name, -ENXIO no such id, others.
 */
int kb_conn_info(struct kb_conn *conn, uint64_t id, const char *name,
		 uint64_t attach, uint64_t behalf_id, struct kb_info *out);
/* The same with a bus name of either kind as text. */
int kb_conn_info_by_name(struct kb_conn *conn, const char *bus_name,
			 uint64_t attach, uint64_t behalf_id,
			 struct kb_info *out);
int kb_conn_creator_info(struct kb_conn *conn, uint64_t attach,
			 struct kb_info *out);
void kb_info_deinit(struct kb_info *info);

/**
 * struct kb_list - the result of a LIST, to be walked once
 */
struct kb_list {
	const uint8_t *next;
	const uint8_t *end;
	struct kb_conn *conn;
	uint64_t slice;
};

/* @flags: KDBUS_LIST_*. kb_list_deinit() after success. */
int kb_conn_list(struct kb_conn *conn, uint64_t flags, uint64_t behalf_id,
		 struct kb_list *out);
/* The next record: 1, 0 at the end, -EBADMSG. Its meta has at most one name,
 * records of one connection are adjacent; no kb_info_deinit() needed. */
int kb_list_next(struct kb_list *list, struct kb_info *out);
void kb_list_deinit(struct kb_list *list);

/* leaving */

/**
 * kb_conn_exit_on_idle() - leave without losing anybody's message
 * @name:	the service's name, or NULL if it has none any more
 * @dispatch:	called for each message still there, which it does not own; a
 *		negative result ends the attempt
 * @userdata:	its argument
 *
 * 1. Subscribe to the loss of the name, then release it: mail not yet
 *    received goes back to the activator, which will start the next instance.
 * 2. Dispatch everything queued before.
 * 3. BYEBYE; while it says EBUSY, dispatch and try again.
 *
 * Return: 0 when disconnected; -EBUSY if mail never stops (after 100 rounds;
 * the caller closes or takes the name again), or what @dispatch returned.
 */
int kb_conn_exit_on_idle(struct kb_conn *conn, const char *name,
			 int (*dispatch)(struct kb_message *message,
					 void *userdata),
			 void *userdata);

#endif /* KB_CONN_H */
