// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lets files of kernel/ run in a unit test: the state behind the stand-ins. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/fs_struct.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "tests/shim/shim.h"

size_t shim_n_live, shim_n_tried;
int shim_n_locks, shim_atomic_depth;
uint32_t shim_hash_mask;
struct user_namespace shim_user_ns, init_user_ns;
struct cred shim_cred;
struct task_struct shim_task;
uint64_t shim_now_ns;
unsigned long shim_first_jiffy;

static size_t fail_at;
static unsigned int n_warnings;
static int n_readers;
static struct rcu_head *rcu_waiting;
static unsigned int interrupt_at;
static void (*interrupt)(void);
static void (*others)(void);
static void (*sleeping)(void);
static const char *hidden;
static size_t hidden_size;
static unsigned int user_at;
static void (*user)(void);

/* where the task stands */
static struct dentry root;
static struct fs_struct fs = { .root = { NULL, &root } };
static struct pid_namespace pid_ns;

void shim_begin(void)
{
	shim_n_live = shim_n_tried = fail_at = 0;
	shim_n_locks = shim_atomic_depth = n_readers = 0;
	n_warnings = 0;
	interrupt_at = 0;
	shim_hash_mask = UINT32_MAX;
	shim_user_ns = (struct user_namespace){ .count = UINT32_MAX };
	init_user_ns = shim_user_ns;
	shim_cred = (struct cred){ .user_ns = &shim_user_ns };
	shim_task = (struct task_struct){ .fs = &fs, .pid_ns = &pid_ns };
	fs.seq.sequence = 0;
	root.n_refs = pid_ns.n_refs = 0;
	shim_now_ns = shim_first_jiffy = 0;
	others = sleeping = NULL;
	hidden_size = user_at = 0;
}

void shim_end(void)
{
	cr_assert_eq(shim_n_locks, 0, "%d locks are held", shim_n_locks);
	cr_assert_eq(shim_atomic_depth, 0);
	cr_assert_eq(n_readers, 0);
	cr_assert_eq(n_warnings, 0, "a warning did not come");
	cr_assert_eq(shim_n_live, 0, "%zu allocations leaked", shim_n_live);
	cr_assert_eq(shim_user_ns.n_refs, 0);
	cr_assert_eq(shim_cred.n_refs, 0);
	cr_assert_eq(root.n_refs, 0);
	cr_assert_eq(pid_ns.n_refs, 0);
}

void shim_fail(const char *file, int line, const char *text)
{
	cr_assert_fail("%s:%d: %s", file, line, text);
	abort();
}

/* warnings */

void shim_expect_warning(void)
{
	n_warnings++;
}

void shim_warn(const char *file, int line, const char *text)
{
	if (!n_warnings)
		shim_fail(file, line, text);
	n_warnings--;
}

/* memory */

struct mem_cgroup *shim_memcg;
size_t shim_n_charged;

void shim_fail_allocation(size_t n)
{
	fail_at = n ? shim_n_tried + n : 0;
}

bool shim_allocation_fails(void)
{
	return ++shim_n_tried == fail_at;
}

int shim_fails_cleanly(int (*attempt)(void))
{
	size_t n_live = shim_n_live, n, n_tried;
	int r;

	for (n = 1;; n++) {
		n_tried = shim_n_tried;
		shim_fail_allocation(n);
		r = attempt();
		shim_fail_allocation(0);
		cr_assert_eq(shim_n_live, n_live, "failing at %zu leaves %zu",
			     n, shim_n_live - n_live);
		cr_assert_eq(shim_n_locks, 0, "failing at %zu leaves a lock",
			     n);
		if (shim_n_tried - n_tried < n)
			return r;
		cr_assert_eq(r, -ENOMEM, "failing at %zu says %d", n, r);
	}
}

void *shim_alloc(size_t size, unsigned int flags)
{
	void *data;

	if (!(flags & GFP_ATOMIC))
		shim_may_sleep(__FILE__, __LINE__);
	if (shim_allocation_fails())
		return NULL;
	data = malloc(size);
	cr_assert_not_null(data);
	memset(data, flags & __GFP_ZERO ? 0 : 0xa5, size);
	shim_n_live++;
	shim_n_charged += !!shim_memcg;
	return data;
}

void shim_free(const void *data)
{
	if (!data)
		return;
	shim_check(shim_n_live);
	shim_n_live--;
	free((void *)data);
}

/* locks */

void shim_may_sleep(const char *file, int line)
{
	void (*other)(void) = sleeping;

	if (shim_atomic_depth)
		shim_fail(file, line, "sleeps with a spinlock or as a reader");
	sleeping = NULL;
	if (other)
		other();
}

void shim_interrupt_sleeper(void (*other)(void))
{
	sleeping = other;
}

void shim_while_asleep(void (*other)(void))
{
	others = other;
}

void shim_run_others(void)
{
	shim_check(others);
	others();
}

void shim_interrupt_reader(unsigned int n, void (*other)(void))
{
	interrupt_at = n;
	interrupt = other;
}

bool shim_reader_was_interrupted(void)
{
	return !interrupt_at;
}

void shim_reader_step(void)
{
	int depth = shim_atomic_depth;

	if (!n_readers || !interrupt_at || --interrupt_at)
		return;
	shim_atomic_depth = 0;
	interrupt();
	shim_atomic_depth = depth;
}

/* memory of user space */

void shim_user_hide(const void *at, size_t n)
{
	hidden = at;
	hidden_size = n;
}

void shim_interrupt_user(unsigned int n, void (*other)(void))
{
	user_at = n;
	user = other;
}

/* bytes that are there, which are looked at where the kernel may sleep */
size_t shim_user_begin(const void *at, size_t n)
{
	shim_may_sleep(__FILE__, __LINE__);
	if (user_at && !--user_at)
		user();
	return shim_user_visible(at, n);
}

size_t shim_user_visible(const void *at, size_t n)
{
	const char *from = at;

	if (!hidden_size || from + n <= hidden || from >= hidden + hidden_size)
		return n;
	return from < hidden ? hidden - from : 0;
}

/* RCU */

void shim_rcu_lock(void)
{
	n_readers++;
	shim_atomic_depth++;
}

void shim_rcu_unlock(void)
{
	struct rcu_head *head;

	shim_check(n_readers > 0);
	shim_atomic_depth--;
	if (--n_readers)
		return;
	while (rcu_waiting) {
		head = rcu_waiting;
		rcu_waiting = head->next;
		shim_free(head->data);
	}
}

bool shim_rcu_is_locked(void)
{
	return n_readers > 0;
}

void shim_rcu_free(struct rcu_head *head, void *data)
{
	if (!n_readers) {
		shim_free(data);
		return;
	}
	head->data = data;
	head->next = rcu_waiting;
	rcu_waiting = head;
}

/* hashes */

/* FNV-1a */
uint32_t shim_hash(const void *data, size_t size)
{
	const uint8_t *byte = data;
	uint32_t hash = 2166136261u;

	while (size--)
		hash = (hash ^ *byte++) * UINT64_C(16777619);
	return hash & shim_hash_mask;
}

/* Criterion keeps what it read of its environment; that is no leak of ours. */
__attribute__((__visibility__("default")))
const char *__lsan_default_suppressions(void);
__attribute__((__visibility__("default")))
const char *__lsan_default_options(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:criterion_handle_args\n";
}

const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}
