// SPDX-License-Identifier: GPL-2.0-only
/* A reply that somebody is owed. */

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "object/conn.h"
#include "object/reply.h"
#include "util/spare.h"

/* deadlines further away are looked at again after so long */
#define EXPIRY_MAX_NS	(600ULL * NSEC_PER_SEC)

/*
 * A reply is on two lists, each with a reference, each under the lock of its
 * own connection, and the two locks are never held together.  Whoever ends a
 * reply first changes its state and then takes it off the lists.
 */
/* tests/model/await.pml, tests/model/handover.pml */

/* deadlines */

/* jiffies until then, rounded up */
static unsigned long delay_of(u64 ns)
{
	return ns ? div_u64(ns, NSEC_PER_SEC / HZ) + 1 : 0;
}

/*
 * Make sure that the requester looks at its deadlines in time.  Most are later
 * than one that it is going to look at anyway.
 */
static void arm_expiry(struct kdbus_conn *conn, u64 deadline)
{
	u64 now, ns;

	lockdep_assert_held(&conn->calls.lock);
	if (deadline >= conn->calls.next || !kdbus_active_is_on(&conn->active))
		return;
	now = ktime_get_ns();
	ns = deadline > now ? min(deadline - now, EXPIRY_MAX_NS) : 0;
	conn->calls.next = now + ns;
	mod_delayed_work(system_wq, &conn->calls.expiry, delay_of(ns));
}

/* pairs with READ_ONCE() in kdbus_reply_resume() */
static void calls_count(struct kdbus_conn *requester, int change)
{
	lockdep_assert_held(&requester->calls.lock);
	WRITE_ONCE(requester->calls.n, requester->calls.n + change);
}

/*
 * The lock of the requester's calls is held.  Pairs with READ_ONCE() in
 * kdbus_reply_owe(), and with that of the task that waits, which takes the lock
 * before it looks at the result.
 */
static void set_state(struct kdbus_reply *reply, enum kdbus_reply_state state)
{
	lockdep_assert_held(&reply->requester->calls.lock);
	WRITE_ONCE(reply->state, state);
}

/* Is there still something to happen at the deadline? */
static bool may_expire(const struct kdbus_reply *reply)
{
	return reply->armed &&
	       (reply->state == KDBUS_REPLY_OPEN || reply->sync);
}

static void arm(struct kdbus_reply *reply)
{
	reply->armed = true;
	arm_expiry(reply->requester, reply->deadline);
}

/* lifetime */

/**
 * kdbus_reply_new() - open a reply slot
 * @requester:	who is going to wait; a command of it is in progress
 * @replier:	who has to answer
 * @cookie:	of the request
 * @deadline:	CLOCK_MONOTONIC nanoseconds
 * @sync:	whether the requester is going to sleep
 *
 * Return: a reference; ERR_PTR(-EMLINK) if the requester has too many,
 * ERR_PTR(-ECONNRESET) if it is being ended, ERR_PTR(-ENOMEM).
 */
struct kdbus_reply *kdbus_reply_new(struct kdbus_conn *requester,
				    struct kdbus_conn *replier, u64 cookie,
				    u64 deadline, bool sync)
{
	struct kdbus_reply *reply;
	int r = 0;

	reply = kdbus_spare_take(&requester->spare.reply);
	if (!reply)
		reply = kmalloc(sizeof(*reply), GFP_KERNEL_ACCOUNT);
	if (!reply)
		return ERR_PTR(-ENOMEM);
	memset(reply, 0, sizeof(*reply));
	kref_init(&reply->ref);
	reply->cookie = cookie;
	reply->deadline = deadline;
	reply->sync = sync;
	reply->waiting = sync;
	INIT_LIST_HEAD(&reply->in_owed);
	rcuwait_init(&reply->wait);

	spin_lock(&requester->calls.lock);
	if (!kdbus_active_is_on(&requester->active))
		r = -ECONNRESET;
	else if (requester->calls.n >= KDBUS_REPLIES_MAX)
		r = -EMLINK;
	if (r) {
		spin_unlock(&requester->calls.lock);
		kfree(reply);
		return ERR_PTR(r);
	}
	reply->requester = kdbus_conn_ref(requester);
	reply->replier = kdbus_conn_ref(replier);
	hlist_add_head(&reply->in_calls, &requester->calls.list);
	calls_count(requester, 1);
	kdbus_reply_ref(reply);
	if (sync)
		arm(reply);
	spin_unlock(&requester->calls.lock);
	return reply;
}

