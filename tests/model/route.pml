/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SEND to a name that moves: resolve, queue, look again, and start over.
 *
 * A sender writes to a name while that goes to and fro between an activator, an
 * owner, and another one that replaces the owner; the owner may also leave.
 *
 * What holds:
 *  - a message is queued at whoever holds the name at that moment;
 *  - once a name has left somebody, nothing addressed to it arrives there;
 *  - nothing is lost, and nothing stays with the activator while there is an owner;
 *  - what was sent first a receiver reads first, also if it moved meanwhile;
 *  - the sender is not refused because of a move, and does not wait for ever;
 *  - FOREVER: the sender gets through even if the name never stops moving.
 *
 * What stands for what:
 *  change()	entry_set_holder(), change_end(), kdbus_name_settle() in
 *		object/name.c; take_mail(), move_mail() in flow/claim.c
 *  send()	send_unicast(), wait_gone() in flow/send.c; find_by_name() in
 *		flow/route.c; kdbus_name_get_holder(), kdbus_name_has_moved() in
 *		object/name.c; entry_queue() in flow/deliver.c
 *  leave()	close_inbox(), kdbus_yield_all() in flow/leave.c
 *
 * The registry is a fair lock, as the kernel's mutexes are.
 *
 * mutant NO_CHECK: the name is not looked at again
 * mutant CHECK_EARLY: it is looked at before the receiver's lock is taken
 * mutant HOLDER_FIRST: the holder is read before the sequence
 * mutant NO_TRANSIT: the sender may go on before the mail has moved
 * mutant NO_PASS: the change does not pass through the old holder's lock
 * mutant NO_GONE: nobody waits for an owner that leaves
 * liveness FOREVER: with the name moving for ever
 * mutant FOREVER LOOP: the sequence is read after the registry was let go
 * mutant FOREVER NO_LIMIT: the registry is never held by a sender
 */
#ifdef FOREVER
/* they are fair, too, and guard nothing that is asked about then */
#define lock(l)		skip
#define unlock(l)	skip
#else
#include "locks.pml"
#endif

#define ACTIVATOR	0
#define OWNER		1
#define OTHER		2
#define CONNS		3

#ifdef FOREVER
#define MESSAGES	1
#define SEQ_END		8	/* it has to be finite, see below */
#else
#define MESSAGES	3
#define SEQ_END		64
#endif
#define MOVES		3
#define RETRIES		1	/* three, in the code */

/* the name: its sequence counts changes, and is odd while mail moves */
byte seq;
byte holder = ACTIVATOR;

/* its registry, a lock that is taken in the order of arrival */
byte ticket, serving;
#define lock_registry(mine)				\
	atomic {					\
		mine = ticket;				\
		ticket = (ticket + 1) % 4		\
	}						\
	serving == mine
#define unlock_registry()	serving = (serving + 1) % 4

/* connections */
bool inbox_lock[CONNS];
bool closed[CONNS];
bool gone[CONNS];
chan inbox[CONNS] = [MESSAGES] of { byte };

/* what is to be shown */
bool past[CONNS];	/* the name did, for good or for now */
byte n_read;
byte n_done;
bool sent;

inline settle()
{
	seq = (seq + 1) % SEQ_END
}

inline change(new, move)
{
	old = holder;
	seq = (seq + 1) % SEQ_END;
	atomic {
		holder = new;
		past[new] = false
	}
#ifdef NO_PASS
	past[old] = true;
#else
	atomic {
		lock(inbox_lock[old]);
		unlock(inbox_lock[old]);
		past[old] = true
	}
#endif
#ifdef NO_TRANSIT
	settle();
#endif
	if
	:: move ->
		atomic {
			lock(inbox_lock[old]);
			do
			:: inbox[old]?number -> mail!number
			:: empty(inbox[old]) -> break
			od;
			unlock(inbox_lock[old])
		}
		do
		:: atomic {
			mail?number;
			lock(inbox_lock[new]);
			inbox[new]!number;
			unlock(inbox_lock[new])
		}
		:: empty(mail) -> break
		od
	:: else
	fi;
#ifndef NO_TRANSIT
	settle()
#endif
}

