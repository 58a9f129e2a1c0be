/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Receiving messages on a connection.
 */
#ifndef KB_RECV_H
#define KB_RECV_H

#include "lib/conn.h"

/**
 * kb_conn_recv() - take the next message
 * @out:	a message, or a KB_NOTIFICATION of the kernel
 *
 * What does not follow the rules is dropped unseen: foreign payload, broken
 * framing, headers that contradict the kernel's; with @answer_broken, calls
 * that wait are told. The body is not checked yet.
 *
 * Return: 0, -EAGAIN if there is nothing, -ECONNRESET or -ESHUTDOWN at the
 * end, others.
 */
int kb_conn_recv(struct kb_conn *conn, struct kb_message **out);

/**
 * kb_conn_keep_slice() - give slices back with the next message
 * @max:	bytes of a slice that may be kept so long; 0 for any
 *
 * Where the kernel has KDBUS_CMD_SERVE, the kb_conn_recv() that asks for the next
 * message does it, and no command of its own. Not for monitors.
 */
void kb_conn_keep_slice(struct kb_conn *conn, uint64_t max);

/**
 * kb_conn_peek() - look at the next message and leave it in the queue
 * @out:	its descriptors are -1, and a body in a memfd is absent: then
 *		reading it is -EBADMSG
 *
 * Return: as kb_conn_recv(); -EBADMSG for one that kb_conn_recv() would drop.
 */
int kb_conn_peek(struct kb_conn *conn, struct kb_message **out);

/**
 * kb_recv_slice() - make a message of a slice of the pool
 * @info:	what RECV or SEND said about it. The slice and the descriptors in it
 *		are the message's from now on; on failure they are given back.
 *
 * Return: 0, -EBADMSG if it does not follow the rules, -ENOMEM.
 */
int kb_recv_slice(struct kb_conn *conn, const struct kdbus_msg_info *info,
		  struct kb_message **out);

#endif /* KB_RECV_H */
