// SPDX-License-Identifier: LGPL-2.1-or-later
/* Receiving messages on a connection. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/conn.h"
#include "lib/error.h"
#include "lib/item.h"
#include "lib/marshal.h"
#include "lib/name.h"
#include "lib/recv.h"

/* bytes of a memfd that are worth a mapping of their own */
#define MAP_MIN		(64UL << 10)
#define JUNK_MAX	256	/* dropped messages before the loop has its turn */

/**
 * struct chunk - a piece of payload
 * @data:	where it is; NULL if it is zeroes, or in a memfd
 * @size:	bytes
 * @fd:		of a memfd, borrowed from the slice; else -1
 * @start:	where it begins in the memfd
 */
struct chunk {
	const uint8_t *data;
	size_t size;
	int fd;
	uint64_t start;
};

/**
 * struct incoming - a slice on its way to become a message
 * @peeked:	it stays in the queue: descriptors in it are no descriptors
 * @has_memfds:	some of its payload is in memfds
 * @chunks:	in the order of the stream; @few, or memory of their own
 * @size:	bytes of all of them
 */
struct incoming {
	bool peeked;
	bool has_memfds;
	const struct kdbus_msg *msg;
	size_t slice_size;
	struct chunk *chunks;
	size_t n_chunks;
	size_t max_chunks;
	size_t size;
	struct chunk few[4];
};

/* @msg is for the caller to find. */
static void incoming_init(struct incoming *in,
			  const struct kdbus_msg_info *info, bool peeked)
{
	in->peeked = peeked;
	in->has_memfds = false;
	in->slice_size = info->msg_size;
	in->chunks = in->few;
	in->n_chunks = 0;
	in->max_chunks = KB_ARRAY_SIZE(in->few);
	in->size = 0;
}

/* the slice */

/* One slice waits for the next command that gives one back. */
static void release_slice(struct kb_message *message)
{
	struct kb_conn *conn = message->conn;

	if (conn->saves > 0 && !conn->has_used &&
	    (!conn->saves_max || message->slice_size <= conn->saves_max)) {
		conn->has_used = true;
		conn->used = message->slice;
	} else {
		kb_pool_release(&conn->pool, message->slice);
	}
	message->conn = kb_conn_unref(conn);
}

static struct kb_item_iter msg_items(const struct kdbus_msg *msg)
{
	return kb_items(msg->items,
			msg->size - offsetof(struct kdbus_msg, items));
}

/* Memfds were installed for this process as well, and are not kept. */
static void close_memfds(const struct incoming *in)
{
	struct kb_item_iter iter = msg_items(in->msg);
	const struct kdbus_item *item;

	if (!in->has_memfds || in->peeked)
		return;
	while ((item = kb_item_next(&iter)))
		if (item->type == KDBUS_ITEM_PAYLOAD_MEMFD &&
		    kb_item_size(item) == sizeof(item->memfd))
			kb_close(item->memfd.fd);
}

/* the payload */

static int grow_chunks(struct incoming *in)
{
	size_t max = 2 * in->max_chunks;
	struct chunk *chunks;

	chunks = reallocarray(in->chunks == in->few ? NULL : in->chunks, max,
			      sizeof(*chunks));
	if (!chunks)
		return -ENOMEM;
	if (in->chunks == in->few)
		memcpy(chunks, in->few, sizeof(in->few));
	in->chunks = chunks;
	in->max_chunks = max;
	return 0;
}

static int add_chunk(struct incoming *in, const struct chunk *chunk)
{
	struct chunk *last = in->chunks + in->n_chunks - 1;
	int r = 0;

	if (chunk->size > KB_MESSAGE_MAX - in->size)
		return -EBADMSG;
	in->size += chunk->size;

	/* pieces the kernel has laid side by side are one */
	if (in->n_chunks && chunk->data && last->data &&
	    last->data + last->size == chunk->data) {
		last->size += chunk->size;
		return 0;
	}
	if (in->n_chunks == in->max_chunks)
		r = grow_chunks(in);
	if (r >= 0)
		in->chunks[in->n_chunks++] = *chunk;
	return r;
}

