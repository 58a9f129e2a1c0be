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

#include <linux/cred.h>
#include <linux/types.h>

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

void *shim_alloc(size_t size, unsigned int flags);
void shim_free(const void *data);

/* locks */

extern int shim_n_locks;	/* held by the task */
extern int shim_atomic_depth;	/* reasons not to sleep */

void shim_may_sleep(const char *file, int line);

/**
 * shim_interrupt_reader() - run something while a reader is reading
 * @n:		at its @n-th step from now on, counted from 1
 * @other:	called once, as if it was another task
 */
void shim_interrupt_reader(unsigned int n, void (*other)(void));
bool shim_reader_was_interrupted(void);
void shim_reader_step(void);

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
