/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asking the kernel about the connections of a bus.
 */
#ifndef KB_QUERY_H
#define KB_QUERY_H

#include "lib/conn.h"

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
/* No metadata but what answers KDBUS_ITEM_PROCESS or KDBUS_ITEM_USAGE. */
int kb_conn_ask(struct kb_conn *conn, uint64_t id, uint64_t item,
		uint64_t behalf_id, struct kb_info *out);
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

#endif /* KB_QUERY_H */
