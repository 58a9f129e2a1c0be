// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identity: what the bus knows of a process, gathered once.
 */
#include <linux/audit.h>
#include <linux/build_bug.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/jiffies.h>
#include <linux/mm_types.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "object/identity.h"

#define ARENA_SIZE (KDBUS_IDENTITY_SIZE - offsetof(struct kdbus_identity, arena))

struct kdbus_identity *kdbus_identity_new(void)
{
	struct kdbus_identity *id;

	/* at least one executable and one control group of usual length */
	BUILD_BUG_ON(ARENA_SIZE < 192);

	id = kmalloc(KDBUS_IDENTITY_SIZE, GFP_KERNEL_ACCOUNT);
	if (!id)
		return ERR_PTR(-ENOMEM);

	memset(id, 0, sizeof(*id));
	refcount_set(&id->refs, 1);
	return id;
}

struct kdbus_identity *kdbus_identity_ref(struct kdbus_identity *id)
{
	if (id)
		refcount_inc(&id->refs);
	return id;
}

static bool identity_embeds(const struct kdbus_identity *id, const char *data)
{
	const char *start = (const char *)id;

	return data >= start && data < start + KDBUS_IDENTITY_SIZE;
}

static void identity_drop_text(struct kdbus_identity *id,
			       struct kdbus_text *text)
{
	if (text->data && !identity_embeds(id, text->data))
		kfree(text->data);
	*text = (struct kdbus_text){};
}

/* Drop texts, but those in @kept; the arena is free behind the last of these. */
static void identity_drop_texts(struct kdbus_identity *id, u64 kept)
{
	struct kdbus_text *text;
	size_t end = 0;
	unsigned int i;

	for (i = 0; i < KDBUS_TEXT_N; i++) {
		text = &id->text[i];
		if (!(kept & BIT_ULL(i)))
			identity_drop_text(id, text);
		else if (text->data && identity_embeds(id, text->data))
			end = max_t(size_t, end,
				    text->data + text->size - id->arena);
	}
	id->arena_used = end;
}

static void identity_drop_root(struct kdbus_identity *id)
{
	if (id->root.dentry)
		path_put(&id->root);
	id->root = (struct path){};
}

static void identity_drop_cred(struct kdbus_identity *id)
{
	put_cred(id->cred);
	id->cred = NULL;
}

static void identity_drop_pids(struct kdbus_identity *id)
{
	put_pid(id->ppid);
	put_pid(id->tid);
	put_pid(id->pid);
	id->pid = id->tid = id->ppid = NULL;
}

static void identity_free(struct kdbus_identity *id)
{
	identity_drop_texts(id, 0);
	identity_drop_root(id);
	identity_drop_cred(id);
	identity_drop_pids(id);
	kfree(id);
}

struct kdbus_identity *kdbus_identity_unref(struct kdbus_identity *id)
{
	if (id && refcount_dec_and_test(&id->refs))
		identity_free(id);
	return NULL;
}

u64 kdbus_identity_has(const struct kdbus_identity *id)
{
	return id->has;
}

/* one identity for many messages */

#define IDENTITY_OF_CRED \
	(KDBUS_ATTACH_CREDS | KDBUS_ATTACH_AUXGROUPS | KDBUS_ATTACH_CAPS)
#define IDENTITY_KEPT_TEXTS	(KDBUS_ATTACH_SECLABEL | KDBUS_ATTACH_EXE)

static u32 current_secid(void)
{
	u32 secid;

	security_current_getsecid_subj(&secid);
	return secid;
}

static struct pid *get_parent_pid(void)
{
	struct pid *pid;

	rcu_read_lock();
	pid = get_task_pid(rcu_dereference(current->real_parent), PIDTYPE_TGID);
	rcu_read_unlock();
	return pid;
}

static bool identity_keeps_pids(const struct kdbus_identity *id)
{
	struct pid *parent;

	if (id->pid != task_tgid(current) || id->tid != task_pid(current))
		return false;

	parent = get_parent_pid();
	put_pid(parent);
	return id->ppid == parent;
}

/*
 * The id of a label belongs to it as long as the label lives, and the label
 * lives as long as the credentials; what the module prints for it may change
 * when a policy is loaded.
 */
static bool identity_keeps_label(const struct kdbus_identity *id)
{
	return time_before(jiffies, id->label_until) &&
	       id->secid == current_secid();
}

