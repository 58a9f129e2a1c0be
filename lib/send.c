// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sending messages on a connection. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/bloom.h"
#include "lib/cmd.h"
#include "lib/conn.h"
#include "lib/error.h"
#include "lib/item.h"
#include "lib/log.h"
#include "lib/marshal.h"
#include "lib/name.h"
#include "lib/send.h"

/* Bodies below this are copied behind the header: cheaper than two more items
 * for the kernel to walk. */
#define COPY_MAX	4096
/* Buffers beyond this are not kept for the next message. */
#define KEEP_MAX	(256UL << 10)

/* addressing */

static int set_destination(struct kb_message *message, struct kdbus_msg *msg,
			   struct kb_buffer *items)
{
	const char *destination = message->destination;
	uint64_t id;

	if (!destination) {
		msg->dst_id = KDBUS_DST_ID_BROADCAST;
		return message->type == KB_SIGNAL ? 0 : -EDESTADDRREQ;
	}
	if (*destination == ':') {
		/* what cannot be an id on this bus is nobody's name */
		if (kb_unique_name_parse(destination, &id) < 0 || !id ||
		    id == KDBUS_DST_ID_BROADCAST)
			return -ENXIO;
		msg->dst_id = id;
		return 0;
	}

	/* an id beside the name is checked against its owner */
	msg->dst_id = message->dst_id;
	if (msg->dst_id == KDBUS_DST_ID_BROADCAST)
		msg->dst_id = KDBUS_DST_ID_NAME;
	return kb_item_append_string(items, KDBUS_ITEM_DST_NAME, destination);
}

static uint64_t from_now(uint64_t ns)
{
	uint64_t now = kb_now_ns();

	return ns < KB_TIMEOUT_INFINITE - now ? now + ns : KB_TIMEOUT_INFINITE;
}

static uint64_t deadline(const struct kb_conn *conn,
			 const struct kb_message *message)
{
	return message->deadline_ns ?: from_now(conn->timeout_ns);
}

static void set_header(struct kb_conn *conn, struct kb_message *message,
		       struct kdbus_msg *msg)
{
	msg->priority = message->priority;
	msg->payload_type = KDBUS_PAYLOAD_DBUS;
	msg->cookie = message->cookie;
	if (message->flags & KB_NO_AUTO_START)
		msg->flags |= KDBUS_MSG_NO_AUTO_START;
	if (message->type == KB_SIGNAL)
		msg->flags |= KDBUS_MSG_SIGNAL;
	if (message->flags & KB_NO_REPLY_EXPECTED) {
		msg->cookie_reply = message->reply_cookie;
	} else {
		msg->flags |= KDBUS_MSG_EXPECT_REPLY;
		msg->timeout_ns = deadline(conn, message);
	}
}

/* payload */

static int add_vec(struct kb_buffer *items, const void *data, size_t size)
{
	const struct kdbus_vec vec = {
		.size = size,
		.address = (uintptr_t)data,
	};

	return kb_item_append(items, KDBUS_ITEM_PAYLOAD_VEC, &vec,
			      sizeof(vec));
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= n;
	}
	return 0;
}

/* A sealed copy: the receiver maps it, and nobody can change it any more. */
static int make_memfd(const struct kb_pieces *body)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
			  F_SEAL_SEAL;
	_cleanup_(kb_closep) int fd = -1;
	int r = 0;

	fd = memfd_create("kdbus-body", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < body->n && r >= 0; i++)
		r = write_all(fd, body->iov[i].iov_base, body->iov[i].iov_len);
	if (r >= 0 && fcntl(fd, F_ADD_SEALS, seals) < 0)
		r = -errno;
	return r < 0 ? r : TAKE_FD(fd);
}

