// SPDX-License-Identifier: GPL-2.0-only
/* LIST, CONN_INFO, BUS_CREATOR_INFO. */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "flow/behalf.h"
#include "flow/inform.h"
#include "flow/join.h"
#include "flow/permit.h"
#include "object/conn.h"
#include "object/identity.h"
#include "object/name.h"
#include "object/pool.h"
#include "util/args.h"

/* Put a result into the caller's pool, for it to free. */
static int report(struct kdbus_conn *conn, const void *data, size_t size,
		  u64 *out_offset, u64 *out_size)
{
	struct kdbus_slice *slice;
	int r;

	*out_offset = kdbus_pool_size(conn->pool);
	*out_size = 0;
	if (!size)
		return 0;
	slice = kdbus_pool_alloc(conn->pool, size);
	if (IS_ERR(slice))
		return PTR_ERR(slice);
	r = kdbus_pool_write(conn->pool, slice, 0, data, size);
	if (r) {
		kdbus_pool_drop(conn->pool, slice);
		return r;
	}
	*out_offset = slice->offset;
	*out_size = slice->size;
	kdbus_pool_hand_over(conn->pool, slice);
	return 0;
}

/* LIST */

/**
 * struct listing - a LIST in progress
 * @behalf:	for whom
 * @flags:	KDBUS_LIST_*
 * @at:		where the next record goes, NULL while sizes are added up
 * @size:	bytes of records so far
 *
 * It is walked twice: once for the size, once to write.
 */
struct listing {
	const struct kdbus_behalf *behalf;
	u64 flags;
	u8 *at;
	size_t size;
};

static bool is_selected(const struct listing *list,
			const struct kdbus_name_owner *owner)
{
	if (owner->flags & KDBUS_NAME_ACTIVATOR)
		return list->flags & KDBUS_LIST_ACTIVATORS;
	if (owner->flags & KDBUS_NAME_IN_QUEUE)
		return list->flags & KDBUS_LIST_QUEUED;
	return list->flags & KDBUS_LIST_NAMES;
}

static void list_record(struct listing *list, const struct kdbus_conn *conn,
			const struct kdbus_name_owner *owner)
{
	size_t n = sizeof(struct kdbus_info);
	struct kdbus_info *info = (struct kdbus_info *)list->at;

	if (owner)
		n += KDBUS_ITEM_HEADER + sizeof(struct kdbus_name) +
		     strlen(owner->entry->name) + 1;
	if (info) {
		info->size = n;
		info->id = conn->id;
		info->flags = conn->flags;
		if (owner)
			kdbus_name_write_item(info + 1, owner->entry->name,
					      owner->flags);
		list->at += KDBUS_ALIGN8(n);
	}
	list->size += KDBUS_ALIGN8(n);
}

/* records of one connection: its names that were asked for, else its id */
static void list_conn(struct listing *list, struct kdbus_conn *conn)
{
	const struct kdbus_behalf *behalf = list->behalf;
	struct kdbus_name_owner *owner;
	bool selected = false;

	/* the registry is locked, so the list of names stays as it is */
	list_for_each_entry(owner, &conn->names.list, in_conn) {
		if (!is_selected(list, owner))
			continue;
		selected = true;
		if (kdbus_may_see_name(behalf->conn, behalf->cred,
				       owner->entry->name))
			list_record(list, conn, owner);
	}
	if (!selected && list->flags & KDBUS_LIST_UNIQUE)
		list_record(list, conn, NULL);
}

static void list_walk(struct listing *list, struct kdbus_bus *bus)
{
	struct kdbus_conn *conn;

	list_for_each_entry(conn, &bus->conns.list, in_bus)
		list_conn(list, conn);
}

/* Add up the records, and write them if they fit into @room bytes at @data. */
static void list_try(struct listing *list, struct kdbus_bus *bus, void *data,
		     size_t room)
{
	guard(mutex)(&bus->names.lock);
	guard(mutex)(&bus->conns.lock);
	list->at = NULL;
	list->size = 0;
	list_walk(list, bus);
	if (!list->size || list->size > room)
		return;
	list->at = data;
	list->size = 0;
	list_walk(list, bus);
}

/*
 * All records in one buffer; NULL if there are none.  Memory is found without
 * the locks, so there may be more to tell when it was.
 */