/*
 * The path of the executable is that of a file the process started with, from a
 * root that it had and has.  Its root is not ours to hold while nothing is sent,
 * so what is remembered of it may be long gone; but then it is not the one that
 * the process has now.
 */
static bool identity_keeps_exe(struct kdbus_identity *id)
{
	struct mm_struct *mm = current->mm;
	struct path root;

	if (!(id->has & KDBUS_ATTACH_PIDS) ||
	    !time_before(jiffies, id->exe_until) ||
	    id->exe_execs != current->self_exec_id ||
	    !mm || id->exe_file != rcu_access_pointer(mm->exe_file))
		return false;
	get_fs_root(current->fs, &root);
	if (!path_equal(&root, &id->exe_root)) {
		path_put(&root);
		return false;
	}
	id->root = root;
	return true;
}

/*
 * Forget what is not true of the current task.  What is kept lies at the start
 * of the arena, the label first: without it all of the arena is free again.
 */
static void identity_check(struct kdbus_identity *id)
{
	bool labelled = id->has & KDBUS_ATTACH_SECLABEL;

	if (id->cred != current_cred()) {
		id->has &= ~(u64)(IDENTITY_OF_CRED | KDBUS_ATTACH_SECLABEL);
		identity_drop_cred(id);
	}
	if (id->has & KDBUS_ATTACH_SECLABEL && !identity_keeps_label(id))
		id->has &= ~(u64)KDBUS_ATTACH_SECLABEL;
	if (labelled && !(id->has & KDBUS_ATTACH_SECLABEL))
		id->has &= ~(u64)KDBUS_ATTACH_EXE;
	if (!(id->has & KDBUS_ATTACH_PIDS) || !identity_keeps_pids(id)) {
		id->has &= ~(u64)KDBUS_ATTACH_PIDS;
		identity_drop_pids(id);
	}
	if (id->has & KDBUS_ATTACH_EXE && !identity_keeps_exe(id))
		id->has &= ~(u64)KDBUS_ATTACH_EXE;
}

struct kdbus_identity *kdbus_identity_take(struct kdbus_identity **slot)
{
	struct kdbus_identity *id = xchg(slot, NULL);
	u64 texts, kept = 0;

	if (!id)
		return kdbus_identity_new();

	texts = id->has & IDENTITY_KEPT_TEXTS;
	identity_check(id);
	if (id->has & KDBUS_ATTACH_SECLABEL)
		kept |= BIT_ULL(KDBUS_TEXT_SECLABEL);
	if (id->has & KDBUS_ATTACH_EXE)
		kept |= BIT_ULL(KDBUS_TEXT_EXE);
	if (texts & ~id->has)
		identity_drop_texts(id, kept);
	id->tried = id->has;
	return id;
}

struct kdbus_identity *kdbus_identity_park(struct kdbus_identity **slot,
					   struct kdbus_identity *id)
{
	if (!id || refcount_read(&id->refs) != 1)
		return kdbus_identity_unref(id);

	/* pairs with the release in the refcount_dec_and_test() of the others */
	smp_acquire__after_ctrl_dep();

	/* all that may change without our seeing it goes */
	id->has &= IDENTITY_OF_CRED | KDBUS_ATTACH_PIDS | IDENTITY_KEPT_TEXTS;
	identity_drop_texts(id, BIT_ULL(KDBUS_TEXT_SECLABEL) |
				BIT_ULL(KDBUS_TEXT_EXE));
	identity_drop_root(id);

	return kdbus_identity_unref(xchg(slot, id));
}

/* claimed values */

static bool id_is_unset(u64 value)
{
	return value == ~0ULL || value == (u32)~0U;
}

static int fake_uid(kuid_t *out_uid, u64 value)
{
	kuid_t uid = INVALID_UID;

	if (!id_is_unset(value)) {
		if (value > (u32)~0U)
			return -EINVAL;
		uid = make_kuid(current_user_ns(), value);
		if (!uid_valid(uid))
			return -EINVAL;
	}
	*out_uid = uid;
	return 0;
}

static int fake_gid(kgid_t *out_gid, u64 value)
{
	kgid_t gid = INVALID_GID;

	if (!id_is_unset(value)) {
		if (value > (u32)~0U)
			return -EINVAL;
		gid = make_kgid(current_user_ns(), value);
		if (!gid_valid(gid))
			return -EINVAL;
	}
	*out_gid = gid;
	return 0;
}