struct kdbus_reply *kdbus_reply_ref(struct kdbus_reply *reply)
{
	if (reply)
		kref_get(&reply->ref);
	return reply;
}

static void reply_free(struct kref *ref)
{
	struct kdbus_reply *reply = container_of(ref, struct kdbus_reply, ref);

	struct kdbus_conn *requester = reply->requester;

	WARN_ON_ONCE(reply->answer);
	kdbus_conn_unref(reply->replier);
	kfree(kdbus_spare_keep(&requester->spare.reply, reply));
	kdbus_conn_unref(requester);
}

struct kdbus_reply *kdbus_reply_unref(struct kdbus_reply *reply)
{
	if (reply)
		kref_put(&reply->ref, reply_free);
	return NULL;
}

/*
 * Take the reply off the requester's list; its lock is held.  The caller drops
 * the reference that the list held.
 */
static void unlink_call(struct kdbus_reply *reply)
{
	lockdep_assert_held(&reply->requester->calls.lock);
	hlist_del_init(&reply->in_calls);
	calls_count(reply->requester, -1);
}

/* Take a reply that is not open any more off the replier's list. */
static void unlink_owed(struct kdbus_reply *reply)
{
	struct kdbus_conn *replier = reply->replier;
	bool linked;

	spin_lock(&replier->inbox.lock);
	linked = !list_empty(&reply->in_owed);
	list_del_init(&reply->in_owed);
	spin_unlock(&replier->inbox.lock);
	if (linked)
		kdbus_reply_unref(reply);
}

/* the replier's side */

/**
 * kdbus_reply_owe() - note with the replier that somebody waits for it
 * @reply:	reply
 *
 * The replier's inbox lock is held, and the inbox is not closed.
 */
void kdbus_reply_owe(struct kdbus_reply *reply)
{
	struct kdbus_conn *replier = reply->replier;

	lockdep_assert_held(&replier->inbox.lock);
	if (READ_ONCE(reply->state) != KDBUS_REPLY_OPEN)
		return;
	kdbus_reply_ref(reply);
	list_add_tail(&reply->in_owed, &replier->inbox.owed);
}

/**
 * kdbus_reply_move() - somebody else has to answer from now on
 * @reply:	reply
 * @replier:	who
 *
 * The registry is locked: replies move with names only.
 *
 * Return: false if @replier is gone, and kdbus_reply_break() is due.
 */
bool kdbus_reply_move(struct kdbus_reply *reply, struct kdbus_conn *replier)
{
	struct kdbus_conn *old;
	bool open, alive;

	unlink_owed(reply);
	spin_lock(&reply->requester->calls.lock);
	open = reply->state == KDBUS_REPLY_OPEN;
	old = open ? reply->replier : NULL;
	if (open)
		reply->replier = kdbus_conn_ref(replier);
	spin_unlock(&reply->requester->calls.lock);
	if (!open)
		return true;

	spin_lock(&replier->inbox.lock);
	alive = !replier->inbox.closed;
	if (alive)
		kdbus_reply_owe(reply);
	spin_unlock(&replier->inbox.lock);
	kdbus_conn_unref(old);
	return alive;
}

/**
 * kdbus_reply_take() - use up a slot by answering
 * @requester:	who waits
 * @replier:	who answers
 * @cookie:	of the request
 *
 * The slot of a synchronous request is to be finished by kdbus_reply_answer(),
 * that of an asynchronous one is closed.
 *
 * Return: a reference, or NULL if there is no such slot.
 */
struct kdbus_reply *kdbus_reply_take(struct kdbus_conn *requester,
				     struct kdbus_conn *replier, u64 cookie)
{
	struct kdbus_reply *reply;
	bool found = false;