static int add_off(struct incoming *in, const struct kdbus_item *item)
{
	const struct kdbus_vec *vec = &item->vec;
	struct chunk chunk = { .size = vec->size, .fd = -1 };

	if (kb_item_size(item) != sizeof(*vec))
		return -EBADMSG;
	if (vec->offset != ~UINT64_C(0)) {
		if (vec->offset > in->slice_size ||
		    vec->size > in->slice_size - vec->offset)
			return -EBADMSG;
		chunk.data = (const uint8_t *)in->msg + vec->offset;
	}
	return add_chunk(in, &chunk);
}

static int add_memfd(struct incoming *in, const struct kdbus_item *item)
{
	const struct chunk chunk = {
		.size = item->memfd.size,
		.fd = item->memfd.fd,
		.start = item->memfd.start,
	};

	if (kb_item_size(item) != sizeof(item->memfd) ||
	    (chunk.fd < 0 && !in->peeked))
		return -EBADMSG;
	return add_chunk(in, &chunk);
}

/* Descriptors become the message's, none of them is lost on the way. */
static int add_fds(struct incoming *in, struct kb_message *message,
		   const struct kdbus_item *item)
{
	size_t n = kb_item_size(item) / sizeof(int);
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		int fd = in->peeked ? -1 : item->fds[i];
		int r = kb_message_add_fd(message, fd, NULL);

		if (r < 0)
			result = r;
	}
	return result;
}

static int add_item(struct incoming *in, struct kb_message *message,
		    const struct kdbus_item *item)
{
	switch (item->type) {
	case KDBUS_ITEM_PAYLOAD_OFF:
		return add_off(in, item);
	case KDBUS_ITEM_PAYLOAD_MEMFD:
		in->has_memfds = true;
		return add_memfd(in, item);
	case KDBUS_ITEM_FDS:
		return add_fds(in, message, item);
	case KDBUS_ITEM_DST_NAME:
		message->dst_name = kb_item_string(item);
		return message->dst_name &&
		       kb_name_is_well_known(message->dst_name) ? 0 : -EBADMSG;
	default:
		if (item->type < _KDBUS_ITEM_KERNEL_BASE)
			return 0;
		if (message->notification)
			return -EBADMSG;
		message->notification = item;
		return 0;
	}
}

/* The items that are not metadata; to the last, whatever is wrong with one, for
 * there may be descriptors in them. */
static int walk_items(struct incoming *in, struct kb_message *message)
{
	struct kb_item_iter iter = msg_items(in->msg);
	const struct kdbus_item *item;
	int result = 0;

	while ((item = kb_item_next(&iter))) {
		int r = add_item(in, message, item);

		if (r < 0 && !result)
			result = r;
	}
	return result;
}

/* Maps the piece [@from, @from + @size) of a memfd; goes with the message. */
static const uint8_t *map_memfd(struct kb_message *message,
				const struct chunk *chunk, size_t from,
				size_t size)
{
	uint64_t start = chunk->start + from;
	size_t skip = start % sysconf(_SC_PAGESIZE);
	void *map;

	map = mmap(NULL, size + skip, PROT_READ, MAP_PRIVATE, chunk->fd,
		   start - skip);
	if (map == MAP_FAILED)
		return NULL;
	message->map = map;
	message->map_size = size + skip;
	return (const uint8_t *)map + skip;
}

static int assemble(const struct incoming *in, size_t from, size_t to,
		    uint8_t *out);