static int identity_fake_creds(struct kdbus_identity *id,
			       const struct kdbus_creds *creds)
{
	const u64 uid[] = { creds->uid, creds->euid, creds->suid, creds->fsuid };
	const u64 gid[] = { creds->gid, creds->egid, creds->sgid, creds->fsgid };
	unsigned int i;
	int r;

	for (i = 0; i < ARRAY_SIZE(uid); i++) {
		r = fake_uid(&id->uid[i], uid[i]);
		if (!r)
			r = fake_gid(&id->gid[i], gid[i]);
		if (r)
			return r;
	}

	id->has |= KDBUS_ATTACH_CREDS;
	return 0;
}

static int fake_pid(struct pid **out_pid, u64 value)
{
	struct pid *pid;

	if (!value)
		return 0;
	if (value > INT_MAX)
		return -EINVAL;

	/* a number may also linger as that of a group or a session */
	rcu_read_lock();
	pid = find_vpid(value);
	if (pid)
		pid = pid_has_task(pid, PIDTYPE_PID) ? get_pid(pid) : NULL;
	rcu_read_unlock();
	if (!pid)
		return -EINVAL;

	*out_pid = pid;
	return 0;
}

static int identity_fake_pids(struct kdbus_identity *id,
			      const struct kdbus_pids *pids)
{
	int r;

	r = fake_pid(&id->pid, pids->pid);
	if (!r)
		r = fake_pid(&id->tid, pids->tid);
	if (!r)
		r = fake_pid(&id->ppid, pids->ppid);
	if (r)
		return r;

	id->has |= KDBUS_ATTACH_PIDS;
	return 0;
}

static int identity_fake_seclabel(struct kdbus_identity *id,
				  const char *seclabel)
{
	struct kdbus_text *text = &id->text[KDBUS_TEXT_SECLABEL];

	text->data = kstrdup(seclabel, GFP_KERNEL_ACCOUNT);
	if (!text->data)
		return -ENOMEM;

	text->size = strlen(text->data) + 1;
	id->has |= KDBUS_ATTACH_SECLABEL;
	return 0;
}

struct kdbus_identity *kdbus_identity_new_fake(const struct kdbus_creds *creds,
					       const struct kdbus_pids *pids,
					       const char *seclabel)
{
	struct kdbus_identity *id;
	int r = 0;

	id = kdbus_identity_new();
	if (IS_ERR(id))
		return id;

	id->tried = KDBUS_IDENTITY_ALL;
	if (creds)
		r = identity_fake_creds(id, creds);
	if (!r && pids)
		r = identity_fake_pids(id, pids);
	if (!r && seclabel)
		r = identity_fake_seclabel(id, seclabel);
	if (r) {
		kdbus_identity_unref(id);
		return ERR_PTR(r);
	}
	return id;
}

/*
 * Texts of the current task.  A renderer fills @buf with a text of at most
 * @size bytes and returns its bytes, the NUL included; 0 if there is no such
 * text; -ENAMETOOLONG if more room is needed, unless @size is already
 * KDBUS_IDENTITY_TEXT_MAX and it can make do with a part; or -ENOMEM.
 */

/* a path that was written from the end of @buf, brought to its start */
static int move_tail(char *buf, size_t size, const char *start)
{
	size_t len = buf + size - start;

	memmove(buf, start, len);
	return len;
}

static struct file *current_exe_file(void)
{
	struct mm_struct *mm = current->mm;
	struct file *exe;

	if (!mm)
		return NULL;

	rcu_read_lock();
	exe = get_file_rcu(&mm->exe_file);
	rcu_read_unlock();
	return exe;
}

