// SPDX-License-Identifier: LGPL-2.1-or-later
/* Identities: gathered whole, claimed carefully, kept only while they are true. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/jiffies.h>
#include <linux/mm_types.h>
#include <linux/security.h>

#include "object/identity.h"
#include "tests/unit/kernel/items.h"

#define ALL	KDBUS_IDENTITY_ALL
#define UNSET	0xffffffffu

#define TEXTS	(KDBUS_ATTACH_EXE | KDBUS_ATTACH_CMDLINE | \
		 KDBUS_ATTACH_CGROUP | KDBUS_ATTACH_SECLABEL)

/* the task */
static struct pid pid = { .nr = { 500 } }, tid = { .nr = { 501 } };
static struct pid parent_pid = { .nr = { 1 } };
static struct task_struct parent = { .tgid = &parent_pid };
static struct mm_struct mm;
static struct file exe;
static struct cgroup top, slice = { .parent = &top };
static struct cgroup scope = { .parent = &slice };
static u32 secid;

/* its texts; what they are counts, NUL included, is in @..._size */
static char *exe_path, *args, *label, *group_name;
static size_t args_size;

static void set_text(char **text, size_t n)
{
	free(*text);
	*text = malloc(n + 1);
	for (size_t i = 0; i < n; i++)
		(*text)[i] = 'a' + i % 26;
	(*text)[n] = 0;
}

static void set_args(size_t n)
{
	set_text(&args, n - 1);
	args_size = n;
	mm.arg_start = (unsigned long)args;
	mm.arg_end = mm.arg_start + n;
}

/* how often the task goes to another root while its path is written */
static int n_roots;

char *d_path(const struct path *path, char *buf, int size)
{
	size_t n = strlen(exe_path) + 1;

	cr_assert_eq(path, &current->mm->exe_file->f_path);
	if (n_roots) {
		n_roots--;
		current->fs->seq.sequence += 2;
	}
	return n > size ? ERR_PTR(-ENAMETOOLONG) :
		memcpy(buf + size - n, exe_path, n);
}

void security_current_getsecid_subj(u32 *out)
{
	*out = secid;
}

static unsigned int n_labels;

int security_secid_to_secctx(u32 id, char **out, u32 *out_size)
{
	cr_assert_eq(id, secid);
	if (!label)
		return -EOPNOTSUPP;
	n_labels++;
	*out = label;
	*out_size = strlen(label);	/* this module counts no NUL */
	return 0;
}

void security_release_secctx(char *data, u32 size)
{
	cr_assert_eq(data, label);
	n_labels--;
}

struct pid *find_vpid(int nr)
{
	return nr == 500 ? &pid : nr == 501 ? &tid : nr == 1 ? &parent_pid :
								NULL;
}

static void begin(void)
{
	pid.task = tid.task = parent_pid.task = current;
	current->pid = &tid;
	current->tgid = &pid;
	current->real_parent = &parent;
	current->group_leader = current;
	strcpy(current->comm, "program");
	current->mm = &mm;
	spin_lock_init(&mm.arg_lock);
	mm.exe_file = &exe;
	current->cgroup = &scope;
	current->loginuid = KUIDT_INIT(1000);
	current->sessionid = 3;
	slice.kn = malloc(sizeof(*slice.kn));
	scope.kn = malloc(sizeof(*scope.kn));
	scope.kn->name = "s.scope";
	set_text(&group_name, 8);
	slice.kn->name = group_name;
	set_text(&exe_path, 20);
	set_text(&label, 10);
	set_args(30);
	shim_cred.uid = KUIDT_INIT(1);
	shim_cred.fsgid = KGIDT_INIT(8);
	secid = 7;
	n_roots = 0;
}

static void end(void)
{
	cr_expect_eq(pid.n_refs, 0);
	cr_expect_eq(tid.n_refs, 0);
	cr_expect_eq(parent_pid.n_refs, 0);
	cr_expect_eq(exe.n_refs, 0);
	cr_expect_eq(n_labels, 0);
	free(slice.kn);
	free(scope.kn);
	free(exe_path);
	free(args);
	free(label);
	free(group_name);
	exe_path = args = label = group_name = NULL;
}

