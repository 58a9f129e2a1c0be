/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs of the guest programs: make a bus, be a peer, send, receive. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <ctype.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tests/vm/util.h"

/* commands */

const struct command commands[] = {
	{ "BUS_MAKE", KDBUS_CMD_BUS_MAKE, sizeof(struct kdbus_cmd), 0x3 },
	{ "ENDPOINT_MAKE", KDBUS_CMD_ENDPOINT_MAKE, sizeof(struct kdbus_cmd), 0x3 },
	{ "ENDPOINT_UPDATE", KDBUS_CMD_ENDPOINT_UPDATE, sizeof(struct kdbus_cmd), 0 },
	{ "HELLO", KDBUS_CMD_HELLO, sizeof(struct kdbus_cmd_hello), 0xf },
	{ "UPDATE", KDBUS_CMD_UPDATE, sizeof(struct kdbus_cmd), 0 },
	{ "BYEBYE", KDBUS_CMD_BYEBYE, sizeof(struct kdbus_cmd), 0 },
	{ "FREE", KDBUS_CMD_FREE, sizeof(struct kdbus_cmd_free), 0 },
	{ "CONN_INFO", KDBUS_CMD_CONN_INFO, sizeof(struct kdbus_cmd_info), 0 },
	{ "BUS_CREATOR_INFO", KDBUS_CMD_BUS_CREATOR_INFO, sizeof(struct kdbus_cmd_info), 0 },
	{ "LIST", KDBUS_CMD_LIST, sizeof(struct kdbus_cmd_list), 0xf },
	{ "SEND", KDBUS_CMD_SEND, sizeof(struct kdbus_cmd_send), 0x1 },
	{ "RECV", KDBUS_CMD_RECV, sizeof(struct kdbus_cmd_recv), 0x7 },
	{ "NAME_ACQUIRE", KDBUS_CMD_NAME_ACQUIRE, sizeof(struct kdbus_cmd), 0x7 },
	{ "NAME_RELEASE", KDBUS_CMD_NAME_RELEASE, sizeof(struct kdbus_cmd), 0 },
	{ "MATCH_ADD", KDBUS_CMD_MATCH_ADD, sizeof(struct kdbus_cmd_match), 0x1 },
	{ "MATCH_REMOVE", KDBUS_CMD_MATCH_REMOVE, sizeof(struct kdbus_cmd_match), 0 },
	{ "SERVE", KDBUS_CMD_SERVE, sizeof(struct kdbus_cmd_serve), 0x3 },
};
const size_t n_commands = ARRAY_SIZE(commands);

const struct command *command_find(unsigned long number)
{
	for (size_t i = 0; i < n_commands; i++)
		if (commands[i].number == number)
			return &commands[i];
	return NULL;
}

void cmd_init(union cmd *cmd, size_t fixed)
{
	memset(cmd, 0, fixed);
	cmd->size = fixed;
}

struct kdbus_item *cmd_item(union cmd *cmd, __u64 type, const void *payload, size_t size)
{
	struct kdbus_item *item;
	size_t at = ALIGN8(cmd->size);

	if (at + 16 + ALIGN8(size) > sizeof(*cmd))
		test_abort(__FILE__, __LINE__, "the command has no room", -ENOSPC);
	memset(cmd->bytes + cmd->size, 0, at - cmd->size);
	item = (void *)(cmd->bytes + at);
	memset(item, 0, 16 + ALIGN8(size));
	item->size = 16 + size;
	item->type = type;
	if (size)
		memcpy(item->data, payload, size);
	cmd->size = at + 16 + size;
	return item;
}

void cmd_u64(union cmd *cmd, __u64 type, __u64 value)
{
	cmd_item(cmd, type, &value, sizeof(value));
}

void cmd_text(union cmd *cmd, __u64 type, const char *text)
{
	cmd_item(cmd, type, text, strlen(text) + 1);
}

void cmd_access(union cmd *cmd, __u64 type, __u64 access, __u64 id)
{
	struct kdbus_policy_access item = { .type = type, .access = access, .id = id };

	cmd_item(cmd, KDBUS_ITEM_POLICY_ACCESS, &item, sizeof(item));
}

