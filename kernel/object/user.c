// SPDX-License-Identifier: GPL-2.0-only
/* Whose account pays: users of a domain, and what each takes of a receiver. */

#include <linux/err.h>
#include <linux/slab.h>

#include "object/user.h"

/* users of a domain */

void kdbus_users_init(struct kdbus_users *users)
{
	mutex_init(&users->lock);
	users->by_uid = RB_ROOT;
}

/**
 * kdbus_users_deinit() - all users must be gone
 * @users:	users
 */
void kdbus_users_deinit(struct kdbus_users *users)
{
	WARN_ON_ONCE(!RB_EMPTY_ROOT(&users->by_uid));
}

static struct kdbus_user *user_new(kuid_t uid)
{
	struct kdbus_user *user;

	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user)
		return ERR_PTR(-ENOMEM);
	kref_init(&user->ref);
	user->uid = uid;
	return user;
}

/**
 * kdbus_user_get() - the account of a uid, made if there is none
 * @users:	users of the domain, which outlive the account
 * @uid:	whose
 *
 * Return: a reference, or ERR_PTR(-ENOMEM).
 */
struct kdbus_user *kdbus_user_get(struct kdbus_users *users, kuid_t uid)
{
	struct rb_node **slot = &users->by_uid.rb_node, *above = NULL;
	struct kdbus_user *user;

	guard(mutex)(&users->lock);
	while (*slot) {
		above = *slot;
		user = rb_entry(above, struct kdbus_user, node);
		if (uid_eq(uid, user->uid))
			return kdbus_user_ref(user);
		slot = uid_lt(uid, user->uid) ? &above->rb_left :
						&above->rb_right;
	}

	user = user_new(uid);
	if (IS_ERR(user))
		return user;
	user->users = users;
	rb_link_node(&user->node, above, slot);
	rb_insert_color(&user->node, &users->by_uid);
	return user;
}

/**
 * kdbus_user_new_private() - an account nobody else can find
 *
 * Return: a reference, or ERR_PTR(-ENOMEM).
 */
struct kdbus_user *kdbus_user_new_private(void)
{
	return user_new(INVALID_UID);
}

struct kdbus_user *kdbus_user_ref(struct kdbus_user *user)
{
	if (user)
		kref_get(&user->ref);
	return user;
}

static void user_free(struct kref *ref)
{
	struct kdbus_user *user = container_of(ref, struct kdbus_user, ref);
	struct kdbus_users *users = user->users;

	if (users) {
		rb_erase(&user->node, &users->by_uid);
		mutex_unlock(&users->lock);
	}
	WARN_ON_ONCE(atomic_read(&user->n_conns));
	WARN_ON_ONCE(atomic_read(&user->n_buses));
	kfree(user);
}

struct kdbus_user *kdbus_user_unref(struct kdbus_user *user)
{
	if (!user)
		return NULL;
	if (user->users)
		kref_put_mutex(&user->ref, user_free, &user->users->lock);
	else
		kref_put(&user->ref, user_free);
	return NULL;
}

/**
 * kdbus_user_charge() - count one more connection or bus
 * @count:	counter of a user; atomic_dec() gives back
 * @max:	limit
 *
 * Return: false, with nothing counted, at the limit.
 */
bool kdbus_user_charge(atomic_t *count, int max)
{
	return atomic_add_unless(count, 1, max);
}

/* quota */

/**
 * kdbus_quota_init() - nothing waits
 * @quota:	quota of a receiver
 * @pool_size:	bytes of its pool
 */
void kdbus_quota_init(struct kdbus_quota *quota, u64 pool_size)
{
	quota->pool_size = pool_size;
	quota->bytes = 0;
	quota->by_user = RB_ROOT;
	quota->spare = NULL;
}

/**
 * kdbus_quota_deinit() - all charges must have been given back
 * @quota:	quota of a receiver
 */
void kdbus_quota_deinit(struct kdbus_quota *quota)
{
	if (quota->spare) {
		rb_erase(&quota->spare->node, &quota->by_user);
		kdbus_quota_user_free(quota->spare);
		quota->spare = NULL;
	}
	WARN_ON_ONCE(quota->bytes || !RB_EMPTY_ROOT(&quota->by_user));
}

/**
 * kdbus_quota_user_new() - an account to give to kdbus_quota_add()
 * @user:	whose
 *
 * Return: the account, or NULL.
 */
struct kdbus_quota_user *kdbus_quota_user_new(struct kdbus_user *user)
{
	struct kdbus_quota_user *account;

	account = kzalloc(sizeof(*account), GFP_KERNEL_ACCOUNT);
	if (account)
		account->user = kdbus_user_ref(user);
	return account;
}

void kdbus_quota_user_free(struct kdbus_quota_user *account)
{
	if (!account)
		return;
	kdbus_user_unref(account->user);
	kfree(account);
}

