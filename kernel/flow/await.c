// SPDX-License-Identifier: GPL-2.0-only
/* A caller waiting for its reply; deadlines. */

#include <linux/poll.h>
#include <linux/rcuwait.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "flow/await.h"
#include "flow/deliver.h"
#include "flow/notice.h"
#include "object/conn.h"
#include "object/reply.h"

#define READABLE (EPOLLIN | EPOLLRDNORM | EPOLLRDBAND | EPOLLHUP | EPOLLERR)

/**
 * struct wait - one synchronous wait
 * @reply:	what is waited for
 * @cancel:	file that ends the wait when it becomes readable, or NULL
 * @table:	on the wait queues of @cancel
 * @listening:	@table is in use
 * @cancelled:	@cancel is readable
 */
struct wait {
	struct kdbus_reply *reply;
	struct file *cancel;
	struct poll_wqueues *table;
	bool listening;
	bool cancelled;
};

/*
 * Is the cancel descriptor readable?  Polling may sleep, so this is done before
 * the task declares that it is about to.
 */
static void look_at_cancel(struct wait *wait)
{
	poll_table none = { ._key = READABLE };

	if (!wait->cancel)
		return;
	wait->table->triggered = 0;
	smp_mb(); /* pairs with the wake-up that sets it */
	wait->cancelled = vfs_poll(wait->cancel, wait->listening ?
				   &none : &wait->table->pt) & READABLE;
	wait->listening = true;
}

/* What ends the wait?  The order is documented in kdbus.message(7). */
static int look(struct wait *wait)
{
	struct kdbus_reply *reply = wait->reply;

	if (!kdbus_active_is_on(&reply->requester->active))
		return -ECONNRESET;
	if (READ_ONCE(reply->state) == KDBUS_REPLY_DONE)
		return 0;
	if (wait->cancelled)
		return -ECANCELED;
	if (signal_pending(current))
		return -ERESTARTSYS;
	if (READ_ONCE(reply->expired))
		return -ETIMEDOUT;
	return -EINPROGRESS;
}

/*
 * At the deadline, kdbus_expire() wakes the task: no timer for each call.
 * Asleep or not, the task runs afterwards, as polling may sleep.
 */
static void doze(struct wait *wait)
{
	if (!wait->cancel || !READ_ONCE(wait->table->triggered))
		schedule();
	else
		__set_current_state(TASK_RUNNING);
}

/* tests/model/await.pml */
static int wait_for(struct wait *wait)
{
	struct rcuwait *sleeper = &wait->reply->wait;
	int r;

	prepare_to_rcuwait(sleeper);
	do {
		look_at_cancel(wait);
		set_current_state(TASK_INTERRUPTIBLE);
		r = look(wait);
		if (r != -EINPROGRESS)
			break;
		doze(wait);
		r = look(wait);
	} while (r == -EINPROGRESS);
	finish_rcuwait(sleeper);
	return r;
}

static int wait_cancellable(struct kdbus_reply *reply, struct file *cancel)
{
	struct wait wait = { .reply = reply, .cancel = cancel };
	int r;

	wait.table = kmalloc(sizeof(*wait.table), GFP_KERNEL_ACCOUNT);
	if (!wait.table)
		return -ENOMEM;
	poll_initwait(wait.table);
	wait.table->pt._key = READABLE;
	r = wait_for(&wait);
	poll_freewait(wait.table);
	kfree(wait.table);
	return r;
}

/**
 * kdbus_await() - wait for the answer to a synchronous request
 * @reply:	reply; the caller keeps its reference
 * @cancel:	file that ends the wait when it becomes readable, or NULL
 * @out:	set on success
 *
 * Return: 0; -ECONNRESET, -EPIPE, -EREMOTEIO, or whatever the replier's SEND
 * met; -ECANCELED, -ETIMEDOUT, -ENOMEM; -ERESTARTSYS after a signal, with the
 * slot left for kdbus_reply_resume().
 */
int kdbus_await(struct kdbus_reply *reply, struct file *cancel,
		struct kdbus_msg_info *out)
{
	struct wait wait = { .reply = reply };
	struct kdbus_entry *answer;
	int r;

	r = cancel ? wait_cancellable(reply, cancel) : wait_for(&wait);
	if (r == -ERESTARTSYS) {
		kdbus_reply_interrupt(reply);
		return r;
	}
	answer = kdbus_reply_close(reply);
	if (!r)
		r = reply->result;
	/* whoever ends the connection may have taken the answer away */
	if (!r && !answer)
		r = -ECONNRESET;
	if (r)
		kdbus_entry_free(reply->requester, answer);
	else
		kdbus_entry_hand_over(reply->requester, answer, out);
	return r;
}

/**
 * kdbus_expire() - end what has passed its deadline
 * @work:	kdbus_conn.calls.expiry
 *
 * Asynchronous requesters are told, and tasks that wait are woken.  Requests
 * that were interrupted and never resumed end silently.
 */
void kdbus_expire(struct work_struct *work)
{
	struct kdbus_conn *conn = container_of(to_delayed_work(work),
					       struct kdbus_conn, calls.expiry);
	struct kdbus_reply *reply;

	while ((reply = kdbus_replies_take_expired(conn))) {
		if (!reply->sync)
			kdbus_notice_reply(reply, KDBUS_ITEM_REPLY_TIMEOUT);
		kdbus_entry_free(conn, reply->answer);
		reply->answer = NULL;
		kdbus_reply_unref(reply);
	}
	kdbus_notices_flush(conn->bus);
}