int call(int fd, unsigned long number, void *cmd)
{
	int r = ioctl(fd, number, cmd);

	if (r > 0)
		expect_eq(r, 0);
	return r < 0 ? -errno : 0;
}

/* buses and endpoints */

int control_open(const char *dir)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/control", dir);
	return must_sys(open(path, O_RDWR | O_CLOEXEC));
}

static void bus_command_with(union cmd *cmd, const struct bus_options *options)
{
	struct kdbus_bloom_parameter bloom = { .size = options->bloom_size ?: 64, .n_hash = 1 };

	cmd_init(cmd, sizeof(cmd->cmd));
	cmd->flags = options->flags;
	cmd_text(cmd, KDBUS_ITEM_MAKE_NAME, options->name ?: "0-test");
	cmd_item(cmd, KDBUS_ITEM_BLOOM_PARAMETER, &bloom, sizeof(bloom));
	if (options->attach)
		cmd_u64(cmd, KDBUS_ITEM_ATTACH_FLAGS_SEND, options->attach);
}

void bus_command(union cmd *cmd, const char *name, __u64 flags)
{
	bus_command_with(cmd, &(struct bus_options){ .name = name, .flags = flags });
}

struct bus *bus_make(struct bus_options options)
{
	struct bus *bus = calloc(1, sizeof(*bus));
	union cmd cmd;

	snprintf(bus->name, sizeof(bus->name), "%s", options.name ?: "0-test");
	snprintf(bus->dir, sizeof(bus->dir), "%.70s/%.79s", options.mount ?: mount_dir, bus->name);
	snprintf(bus->path, sizeof(bus->path), "%s/bus", bus->dir);
	bus->fd = control_open(options.mount ?: mount_dir);
	bus_command_with(&cmd, &options);
	must(call(bus->fd, KDBUS_CMD_BUS_MAKE, &cmd));
	return bus;
}

void bus_close(struct bus *bus)
{
	close(bus->fd);
	bus->fd = -1;
}

int endpoint_try(struct bus *bus, const char *name, __u64 flags, char path[240])
{
	union cmd cmd;
	int fd, r;

	fd = open(bus->path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd.flags = flags;
	cmd_text(&cmd, KDBUS_ITEM_MAKE_NAME, name);
	r = call(fd, KDBUS_CMD_ENDPOINT_MAKE, &cmd);
	if (r < 0) {
		close(fd);
		return r;
	}
	snprintf(path, 240, "%s/%s", bus->dir, name);
	return fd;
}

int endpoint_new(struct bus *bus, const char *name, __u64 flags, char path[240])
{
	return must(endpoint_try(bus, name, flags, path));
}

/* peers */

static void hello_command(union cmd *cmd, const struct peer_options *options)
{
	cmd_init(cmd, sizeof(cmd->hello));
	cmd->flags = options->flags;
	cmd->hello.attach_flags_send = options->send;
	cmd->hello.attach_flags_recv = options->recv;
	cmd->hello.pool_size = options->pool ?: MIB;
	if (options->name)
		cmd_text(cmd, KDBUS_ITEM_NAME, options->name);
	if (options->access.type)
		cmd_item(cmd, KDBUS_ITEM_POLICY_ACCESS, &options->access, sizeof(options->access));
	if (options->description)
		cmd_text(cmd, KDBUS_ITEM_CONN_DESCRIPTION, options->description);
	if (options->extra) {
		size_t fixed = sizeof(struct kdbus_cmd), n = ALIGN8(options->extra->size) - fixed;

		cmd->size = ALIGN8(cmd->size);
		memcpy(cmd->bytes + cmd->size, options->extra->bytes + fixed, n);
		cmd->size += n;
	}
}

int peer_try(struct bus *bus, struct peer_options options, struct peer **out_peer)
{
	union cmd *cmd = malloc(sizeof(*cmd));
	struct peer *peer;
	int fd, r;

	if (options.uid)
		become(options.uid);
	fd = open(options.path ?: bus->path, O_RDWR | O_CLOEXEC);
	r = fd < 0 ? -errno : 0;
	hello_command(cmd, &options);
	if (!r)
		r = call(fd, KDBUS_CMD_HELLO, cmd);
	if (options.uid)
		become(0);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		free(cmd);
		return r;
	}
	peer = calloc(1, sizeof(*peer));
	peer->fd = fd;
	peer->id = cmd->hello.id;
	peer->flags = options.flags;
	peer->pool_size = cmd->hello.pool_size;
	peer->hello = cmd;
	peer->pool = mmap(NULL, peer->pool_size, PROT_READ, MAP_SHARED, fd, 0);
	if (peer->pool == MAP_FAILED)
		test_abort(__FILE__, __LINE__, "mmap of a pool", -errno);
	if (!options.keep && !(options.flags & KDBUS_HELLO_POLICY_HOLDER))
		must(peer_free(peer, cmd->hello.offset));
	*out_peer = peer;
	return 0;
}

