/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Identity, rendered: items about a process as one receiver is to see them.
 */
#ifndef KDBUS_OBJECT_IDENTITY_WRITE_H
#define KDBUS_OBJECT_IDENTITY_WRITE_H

#include <linux/path.h>
#include <linux/types.h>

struct cred;
struct kdbus_identity;
struct kdbus_process;
struct pid_namespace;
struct user_namespace;

/*
 * The same process has another number, another owner and another path
 * depending on who looks.  An audience is where a receiver stands: it is fixed
 * when the receiver comes into being, and an identity is rendered for it as
 * often as messages arrive.  Receivers with equal audiences may share the
 * result, which is how a broadcast to a thousand of them is rendered once.
 *
 * Rendering is pure: identity and audience are immutable by then, nothing
 * sleeps and nothing fails, and kdbus_identity_size() is exact for the
 * kdbus_identity_write() that follows it, however much later.
 */

/**
 * struct kdbus_audience - where a receiver stands
 * @user_ns:	user namespace that ids are translated into
 * @pid_ns:	pid namespace that pids are translated into
 * @root:	file-system root; paths told from another one are withheld
 *
 * Holds a reference on each.
 */
struct kdbus_audience {
	struct user_namespace *user_ns;
	struct pid_namespace *pid_ns;
	struct path root;
};

/**
 * kdbus_audience_init() - stand where the current task stands
 * @a:		audience
 * @opener:	credentials with which the receiver's file was opened; its user
 *		namespace is used, not the current task's
 */
void kdbus_audience_init(struct kdbus_audience *a, const struct cred *opener);

/**
 * kdbus_audience_deinit() - drop the references
 * @a:		audience
 */
void kdbus_audience_deinit(struct kdbus_audience *a);

/**
 * kdbus_audience_equal() - do both see every identity alike
 * @a:		one audience
 * @b:		the other
 */
bool kdbus_audience_equal(const struct kdbus_audience *a,
			  const struct kdbus_audience *b);

/**
 * kdbus_audience_shares() - what may one be shown that was rendered for another
 * @a:		the one
 * @b:		the other
 *
 * Where they do not see the same processes that is next to nothing.
 *
 * Return: KDBUS_ATTACH_*.
 */
u64 kdbus_audience_shares(const struct kdbus_audience *a,
			  const struct kdbus_audience *b);

/**
 * kdbus_audience_sees() - is the process visible in the pid namespace
 * @a:		audience
 * @id:		identity
 *
 * Return: true if the process has a number there; false also if no process is
 * known, because nothing was gathered yet or the identity was faked without a
 * pid.
 */
bool kdbus_audience_sees(const struct kdbus_audience *a,
			 const struct kdbus_identity *id);

/**
 * kdbus_identity_find_process() - is the process still there
 * @id:		identity
 * @a:		who asks
 * @out:	written if it is
 *
 * As long as a process has not been waited for, no other one has its number.
 * So whoever opened the number before this is called, and then gets it from
 * here, has opened that very process.
 *
 * Return: false if it has gone, is not visible, or was never known.
 */
bool kdbus_identity_find_process(const struct kdbus_identity *id,
				 const struct kdbus_audience *a,
				 struct kdbus_process *out);

/**
 * kdbus_identity_size() - room that the items will take
 * @id:		identity
 * @a:		who will read them
 * @mask:	KDBUS_ATTACH_* allowed; what @id does not have is left out
 *
 * Return: bytes, a multiple of 8.
 */
size_t kdbus_identity_size(const struct kdbus_identity *id,
			   const struct kdbus_audience *a, u64 mask);

/**
 * kdbus_identity_write() - write the items
 * @id:		identity
 * @a:		who will read them
 * @mask:	as for kdbus_identity_size()
 * @buf:	8-byte aligned, at least kdbus_identity_size() bytes
 *
 * Items come in the order of enum kdbus_attach_flags; the padding behind each,
 * the last one included, is zero.
 *
 * Return: bytes written, what kdbus_identity_size() returns.
 */
size_t kdbus_identity_write(const struct kdbus_identity *id,
			    const struct kdbus_audience *a, u64 mask,
			    void *buf);

#endif /* KDBUS_OBJECT_IDENTITY_WRITE_H */
