/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A name goes to and fro between its activator and a service, and a request with
 * it.
 *
 * The request waits with the activator, which may answer it itself.  One service
 * after the other takes the name, reads the request if it is there, and answers; the
 * first may be ended at any moment.  The requester may give up at any moment.
 *
 * What holds:
 *  - the request is read once at most, and ends once at most: by an answer, by
 *    the news that there will be none, or by giving up;
 *  - whoever reads it, lives, and answers before it is over, is heard;
 *  - it ends, or waits where the name is; nobody is told that it is dead while it
 *    waits to be served;
 *  - what is over is owed by nobody, what is owed is owed by somebody alive;
 *  - references are as many as there are lists and messages that refer to it;
 *  - no name stays with a connection that is gone.
 *
 * What stands for what:
 *  change()	change_apply(), move_mail() in flow/claim.c;
 *		kdbus_deliver_moved() in flow/deliver.c
 *  acquire()	acquire() in flow/claim.c
 *  move(), owe(), break_reply(), serve()
 *		kdbus_reply_move(), kdbus_reply_owe(), kdbus_reply_break(),
 *		kdbus_reply_take(), unlink_owed() in object/reply.c
 *  leave()	take_apart(), break_owed() in flow/leave.c
 *  requester()	take_expired() in object/reply.c
 *
 * That nothing else arrives while mail moves is shown by route.pml.  There is room
 * for the request wherever it goes: one that is dropped for lack of it is counted
 * as lost, and ends at its deadline.
 *
 * mutant OWE_UNCHECKED: what is over is noted as owed
 * mutant NOT_MOVED: the request moves without the duty to answer it
 * mutant DELIVER_FIRST: it moves before the duty to answer it
 * mutant BREAK_FIRST: who leaves breaks what it owes before its names go
 * mutant NO_ACTIVE: a name is given to who was switched off meanwhile
 * mutant BREAK_UNCHECKED: what is over is broken once more
 */
#include "locks.pml"

#define ACTIVATOR	0
#define SERVICES	2	/* 1 and 2 */
#define CONNS		3

byte holder = ACTIVATOR;
bool registry;

/* connections */
bool on[CONNS] = true;
bool closed[CONNS];
bool gone[CONNS];
bool inbox_lock[CONNS];
bool waits[CONNS];	/* the request does, in the inbox */
bool owed[CONNS];	/* the reply is, in inbox.owed */

/*
 * The reply; its states are open and over, a synchronous one has its own model.
 * What is done under calls.lock is one step.
 */
bool open = true;
bool in_calls = true;
byte replier = ACTIVATOR;
byte refs;

/* what is to be shown */
byte n_taken;
byte n_ended;
bool told_dead;
byte n_done;

inline ref()
{
	refs++
}

inline unref()
{
	atomic {
		assert(refs > 0);
		refs--
	}
}

/* Off the replier's list; the reply is not open any more, or about to move. */
inline unlink_owed()
{
	who = replier;
	atomic {
		!inbox_lock[who];
		linked = owed[who];
		owed[who] = false
	}
	if
	:: linked -> unref()
	:: else
	fi
}

/* The state is looked at under a lock that is not its own. */
inline owe(c)
{
	if
#ifdef OWE_UNCHECKED
	:: true ->
#else
	:: !open
	:: open ->
#endif
		ref();
		owed[c] = true
	fi
}

/* Ends it, unless it is over; then the reference of the list is the caller's. */
inline end_call(how)
{
	atomic {
		if
#ifdef BREAK_UNCHECKED
		:: how != 0 || open ->
#else
		:: open ->
#endif
			open = false;
			in_calls = false;
			ended = true;
			n_ended++;
			assert(n_ended <= 1)
		:: else -> ended = false
		fi
	}
}

inline break_reply()
{
	end_call(1);
	if
	:: ended ->
		told_dead = true;
		unlink_owed();
		unref()
	:: else
	fi
}

inline move(new)
{
	unlink_owed();
	atomic {
		moved = open;
		if
		:: moved -> replier = new
		:: else
		fi;
		alive = true
	}
	if
	:: moved ->
		lock(inbox_lock[new]);
		alive = !closed[new];
		if
		:: alive -> owe(new)
		:: else
		fi;
		unlock(inbox_lock[new])
	:: else
	fi
}

