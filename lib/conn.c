// SPDX-License-Identifier: LGPL-2.1-or-later
/* A connection to a bus: coming and going, names and matches. */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "lib/address.h"
#include "lib/bloom.h"
#include "lib/cmd.h"
#include "lib/conn.h"
#include "lib/item.h"

/* life */

/* The kernel takes letters, digits and a few signs, 63 characters of them. */
static int add_description(struct kb_buffer *items, const char *description)
{
	char text[64];
	size_t n = 0;

	for (; *description && n < sizeof(text) - 1; description++) {
		char c = *description;
		bool inner = c == '.' || c == '-';

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') ||
		    (inner && n && description[1] && n < sizeof(text) - 2))
			text[n++] = c;
		else
			text[n++] = '_';
	}
	text[n] = '\0';
	return n ? kb_item_append_string(items, KDBUS_ITEM_CONN_DESCRIPTION,
					 text) : 0;
}

static int add_hello_items(struct kb_buffer *items,
			   const struct kb_conn_options *options)
{
	int r = 0;

	if (options->description)
		r = add_description(items, options->description);
	if (r >= 0 && options->creds)
		r = kb_item_append(items, KDBUS_ITEM_CREDS, options->creds,
				   sizeof(*options->creds));
	if (r >= 0 && options->pids)
		r = kb_item_append(items, KDBUS_ITEM_PIDS, options->pids,
				   sizeof(*options->pids));
	if (r >= 0 && options->seclabel)
		r = kb_item_append_string(items, KDBUS_ITEM_SECLABEL,
					  options->seclabel);
	if (r >= 0 && options->name)
		r = kb_item_append_string(items, KDBUS_ITEM_NAME,
					  options->name);
	for (size_t i = 0; r >= 0 && i < options->n_policy; i++)
		r = kb_item_append(items, KDBUS_ITEM_POLICY_ACCESS,
				   &options->policy[i],
				   sizeof(options->policy[i]));
	return r;
}

/* The slice HELLO left in the pool tells how filters of this bus are made. */
static int read_bloom(struct kb_conn *conn, uint64_t offset, uint64_t size)
{
	const void *slice = kb_pool_at(&conn->pool, offset, size);
	const struct kdbus_item *item;
	struct kb_item_iter iter;
	int r = -EOPNOTSUPP;

	if (!slice)
		return -EBADMSG;
	iter = kb_items(slice, size);
	while ((item = kb_item_next(&iter)))
		if (item->type == KDBUS_ITEM_BLOOM_PARAMETER &&
		    kb_item_size(item) == sizeof(conn->bloom)) {
			conn->bloom = item->bloom_parameter;
			r = kb_bloom_is_supported(&conn->bloom) ?
			    0 : -EOPNOTSUPP;
		}
	kb_pool_release(&conn->pool, offset);
	return r;
}

static int conn_hello(struct kb_conn *conn,
		      const struct kb_conn_options *options)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	struct kdbus_cmd_hello hello = {
		.flags = options->flags,
		.attach_flags_send = options->attach_send,
		.attach_flags_recv = options->attach_recv,
		.pool_size = options->pool_size,
	};
	int r;

	r = add_hello_items(&items, options);
	if (r >= 0)
		r = kb_cmd_hello(conn->fd, &hello, &items);
	if (r < 0)
		return r;

	conn->id = hello.id;
	conn->flags = options->flags;
	conn->bus_flags = hello.bus_flags;
	memcpy(conn->bus_id, hello.id128, sizeof(conn->bus_id));
	kb_unique_name(conn->id, conn->unique_name);
	if (hello.bus_flags > UINT32_MAX)
		return -EOPNOTSUPP;

	r = kb_pool_init(&conn->pool, conn->fd, options->pool_size);
	return r < 0 ? r : read_bloom(conn, hello.offset, hello.items_size);
}

/* Takes over @fd, also on failure. */
static struct kb_conn *conn_new(int fd)
{
	struct kb_conn *conn = calloc(1, sizeof(*conn));

	if (!conn) {
		kb_close(fd);
		return NULL;
	}
	conn->n_refs = 1;
	conn->fd = fd;
	conn->pool.fd = -1;
	conn->timeout_ns = KB_TIMEOUT_NS;
	return conn;
}

int kb_conn_open_fd(int fd, const struct kb_conn_options *options,
		    struct kb_conn **out)
{
	static const struct kb_conn_options default_options =
		KB_CONN_OPTIONS_DEFAULT;
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = conn_new(fd);
	int r;

	if (!conn)
		return -ENOMEM;
	r = conn_hello(conn, options ?: &default_options);
	if (r < 0)
		return r;
	*out = TAKE_PTR(conn);
	return 0;
}

