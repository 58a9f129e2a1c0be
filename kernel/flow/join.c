// SPDX-License-Identifier: GPL-2.0-only
/* HELLO: a file becomes a connection; UPDATE: it changes its mind. */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "flow/await.h"
#include "flow/claim.h"
#include "flow/join.h"
#include "flow/leave.h"
#include "flow/notice.h"
#include "object/conn.h"
#include "object/identity.h"
#include "object/pool.h"
#include "util/args.h"
#include "util/text.h"

#define SPECIAL_KINDS (KDBUS_HELLO_ACTIVATOR | KDBUS_HELLO_POLICY_HOLDER | \
		       KDBUS_HELLO_MONITOR)

/**
 * kdbus_attach_flags_check() - check a mask of metadata
 * @flags:	mask; all bits stand for all there are
 *
 * Return: 0 or -EINVAL.
 */
int kdbus_attach_flags_check(u64 flags)
{
	if (flags == _KDBUS_ATTACH_ANY)
		return 0;
	return flags & ~(u64)_KDBUS_ATTACH_ALL ? -EINVAL : 0;
}

static enum kdbus_kind kind_of(u64 flags)
{
	if (flags & KDBUS_HELLO_ACTIVATOR)
		return KDBUS_ACTIVATOR;
	if (flags & KDBUS_HELLO_POLICY_HOLDER)
		return KDBUS_HOLDER;
	if (flags & KDBUS_HELLO_MONITOR)
		return KDBUS_MONITOR;
	return KDBUS_ORDINARY;
}

static int check_name(const struct kdbus_args *args, enum kdbus_kind kind)
{
	const char *name = kdbus_args_find_str(args, KDBUS_ITEM_NAME);
	bool special = kind & (KDBUS_ACTIVATOR | KDBUS_HOLDER);

	if (!!name != special)
		return -EINVAL;
	return !name || kdbus_name_is_valid(name, true) ? 0 : -EINVAL;
}

static bool fakes(const struct kdbus_args *args)
{
	return kdbus_args_find(args, KDBUS_ITEM_CREDS) ||
	       kdbus_args_find(args, KDBUS_ITEM_PIDS) ||
	       kdbus_args_find(args, KDBUS_ITEM_SECLABEL);
}

static int check_hello(struct kdbus_endpoint *ep,
		       const struct kdbus_opener *opener,
		       struct kdbus_args *args)
{
	struct kdbus_cmd_hello *cmd = args->data;
	enum kdbus_kind kind = kind_of(cmd->flags);
	int r;

	if (!cmd->pool_size || !PAGE_ALIGNED(cmd->pool_size))
		return -EINVAL;
	if (hweight64(cmd->flags & SPECIAL_KINDS) > 1)
		return -EINVAL;
	r = check_name(args, kind);
	if (r)
		return r;
	if (kind == KDBUS_MONITOR && ep->custom)
		return -EOPNOTSUPP;
	if (kind != KDBUS_ORDINARY && !opener->owner)
		return -EPERM;
	if (fakes(args) && !opener->owner)
		return -EPERM;
	r = kdbus_attach_flags_check(cmd->attach_flags_send);
	return r ?: kdbus_attach_flags_check(cmd->attach_flags_recv);
}

/* whom the connection speaks for: the caller, or whomever it says */
static int conn_identify(struct kdbus_conn *conn,
			 const struct kdbus_args *args)
{
	struct kdbus_item *creds = kdbus_args_find(args, KDBUS_ITEM_CREDS);
	struct kdbus_item *pids = kdbus_args_find(args, KDBUS_ITEM_PIDS);
	struct kdbus_identity *identity;

	conn->faked = fakes(args);
	if (conn->faked)
		identity = kdbus_identity_new_fake(
			creds ? &creds->creds : NULL,
			pids ? &pids->pids : NULL,
			kdbus_args_find_str(args, KDBUS_ITEM_SECLABEL));
	else
		identity = kdbus_identity_new();
	if (IS_ERR(identity))
		return PTR_ERR(identity);
	conn->identity = identity;
	return kdbus_identity_gather(identity, _KDBUS_ATTACH_ALL);
}

