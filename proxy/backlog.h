/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client has sent, and the bus does not take yet. */
#ifndef PROXY_BACKLOG_H
#define PROXY_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>

struct kb_message;

/**
 * struct backlog - messages in the order they are to be sent
 *
 * The kernel lets a connection wait for CLIENT_REPLIES_MAX replies.  A client
 * may be allowed more (max_replies_per_connection): its next call waits here
 * until a reply has come, and so does, to stay behind it, all that the client
 * says afterwards.  Only replies do not: somebody may wait for one of them
 * before it gives its own.
 *
 * @messages:	owned references; the first is at @start
 * @n:		how many
 * @n_calls:	how many of them want a reply
 * @n_fds:	descriptors in them
 * @bytes:	of memory
 * @is_stuck:	the first was not taken when it was last tried
 */
struct backlog {
	struct kb_message **messages;
	size_t start;
	size_t n;
	size_t room;
	size_t n_calls;
	size_t n_fds;
	size_t bytes;
	bool is_stuck;
};

void backlog_deinit(struct backlog *backlog);

/**
 * backlog_add() - put a message behind the others
 * @message:	it may have been decoded from bytes that do not stay
 *
 * Return: 0 or -ENOMEM.
 */
int backlog_add(struct backlog *backlog, struct kb_message *message);

/* the first, borrowed, or NULL */
struct kb_message *backlog_peek(const struct backlog *backlog);

/* forgets the first */
void backlog_drop(struct backlog *backlog);

/* nobody waits for the replies to its calls any more */
void backlog_forgo_replies(struct backlog *backlog);

#endif /* PROXY_BACKLOG_H */