static struct kdbus_identity *gather(u64 mask)
{
	struct kdbus_identity *id = kdbus_identity_new();

	cr_assert_not(IS_ERR(id));
	cr_assert_eq(kdbus_identity_gather(id, mask), 0);
	return id;
}

static const char *text_of(const struct kdbus_identity *id,
			   enum kdbus_text_kind kind)
{
	return id->text[kind].data;
}

/* gathering */

ShimTest(identity, a_new_one_knows_nothing)
{
	struct kdbus_identity *id = kdbus_identity_new();

	cr_expect_eq(kdbus_identity_has(id), 0);
	cr_expect_eq(kdbus_identity_ref(id), id);
	cr_expect_null(kdbus_identity_unref(id));
	cr_expect_null(kdbus_identity_unref(id));
	cr_expect_null(kdbus_identity_ref(NULL));
	cr_expect_null(kdbus_identity_unref(NULL));
	shim_fail_allocation(1);
	cr_expect_eq(PTR_ERR(kdbus_identity_new()), -ENOMEM);
}

ShimTest(identity, all_there_is_to_know_is_gathered)
{
	struct kdbus_identity *id;

	begin();
	id = gather(U64_MAX);
	cr_expect_eq(kdbus_identity_has(id), ALL);
	cr_expect_eq(id->uid[0].val, 1);
	cr_expect_eq(id->gid[3].val, 8);
	cr_expect_eq(id->pid, &pid);
	cr_expect_eq(id->tid, &tid);
	cr_expect_eq(id->ppid, &parent_pid);
	cr_expect_eq(id->cred, &shim_cred);
	cr_expect_eq(id->loginuid.val, 1000);
	cr_expect_eq(id->sessionid, 3);
	cr_expect_eq(id->root.dentry, current->fs->root.dentry);
	cr_expect_str_eq(text_of(id, KDBUS_TEXT_TID_COMM), "program");
	cr_expect_str_eq(text_of(id, KDBUS_TEXT_PID_COMM), "program");
	cr_expect_str_eq(text_of(id, KDBUS_TEXT_EXE), exe_path);
	cr_expect_str_eq(text_of(id, KDBUS_TEXT_CMDLINE), args);
	cr_expect_str_eq(text_of(id, KDBUS_TEXT_CGROUP), "/abcdefgh/s.scope");
	cr_expect_str_eq(text_of(id, KDBUS_TEXT_SECLABEL), label);
	cr_expect_eq(shim_n_live, 1, "all texts in one allocation");
	kdbus_identity_unref(id);
	end();
}

ShimTest(identity, what_is_wanted_and_no_more_is_gathered_once)
{
	struct kdbus_identity *id;

	begin();
	id = gather(KDBUS_ATTACH_PID_COMM);
	cr_expect_eq(kdbus_identity_has(id), KDBUS_ATTACH_PID_COMM);
	cr_expect_eq(id->pid, &pid, "to tell who can see it");
	cr_expect_null(id->cred);
	strcpy(current->comm, "other");
	kdbus_identity_gather(id, KDBUS_ATTACH_PID_COMM | KDBUS_ATTACH_EXE);
	cr_expect_str_eq(text_of(id, KDBUS_TEXT_PID_COMM), "program");
	cr_expect_eq(kdbus_identity_has(id),
		     KDBUS_ATTACH_PID_COMM | KDBUS_ATTACH_EXE);
	kdbus_identity_unref(id);
	end();
}

ShimTest(identity, what_a_task_does_not_have_is_left_out)
{
	struct kdbus_identity *id;

	begin();
	current->mm = NULL;
	free(label);
	label = NULL;
	id = gather(ALL);
	cr_expect_eq(kdbus_identity_has(id),
		     ALL & ~(TEXTS & ~KDBUS_ATTACH_CGROUP));
	kdbus_identity_unref(id);
	end();
}