	spin_lock(&requester->calls.lock);
	hlist_for_each_entry(reply, &requester->calls.list, in_calls) {
		found = reply->state == KDBUS_REPLY_OPEN &&
			reply->replier == replier && reply->cookie == cookie;
		if (found)
			break;
	}
	if (found) {
		if (reply->sync) {
			set_state(reply, KDBUS_REPLY_ANSWERING);
			kdbus_reply_ref(reply);
		} else {
			set_state(reply, KDBUS_REPLY_CLOSED);
			unlink_call(reply);
		}
	}
	spin_unlock(&requester->calls.lock);
	if (!found)
		return NULL;
	unlink_owed(reply);
	return reply;
}

/**
 * kdbus_reply_answer() - finish a slot that was taken
 * @reply:	synchronous reply
 * @result:	0 or an error for the requester
 * @answer:	the answer, if @result is 0; handed over on success
 *
 * Return: 0, or -ECONNRESET if the requester has stopped waiting.
 */
int kdbus_reply_answer(struct kdbus_reply *reply, int result,
		       struct kdbus_entry *answer)
{
	int r = -ECONNRESET;

	spin_lock(&reply->requester->calls.lock);
	if (reply->state == KDBUS_REPLY_ANSWERING) {
		reply->result = result;
		reply->answer = answer;
		set_state(reply, KDBUS_REPLY_DONE);
		r = 0;
	}
	spin_unlock(&reply->requester->calls.lock);
	if (!r)
		rcuwait_wake_up(&reply->wait);
	return r;
}

/**
 * kdbus_reply_break() - there will be no answer
 * @reply:	reply
 *
 * A synchronous requester is woken with -EPIPE.
 *
 * Return: true if an asynchronous requester has to be told.
 */
bool kdbus_reply_break(struct kdbus_reply *reply)
{
	struct kdbus_conn *requester = reply->requester;
	bool tell = false;

	spin_lock(&requester->calls.lock);
	if (reply->state != KDBUS_REPLY_OPEN) {
		spin_unlock(&requester->calls.lock);
		return false;
	}
	if (reply->sync) {
		reply->result = -EPIPE;
		set_state(reply, KDBUS_REPLY_DONE);
	} else {
		set_state(reply, KDBUS_REPLY_CLOSED);
		unlink_call(reply);
		tell = true;
	}
	spin_unlock(&requester->calls.lock);

	unlink_owed(reply);
	if (tell)
		kdbus_reply_unref(reply);
	else
		rcuwait_wake_up(&reply->wait);
	return tell;
}

/**
 * kdbus_reply_take_owed() - the next reply that a dying connection owes
 * @replier:	connection whose inbox is closed
 *
 * Return: a reference to a reply that may need kdbus_reply_break(), or NULL.
 */
struct kdbus_reply *kdbus_reply_take_owed(struct kdbus_conn *replier)
{
	struct kdbus_reply *reply;

	guard(spinlock)(&replier->inbox.lock);
	reply = list_first_entry_or_null(&replier->inbox.owed,
					 struct kdbus_reply, in_owed);
	if (reply)
		list_del_init(&reply->in_owed);
	return reply;
}

/* the requester's side */

/**
 * kdbus_reply_arm() - the request was sent, its deadline counts from now on
 * @reply:	asynchronous reply; at the deadline of another its task is woken,
 *		which may be early
 */
void kdbus_reply_arm(struct kdbus_reply *reply)
{
	guard(spinlock)(&reply->requester->calls.lock);
	if (reply->state != KDBUS_REPLY_CLOSED)
		arm(reply);
}

/**
 * kdbus_reply_resume() - wait again for the answer to an interrupted request
 * @requester:	who waits
 * @cookie:	of the request
 *
 * Return: a reference, or NULL if there is no such request.
 */
struct kdbus_reply *kdbus_reply_resume(struct kdbus_conn *requester,
				       u64 cookie)
{
	struct kdbus_reply *reply;

	if (!READ_ONCE(requester->calls.n))
		return NULL;
	guard(spinlock)(&requester->calls.lock);
	hlist_for_each_entry(reply, &requester->calls.list, in_calls) {
		if (!reply->sync || reply->waiting || reply->cookie != cookie)
			continue;
		reply->waiting = true;
		return kdbus_reply_ref(reply);
	}
	return NULL;
}