static int add_memfd(struct kb_buffer *items, const struct kb_pieces *body,
		     int *out_fd)
{
	struct kdbus_memfd memfd = { .size = body->size };

	*out_fd = make_memfd(body);
	if (*out_fd < 0)
		return *out_fd;
	memfd.fd = *out_fd;
	return kb_item_append(items, KDBUS_ITEM_PAYLOAD_MEMFD, &memfd,
			      sizeof(memfd));
}

static int add_pieces(struct kb_buffer *items, const struct kb_pieces *body)
{
	int r = 0;

	for (size_t i = 0; i < body->n && r >= 0; i++)
		r = add_vec(items, body->iov[i].iov_base, body->iov[i].iov_len);
	return r;
}

/* Head, body and tail one after the other: one VEC. */
static int add_payload_whole(struct kb_conn *conn, struct kb_message *message)
{
	int r;

	r = kb_message_encode_gvariant(message, &conn->bytes);
	if (r < 0)
		return r;
	return add_vec(&conn->items, conn->bytes.data, conn->bytes.size);
}

/* A body with a memfd in its midst already. */
static int add_body_around(struct kb_buffer *items, const struct kb_message *message)
{
	const struct kb_memfd *memfd = &message->memfd;
	const struct kdbus_memfd item = {
		.start = memfd->start,
		.size = memfd->size,
		.fd = memfd->fd,
	};
	int r = 0;

	if (memfd->before)
		r = add_vec(items, message->body, memfd->before);
	if (r >= 0)
		r = kb_item_append(items, KDBUS_ITEM_PAYLOAD_MEMFD, &item,
				   sizeof(item));
	if (r >= 0 && memfd->after)
		r = add_vec(items,
			    message->body + memfd->before + memfd->size,
			    memfd->after);
	return r;
}

/* The body stays where it is, or goes into a memfd. */
static int add_payload_parts(struct kb_conn *conn, struct kb_message *message,
			     const struct kb_pieces *body, int *out_fd)
{
	struct kb_buffer *bytes = &conn->bytes;
	size_t fields_end, head;
	int r;

	r = kb_message_encode_head(message, bytes, &fields_end);
	if (r < 0)
		return r;
	head = bytes->size;
	r = kb_message_encode_tail(message, bytes, fields_end,
				   head + body->size);
	if (r >= 0)
		r = add_vec(&conn->items, bytes->data, head);
	if (r >= 0 && message->memfd.size)
		r = add_body_around(&conn->items, message);
	else if (r >= 0 && message->destination && body->size >= KB_MEMFD_MIN)
		r = add_memfd(&conn->items, body, out_fd);
	else if (r >= 0)
		r = add_pieces(&conn->items, body);
	if (r >= 0)
		r = add_vec(&conn->items, bytes->data + head,
			    bytes->size - head);
	return r;
}

static int add_payload(struct kb_conn *conn, struct kb_message *message,
		       int *out_fd)
{
	struct kb_pieces body;
	int r;

	r = kb_message_pieces(message, KB_GVARIANT, &body);
	if (r < 0)
		return r;
	if (body.size > COPY_MAX || message->memfd.size)
		return add_payload_parts(conn, message, &body, out_fd);
	return add_payload_whole(conn, message);
}

/* the rest */

static int add_bloom(struct kb_conn *conn, const struct kb_message *message)
{
	struct kdbus_bloom_filter *filter;
	void *payload;
	int r;

	if (message->type != KB_SIGNAL)
		return 0;
	/* an adopted connection does not know how */
	if (!conn->bloom.size)
		return -EOPNOTSUPP;
	r = kb_item_reserve(&conn->items, KDBUS_ITEM_BLOOM_FILTER,
			    sizeof(*filter) + conn->bloom.size, &payload);
	if (r < 0)
		return r;
	filter = payload;
	filter->generation = KB_BLOOM_GENERATION;
	return kb_bloom_add_message(&conn->bloom, (uint64_t *)filter->data,
				    message);
}