/* as they were given, whole, ending where they say */
static void check_texts(const struct kdbus_identity *id)
{
	const struct kdbus_text *text = id->text;
	size_t n = strlen(exe_path) + 1;

	if (n <= KDBUS_IDENTITY_TEXT_MAX) {
		cr_assert_eq(text[KDBUS_TEXT_EXE].size, n);
		cr_assert_arr_eq(text[KDBUS_TEXT_EXE].data, exe_path, n);
	} else {
		cr_assert_null(text[KDBUS_TEXT_EXE].data, "not a part of it");
		cr_assert_eq(id->has & KDBUS_ATTACH_EXE, 0);
	}
	n = min(args_size, (size_t)KDBUS_IDENTITY_TEXT_MAX);
	cr_assert_eq(text[KDBUS_TEXT_CMDLINE].size, n);
	cr_assert_arr_eq(text[KDBUS_TEXT_CMDLINE].data, args, n - 1);
	cr_assert_eq(text[KDBUS_TEXT_CMDLINE].data[n - 1], 0);
	n = strlen(group_name);
	cr_assert_eq(text[KDBUS_TEXT_CGROUP].size, n + 10);
	cr_assert_arr_eq(text[KDBUS_TEXT_CGROUP].data + 1, group_name, n);
	cr_assert_str_eq(text[KDBUS_TEXT_CGROUP].data + 1 + n, "/s.scope");
	cr_assert_str_eq(text[KDBUS_TEXT_SECLABEL].data, label);
	cr_assert_eq(text[KDBUS_TEXT_SECLABEL].size, strlen(label) + 1);
}

/* the arena has some 200 bytes; what is longer has memory of its own */
static void gather_texts(size_t path, size_t arguments, size_t group,
			 size_t context)
{
	struct kdbus_identity *id;

	set_text(&exe_path, path);
	set_args(arguments);
	set_text(&group_name, group);
	slice.kn->name = group_name;
	set_text(&label, context);
	id = gather(TEXTS);
	check_texts(id);
	kdbus_identity_unref(id);
}

ShimTest(identity, texts_are_whole_wherever_they_lie)
{
	begin();
	for (size_t n = 1; n < 400; n++) {
		gather_texts(n, 5, 5, 5);
		gather_texts(5, n, 5, 5);
		gather_texts(5, 5, n, 5);
		gather_texts(5, 5, 5, n);
		gather_texts(n, n, n, n);
		gather_texts(1 + test_next(300), 1 + test_next(300),
			     1 + test_next(300), 1 + test_next(300));
	}
	end();
}

ShimTest(identity, no_text_is_longer_than_a_page)
{
	begin();
	for (size_t n = 4090; n < 4100; n++) {
		gather_texts(n, 5, 5, 5);
		gather_texts(5, n, 5, 5);
	}
	end();
}

ShimTest(identity, arguments_end_where_the_process_ends_them)
{
	struct kdbus_identity *id;

	begin();
	shim_user_hide(args + 12, 100);
	id = gather(KDBUS_ATTACH_CMDLINE);
	cr_expect_eq(id->text[KDBUS_TEXT_CMDLINE].size, 13, "a hole");
	cr_expect_str_eq(text_of(id, KDBUS_TEXT_CMDLINE), "abcdefghijkl");
	kdbus_identity_unref(id);
	shim_user_hide(args, 100);
	id = gather(KDBUS_ATTACH_CMDLINE);
	cr_expect_eq(kdbus_identity_has(id), 0);
	kdbus_identity_unref(id);
	shim_user_hide(NULL, 0);
	args[29] = 'X';
	id = gather(KDBUS_ATTACH_CMDLINE);
	cr_expect_eq(id->text[KDBUS_TEXT_CMDLINE].size, 31, "no NUL");
	cr_expect_str_eq(text_of(id, KDBUS_TEXT_CMDLINE) + 29, "X");
	kdbus_identity_unref(id);
	for (int n = 0; n < 2; n++) {
		mm.arg_end = mm.arg_start - n;
		id = gather(KDBUS_ATTACH_CMDLINE);
		cr_expect_eq(kdbus_identity_has(id), 0);
		kdbus_identity_unref(id);
	}
	end();
}

ShimTest(identity, arguments_without_an_end_get_one)
{
	struct kdbus_identity *id;

	begin();
	for (size_t n = 1; n < 400; n++) {
		set_args(n + 1);
		mm.arg_end--;
		id = gather(KDBUS_ATTACH_CMDLINE);
		cr_assert_eq(id->text[KDBUS_TEXT_CMDLINE].size, n + 1);
		cr_assert_str_eq(text_of(id, KDBUS_TEXT_CMDLINE), args);
		kdbus_identity_unref(id);
	}
	end();
}

