/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the measuring programs share: time, rows, processes. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "bench/util.h"

/* Longer than the scheduler's memory: what one of two has more than the other. */
#define HEAD_START_NS 20000000

static enum { EVEN, CHILD_AHEAD, PARENT_AHEAD, STARTS } start;

static int say_fd = -1;

void die(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s: %s\n", file, line, what, strerror(errno));
	exit(1);
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static double batch(const struct work *work, void *data)
{
	uint64_t begin = now_ns();
	double took;

	mark_begin();
	for (unsigned int i = 0; i < work->rounds; i++) {
		mark_round();
		work->once(data);
	}
	mark_end();
	took = now_ns() - begin;
	if (work->between)
		work->between(data);
	return took / work->rounds;
}

void tell_maps(void)
{
	const char *fd = getenv("BENCH_MAPS");
	char command[128];

	if (!fd)
		return;
	snprintf(command, sizeof(command), "grep -h ' r-xp ' /proc/[0-9]*/maps 2>/dev/null | sort -u >&%d", atoi(fd));
	if (system(command) < 0)
		die(__FILE__, __LINE__, "system");
}

double measure(const struct work *work, void *data)
{
	const char *factor = getenv("BENCH_FACTOR");
	struct work longer = *work;
	double values[BATCHES];

	if (factor && !work->between)
		longer.rounds *= atoi(factor);
	batch(&longer, data);
	for (size_t i = 0; i < BATCHES; i++)
		values[i] = batch(&longer, data);
	return median(values, BATCHES);
}

bool wanted(const char *key)
{
	const char *only = getenv("BENCH_ONLY");

	return !only || !strcmp(only, key);
}

void row(const char *key, double value)
{
	printf("%s %.1f\n", key, value);
	fflush(stdout);
	mark_figure();
}

static void burn(void)
{
	uint64_t end = now_ns() + HEAD_START_NS;

	while (now_ns() < end)
		;
}

struct child child_start(void (*run)(void *data), void *data)
{
	struct child child;
	int ready[2];

	MUST(pipe(ready));
	fflush(NULL);
	child.pid = MUST(fork());
	if (!child.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		say_fd = ready[1];
		run(data);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &child.said, sizeof(child.said)) != sizeof(child.said)) {
		fprintf(stderr, "a child ended before it was ready\n");
		exit(1);
	}
	close(ready[0]);
	if (start == CHILD_AHEAD)
		burn();
	else if (start == PARENT_AHEAD)
		usleep(HEAD_START_NS / 1000);
	return child;
}

void child_says(uint64_t word)
{
	MUST(write(say_fd, &word, sizeof(word)));
	close(say_fd);
	if (start == PARENT_AHEAD)
		burn();
}

void child_end(struct child *child)
{
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}

double best_of_starts(double (*run)(const void *data), const void *data)
{
	double best = 0;

	for (start = EVEN; start < STARTS; start++) {
		double cost = run(data);

		if (start == EVEN || cost < best)
			best = cost;
	}
	start = EVEN;
	return best;
}
