// SPDX-License-Identifier: LGPL-2.1-or-later
/* The commands of kdbus, one function each. */
#include <errno.h>
#include <sys/ioctl.h>

#include "lib/bloom.h"
#include "lib/cmd.h"
#include "lib/item.h"

/* Without a descriptor it was a connection before, and its owner has left. */
static int cmd_ioctl(int fd, unsigned long number, void *cmd)
{
	if (fd < 0)
		return -ENOTCONN;
	return ioctl(fd, number, cmd) < 0 ? -errno : 0;
}

/*
 * Commands with items are put together in a buffer: the fixed structure, then
 * the items, then the size of both in its first word.
 */

static int cmd_begin(struct kb_buffer *cmd, const void *fixed, size_t size)
{
	return kb_buffer_append(cmd, fixed, size);
}

static int cmd_add_items(struct kb_buffer *cmd, const struct kb_buffer *items)
{
	return items ? kb_buffer_append(cmd, items->data, items->size) : 0;
}

static int cmd_add_behalf(struct kb_buffer *cmd, uint64_t id)
{
	return id ? kb_item_append_u64(cmd, KDBUS_ITEM_BEHALF_ID, id) : 0;
}

static int cmd_run(int fd, unsigned long number, struct kb_buffer *cmd)
{
	uint64_t size = cmd->size;

	memcpy(cmd->data, &size, sizeof(size));
	return cmd_ioctl(fd, number, cmd->data);
}

/* A struct kdbus_cmd with flags and items. */
static int cmd_simple(int fd, unsigned long number, uint64_t flags,
		      const struct kb_buffer *items)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer cmd = {};
	const struct kdbus_cmd fixed = { .flags = flags };
	int r;

	r = cmd_begin(&cmd, &fixed, sizeof(fixed));
	if (r >= 0)
		r = cmd_add_items(&cmd, items);
	return r < 0 ? r : cmd_run(fd, number, &cmd);
}

/* setting up */

int kb_cmd_bus_make(int fd, const char *name, uint64_t flags,
		    const struct kdbus_bloom_parameter *bloom, uint64_t attach)
{
	static const struct kdbus_bloom_parameter bloom_default = {
		.size = KB_BLOOM_SIZE,
		.n_hash = KB_BLOOM_N_HASH,
	};
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	int r;

	if (!bloom)
		bloom = &bloom_default;
	r = kb_item_append_string(&items, KDBUS_ITEM_MAKE_NAME, name);
	if (r >= 0)
		r = kb_item_append(&items, KDBUS_ITEM_BLOOM_PARAMETER, bloom,
				   sizeof(*bloom));
	if (r >= 0)
		r = kb_item_append_u64(&items, KDBUS_ITEM_ATTACH_FLAGS_SEND,
				       attach);
	return r < 0 ? r : cmd_simple(fd, KDBUS_CMD_BUS_MAKE, flags, &items);
}

int kb_cmd_endpoint_make(int fd, const char *name, uint64_t flags)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	int r;

	r = kb_item_append_string(&items, KDBUS_ITEM_MAKE_NAME, name);
	return r < 0 ? r :
		       cmd_simple(fd, KDBUS_CMD_ENDPOINT_MAKE, flags, &items);
}

int kb_cmd_endpoint_update(int fd, const struct kb_buffer *items)
{
	return cmd_simple(fd, KDBUS_CMD_ENDPOINT_UPDATE, 0, items);
}

int kb_cmd_hello(int fd, struct kdbus_cmd_hello *hello,
		 const struct kb_buffer *items)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer cmd = {};
	int r;

	r = cmd_begin(&cmd, hello, sizeof(*hello));
	if (r >= 0)
		r = cmd_add_items(&cmd, items);
	if (r >= 0)
		r = cmd_run(fd, KDBUS_CMD_HELLO, &cmd);
	if (r < 0)
		return r;
	memcpy(hello, cmd.data, sizeof(*hello));
	return 0;
}

int kb_cmd_update(int fd, const struct kb_buffer *items)
{
	return cmd_simple(fd, KDBUS_CMD_UPDATE, 0, items);
}

int kb_cmd_byebye(int fd)
{
	struct kdbus_cmd cmd = { .size = sizeof(cmd) };

	return cmd_ioctl(fd, KDBUS_CMD_BYEBYE, &cmd);
}

/* messages */