inline deliver(new)
{
	atomic {
		!inbox_lock[new];
		if
		:: !closed[new] ->
			ref();
			waits[new] = true
		:: else
		fi
	}
}

inline change(new)
{
	/* the new holder takes no part before the mail has moved */
	atomic {
		!inbox_lock[holder];
		old = holder;
		mail = waits[old];
		waits[old] = false;
		holder = new
	}
	if
	:: mail ->
#ifdef DELIVER_FIRST
		deliver(new);
#endif
#ifndef NOT_MOVED
		move(new);
		if
		:: !alive -> break_reply()
		:: else
		fi;
#endif
#ifndef DELIVER_FIRST
		deliver(new);
#endif
		/* the message in the old pool is freed */
		unref()
	:: else
	fi
}

inline acquire(self)
{
	lock(registry);
	if
#ifdef NO_ACTIVE
	:: holder == ACTIVATOR -> change(self)
#else
	:: holder == ACTIVATOR && on[self] -> change(self)
#endif
	:: else
	fi;
	unlock(registry)
}

/* Reads the request, if it is there, and answers. */
inline serve(self)
{
	atomic {
		!inbox_lock[self];
		mail = waits[self];
		waits[self] = false
	}
	if
	:: mail ->
		n_taken++;
		assert(n_taken <= 1);
		unref();
		/* the reply is looked for among the requester's */
		atomic {
			if
			:: open && replier == self ->
				open = false;
				in_calls = false;
				ended = true;
				n_ended++;
				assert(n_ended <= 1)
			:: else ->
				assert(!open || closed[self]);
				ended = false
			fi
		}
		if
		:: ended ->
			unlink_owed();
			unref()
		:: else
		fi
	:: else
	fi
}

inline break_owed(self)
{
	atomic {
		!inbox_lock[self];
		linked = owed[self];
		owed[self] = false
	}
	if
	:: linked ->
		break_reply();
		unref()
	:: else
	fi
}

inline leave(self)
{
	on[self] = false;
	atomic {
		!inbox_lock[self];
		closed[self] = true
	}
#ifdef BREAK_FIRST
	break_owed(self);
#endif
	lock(registry);
	if
	:: holder == self -> change(ACTIVATOR)
	:: else
	fi;
	unlock(registry);
	/* what was read from, or never moved */
	atomic {
		!inbox_lock[self];
		mail = waits[self];
		waits[self] = false
	}
	if
	:: mail -> unref()
	:: else
	fi;
#ifndef BREAK_FIRST
	break_owed(self);
#endif
	gone[self] = true
}

/* its program */
proctype service(byte self)
{
	byte old, who;
	bool mail, linked, ended, moved, alive;

	acquire(self);
	do
	:: on[self] && waits[self] -> serve(self)
	:: break
	od;
	n_done++
}

/* and what ends it, whatever it does */
proctype leaver(byte self)
{
	byte old, who;
	bool mail, linked, ended, moved, alive;

	if
	:: leave(self)
	:: skip
	fi;
	n_done++
}

proctype activator()
{
	byte who;
	bool mail, linked, ended;

	if
	:: serve(ACTIVATOR)
	:: skip
	fi;
	n_done++
}

proctype requester()
{
	byte who;
	bool linked, ended;

	if
	:: end_call(0);
		if
		:: ended ->
			unlink_owed();
			unref()
		:: else
		fi
	:: skip
	fi;
	n_done++
}

init {
	byte c;

	atomic {
		/* the message, and both lists */
		refs = 3;
		waits[ACTIVATOR] = true;
		owed[ACTIVATOR] = true;
		run service(1);
		run leaver(1);
		run service(2);
		run activator();
		run requester()
	}
	n_done == SERVICES + 3;
	atomic {
		assert(refs == in_calls + owed[0] + owed[1] + owed[2] +
			       waits[0] + waits[1] + waits[2]);
		assert(!gone[holder]);
		assert(n_ended == !open && in_calls == open);
		/* it waits where the name is, with whoever has to answer */
		assert(!open || (waits[holder] && owed[holder] && replier == holder));
		assert(!told_dead || !waits[holder]);
		c = 0;
		do
		:: c < CONNS ->
			assert(!owed[c] || (open && !gone[c]));
			assert(!waits[c] || c == holder);
			c++
		:: c == CONNS -> break
		od
	}
}