/* the uid whose account the connection goes on */
static kuid_t account_uid(const struct kdbus_opener *opener,
			  const struct kdbus_args *args)
{
	struct kdbus_item *creds = kdbus_args_find(args, KDBUS_ITEM_CREDS);
	kuid_t uid = INVALID_UID;

	if (creds && opener->privileged && creds->creds.uid < U32_MAX)
		uid = make_kuid(current_user_ns(), creds->creds.uid);
	return uid_valid(uid) ? uid : opener->cred->uid;
}

static int conn_charge(struct kdbus_conn *conn,
		       const struct kdbus_opener *opener,
		       const struct kdbus_args *args)
{
	struct kdbus_user *user;

	if (conn->ep->custom)
		user = kdbus_user_ref(conn->ep->user);
	else
		user = kdbus_user_get(&conn->bus->domain->users,
				      account_uid(opener, args));
	if (IS_ERR(user))
		return PTR_ERR(user);
	return kdbus_conn_count(conn, user);
}

static int conn_describe(struct kdbus_conn *conn, const struct kdbus_args *args)
{
	const char *text = kdbus_args_find_str(args,
					       KDBUS_ITEM_CONN_DESCRIPTION);

	if (!text)
		return 0;
	conn->description = kstrdup(text, GFP_KERNEL_ACCOUNT);
	return conn->description ? 0 : -ENOMEM;
}

static struct kdbus_conn *conn_make(struct kdbus_endpoint *ep,
				    const struct kdbus_opener *opener,
				    const struct kdbus_args *args)
{
	const struct kdbus_cmd_hello *cmd = args->data;
	struct kdbus_conn *conn;
	int r;

	conn = kdbus_conn_new(ep, kind_of(cmd->flags), cmd->pool_size,
			      opener->cred);
	if (IS_ERR(conn))
		return conn;
	conn->flags = cmd->flags;
	conn->owner = opener->owner;
	conn->attach_send = cmd->attach_flags_send;
	conn->attach_recv = cmd->attach_flags_recv;
	INIT_DELAYED_WORK(&conn->calls.expiry, kdbus_expire);

	r = conn_identify(conn, args);
	if (!r)
		r = conn_charge(conn, opener, args);
	if (!r)
		r = conn_describe(conn, args);
	if (r) {
		kdbus_conn_unref(conn);
		return ERR_PTR(r);
	}
	conn->id = kdbus_domain_next_id(conn->bus->domain);
	return conn;
}

/* the slice that tells the caller about the bus */
static int write_parameters(struct kdbus_conn *conn,
			    struct kdbus_slice **out_slice)
{
	u64 buf[KDBUS_ITEM_SIZE(sizeof(conn->bus->bloom)) / 8];
	struct kdbus_slice *slice;
	int r;

	kdbus_item_put(buf, KDBUS_ITEM_BLOOM_PARAMETER, &conn->bus->bloom,
		       sizeof(conn->bus->bloom));
	slice = kdbus_pool_alloc(conn->pool, sizeof(buf));
	if (IS_ERR(slice))
		return PTR_ERR(slice);
	r = kdbus_pool_write(conn->pool, slice, 0, buf, sizeof(buf));
	if (r) {
		kdbus_pool_drop(conn->pool, slice);
		return r;
	}
	*out_slice = slice;
	return 0;
}

static int install_policy(struct kdbus_conn *conn, const struct kdbus_args *args,
			  bool wildcards)
{
	LIST_HEAD(entries);
	int r;

	r = kdbus_policy_parse(&entries, kdbus_args_items(args),
			       (u8 *)args->data + args->size, 1, wildcards);
	if (r)
		return r;
	r = kdbus_policy_replace(&conn->bus->policy, conn, &entries);
	kdbus_policy_discard(&entries);
	/* whoever is ending it may have removed its policy already */
	if (!r && !kdbus_active_is_on(&conn->active)) {
		kdbus_policy_remove(&conn->bus->policy, conn);
		r = -ECONNRESET;
	}
	return r;
}

/* Become visible on an endpoint that is held; kdbus_leave() undoes it. */
static int conn_enter_held(struct kdbus_conn *conn, const struct kdbus_args *args)
{
	const char *name = kdbus_args_find_str(args, KDBUS_ITEM_NAME);
	int r;

	mutex_lock(&conn->ep->lock);
	list_add_tail(&conn->in_ep, &conn->ep->conns);
	mutex_unlock(&conn->ep->lock);
	kdbus_active_switch_on(&conn->active);

	r = kdbus_conn_link(conn);
	if (r)
		return r;
	kdbus_notice_conn(conn, KDBUS_ITEM_ID_ADD);
	if (conn->kind == KDBUS_ACTIVATOR) {
		r = kdbus_name_is_valid(name, false) ?
			kdbus_claim_activator(conn, name) : -EINVAL;
		if (r)
			return r;
	}
	if (name)
		r = install_policy(conn, args, conn->kind == KDBUS_HOLDER);
	return r;
}

