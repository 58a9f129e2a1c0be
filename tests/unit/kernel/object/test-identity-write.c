// SPDX-License-Identifier: LGPL-2.1-or-later
/* Identities as receivers see them: ids, paths and capabilities of each. */
#include <stdlib.h>

#include <linux/cred.h>
#include <linux/fs_struct.h>
#include <linux/pid_namespace.h>
#include <linux/user_namespace.h>

#include "object/identity-write.h"
#include "object/identity.h"
#include "tests/unit/kernel/items.h"

#define ALL	KDBUS_IDENTITY_ALL
#define N_GROUPS 3
#define UNSET	0xffffffffu
#define CAP_ALL	(BIT_ULL(CAP_LAST_CAP + 1) - 1)

/*
 * Namespaces: child and sibling in the first one, grandchild in child.  The
 * ids of child start at 1000 of the first, those of grandchild at 1500.
 */
static struct user_namespace child, sibling, grandchild;
static struct pid_namespace pids, inner_pids;
static struct dentry root, other_root;

static struct pid pid = { { &pids, &inner_pids }, { 500, 5 } };
static struct pid tid = { { &pids, &inner_pids }, { 501, 6 } };
static struct pid ppid = { { &pids }, { 1 } };

static struct group_info *groups;
static struct cred cred;
static struct kdbus_identity id;
static struct kdbus_audience audience;

static const char *const texts[KDBUS_TEXT_N] = {
	[KDBUS_TEXT_TID_COMM] = "thread",
	[KDBUS_TEXT_PID_COMM] = "program",
	[KDBUS_TEXT_EXE] = "/usr/bin/program",
	[KDBUS_TEXT_CMDLINE] = "program\0--help",
	[KDBUS_TEXT_CGROUP] = "/",
	[KDBUS_TEXT_SECLABEL] = "unconfined",
};

static void begin_namespaces(void)
{
	init_user_ns = (struct user_namespace){ .count = U32_MAX };
	child = (struct user_namespace){ 1000, 1000, 1, &init_user_ns,
					 KUIDT_INIT(77) };
	sibling = (struct user_namespace){ 5000, 1000, 1, &init_user_ns,
					   KUIDT_INIT(78) };
	grandchild = (struct user_namespace){ 1500, 100, 2, &child,
					      KUIDT_INIT(79) };
}

static void begin(void)
{
	begin_namespaces();
	groups = calloc(1, sizeof(*groups) + N_GROUPS * sizeof(kgid_t));
	groups->ngroups = N_GROUPS;
	for (int i = 0; i < N_GROUPS; i++)
		groups->gid[i] = KGIDT_INIT(1000 + i);
	cred = (struct cred){ .euid = KUIDT_INIT(1001),
			      .user_ns = &init_user_ns, .group_info = groups };

	id = (struct kdbus_identity){ .has = ALL, .pid = &pid, .tid = &tid,
				      .ppid = &ppid, .cred = &cred,
				      .loginuid = KUIDT_INIT(1009),
				      .sessionid = 3,
				      .root = { .dentry = &root } };
	for (int i = 0; i < 4; i++) {
		id.uid[i] = KUIDT_INIT(1000 + i);
		id.gid[i] = KGIDT_INIT(1010 + i);
	}
	for (int i = 0; i < KDBUS_TEXT_N; i++)
		id.text[i] = (struct kdbus_text){ texts[i],
						  strlen(texts[i]) + 1 };
	id.text[KDBUS_TEXT_CMDLINE].size = sizeof("program\0--help");
	audience = (struct kdbus_audience){ &init_user_ns, &pids,
					    { .dentry = &root } };
}

static u64 *written;

static void end(void)
{
	free(written);
	written = NULL;
	free(groups);
}

/* what is written for @mask, in memory that ends where it does */
static size_t write_items(u64 mask)
{
	size_t size = kdbus_identity_size(&id, &audience, mask);

	free(written);
	written = malloc(size ?: 1);
	memset(written, 0xee, size);
	cr_assert_eq(kdbus_identity_write(&id, &audience, mask, written), size);
	return size;
}

/* the only item of a type, of which nothing else was asked for */
static struct kdbus_item *item_of(u64 attach, u64 type)
{
	size_t size = write_items(attach);
	struct kdbus_item *item = (struct kdbus_item *)written;

	cr_assert_eq(KDBUS_ALIGN8(item->size), size);
	cr_assert_eq(item->type, type);
	return item;
}

#define ITEM(name) item_of(KDBUS_ATTACH_##name, KDBUS_ITEM_##name)

/* audiences */