int kb_cmd_send(int fd, const struct kdbus_msg *msg, uint64_t flags,
		int cancel_fd, struct kdbus_msg_info *reply)
{
	/* on the stack: this is the path every message takes */
	struct {
		struct kdbus_cmd_send cmd;
		uint64_t item[3];
	} send = {
		.cmd = {
			.size = sizeof(send.cmd),
			.flags = flags,
			.msg_address = (uintptr_t)msg,
		},
	};
	int r;

	if (cancel_fd >= 0) {
		send.item[0] = KB_ITEM_HEADER + sizeof(int);
		send.item[1] = KDBUS_ITEM_CANCEL_FD;
		memcpy(&send.item[2], &cancel_fd, sizeof(int));
		send.cmd.size = sizeof(send);
	}

	r = cmd_ioctl(fd, KDBUS_CMD_SEND, &send);
	if (r >= 0 && reply)
		*reply = send.cmd.reply;
	return r;
}

int kb_cmd_call(int fd, const struct kdbus_msg *msg, bool free,
		struct kdbus_msg_info *reply)
{
	struct kdbus_cmd_send cmd = {
		.size = sizeof(cmd),
		.flags = free ? KDBUS_CALL_FREE : 0,
		.msg_address = (uintptr_t)msg,
		.reply = *reply,
	};
	int r;

	/* an interrupted call goes on waiting under its cookie */
	do
		r = cmd_ioctl(fd, KDBUS_CMD_CALL, &cmd);
	while (r == -EINTR);
	*reply = cmd.reply;
	return r;
}

int kb_cmd_serve(int fd, struct kdbus_cmd_serve *cmd)
{
	cmd->size = sizeof(*cmd);
	return cmd_ioctl(fd, KDBUS_CMD_SERVE, cmd);
}

int kb_cmd_recv(int fd, uint64_t flags, int64_t priority,
		struct kdbus_cmd_recv *out)
{
	*out = (struct kdbus_cmd_recv){
		.size = sizeof(*out),
		.flags = flags,
		.priority = priority,
	};
	return cmd_ioctl(fd, KDBUS_CMD_RECV, out);
}

int kb_cmd_free(int fd, uint64_t offset)
{
	struct kdbus_cmd_free cmd = {
		.size = sizeof(cmd),
		.offset = offset,
	};

	return cmd_ioctl(fd, KDBUS_CMD_FREE, &cmd);
}

/* names */

static int cmd_name(int fd, unsigned long number, const char *name,
		    uint64_t flags, uint64_t behalf_id, uint64_t *out_flags)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer cmd = {};
	struct kdbus_cmd fixed = { .flags = flags };
	int r;

	r = cmd_begin(&cmd, &fixed, sizeof(fixed));
	if (r >= 0)
		r = kb_item_append_string(&cmd, KDBUS_ITEM_NAME, name);
	if (r >= 0)
		r = cmd_add_behalf(&cmd, behalf_id);
	if (r >= 0)
		r = cmd_run(fd, number, &cmd);
	if (r < 0)
		return r;

	memcpy(&fixed, cmd.data, sizeof(fixed));
	if (out_flags)
		*out_flags = fixed.return_flags;
	return 0;
}

int kb_cmd_name_acquire(int fd, const char *name, uint64_t flags,
			uint64_t behalf_id, uint64_t *out_flags)
{
	return cmd_name(fd, KDBUS_CMD_NAME_ACQUIRE, name, flags, behalf_id,
			out_flags);
}

int kb_cmd_name_release(int fd, const char *name, uint64_t behalf_id)
{
	return cmd_name(fd, KDBUS_CMD_NAME_RELEASE, name, 0, behalf_id, NULL);
}

/* matches */

static int cmd_match(int fd, unsigned long number, uint64_t cookie,
		     uint64_t flags, const struct kb_buffer *items,
		     uint64_t behalf_id)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer cmd = {};
	const struct kdbus_cmd_match fixed = {
		.flags = flags,
		.cookie = cookie,
	};
	int r;

	r = cmd_begin(&cmd, &fixed, sizeof(fixed));
	if (r >= 0)
		r = cmd_add_items(&cmd, items);
	if (r >= 0)
		r = cmd_add_behalf(&cmd, behalf_id);
	return r < 0 ? r : cmd_run(fd, number, &cmd);
}

int kb_cmd_match_add(int fd, uint64_t cookie, uint64_t flags,
		     const struct kb_buffer *items, uint64_t behalf_id)
{
	return cmd_match(fd, KDBUS_CMD_MATCH_ADD, cookie, flags, items,
			 behalf_id);
}