inline leave()
{
	atomic {
		lock(inbox_lock[OWNER]);
		closed[OWNER] = true;
		unlock(inbox_lock[OWNER])
	}
	lock_registry(mine);
	change(ACTIVATOR, true);
	unlock_registry();
	gone[OWNER] = true
}

proctype mover()
{
	chan mail = [MESSAGES] of { byte };
	byte old, number, mine, i;

	do
#ifdef FOREVER
	:: lock_registry(mine);
#else
	:: i < MOVES ->
		i++;
		lock_registry(mine);
#endif
		if
		:: holder == ACTIVATOR && !closed[OWNER] -> change(OWNER, true)
		:: holder == ACTIVATOR -> change(OTHER, true)
		:: holder == OWNER -> change(ACTIVATOR, true)
		:: holder == OWNER -> change(OTHER, false)
		:: holder == OTHER -> change(ACTIVATOR, true)
		fi;
		unlock_registry()
#ifndef FOREVER
	:: i < MOVES && holder == OWNER ->
		i++;
		leave()
	:: i == MOVES -> break
#endif
	od;
	n_done++
}

#define OK	0
#define AGAIN	1
#define RESET	2

inline resolve()
{
#ifdef HOLDER_FIRST
	dst = holder;
#endif
	was = seq;
	do
	:: was % 2 == 0 -> break
	:: was % 2 == 1 ->
		/* who holds the registry would wait for himself */
		assert(!held);
		lock_registry(mine);
#ifdef LOOP
		unlock_registry();
		was = seq
#else
		was = seq;
		unlock_registry()
#endif
	od;
#ifndef HOLDER_FIRST
	dst = holder
#endif
}

inline queue(number)
{
	lock(inbox_lock[dst]);
	if
	:: closed[dst] -> r = RESET
#ifndef NO_CHECK
#ifdef CHECK_EARLY
	:: !closed[dst] && early -> r = AGAIN
	:: !closed[dst] && !early ->
#else
	:: !closed[dst] && seq != was -> r = AGAIN
	:: !closed[dst] && seq == was ->
#endif
#else
	:: !closed[dst] ->
#endif
		/* of sequences that are used again nothing can be said */
#ifndef FOREVER
		assert(!past[dst]);
#endif
		inbox[dst]!number;
		r = OK
	fi;
	unlock(inbox_lock[dst])
}

inline send(number)
{
	tries = 0;
	do
	:: held = false;
#ifndef NO_LIMIT
		if
		:: tries > RETRIES ->
			lock_registry(mine);
			held = true
		:: else
		fi;
#endif
		resolve();
		/* here the message is written, which may take long */
#ifdef CHECK_EARLY
		early = seq != was;
#endif
		queue(number);
		if
		:: held -> unlock_registry()
		:: else
		fi;
		if
		:: r == OK -> break
		:: r == AGAIN
		:: r == RESET ->
#ifdef NO_GONE
			assert(false)	/* it is told that there is nobody */
#else
			gone[dst]
#endif
		fi;
		if
		:: tries <= RETRIES -> tries++
		:: else
		fi
	od
}

proctype sender()
{
	byte dst, was, tries, mine, r, i;
	bool held;
#ifdef CHECK_EARLY
	bool early;
#endif

	do
	:: i < MESSAGES ->
		i++;
		send(i)
	:: i == MESSAGES -> break
	od;
	sent = true;
	n_done++
}

/* Nobody reads from the activator; who leaves does not read any more. */
proctype reader(byte self)
{
	byte last, number;

end:
	do
	:: atomic {
		!inbox_lock[self] && !closed[self] && inbox[self]?[number] ->
		inbox[self]?number;
		assert(number > last);
		last = number;
		n_read++
	}
	od
}

init {
	atomic {
		run mover();
		run sender();
#ifndef FOREVER
		run reader(OWNER);
		run reader(OTHER)
#endif
	}
#ifndef FOREVER
	n_done == 2;
	atomic {
		assert(n_read + len(inbox[ACTIVATOR]) + len(inbox[OWNER]) +
		       len(inbox[OTHER]) == MESSAGES);
		assert(empty(inbox[ACTIVATOR]) || holder == ACTIVATOR);
		assert(!closed[OWNER] || (holder != OWNER && empty(inbox[OWNER])))
	}
#endif
}

#ifdef FOREVER
ltl through { <> (sent) }
#endif
