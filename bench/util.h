/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the measuring programs share: time, rows, processes.
 *
 * A program measures one topic and prints a line "KEY VALUE" for each figure;
 * bench/rows says what the keys mean. Values are nanoseconds, which are
 * instructions where the guest counts them, unless the key's row has another
 * unit. A program that cannot measure ends with a message and status 1; there
 * is nothing to clean up, since the guest ends soon after.
 */
#ifndef BENCH_UTIL_H
#define BENCH_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* A call that reports through errno and must not fail. Yields the result. */
#define MUST(call)                                                      \
	({                                                              \
		long must_ = (long)(call);                              \
		if (must_ < 0)                                          \
			die(__FILE__, __LINE__, #call);                 \
		must_;                                                  \
	})

_Noreturn void die(const char *file, int line, const char *what);

/* time */

uint64_t now_ns(void);

/* Batches per figure: their median is the figure. */
#define BATCHES 5

/**
 * struct work - something that is done many times
 * @once:	what is measured
 * @between:	done after each batch, not measured; may be NULL
 * @rounds:	per batch
 */
struct work {
	void (*once)(void *data);
	void (*between)(void *data);
	unsigned int rounds;
};

/*
 * Nanoseconds that one @once takes: the median of BATCHES, after one that
 * warms the caches and is not counted. BENCH_FACTOR in the environment makes
 * the batches that much longer, for a clock that is not as good as counting.
 */
double measure(const struct work *work, void *data);
double median(double *values, size_t n);

/* Whether to measure a row: with BENCH_ONLY=KEY in the environment, only that. */
bool wanted(const char *key);

/*
 * For the profiler (bench/count.c), around what is measured, once per round, and
 * when a figure is printed: instructions that do nothing.
 */
static inline void mark_begin(void)
{
	__asm__ volatile("xchgw %%bx, %%bx" ::: "memory");
}

static inline void mark_round(void)
{
	__asm__ volatile("xchgw %%dx, %%dx" ::: "memory");
}

static inline void mark_end(void)
{
	__asm__ volatile("xchgw %%cx, %%cx" ::: "memory");
}

static inline void mark_figure(void)
{
	__asm__ volatile("xchgw %%si, %%si" ::: "memory");
}

/*
 * Where every process has its code, onto the descriptor that BENCH_MAPS in the
 * environment names, if it does.
 */
void tell_maps(void);

/* Prints a figure. */
void row(const char *key, double value);

/* processes */

/**
 * struct child - another process
 * @pid:	its number
 * @said:	what it told with child_says() when it was ready
 */
struct child {
	pid_t pid;
	uint64_t said;
};

/* Runs @run until it is ended; returns once it has called child_says(). */
struct child child_start(void (*run)(void *data), void *data);
void child_says(uint64_t word);
void child_end(struct child *child);

/*
 * The least of what @run returns for three ways in which two processes may
 * begin. A process that is woken takes the processor at once if it has used
 * less of it lately, and then its partner need not go to sleep: two thousand
 * instructions less for each echo, over whatever it goes. What two processes
 * did before decides that, and it stays so while both do the same. So
 * everything here is seen at its best: with neither ahead, with the child
 * ahead, and with the parent. @run starts the child.
 */
double best_of_starts(double (*run)(const void *data), const void *data);

#endif /* BENCH_UTIL_H */
