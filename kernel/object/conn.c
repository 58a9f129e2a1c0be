// SPDX-License-Identifier: GPL-2.0-only
/* A connection: a party on a bus. */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "object/conn.h"
#include "object/identity.h"
#include "object/pool.h"

/*
 * Ids are counted up, but who makes many connections may keep those that collide:
 * with another seed, which comes when there are too many, others do.
 */
static u32 hash_id(const void *id, u32 len, u32 seed)
{
	return hash_64(*(const u64 *)id * (seed | 1), 32);
}

static int compare_id(struct rhashtable_compare_arg *arg, const void *conn)
{
	return *(const u64 *)arg->key != ((const struct kdbus_conn *)conn)->id;
}

static const struct rhashtable_params conn_params = {
	.head_offset = offsetof(struct kdbus_conn, by_id),
	.key_offset = offsetof(struct kdbus_conn, id),
	.key_len = sizeof(u64),
	.hashfn = hash_id,
	.obj_cmpfn = compare_id,
	.automatic_shrinking = true,
};

static void conn_init(struct kdbus_conn *conn)
{
	kref_init(&conn->ref);
	kdbus_active_init(&conn->active);
	init_waitqueue_head(&conn->wait);
	init_completion(&conn->gone);
	INIT_LIST_HEAD(&conn->in_bus);
	INIT_LIST_HEAD(&conn->in_ep);
	spin_lock_init(&conn->inbox.lock);
	kdbus_queue_init(&conn->inbox.queue);
	INIT_LIST_HEAD(&conn->inbox.owed);
	spin_lock_init(&conn->calls.lock);
	INIT_HLIST_HEAD(&conn->calls.list);
	conn->calls.next = U64_MAX;
	spin_lock_init(&conn->names.lock);
	INIT_LIST_HEAD(&conn->names.list);
}

/**
 * kdbus_conn_new() - make a connection that nobody can find yet
 * @ep:		endpoint
 * @kind:	what it is for
 * @pool_size:	bytes of its pool, a multiple of the page size
 * @cred:	credentials of who opened the file
 *
 * Its namespaces are those of @cred and of the caller.
 *
 * Return: a reference, or ERR_PTR(-ENOMEM).
 */
struct kdbus_conn *kdbus_conn_new(struct kdbus_endpoint *ep,
				  enum kdbus_kind kind, u64 pool_size,
				  const struct cred *cred)
{
	struct kdbus_pool *pool;
	struct kdbus_conn *conn;

	conn = kzalloc(sizeof(*conn), GFP_KERNEL_ACCOUNT);
	if (!conn)
		return ERR_PTR(-ENOMEM);
	pool = kdbus_pool_new(pool_size);
	if (IS_ERR(pool)) {
		kfree(conn);
		return ERR_CAST(pool);
	}

	conn_init(conn);
	conn->pool = pool;
	conn->kind = kind;
	conn->ep = kdbus_endpoint_ref(ep);
	conn->bus = ep->bus;
	conn->cred = get_cred(cred);
	kdbus_quota_init(&conn->inbox.quota, pool_size);
	kdbus_audience_init(&conn->audience, cred);
	kdbus_matches_init(&conn->matches, &ep->bus->matches);
	return conn;
}

struct kdbus_conn *kdbus_conn_ref(struct kdbus_conn *conn)
{
	if (conn)
		kref_get(&conn->ref);
	return conn;
}

/**
 * kdbus_conn_count() - count a connection against its user's limit
 * @conn:	new connection
 * @user:	its user; the reference becomes the connection's
 *
 * Return: 0, or -EMFILE if the user has too many.
 */
int kdbus_conn_count(struct kdbus_conn *conn, struct kdbus_user *user)
{
	conn->user = user;
	conn->counted = kdbus_user_charge(&user->n_conns,
					  KDBUS_USER_CONNS_MAX);
	return conn->counted ? 0 : -EMFILE;
}