static int conn_enter(struct kdbus_conn *conn, const struct kdbus_args *args)
{
	struct kdbus_active *active = &conn->ep->node.active;
	int r = -ESHUTDOWN;

	if (kdbus_active_acquire(active)) {
		r = conn_enter_held(conn, args);
		kdbus_active_release(active);
	}
	return r;
}

static void fill_hello(struct kdbus_cmd_hello *cmd, struct kdbus_conn *conn,
		       struct kdbus_slice *slice)
{
	cmd->id = conn->id;
	cmd->bus_flags = conn->bus->flags;
	export_uuid(cmd->id128, &conn->bus->id128);
	cmd->offset = slice->offset;
	cmd->items_size = slice->size;
	kdbus_pool_hand_over(conn->pool, slice);
}

/**
 * kdbus_join() - KDBUS_CMD_HELLO
 * @ep:		endpoint
 * @opener:	who opened it
 * @args:	struct kdbus_cmd_hello; its outputs are set on success
 *
 * The endpoint is held only for as long as nothing can stall: its end must not
 * have to wait for memory of the caller.
 *
 * Return: a reference to a connection, to be ended by kdbus_leave(); or
 * ERR_PTR() of one of the errors of kdbus.connection(7).
 */
struct kdbus_conn *kdbus_join(struct kdbus_endpoint *ep,
			      const struct kdbus_opener *opener,
			      struct kdbus_args *args)
{
	struct kdbus_slice *slice;
	struct kdbus_conn *conn;
	int r;

	r = check_hello(ep, opener, args);
	if (r)
		return ERR_PTR(r);
	conn = conn_make(ep, opener, args);
	if (IS_ERR(conn))
		return conn;
	r = write_parameters(conn, &slice);
	if (r) {
		kdbus_conn_unref(conn);
		return ERR_PTR(r);
	}

	r = conn_enter(conn, args);
	if (r) {
		kdbus_pool_drop(conn->pool, slice);
		kdbus_leave(conn);
		kdbus_conn_unref(conn);
		return ERR_PTR(r);
	}
	kdbus_notices_flush(conn->bus);
	fill_hello(args->data, conn, slice);
	return conn;
}

/* UPDATE */

#define MAY_SAY_SEND	(KDBUS_ORDINARY | KDBUS_MONITOR)
#define MAY_SAY_RECV	(KDBUS_ORDINARY | KDBUS_MONITOR | KDBUS_ACTIVATOR)

/* Somebody else may change the mask that is not given. */
static void update_mask(u64 *mask, const struct kdbus_item *item)
{
	if (item)
		WRITE_ONCE(*mask, item->id);
}

/**
 * kdbus_update() - KDBUS_CMD_UPDATE
 * @conn:	caller
 * @args:	struct kdbus_cmd
 *
 * Return: 0 or one of the errors of kdbus.connection(7); then nothing has
 * changed.
 */
int kdbus_update(struct kdbus_conn *conn, struct kdbus_args *args)
{
	struct kdbus_item *send, *recv;
	bool policy = kdbus_args_find(args, KDBUS_ITEM_NAME) ||
		      kdbus_args_find(args, KDBUS_ITEM_POLICY_ACCESS);
	int r = 0;

	send = kdbus_args_find(args, KDBUS_ITEM_ATTACH_FLAGS_SEND);
	recv = kdbus_args_find(args, KDBUS_ITEM_ATTACH_FLAGS_RECV);
	if ((send && !(conn->kind & MAY_SAY_SEND)) ||
	    (recv && !(conn->kind & MAY_SAY_RECV)) ||
	    (policy && conn->kind != KDBUS_HOLDER))
		return -EOPNOTSUPP;
	if (send)
		r = kdbus_attach_flags_check(send->id);
	if (!r && recv)
		r = kdbus_attach_flags_check(recv->id);
	if (!r && policy)
		r = install_policy(conn, args, true);
	if (r)
		return r;
	update_mask(&conn->attach_send, send);
	update_mask(&conn->attach_recv, recv);
	return 0;
}