static int add_fds(struct kb_buffer *items, const struct kb_message *message)
{
	if (!message->n_fds)
		return 0;
	return kb_item_append(items, KDBUS_ITEM_FDS, message->fds,
			      message->n_fds * sizeof(int));
}

static uint64_t next_cookie(struct kb_conn *conn)
{
	/* 32 bits, so that dbus1 can have it, without 0 and the synthetic */
	if (++conn->last_cookie >= KB_COOKIE_SYNTHETIC)
		conn->last_cookie = 1;
	return conn->last_cookie;
}

static void trim(struct kb_buffer *buffer)
{
	buffer->size = 0;
	if (buffer->capacity > KEEP_MAX)
		kb_buffer_deinit(buffer);
}

/* What was put together is with the kernel. */
static void forget(struct kb_conn *conn)
{
	trim(&conn->items);
	trim(&conn->bytes);
}

/* Puts the kdbus message together in conn->items. */
static int build(struct kb_conn *conn, struct kb_message *message,
		 int *out_fd)
{
	struct kdbus_msg msg = {};
	int r;

	if (!message->cookie)
		message->cookie = next_cookie(conn);

	r = kb_buffer_append_zero(&conn->items, sizeof(msg));
	if (r >= 0)
		r = set_destination(message, &msg, &conn->items);
	if (r < 0)
		return r;
	set_header(conn, message, &msg);

	r = add_payload(conn, message, out_fd);
	if (r >= 0)
		r = add_bloom(conn, message);
	if (r >= 0)
		r = add_fds(&conn->items, message);
	if (r < 0)
		return r;

	msg.size = conn->items.size;
	memcpy(conn->items.data, &msg, sizeof(msg));
	return 0;
}

/* Sends what was built, and gives back the reply before if the kernel can. */
static int call(struct kb_conn *conn, struct kdbus_msg_info *reply)
{
	const struct kdbus_msg *msg = (void *)conn->items.data;
	bool used = conn->has_used;
	int r;

	if (conn->saves >= 0) {
		*reply = (struct kdbus_msg_info){ .offset = conn->used };
		conn->has_used = false;
		r = kb_cmd_call(conn->fd, msg, used, reply);
		conn->saves = r == -ENOTTY ? -1 : 1;
		if (r != -ENOTTY)
			return r;
		if (used)
			kb_pool_release(&conn->pool, conn->used);
	}
	do
		r = kb_cmd_send(conn->fd, msg, KDBUS_SEND_SYNC_REPLY, -1,
				reply);
	while (r == -EINTR);
	return r;
}

static int send_message(struct kb_conn *conn, struct kb_message *message,
			struct kdbus_msg_info *reply)
{
	_cleanup_(kb_closep) int memfd = -1;
	int r;

	r = build(conn, message, &memfd);
	if (r >= 0 && reply)
		r = call(conn, reply);
	else if (r >= 0)
		r = kb_cmd_send(conn->fd, (void *)conn->items.data, 0, -1,
				NULL);
	forget(conn);
	return r;
}

int kb_conn_send(struct kb_conn *conn, struct kb_message *message)
{
	return send_message(conn, message, NULL);
}

int kb_conn_call(struct kb_conn *conn, struct kb_message *message,
		 uint64_t timeout_ns, struct kb_message **out_reply)
{
	struct kdbus_msg_info reply;
	int r;

	if (message->type != KB_METHOD_CALL ||
	    message->flags & KB_NO_REPLY_EXPECTED)
		return -EINVAL;
	if (timeout_ns)
		message->deadline_ns = from_now(timeout_ns);

	r = send_message(conn, message, &reply);
	return r < 0 ? r : kb_recv_slice(conn, &reply, out_reply);
}

/* replies */

int kb_conn_reply(struct kb_conn *conn, const struct kb_message *call,
		  struct kb_message *reply)
{
	if (call->flags & KB_NO_REPLY_EXPECTED)
		return 0;
	return kb_conn_send(conn, reply);
}