ShimTest(identity_write, an_audience_holds_the_namespaces_it_stands_in)
{
	struct kdbus_audience a;

	begin_namespaces();
	shim_cred.user_ns = &child;
	kdbus_audience_init(&a, &shim_cred);
	cr_expect_eq(a.user_ns, &child, "those of who opened the file");
	cr_expect_eq(a.pid_ns, shim_task.pid_ns);
	cr_expect_eq(a.root.dentry, shim_task.fs->root.dentry);
	cr_expect_eq(child.n_refs, 1);
	cr_expect_eq(a.pid_ns->n_refs, 1);
	cr_expect_eq(a.root.dentry->n_refs, 1);
	kdbus_audience_deinit(&a);
	cr_expect_eq(child.n_refs, 0);
}

ShimTest(identity_write, audiences_are_equal_if_all_three_places_are)
{
	const struct kdbus_audience a = { &child, &pids, { .dentry = &root } };
	struct kdbus_audience b = a;

	cr_expect(kdbus_audience_equal(&a, &b));
	b.user_ns = &sibling;
	cr_expect_not(kdbus_audience_equal(&a, &b));
	b = a;
	b.pid_ns = &inner_pids;
	cr_expect_not(kdbus_audience_equal(&a, &b));
	b = a;
	b.root.dentry = &other_root;
	cr_expect_not(kdbus_audience_equal(&a, &b));
}

ShimTest(identity_write, what_is_told_differently_in_two_places_is_not_shared)
{
	const u64 users = KDBUS_ATTACH_CREDS | KDBUS_ATTACH_AUXGROUPS;
	const struct kdbus_audience a = { &child, &pids, { .dentry = &root } };
	struct kdbus_audience b = a;

	cr_expect_eq(kdbus_audience_shares(&a, &b), _KDBUS_ATTACH_ALL);
	b.user_ns = &sibling;
	cr_expect_eq(kdbus_audience_shares(&a, &b),
		     _KDBUS_ATTACH_ALL & ~(users | KDBUS_ATTACH_CAPS |
					   KDBUS_ATTACH_AUDIT));
	b = a;
	b.pid_ns = &inner_pids;
	cr_expect_eq(kdbus_audience_shares(&a, &b),
		     (_KDBUS_ATTACH_ALL & ~KDBUS_IDENTITY_ALL) | users);
	b = a;
	b.root.dentry = &other_root;
	cr_expect_eq(kdbus_audience_shares(&a, &b),
		     _KDBUS_ATTACH_ALL & ~KDBUS_ATTACH_EXE);
}

ShimTest(identity_write, a_process_is_seen_where_it_has_a_number)
{
	begin();
	cr_expect(kdbus_audience_sees(&audience, &id));
	audience.pid_ns = &inner_pids;
	cr_expect(kdbus_audience_sees(&audience, &id));
	id.pid = &ppid;
	cr_expect_not(kdbus_audience_sees(&audience, &id));
	id.pid = NULL;
	cr_expect_not(kdbus_audience_sees(&audience, &id));
	end();
}

ShimTest(identity_write, a_process_is_found_until_it_was_waited_for)
{
	struct task_struct task = { .start_boottime = 12345 };
	struct kdbus_process process = {};

	begin();
	cr_expect_not(kdbus_identity_find_process(&id, &audience, &process));
	cr_expect_eq(process.pid, 0, "it has gone");
	pid.task = &task;
	cr_expect(kdbus_identity_find_process(&id, &audience, &process));
	cr_expect_eq(process.pid, 500);
	cr_expect_eq(process.start_ns, 12345);
	audience.pid_ns = &inner_pids;
	cr_expect(kdbus_identity_find_process(&id, &audience, &process));
	cr_expect_eq(process.pid, 5);
	id.has &= ~KDBUS_ATTACH_PIDS;
	cr_expect_not(kdbus_identity_find_process(&id, &audience, &process),
		      "not claimed");
	id.has = ALL;
	id.pid = &ppid;
	ppid.task = &task;
	cr_expect_not(kdbus_identity_find_process(&id, &audience, &process),
		      "not visible");
	id.pid = NULL;
	cr_expect_not(kdbus_identity_find_process(&id, &audience, &process));
	pid.task = ppid.task = NULL;
	end();
}

/* ids */

static void expect_creds(u64 first_uid, u64 first_gid)
{
	const struct kdbus_creds *creds = &ITEM(CREDS)->creds;
	const u64 *ids = (const u64 *)creds;

	cr_expect_eq(creds->uid, first_uid);
	cr_expect_eq(creds->gid, first_gid);
	for (int i = 1; i < 4; i++) {
		cr_expect_eq(ids[i], first_uid + i, "euid, suid, fsuid");
		cr_expect_eq(ids[4 + i], first_gid + i, "egid, sgid, fsgid");
	}
}

ShimTest(identity_write, ids_are_those_of_the_receivers_namespace)
{
	begin();
	expect_creds(1000, 1010);
	audience.user_ns = &child;
	expect_creds(0, 10);
	end();
}