static int render_exe(struct kdbus_identity *id, char *buf, size_t size)
{
	struct fs_struct *fs = current->fs;
	struct file *exe = current_exe_file();
	unsigned int seq, tries;
	struct path root;
	char *start;
	int r = 0;

	if (!exe)
		return 0;

	/*
	 * The path is told from the root at that moment, and is shown only to
	 * who has the same root.  A thread that shares our fs_struct may
	 * chroot() there and back in between, to pass off its own tree as the
	 * system's: take the pair only if fs->seq stood still meanwhile.
	 */
	for (tries = 0; tries < 3 && !r; tries++) {
		seq = read_seqcount_begin(&fs->seq);
		get_fs_root(fs, &root);
		start = d_path(&exe->f_path, buf, size);
		if (IS_ERR(start))
			r = PTR_ERR(start);
		else if (!read_seqcount_retry(&fs->seq, seq))
			r = 1;
		if (r > 0)
			swap(id->root, root);
		path_put(&root);
	}
	id->exe_file = exe;
	id->exe_root = id->root;
	id->exe_execs = current->self_exec_id;
	id->exe_until = jiffies + KDBUS_IDENTITY_LAG;
	fput(exe);

	return r > 0 ? move_tail(buf, size, start) : r;
}

static int render_cmdline(struct kdbus_identity *id, char *buf, size_t size)
{
	struct mm_struct *mm = current->mm;
	unsigned long start, end;
	size_t len;

	if (!mm)
		return 0;

	spin_lock(&mm->arg_lock);
	start = mm->arg_start;
	end = mm->arg_end;
	spin_unlock(&mm->arg_lock);
	if (start >= end)
		return 0;

	/* one more for a NUL that the process may have overwritten */
	len = end - start;
	if (len >= size) {
		if (size < KDBUS_IDENTITY_TEXT_MAX)
			return -ENAMETOOLONG;
		len = size - 1;
	}

	/* a hole in the area ends the text, as the process wanted it */
	len -= copy_from_user(buf, (void __user *)start, len);
	if (len && buf[len - 1])
		buf[len++] = '\0';
	return len;
}

#ifdef CONFIG_CGROUPS
/*
 * By hand: cgroup_path() takes a lock that all senders would share, and does
 * not say on every kernel that it ran out of room.  In the unified hierarchy
 * nothing is ever renamed, and a task's cgroup with all its ancestors lasts as
 * long as the RCU lock.
 */
static int render_cgroup(struct kdbus_identity *id, char *buf, size_t size)
{
	char *start = buf + size;
	struct cgroup *cgrp, *parent;
	size_t len;

	if (size < sizeof("/"))
		return -ENAMETOOLONG;

	*--start = '\0';
	rcu_read_lock();
	for (cgrp = task_dfl_cgroup(current); ; cgrp = parent) {
		parent = cgroup_parent(cgrp);
		if (!parent)
			break;
		len = strlen(cgrp->kn->name);
		if (len + 1 > start - buf) {
			rcu_read_unlock();
			return -ENAMETOOLONG;
		}
		start -= len;
		memcpy(start, cgrp->kn->name, len);
		*--start = '/';
	}
	rcu_read_unlock();

	if (!*start)
		*--start = '/';
	return move_tail(buf, size, start);
}
#else
static int render_cgroup(struct kdbus_identity *id, char *buf, size_t size)
{
	return 0;
}
#endif

static int render_seclabel(struct kdbus_identity *id, char *buf, size_t size)
{
	char *label;
	u32 len;
	int r;

	id->secid = current_secid();
	id->label_until = jiffies + KDBUS_IDENTITY_LAG;
	r = security_secid_to_secctx(id->secid, &label, &len);
	if (r)
		return r == -ENOMEM ? r : 0;

	/* some modules count the NUL, some do not */
	r = strnlen(label, len);
	if (r >= size) {
		r = -ENAMETOOLONG;
	} else if (r) {
		memcpy(buf, label, r);
		buf[r++] = '\0';
	}
	security_release_secctx(label, len);
	return r;
}

/*
 * The arena first.  What does not fit there goes through a page, which is not
 * charged to anybody as it is gone before we return.
 */
static int identity_gather_text(struct kdbus_identity *id,
				struct kdbus_text *text,
				int (*render)(struct kdbus_identity *id,
					      char *buf, size_t size))
{
	size_t room = ARENA_SIZE - id->arena_used;
	char *data = id->arena + id->arena_used;
	char *page;
	int r;

	r = room ? render(id, data, room) : -ENAMETOOLONG;
	if (r > 0) {
		id->arena_used += r;
	} else if (r == -ENAMETOOLONG) {
		page = kmalloc(KDBUS_IDENTITY_TEXT_MAX, GFP_KERNEL);
		if (!page)
			return -ENOMEM;
		r = render(id, page, KDBUS_IDENTITY_TEXT_MAX);
		data = r > 0 ? kmemdup(page, r, GFP_KERNEL_ACCOUNT) : NULL;
		kfree(page);
		if (r > 0 && !data)
			return -ENOMEM;
	}
	if (r == -ENOMEM)
		return r;

	if (r > 0) {
		text->data = data;
		text->size = r;
	}
	return 0;
}

