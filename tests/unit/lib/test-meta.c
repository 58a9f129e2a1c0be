// SPDX-License-Identifier: LGPL-2.1-or-later
/* Metadata: found, and refused when malformed. */
#include "lib/meta.h"
#include "tests/unit/lib/util.h"

Test(meta, everything_is_found)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	const struct kdbus_creds creds = { .uid = 1000, .euid = 1001 };
	const struct kdbus_pids pids = { .pid = 42, .tid = 43 };
	const uint64_t groups[] = { 4, 5 };
	const uint32_t caps[] = { 40, 0, 0, 1 << 15, 0, 1 << 15, 1, 0, 0 };
	struct kb_item_iter names;
	struct kb_meta meta;
	char name[16] = {};

	kb_item_append(&items, KDBUS_ITEM_CREDS, &creds, sizeof(creds));
	kb_item_append(&items, KDBUS_ITEM_PIDS, &pids, sizeof(pids));
	kb_item_append(&items, KDBUS_ITEM_AUXGROUPS, groups, sizeof(groups));
	kb_item_append_string(&items, KDBUS_ITEM_TID_COMM, "thread");
	kb_item_append_string(&items, KDBUS_ITEM_PID_COMM, "process");
	kb_item_append_string(&items, KDBUS_ITEM_EXE, "/bin/x");
	kb_item_append(&items, KDBUS_ITEM_CMDLINE, "x\0-y", 5);
	kb_item_append_string(&items, KDBUS_ITEM_CGROUP, "/a.slice");
	kb_item_append(&items, KDBUS_ITEM_CAPS, caps, sizeof(caps));
	kb_item_append_string(&items, KDBUS_ITEM_SECLABEL, "label");
	strcpy(name + 8, "a.b");
	kb_item_append(&items, KDBUS_ITEM_OWNED_NAME, name, 12);
	name[0] = KDBUS_NAME_IN_QUEUE;
	strcpy(name + 8, "a.q");
	kb_item_append(&items, KDBUS_ITEM_OWNED_NAME, name, 12);
	kb_item_append_string(&items, KDBUS_ITEM_CONN_DESCRIPTION, "me");

	cr_assert_eq(kb_meta_parse(&meta, items.data, items.size), 0);
	cr_expect_eq(meta.creds->euid, 1001);
	cr_expect_eq(meta.pids->pid, 42);
	cr_expect_eq(meta.n_auxgroups, 2);
	cr_expect_eq(meta.auxgroups[1], 5);
	cr_expect_str_eq(meta.tid_comm, "thread");
	cr_expect_str_eq(meta.pid_comm, "process");
	cr_expect_str_eq(meta.exe, "/bin/x");
	cr_expect_eq(meta.cmdline_size, 5);
	cr_expect_str_eq(meta.cgroup, "/a.slice");
	cr_expect_str_eq(meta.seclabel, "label");
	cr_expect_str_eq(meta.description, "me");
	cr_expect_null(meta.audit);
	cr_expect_null(meta.timestamp);
	cr_expect_eq(meta.n_names, 2);
	cr_expect(kb_meta_owns_name(&meta, "a.b"));
	cr_expect_not(kb_meta_owns_name(&meta, "a.q"));
	cr_expect_not(kb_meta_owns_name(&meta, "a.c"));

	names = meta.items;
	cr_expect_str_eq(kb_meta_next_name(&names)->name, "a.b");
	cr_expect_str_eq(kb_meta_next_name(&names)->name, "a.q");
	cr_expect_null(kb_meta_next_name(&names));

	cr_expect_eq(meta.n_caps_words, 2);
	cr_expect(kb_meta_has_cap(&meta, KB_CAPS_PERMITTED, 15));
	cr_expect(kb_meta_has_cap(&meta, KB_CAPS_EFFECTIVE, 32));
	cr_expect_not(kb_meta_has_cap(&meta, KB_CAPS_BOUNDING, 15));
	cr_expect_not(kb_meta_has_cap(&meta, KB_CAPS_PERMITTED, 64));
}

Test(meta, an_activator_is_known_by_its_name)
{
	static const struct {
		uint64_t flags;
		bool is;
	} cases[] = {
		{ 0, false },
		{ KDBUS_NAME_PRIMARY, false },
		{ KDBUS_NAME_ACTIVATOR, true },
		{ KDBUS_NAME_ACTIVATOR | KDBUS_NAME_PRIMARY, true },
	};
	struct kb_meta meta = { 0 };

	cr_expect_not(kb_meta_is_activator(&meta));
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++) {
		_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
		char name[12] = {};

		memcpy(name, &cases[i].flags, sizeof(cases[i].flags));
		strcpy(name + 8, "a.b");
		kb_item_append(&items, KDBUS_ITEM_OWNED_NAME, name, 12);
		cr_assert_eq(kb_meta_parse(&meta, items.data, items.size), 0);
		cr_expect_eq(kb_meta_is_activator(&meta), cases[i].is);
	}
}

Test(meta, malformed_items_are_refused)
{
	static const struct {
		uint64_t type;
		size_t size;
	} bad[] = {
		{ KDBUS_ITEM_CREDS, 32 }, { KDBUS_ITEM_PIDS, 16 },
		{ KDBUS_ITEM_TIMESTAMP, 8 }, { KDBUS_ITEM_AUDIT, 4 },
		{ KDBUS_ITEM_AUXGROUPS, 12 }, { KDBUS_ITEM_CAPS, 2 },
		{ KDBUS_ITEM_CAPS, 12 }, { KDBUS_ITEM_CAPS, 20 },
		{ KDBUS_ITEM_OWNED_NAME, 8 }, { KDBUS_ITEM_OWNED_NAME, 4 },
		{ KDBUS_ITEM_OWNED_NAME, 12 }, { KDBUS_ITEM_EXE, 0 },
		{ KDBUS_ITEM_EXE, 4 }, { KDBUS_ITEM_CMDLINE, 4 },
		{ KDBUS_ITEM_PROCESS, 8 }, { KDBUS_ITEM_PROCESS, 0 },
		{ KDBUS_ITEM_USAGE, 40 }, { KDBUS_ITEM_USAGE, 56 },
	};
	char payload[64];

	memset(payload, 'x', sizeof(payload));
	for (size_t i = 0; i < KB_ARRAY_SIZE(bad); i++) {
		_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
		struct kb_meta meta;

		kb_item_append(&items, bad[i].type, payload, bad[i].size);
		cr_expect_eq(kb_meta_parse(&meta, items.data, items.size),
			     -EBADMSG, "%zu", i);
	}
}
