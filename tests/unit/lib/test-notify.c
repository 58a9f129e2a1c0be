// SPDX-License-Identifier: LGPL-2.1-or-later
/* Notifications of the kernel, and the D-Bus messages they stand for. */
#include "lib/error.h"
#include "lib/name.h"
#include "lib/notify.h"
#include "tests/unit/lib/util.h"

#define ACT	KDBUS_NAME_ACTIVATOR
#define PRI	KDBUS_NAME_PRIMARY
#define QUE	KDBUS_NAME_IN_QUEUE

static const struct {
	uint64_t type;
	uint64_t old_id, old_flags, new_id, new_flags;
	const char *name;
	const char *args;	/* of NameOwnerChanged, NULL for none */
} cases[] = {
	{ KDBUS_ITEM_NAME_ADD, 0, 0, 5, PRI, "a.b", "a.b||:1.5" },
	{ KDBUS_ITEM_NAME_ADD, 0, 0, 5, PRI | ACT, "a.b", NULL },
	{ KDBUS_ITEM_NAME_REMOVE, 5, PRI, 0, 0, "a.b", "a.b|:1.5|" },
	{ KDBUS_ITEM_NAME_REMOVE, 5, ACT, 0, 0, "a.b", NULL },
	{ KDBUS_ITEM_NAME_CHANGE, 5, PRI, 6, PRI, "a.b", "a.b|:1.5|:1.6" },
	{ KDBUS_ITEM_NAME_CHANGE, 5, ACT | PRI, 6, PRI, "a.b", "a.b||:1.6" },
	{ KDBUS_ITEM_NAME_CHANGE, 5, PRI, 6, ACT, "a.b", "a.b|:1.5|" },
	{ KDBUS_ITEM_NAME_CHANGE, 5, QUE, 6, PRI, "a.b", "a.b||:1.6" },
	{ KDBUS_ITEM_NAME_CHANGE, 5, ACT, 6, ACT, "a.b", NULL },
	{ KDBUS_ITEM_ID_ADD, 0, 0, 7, 0, NULL, ":1.7||:1.7" },
	{ KDBUS_ITEM_ID_ADD, 0, 0, 7, KDBUS_HELLO_ACCEPT_FD, NULL,
	  ":1.7||:1.7" },
	{ KDBUS_ITEM_ID_ADD, 0, 0, 7, KDBUS_HELLO_ACTIVATOR, NULL, NULL },
	{ KDBUS_ITEM_ID_REMOVE, 7, 0, 0, 0, NULL, ":1.7|:1.7|" },
	{ KDBUS_ITEM_ID_REMOVE, 7, KDBUS_HELLO_POLICY_HOLDER, 0, 0, NULL,
	  NULL },
};

static struct kb_message *make(struct kb_buffer *items, uint64_t type,
			       const void *payload, size_t size)
{
	struct kb_message *m = NULL;

	items->size = 0;
	cr_assert_eq(kb_item_append(items, type, payload, size), 0);
	cr_assert_eq(kb_message_new(KB_NOTIFICATION, &m), 0);
	m->notification = (const void *)items->data;
	m->reply_cookie = 42;
	return m;
}

static struct kb_message *make_case(struct kb_buffer *items, size_t i)
{
	struct {
		struct kdbus_notify_id_change ids[2];
		char name[32];
	} change = {};

	if (!cases[i].name) {
		change.ids[0].id = cases[i].old_id ?: cases[i].new_id;
		change.ids[0].flags = cases[i].old_flags | cases[i].new_flags;
		return make(items, cases[i].type, &change, 16);
	}
	change.ids[0].id = cases[i].old_id;
	change.ids[0].flags = cases[i].old_flags;
	change.ids[1].id = cases[i].new_id;
	change.ids[1].flags = cases[i].new_flags;
	strcpy(change.name, cases[i].name);
	return make(items, cases[i].type, &change,
		    32 + strlen(change.name) + 1);
}

Test(notify, changes_become_name_owner_changed)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};

	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
		_cleanup_(kb_message_unrefp) struct kb_message *signal = NULL;
		const char *name, *old, *new;
		struct kb_notification n;
		char text[128];

		m = make_case(&items, i);
		cr_assert_eq(kb_notify_parse(m, &n), 0);
		cr_expect_eq(kb_notify_is_owner_change(&n), !!cases[i].args,
			     "%zu", i);
		cr_assert_eq(kb_notify_to_message(&n, &signal),
			     !!cases[i].args);
		if (!cases[i].args) {
			cr_expect_null(signal);
			continue;
		}
		cr_expect_str_eq(signal->member, "NameOwnerChanged");
		cr_expect_str_eq(signal->sender, KB_DRIVER_NAME);
		cr_expect_str_eq(signal->path, KB_DRIVER_PATH);
		cr_expect_eq(signal->cookie, KB_COOKIE_SYNTHETIC);
		cr_assert_eq(kb_message_read(signal, "sss", &name, &old, &new),
			     0);
		snprintf(text, sizeof(text), "%s|%s|%s", name, old, new);
		cr_expect_str_eq(text, cases[i].args);
	}
}

Test(notify, lost_replies_become_no_reply)
{
	static const uint64_t types[] = {
		KDBUS_ITEM_REPLY_TIMEOUT, KDBUS_ITEM_REPLY_DEAD,
	};
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};

	for (size_t i = 0; i < 2; i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *error = NULL;
		_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
		struct kb_notification n;

		m = make(&items, types[i], NULL, 0);
		cr_assert_eq(kb_notify_parse(m, &n), 0);
		cr_expect_not(kb_notify_is_owner_change(&n));
		cr_assert_eq(kb_notify_to_message(&n, &error), 1);
		cr_expect_eq(error->type, KB_ERROR);
		cr_expect_eq(error->reply_cookie, 42);
		cr_expect_str_eq(error->error_name, KB_ERROR_NO_REPLY);
	}
}

Test(notify, malformed_items_are_refused)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	static const struct {
		uint64_t type;
		size_t size;
	} bad[] = {
		{ KDBUS_ITEM_NAME_ADD, 32 }, { KDBUS_ITEM_NAME_ADD, 16 },
		{ KDBUS_ITEM_NAME_CHANGE, 40 }, { KDBUS_ITEM_ID_ADD, 8 },
		{ KDBUS_ITEM_ID_REMOVE, 24 }, { KDBUS_ITEM_NAME, 4 },
	};
	char payload[64] = {};

	for (size_t i = 0; i < KB_ARRAY_SIZE(bad); i++) {
		_cleanup_(kb_message_unrefp) struct kb_message *m = NULL;
		struct kb_notification n;

		m = make(&items, bad[i].type, payload, bad[i].size);
		cr_expect_eq(kb_notify_parse(m, &n), -EBADMSG, "%zu", i);
	}
}
