// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The connection that holds a name, and the mail that waits on it.
 */
#include <errno.h>

#include "busname/holder.h"
#include "lib/cmd.h"
#include "lib/item.h"
#include "lib/log.h"

/* Mail refused in one go; more than a queue holds, less than for ever. */
#define REFUSE_MAX 4096

int holder_open(struct holder *holder, const char *address, const char *name,
		const struct policy *policy, bool activating, bool accept_fds)
{
	struct kb_conn_options options = {
		.attach_send = _KDBUS_ATTACH_ANY,
		.attach_recv = _KDBUS_ATTACH_ANY,
		.pool_size = KB_POOL_SIZE,
		.description = activating ? "activator" : "policy-holder",
		.name = name,
		.n_policy = policy->n_rules,
	};
	struct kdbus_policy_access access[policy->n_rules + 1];
	size_t i;

	options.flags = activating ? KDBUS_HELLO_ACTIVATOR : KDBUS_HELLO_POLICY_HOLDER;
	if (activating && accept_fds)
		options.flags |= KDBUS_HELLO_ACCEPT_FD;
	for (i = 0; i < policy->n_rules; i++)
		access[i] = (struct kdbus_policy_access){
			.type = policy->rules[i].type,
			.access = policy->rules[i].access,
			.id = policy->rules[i].id,
		};
	options.policy = access;
	return kb_conn_open(address, &options, &holder->conn);
}

int holder_adopt(struct holder *holder, int fd)
{
	return kb_conn_adopt_fd(fd, KB_POOL_SIZE, &holder->conn);
}

void holder_close(struct holder *holder)
{
	holder->conn = kb_conn_unref(holder->conn);
}

static void log_sender(const struct kdbus_msg *msg, const struct kb_meta *meta)
{
	kb_log(LOG_DEBUG, "mail from :1.%llu (process %llu, %s)", (unsigned long long)msg->src_id,
	       (unsigned long long)(meta->pids ? meta->pids->pid : 0), meta->pid_comm ?: "?");
}

static uint64_t seqnum_of(const struct kdbus_msg *msg)
{
	struct kb_item_iter iter = kb_items(msg->items, msg->size - sizeof(*msg));
	const struct kdbus_item *item;

	while ((item = kb_item_next(&iter)))
		if (item->type == KDBUS_ITEM_TIMESTAMP &&
		    kb_item_size(item) == sizeof(item->timestamp))
			return item->timestamp.seqnum;
	return 0;
}

/* Understand what @info points at. */
static int holder_read(struct holder *holder, const struct kdbus_msg_info *info, struct mail *out,
		       bool log)
{
	const struct kdbus_msg *msg;
	struct kb_meta meta;
	int r;

	msg = kb_pool_at(&holder->conn->pool, info->offset, info->msg_size);
	if (!msg)
		return -EBADMSG;
	*out = (struct mail){
		.offset = info->offset,
		.src_id = msg->src_id,
		.cookie = msg->cookie,
		.seqnum = seqnum_of(msg),
		.expects_reply = msg->flags & KDBUS_MSG_EXPECT_REPLY,
	};
	if (!log)
		return 0;
	r = kb_meta_parse(&meta, msg->items, msg->size - sizeof(*msg));
	if (r >= 0)
		log_sender(msg, &meta);
	return r;
}

/* Give a slice back, unless it is the one we keep. */
static void holder_release(struct holder *holder, uint64_t offset)
{
	if (!holder->keeps || holder->kept.offset != offset)
		kb_pool_release(&holder->conn->pool, offset);
}

/* Look at the first mail. Its slice is ours then, to be released. */
static int holder_peek(struct holder *holder, struct mail *out, bool log)
{
	struct kdbus_cmd_recv recv;
	int r;

	r = kb_cmd_recv(holder->conn->fd, KDBUS_RECV_PEEK, 0, &recv);
	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		return r;
	r = holder_read(holder, &recv.msg, out, log);
	if (r < 0)
		holder_release(holder, recv.msg.offset);
	return r < 0 ? r : 1;
}

int holder_keep(struct holder *holder, bool log)
{
	int r;

	holder_let_go(holder);
	r = holder_peek(holder, &holder->kept, log);
	holder->keeps = r > 0;
	return r;
}

bool mail_is_same(const struct mail *a, const struct mail *b)
{
	return a->src_id == b->src_id && a->cookie == b->cookie &&
	       (a->seqnum == b->seqnum || !a->seqnum || !b->seqnum);
}

