/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lets files of kernel/ run in a unit test: what the stand-ins of linux/ share
 * and what a test may ask of them.
 *
 * There is one thread.  Locks only notice when they are taken twice, given
 * back untaken or held where the kernel would sleep.  Each of those fails the
 * test, and so does a warning that the test does not expect.
 */
#ifndef SHIM_H
#define SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>
#include <linux/uidgid.h>

/*
 * A test that starts afresh and ends with no lock held and no memory left.
 * Criterion does not count what fails in a fixture, so this is none.
 */
#define ShimTest(noun, sentence)					\
	static void sentence(void);					\
	Test(noun, sentence)						\
	{								\
		shim_begin();						\
		sentence();						\
		shim_end();						\
	}								\
	static void sentence(void)

void shim_begin(void);
void shim_end(void);
void shim_fail(const char *file, int line, const char *text);

#define shim_check(holds)						\
	do {								\
		if (!(holds))						\
			shim_fail(__FILE__, __LINE__, #holds);		\
	} while (0)

/* warnings */

/**
 * shim_expect_warning() - the next WARN_ON_ONCE() is no failure
 *
 * One that does not come is.
 */
void shim_expect_warning(void);
void shim_warn(const char *file, int line, const char *text);

/* memory */

extern size_t shim_n_live;	/* allocations not freed yet */
extern size_t shim_n_tried;	/* allocations, failed ones included */

/**
 * shim_fail_allocation() - let one allocation fail
 * @n:		the @n-th from now on, counted from 1; 0 for none
 */
void shim_fail_allocation(size_t n);
bool shim_allocation_fails(void);

/**
 * shim_fails_cleanly() - run something again and again, with less to fail
 * @attempt:	returns 0 or an error, and has then undone everything
 *
 * Its first allocation fails, then its second, and so on, until it gets all of
 * them.  Each time it has to say -ENOMEM and to leave nothing behind.
 *
 * Return: what it said when nothing failed.
 */
int shim_fails_cleanly(int (*attempt)(void));

void *shim_alloc(size_t size, unsigned int flags);
void shim_free(const void *data);

/* locks */

extern int shim_n_locks;	/* held by the task */
extern int shim_atomic_depth;	/* reasons not to sleep */

void shim_may_sleep(const char *file, int line);

/**
 * shim_interrupt_sleeper() - run something where the task may sleep
 * @other:	called once, by the next that looks for memory or takes a lock,
 *		as if it was another task
 */
void shim_interrupt_sleeper(void (*other)(void));

/**
 * shim_interrupt_reader() - run something while a reader is reading
 * @n:		at its @n-th step from now on, counted from 1
 * @other:	called once, as if it was another task
 */
void shim_interrupt_reader(unsigned int n, void (*other)(void));
bool shim_reader_was_interrupted(void);
void shim_reader_step(void);

/**
 * shim_while_asleep() - what others do while the task sleeps
 * @others:	called until it wakes the task; NULL if nobody is there
 */
void shim_while_asleep(void (*others)(void));
void shim_run_others(void);

/* time: what ktime_get_ns() says, and jiffies when that is 0 */
extern uint64_t shim_now_ns;
extern unsigned long shim_first_jiffy;

/* memory of user space */

/**
 * shim_user_hide() - a range that is not mapped
 * @at:		where it starts
 * @n:		its bytes, 0 if all is mapped again
 */
void shim_user_hide(const void *at, size_t n);

/**
 * shim_interrupt_user() - run something while memory of user space is read
 * @n:		before its @n-th access from now on, counted from 1
 * @other:	called once, as if it was another thread
 */
void shim_interrupt_user(unsigned int n, void (*other)(void));
size_t shim_user_begin(const void *at, size_t n);
/* the same, in the middle of an access */
size_t shim_user_visible(const void *at, size_t n);

/* RCU: what a reader may still see is freed when the last reader is gone */
void shim_rcu_lock(void);
void shim_rcu_unlock(void);
bool shim_rcu_is_locked(void);
void shim_rcu_free(struct rcu_head *head, void *data);

/* hashes: a mask of few bits makes all of them collide */
extern uint32_t shim_hash_mask;

uint32_t shim_hash(const void *data, size_t size);

/* the user namespace of current_user_ns(), the initial one at first */
extern struct user_namespace shim_user_ns;

#endif /* SHIM_H */
