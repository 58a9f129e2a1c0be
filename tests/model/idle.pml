/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A service leaves when it has nothing to do, and comes back for the next message.
 *
 * The activator starts it whenever mail waits and none runs.  It takes the name,
 * reads, and says BYEBYE whenever it likes, having given the name back before or
 * not; it may also be killed.  One sender writes to the name, another to the id of
 * the first instance.
 *
 * What holds:
 *  - a message to the name is accepted, and served exactly once, whoever leaves
 *    when, in the order in which they were sent;
 *  - a message to an id that was accepted is served, unless its receiver was
 *    killed;
 *  - the name is never nobody's: what comes after the last message that was seen
 *    starts the next instance.
 *
 * What stands for what:
 *  byebye()	kdbus_leave_politely() in flow/leave.c
 *  apart()	take_apart() there, with kdbus_yield_all(), move_mail() in
 *		flow/claim.c and discard_queue()
 *  by_name()	send_unicast(), wait_gone() in flow/send.c; entry_queue() in
 *		flow/deliver.c
 *  service()	kb_conn_exit_on_idle() in lib/conn.c, or less polite
 *
 * That a message is queued at whoever holds the name at that moment, and that mail
 * moves ahead of what comes, is shown by route.pml and one step here.
 *
 * mutant NO_LOOK: BYEBYE does not look at the queue
 * mutant LOOK_EARLY: it looks before the lock is taken under which it closes
 * mutant DISCARD_FIRST: what was not read is thrown away before the names go
 * mutant NO_GONE: senders do not wait for a service that leaves
 */
#include "locks.pml"

#define ACTIVATOR	0
#define INSTANCES	3	/* 1 to 3; the last one stays */
#define CONNS		4

#define MESSAGES	2	/* to the name */
#define TO_ID		MESSAGES	/* the number of the one to the id */

byte holder = ACTIVATOR;
bool inbox_lock[CONNS];
bool closed[CONNS];
bool gone[CONNS];
bool killed[CONNS];
chan inbox[CONNS] = [MESSAGES + 1] of { byte };

/* what is to be shown */
byte n_running;
byte n_sent;		/* to the name */
byte n_served;
byte n_accepted;	/* to the id */
byte n_heard;
bool lost;		/* with whom it was killed */
bool all_sent;

/* The name goes back, with its mail: one step, for it is in transit. */
inline yield(self)
{
	atomic {
		if
		:: holder == self ->
			n = len(inbox[self]);
			do
			:: n > 0 ->
				n--;
				inbox[self]?number;
				if
				:: number == TO_ID -> inbox[self]!number
				:: else -> inbox[ACTIVATOR]!number
				fi
			:: n == 0 -> break
			od;
			holder = ACTIVATOR
		:: else
		fi
	}
}

inline discard(self)
{
	do
	:: atomic {
		inbox[self]?number;
		assert(number == TO_ID && killed[self]);
		lost = true
	}
	:: empty(inbox[self]) -> break
	od
}

inline apart(self)
{
#ifdef DISCARD_FIRST
	discard(self);
	yield(self);
#else
	yield(self);
	discard(self);
#endif
	gone[self] = true;
	n_running--
}

inline byebye(self)
{
	busy = false;
#ifdef LOOK_EARLY
	busy = nempty(inbox[self]);
#endif
	lock(inbox_lock[self]);
#if !defined(NO_LOOK) && !defined(LOOK_EARLY)
	busy = nempty(inbox[self]);
#endif
	if
	:: !busy -> closed[self] = true
	:: else
	fi;
	unlock(inbox_lock[self])
}

inline read(self)
{
	atomic {
		inbox[self]?number;
		if
		:: number == TO_ID -> n_heard++
		:: else ->
			assert(number == n_served);
			n_served++
		fi
	}
}

proctype service(byte self)
{
	byte number, n;
	bool busy;

	/* the mail comes with the name */
	atomic {
		holder = self;
		do
		:: inbox[ACTIVATOR]?number -> inbox[self]!number
		:: empty(inbox[ACTIVATOR]) -> break
		od
	}
	do
	:: nempty(inbox[self]) -> read(self)
	:: self < INSTANCES ->
		/* time to go, by way of politeness or not */
		if
		:: yield(self)
		:: skip
		fi;
		byebye(self);
		if
		:: !busy -> break
		:: else
		fi
	:: self < INSTANCES ->
		killed[self] = true;
		lock(inbox_lock[self]);
		closed[self] = true;
		unlock(inbox_lock[self]);
		break
	:: self == INSTANCES && all_sent && empty(inbox[self]) -> break
	:: self == INSTANCES && all_sent && nempty(inbox[self]) -> read(self)
	od;
	if
	:: closed[self] -> apart(self)
	:: else
	fi
}

/* Starts one when mail waits and none has the name. */
proctype activator()
{
	byte next = 1;

end:
	do
	:: atomic {
		next <= INSTANCES && holder == ACTIVATOR && n_running == 0 &&
		nempty(inbox[ACTIVATOR]) ->
		n_running++;
		run service(next);
		next++
	}
	od
}

proctype by_name()
{
	byte dst;

	do
	:: n_sent < MESSAGES ->
		dst = holder;
		lock(inbox_lock[dst]);
		if
		:: closed[dst] ->
			unlock(inbox_lock[dst]);
#ifdef NO_GONE
			assert(false)	/* it is told that there is nobody */
#else
			gone[dst]
#endif
		:: !closed[dst] && holder != dst -> unlock(inbox_lock[dst])
		:: atomic {
			!closed[dst] && holder == dst ->
			inbox[dst]!n_sent;
			n_sent++
		}
			unlock(inbox_lock[dst])
		fi
	:: n_sent == MESSAGES -> break
	od;
	all_sent = true
}

/* May be told that there is nobody. */
proctype by_id()
{
	lock(inbox_lock[1]);
	if
	:: closed[1]
	:: !closed[1] ->
		n_accepted++;
		inbox[1]!TO_ID
	fi;
	unlock(inbox_lock[1])
}

init {
	atomic {
		run activator();
		run by_name();
		run by_id()
	}
	/* nothing is to be waited for but the activator */
	timeout;
	assert(all_sent && n_served == MESSAGES && empty(inbox[ACTIVATOR]));
	assert(n_heard + lost == n_accepted || (holder == 1 && !closed[1]) ||
	       nempty(inbox[1]))
}