struct peer *peer_make(struct bus *bus, struct peer_options options)
{
	struct peer *peer;

	must(peer_try(bus, options, &peer));
	return peer;
}

void peer_close(struct peer *peer)
{
	if (!peer)
		return;
	munmap((void *)peer->pool, peer->pool_size);
	close(peer->fd);
	free(peer->hello);
	free(peer);
}

int peer_byebye(struct peer *peer)
{
	struct kdbus_cmd cmd = { .size = sizeof(cmd) };

	return call(peer->fd, KDBUS_CMD_BYEBYE, &cmd);
}

int peer_free(struct peer *peer, __u64 offset)
{
	struct kdbus_cmd_free cmd = { .size = sizeof(cmd), .offset = offset };

	return call(peer->fd, KDBUS_CMD_FREE, &cmd);
}

bool peer_readable(struct peer *peer, int ms)
{
	struct pollfd pfd = { .fd = peer->fd, .events = POLLIN };

	return poll(&pfd, 1, ms) > 0 && pfd.revents & POLLIN;
}

short poll_events(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = 0x7fff };

	must_sys(poll(&pfd, 1, 0));
	return pfd.revents;
}

static void ready_connect(struct ready *ready, struct bus *bus)
{
	union cmd *cmd = &ready->cmd;
	struct peer *peer;

	ready->peer = peer = peer_new(bus);
	ready->fd = peer->fd;
	switch (ready->command->number) {
	case KDBUS_CMD_FREE:
		cmd->free.offset = peer->pool_size;
		break;
	case KDBUS_CMD_CONN_INFO:
		cmd->info.id = peer->id;
		break;
	case KDBUS_CMD_SEND:
		msg_broadcast(&ready->msg, 1);
		cmd->send.msg_address = (uintptr_t)&ready->msg;
		break;
	case KDBUS_CMD_RECV:
	case KDBUS_CMD_SERVE:
		must(send_to(peer, peer->id, 1));
		break;
	case KDBUS_CMD_NAME_RELEASE:
		must(name_acquire(peer, "a.b", 0, NULL));
		cmd_text(cmd, KDBUS_ITEM_NAME, "a.b");
		break;
	case KDBUS_CMD_NAME_ACQUIRE:
		cmd_text(cmd, KDBUS_ITEM_NAME, "a.b");
		break;
	case KDBUS_CMD_MATCH_REMOVE:
		must(match_all(peer, 0));
		break;
	}
}

void ready_init(struct ready *ready, struct bus *bus, const struct command *command)
{
	char path[240];

	ready->command = command;
	ready->peer = NULL;
	cmd_init(&ready->cmd, command->size);
	switch (command->number) {
	case KDBUS_CMD_BUS_MAKE:
		ready->fd = control_open(mount_dir);
		bus_command(&ready->cmd, "0-ready", 0);
		break;
	case KDBUS_CMD_ENDPOINT_MAKE:
		ready->fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
		cmd_text(&ready->cmd, KDBUS_ITEM_MAKE_NAME, "0-ready");
		break;
	case KDBUS_CMD_ENDPOINT_UPDATE:
		ready->fd = endpoint_new(bus, "0-update", 0, path);
		break;
	case KDBUS_CMD_HELLO:
		ready->fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
		ready->cmd.hello.pool_size = MIB;
		break;
	default:
		ready_connect(ready, bus);
	}
}

