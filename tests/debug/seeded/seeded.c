// SPDX-License-Identifier: GPL-2.0-only
/*
 * One mistake per load, chosen by the parameter bug=NAME, so that it can be
 * seen that each detector of the debug kernels speaks, and is heard by what
 * reads their console (tests/debug/seeded/run).  It is never installed.
 *
 * Each mistake is as small as its detector allows, and is cleaned up behind
 * where that can be done: the guest has to live for the next one.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>

static char *bug = "none";
module_param(bug, charp, 0444);

/* what the compiler must not know, or it would not compile the mistake */
static volatile int one = 1, eight = 8, sixty_four = 64;

/* memory: KASAN */

static void use_after_free(void)
{
	volatile char *p = kmalloc(40, GFP_KERNEL);

	kfree((void *)p);
	if (p)
		p[8] = 1;
}

static void double_free(void)
{
	void *volatile p = kmalloc(40, GFP_KERNEL);

	kfree(p);
	kfree(p);
}

static void slab_out_of_bounds(void)
{
	volatile char *p = kmalloc(40, GFP_KERNEL);

	if (p)
		p[40 * one] = 1;
	kfree((void *)p);
}

static void vmalloc_out_of_bounds(void)
{
	volatile char *p = vmalloc(PAGE_SIZE - 8);
	char c;

	if (p)
		c = p[PAGE_SIZE - 8 * one];
	vfree((void *)p);
}

static noinline char stack_byte(volatile char *p, int i)
{
	return p[i];
}

static void stack_out_of_bounds(void)
{
	char bytes[8] = {};

	if (stack_byte(bytes, eight))
		pr_info("something lies there\n");
}

/* memory: kmemleak */

static noinline void leak(void)
{
	void *volatile p = kmalloc(40, GFP_KERNEL);

	p = NULL;
}

/* arithmetic: UBSAN */

static void shift(void)
{
	pr_info("%d\n", one << sixty_four);
}

static void array_index(void)
{
	static int array[8];

	pr_info("%d\n", array[eight]);
}

/* locks: lockdep and its kin */

static void inversion(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

static void without_rcu(void)
{
	static int __rcu *pointer;

	pr_info("%p\n", rcu_dereference(pointer));
}

static void sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

/* objects: DEBUG_OBJECTS, DEBUG_LIST, refcounts */

static void ring(struct timer_list *timer)
{
}

static void free_running_timer(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, ring, 0);
	mod_timer(timer, jiffies + 600 * HZ);
	kfree(timer);
}

static void list_corruption(void)
{
	struct list_head head, a, b;

	INIT_LIST_HEAD(&head);
	list_add(&a, &head);
	head.next = &b;
	b.prev = &b;
	list_add(&a, &head);
}

static void refcount_from_zero(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

/* time and sanity */

static void warn(void)
{
	WARN_ON(one);
}

static int sleep_on(void *unused)
{
	/* longer than run/inside lets a task sleep */
	schedule_timeout_uninterruptible(10 * HZ);
	return 0;
}

static void hung_task(void)
{
	struct task_struct *task = kthread_run(sleep_on, NULL, "seeded");

	if (!IS_ERR(task))
		schedule_timeout_interruptible(12 * HZ);
}

/* two at the same memory: KCSAN */

static unsigned long shared, flag;

/* Runs @f in two threads until they are told to stop. */
static void race(int (*f)(void *))
{
	struct task_struct *tasks[2];

	for (long i = 0; i < 2; i++)
		tasks[i] = kthread_run(f, (void *)i, "seeded/%ld", i);
	schedule_timeout_interruptible(8 * HZ);
	for (int i = 0; i < 2; i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
}

static int count(void *unused)
{
	while (!kthread_should_stop()) {
		shared++;
		cond_resched();
	}
	return 0;
}

static void two_writers(void)
{
	race(count);
}

/*
 * @flag says whose turn it is; nothing says that @shared was written before, so
 * that may still come while the function looks who is next.
 */
static noinline void take_turn(unsigned long me)
{
	if (READ_ONCE(flag) != me)
		return;
	smp_rmb();
	shared++;
	/* missing: smp_store_release() */
	WRITE_ONCE(flag, !me);
	for (int i = 0; i < 100 && READ_ONCE(flag) != me; i++)
		cpu_relax();
}

static int take_turns(void *me)
{
	while (!kthread_should_stop()) {
		take_turn((long)me);
		cond_resched();
	}
	return 0;
}

static void missing_barrier(void)
{
	race(take_turns);
}

static const struct {
	const char *name;
	void (*make)(void);
} bugs[] = {
	{ "use-after-free", use_after_free },
	{ "double-free", double_free },
	{ "slab-out-of-bounds", slab_out_of_bounds },
	{ "vmalloc-out-of-bounds", vmalloc_out_of_bounds },
	{ "stack-out-of-bounds", stack_out_of_bounds },
	{ "leak", leak },
	{ "shift", shift },
	{ "array-index", array_index },
	{ "inversion", inversion },
	{ "without-rcu", without_rcu },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "free-running-timer", free_running_timer },
	{ "list-corruption", list_corruption },
	{ "refcount-from-zero", refcount_from_zero },
	{ "warn", warn },
	{ "hung-task", hung_task },
	{ "two-writers", two_writers },
	{ "missing-barrier", missing_barrier },
};

static int __init seeded_init(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(bugs); i++) {
		if (strcmp(bug, bugs[i].name))
			continue;
		bugs[i].make();
		return 0;
	}
	return strcmp(bug, "none") ? -EINVAL : 0;
}

static void __exit seeded_exit(void)
{
}

module_init(seeded_init);
module_exit(seeded_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Mistakes");