ShimTest(identity_write, an_id_without_a_name_there_is_nobody)
{
	const struct kdbus_creds *creds;

	begin();
	audience.user_ns = &grandchild;
	creds = &ITEM(CREDS)->creds;
	cr_expect_eq(creds->uid, 65534);
	cr_expect_eq(creds->fsgid, 65534);
	id.uid[1] = INVALID_UID;
	id.gid[2] = INVALID_GID;
	creds = &ITEM(CREDS)->creds;
	cr_expect_eq(creds->euid, UNSET, "claimed as unset");
	cr_expect_eq(creds->sgid, UNSET);
	audience.user_ns = &init_user_ns;
	creds = &ITEM(CREDS)->creds;
	cr_expect_eq(creds->euid, UNSET);
	cr_expect_eq(creds->sgid, UNSET);
	cr_expect_eq(creds->uid, 1000);
	end();
}

ShimTest(identity_write, pids_are_numbers_of_the_receivers_namespace)
{
	const struct kdbus_pids *out;

	begin();
	out = &ITEM(PIDS)->pids;
	cr_expect_eq(out->pid, 500);
	cr_expect_eq(out->tid, 501);
	cr_expect_eq(out->ppid, 1);
	audience.pid_ns = &inner_pids;
	id.tid = NULL;
	out = &ITEM(PIDS)->pids;
	cr_expect_eq(out->pid, 5);
	cr_expect_eq(out->tid, 0, "claimed as unset");
	cr_expect_eq(out->ppid, 0, "not there");
	end();
}

ShimTest(identity_write, groups_are_as_many_as_there_are)
{
	struct kdbus_item *item;

	begin();
	groups->gid[2] = KGIDT_INIT(50);
	for (int n = 0; n <= N_GROUPS; n++) {
		groups->ngroups = n;
		cr_expect_eq(ITEM(AUXGROUPS)->size, 16 + 8 * n);
	}
	audience.user_ns = &child;
	item = ITEM(AUXGROUPS);
	cr_expect_eq(item->data64[0], 0);
	cr_expect_eq(item->data64[1], 1);
	cr_expect_eq(item->data64[2], 65534);
	end();
}

ShimTest(identity_write, what_audit_does_not_know_is_unset)
{
	const struct kdbus_audit *audit;

	begin();
	audit = &ITEM(AUDIT)->audit;
	cr_expect_eq(audit->loginuid, 1009);
	cr_expect_eq(audit->sessionid, 3);
	audience.user_ns = &child;
	cr_expect_eq(ITEM(AUDIT)->audit.loginuid, 9);
	audience.user_ns = &grandchild;
	cr_expect_eq(ITEM(AUDIT)->audit.loginuid, UNSET, "rather than nobody");
	audience.user_ns = &init_user_ns;
	id.loginuid = INVALID_UID;
	cr_expect_eq(ITEM(AUDIT)->audit.loginuid, UNSET);
	end();
}

/* capabilities */

/* who is in @of, as @euid, has what towards a receiver in @at? */
/* clang-format off */
static const struct {
	struct user_namespace *of;
	u32 euid;
	struct user_namespace *at;
	char standing;	/* none, same or owner */
} standings[] = {
	{ &init_user_ns,	0,	&init_user_ns,	's' },
	{ &init_user_ns,	0,	&child,		's' },
	{ &init_user_ns,	0,	&grandchild,	's' },
	{ &init_user_ns,	77,	&child,		'o' },
	{ &init_user_ns,	77,	&grandchild,	'o' },
	{ &init_user_ns,	77,	&sibling,	's' },
	{ &init_user_ns,	77,	&init_user_ns,	's' },
	{ &init_user_ns,	79,	&grandchild,	's' },
	{ &child,		79,	&grandchild,	'o' },
	{ &child,		77,	&child,		's' },
	{ &child,		77,	&grandchild,	's' },
	{ &child,		77,	&init_user_ns,	'n' },
	{ &child,		77,	&sibling,	'n' },
	{ &grandchild,		79,	&grandchild,	's' },
	{ &grandchild,		79,	&child,		'n' },
	{ &grandchild,		79,	&sibling,	'n' },
	{ &sibling,		78,	&grandchild,	'n' },
	{ &sibling,		78,	&sibling,	's' },
};
/* clang-format on */

static u64 set_of(const struct kdbus_item *item, int i)
{
	return item->caps.caps[2 * i] | (u64)item->caps.caps[2 * i + 1] << 32;
}