ShimTest(identity, a_path_goes_with_the_root_it_is_told_from)
{
	struct kdbus_identity *id;

	begin();
	n_roots = 2;
	id = gather(KDBUS_ATTACH_EXE);
	cr_expect_eq(kdbus_identity_has(id), KDBUS_ATTACH_EXE);
	cr_expect_eq(id->root.dentry->n_refs, 1);
	kdbus_identity_unref(id);
	n_roots = 100;
	id = gather(KDBUS_ATTACH_EXE);
	cr_expect_eq(kdbus_identity_has(id), 0, "it never stands still");
	cr_expect_null(id->root.dentry);
	kdbus_identity_unref(id);
	end();
}

ShimTest(identity, the_first_control_group_is_a_slash)
{
	struct kdbus_identity *id;

	begin();
	current->cgroup = &top;
	id = gather(KDBUS_ATTACH_CGROUP);
	cr_expect_str_eq(text_of(id, KDBUS_TEXT_CGROUP), "/");
	cr_expect_eq(id->text[KDBUS_TEXT_CGROUP].size, 2);
	kdbus_identity_unref(id);
	/* and stands behind a path of any size */
	for (size_t n = 1; n < 400; n++) {
		set_text(&exe_path, n);
		id = gather(KDBUS_ATTACH_EXE | KDBUS_ATTACH_CGROUP);
		cr_assert_str_eq(text_of(id, KDBUS_TEXT_EXE), exe_path);
		cr_assert_str_eq(text_of(id, KDBUS_TEXT_CGROUP), "/");
		kdbus_identity_unref(id);
	}
	end();
}

/* what was gathered stays, and once there is memory the rest comes */
ShimTest(identity, without_memory_some_is_missing_until_asked_again)
{
	struct kdbus_identity *id;
	size_t n;
	int r;

	begin();
	set_text(&exe_path, 500);
	set_args(600);
	for (n = 1, r = -ENOMEM; r; n++) {
		id = kdbus_identity_new();
		shim_fail_allocation(n);
		r = kdbus_identity_gather(id, ALL);
		shim_fail_allocation(0);
		cr_assert(!r || r == -ENOMEM);
		if (r)
			cr_assert_neq(kdbus_identity_has(id), ALL);
		cr_assert_eq(kdbus_identity_gather(id, ALL), 0);
		cr_assert_eq(kdbus_identity_has(id), ALL);
		check_texts(id);
		kdbus_identity_unref(id);
	}
	cr_expect_gt(n, 4);
	end();
}

/* claims */

ShimTest(identity, claimed_ids_are_those_of_the_caller)
{
	static const struct {
		u64 claimed;
		int result;
		u32 is;
	} ids[] = {
		{ 0, 0, 5000 },
		{ 99, 0, 5099 },
		{ 100, -EINVAL },
		{ U64_MAX, 0, UNSET },
		{ UNSET, 0, UNSET },
		{ 1ULL << 32, -EINVAL },
		{ 1ULL << 32 | 5, -EINVAL },
		{ U64_MAX - 1, -EINVAL },
		{ UNSET - 1, -EINVAL },
	};
	struct kdbus_identity *id;

	begin();
	shim_user_ns = (struct user_namespace){ .base = 5000, .count = 100 };
	for (size_t i = 0; i < 8 * ARRAY_SIZE(ids); i++) {
		struct kdbus_creds creds = {};
		int at = i % 8, row = i / 8;

		((u64 *)&creds)[at] = ids[row].claimed;
		id = kdbus_identity_new_fake(&creds, NULL, NULL);
		cr_assert_eq(IS_ERR(id) ? PTR_ERR(id) : 0, ids[row].result);
		if (IS_ERR(id))
			continue;
		cr_assert_eq(kdbus_identity_has(id), KDBUS_ATTACH_CREDS);
		cr_assert_eq(at < 4 ? id->uid[at].val : id->gid[at - 4].val,
			     ids[row].is);
		cr_assert_eq(id->uid[(at + 1) % 4].val, 5000);
		kdbus_identity_unref(id);
	}
	end();
}