/* Memory around the largest memfd of the body, and the rest copied there. */
static int map_body(const struct incoming *in, struct kb_message *message,
		    const struct kb_message_parts *parts)
{
	const struct chunk *large = NULL, *chunks = in->chunks;
	size_t at = 0, start = 0;
	struct kb_memfd_map map;
	struct kb_memfd memfd;
	int r;

	for (size_t i = 0; i < in->n_chunks; start += chunks[i++].size)
		if (chunks[i].fd >= 0 && start >= parts->body &&
		    start + chunks[i].size <= parts->body_end &&
		    chunks[i].size > (large ? large->size : MAP_MIN) &&
		    chunks[i].start % sysconf(_SC_PAGESIZE) == 0) {
			large = &chunks[i];
			at = start;
		}
	if (!large)
		return -ENOENT;

	memfd = (struct kb_memfd){
		.fd = large->fd,
		.start = large->start,
		.size = large->size,
		.before = at - parts->body,
		.after = parts->body_end - at - large->size,
	};
	r = kb_memfd_map(&memfd, &map);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	message->map = map.map;
	message->map_size = map.map_size;
	message->body = map.data;
	r = assemble(in, parts->body, at, map.data);
	if (r >= 0)
		r = assemble(in, at + large->size, parts->body_end,
			     map.piece + large->size);
	kb_memfd_protect(&map);
	return r;
}

/* A file that cannot be read, as one that was opened for writing, is the fault of
 * who sent it: the message is broken, not the connection. */