static int identity_gather_texts(struct kdbus_identity *id, u64 mask)
{
	static const struct {
		u64 attach;
		enum kdbus_text_kind kind;
		int (*render)(struct kdbus_identity *id, char *buf, size_t size);
	} table[] = {
		/* those that are kept come first */
		{ KDBUS_ATTACH_SECLABEL, KDBUS_TEXT_SECLABEL,	render_seclabel },
		{ KDBUS_ATTACH_EXE,	 KDBUS_TEXT_EXE,	render_exe },
		{ KDBUS_ATTACH_CMDLINE,	 KDBUS_TEXT_CMDLINE,	render_cmdline },
		{ KDBUS_ATTACH_CGROUP,	 KDBUS_TEXT_CGROUP,	render_cgroup },
	};
	unsigned int i;
	int r;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct kdbus_text *text = &id->text[table[i].kind];

		if (!(mask & table[i].attach))
			continue;
		r = identity_gather_text(id, text, table[i].render);
		if (r < 0)
			return r;
		id->tried |= table[i].attach;
		if (text->data)
			id->has |= table[i].attach;
	}
	return 0;
}

/* what a few loads tell */

static void identity_gather_creds(struct kdbus_identity *id)
{
	const struct cred *cred = current_cred();

	id->uid[0] = cred->uid;
	id->uid[1] = cred->euid;
	id->uid[2] = cred->suid;
	id->uid[3] = cred->fsuid;
	id->gid[0] = cred->gid;
	id->gid[1] = cred->egid;
	id->gid[2] = cred->sgid;
	id->gid[3] = cred->fsgid;
}

static void identity_gather_pids(struct kdbus_identity *id)
{
	id->tid = get_pid(task_pid(current));
	id->ppid = get_parent_pid();
}

static void identity_gather_comm(struct kdbus_text *text, const char *comm)
{
	text->data = comm;
	text->size = strlen(comm) + 1;
}

static void identity_gather_plain(struct kdbus_identity *id, u64 mask)
{
	if (mask & KDBUS_ATTACH_CREDS)
		identity_gather_creds(id);
	if (mask & KDBUS_ATTACH_PIDS)
		identity_gather_pids(id);
	if (mask & KDBUS_ATTACH_TID_COMM) {
		get_task_comm(id->tid_comm, current);
		identity_gather_comm(&id->text[KDBUS_TEXT_TID_COMM],
				     id->tid_comm);
	}
	if (mask & KDBUS_ATTACH_PID_COMM) {
		/* only exec() moves the leader, and that would end us first */
		get_task_comm(id->pid_comm, current->group_leader);
		identity_gather_comm(&id->text[KDBUS_TEXT_PID_COMM],
				     id->pid_comm);
	}
	if (mask & KDBUS_ATTACH_AUDIT) {
		id->loginuid = audit_get_loginuid(current);
		id->sessionid = audit_get_sessionid(current);
	}
	id->tried |= mask;
	id->has |= mask;
}

int kdbus_identity_gather(struct kdbus_identity *id, u64 mask)
{
	const u64 texts = KDBUS_ATTACH_EXE | KDBUS_ATTACH_CMDLINE |
			  KDBUS_ATTACH_CGROUP | KDBUS_ATTACH_SECLABEL;

	if (!IS_ENABLED(CONFIG_AUDIT))
		mask &= ~(u64)KDBUS_ATTACH_AUDIT;
	/*
	 * Whatever is wanted, its receivers ask whether they see the process;
	 * a faked one is not ours to name.
	 */
	if (!id->pid && id->tried != KDBUS_IDENTITY_ALL)
		id->pid = get_pid(task_tgid(current));
	mask &= KDBUS_IDENTITY_ALL & ~id->tried;
	if (!mask)
		return 0;

	if (mask & (IDENTITY_OF_CRED | KDBUS_ATTACH_SECLABEL) && !id->cred)
		id->cred = get_current_cred();
	identity_gather_plain(id, mask & ~texts);
	if (mask & texts)
		return identity_gather_texts(id, mask & texts);
	return 0;
}
