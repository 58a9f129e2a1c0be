// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who is called for which message. In place of the kernel there is a post that
 * carries what is sent to an id, or to everybody; tests/vm/106-libkdbus has the
 * real one.
 */
#include <criterion/criterion.h>
#include <errno.h>

#include "lib/cmd.h"
#include "lib/error.h"
#include "lib/item.h"
#include "libkdbus/connection.h"
#include "libkdbus/message.h"

#define PATH "/org/example/Test1"
#define NAME "org.example.Test1"
#define POOL (1 << 20)
#define FD 1000	/* of the first of them; no descriptors at all */

/* the post */

/**
 * struct box - what a connection has not received yet
 * @pool:	messages, one behind the other, never freed
 * @at:		where each begins
 */
static struct box {
	struct kdbus_connection bus;
	struct kb_conn kb;
	uint8_t *pool;
	size_t used;
	size_t at[64];
	unsigned int first;
	unsigned int end;
} boxes[2];

static struct kdbus_connection *const client = &boxes[0].bus, *const service = &boxes[1].bus;

static void box_put(struct box *box, const struct kdbus_msg *msg, uint64_t from)
{
	struct kb_item_iter iter = kb_items(msg->items, msg->size - sizeof(*msg));
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {}, bytes = {};
	const struct kdbus_item *item;
	struct kdbus_msg *copy = (void *)(box->pool + box->used);

	while ((item = kb_item_next(&iter)))
		if (item->type == KDBUS_ITEM_PAYLOAD_VEC)
			kb_buffer_append(&bytes, (void *)(uintptr_t)item->vec.address, item->vec.size);
	*copy = *msg;
	copy->src_id = from;
	copy->size = sizeof(*msg) + kb_align8(KB_ITEM_HEADER + sizeof(struct kdbus_vec));
	kb_item_append(&items, KDBUS_ITEM_PAYLOAD_OFF,
		       &(struct kdbus_vec){ .size = bytes.size, .offset = copy->size },
		       sizeof(struct kdbus_vec));
	memcpy(copy->items, items.data, items.size);
	memcpy((uint8_t *)copy + copy->size, bytes.data, bytes.size);
	box->at[box->end++] = box->used;
	box->used += kb_align8(copy->size + bytes.size);
	cr_assert_lt(box->end, KB_ARRAY_SIZE(box->at));
}

int __wrap_kb_cmd_send(int fd, const struct kdbus_msg *msg, uint64_t flags, int cancel_fd,
		       struct kdbus_msg_info *reply);
int __wrap_kb_cmd_send(int fd, const struct kdbus_msg *msg, uint64_t flags _unused_,
		       int cancel_fd _unused_, struct kdbus_msg_info *reply _unused_)
{
	if (fd < FD)
		return -EBADF;
	for (size_t i = 0; i < KB_ARRAY_SIZE(boxes); i++)
		if (msg->dst_id == boxes[i].kb.id || msg->dst_id == KDBUS_DST_ID_BROADCAST)
			box_put(&boxes[i], msg, fd - FD + 1);
	return 0;
}

int __wrap_kb_cmd_recv(int fd, uint64_t flags, int64_t priority, struct kdbus_cmd_recv *out);
int __wrap_kb_cmd_recv(int fd, uint64_t flags _unused_, int64_t priority _unused_,
		       struct kdbus_cmd_recv *out)
{
	struct box *box = &boxes[fd - FD];

	*out = (struct kdbus_cmd_recv){};
	if (box->first == box->end)
		return -EAGAIN;
	out->msg.offset = box->at[box->first++];
	out->msg.msg_size = (box->first == box->end ? box->used : box->at[box->first]) - out->msg.offset;
	return 0;
}

int __wrap_kb_cmd_free(int fd, uint64_t offset);
int __wrap_kb_cmd_free(int fd _unused_, uint64_t offset _unused_)
{
	return 0;
}

int __wrap_kb_cmd_match_add(int fd, uint64_t cookie, uint64_t flags, const struct kb_buffer *items,
			    uint64_t behalf_id);
int __wrap_kb_cmd_match_add(int fd _unused_, uint64_t cookie _unused_, uint64_t flags _unused_,
			    const struct kb_buffer *items _unused_, uint64_t behalf_id _unused_)
{
	return 0;
}

int __wrap_kb_cmd_match_remove(int fd, uint64_t cookie, uint64_t behalf_id);
int __wrap_kb_cmd_match_remove(int fd _unused_, uint64_t cookie _unused_, uint64_t behalf_id _unused_)
{
	return 0;
}

static void begin(void)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(boxes); i++) {
		struct box *box = &boxes[i];

		box->pool = calloc(1, POOL);
		box->kb = (struct kb_conn){
			.n_refs = 1,
			.fd = FD + i,
			.id = i + 1,
			.bloom = { .size = 64, .n_hash = 8 },
			.pool = { .fd = FD + i, .map = box->pool, .size = POOL },
			.timeout_ns = KB_TIMEOUT_NS,
			.saves = -1,
		};
		kb_unique_name(i + 1, box->kb.unique_name);
		box->bus = (struct kdbus_connection){ .n_refs = 1, .kb = &box->kb };
	}
}