int kb_conn_adopt_fd(int fd, uint64_t pool_size, struct kb_conn **out)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = conn_new(fd);
	int r;

	if (!conn)
		return -ENOMEM;
	r = kb_pool_init(&conn->pool, fd, pool_size);
	if (r < 0)
		return r;
	*out = TAKE_PTR(conn);
	return 0;
}

int kb_conn_open(const char *address, const struct kb_conn_options *options,
		 struct kb_conn **out)
{
	int fd = kb_address_open(address);

	return fd < 0 ? fd : kb_conn_open_fd(fd, options, out);
}

void kb_conn_close(struct kb_conn *conn)
{
	conn->fd = kb_close(conn->fd);
	/* the mapping stays for messages that are still held */
	conn->pool.fd = -1;
}

struct kb_conn *kb_conn_ref(struct kb_conn *conn)
{
	conn->n_refs++;
	return conn;
}

struct kb_conn *kb_conn_unref(struct kb_conn *conn)
{
	if (!conn || --conn->n_refs)
		return NULL;
	kb_conn_close(conn);
	kb_pool_deinit(&conn->pool);
	kb_buffer_deinit(&conn->items);
	kb_buffer_deinit(&conn->bytes);
	free(conn);
	return NULL;
}

int kb_conn_wait(struct kb_conn *conn, int64_t timeout_ns)
{
	struct pollfd pollfd = { .fd = conn->fd, .events = POLLIN };
	struct timespec ts = {
		.tv_sec = timeout_ns / (int64_t)KB_NSEC_PER_SEC,
		.tv_nsec = timeout_ns % (int64_t)KB_NSEC_PER_SEC,
	};
	int r;

	/* poll() would wait for ever */
	if (conn->fd < 0)
		return -ENOTCONN;
	r = ppoll(&pollfd, 1, timeout_ns < 0 ? NULL : &ts, NULL);
	return r < 0 ? -errno : r;
}

/* names and matches */

int kb_conn_name_acquire(struct kb_conn *conn, const char *name,
			 uint64_t flags, uint64_t *out_flags)
{
	return kb_cmd_name_acquire(conn->fd, name, flags, 0, out_flags);
}

int kb_conn_name_release(struct kb_conn *conn, const char *name)
{
	return kb_cmd_name_release(conn->fd, name, 0);
}

int kb_conn_add_match(struct kb_conn *conn, const struct kb_match_rule *rule,
		      uint64_t cookie, uint64_t behalf_id)
{
	_cleanup_(kb_match_kernel_deinit) struct kb_match_kernel kernel = {};
	int r;

	if (!conn->bloom.size)
		return -EOPNOTSUPP;
	r = kb_match_rule_compile(rule, &conn->bloom, &kernel);
	if (r < 0)
		return r;

	for (size_t i = 0; i < kernel.n; i++) {
		r = kb_cmd_match_add(conn->fd, cookie, 0, &kernel.items[i],
				     behalf_id);
		if (r < 0) {
			if (i)
				kb_cmd_match_remove(conn->fd, cookie,
						    behalf_id);
			return r;
		}
	}
	return 0;
}

int kb_conn_remove_match(struct kb_conn *conn, uint64_t cookie,
			 uint64_t behalf_id)
{
	return kb_cmd_match_remove(conn->fd, cookie, behalf_id);
}

/* leaving */

#define DRAIN_ROUNDS	100	/* BYEBYEs before giving up */
#define DRAIN_MESSAGES	1000	/* of one round */

static int drain(struct kb_conn *conn,
		 int (*dispatch)(struct kb_message *message, void *userdata),
		 void *userdata)
{
	for (unsigned int i = 0; i < DRAIN_MESSAGES; i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
		int r;

		r = kb_conn_recv(conn, &message);
		if (r == -EAGAIN)
			return 0;
		if (r >= 0)
			r = dispatch(message, userdata);
		if (r < 0)
			return r;
	}
	return 0;
}

int kb_conn_exit_on_idle(struct kb_conn *conn, const char *name,
			 int (*dispatch)(struct kb_message *message,
					 void *userdata),
			 void *userdata)
{
	int r;

	/* 1. mail for the name goes elsewhere from here on */
	if (name) {
		r = kb_conn_name_release(conn, name);
		/* taken away by somebody else: just as good */
		if (r < 0 && r != -ESRCH && r != -EADDRINUSE)
			return r;
	}

	for (unsigned int i = 0; i < DRAIN_ROUNDS; i++) {
		/* 2. what came before has to be answered here */
		r = drain(conn, dispatch, userdata);
		if (r < 0)
			return r;

		/* 3. fails if something came in between */
		r = kb_cmd_byebye(conn->fd);
		if (r >= 0)
			kb_conn_close(conn);
		if (r != -EBUSY)
			return r;
	}
	return -EBUSY;
}
