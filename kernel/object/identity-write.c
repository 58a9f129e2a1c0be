// SPDX-License-Identifier: GPL-2.0-only
/*
 * Identity, rendered: items about a process as one receiver is to see them.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs_struct.h>
#include <linux/kernel.h>
#include <linux/path.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "object/identity-write.h"
#include "object/identity.h"
#include "util/item.h"

#define UNSET			((u32)~0U)

/* 32-bit words of a capability set */
#define CAP_WORDS		(sizeof(u64) / sizeof(u32))
#define CAP_ALL			(BIT_ULL(CAP_LAST_CAP + 1) - 1)

void kdbus_audience_init(struct kdbus_audience *a, const struct cred *opener)
{
	a->user_ns = get_user_ns(opener->user_ns);
	a->pid_ns = get_pid_ns(task_active_pid_ns(current));
	get_fs_root(current->fs, &a->root);
}

void kdbus_audience_deinit(struct kdbus_audience *a)
{
	path_put(&a->root);
	put_pid_ns(a->pid_ns);
	put_user_ns(a->user_ns);
}

bool kdbus_audience_equal(const struct kdbus_audience *a,
			  const struct kdbus_audience *b)
{
	return a->user_ns == b->user_ns && a->pid_ns == b->pid_ns &&
	       path_equal(&a->root, &b->root);
}

u64 kdbus_audience_shares(const struct kdbus_audience *a,
			  const struct kdbus_audience *b)
{
	u64 mask = _KDBUS_ATTACH_ALL;

	if (a->user_ns != b->user_ns)
		mask &= ~(KDBUS_ATTACH_CREDS | KDBUS_ATTACH_AUXGROUPS |
			  KDBUS_ATTACH_CAPS | KDBUS_ATTACH_AUDIT);
	if (a->pid_ns != b->pid_ns)
		mask &= ~KDBUS_IDENTITY_ALL | KDBUS_ATTACH_CREDS |
			KDBUS_ATTACH_AUXGROUPS;
	if (!path_equal(&a->root, &b->root))
		mask &= ~KDBUS_ATTACH_EXE;
	return mask;
}

bool kdbus_audience_sees(const struct kdbus_audience *a,
			 const struct kdbus_identity *id)
{
	return pid_nr_ns(id->pid, a->pid_ns);
}

bool kdbus_identity_find_process(const struct kdbus_identity *id,
				 const struct kdbus_audience *a,
				 struct kdbus_process *out)
{
	struct task_struct *task;

	if (!(id->has & KDBUS_ATTACH_PIDS) || !kdbus_audience_sees(a, id))
		return false;

	/*
	 * Pairs with the pidmap_lock that a number passes through from one
	 * process to the next: who has seen the next one sees here that this
	 * one has gone.
	 */
	smp_mb();
	guard(rcu)();
	task = pid_task(id->pid, PIDTYPE_TGID);
	if (!task)
		return false;
	out->pid = pid_nr_ns(id->pid, a->pid_ns);
	out->start_ns = task->start_boottime;
	return true;
}

/* The map of the first namespace is the identity: most receivers live there. */

static u64 audience_uid(const struct kdbus_audience *a, kuid_t uid)
{
	if (!uid_valid(uid))
		return UNSET;
	if (a->user_ns == &init_user_ns)
		return __kuid_val(uid);
	return from_kuid_munged(a->user_ns, uid);
}

static u64 audience_gid(const struct kdbus_audience *a, kgid_t gid)
{
	if (!gid_valid(gid))
		return UNSET;
	if (a->user_ns == &init_user_ns)
		return __kgid_val(gid);
	return from_kgid_munged(a->user_ns, gid);
}

static void write_creds(const struct kdbus_identity *id,
			const struct kdbus_audience *a, void *payload)
{
	struct kdbus_creds *creds = payload;

	creds->uid = audience_uid(a, id->uid[0]);
	creds->euid = audience_uid(a, id->uid[1]);
	creds->suid = audience_uid(a, id->uid[2]);
	creds->fsuid = audience_uid(a, id->uid[3]);
	creds->gid = audience_gid(a, id->gid[0]);
	creds->egid = audience_gid(a, id->gid[1]);
	creds->sgid = audience_gid(a, id->gid[2]);
	creds->fsgid = audience_gid(a, id->gid[3]);
}

static void write_pids(const struct kdbus_identity *id,
		       const struct kdbus_audience *a, void *payload)
{
	struct kdbus_pids *pids = payload;

	pids->pid = pid_nr_ns(id->pid, a->pid_ns);
	pids->tid = pid_nr_ns(id->tid, a->pid_ns);
	pids->ppid = pid_nr_ns(id->ppid, a->pid_ns);
}

static void write_auxgroups(const struct kdbus_identity *id,
			    const struct kdbus_audience *a, void *payload)
{
	const struct group_info *info = id->cred->group_info;
	u64 *groups = payload;
	int i;

	for (i = 0; i < info->ngroups; i++)
		groups[i] = audience_gid(a, info->gid[i]);
}

/* what the credentials of one user namespace are worth in another */
enum standing {
	STANDING_NONE,		/* outside of it: nothing */
	STANDING_SAME,		/* in or below it: what they say */
	STANDING_OWNER,		/* owner of a namespace around it: everything */
};