/**
 * kdbus_reply_interrupt() - stop waiting, perhaps to resume
 * @reply:	synchronous reply
 *
 * If nobody resumes, the slot closes at its deadline.
 */
void kdbus_reply_interrupt(struct kdbus_reply *reply)
{
	guard(spinlock)(&reply->requester->calls.lock);
	reply->waiting = false;
	/* the worker left this deadline to the task that waited */
	arm_expiry(reply->requester, reply->deadline);
}

/* Over.  The lock is held, and the reference of the list is the caller's now. */
static void close_locked(struct kdbus_reply *reply)
{
	set_state(reply, KDBUS_REPLY_CLOSED);
	unlink_call(reply);
}

/**
 * kdbus_reply_close() - stop waiting for good
 * @reply:	reply
 *
 * Return: an answer that nobody has looked at, for the caller to take over; or
 * NULL.
 */
struct kdbus_entry *kdbus_reply_close(struct kdbus_reply *reply)
{
	struct kdbus_entry *answer;
	bool open;

	spin_lock(&reply->requester->calls.lock);
	if (reply->state == KDBUS_REPLY_CLOSED) {
		spin_unlock(&reply->requester->calls.lock);
		return NULL;
	}
	/* whoever changed that before takes care of the replier's list */
	open = reply->state == KDBUS_REPLY_OPEN;
	close_locked(reply);
	answer = reply->answer;
	reply->answer = NULL;
	spin_unlock(&reply->requester->calls.lock);
	if (open)
		unlink_owed(reply);
	kdbus_reply_unref(reply);
	return answer;
}

/**
 * kdbus_replies_wake() - wake all tasks that wait for an answer
 * @requester:	connection that is no longer active
 */
void kdbus_replies_wake(struct kdbus_conn *requester)
{
	struct kdbus_reply *reply;

	guard(spinlock)(&requester->calls.lock);
	hlist_for_each_entry(reply, &requester->calls.list, in_calls)
		rcuwait_wake_up(&reply->wait);
}

static struct kdbus_reply *take_expired(struct kdbus_conn *requester)
{
	struct kdbus_reply *reply;
	u64 now = ktime_get_ns(), next = U64_MAX;

	guard(spinlock)(&requester->calls.lock);
	requester->calls.next = U64_MAX;
	hlist_for_each_entry(reply, &requester->calls.list, in_calls) {
		if (!may_expire(reply))
			continue;
		if (reply->deadline > now) {
			next = min(next, reply->deadline);
		} else if (reply->waiting) {
			WRITE_ONCE(reply->expired, true);
			rcuwait_wake_up(&reply->wait);
		} else {
			close_locked(reply);
			return reply;
		}
	}
	if (next != U64_MAX)
		arm_expiry(requester, next);
	return NULL;
}

static struct kdbus_reply *take_any(struct kdbus_conn *requester)
{
	struct kdbus_reply *reply;

	guard(spinlock)(&requester->calls.lock);
	reply = hlist_entry_safe(requester->calls.list.first,
				 struct kdbus_reply, in_calls);
	if (reply)
		close_locked(reply);
	return reply;
}

/**
 * kdbus_replies_take_expired() - close a reply whose deadline has passed
 * @requester:	connection
 *
 * Also sees to it that the next deadline is noticed when there is no expired
 * one left.
 *
 * Return: a reference to a closed reply, with an answer nobody fetched if there
 * is one; or NULL.
 */
struct kdbus_reply *kdbus_replies_take_expired(struct kdbus_conn *requester)
{
	struct kdbus_reply *reply = take_expired(requester);

	if (reply)
		unlink_owed(reply);
	return reply;
}

/**
 * kdbus_replies_take_any() - close any reply a connection still waits for
 * @requester:	connection
 *
 * Return: as for kdbus_replies_take_expired().
 */
struct kdbus_reply *kdbus_replies_take_any(struct kdbus_conn *requester)
{
	struct kdbus_reply *reply = take_any(requester);

	if (reply)
		unlink_owed(reply);
	return reply;
}