static void *list_make(struct listing *list, struct kdbus_conn *caller)
{
	void *data = NULL;
	size_t room = 0;

	for (;;) {
		list_try(list, caller->bus, data, room);
		if (list->size <= room)
			return data;
		kvfree(data);
		room = list->size + list->size / 8;
		if (list->size > kdbus_pool_size(caller->pool))
			return ERR_PTR(-EXFULL);
		data = kvzalloc(room, GFP_KERNEL_ACCOUNT);
		if (!data)
			return ERR_PTR(-ENOMEM);
	}
}

/**
 * kdbus_inform_list() - KDBUS_CMD_LIST
 * @conn:	caller
 * @args:	struct kdbus_cmd_list; its outputs are set on success
 *
 * Return: 0 or one of the errors of kdbus.name(7).
 */
int kdbus_inform_list(struct kdbus_conn *conn, struct kdbus_args *args)
{
	struct kdbus_cmd_list *cmd = args->data;
	struct kdbus_behalf behalf;
	struct listing list = { .behalf = &behalf, .flags = cmd->flags };
	void *data;
	int r;

	r = kdbus_behalf_init(&behalf, conn, args);
	if (r)
		return r;
	data = list_make(&list, conn);
	if (IS_ERR(data)) {
		r = PTR_ERR(data);
	} else {
		r = report(conn, data, list.size, &cmd->offset,
			   &cmd->list_size);
		kvfree(data);
	}
	kdbus_behalf_deinit(&behalf);
	return r;
}

/* CONN_INFO */

static struct kdbus_conn *find_by_name(const struct kdbus_behalf *behalf,
				       const char *name, u64 id)
{
	struct kdbus_bus *bus = behalf->conn->bus;
	struct kdbus_name_entry *entry;
	struct kdbus_conn *conn;
	unsigned int seq;

	if (!kdbus_may_see_name(behalf->conn, behalf->cred, name))
		return ERR_PTR(-ESRCH);
	entry = kdbus_name_get(bus, name);
	if (!entry)
		return ERR_PTR(-ESRCH);
	conn = kdbus_name_get_holder(bus, entry, &seq);
	kdbus_name_unref(entry);
	if (!conn)
		return ERR_PTR(-ESRCH);
	if (id && id != conn->id) {
		kdbus_conn_unref(conn);
		return ERR_PTR(-ESRCH);
	}
	return conn;
}

static struct kdbus_conn *find_by_id(const struct kdbus_behalf *behalf, u64 id)
{
	struct kdbus_conn *conn = kdbus_conn_get(behalf->conn->bus, id);

	if (!conn)
		return ERR_PTR(-ENXIO);
	if (!kdbus_may_see(behalf->conn, behalf->cred, conn)) {
		kdbus_conn_unref(conn);
		return ERR_PTR(-ENXIO);
	}
	return conn;
}

static struct kdbus_conn *find_conn(const struct kdbus_behalf *behalf,
				    const struct kdbus_args *args)
{
	const char *name = kdbus_args_find_str(args, KDBUS_ITEM_NAME);
	const struct kdbus_cmd_info *cmd = args->data;

	if (name)
		return find_by_name(behalf, name, cmd->id);
	return cmd->id ? find_by_id(behalf, cmd->id) : ERR_PTR(-EINVAL);
}

/*
 * What goes beyond the metadata, and is asked for by an item of its own.  The
 * process is left out when it is not there any more; what somebody takes is
 * not for everybody to know, as it tells when messages come and go.
 */
static u8 *put_process(u8 *at, const struct kdbus_conn *conn,
		       const struct kdbus_conn *target)
{
	struct kdbus_process process;

	if (!(READ_ONCE(target->attach_send) & KDBUS_ATTACH_PIDS) ||
	    !kdbus_identity_find_process(target->identity, &conn->audience,
					 &process))
		return at;
	return kdbus_item_put(at, KDBUS_ITEM_PROCESS, &process,
			      sizeof(process));
}

static u8 *put_usage(u8 *at, struct kdbus_conn *target)
{
	struct kdbus_usage usage;

	kdbus_conn_usage(target, &usage);
	return kdbus_item_put(at, KDBUS_ITEM_USAGE, &usage, sizeof(usage));
}

