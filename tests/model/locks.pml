/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks, for all models.  A lock is a variable that is true while it is held;
 * whoever waits for one that is never released makes an invalid end state.
 *
 * spin lets the steps of processes alternate in every order, but each is seen at
 * once by all others: what the barriers in the code are for is not shown here,
 * only that the order they keep is enough.
 */
inline lock(l)
{
	atomic {
		!l -> l = true
	}
}

inline unlock(l)
{
	l = false
}
