/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose account pays: users of a domain, and what each takes of a receiver. */
#ifndef KDBUS_USER_H
#define KDBUS_USER_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#define KDBUS_USER_CONNS_MAX	1024	/* connections, per domain */
#define KDBUS_USER_BUSES_MAX	16	/* buses, per domain */
#define KDBUS_QUOTA_MSGS_MAX	256	/* messages queued at one receiver */
#define KDBUS_QUOTA_FDS_MAX	16	/* descriptors in them */

/**
 * struct kdbus_users - the users of a domain
 * @lock:	guards @by_uid
 * @by_uid:	struct kdbus_user
 */
struct kdbus_users {
	struct mutex lock;
	struct rb_root by_uid;
};

/**
 * struct kdbus_user - an account
 * @ref:	references
 * @users:	where it is found, NULL for a private one
 * @node:	in @users->by_uid
 * @uid:	whose it is
 * @n_conns:	connections
 * @n_buses:	buses
 *
 * Connections through the default endpoint share the account of their uid.
 * Those of a custom endpoint share a private one, and so does the kernel.
 */
struct kdbus_user {
	struct kref ref;
	struct kdbus_users *users;
	struct rb_node node;
	kuid_t uid;
	atomic_t n_conns;
	atomic_t n_buses;
};

void kdbus_users_init(struct kdbus_users *users);
void kdbus_users_deinit(struct kdbus_users *users);

struct kdbus_user *kdbus_user_get(struct kdbus_users *users, kuid_t uid);
struct kdbus_user *kdbus_user_new_private(void);
struct kdbus_user *kdbus_user_ref(struct kdbus_user *user);
struct kdbus_user *kdbus_user_unref(struct kdbus_user *user);
bool kdbus_user_charge(atomic_t *count, int max);

/* quota */

/**
 * struct kdbus_quota - what waits at one receiver, by sender
 * @pool_size:	bytes of the receiver's pool
 * @bytes:	bytes of all waiting messages
 * @by_user:	struct kdbus_quota_user
 * @spare:	the one account without messages that is kept for its next use,
 *		so that a call and its answer need no allocation
 *
 * The receiver's lock guards it.
 */
struct kdbus_quota {
	u64 pool_size;
	u64 bytes;
	struct rb_root by_user;
	struct kdbus_quota_user *spare;
};

/**
 * struct kdbus_quota_user - what waits at one receiver from one user
 * @node:	in kdbus_quota.by_user
 * @user:	who sent it, with a reference
 * @bytes:	bytes of pool
 * @n_msgs:	messages
 * @n_fds:	descriptors in them, memfds of the payload not counted
 */
struct kdbus_quota_user {
	struct rb_node node;
	struct kdbus_user *user;
	u64 bytes;
	unsigned int n_msgs;
	unsigned int n_fds;
};

void kdbus_quota_init(struct kdbus_quota *quota, u64 pool_size);
void kdbus_quota_deinit(struct kdbus_quota *quota);
struct kdbus_quota_user *kdbus_quota_user_new(struct kdbus_user *user);
void kdbus_quota_user_free(struct kdbus_quota_user *account);

struct kdbus_quota_user *kdbus_quota_find(struct kdbus_quota *quota,
					  struct kdbus_user *user);
struct kdbus_quota_user *kdbus_quota_add(struct kdbus_quota *quota,
					 struct kdbus_quota_user *account);
void kdbus_quota_sum(const struct kdbus_quota *quota, u32 *out_msgs,
		     u32 *out_fds);
int kdbus_quota_charge(struct kdbus_quota *quota,
		       struct kdbus_quota_user *account, u64 bytes,
		       unsigned int n_fds);
struct kdbus_quota_user *kdbus_quota_uncharge(struct kdbus_quota *quota,
					      struct kdbus_quota_user *account,
					      u64 bytes, unsigned int n_fds);

#endif /* KDBUS_USER_H */
