/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A synchronous call, and everything that ends it.
 *
 * A task sends a request and sleeps.  The replier reads it and answers, may fail
 * at that, and may leave at any moment; the requester's connection may be ended by
 * another task at any moment; a signal may come, after which the call is resumed or
 * is not; the deadline may pass, or never does.
 *
 * What holds:
 *  - the call returns: no wake-up is lost, whatever the order of events;
 *  - its result is that of the reply if there was one in time, and an answer is
 *    given to the caller once, or freed once;
 *  - a request that was interrupted and is not resumed ends at its deadline, or
 *    with the connection;
 *  - in the end nothing is linked, and nothing refers to the reply; while it is
 *    used, something does;
 *  - the worker does not run for a connection that is gone.
 *
 * What stands for what:
 *  caller()	send_request(), send_checked() in flow/send.c; kdbus_reply_new(),
 *		kdbus_reply_owe(), kdbus_reply_resume(), kdbus_reply_interrupt(),
 *		kdbus_reply_close() in object/reply.c; kdbus_await(), wait_for(),
 *		look() in flow/await.c
 *  replier()	send_reply(), answer_sync() in flow/send.c; kdbus_reply_take(),
 *		kdbus_reply_answer() in object/reply.c
 *  leave()	close_inbox(), discard_queue(), break_owed() in flow/leave.c;
 *		kdbus_reply_break()
 *  ender()	take_apart(), close_own_calls() in flow/leave.c;
 *		kdbus_replies_wake(), take_any() in object/reply.c
 *  worker()	kdbus_expire() in flow/await.c; take_expired()
 *
 * Sleeping: a task says that it is about to sleep, looks, and sleeps unless
 * somebody has woken it since.
 *
 * mutant LOOK_FIRST: the task looks before it says that it is about to sleep
 * mutant WAKE_FIRST: the requester's tasks are woken before it is switched off
 * mutant QUEUE_CLOSED: a request is queued at who breaks no more replies
 * mutant NO_REARM: an interrupted call leaves its deadline to nobody
 * mutant ANSWER_LATE: the answer is left even if nobody waits any more
 * mutant ARM_OFF: a deadline is set for a connection that was switched off
 */
#include "locks.pml"

mtype = { OPEN, ANSWERING, DONE, CLOSED };
mtype = { RUNNING, RESULT, BROKEN, FAILED, RESET, TIMEOUT, INTERRUPTED };

/* the reply */
bool calls_lock;	/* the requester's */
mtype state = OPEN;
mtype result;
bool in_calls, armed, waiting, expired, answer;
byte refs;
byte n_answers;		/* that are neither given nor freed */

/* the requester */
bool on = true;
bool pending;		/* a signal */
bool asleep;		/* the task is, or is about to be */
bool sleeps_on;		/* rcuwait: the task can be found */
bool scheduled, running, is_gone;
bool late;		/* the deadline has passed */

/* the replier */
bool inbox_lock, closed, owed, queued, left;

/* what is to be shown */
bool returned;
mtype outcome = RUNNING;

inline ref()
{
	refs++
}

inline unref()
{
	atomic {
		assert(refs > 0);
		refs--;
		assert(refs > 0 || !answer)
	}
}

inline wake()
{
	atomic {
		assert(refs > 0);
		if
		:: sleeps_on -> asleep = false
		:: else
		fi
	}
}

inline free_answer()
{
	atomic {
		assert(n_answers > 0);
		n_answers--
	}
}

/* under calls_lock */
inline arm()
{
	if
#ifdef ARM_OFF
	:: true -> scheduled = true
#else
	:: on -> scheduled = true
	:: else
#endif
	fi
}

inline unlink_owed()
{
	lock(inbox_lock);
	linked = owed;
	owed = false;
	unlock(inbox_lock);
	if
	:: linked -> unref()
	:: else
	fi
}

/* Ends it for good: the answer, if there is one, and the list's reference. */
inline close_call()
{
	lock(calls_lock);
	found = in_calls;
	was_open = state == OPEN;
	took = false;
	if
	:: found ->
		state = CLOSED;
		in_calls = false;
		took = answer;
		answer = false
	:: else
	fi;
	unlock(calls_lock);
	if
	:: found ->
		if
		:: was_open -> unlink_owed()
		:: else
		fi;
		unref()
	:: else
	fi
}

inline look()
{
	if
	:: !on -> r = RESET
	:: on && state == DONE -> r = RESULT
	:: on && state != DONE && pending -> r = INTERRUPTED
	:: on && state != DONE && !pending && expired -> r = TIMEOUT
	:: on && state != DONE && !pending && !expired -> r = RUNNING
	fi
}

inline await()
{
	sleeps_on = true;
	do
	::
#ifdef LOOK_FIRST
		look();
		asleep = true;
#else
		asleep = true;
		look();
#endif
		if
		:: r != RUNNING -> break
		:: r == RUNNING -> !asleep
		fi;
		look();
		if
		:: r != RUNNING -> break
		:: else
		fi
	od;
	asleep = false;
	sleeps_on = false
}

inline interrupt()
{
	lock(calls_lock);
	waiting = false;
#ifndef NO_REARM
	arm();
#endif
	unlock(calls_lock);
	unref();
	pending = false
}

inline finish()
{
	close_call();
	if
	:: r == RESULT -> r = result
	:: else
	fi;
	/* whoever ends the connection may have taken the answer away */
	if
	:: r == RESULT && !took -> r = RESET
	:: else
	fi;
	if
	:: took -> free_answer()	/* given to the caller, or freed */
	:: else
	fi;
	unref()
}