ShimTest(identity, claimed_pids_are_those_of_processes)
{
	static const struct {
		struct kdbus_pids pids;
		int result;
	} claims[] = {
		{ { 500, 501, 1 }, 0 },
		{ { 0, 0, 0 }, 0 },
		{ { 500, 0, 0 }, 0 },
		{ { 502, 0, 0 }, -EINVAL },
		{ { 500, 502, 0 }, -EINVAL },
		{ { 500, 501, 502 }, -EINVAL },
		{ { 1ULL << 32 | 500, 0, 0 }, -EINVAL },
		{ { 1ULL << 31, 0, 0 }, -EINVAL },
		{ { U64_MAX, 0, 0 }, -EINVAL },
	};
	struct kdbus_identity *id;

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		id = kdbus_identity_new_fake(NULL, &claims[i].pids, NULL);
		cr_assert_eq(IS_ERR(id) ? PTR_ERR(id) : 0, claims[i].result,
			     "%zu", i);
		if (IS_ERR(id))
			continue;
		cr_expect_eq(kdbus_identity_has(id), KDBUS_ATTACH_PIDS);
		cr_expect_eq(id->pid, claims[i].pids.pid ? &pid : NULL);
		cr_expect_eq(id->tid, claims[i].pids.tid ? &tid : NULL);
		kdbus_identity_unref(id);
	}
	pid.task = NULL;
	id = kdbus_identity_new_fake(NULL, &claims[2].pids, NULL);
	cr_expect_eq(PTR_ERR(id), -EINVAL, "the number of a group only");
	end();
}

ShimTest(identity, what_was_not_claimed_is_not_looked_up)
{
	struct kdbus_identity *id;

	begin();
	id = kdbus_identity_new_fake(NULL, NULL, "label");
	cr_expect_eq(kdbus_identity_gather(id, ALL), 0);
	cr_expect_eq(kdbus_identity_has(id), KDBUS_ATTACH_SECLABEL);
	cr_expect_str_eq(text_of(id, KDBUS_TEXT_SECLABEL), "label");
	cr_expect_null(id->pid);
	cr_expect_null(id->cred);
	kdbus_identity_unref(id);
	end();
}

static int attempt_fake(void)
{
	const struct kdbus_creds creds = {};
	const struct kdbus_pids pids = { 500, 501, 1 };
	struct kdbus_identity *id;

	id = kdbus_identity_new_fake(&creds, &pids, "label");
	cr_assert_eq(pid.n_refs, !IS_ERR(id));
	if (IS_ERR(id))
		return PTR_ERR(id);
	kdbus_identity_unref(id);
	return 0;
}

ShimTest(identity, without_memory_nothing_is_claimed)
{
	begin();
	cr_expect_eq(shim_fails_cleanly(attempt_fake), 0);
	end();
}

/* one identity for many messages */

/* gathered, parked and taken again; @change happens in between */
static struct kdbus_identity *again(void (*change)(void))
{
	struct kdbus_identity *slot = NULL, *first = gather(ALL), *id;

	cr_expect_null(kdbus_identity_park(&slot, first));
	cr_expect_eq(slot, first);
	cr_expect_null(first->root.dentry, "no file system stays busy");
	if (change)
		change();
	id = kdbus_identity_take(&slot);
	cr_expect_eq(id, first);
	cr_expect_null(slot);
	return id;
}

#define KEPT (KDBUS_ATTACH_CREDS | KDBUS_ATTACH_AUXGROUPS | KDBUS_ATTACH_CAPS | \
	      KDBUS_ATTACH_PIDS | KDBUS_ATTACH_SECLABEL | KDBUS_ATTACH_EXE)

static void change_parent(void)
{
	static struct pid other;
	static struct task_struct init = { .tgid = &other };

	current->real_parent = &init;
}

static void change_thread(void)
{
	current->pid = &pid;
}

static void change_exe(void)
{
	static struct file other;

	other = exe;
	mm.exe_file = &other;
}

static void call_exec(void)
{
	current->self_exec_id++;
}

static void change_root(void)
{
	static struct dentry other;

	current->fs->root.dentry = &other;
}

static void change_secid(void)
{
	secid++;
}