/**
 * kdbus_conn_discount() - a connection does not count any more
 * @conn:	connection, counted or not, that nobody else is ending
 */
void kdbus_conn_discount(struct kdbus_conn *conn)
{
	if (conn->counted)
		atomic_dec(&conn->user->n_conns);
	conn->counted = false;
}

static void conn_free(struct kref *ref)
{
	struct kdbus_conn *conn = container_of(ref, struct kdbus_conn, ref);

	WARN_ON_ONCE(conn->names.n || conn->calls.n || conn->matches.n);
	WARN_ON_ONCE(!list_empty(&conn->inbox.owed));
	kdbus_queue_deinit(&conn->inbox.queue);
	kdbus_quota_deinit(&conn->inbox.quota);
	kdbus_audience_deinit(&conn->audience);
	kdbus_identity_unref(conn->identity);
	kdbus_identity_unref(conn->parked);
	kdbus_pool_unref(conn->pool);
	kdbus_conn_discount(conn);
	kdbus_user_unref(conn->user);
	put_cred(conn->cred);
	kfree(conn->description);
	kfree(conn->spare.reply);
	kdbus_endpoint_unref(conn->ep);
	kfree_rcu(conn, rcu);
}

/**
 * kdbus_conn_unref() - drop a reference
 * @conn:	connection or NULL
 *
 * May sleep.
 *
 * Return: NULL.
 */
struct kdbus_conn *kdbus_conn_unref(struct kdbus_conn *conn)
{
	if (conn)
		kref_put(&conn->ref, conn_free);
	return NULL;
}

/**
 * kdbus_conns_init() - a new bus has no connections
 * @bus:	bus
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_conns_init(struct kdbus_bus *bus)
{
	return rhashtable_init(&bus->conns.by_id, &conn_params);
}

/**
 * kdbus_conn_link() - let others find a connection
 * @conn:	connection with an id
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_conn_link(struct kdbus_conn *conn)
{
	struct kdbus_bus *bus = conn->bus;
	int r;

	guard(mutex)(&bus->conns.lock);
	r = rhashtable_insert_fast(&bus->conns.by_id, &conn->by_id,
				   conn_params);
	if (r)
		return r;
	if (conn->kind == KDBUS_MONITOR) {
		list_add_tail(&conn->in_bus, &bus->conns.monitors);
		WRITE_ONCE(bus->conns.n_monitors, bus->conns.n_monitors + 1);
	} else {
		list_add_tail(&conn->in_bus, &bus->conns.list);
	}
	return 0;
}

/**
 * kdbus_conn_unlink() - let nobody find a connection any more
 * @conn:	connection, linked or not
 */
void kdbus_conn_unlink(struct kdbus_conn *conn)
{
	struct kdbus_bus *bus = conn->bus;

	guard(mutex)(&bus->conns.lock);
	if (list_empty(&conn->in_bus))
		return;
	rhashtable_remove_fast(&bus->conns.by_id, &conn->by_id,
			       conn_params);
	list_del_init(&conn->in_bus);
	if (conn->kind == KDBUS_MONITOR)
		WRITE_ONCE(bus->conns.n_monitors, bus->conns.n_monitors - 1);
}

/**
 * kdbus_conn_get() - find a connection
 * @bus:	bus
 * @id:		id
 *
 * Takes no lock.
 *
 * Return: a reference, or NULL.
 */
struct kdbus_conn *kdbus_conn_get(struct kdbus_bus *bus, u64 id)
{
	struct kdbus_conn *conn;

	guard(rcu)();
	conn = rhashtable_lookup(&bus->conns.by_id, &id, conn_params);
	return conn && kref_get_unless_zero(&conn->ref) ? conn : NULL;
}

/**
 * kdbus_conn_wake() - there is something to receive
 * @conn:	receiver
 *
 * wq_has_sleeper() pairs with the barrier of poll_wait(): who queued before is
 * seen by a poller that is not on the list yet.
 */