void ready_deinit(struct ready *ready)
{
	if (ready->peer)
		peer_close(ready->peer);
	else
		close(ready->fd);
}

int ready_call(struct ready *ready)
{
	return call(ready->fd, ready->command->number, &ready->cmd);
}

/* sending */

void msg_init(union cmd *msg, __u64 dst, __u64 cookie)
{
	cmd_init(msg, sizeof(msg->msg));
	msg->msg.dst_id = dst;
	msg->msg.cookie = cookie;
	msg->msg.payload_type = KDBUS_PAYLOAD_DBUS;
}

void msg_broadcast(union cmd *msg, __u64 cookie)
{
	msg_init(msg, KDBUS_DST_ID_BROADCAST, cookie);
	msg->msg.flags = KDBUS_MSG_SIGNAL;
	msg_filter(msg, 0, 0);
}

void msg_request(union cmd *msg, __u64 dst, __u64 cookie, __u64 timeout_ns)
{
	msg_init(msg, dst, cookie);
	msg->msg.flags = KDBUS_MSG_EXPECT_REPLY;
	msg->msg.timeout_ns = timeout_ns;
}

void msg_reply(union cmd *msg, __u64 dst, __u64 cookie, __u64 cookie_reply)
{
	msg_init(msg, dst, cookie);
	msg->msg.cookie_reply = cookie_reply;
}

void msg_vec(union cmd *msg, const void *data, __u64 size)
{
	struct kdbus_vec vec = { .size = size, .address = (uintptr_t)data };

	cmd_item(msg, KDBUS_ITEM_PAYLOAD_VEC, &vec, sizeof(vec));
}

void msg_memfd(union cmd *msg, int fd, __u64 start, __u64 size)
{
	struct kdbus_memfd memfd = { .start = start, .size = size, .fd = fd };

	cmd_item(msg, KDBUS_ITEM_PAYLOAD_MEMFD, &memfd, sizeof(memfd));
}

void msg_fds(union cmd *msg, const int *fds, size_t n_fds)
{
	cmd_item(msg, KDBUS_ITEM_FDS, fds, n_fds * sizeof(*fds));
}

void msg_filter(union cmd *msg, __u64 generation, __u64 word)
{
	__u64 filter[9] = { generation, word, word, word, word, word, word, word, word };

	cmd_item(msg, KDBUS_ITEM_BLOOM_FILTER, filter, sizeof(filter));
}

int send_cmd(int fd, struct kdbus_cmd_send *cmd, __u64 flags, union cmd *msg)
{
	*cmd = (struct kdbus_cmd_send){
		.size = sizeof(*cmd),
		.flags = flags,
		.msg_address = (uintptr_t)msg,
	};
	return call(fd, KDBUS_CMD_SEND, cmd);
}

int send_msg(struct peer *peer, union cmd *msg)
{
	struct kdbus_cmd_send cmd;

	return send_cmd(peer->fd, &cmd, 0, msg);
}

int send_to(struct peer *peer, __u64 dst, __u64 cookie)
{
	union cmd msg;

	msg_init(&msg, dst, cookie);
	return send_msg(peer, &msg);
}

int send_name(struct peer *peer, const char *name, __u64 cookie)
{
	union cmd msg;

	msg_init(&msg, KDBUS_DST_ID_NAME, cookie);
	msg_name(&msg, name);
	return send_msg(peer, &msg);
}

int send_broadcast(struct peer *peer, __u64 cookie)
{
	union cmd msg;

	msg_broadcast(&msg, cookie);
	return send_msg(peer, &msg);
}

int send_request(struct peer *peer, __u64 dst, __u64 cookie)
{
	union cmd msg;

	msg_request(&msg, dst, cookie, now_ns() + 10 * SEC);
	return send_msg(peer, &msg);
}

int send_request_name(struct peer *peer, const char *name, __u64 cookie)
{
	union cmd msg;

	msg_request(&msg, KDBUS_DST_ID_NAME, cookie, now_ns() + 10 * SEC);
	msg_name(&msg, name);
	return send_msg(peer, &msg);
}