int kb_cmd_match_remove(int fd, uint64_t cookie, uint64_t behalf_id)
{
	return cmd_match(fd, KDBUS_CMD_MATCH_REMOVE, cookie, 0, NULL,
			 behalf_id);
}

/* queries */

int kb_cmd_list(int fd, uint64_t flags, uint64_t behalf_id,
		uint64_t *out_offset, uint64_t *out_size)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer cmd = {};
	struct kdbus_cmd_list fixed = { .flags = flags };
	int r;

	r = cmd_begin(&cmd, &fixed, sizeof(fixed));
	if (r >= 0)
		r = cmd_add_behalf(&cmd, behalf_id);
	if (r >= 0)
		r = cmd_run(fd, KDBUS_CMD_LIST, &cmd);
	if (r < 0)
		return r;

	memcpy(&fixed, cmd.data, sizeof(fixed));
	*out_offset = fixed.offset;
	*out_size = fixed.list_size;
	return 0;
}

static int cmd_info(int fd, unsigned long number, uint64_t id,
		    const char *name, uint64_t attach, uint64_t ask,
		    uint64_t behalf_id, uint64_t *out_offset,
		    uint64_t *out_size)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer cmd = {};
	struct kdbus_cmd_info fixed = {
		.id = id,
		.attach_flags = attach,
	};
	int r;

	r = cmd_begin(&cmd, &fixed, sizeof(fixed));
	if (r >= 0 && name)
		r = kb_item_append_string(&cmd, KDBUS_ITEM_NAME, name);
	if (r >= 0 && ask)
		r = kb_item_append(&cmd, ask, NULL, 0);
	if (r >= 0)
		r = cmd_add_behalf(&cmd, behalf_id);
	if (r >= 0)
		r = cmd_run(fd, number, &cmd);
	if (r < 0)
		return r;

	memcpy(&fixed, cmd.data, sizeof(fixed));
	*out_offset = fixed.offset;
	*out_size = fixed.info_size;
	return 0;
}

int kb_cmd_conn_info(int fd, uint64_t id, const char *name, uint64_t attach,
		     uint64_t behalf_id, uint64_t *out_offset,
		     uint64_t *out_size)
{
	return cmd_info(fd, KDBUS_CMD_CONN_INFO, id, name, attach, 0,
			behalf_id, out_offset, out_size);
}

int kb_cmd_conn_ask(int fd, uint64_t id, uint64_t item, uint64_t behalf_id,
		    uint64_t *out_offset, uint64_t *out_size)
{
	return cmd_info(fd, KDBUS_CMD_CONN_INFO, id, NULL, 0, item, behalf_id,
			out_offset, out_size);
}

int kb_cmd_bus_creator_info(int fd, uint64_t attach, uint64_t *out_offset,
			    uint64_t *out_size)
{
	return cmd_info(fd, KDBUS_CMD_BUS_CREATOR_INFO, 0, NULL, attach, 0, 0,
			out_offset, out_size);
}

/* The kernel zeroes the types that a command does not know. */
static int cmd_knows(int fd, unsigned long number, void *cmd, size_t fixed,
		     uint64_t type)
{
	struct kdbus_cmd *head = cmd;
	uint64_t *item = (uint64_t *)((uint8_t *)cmd + fixed);
	int r;

	head->size = fixed + 3 * sizeof(*item);
	head->flags = KDBUS_FLAG_NEGOTIATE;
	item[0] = 3 * sizeof(*item);
	item[1] = KDBUS_ITEM_NEGOTIATE;
	item[2] = type;
	r = cmd_ioctl(fd, number, cmd);
	return r < 0 ? r : item[2] == type;
}

int kb_cmd_supports_behalf(int fd)
{
	struct {
		struct kdbus_cmd cmd;
		uint64_t item[3];
	} ask = {};

	return cmd_knows(fd, KDBUS_CMD_NAME_ACQUIRE, &ask, sizeof(ask.cmd),
			 KDBUS_ITEM_BEHALF_ID);
}

int kb_cmd_supports_asking(int fd, uint64_t item)
{
	struct {
		struct kdbus_cmd_info cmd;
		uint64_t item[3];
	} ask = {};

	return cmd_knows(fd, KDBUS_CMD_CONN_INFO, &ask, sizeof(ask.cmd), item);
}