static int copy_memfd(const struct chunk *chunk, size_t from, uint8_t *out,
		      size_t size)
{
	while (size) {
		ssize_t n = pread(chunk->fd, out, size, chunk->start + from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EBADMSG;
		out += n;
		from += n;
		size -= n;
	}
	return 0;
}

/* Copies [@from, @to) of the stream, which is spread over several chunks. */
static int assemble(const struct incoming *in, size_t from, size_t to,
		    uint8_t *out)
{
	const struct chunk *chunks = in->chunks;
	size_t start = 0;
	int r = 0;

	for (size_t i = 0; i < in->n_chunks && from < to && r >= 0; i++) {
		size_t end = start + chunks[i].size;
		size_t stop = end < to ? end : to;

		if (from < end) {
			if (chunks[i].data)
				memcpy(out, chunks[i].data + (from - start),
				       stop - from);
			else if (chunks[i].fd >= 0)
				r = copy_memfd(&chunks[i], from - start, out,
					       stop - from);
			else
				memset(out, 0, stop - from);
			out += stop - from;
			from = stop;
		}
		start = end;
	}
	return r;
}

/* The chunk that has all of [@from, @to), and where that begins in it. */
static const struct chunk *find_chunk(const struct incoming *in, size_t from,
				      size_t to, size_t *out_from)
{
	size_t start = 0;

	for (size_t i = 0; i < in->n_chunks; i++) {
		const struct chunk *chunk = &in->chunks[i];

		if (from >= start && to <= start + chunk->size) {
			*out_from = from - start;
			return chunk;
		}
		start += chunk->size;
	}
	return NULL;
}

/* Finds the body in one piece, or makes it one. */
static int take_body(struct incoming *in, struct kb_message *message,
		     const struct kb_message_parts *parts)
{
	size_t size = parts->body_end - parts->body, from;
	const struct chunk *chunk;
	uint8_t *copy;
	int r;

	message->body_size = size;
	chunk = find_chunk(in, parts->body, parts->body_end, &from);
	if (chunk && chunk->data) {
		message->body = chunk->data + from;
		return 0;
	}
	if (in->peeked) {
		message->body_absent = true;
		return 0;
	}
	if (chunk && chunk->fd >= 0 && size) {
		message->body = map_memfd(message, chunk, from, size);
		if (message->body)
			return 0;
	}
	r = map_body(in, message, parts);
	if (r != -ENOENT)
		return r;

	copy = malloc(size ?: 1);
	if (!copy)
		return -ENOMEM;
	r = kb_message_own(message, copy);
	if (r < 0) {
		free(copy);
		return r;
	}
	message->body = copy;
	return assemble(in, parts->body, parts->body_end, copy);
}

static int decode_payload(struct incoming *in, struct kb_message *message)
{
	const struct chunk *first = in->chunks;
	const struct chunk *last = first + in->n_chunks - 1;
	struct kb_message_parts parts;
	int r;

	/* the first has all of the header, the last all of the trailer */
	if (!in->n_chunks || !first->data || !last->data)
		return -EBADMSG;
	r = kb_message_split(last->data, last->size, in->size, &parts);
	if (r < 0)
		return r;
	if (first->size < parts.body)
		return -EBADMSG;

	r = take_body(in, message, &parts);
	if (r < 0)
		return r;
	return kb_message_decode_head(message, first->data, &parts);
}

/* What the payload says must be what the kernel was told. */
static int check_consistency(const struct kb_message *message,
			     const struct kdbus_msg *msg)
{
	bool expects = msg->flags & KDBUS_MSG_EXPECT_REPLY;
	bool no_start = msg->flags & KDBUS_MSG_NO_AUTO_START;
	bool replies = message->type == KB_METHOD_RETURN ||
		       message->type == KB_ERROR;

	if (message->cookie != msg->cookie ||
	    !(message->flags & KB_NO_REPLY_EXPECTED) != expects ||
	    !(message->flags & KB_NO_AUTO_START) == no_start)
		return -EBADMSG;
	/* whether a reply was asked for the kernel has looked, but only if it
	 * was told that it is one; and what it lets pass as one has to be one */
	if (message->reply_cookie != (expects ? 0 : msg->cookie_reply) ||
	    replies != (message->reply_cookie != 0))
		return -EBADMSG;
	return 0;
}

static int set_addresses(struct kb_conn *conn, struct kb_message *message,
			 const struct kdbus_msg *msg)
{
	char unique[KB_UNIQUE_NAME_SIZE];
	int r = 0;

	message->src_id = msg->src_id;
	message->dst_id = msg->dst_id;
	/* what went to a name and came here was for us */
	if (!message->dst_id && !(conn->flags & KDBUS_HELLO_MONITOR))
		message->dst_id = conn->id;

	/* programs compare the driver's name, not its id */
	message->sender = kb_unique_name(msg->src_id, message->sender_room);
	if (kb_meta_owns_name(&message->meta, KB_DRIVER_NAME))
		message->sender = KB_DRIVER_NAME;

	message->destination = NULL;
	if (message->dst_name) {
		message->destination = message->dst_name;
	} else if (message->dst_id != KDBUS_DST_ID_BROADCAST) {
		kb_unique_name(message->dst_id, unique);
		r = kb_message_set(message, KB_FIELD_DESTINATION, unique);
	}
	/* none of these needs to be checked again */
	message->checked |= 1u << KB_FIELD_SENDER | 1u << KB_FIELD_DESTINATION;
	return r;
}

static int decode_notification(struct kb_message *message,
			       const struct kdbus_msg *msg)
{
	if (msg->src_id != KDBUS_SRC_ID_KERNEL || !message->notification)
		return -EBADMSG;
	message->type = KB_NOTIFICATION;
	message->dst_id = msg->dst_id;
	message->reply_cookie = msg->cookie_reply;
	return 0;
}

static int decode(struct kb_conn *conn, struct incoming *in,
		  struct kb_message *message)
{
	const struct kdbus_msg *msg = in->msg;
	struct kb_item_iter items = msg_items(msg);
	int r;

	r = walk_items(in, message);
	if (r >= 0)
		r = kb_meta_parse(&message->meta, items.next,
				  items.end - items.next);
	if (r < 0)
		return r;

	message->priority = msg->priority;
	if (msg->payload_type == KDBUS_PAYLOAD_KERNEL)
		return decode_notification(message, msg);
	if (msg->payload_type != KDBUS_PAYLOAD_DBUS || message->notification)
		return -EBADMSG;

	r = decode_payload(in, message);
	if (r >= 0)
		r = check_consistency(message, msg);
	if (r >= 0)
		r = set_addresses(conn, message, msg);
	if (r >= 0 && msg->flags & KDBUS_MSG_EXPECT_REPLY)
		message->deadline_ns = msg->timeout_ns;
	return r;
}

/* Tells the sender of a call nobody can read that nobody can read it. */
static void refuse(struct kb_conn *conn, const struct kdbus_msg *msg)
{
	const struct kb_message call = {
		.src_id = msg->src_id,
		.cookie = msg->cookie,
		.signature = "",
	};

	if (conn->answer_broken && msg->src_id &&
	    msg->flags & KDBUS_MSG_EXPECT_REPLY)
		kb_conn_reply_error(conn, &call, KB_ERROR_INCONSISTENT_MESSAGE,
				    "The message cannot be decoded");
}

static int recv_slice(struct kb_conn *conn, const struct kdbus_msg_info *info,
		      bool peeked, struct kb_message **out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	struct incoming in;
	int r;

	incoming_init(&in, info, peeked);
	in.msg = kb_pool_at(&conn->pool, info->offset, info->msg_size);
	if (!in.msg || info->msg_size < sizeof(*in.msg) ||
	    in.msg->size < sizeof(*in.msg) || in.msg->size > info->msg_size) {
		kb_pool_release(&conn->pool, info->offset);
		return -EBADMSG;
	}

	r = kb_message_new(KB_NOTIFICATION, &message);
	if (r < 0) {
		in.has_memfds = true;	/* for all we know */
		close_memfds(&in);
		kb_pool_release(&conn->pool, info->offset);
		return r;
	}
	message->conn = kb_conn_ref(conn);
	message->slice = info->offset;
	message->slice_size = info->msg_size;
	message->release = release_slice;
	message->incomplete_fds =
		info->return_flags & KDBUS_RECV_RETURN_INCOMPLETE_FDS;

	r = decode(conn, &in, message);
	if (in.chunks != in.few)
		free(in.chunks);
	close_memfds(&in);
	if (r < 0) {
		if (!peeked)
			refuse(conn, in.msg);
		return r;
	}
	*out = TAKE_PTR(message);
	return 0;
}

int kb_recv_slice(struct kb_conn *conn, const struct kdbus_msg_info *info,
		  struct kb_message **out)
{
	return recv_slice(conn, info, false, out);
}

int kb_conn_peek(struct kb_conn *conn, struct kb_message **out)
{
	struct kdbus_cmd_recv cmd;
	int r;

	r = kb_cmd_recv(conn->fd, KDBUS_RECV_PEEK, 0, &cmd);
	if (r >= 0 || r == -EAGAIN)
		conn->n_dropped += cmd.dropped_msgs;
	return r < 0 ? r : recv_slice(conn, &cmd.msg, true, out);
}

/* The next slice; the one before is given back on the way, if there is one. */
static int next_slice(struct kb_conn *conn, struct kdbus_msg_info *out)
{
	struct kdbus_cmd_serve serve = {
		.flags = KDBUS_SERVE_FREE,
		.msg.offset = conn->used,
	};
	struct kdbus_cmd_recv recv;
	int r;

	if (conn->has_used) {
		r = kb_cmd_serve(conn->fd, &serve);
		conn->has_used = false;
		conn->n_dropped += serve.dropped_msgs;
		*out = serve.msg;
		if (r != -ENOTTY)
			return r;
		conn->saves = -1;
		kb_pool_release(&conn->pool, conn->used);
	}
	r = kb_cmd_recv(conn->fd, 0, 0, &recv);
	if (r >= 0 || r == -EAGAIN)
		conn->n_dropped += recv.dropped_msgs;
	*out = recv.msg;
	return r;
}

int kb_conn_recv(struct kb_conn *conn, struct kb_message **out)
{
	for (unsigned int i = 0; i < JUNK_MAX; i++) {
		struct kdbus_msg_info info;
		int r;

		r = next_slice(conn, &info);
		if (r >= 0)
			r = kb_recv_slice(conn, &info, out);
		if (r != -EBADMSG)
			return r;
	}
	return -EAGAIN;
}

void kb_conn_keep_slice(struct kb_conn *conn, uint64_t max)
{
	if (!conn->saves)
		conn->saves = 1;
	conn->saves_max = max;
}