/* Their memory is ours: only what hangs on them is given up. */
static void end(void)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(boxes); i++) {
		struct box *box = &boxes[i];

		box->bus.n_refs++;
		kdbus_disconnect(&box->bus);
		kb_buffer_deinit(&box->kb.items);
		kb_buffer_deinit(&box->kb.bytes);
		free(box->pool);
	}
}

TestSuite(process, .init = begin, .fini = end);

static void settle(void)
{
	int n;

	do {
		int a = kdbus_process(client), b = kdbus_process(service);

		cr_assert_geq(a, 0);
		cr_assert_geq(b, 0);
		n = a + b;
	} while (n);
}

/* a service and its client */

static struct kdbus_message *later, *answer;

static int add(struct kdbus_message *call, struct kdbus_message *reply, void *userdata _unused_)
{
	int32_t a, b;
	int r = kdbus_message_read(call, "ii", &a, &b);

	return r < 0 ? r : kdbus_message_append(reply, "x", (int64_t)a + b);
}

static int wrong(struct kdbus_message *call _unused_, struct kdbus_message *reply, void *userdata _unused_)
{
	return kdbus_message_append(reply, "u", 1);
}

static int deny(struct kdbus_message *call _unused_, struct kdbus_message *reply _unused_,
		void *userdata _unused_)
{
	return -EACCES;
}

static int named(struct kdbus_message *call _unused_, struct kdbus_message *reply, void *userdata _unused_)
{
	return kdbus_fail(reply, NAME ".Error.Full", "It is full");
}

static int postpone(struct kdbus_message *call, struct kdbus_message *reply _unused_,
		    void *userdata _unused_)
{
	later = kdbus_message_ref(call);
	return KDBUS_LATER;
}

static const struct kdbus_method methods[] = {
	{ "Add", "ii", "x", add },	{ "Wrong", "", "s", wrong },
	{ "Deny", "", "", deny },	{ "Named", "", "s", named },
	{ "Later", "", "u", postpone }, {},
};

static int on_reply(struct kdbus_message *reply, void *userdata _unused_)
{
	answer = kdbus_message_ref(reply);
	return 0;
}

static void call(const char *interface, const char *path, const char *member, bool numbers)
{
	struct kdbus_message *message;

	cr_assert_eq(kdbus_message_new_call(":1.2", path, interface, member, &message), 0);
	if (numbers)
		cr_assert_eq(kdbus_message_append(message, "ii", 40, 2), 0);
	answer = kdbus_message_unref(answer);
	cr_assert_eq(kdbus_call_async(client, message, 0, on_reply, NULL), 0);
	kdbus_message_unref(message);
	settle();
}

Test(process, a_method_is_called_and_answers)
{
	int64_t sum = 0;

	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	call(NAME, PATH, "Add", true);
	cr_assert_not_null(answer);
	cr_expect_eq(kdbus_message_read(answer, "x", &sum), 0);
	cr_expect_eq(sum, 42);
	cr_expect_str_eq(kdbus_message_sender(answer), ":1.2");
	answer = kdbus_message_unref(answer);
}

Test(process, what_cannot_be_called_has_its_error)
{
	static const struct {
		const char *interface, *path, *member;
		bool numbers;
		const char *error;
	} rows[] = {
		{ NAME, PATH, "None", false, KB_ERROR_UNKNOWN_METHOD },
		{ NULL, PATH, "None", false, KB_ERROR_UNKNOWN_METHOD },
		{ "org.example.Else", PATH, "Add", true, KB_ERROR_UNKNOWN_INTERFACE },
		{ NAME, "/else", "Add", true, KB_ERROR_UNKNOWN_OBJECT },
		{ NULL, "/else", "Add", true, KB_ERROR_UNKNOWN_OBJECT },
		{ NAME, PATH, "Add", false, KB_ERROR_INVALID_ARGS },
		{ NAME, PATH, "Wrong", false, KB_ERROR_FAILED },
		{ NAME, PATH, "Deny", false, KB_ERROR_ACCESS_DENIED },
		{ NAME, PATH, "Named", false, NAME ".Error.Full" },
		{ "org.freedesktop.DBus.Peer", PATH, "None", false, KB_ERROR_UNKNOWN_METHOD },
	};

	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	for (size_t i = 0; i < KB_ARRAY_SIZE(rows); i++) {
		call(rows[i].interface, rows[i].path, rows[i].member, rows[i].numbers);
		cr_assert_not_null(answer, "row %zu", i);
		cr_assert_eq(kdbus_message_type(answer), KDBUS_ERROR, "row %zu", i);
		cr_expect_str_eq(kdbus_message_error_name(answer), rows[i].error, "row %zu", i);
		cr_expect_str_neq(kdbus_message_error_text(answer), "");
	}
	answer = kdbus_message_unref(answer);
}