int holder_trace(struct holder *holder)
{
	struct mail mail;
	int r;

	r = holder_peek(holder, &mail, false);
	if (r <= 0)
		return r;
	holder_release(holder, mail.offset);
	if (!holder->keeps || !mail_is_same(&mail, &holder->kept))
		return HOLDER_GONE;
	return mail.offset == holder->kept.offset ? HOLDER_STAYED : HOLDER_RETURNED;
}

void holder_let_go(struct holder *holder)
{
	if (holder->keeps)
		kb_pool_release(&holder->conn->pool, holder->kept.offset);
	holder->keeps = false;
}

/* Close what came with a message that nobody will get. */
static void close_fds(const struct kdbus_msg *msg)
{
	struct kb_item_iter iter = kb_items(msg->items, msg->size - sizeof(*msg));
	const struct kdbus_item *item;

	while ((item = kb_item_next(&iter))) {
		if (item->type == KDBUS_ITEM_PAYLOAD_MEMFD)
			kb_close(item->memfd.fd);
		else if (item->type == KDBUS_ITEM_FDS)
			kb_close_many(item->fds, kb_item_size(item) / sizeof(int));
	}
}

/* Take the first message away for good. */
static int holder_take(struct holder *holder, struct mail *out)
{
	const struct kdbus_msg *msg;
	struct kdbus_cmd_recv recv;
	int r;

	r = kb_cmd_recv(holder->conn->fd, 0, 0, &recv);
	if (r < 0)
		return r;
	r = holder_read(holder, &recv.msg, out, false);
	msg = kb_pool_at(&holder->conn->pool, recv.msg.offset, recv.msg.msg_size);
	if (msg)
		close_fds(msg);
	holder_release(holder, recv.msg.offset);
	return r;
}

static int holder_answer(struct holder *holder, const struct mail *mail, const char *error,
			 const char *text)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	char destination[KB_UNIQUE_NAME_SIZE];
	int r;

	if (!mail->expects_reply)
		return 0;
	r = kb_message_new(KB_ERROR, &message);
	if (r < 0)
		return r;
	message->flags = KB_NO_REPLY_EXPECTED;
	message->reply_cookie = mail->cookie;
	r = kb_message_set(message, KB_FIELD_ERROR_NAME, error);
	if (r >= 0)
		r = kb_message_set(message, KB_FIELD_DESTINATION,
				   kb_unique_name(mail->src_id, destination));
	if (r >= 0)
		r = kb_message_append(message, "s", text);
	if (r >= 0)
		r = kb_conn_send(holder->conn, message);
	return r;
}

/*
 * Answer first, remove then: should we die in between, the caller has an
 * answer and at worst a late service carries the call out anyway.
 */
static int holder_refuse_one(struct holder *holder, const char *error, const char *text)
{
	struct mail mail, taken;
	int r;

	r = holder_peek(holder, &mail, false);
	if (r <= 0)
		return r;
	holder_release(holder, mail.offset);
	r = holder_answer(holder, &mail, error, text);
	if (r == -EOPNOTSUPP) {
		holder->mute = true;
		return 1;
	}
	if (r == -EBADSLT) {
		/* Nobody waits: either the caller has given up, then the mail
		 * is still here; or a service has taken it in this moment. */
		struct mail again;

		r = holder_peek(holder, &again, false);
		if (r <= 0)
			return r;
		holder_release(holder, again.offset);
		if (!mail_is_same(&mail, &again))
			return 0;
	}
	r = holder_take(holder, &taken);
	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	/* Something more urgent can have come first. */
	if (!mail_is_same(&mail, &taken))
		holder_answer(holder, &taken, error, text);
	return 1;
}

static int holder_drop_one(struct holder *holder)
{
	struct kdbus_cmd_recv recv;
	int r;

	r = kb_cmd_recv(holder->conn->fd, KDBUS_RECV_DROP, 0, &recv);
	return r == -EAGAIN ? 0 : r < 0 ? r : 1;
}

int holder_refuse(struct holder *holder, const char *error, const char *text)
{
	int n, r;

	for (n = 0; n < REFUSE_MAX; n++) {
		if (!holder->mute)
			r = holder_refuse_one(holder, error, text);
		else
			r = holder_drop_one(holder);
		if (r < 0)
			return r;
		if (!r)
			break;
	}
	return n;
}
