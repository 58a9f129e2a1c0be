/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a client has sent, and the bus does not take yet. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message.h"
#include "proxy/backlog.h"

#define ROOM_FIRST 16

void backlog_deinit(struct backlog *backlog)
{
	while (backlog->n > 0)
		backlog_drop(backlog);
	free(backlog->messages);
	*backlog = (struct backlog){ 0 };
}

/* Room for one more, at the end. */
static int backlog_grow(struct backlog *backlog)
{
	size_t room = backlog->room ? 2 * backlog->room : ROOM_FIRST;
	struct kb_message **messages;

	if (backlog->start + backlog->n < backlog->room)
		return 0;
	if (backlog->start > backlog->n) {
		memcpy(backlog->messages, backlog->messages + backlog->start,
		       backlog->n * sizeof(*messages));
		backlog->start = 0;
		return 0;
	}
	messages = reallocarray(backlog->messages, room, sizeof(*messages));
	if (!messages)
		return -ENOMEM;
	backlog->messages = messages;
	backlog->room = room;
	return 0;
}

static size_t weight(const struct kb_message *message)
{
	return sizeof(*message) + message->body_size;
}

static size_t is_call(const struct kb_message *message)
{
	return message->type == KB_METHOD_CALL &&
	       !(message->flags & KB_NO_REPLY_EXPECTED);
}

int backlog_add(struct backlog *backlog, struct kb_message *message)
{
	int r;

	r = kb_message_detach(message);
	if (r == 0)
		r = backlog_grow(backlog);
	if (r < 0)
		return r;
	backlog->messages[backlog->start + backlog->n++] =
		kb_message_ref(message);
	backlog->n_calls += is_call(message);
	backlog->n_fds += message->n_fds;
	backlog->bytes += weight(message);
	return 0;
}

struct kb_message *backlog_peek(const struct backlog *backlog)
{
	return backlog->n > 0 ? backlog->messages[backlog->start] : NULL;
}

void backlog_drop(struct backlog *backlog)
{
	struct kb_message *message = backlog_peek(backlog);

	backlog->n_calls -= is_call(message);
	backlog->n_fds -= message->n_fds;
	backlog->bytes -= weight(message);
	backlog->start++;
	backlog->n--;
	kb_message_unref(message);
}

void backlog_forgo_replies(struct backlog *backlog)
{
	for (size_t i = 0; i < backlog->n; i++)
		backlog->messages[backlog->start + i]->flags |= KB_NO_REPLY_EXPECTED;
	backlog->n_calls = 0;
}
