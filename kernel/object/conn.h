/* SPDX-License-Identifier: GPL-2.0-only */
/* A connection: a party on a bus. */
#ifndef KDBUS_CONN_H
#define KDBUS_CONN_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "object/endpoint.h"
#include "object/identity-write.h"
#include "object/match.h"
#include "object/queue.h"
#include "object/user.h"
#include "util/active.h"

struct cred;
struct kdbus_identity;
struct kdbus_pool;

/* connection kinds, as bits so that sets of them can be told */
enum kdbus_kind {
	KDBUS_ORDINARY	= 1 << 0,
	KDBUS_ACTIVATOR	= 1 << 1,
	KDBUS_HOLDER	= 1 << 2,
	KDBUS_MONITOR	= 1 << 3,
};

/**
 * struct kdbus_conn - a party on a bus
 *
 * Made by HELLO, it lives until the last descriptor of its file is closed, it
 * says BYEBYE, or its endpoint goes.  It is usable while @active is on.  From
 * the moment @inbox.closed is set nothing can be queued to it and nobody can be
 * owed an answer by it; flow/leave.c tells how it is taken apart.
 *
 * @ref:		references
 * @rcu:		frees it when the last lookup is over
 * @active:		commands in progress
 * @kind:		what it is for
 * @id:			id inside the domain
 * @flags:		KDBUS_HELLO_*
 * @ep:			endpoint, with a reference
 * @bus:		its bus
 * @cred:		credentials of who opened the file: policy goes by them
 * @user:		account it is charged to
 * @counted:		it counts against the user's limit
 * @owner:		may do what the bus's owner may
 * @faked:		@identity was given by its owner: it speaks for another
 * @identity:		credentials of the caller of HELLO
 * @parked:		credentials of the task that sent last, for the next
 * @audience:		namespaces that metadata is translated for
 * @description:	as given, or NULL
 * @attach_send:	metadata it lets go out; read without a lock
 * @attach_recv:	metadata it wants; read without a lock
 * @pool:		memory it receives into
 * @matches:		broadcasts it listens to; see &kdbus_match_index.lock
 * @wait:		pollers
 * @gone:		it is taken apart
 * @by_id:		in kdbus_bus.conns.by_id
 * @in_bus:		in kdbus_bus.conns.list or .monitors
 * @in_ep:		in kdbus_endpoint.conns
 *
 * @spare.reply:	for its next request; see util/spare.h
 *
 * @inbox.lock:		guards @inbox
 * @inbox.closed:	nothing gets in any more
 * @inbox.queue:	messages that wait
 * @inbox.quota:	who sent how much of it
 * @inbox.lost:		messages lost since RECV last said so
 * @inbox.lost_ever:	messages lost
 * @inbox.owed:		struct kdbus_reply: who waits for this connection
 *
 * @calls.lock:		guards @calls and the state of each reply in it
 * @calls.list:		struct kdbus_reply: whom this connection waits for
 * @calls.n:		how many
 * @calls.expiry:	runs at @calls.next
 * @calls.next:		CLOCK_MONOTONIC nanoseconds, U64_MAX if it does not run
 *
 * @names.lock:		guards @names; changes are also serialised by the
 *			registry
 * @names.list:		struct kdbus_name_owner in the order of acquisition,
 *			claims that wait in a queue included
 * @names.n:		how many
 */
struct kdbus_conn {
	struct kref ref;
	struct rcu_head rcu;
	struct kdbus_active active;
	enum kdbus_kind kind;
	u64 id;
	u64 flags;
	struct kdbus_endpoint *ep;
	struct kdbus_bus *bus;
	const struct cred *cred;
	struct kdbus_user *user;
	bool counted;
	bool owner;
	bool faked;
	struct kdbus_identity *identity;
	struct kdbus_identity *parked;
	struct kdbus_audience audience;
	const char *description;
	u64 attach_send;
	u64 attach_recv;
	struct kdbus_pool *pool;
	struct kdbus_matches matches;
	wait_queue_head_t wait;
	struct completion gone;
	struct rhash_head by_id;
	struct list_head in_bus;
	struct list_head in_ep;

	struct {
		struct kdbus_reply *reply;
	} spare;

	struct {
		spinlock_t lock;
		bool closed;
		struct kdbus_queue queue;
		struct kdbus_quota quota;
		u64 lost;
		u64 lost_ever;
		struct list_head owed;
	} inbox;

	struct {
		spinlock_t lock;
		struct hlist_head list;
		unsigned int n;
		struct delayed_work expiry;
		u64 next;
	} calls;

	struct {
		spinlock_t lock;
		struct list_head list;
		unsigned int n;
	} names;
};

/* lifetime */
struct kdbus_conn *kdbus_conn_new(struct kdbus_endpoint *ep,
				  enum kdbus_kind kind, u64 pool_size,
				  const struct cred *cred);
struct kdbus_conn *kdbus_conn_ref(struct kdbus_conn *conn);
struct kdbus_conn *kdbus_conn_unref(struct kdbus_conn *conn);
int kdbus_conn_count(struct kdbus_conn *conn, struct kdbus_user *user);
void kdbus_conn_discount(struct kdbus_conn *conn);

/* on the bus */
int kdbus_conns_init(struct kdbus_bus *bus);
int kdbus_conn_link(struct kdbus_conn *conn);
void kdbus_conn_unlink(struct kdbus_conn *conn);
struct kdbus_conn *kdbus_conn_get(struct kdbus_bus *bus, u64 id);

/* inbox */
void kdbus_conn_wake(struct kdbus_conn *conn);
void kdbus_conn_lose(struct kdbus_conn *conn);
int kdbus_conn_charge(struct kdbus_conn *conn, struct kdbus_user *user,
		      u64 size, unsigned int n_fds,
		      struct kdbus_quota_user **out_account);
void kdbus_conn_uncharge(struct kdbus_conn *conn,
			 struct kdbus_quota_user *account, u64 size,
			 unsigned int n_fds);

void kdbus_conn_usage(struct kdbus_conn *conn, struct kdbus_usage *out);

static inline bool kdbus_conn_accepts_fds(const struct kdbus_conn *conn)
{
	return conn->flags & KDBUS_HELLO_ACCEPT_FD;
}

#endif /* KDBUS_CONN_H */