ShimTest(identity_write, capabilities_are_worth_what_they_are_there)
{
	static const u64 same[4] = { 1ULL << 33 | 1, 2, 4, CAP_ALL };
	static const u64 owner[4] = { 0, CAP_ALL, CAP_ALL, CAP_ALL };
	static const u64 none[4];

	begin();
	cred.cap_inheritable.val = same[0];
	cred.cap_permitted.val = same[1];
	cred.cap_effective.val = same[2];
	cred.cap_bset.val = U64_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(standings); i++) {
		const u64 *expected = standings[i].standing == 's' ? same :
				      standings[i].standing == 'o' ? owner :
								     none;
		const struct kdbus_item *item;

		cred.user_ns = standings[i].of;
		cred.euid = KUIDT_INIT(standings[i].euid);
		audience.user_ns = standings[i].at;
		item = ITEM(CAPS);
		cr_expect_eq(item->caps.last_cap, CAP_LAST_CAP);
		cr_expect_eq(item->size, 16 + 4 + 4 * 8);
		for (int set = 0; set < 4; set++)
			cr_expect_eq(set_of(item, set), expected[set],
				     "row %zu, set %d", i, set);
	}
	end();
}

/* texts */

ShimTest(identity_write, a_path_is_for_who_has_the_same_root)
{
	begin();
	cr_expect_str_eq(ITEM(EXE)->str, "/usr/bin/program");
	audience.root.dentry = &other_root;
	cr_expect_eq(write_items(KDBUS_ATTACH_EXE), 0);
	cr_expect_gt(write_items(KDBUS_ATTACH_EXE | KDBUS_ATTACH_CGROUP), 0);
	cr_expect_eq(((struct kdbus_item *)written)->type, KDBUS_ITEM_CGROUP);
	end();
}

ShimTest(identity_write, texts_are_whole_whatever_their_size)
{
	char text[64];
	struct kdbus_item *item;

	begin();
	memset(text, 'x', sizeof(text));
	for (size_t n = 1; n <= sizeof(text); n++) {
		id.text[KDBUS_TEXT_CMDLINE] = (struct kdbus_text){ text, n };
		text[n - 1] = 0;
		item = ITEM(CMDLINE);
		cr_expect_eq(item->size, 16 + n);
		cr_expect_arr_eq(item->str, text, n);
		for (size_t i = n; i % 8; i++)
			cr_expect_eq(item->str[i], 0, "padding of %zu", n);
		text[n - 1] = 'x';
	}
	end();
}

/* all together */

static const u64 order[][2] = {
	{ KDBUS_ATTACH_CREDS, KDBUS_ITEM_CREDS },
	{ KDBUS_ATTACH_PIDS, KDBUS_ITEM_PIDS },
	{ KDBUS_ATTACH_AUXGROUPS, KDBUS_ITEM_AUXGROUPS },
	{ KDBUS_ATTACH_TID_COMM, KDBUS_ITEM_TID_COMM },
	{ KDBUS_ATTACH_PID_COMM, KDBUS_ITEM_PID_COMM },
	{ KDBUS_ATTACH_EXE, KDBUS_ITEM_EXE },
	{ KDBUS_ATTACH_CMDLINE, KDBUS_ITEM_CMDLINE },
	{ KDBUS_ATTACH_CGROUP, KDBUS_ITEM_CGROUP },
	{ KDBUS_ATTACH_CAPS, KDBUS_ITEM_CAPS },
	{ KDBUS_ATTACH_SECLABEL, KDBUS_ITEM_SECLABEL },
	{ KDBUS_ATTACH_AUDIT, KDBUS_ITEM_AUDIT },
};

/* bit i of @set stands for row i */
static u64 attach_of(unsigned int set)
{
	u64 mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (set & 1u << i)
			mask |= order[i][0];
	return mask;
}

static void check_set(unsigned int has, u64 mask)
{
	struct kdbus_item *item;
	size_t size, i = 0;

	id.has = attach_of(has);
	size = write_items(mask);
	cr_assert_eq(size % 8, 0);
	kdbus_items_for_each(item, (struct kdbus_item *)written,
			     (u8 *)written + size) {
		while (i < ARRAY_SIZE(order) &&
		       !(id.has & mask & order[i][0]))
			i++;
		cr_assert_lt(i, ARRAY_SIZE(order));
		cr_assert_eq(item->type, order[i++][1]);
	}
	cr_assert_eq((u8 *)item, (u8 *)written + size);
	for (; i < ARRAY_SIZE(order); i++)
		cr_assert_eq(id.has & mask & order[i][0], 0, "one is missing");
}

ShimTest(identity_write, what_is_wanted_and_there_comes_in_its_order)
{
	const unsigned int all = (1u << ARRAY_SIZE(order)) - 1;

	begin();
	for (unsigned int set = 0; set <= all; set++) {
		check_set(all, attach_of(set));
		check_set(set, U64_MAX);
		check_set(set, attach_of(test_next(all + 1)));
	}
	end();
}