int kb_conn_reply_error(struct kb_conn *conn, const struct kb_message *call,
			const char *name, const char *format, ...)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	va_list args;
	int r;

	if (call->flags & KB_NO_REPLY_EXPECTED)
		return 0;

	va_start(args, format);
	r = kb_message_new_errorv(call, name, format, args, &reply);
	va_end(args);
	return r < 0 ? r : kb_conn_send(conn, reply);
}

int kb_conn_reply_errno(struct kb_conn *conn, const struct kb_message *call,
			int r, const char *text)
{
	return kb_conn_reply_error(conn, call, kb_error_from_errno(r), "%s%s%s",
				   text ?: "", text ? ": " : "",
				   strerror(abs(r)));
}

/* serving */

/* The same on a kernel without SERVE, and for messages that nobody can read. */
static int wait_and_recv(struct kb_conn *conn, uint64_t until,
			 struct kb_message **out)
{
	uint64_t now;
	int r;

	for (;;) {
		r = kb_conn_recv(conn, out);
		if (r != -EAGAIN)
			return r;
		now = kb_now_ns();
		if (until <= now)
			return -ETIMEDOUT;
		r = kb_conn_wait(conn, until == KB_TIMEOUT_INFINITE ?
					       -1 : (int64_t)(until - now));
		if (r < 0)
			return r;
	}
}

static int serve(struct kb_conn *conn, bool answer, uint64_t until,
		 struct kb_message **out)
{
	struct kdbus_cmd_serve cmd = {
		.flags = conn->has_used ? KDBUS_SERVE_FREE : 0,
		.msg_address = answer ? (uintptr_t)conn->items.data : 0,
		.timeout_ns = until == KB_TIMEOUT_INFINITE ? ~0ULL : until,
		.msg.offset = conn->used,
	};
	int r;

	for (;;) {
		r = kb_cmd_serve(conn->fd, &cmd);
		if (r == -ENOTTY)
			return r;
		conn->has_used = false;
		conn->n_dropped += cmd.dropped_msgs;
		if (r < 0 && cmd.return_flags & KDBUS_SERVE_RETURN_UNSENT)
			kb_log_errno(LOG_DEBUG, r, "cannot answer");
		else if (r != -EAGAIN)
			break;
		cmd.flags = 0;
	}
	/* its sender may be told that nobody can read it */
	forget(conn);
	return r < 0 ? r : kb_recv_slice(conn, &cmd.msg, out);
}

static int serve_without(struct kb_conn *conn, bool answer, uint64_t until,
			 struct kb_message **out)
{
	int r;

	conn->saves = -1;
	if (conn->has_used)
		kb_pool_release(&conn->pool, conn->used);
	conn->has_used = false;
	if (answer) {
		r = kb_cmd_send(conn->fd, (void *)conn->items.data, 0, -1, NULL);
		if (r < 0)
			kb_log_errno(LOG_DEBUG, r, "cannot answer");
	}
	forget(conn);
	return wait_and_recv(conn, until, out);
}

int kb_conn_serve(struct kb_conn *conn, struct kb_message *reply,
		  uint64_t timeout_ns, struct kb_message **message)
{
	_cleanup_(kb_closep) int memfd = -1;
	uint64_t until = from_now(timeout_ns);
	bool answer;
	int r = 0;

	if (reply)
		r = build(conn, reply, &memfd);
	if (r < 0)
		kb_log_errno(LOG_DEBUG, r, "cannot answer");
	answer = reply && r >= 0;
	if (!conn->saves)
		conn->saves = 1;
	*message = kb_message_unref(*message);

	r = conn->saves > 0 ? serve(conn, answer, until, message) : -ENOTTY;
	if (r == -ENOTTY)
		r = serve_without(conn, answer, until, message);
	/* one that nobody can read */
	return r == -EBADMSG ? wait_and_recv(conn, until, message) : r;
}