int send_reply(struct peer *peer, __u64 dst, __u64 cookie, __u64 cookie_reply)
{
	union cmd msg;

	msg_reply(&msg, dst, cookie, cookie_reply);
	return send_msg(peer, &msg);
}

int send_bytes(struct peer *peer, __u64 dst, __u64 cookie, __u64 size)
{
	static __u8 data[2 * MIB];
	union cmd msg;

	msg_init(&msg, dst, cookie);
	msg_vec(&msg, data, size);
	return send_msg(peer, &msg);
}

int memfd_with_seals(__u64 size, int seals)
{
	__u8 data[4096];
	int fd;

	fd = must_sys(memfd_create("kdbus-test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	for (__u64 at = 0; at < size; at += sizeof(data)) {
		__u64 n = size - at < sizeof(data) ? size - at : sizeof(data);

		for (__u64 i = 0; i < n; i++)
			data[i] = at + i;
		must_sys(write(fd, data, n));
	}
	if (seals)
		must_sys(fcntl(fd, F_ADD_SEALS, seals));
	return fd;
}

int memfd_new(__u64 size)
{
	return memfd_with_seals(size, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

void sync_init(struct sync_call *sync, struct peer *peer, __u64 dst, __u64 cookie, __u64 timeout_ns)
{
	memset(sync, 0, sizeof(*sync));
	sync->peer = peer;
	sync->number = KDBUS_CMD_SEND;
	msg_request(&sync->msg, dst, cookie, timeout_ns);
	cmd_init(&sync->cmd, sizeof(sync->cmd.send));
	sync->cmd.flags = KDBUS_SEND_SYNC_REPLY;
	sync->cmd.send.msg_address = (uintptr_t)&sync->msg;
}

static void *sync_run(void *data)
{
	struct sync_call *sync = data;

	__atomic_store_n(&sync->tid, syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	sync->result = call(sync->peer->fd, sync->number, &sync->cmd);
	return NULL;
}

void sync_start(struct sync_call *sync)
{
	must(-pthread_create(&sync->thread, NULL, sync_run, sync));
}

int sync_join(struct sync_call *sync)
{
	pthread_join(sync->thread, NULL);
	return sync->result;
}

struct sync_call *sync_new(struct peer *peer, __u64 dst, __u64 cookie)
{
	struct sync_call *sync = malloc(sizeof(*sync));

	sync_init(sync, peer, dst, cookie, now_ns() + 20 * SEC);
	sync_start(sync);
	return sync;
}

/* receiving */

int recv_cmd(struct peer *peer, __u64 flags, __s64 priority)
{
	peer->last = (struct kdbus_cmd_recv){
		.size = sizeof(peer->last),
		.flags = flags,
		.priority = priority,
	};
	return call(peer->fd, KDBUS_CMD_RECV, &peer->last);
}

const struct kdbus_msg *peer_msg(struct peer *peer, __u64 offset)
{
	if (offset % 8 || offset > peer->pool_size - sizeof(struct kdbus_msg))
		test_abort(__FILE__, __LINE__, "a message lies inside the pool", offset);
	return (const void *)(peer->pool + offset);
}

const struct kdbus_msg *recv_msg(struct peer *peer)
{
	int r = recv_cmd(peer, 0, 0);

	if (r == -EAGAIN)
		return NULL;
	must(r);
	return peer_msg(peer, peer->last.msg.offset);
}

const struct kdbus_msg *expect_message_(const char *where, int line, struct peer *peer, __u64 cookie)
{
	const struct kdbus_msg *msg;
	int r;

	r = recv_cmd(peer, 0, 0);
	if (r < 0)
		test_abort(where, line, "a message is there", r);
	msg = peer_msg(peer, peer->last.msg.offset);
	expect_eq_(where, line, "cookie of the message", msg->cookie, cookie);
	return msg;
}

void expect_nothing_(const char *where, int line, struct peer *peer)
{
	int r = recv_cmd(peer, 0, 0);

	expect_result_(where, line, "nothing is queued", r, -EAGAIN);
	expect_eq_(where, line, "dropped_msgs", peer->last.dropped_msgs, 0);
	if (!r)
		test_note("got types %s from %llu", msg_types(peer_msg(peer, peer->last.msg.offset)),
			  (unsigned long long)peer_msg(peer, peer->last.msg.offset)->src_id);
}

unsigned drain(struct peer *peer)
{
	unsigned n = 0;

	while (recv_cmd(peer, KDBUS_RECV_DROP, 0) == 0)
		n++;
	return n;
}

const struct kdbus_item *item_next(const struct kdbus_item *item)
{
	return (const void *)((const __u8 *)item + ALIGN8(item->size));
}

bool item_is_inside(const struct kdbus_item *item, const void *object, __u64 size)
{
	__u64 at = (const __u8 *)item - (const __u8 *)object;

	if (at + 16 > size)
		return false;
	if (item->size < 16 || item->size > size - at)
		test_abort(__FILE__, __LINE__, "an item lies inside its object", at);
	return true;
}

const struct kdbus_item *item_first(const struct kdbus_msg *msg)
{
	return item_is_inside(msg->items, msg, msg->size) ? msg->items : NULL;
}

const struct kdbus_item *item_find(const struct kdbus_msg *msg, __u64 type)
{
	const struct kdbus_item *item;

	for_each_item(item, msg)
		if (item->type == type)
			return item;
	return NULL;
}

const struct kdbus_item *info_find(const struct kdbus_info *info, __u64 type)
{
	const struct kdbus_item *item;

	for_each_item(item, info)
		if (item->type == type)
			return item;
	return NULL;
}

const char *item_types(const void *object, const struct kdbus_item *items, __u64 size)
{
	static __thread char text[400];
	size_t n = 0;

	*text = '\0';
	for (; item_is_inside(items, object, size); items = item_next(items))
		if (n < sizeof(text) - 20)
			n += sprintf(text + n, "%s%llx", n ? " " : "", (unsigned long long)items->type);
	return text;
}

const char *msg_types(const struct kdbus_msg *msg)
{
	return item_types(msg, msg->items, msg->size);
}

const __u8 *msg_payload(const struct kdbus_msg *msg, __u64 *out_size)
{
	static __u8 payload[4 * MIB];
	const struct kdbus_item *item;
	__u64 n = 0;

	for_each_item(item, msg) {
		if (item->type == KDBUS_ITEM_PAYLOAD_OFF) {
			if (item->vec.offset == ANY)
				memset(payload + n, 0, item->vec.size);
			else
				memcpy(payload + n, (const __u8 *)msg + item->vec.offset, item->vec.size);
			n += item->vec.size;
		} else if (item->type == KDBUS_ITEM_PAYLOAD_MEMFD) {
			must_sys(pread(item->memfd.fd, payload + n, item->memfd.size, item->memfd.start));
			n += item->memfd.size;
		}
	}
	*out_size = n;
	return payload;
}

static const struct kdbus_msg *expect_notice(const char *where, int line, struct peer *peer, __u64 type, __u64 flags,
					     __u64 dst, __u64 cookie_reply)
{
	const struct kdbus_item *first, *second;
	const struct kdbus_msg *msg;
	char what[40];
	int r;

	snprintf(what, sizeof(what), "notification 0x%llx is there", (unsigned long long)type);
	r = recv_cmd(peer, 0, 0);
	if (r < 0)
		test_abort(where, line, what, r);
	msg = peer_msg(peer, peer->last.msg.offset);
	first = item_first(msg);
	if (!first || first->type != type) {
		test_note("a message from %llu, cookie %llu, with items %s", (unsigned long long)msg->src_id,
			  (unsigned long long)msg->cookie, msg_types(msg));
		test_abort(where, line, what, -EBADMSG);
	}
	expect_eq_(where, line, "src_id", msg->src_id, KDBUS_SRC_ID_KERNEL);
	expect_eq_(where, line, "payload_type", msg->payload_type, KDBUS_PAYLOAD_KERNEL);
	expect_eq_(where, line, "cookie", msg->cookie, 0);
	expect_eq_(where, line, "priority", msg->priority, 0);
	expect_eq_(where, line, "flags", msg->flags, flags);
	expect_eq_(where, line, "dst_id", msg->dst_id, dst);
	expect_eq_(where, line, "cookie_reply", msg->cookie_reply, cookie_reply);
	second = item_next(first);
	if (!item_is_inside(second, msg, msg->size))
		test_abort(where, line, "a second item", 0);
	expect_eq_(where, line, "type of the second item", second->type, KDBUS_ITEM_TIMESTAMP);
	expect_eq_(where, line, "size of TIMESTAMP", second->size, 40);
	expect_eq_(where, line, "size of the message", msg->size,
		   64 + ALIGN8(first->size) + 40);
	expect_eq_(where, line, "size of the slice", peer->last.msg.msg_size, ALIGN8(msg->size));
	return msg;
}

void expect_id_notice_(const char *where, int line, struct peer *peer, __u64 type, __u64 id, __u64 flags)
{
	const struct kdbus_msg *msg;

	msg = expect_notice(where, line, peer, type, KDBUS_MSG_SIGNAL, KDBUS_DST_ID_BROADCAST, 0);
	expect_eq_(where, line, "size of the item", msg->items->size, 32);
	expect_eq_(where, line, "id", msg->items->id_change.id, id);
	expect_eq_(where, line, "flags of the connection", msg->items->id_change.flags, flags);
}

void expect_name_notice_(const char *where, int line, struct peer *peer, __u64 type, __u64 old_id, __u64 old_flags,
			 __u64 new_id, __u64 new_flags, const char *name)
{
	const struct kdbus_notify_name_change *change;
	const struct kdbus_msg *msg;

	msg = expect_notice(where, line, peer, type, KDBUS_MSG_SIGNAL, KDBUS_DST_ID_BROADCAST, 0);
	change = &msg->items->name_change;
	expect_eq_(where, line, "size of the item", msg->items->size, 16 + 32 + strlen(name) + 1);
	expect_eq_(where, line, "old id", change->old_id.id, old_id);
	expect_eq_(where, line, "old flags", change->old_id.flags, old_flags);
	expect_eq_(where, line, "new id", change->new_id.id, new_id);
	expect_eq_(where, line, "new flags", change->new_id.flags, new_flags);
	expect_text_(where, line, "name", change->name, name);
}

void expect_reply_notice_(const char *where, int line, struct peer *peer, __u64 type, __u64 cookie)
{
	const struct kdbus_msg *msg;

	msg = expect_notice(where, line, peer, type, 0, peer->id, cookie);
	expect_eq_(where, line, "size of the item", msg->items->size, 16);
}

/* matches */

int match_cmd(struct peer *peer, __u64 cookie, __u64 flags, __u64 type, const void *payload, size_t size)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.match));
	cmd.flags = flags;
	cmd.match.cookie = cookie;
	if (type)
		cmd_item(&cmd, type, payload, size);
	return call(peer->fd, KDBUS_CMD_MATCH_ADD, &cmd);
}

int match_all(struct peer *peer, __u64 cookie)
{
	return match_cmd(peer, cookie, 0, 0, NULL, 0);
}

int match_u64(struct peer *peer, __u64 cookie, __u64 type, __u64 value)
{
	return match_cmd(peer, cookie, 0, type, &value, sizeof(value));
}

int match_name(struct peer *peer, __u64 cookie, const char *name)
{
	return match_cmd(peer, cookie, 0, KDBUS_ITEM_NAME, name, strlen(name) + 1);
}

int match_name_change(struct peer *peer, __u64 cookie, __u64 type, __u64 old_id, __u64 new_id, const char *name)
{
	struct {
		__u64 old_id, old_flags, new_id, new_flags;
		char name[300];
	} rule = { .old_id = old_id, .new_id = new_id };
	size_t n = 0;

	if (name)
		n = snprintf(rule.name, sizeof(rule.name), "%s", name) + 1;
	return match_cmd(peer, cookie, 0, type, &rule, 32 + n);
}

int match_id_change(struct peer *peer, __u64 cookie, __u64 type, __u64 id)
{
	struct kdbus_notify_id_change rule = { .id = id };

	return match_cmd(peer, cookie, 0, type, &rule, sizeof(rule));
}

int match_remove(struct peer *peer, __u64 cookie)
{
	struct kdbus_cmd_match cmd = { .size = sizeof(cmd), .cookie = cookie };

	return call(peer->fd, KDBUS_CMD_MATCH_REMOVE, &cmd);
}

void match_names(struct peer *peer)
{
	must(match_name_change(peer, 1001, KDBUS_ITEM_NAME_ADD, ANY, ANY, NULL));
	must(match_name_change(peer, 1001, KDBUS_ITEM_NAME_REMOVE, ANY, ANY, NULL));
	must(match_name_change(peer, 1001, KDBUS_ITEM_NAME_CHANGE, ANY, ANY, NULL));
}

void match_ids(struct peer *peer)
{
	must(match_id_change(peer, 1002, KDBUS_ITEM_ID_ADD, ANY));
	must(match_id_change(peer, 1002, KDBUS_ITEM_ID_REMOVE, ANY));
}

/* names, lists, records */

static int name_command(struct peer *peer, unsigned long number, const char *name, __u64 flags, __u64 *out_flags)
{
	union cmd cmd;
	int r;

	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd.flags = flags;
	cmd.return_flags = ANY;
	cmd_text(&cmd, KDBUS_ITEM_NAME, name);
	r = call(peer->fd, number, &cmd);
	if (out_flags)
		*out_flags = cmd.return_flags;
	return r;
}

int name_acquire(struct peer *peer, const char *name, __u64 flags, __u64 *out_flags)
{
	return name_command(peer, KDBUS_CMD_NAME_ACQUIRE, name, flags, out_flags);
}

int name_release(struct peer *peer, const char *name)
{
	return name_command(peer, KDBUS_CMD_NAME_RELEASE, name, 0, NULL);
}

const char *list_text(struct peer *peer, __u64 flags, __u64 id)
{
	struct kdbus_cmd_list cmd = { .size = sizeof(cmd), .flags = flags };
	static char text[4000];
	size_t n = 0;

	*text = '\0';
	must(call(peer->fd, KDBUS_CMD_LIST, &cmd));
	for (__u64 at = 0; at < cmd.list_size;) {
		const struct kdbus_info *info = (const void *)(peer->pool + cmd.offset + at);
		const struct kdbus_item *item = info->items;

		at += ALIGN8(info->size);
		if (info->id != id || n > sizeof(text) - 300)
			continue;
		if (info->size == sizeof(*info))
			n += sprintf(text + n, "%s-", n ? " " : "");
		else if (expect_eq(item->type, KDBUS_ITEM_OWNED_NAME) && expect(info->size >= sizeof(*info) + item->size))
			n += sprintf(text + n, "%s%s:%llx", n ? " " : "", item->name.name,
				     (unsigned long long)item->name.flags);
	}
	must(peer_free(peer, cmd.offset));
	return text;
}

static int info_command(struct peer *peer, unsigned long number, union cmd *cmd, const struct kdbus_info **out_info)
{
	int r = call(peer->fd, number, cmd);

	if (r < 0)
		return r;
	*out_info = (const void *)(peer->pool + cmd->info.offset);
	expect(cmd->info.offset <= peer->pool_size - sizeof(struct kdbus_info));
	expect_eq(cmd->info.info_size, (*out_info)->size);
	expect_eq(cmd->info.info_size % 8, 0);
	return 0;
}

int conn_info(struct peer *peer, __u64 id, const char *name, __u64 attach, const struct kdbus_info **out_info)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.info));
	cmd.info.id = id;
	cmd.info.attach_flags = attach;
	if (name)
		cmd_text(&cmd, KDBUS_ITEM_NAME, name);
	return info_command(peer, KDBUS_CMD_CONN_INFO, &cmd, out_info);
}

int creator_info(struct peer *peer, __u64 attach, const struct kdbus_info **out_info)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.info));
	cmd.info.attach_flags = attach;
	return info_command(peer, KDBUS_CMD_BUS_CREATOR_INFO, &cmd, out_info);
}

int update_attach(struct peer *peer, __u64 type, __u64 flags)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_u64(&cmd, type, flags);
	return call(peer->fd, KDBUS_CMD_UPDATE, &cmd);
}
