// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a connection sends, to a kernel that only remembers it. */
#include <criterion/criterion.h>
#include <errno.h>

#include "lib/cmd.h"
#include "lib/conn.h"
#include "lib/item.h"

static uint64_t pool[512];
static struct kb_conn conn;

/* what is replaced: the kernel has neither CALL nor SERVE */

static struct kdbus_msg_info waiting;
static uint64_t freed;
static unsigned int n_sent, n_freed;
static struct kb_message *sent;

static struct kb_message *decode(const struct kdbus_msg *msg)
{
	struct kb_item_iter iter = kb_items(msg->items, msg->size - sizeof(*msg));
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = {};
	const struct kdbus_item *item;
	struct kb_message *message;

	while ((item = kb_item_next(&iter)))
		if (item->type == KDBUS_ITEM_PAYLOAD_VEC)
			kb_buffer_append(&bytes, (void *)(uintptr_t)item->vec.address,
					 item->vec.size);
	if (kb_message_decode_gvariant(bytes.data, bytes.size, NULL, 0, &message) < 0)
		return NULL;
	cr_assert_eq(kb_message_own(message, TAKE_PTR(bytes.data)), 0);
	return message;
}

int __wrap_kb_cmd_send(int fd, const struct kdbus_msg *msg, uint64_t flags, int cancel_fd,
		       struct kdbus_msg_info *reply);
int __wrap_kb_cmd_send(int fd _unused_, const struct kdbus_msg *msg, uint64_t flags _unused_,
		       int cancel_fd _unused_, struct kdbus_msg_info *reply)
{
	n_sent++;
	kb_message_unref(sent);
	sent = decode(msg);
	return reply ? -EPIPE : 0;
}

int __wrap_kb_cmd_call(int fd, const struct kdbus_msg *msg, bool free,
		       struct kdbus_msg_info *reply);
int __wrap_kb_cmd_call(int fd _unused_, const struct kdbus_msg *msg _unused_, bool free _unused_,
		       struct kdbus_msg_info *reply _unused_)
{
	return -ENOTTY;
}

int __wrap_kb_cmd_serve(int fd, struct kdbus_cmd_serve *cmd);
int __wrap_kb_cmd_serve(int fd _unused_, struct kdbus_cmd_serve *cmd _unused_)
{
	return -ENOTTY;
}

int __wrap_kb_cmd_recv(int fd, uint64_t flags, int64_t priority, struct kdbus_cmd_recv *out);
int __wrap_kb_cmd_recv(int fd _unused_, uint64_t flags _unused_, int64_t priority _unused_,
		       struct kdbus_cmd_recv *out)
{
	*out = (struct kdbus_cmd_recv){ .msg = waiting };
	waiting = (struct kdbus_msg_info){};
	return out->msg.msg_size ? 0 : -EAGAIN;
}

int __wrap_kb_cmd_free(int fd, uint64_t offset);
int __wrap_kb_cmd_free(int fd _unused_, uint64_t offset)
{
	freed = offset;
	n_freed++;
	return 0;
}

/* tests */

static void setup(void)
{
	conn = (struct kb_conn){
		.n_refs = 1,
		.fd = 0,
		.id = 1,
		.timeout_ns = KB_TIMEOUT_NS,
		.pool = { .fd = 0, .map = (uint8_t *)pool, .size = sizeof(pool) },
	};
}

static void teardown(void)
{
	sent = kb_message_unref(sent);
	kb_buffer_deinit(&conn.items);
	kb_buffer_deinit(&conn.bytes);
}

TestSuite(send, .init = setup, .fini = teardown);

Test(send, a_slice_kept_for_a_command_the_kernel_lacks_is_freed)
{
	_cleanup_(kb_message_unrefp) struct kb_message *call = NULL;
	struct kb_message *reply;

	kb_conn_keep_slice(&conn, 0);
	conn.has_used = true;
	conn.used = 64;
	cr_assert_eq(kb_message_new_call(":1.2", "/", NULL, "M", &call), 0);
	cr_expect_eq(kb_conn_call(&conn, call, 0, &reply), -EPIPE);
	cr_expect_eq(n_freed, 1);
	cr_expect_eq(freed, 64);
	cr_expect_not(conn.has_used);
}

Test(send, who_is_told_of_a_broken_call_is_told_nothing_else)
{
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL, *message = NULL;
	const struct kb_message call = { .src_id = 2, .cookie = 7, .signature = "" };
	struct kdbus_msg *broken = (struct kdbus_msg *)pool;

	*broken = (struct kdbus_msg){
		.size = sizeof(*broken),
		.flags = KDBUS_MSG_EXPECT_REPLY,
		.src_id = 3,
		.payload_type = KDBUS_PAYLOAD_DBUS,
		.cookie = 8,
	};
	waiting = (struct kdbus_msg_info){ .msg_size = sizeof(*broken) };
	conn.answer_broken = true;
	cr_assert_eq(kb_message_new_return(&call, &reply), 0);
	cr_assert_eq(kb_message_append(reply, "s", "a secret of :1.2"), 0);
	cr_expect_eq(kb_conn_serve(&conn, reply, 0, &message), -ETIMEDOUT);
	cr_expect_eq(n_sent, 2);
	cr_assert_not_null(sent);
	cr_expect_str_eq(sent->destination, ":1.3");
	cr_expect_eq(sent->reply_cookie, 8);
}
