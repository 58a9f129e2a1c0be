/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Identity: what the bus knows of a process, gathered once.
 */
#ifndef KDBUS_OBJECT_IDENTITY_H
#define KDBUS_OBJECT_IDENTITY_H

#include <linux/limits.h>
#include <linux/path.h>
#include <linux/pid.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include <linux/kdbus.h>

struct cred;

/*
 * An identity is a snapshot of one process: who it is (credentials, pids,
 * groups, capabilities), what it runs (names, executable, arguments) and how
 * the system files it (control group, security label, audit session).  Three
 * things have one: a message (the task executing SEND), a connection (the
 * caller of HELLO, or what an owner claims to speak for) and a bus (the caller
 * of BUS_MAKE).
 *
 * Nothing in it is translated yet.  Ids are kernel ids, pids are references,
 * and identity-write.h turns them into numbers for one receiver at a time.
 *
 * Its life has two phases.  While it has a single owner, that owner may call
 * kdbus_identity_gather() again and again, always from the process described,
 * as it learns of receivers that want more; each item is looked at once, found
 * or not.  Once a second party can see it, it is immutable and needs no lock.
 *
 * A faked identity is complete from birth: gathering adds nothing to it, so
 * no data of the process that did the faking can slip in.
 *
 * SENDs with all metadata are frequent, so an identity is one allocation, and
 * a sender's last one can be parked until its next message: memory, pids,
 * credentials, label and executable are then used again if they are still true.  The
 * texts share the arena behind the struct; only what does not fit is allocated
 * by itself, after passing through a page.  No text is longer than
 * KDBUS_IDENTITY_TEXT_MAX with its NUL: paths and labels beyond it are
 * unavailable, arguments are cut.
 */

/* bytes of the one allocation, arena included */
#define KDBUS_IDENTITY_SIZE	512

/* how long a parked text may lag behind the truth */
#define KDBUS_IDENTITY_LAG	HZ

/* bytes of the longest text, its NUL included */
#define KDBUS_IDENTITY_TEXT_MAX	PATH_MAX

/* the items an identity can hold; the others are not about processes */
#define KDBUS_IDENTITY_ALL						\
	(KDBUS_ATTACH_CREDS | KDBUS_ATTACH_PIDS | KDBUS_ATTACH_AUXGROUPS | \
	 KDBUS_ATTACH_TID_COMM | KDBUS_ATTACH_PID_COMM |		\
	 KDBUS_ATTACH_EXE | KDBUS_ATTACH_CMDLINE | KDBUS_ATTACH_CGROUP | \
	 KDBUS_ATTACH_CAPS | KDBUS_ATTACH_SECLABEL | KDBUS_ATTACH_AUDIT)

enum kdbus_text_kind {
	KDBUS_TEXT_TID_COMM,
	KDBUS_TEXT_PID_COMM,
	KDBUS_TEXT_EXE,
	KDBUS_TEXT_CMDLINE,
	KDBUS_TEXT_CGROUP,
	KDBUS_TEXT_SECLABEL,
	KDBUS_TEXT_N,
};

/**
 * struct kdbus_text - one text of an identity
 * @data:	the text, inside the identity or on the heap; NULL if not there
 * @size:	bytes, the last NUL included
 */
struct kdbus_text {
	const char *data;
	size_t size;
};

/**
 * struct kdbus_identity - what is known of a process
 * @refs:		references
 * @arena_used:		bytes of @arena that hold texts
 * @has:		KDBUS_ATTACH_* of what is there
 * @tried:		KDBUS_ATTACH_* of what needs no second look
 * @pid:		the process, for PIDS and to tell who can see it; set by
 *			the first gather whatever was asked for
 * @tid:		PIDS: the thread
 * @ppid:		PIDS: the parent process
 * @cred:		AUXGROUPS, CAPS: credentials; CREDS lives in @uid, @gid
 * @secid:		SECLABEL: what the security module calls the label
 * @label_until:	SECLABEL: jiffies until which the text may be reused
 * @exe_until:		EXE: the same
 * @exe_file:		EXE: what the path is of, to compare with only
 * @exe_execs:		EXE: how often the task had called exec()
 * @uid:		CREDS: real, effective, saved, file-system; an invalid
 *			id is one that was faked as unset
 * @gid:		CREDS: the same order
 * @loginuid:		AUDIT: may be invalid
 * @sessionid:		AUDIT: may be unset
 * @exe_root:		EXE: @root, to compare with only
 * @root:		EXE: the file-system root the path starts at
 * @text:		the texts, by kind
 * @tid_comm:		TID_COMM: name of the thread
 * @pid_comm:		PID_COMM: name of the thread group leader
 * @arena:		the other texts, one behind the other
 */