/* a kdbus_info about @target for @conn */
static int inform_about(struct kdbus_conn *conn, struct kdbus_conn *target,
			struct kdbus_args *args)
{
	bool usage = kdbus_args_find(args, KDBUS_ITEM_USAGE);
	struct kdbus_cmd_info *cmd = args->data;
	u64 mask = cmd->attach_flags & READ_ONCE(target->attach_send);
	size_t process, names = 0, description = 0;
	struct kdbus_info *info;
	u8 *at;
	int r;

	if (usage && !conn->owner && conn != target)
		return -EPERM;
	process = kdbus_identity_size(target->identity, &conn->audience, mask);
	if (mask & KDBUS_ATTACH_NAMES)
		names = kdbus_names_items_size(target);
	if (mask & KDBUS_ATTACH_CONN_DESCRIPTION && target->description)
		description = strlen(target->description) + 1;

	info = kvzalloc(sizeof(*info) + process + names +
			KDBUS_ITEM_SIZE(description) +
			KDBUS_ITEM_SIZE(sizeof(struct kdbus_process)) +
			KDBUS_ITEM_SIZE(sizeof(struct kdbus_usage)),
			GFP_KERNEL_ACCOUNT);
	if (!info)
		return -ENOMEM;
	info->id = target->id;
	info->flags = target->flags;
	at = (u8 *)(info + 1);
	at += kdbus_identity_write(target->identity, &conn->audience, mask, at);
	if (names)
		at += kdbus_names_items_write(target, at, names);
	if (description)
		at = kdbus_item_put(at, KDBUS_ITEM_CONN_DESCRIPTION,
				    target->description, description);
	if (kdbus_args_find(args, KDBUS_ITEM_PROCESS))
		at = put_process(at, conn, target);
	if (usage)
		at = put_usage(at, target);
	info->size = at - (u8 *)info;
	r = report(conn, info, info->size, &cmd->offset, &cmd->info_size);
	kvfree(info);
	return r;
}

/**
 * kdbus_inform_conn() - KDBUS_CMD_CONN_INFO
 * @conn:	caller
 * @args:	struct kdbus_cmd_info; its outputs are set on success
 *
 * Return: 0 or one of the errors of kdbus.connection(7).
 */
int kdbus_inform_conn(struct kdbus_conn *conn, struct kdbus_args *args)
{
	struct kdbus_cmd_info *cmd = args->data;
	struct kdbus_behalf behalf;
	struct kdbus_conn *target;
	int r;

	r = kdbus_behalf_init(&behalf, conn, args);
	if (r)
		return r;
	r = kdbus_attach_flags_check(cmd->attach_flags);
	if (!r) {
		target = find_conn(&behalf, args);
		r = PTR_ERR_OR_ZERO(target);
	}
	if (!r) {
		r = inform_about(conn, target, args);
		kdbus_conn_unref(target);
	}
	kdbus_behalf_deinit(&behalf);
	return r;
}

/* BUS_CREATOR_INFO */

/**
 * kdbus_inform_creator() - KDBUS_CMD_BUS_CREATOR_INFO
 * @conn:	caller
 * @args:	struct kdbus_cmd_info; its outputs are set on success
 *
 * Return: 0, -EINVAL, -EXFULL, -ENOMEM.
 */
int kdbus_inform_creator(struct kdbus_conn *conn, struct kdbus_args *args)
{
	struct kdbus_cmd_info *cmd = args->data;
	struct kdbus_bus *bus = conn->bus;
	size_t name = strlen(bus->node.name) + 1, process;
	struct kdbus_info *info;
	u64 mask;
	u8 *at;
	int r;

	r = kdbus_attach_flags_check(cmd->attach_flags);
	if (r)
		return r;
	mask = cmd->attach_flags & bus->attach_flags;
	process = kdbus_identity_size(bus->maker, &conn->audience, mask);
	info = kvzalloc(sizeof(*info) + KDBUS_ITEM_SIZE(name) + process,
			GFP_KERNEL_ACCOUNT);
	if (!info)
		return -ENOMEM;
	info->id = bus->id;
	info->flags = bus->flags;
	at = kdbus_item_put(info + 1, KDBUS_ITEM_MAKE_NAME, bus->node.name,
			    name);
	at += kdbus_identity_write(bus->maker, &conn->audience, mask, at);
	info->size = at - (u8 *)info;
	r = report(conn, info, info->size, &cmd->offset, &cmd->info_size);
	kvfree(info);
	return r;
}
