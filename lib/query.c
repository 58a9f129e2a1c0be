// SPDX-License-Identifier: LGPL-2.1-or-later
/* Asking the kernel about the connections of a bus. */
#include <errno.h>

#include "lib/cmd.h"
#include "lib/item.h"
#include "lib/name.h"
#include "lib/query.h"

#define INFO_HEADER	offsetof(struct kdbus_info, items)

static int info_parse(struct kb_info *info, const struct kdbus_info *record,
		      size_t left)
{
	const struct kdbus_item *item;
	struct kb_item_iter iter;
	int r;

	if (left < INFO_HEADER || record->size < INFO_HEADER ||
	    record->size > left)
		return -EBADMSG;

	*info = (struct kb_info){ .id = record->id, .flags = record->flags };
	r = kb_meta_parse(&info->meta, record->items,
			  record->size - INFO_HEADER);
	if (r < 0)
		return r;

	iter = info->meta.items;
	while ((item = kb_item_next(&iter)))
		if (item->type == KDBUS_ITEM_MAKE_NAME)
			info->name = kb_item_string(item);
	return 0;
}

/* Makes an info of a slice, which is given back on failure. */
static int info_take(struct kb_conn *conn, uint64_t offset, uint64_t size,
		     struct kb_info *out)
{
	const void *slice = kb_pool_at(&conn->pool, offset, size);
	int r;

	r = slice ? info_parse(out, slice, size) : -EBADMSG;
	if (r < 0) {
		kb_pool_release(&conn->pool, offset);
		return r;
	}
	out->conn = kb_conn_ref(conn);
	out->slice = offset;
	return 0;
}

int kb_conn_info(struct kb_conn *conn, uint64_t id, const char *name,
		 uint64_t attach, uint64_t behalf_id, struct kb_info *out)
{
	uint64_t offset, size;
	int r;

	r = kb_cmd_conn_info(conn->fd, id, name, attach, behalf_id, &offset,
			     &size);
	return r < 0 ? r : info_take(conn, offset, size, out);
}

int kb_conn_info_by_name(struct kb_conn *conn, const char *bus_name,
			 uint64_t attach, uint64_t behalf_id,
			 struct kb_info *out)
{
	uint64_t id;

	if (*bus_name != ':')
		return kb_conn_info(conn, 0, bus_name, attach, behalf_id, out);
	if (kb_unique_name_parse(bus_name, &id) < 0 || !id)
		return -ENXIO;
	return kb_conn_info(conn, id, NULL, attach, behalf_id, out);
}

int kb_conn_ask(struct kb_conn *conn, uint64_t id, uint64_t item,
		uint64_t behalf_id, struct kb_info *out)
{
	uint64_t offset, size;
	int r;

	r = kb_cmd_conn_ask(conn->fd, id, item, behalf_id, &offset, &size);
	return r < 0 ? r : info_take(conn, offset, size, out);
}

int kb_conn_creator_info(struct kb_conn *conn, uint64_t attach,
			 struct kb_info *out)
{
	uint64_t offset, size;
	int r;

	r = kb_cmd_bus_creator_info(conn->fd, attach, &offset, &size);
	return r < 0 ? r : info_take(conn, offset, size, out);
}

void kb_info_deinit(struct kb_info *info)
{
	if (info->conn)
		kb_pool_release(&info->conn->pool, info->slice);
	info->conn = kb_conn_unref(info->conn);
}

int kb_conn_list(struct kb_conn *conn, uint64_t flags, uint64_t behalf_id,
		 struct kb_list *out)
{
	uint64_t offset, size;
	const void *slice;
	int r;

	r = kb_cmd_list(conn->fd, flags, behalf_id, &offset, &size);
	if (r < 0)
		return r;
	slice = kb_pool_at(&conn->pool, offset, size);
	if (!slice) {
		kb_pool_release(&conn->pool, offset);
		return -EBADMSG;
	}

	*out = (struct kb_list){
		.next = slice,
		.end = (const uint8_t *)slice + size,
		.conn = kb_conn_ref(conn),
		.slice = offset,
	};
	return 0;
}

int kb_list_next(struct kb_list *list, struct kb_info *out)
{
	const struct kdbus_info *record = (const void *)list->next;
	size_t left = list->end - list->next, step;
	int r;

	if (!left)
		return 0;
	r = info_parse(out, record, left);
	if (r < 0)
		return r;
	step = kb_align8(record->size);
	list->next += step < left ? step : left;
	return 1;
}

void kb_list_deinit(struct kb_list *list)
{
	if (list->conn)
		kb_pool_release(&list->conn->pool, list->slice);
	list->conn = kb_conn_unref(list->conn);
}