struct kdbus_identity {
	refcount_t refs;
	unsigned int arena_used;
	u64 has;
	u64 tried;

	struct pid *pid;
	struct pid *tid;
	struct pid *ppid;

	const struct cred *cred;
	kuid_t uid[4];
	kgid_t gid[4];
	u32 secid;
	unsigned long label_until;

	unsigned long exe_until;
	const struct file *exe_file;
	u64 exe_execs;
	struct path exe_root;

	kuid_t loginuid;
	u32 sessionid;

	struct path root;

	struct kdbus_text text[KDBUS_TEXT_N];
	char tid_comm[TASK_COMM_LEN];
	char pid_comm[TASK_COMM_LEN];
	char arena[];
};

/**
 * kdbus_identity_new() - make an empty identity
 *
 * Return: the identity with one reference, or ERR_PTR(-ENOMEM).
 */
struct kdbus_identity *kdbus_identity_new(void);

/**
 * kdbus_identity_new_fake() - make an identity from claimed values
 * @creds:	ids in the caller's user namespace, or NULL; ~0 in 32 or 64 bits
 *		stands for unset
 * @pids:	pids in the caller's pid namespace, or NULL; 0 stands for unset
 * @seclabel:	NUL-terminated label, or NULL
 *
 * Whether the caller may claim anything at all is not checked here.
 *
 * Return: the identity with one reference, ERR_PTR(-EINVAL) if an id does not
 * map or a pid names no process, or ERR_PTR(-ENOMEM).
 */
struct kdbus_identity *kdbus_identity_new_fake(const struct kdbus_creds *creds,
					       const struct kdbus_pids *pids,
					       const char *seclabel);

/**
 * kdbus_identity_ref() - take another reference
 * @id:		identity, or NULL
 *
 * Return: @id.
 */
struct kdbus_identity *kdbus_identity_ref(struct kdbus_identity *id);

/**
 * kdbus_identity_unref() - drop a reference
 * @id:		identity, or NULL
 *
 * Return: NULL.
 */
struct kdbus_identity *kdbus_identity_unref(struct kdbus_identity *id);

/**
 * kdbus_identity_take() - take the parked identity, or make one
 * @slot:	where kdbus_identity_park() may have left one
 *
 * What it still holds was true before and is true of the current task now; all
 * else is empty.  A label may lag behind a reload of the security policy, and
 * the path of an executable behind its renaming, by a second at most.  Several
 * tasks may use one slot at the same time.
 *
 * Return: an identity with a single owner, or ERR_PTR(-ENOMEM).
 */
struct kdbus_identity *kdbus_identity_take(struct kdbus_identity **slot);

/**
 * kdbus_identity_park() - drop a reference, keep the identity for the next
 * @slot:	where to leave it; whoever owns the slot drops what is left there
 * @id:		identity, or NULL
 *
 * If this was not the last reference, it is only dropped.  Nothing that could
 * keep a file system busy is parked.
 *
 * Return: NULL.
 */
struct kdbus_identity *kdbus_identity_park(struct kdbus_identity **slot,
					   struct kdbus_identity *id);

/**
 * kdbus_identity_gather() - look at the current task
 * @id:		identity with a single owner
 * @mask:	KDBUS_ATTACH_* wanted; bits outside KDBUS_IDENTITY_ALL are
 *		ignored
 *
 * Adds what is wanted and not there yet.  What the task cannot tell (it has no
 * executable, no label, an unreadable argument area …) is left out silently.
 * Sleeps, and may fault on the task's own memory.
 *
 * Return: 0, or -ENOMEM; what was gathered before stays, and the call may be
 * repeated.
 */
int kdbus_identity_gather(struct kdbus_identity *id, u64 mask);

/**
 * kdbus_identity_has() - what is there
 * @id:		identity
 *
 * Return: mask of KDBUS_ATTACH_*.
 */
u64 kdbus_identity_has(const struct kdbus_identity *id);

#endif /* KDBUS_OBJECT_IDENTITY_H */