proctype caller()
{
	mtype r;
	bool linked, found, was_open, took;

	/* the slot, with the references of the caller and of the list */
	lock(calls_lock);
	if
	:: !on ->
		unlock(calls_lock);
		goto out
	:: on ->
		refs = 2;
		in_calls = true;
		waiting = true;
		armed = true;
		arm();
		unlock(calls_lock)
	fi;

	/* the request; the message refers to the reply, too */
	lock(inbox_lock);
	if
#ifdef QUEUE_CLOSED
	:: !on ->
#else
	:: closed || !on ->
#endif
		unlock(inbox_lock);
		close_call();
		if
		:: took -> free_answer()
		:: else
		fi;
		unref();
		goto out
	:: else ->
		ref();
		queued = true;
		if
		:: state == OPEN ->
			ref();
			owed = true
		:: else
		fi;
		unlock(inbox_lock)
	fi;

	do
	:: await();
		if
		:: r != INTERRUPTED ->
			finish();
			break
		:: r == INTERRUPTED ->
			interrupt();
			/* the program calls again, or does something else */
			if
			:: true ->
				lock(calls_lock);
				found = in_calls;
				if
				:: found ->
					waiting = true;
					ref()
				:: else
				fi;
				unlock(calls_lock);
				if
				:: !found ->
					r = TIMEOUT;
					break
				:: else
				fi
			:: true ->
				r = INTERRUPTED;
				break
			fi
		fi
	od;
	outcome = r;
out:
	returned = true
}

inline answer_it()
{
	/* the slot is taken */
	lock(calls_lock);
	found = in_calls && state == OPEN;
	if
	:: found ->
		state = ANSWERING;
		ref()
	:: else
	fi;
	unlock(calls_lock);
	if
	:: found ->
		unlink_owed();
		/* here the answer is written, which may take long, or fail */
		if
		:: ok = true;
			atomic { n_answers++ }
		:: ok = false
		fi;
		lock(calls_lock);
		found = state == ANSWERING;
#ifdef ANSWER_LATE
		found = true;
#endif
		if
		:: found ->
			result = (ok -> RESULT : FAILED);
			answer = ok;
			state = DONE
		:: else
		fi;
		unlock(calls_lock);
		if
		:: found -> wake()
		:: !found && ok -> free_answer()
		:: !found && !ok
		fi;
		unref()
	:: else
	fi
}

inline leave()
{
	lock(inbox_lock);
	closed = true;
	unlock(inbox_lock);
	lock(inbox_lock);
	linked = queued;
	queued = false;
	unlock(inbox_lock);
	if
	:: linked -> unref()
	:: else
	fi;
	lock(inbox_lock);
	linked = owed;
	owed = false;
	unlock(inbox_lock);
	if
	:: linked ->
		lock(calls_lock);
		found = state == OPEN;
		if
		:: found ->
			result = BROKEN;
			state = DONE
		:: else
		fi;
		unlock(calls_lock);
		if
		:: found ->
			wake()
		:: else
		fi;
		unref()
	:: else
	fi;
	left = true
}

/* Reads and answers, and leaves in the end, by itself or not. */
proctype replier()
{
	bool linked, found, ok;

	if
	:: atomic {
		queued && !inbox_lock ->
		queued = false
	}
		unref();
		if
		:: answer_it()
		:: skip
		fi
	:: skip
	fi;
	leave()
}

/* A signal, at most one. */
proctype signaller()
{
	if
	:: atomic {
		pending = !returned;
		asleep = false
	}
	:: skip
	fi
}

proctype clock()
{
	if
	:: late = true
	:: skip
	fi
}

proctype worker()
{
	bool linked, was_open, found, took;

end:
	do
	:: atomic {
		scheduled && late ->
		scheduled = false;
		running = true
	}
		assert(!is_gone);
		lock(calls_lock);
		found = false;
		if
		:: in_calls && armed && waiting ->
			expired = true;
			wake()
		:: in_calls && armed && !waiting ->
			found = true;
			state = CLOSED;
			in_calls = false;
			took = answer;
			answer = false
		:: else
		fi;
		unlock(calls_lock);
		if
		:: found ->
			unlink_owed();
			if
			:: took -> free_answer()
			:: else
			fi;
			unref()
		:: else
		fi;
		running = false
	od
}

/* Another task ends the requester's connection, or nobody does. */
proctype ender()
{
	bool linked, was_open, found, took;

	if
	:: skip
	::
#ifdef WAKE_FIRST
		lock(calls_lock);
		if
		:: in_calls -> wake()
		:: else
		fi;
		unlock(calls_lock);
		on = false;
#else
		on = false;
		lock(calls_lock);
		if
		:: in_calls -> wake()
		:: else
		fi;
		unlock(calls_lock);
#endif
		/* cancelled, and waited for */
		scheduled = false;
		!running;
		close_call();
		if
		:: took -> free_answer()
		:: else
		fi;
		is_gone = true
	fi
}

init {
	atomic {
		run caller();
		run replier();
		run signaller();
		run clock();
		run worker();
		run ender()
	}
	timeout;
	assert(returned && left);
	assert(!owed && !queued);
	assert(n_answers == answer);
	/* only who was interrupted, and may still resume, leaves something */
	assert(refs == in_calls);
	assert(!in_calls || (outcome == INTERRUPTED && !late && on));
	assert(!is_gone || !scheduled)
}