static struct rb_node **quota_slot(struct kdbus_quota *quota,
				   struct kdbus_user *user,
				   struct rb_node **out_above)
{
	struct rb_node **slot = &quota->by_user.rb_node;
	struct kdbus_quota_user *account;

	*out_above = NULL;
	while (*slot) {
		account = rb_entry(*slot, struct kdbus_quota_user, node);
		if (account->user == user)
			break;
		*out_above = *slot;
		slot = user < account->user ? &(*slot)->rb_left :
					      &(*slot)->rb_right;
	}
	return slot;
}

/**
 * kdbus_quota_find() - account of a user
 * @quota:	quota of the receiver
 * @user:	sender
 *
 * Return: the account, or NULL if there is none yet.
 */
struct kdbus_quota_user *kdbus_quota_find(struct kdbus_quota *quota,
					  struct kdbus_user *user)
{
	struct rb_node *above, *found = *quota_slot(quota, user, &above);

	return found ? rb_entry(found, struct kdbus_quota_user, node) : NULL;
}

/* keep an account without messages for its next use; the old one must go */
static struct kdbus_quota_user *quota_keep(struct kdbus_quota *quota,
					   struct kdbus_quota_user *account)
{
	struct kdbus_quota_user *old = quota->spare;

	quota->spare = account;
	if (old)
		rb_erase(&old->node, &quota->by_user);
	return old;
}

/**
 * kdbus_quota_add() - open an account
 * @quota:	quota of the receiver
 * @account:	account of a user who has none here; owned by @quota from now on
 *
 * Return: an account that is not needed any more, for the caller to free once
 * it has dropped the lock; or NULL.
 */
struct kdbus_quota_user *kdbus_quota_add(struct kdbus_quota *quota,
					 struct kdbus_quota_user *account)
{
	struct rb_node *above, **slot;

	slot = quota_slot(quota, account->user, &above);
	rb_link_node(&account->node, above, slot);
	rb_insert_color(&account->node, &quota->by_user);
	return quota_keep(quota, account);
}

/**
 * kdbus_quota_sum() - what waits from all users together
 * @quota:	quota of the receiver
 * @out_msgs:	messages
 * @out_fds:	descriptors in them
 */
void kdbus_quota_sum(const struct kdbus_quota *quota, u32 *out_msgs,
		     u32 *out_fds)
{
	const struct kdbus_quota_user *account;
	struct rb_node *node;

	*out_msgs = *out_fds = 0;
	for (node = rb_first(&quota->by_user); node; node = rb_next(node)) {
		account = rb_entry(node, struct kdbus_quota_user, node);
		*out_msgs += account->n_msgs;
		*out_fds += account->n_fds;
	}
}

/**
 * kdbus_quota_charge() - let a message wait
 * @quota:	quota of the receiver
 * @account:	account of the sender
 * @bytes:	bytes of pool the message takes
 * @n_fds:	descriptors it carries
 *
 * Half of the pool is for waiting messages.  A user may have a third of what
 * the others left of it, so that each newcomer still finds room.
 *
 * Return: 0, -ENOBUFS, -EMFILE.
 */
int kdbus_quota_charge(struct kdbus_quota *quota,
		       struct kdbus_quota_user *account, u64 bytes,
		       unsigned int n_fds)
{
	u64 half = quota->pool_size / 2, share;

	if (quota->bytes > half)
		return -ENOBUFS;
	share = div_u64(half - quota->bytes + account->bytes, 3);
	if (share < account->bytes || share - account->bytes < bytes)
		return -ENOBUFS;
	if (account->n_msgs >= KDBUS_QUOTA_MSGS_MAX)
		return -ENOBUFS;
	if (account->n_fds + n_fds > KDBUS_QUOTA_FDS_MAX)
		return -EMFILE;

	quota->bytes += bytes;
	account->bytes += bytes;
	account->n_msgs++;
	account->n_fds += n_fds;
	if (quota->spare == account)
		quota->spare = NULL;
	return 0;
}

/**
 * kdbus_quota_uncharge() - a message waits no longer
 * @quota:	quota of the receiver
 * @account:	account it was charged to
 * @bytes:	as charged
 * @n_fds:	as charged
 *
 * Return: an account that is not needed any more, for the caller to free once
 * it has dropped the lock; or NULL.
 */
struct kdbus_quota_user *kdbus_quota_uncharge(struct kdbus_quota *quota,
					      struct kdbus_quota_user *account,
					      u64 bytes, unsigned int n_fds)
{
	quota->bytes -= bytes;
	account->bytes -= bytes;
	account->n_msgs--;
	account->n_fds -= n_fds;
	if (account->n_msgs)
		return NULL;

	return quota_keep(quota, account);
}
