/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands of kdbus, one function each; kdbus(7) and the pages it names
 * tell what they do and what each errno means.
 *
 * All return 0 or a negative errno. A @behalf_id that is not 0 lets a
 * privileged connection act for another one (KDBUS_ITEM_BEHALF_ID).
 */
#ifndef KB_CMD_H
#define KB_CMD_H

#include <linux/kdbus.h>

#include "lib/util.h"

#define KB_KDBUSFS	"/sys/fs/kdbus"

/* setting up */

/**
 * kb_cmd_bus_make() - make a bus; it lives as long as the descriptor
 * @fd:		the opened "control" file
 * @name:	"UID-something"
 * @flags:	KDBUS_MAKE_*
 * @bloom:	NULL for 64 bytes and 8 hashes
 * @attach:	what BUS_CREATOR_INFO may tell, KDBUS_ATTACH_*
 */
int kb_cmd_bus_make(int fd, const char *name, uint64_t flags,
		    const struct kdbus_bloom_parameter *bloom,
		    uint64_t attach);
int kb_cmd_endpoint_make(int fd, const char *name, uint64_t flags);
int kb_cmd_endpoint_update(int fd, const struct kb_buffer *items);

/**
 * kb_cmd_hello() - make a connection
 * @hello:	in: flags, attach masks, pool_size; out: everything the kernel
 *		answers. Its size is set here.
 * @items:	NULL for none
 */
int kb_cmd_hello(int fd, struct kdbus_cmd_hello *hello,
		 const struct kb_buffer *items);
int kb_cmd_update(int fd, const struct kb_buffer *items);
int kb_cmd_byebye(int fd);

/* messages */

/**
 * kb_cmd_send() - send a message
 * @flags:	KDBUS_SEND_*
 * @cancel_fd:	ends a synchronous call when it becomes readable, or -1
 * @reply:	out: the reply of a synchronous call; NULL if not wanted
 */
int kb_cmd_send(int fd, const struct kdbus_msg *msg, uint64_t flags,
		int cancel_fd, struct kdbus_msg_info *reply);

/**
 * kb_cmd_call() - call and give back the slice of the reply before
 * @reply:	in: its offset if @free; out: the reply. Its offset is no slice's
 *		if there is none, whatever the result, but not for -ENXIO.
 *
 * -ENOTTY on a kernel without it, as for kb_cmd_serve().
 */
int kb_cmd_call(int fd, const struct kdbus_msg *msg, bool free,
		struct kdbus_msg_info *reply);

/**
 * kb_cmd_serve() - answer, give back a slice, receive or wait
 * @cmd:	its size is set here; kdbus.message(7) tells about the rest
 */
int kb_cmd_serve(int fd, struct kdbus_cmd_serve *cmd);

/**
 * kb_cmd_recv() - take the next message
 * @flags:	KDBUS_RECV_*
 * @priority:	with KDBUS_RECV_USE_PRIORITY
 * @out:	filled even for -EAGAIN
 */
int kb_cmd_recv(int fd, uint64_t flags, int64_t priority,
		struct kdbus_cmd_recv *out);
int kb_cmd_free(int fd, uint64_t offset);

/* names */

/**
 * kb_cmd_name_acquire() - become the owner of a name, or wait for it
 * @flags:	KDBUS_NAME_REPLACE_EXISTING, _ALLOW_REPLACEMENT, _QUEUE
 * @out_flags:	KDBUS_NAME_* of the result; NULL if not wanted
 */
int kb_cmd_name_acquire(int fd, const char *name, uint64_t flags,
			uint64_t behalf_id, uint64_t *out_flags);
int kb_cmd_name_release(int fd, const char *name, uint64_t behalf_id);

/* matches */

/**
 * kb_cmd_match_add() - let signals through
 * @items:	the rules, all of which must hold; NULL or empty for everything
 * @flags:	KDBUS_MATCH_REPLACE
 */
int kb_cmd_match_add(int fd, uint64_t cookie, uint64_t flags,
		     const struct kb_buffer *items, uint64_t behalf_id);
int kb_cmd_match_remove(int fd, uint64_t cookie, uint64_t behalf_id);

/* queries; results lie in the pool and are freed with kb_cmd_free() */

int kb_cmd_list(int fd, uint64_t flags, uint64_t behalf_id,
		uint64_t *out_offset, uint64_t *out_size);
/* @id or @name (the other is 0 or NULL), or both to check that they agree. */
int kb_cmd_conn_info(int fd, uint64_t id, const char *name, uint64_t attach,
		     uint64_t behalf_id, uint64_t *out_offset,
		     uint64_t *out_size);
/* No metadata, but the answer to one question: KDBUS_ITEM_PROCESS or _USAGE. */
int kb_cmd_conn_ask(int fd, uint64_t id, uint64_t item, uint64_t behalf_id,
		    uint64_t *out_offset, uint64_t *out_size);
int kb_cmd_bus_creator_info(int fd, uint64_t attach, uint64_t *out_offset,
			    uint64_t *out_size);

/* Does NAME_ACQUIRE accept KDBUS_ITEM_BEHALF_ID here? 1, 0 or an error. */
int kb_cmd_supports_behalf(int fd);
/* Does CONN_INFO accept items of a type here? 1, 0 or an error. */
int kb_cmd_supports_asking(int fd, uint64_t item);

#endif /* KB_CMD_H */
