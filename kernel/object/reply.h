/* SPDX-License-Identifier: GPL-2.0-only */
/* A reply that somebody is owed. */
#ifndef KDBUS_REPLY_H
#define KDBUS_REPLY_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/rcuwait.h>
#include <linux/types.h>

struct kdbus_conn;
struct kdbus_entry;

#define KDBUS_REPLIES_MAX	128	/* outstanding, per connection */

/**
 * enum kdbus_reply_state - what became of a request
 * @KDBUS_REPLY_OPEN:		the replier may answer
 * @KDBUS_REPLY_ANSWERING:	it does, to a synchronous requester
 * @KDBUS_REPLY_DONE:		answered or failed; the synchronous requester
 *				has not looked yet
 * @KDBUS_REPLY_CLOSED:		over
 */
enum kdbus_reply_state {
	KDBUS_REPLY_OPEN,
	KDBUS_REPLY_ANSWERING,
	KDBUS_REPLY_DONE,
	KDBUS_REPLY_CLOSED,
};

/**
 * struct kdbus_reply - a reply that somebody is owed
 * @ref:	references
 * @requester:	who waits, with a reference
 * @replier:	who has to answer, with a reference; may change while open
 * @cookie:	of the request
 * @deadline:	CLOCK_MONOTONIC nanoseconds
 * @sync:	the requester sleeps in SEND, or was interrupted there
 * @in_calls:	in kdbus_conn.calls.list of the requester
 * @in_owed:	in kdbus_conn.inbox.owed of the replier
 * @state:	what became of it; calls.lock of the requester guards this and
 *		the following
 * @armed:	its deadline counts
 * @waiting:	a task sleeps
 * @expired:	it did so until the deadline
 * @result:	how a synchronous request ended
 * @answer:	the answer, if @result is 0
 * @wait:	the task that sleeps
 */
struct kdbus_reply {
	struct kref ref;
	struct kdbus_conn *requester;
	struct kdbus_conn *replier;
	u64 cookie;
	u64 deadline;
	bool sync;
	struct hlist_node in_calls;
	struct list_head in_owed;

	enum kdbus_reply_state state;
	bool armed;
	bool waiting;
	bool expired;
	int result;
	struct kdbus_entry *answer;
	struct rcuwait wait;
};

/* lifetime */
struct kdbus_reply *kdbus_reply_new(struct kdbus_conn *requester,
				    struct kdbus_conn *replier, u64 cookie,
				    u64 deadline, bool sync);
struct kdbus_reply *kdbus_reply_ref(struct kdbus_reply *reply);
struct kdbus_reply *kdbus_reply_unref(struct kdbus_reply *reply);

/* the replier's side */
void kdbus_reply_owe(struct kdbus_reply *reply);
bool kdbus_reply_move(struct kdbus_reply *reply, struct kdbus_conn *replier);
struct kdbus_reply *kdbus_reply_take(struct kdbus_conn *requester,
				     struct kdbus_conn *replier, u64 cookie);
int kdbus_reply_answer(struct kdbus_reply *reply, int result,
		       struct kdbus_entry *answer);
bool kdbus_reply_break(struct kdbus_reply *reply);
struct kdbus_reply *kdbus_reply_take_owed(struct kdbus_conn *replier);

/* the requester's side */
void kdbus_reply_arm(struct kdbus_reply *reply);
struct kdbus_reply *kdbus_reply_resume(struct kdbus_conn *requester,
				       u64 cookie);
void kdbus_reply_interrupt(struct kdbus_reply *reply);
struct kdbus_entry *kdbus_reply_close(struct kdbus_reply *reply);
void kdbus_replies_wake(struct kdbus_conn *requester);
struct kdbus_reply *kdbus_replies_take_expired(struct kdbus_conn *requester);
struct kdbus_reply *kdbus_replies_take_any(struct kdbus_conn *requester);

#endif /* KDBUS_REPLY_H */