static enum standing audience_grants(const struct kdbus_audience *a,
				     const struct cred *cred)
{
	const struct user_namespace *ns = a->user_ns, *below = NULL;

	while (ns->level > cred->user_ns->level) {
		below = ns;
		ns = ns->parent;
	}
	if (ns != cred->user_ns)
		return STANDING_NONE;
	if (below && uid_eq(below->owner, cred->euid))
		return STANDING_OWNER;
	return STANDING_SAME;
}

static void write_caps(const struct kdbus_identity *id,
		       const struct kdbus_audience *a, void *payload)
{
	const struct cred *cred = id->cred;
	struct kdbus_caps *caps = payload;
	u64 sets[4] = { 0, 0, 0, 0 };
	unsigned int i;

	switch (audience_grants(a, cred)) {
	case STANDING_NONE:
		break;
	case STANDING_SAME:
		sets[0] = kernel_cap_val(cred->cap_inheritable);
		sets[1] = kernel_cap_val(cred->cap_permitted);
		sets[2] = kernel_cap_val(cred->cap_effective);
		sets[3] = kernel_cap_val(cred->cap_bset);
		break;
	case STANDING_OWNER:
		sets[1] = sets[2] = sets[3] = CAP_ALL;
		break;
	}

	caps->last_cap = CAP_LAST_CAP;
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		caps->caps[i * CAP_WORDS] = lower_32_bits(sets[i] & CAP_ALL);
		caps->caps[i * CAP_WORDS + 1] = upper_32_bits(sets[i] & CAP_ALL);
	}
}

static void write_audit(const struct kdbus_identity *id,
			const struct kdbus_audience *a, void *payload)
{
	struct kdbus_audit *audit = payload;

	/* from_kuid(): unset and unmapped both read as ~0 */
	audit->sessionid = id->sessionid;
	audit->loginuid = from_kuid(a->user_ns, id->loginuid);
}

/**
 * struct identity_item - how an item is made
 * @attach:	the bit that asks for it
 * @type:	its type
 * @size:	bytes of its payload, if that is always the same
 * @write:	fills the payload; NULL for a text
 * @text:	which text
 */
struct identity_item {
	u64 attach;
	u64 type;
	size_t size;
	void (*write)(const struct kdbus_identity *id,
		      const struct kdbus_audience *a, void *payload);
	enum kdbus_text_kind text;
};

#define ITEM(_name, _size, _write) \
	{ KDBUS_ATTACH_##_name, KDBUS_ITEM_##_name, _size, _write, 0 }
#define TEXT(_name) \
	{ KDBUS_ATTACH_##_name, KDBUS_ITEM_##_name, 0, NULL, KDBUS_TEXT_##_name }

/* in the order in which receivers get them */
static const struct identity_item identity_items[] = {
	ITEM(CREDS, sizeof(struct kdbus_creds), write_creds),
	ITEM(PIDS, sizeof(struct kdbus_pids), write_pids),
	ITEM(AUXGROUPS, 0, write_auxgroups),
	TEXT(TID_COMM),
	TEXT(PID_COMM),
	TEXT(EXE),
	TEXT(CMDLINE),
	TEXT(CGROUP),
	ITEM(CAPS, offsetof(struct kdbus_caps, caps[4 * CAP_WORDS]), write_caps),
	TEXT(SECLABEL),
	ITEM(AUDIT, sizeof(struct kdbus_audit), write_audit),
};

/* bytes of the payload */
static size_t identity_item_size(const struct kdbus_identity *id,
				 const struct identity_item *item)
{
	size_t payload = item->size;

	if (!item->write)
		payload = id->text[item->text].size;
	else if (item->attach == KDBUS_ATTACH_AUXGROUPS)
		payload = id->cred->group_info->ngroups * sizeof(u64);

	return payload;
}

/* what of @mask there is to show to @a */
static u64 identity_shown(const struct kdbus_identity *id,
			  const struct kdbus_audience *a, u64 mask)
{
	mask &= id->has;
	if (mask & KDBUS_ATTACH_EXE && !path_equal(&id->root, &a->root))
		mask &= ~(u64)KDBUS_ATTACH_EXE;
	return mask;
}

size_t kdbus_identity_size(const struct kdbus_identity *id,
			   const struct kdbus_audience *a, u64 mask)
{
	size_t size = 0;
	unsigned int i;

	mask = identity_shown(id, a, mask);
	for (i = 0; i < ARRAY_SIZE(identity_items); i++)
		if (mask & identity_items[i].attach)
			size += KDBUS_ITEM_SIZE(
				identity_item_size(id, &identity_items[i]));
	return size;
}

static size_t identity_write_item(const struct kdbus_identity *id,
				  const struct kdbus_audience *a,
				  const struct identity_item *item, void *buf)
{
	size_t size = identity_item_size(id, item);
	struct kdbus_item *out = kdbus_item_begin(buf, item->type, size);

	if (item->write)
		item->write(id, a, out->data);
	else
		memcpy(out->data, id->text[item->text].data, size);
	return KDBUS_ITEM_SIZE(size);
}

size_t kdbus_identity_write(const struct kdbus_identity *id,
			    const struct kdbus_audience *a, u64 mask, void *buf)
{
	void *end = buf;
	unsigned int i;

	mask = identity_shown(id, a, mask);
	for (i = 0; i < ARRAY_SIZE(identity_items); i++)
		if (mask & identity_items[i].attach)
			end += identity_write_item(id, a, &identity_items[i],
						   end);
	return end - buf;
}