Test(process, every_object_can_be_pinged_and_introspected)
{
	const char *xml = "";

	call("org.freedesktop.DBus.Peer", "/any", "Ping", false);
	cr_assert_eq(kdbus_message_type(answer), KDBUS_METHOD_RETURN);
	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	call(NULL, "/org", "Introspect", false);
	cr_assert_eq(kdbus_message_read(answer, "s", &xml), 0);
	cr_expect(strstr(xml, "<node name=\"example\"/>"));
	call(NULL, "/else", "Introspect", false);
	cr_expect_str_eq(kdbus_message_error_name(answer), KB_ERROR_UNKNOWN_OBJECT);
	answer = kdbus_message_unref(answer);
}

Test(process, an_answer_may_come_later_and_once)
{
	uint32_t u = 0;

	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	call(NAME, PATH, "Later", false);
	cr_expect_null(answer);
	cr_expect_eq(service->n_owed, 1);
	cr_expect_eq(kdbus_leave(service), -EBUSY);
	cr_expect_eq(kdbus_leave(client), -EBUSY);
	cr_expect_eq(kdbus_reply(service, later, "u", 7), 0);
	cr_expect_eq(kdbus_reply(service, later, "u", 7), -EALREADY);
	cr_expect_eq(service->n_owed, 0);
	settle();
	cr_expect_eq(kdbus_message_read(answer, "u", &u), 0);
	cr_expect_eq(u, 7);
	later = kdbus_message_unref(later);
	answer = kdbus_message_unref(answer);

	/* who lets go of a call owes nothing any more */
	call(NAME, PATH, "Later", false);
	later = kdbus_message_unref(later);
	cr_expect_eq(service->n_owed, 0);
}

/* listeners */

static unsigned int n_heard[3];
static uint64_t ids[3];

static int on_signal(struct kdbus_message *signal, void *userdata)
{
	unsigned int *n = userdata;
	const char *text;

	cr_expect_eq(kdbus_message_read(signal, "s", &text), 0);
	if (kb_streq(text, "stop"))
		cr_expect_eq(kdbus_unsubscribe(client, ids[n - n_heard]), 0);
	if (kb_streq(text, "fail"))
		return -ENOTTY;
	++*n;
	return 0;
}

static void listen_to(unsigned int i, const char *rule)
{
	cr_assert_eq(kdbus_subscribe(client, rule, on_signal, &n_heard[i], &ids[i]), 0);
}

Test(process, signals_come_to_whose_rule_matches)
{
	listen_to(0, "member='One'");
	listen_to(1, "member='One',arg0='yes'");
	listen_to(2, "member='Two'");
	cr_assert_eq(kdbus_emit(service, PATH, NAME, "One", "s", "no"), 0);
	cr_assert_eq(kdbus_emit(service, PATH, NAME, "One", "s", "yes"), 0);
	settle();
	cr_expect_eq(n_heard[0], 2);
	cr_expect_eq(n_heard[1], 1);
	cr_expect_eq(n_heard[2], 0);
	cr_expect_eq(kdbus_subscribe(client, "member='", on_signal, NULL, NULL), -EINVAL);
}

Test(process, a_handler_may_end_its_subscription_or_the_loop)
{
	listen_to(0, "member='One'");
	listen_to(1, "member='One'");
	cr_assert_eq(kdbus_emit(service, PATH, NAME, "One", "s", "stop"), 0);
	settle();
	cr_expect_eq(n_heard[0], 1);
	cr_expect_eq(n_heard[1], 1);
	cr_expect_null(client->subscriptions);
	cr_expect_eq(kdbus_unsubscribe(client, ids[0]), -ENOENT);
	listen_to(2, "member='One'");
	cr_assert_eq(kdbus_emit(service, PATH, NAME, "One", "s", "fail"), 0);
	cr_expect_eq(kdbus_process(client), -ENOTTY);
}

/* What looks like a reply, but did not come as one. */
Test(process, only_a_reply_is_an_answer)
{
	_cleanup_(kb_message_unrefp) struct kb_message *forged = NULL;

	cr_assert_eq(kdbus_serve(service, PATH, NAME, methods, NULL), 0);
	call(NAME, PATH, "Later", false);
	cr_assert_eq(kb_message_new(KB_METHOD_RETURN, &forged), 0);
	cr_assert_eq(kb_message_set(forged, KB_FIELD_DESTINATION, ":1.1"), 0);
	forged->reply_cookie = later->kb->cookie;
	forged->flags = 0;
	cr_assert_eq(kb_conn_send(service->kb, forged), 0);
	settle();
	cr_expect_null(answer);
	later = kdbus_message_unref(later);
}