void kdbus_conn_wake(struct kdbus_conn *conn)
{
	if (wq_has_sleeper(&conn->wait))
		wake_up_interruptible_sync_poll(&conn->wait,
						EPOLLIN | EPOLLRDNORM);
}

/**
 * kdbus_conn_lose() - a message that should have come did not
 * @conn:	receiver
 */
void kdbus_conn_lose(struct kdbus_conn *conn)
{
	spin_lock(&conn->inbox.lock);
	conn->inbox.lost++;
	conn->inbox.lost_ever++;
	spin_unlock(&conn->inbox.lock);
	kdbus_conn_wake(conn);
}

/**
 * kdbus_conn_charge() - charge a sender for a message that is to wait
 * @conn:	receiver
 * @user:	sender
 * @size:	bytes of pool
 * @n_fds:	descriptors
 * @out_account: for kdbus_conn_uncharge()
 *
 * Return: 0; -ECONNRESET if the receiver is gone; -ENOBUFS, -EMFILE, -ENOMEM.
 */
int kdbus_conn_charge(struct kdbus_conn *conn, struct kdbus_user *user,
		      u64 size, unsigned int n_fds,
		      struct kdbus_quota_user **out_account)
{
	struct kdbus_quota *quota = &conn->inbox.quota;
	struct kdbus_quota_user *account, *fresh = NULL, *old = NULL;
	int r = -ECONNRESET;

again:
	spin_lock(&conn->inbox.lock);
	if (conn->inbox.closed)
		goto out;
	account = kdbus_quota_find(quota, user);
	if (!account && !fresh) {
		spin_unlock(&conn->inbox.lock);
		fresh = kdbus_quota_user_new(user);
		if (!fresh)
			return -ENOMEM;
		goto again;
	}
	if (!account) {
		account = fresh;
		fresh = NULL;
		old = kdbus_quota_add(quota, account);
	}
	r = kdbus_quota_charge(quota, account, size, n_fds);
	if (!r)
		*out_account = account;
out:
	spin_unlock(&conn->inbox.lock);
	kdbus_quota_user_free(fresh);
	kdbus_quota_user_free(old);
	return r;
}

/**
 * kdbus_conn_uncharge() - a message waits no longer
 * @conn:	receiver
 * @account:	account charged
 * @size:	as charged
 * @n_fds:	as charged
 */
void kdbus_conn_uncharge(struct kdbus_conn *conn,
			 struct kdbus_quota_user *account, u64 size,
			 unsigned int n_fds)
{
	struct kdbus_quota_user *old;

	spin_lock(&conn->inbox.lock);
	old = kdbus_quota_uncharge(&conn->inbox.quota, account, size, n_fds);
	spin_unlock(&conn->inbox.lock);
	kdbus_quota_user_free(old);
}

/**
 * kdbus_conn_usage() - what it takes of what it may have
 * @conn:	connection
 * @out:	written
 *
 * The figures are not of one and the same moment.
 */
void kdbus_conn_usage(struct kdbus_conn *conn, struct kdbus_usage *out)
{
	*out = (struct kdbus_usage){
		.pool_size = kdbus_pool_size(conn->pool),
		.matches = kdbus_matches_count(&conn->matches),
		.conns = atomic_read(&conn->user->n_conns),
	};

	spin_lock(&conn->inbox.lock);
	out->bytes = conn->inbox.quota.bytes;
	out->lost = conn->inbox.lost_ever;
	kdbus_quota_sum(&conn->inbox.quota, &out->msgs, &out->fds);
	spin_unlock(&conn->inbox.lock);

	spin_lock(&conn->calls.lock);
	out->calls = conn->calls.n;
	spin_unlock(&conn->calls.lock);

	spin_lock(&conn->names.lock);
	out->names = conn->names.n;
	spin_unlock(&conn->names.lock);
}