static void let_a_second_pass(void)
{
	shim_now_ns += NSEC_PER_SEC;
}

static void let_less_than_a_second_pass(void)
{
	shim_now_ns += NSEC_PER_SEC - 1;
}

ShimTest(identity, what_is_still_true_is_kept)
{
	static const struct {
		void (*change)(void);
		u64 kept;
	} changes[] = {
		{ NULL, KEPT },
		{ change_parent, KEPT & ~(KDBUS_ATTACH_PIDS | KDBUS_ATTACH_EXE) },
		{ change_thread, KEPT & ~(KDBUS_ATTACH_PIDS | KDBUS_ATTACH_EXE) },
		{ change_exe, KEPT & ~KDBUS_ATTACH_EXE },
		{ call_exec, KEPT & ~KDBUS_ATTACH_EXE },
		{ change_root, KEPT & ~KDBUS_ATTACH_EXE },
		{ change_secid, KEPT & ~(KDBUS_ATTACH_SECLABEL | KDBUS_ATTACH_EXE) },
		{ let_a_second_pass, KEPT & ~(KDBUS_ATTACH_SECLABEL | KDBUS_ATTACH_EXE) },
		{ let_less_than_a_second_pass, KEPT },
	};
	struct kdbus_identity *id;
	struct path root;

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		begin();
		root = current->fs->root;
		set_text(&label, 100);
		id = again(changes[i].change);
		cr_expect_eq(kdbus_identity_has(id), changes[i].kept, "%zu", i);
		cr_expect_eq(kdbus_identity_gather(id, ALL), 0);
		cr_expect_eq(kdbus_identity_has(id), ALL);
		cr_expect_eq(id->tid, current->pid);
		cr_expect_eq(id->ppid, current->real_parent->tgid);
		check_texts(id);
		cr_expect_eq(shim_n_live, 1, "%zu: there is room for all", i);
		kdbus_identity_unref(id);
		current->fs->root = root;
		end();
	}
}

ShimTest(identity, other_credentials_are_looked_at_anew)
{
	struct kdbus_identity *slot = NULL, *id;
	struct cred other = { .n_refs = 1 };

	begin();
	id = gather(ALL);
	put_cred(id->cred);
	id->cred = &other;	/* the task has changed its own since */
	kdbus_identity_park(&slot, id);
	id = kdbus_identity_take(&slot);
	cr_expect_eq(kdbus_identity_has(id), KDBUS_ATTACH_PIDS);
	cr_expect_eq(other.n_refs, 0);
	kdbus_identity_gather(id, ALL);
	cr_expect_eq(id->cred, &shim_cred);
	kdbus_identity_unref(id);
	end();
}

/* what is kept lies at the start of the arena, the others follow it */
ShimTest(identity, texts_are_whole_however_often_it_was_parked)
{
	struct kdbus_identity *slot = NULL, *id;

	begin();
	for (int round = 0; round < 2000; round++) {
		if (!test_next(3)) {
			set_text(&exe_path, 1 + test_next(250));
			current->self_exec_id++;
		}
		set_args(1 + test_next(250));
		set_text(&group_name, 1 + test_next(250));
		slice.kn->name = group_name;
		if (!test_next(5)) {
			set_text(&label, 1 + test_next(250));
			secid++;
		}
		id = kdbus_identity_take(&slot);
		cr_assert_eq(kdbus_identity_gather(id, TEXTS), 0);
		check_texts(id);
		kdbus_identity_park(&slot, id);
	}
	kdbus_identity_unref(slot);
	end();
}

ShimTest(identity, one_that_is_shared_is_not_parked)
{
	struct kdbus_identity *slot = NULL, *id, *other;

	begin();
	id = gather(ALL);
	kdbus_identity_ref(id);
	cr_expect_null(kdbus_identity_park(&slot, id));
	cr_expect_null(slot);
	cr_expect_eq(kdbus_identity_has(id), ALL, "others still look at it");
	cr_expect_null(kdbus_identity_park(&slot, NULL));

	other = gather(ALL);
	kdbus_identity_park(&slot, id);
	kdbus_identity_park(&slot, other);
	cr_expect_eq(slot, other, "of two one is enough");
	kdbus_identity_unref(slot);
	end();
}
