// SPDX-License-Identifier: LGPL-2.1-or-later
/* Workers that make programs up, and who watches them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fuzz/campaign.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/log.h"
#include "tests/fuzz/session.h"
#include "tests/fuzz/text.h"

#define SILENCE_S 150 /* of a worker that is stuck */
#define TRIM_RUNS 30
#define TELL_S 60

static char **files;
static unsigned n_files;
static bool distilling; /* nothing is changed, and only code counts */
static unsigned (*tally)[N_ERRNO]; /* of all workers, by operation */

/* a worker */

/* What is not needed for what is new goes. */
static void trim(struct program *program, const struct news *news)
{
	struct program shorter;
	unsigned runs = 0;

	for (int i = program->n_ops - 1; i >= 0 && program->n_ops > 1; i--) {
		if (++runs > TRIM_RUNS || session->stop)
			return;
		shorter = *program;
		program_remove(&shorter, i);
		session_run(&shorter);
		if (corpus_reached(news))
			*program = shorter;
	}
}

static void run_and_learn(struct program *program, unsigned worker)
{
	struct news news;
	int index = -1;

	session_run(program);
	corpus_look(&news, false);
	if (!news.n_pcs && (distilling || !news.n_edges))
		return;
	if (news.n_pcs && !distilling) {
		trim(program, &news);
		session_run(program);
	}
	corpus_lock();
	corpus_look(&news, true);
	if (news.n_pcs || news.n_edges)
		index = corpus_add(program);
	corpus_unlock();
	if (index >= 0)
		log_program("keep", worker, program);
}

/* One of every @step programs that there are already. */
static void import(unsigned worker, unsigned step)
{
	struct program program;

	for (unsigned i = worker; i < n_files && !session->stop; i += step)
		if (text_read(files[i], &program) == 0 && program.n_ops)
			run_and_learn(&program, worker);
}

static void make_up(struct program *program, struct rng *rng)
{
	struct program other;

	if (rng_one_in(rng, 12) || !corpus_pick(program, rng)) {
		program_generate(program, rng);
		return;
	}
	program_mutate(program, corpus_pick(&other, rng) ? &other : NULL, rng);
}

static void add_tally(void)
{
	for (unsigned i = 0; i < n_operations; i++)
		for (unsigned k = 0; k < N_ERRNO; k++)
			__atomic_add_fetch(&tally[i][k], run_tally[i][k], __ATOMIC_RELAXED);
}

static void work(unsigned worker, unsigned n_workers, __u64 seed, bool again)
{
	struct rng rng = { seed * N_WORKERS + worker };
	struct program program;

	if (session_enter(worker, true) < 0) {
		perror("fuzz");
		_exit(2);
	}
	corpus_enter();
	if (!again)
		import(worker, n_workers);
	while (!session->stop) {
		make_up(&program, &rng);
		run_and_learn(&program, worker);
	}
	add_tally();
	_exit(0);
}

/* who watches them */

static pid_t start_worker(unsigned n, unsigned n_workers, __u64 seed, bool again)
{
	pid_t pid;

	fflush(stdout);
	session->beat[n] = time(NULL);
	pid = fork();
	if (pid == 0)
		work(n, n_workers, seed, again);
	return pid;
}

/* To whoever waits on the other side: what goes to stdout is read at the end. */
static void print_state(unsigned long seconds)
{
	log_line("= say %lu s: %lu executions, %u addresses, %u edges, %u programs\n", seconds, session_execs(),
		 corpus_pcs(), corpus_edges(), corpus_size());
}

static void check_beat(unsigned n, pid_t pid)
{
	if (time(NULL) - session->beat[n] < SILENCE_S)
		return;
	printf("# worker %u has been silent for %u s\n", n, SILENCE_S);
	run_print_stacks(pid);
	session_report("a worker does not come back");
}

/* The one that died, or N_WORKERS. */
static unsigned find_dead(const pid_t *pids, unsigned n_workers)
{
	int status;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	for (unsigned i = 0; i < n_workers && pid > 0 && !session->stop; i++)
		if (pids[i] == pid) {
			printf("# worker %u ended with status %#x\n", i, status);
			return i;
		}
	return N_WORKERS;
}

/* Returns how many workers died. */
static unsigned supervise(unsigned seconds, unsigned n_workers, __u64 seed)
{
	time_t begin = time(NULL), told = begin;
	pid_t pids[N_WORKERS];
	unsigned n_dead = 0, dead;

	for (unsigned i = 0; i < n_workers; i++)
		pids[i] = start_worker(i, n_workers, seed, false);
	while (!session->stop) {
		sleep(1);
		if (time(NULL) - begin >= seconds)
			session->stop = true;
		session_look();
		for (unsigned i = 0; i < n_workers; i++)
			check_beat(i, pids[i]);
		dead = find_dead(pids, n_workers);
		if (dead < N_WORKERS)
			pids[dead] = start_worker(dead, n_workers, seed + 1000 * ++n_dead, true);
		if (time(NULL) - told >= TELL_S) {
			told = time(NULL);
			print_state(told - begin);
		}
	}
	for (unsigned i = 0; i < 300 && waitpid(-1, NULL, WNOHANG) >= 0; i++)
		usleep(100000);
	print_state(time(NULL) - begin);
	return n_dead;
}

/* a line for each operation: the errors that were most frequent */
static void print_tally(void)
{
	unsigned *row, most;

	for (unsigned i = 0; i < n_operations; i++) {
		row = tally[i];
		printf("# %-16s %8u", operations[i].name, row[0]);
		row[0] = 0;
		for (unsigned n = 0; n < 6; n++) {
			most = 0;
			for (unsigned k = 0; k < N_ERRNO; k++)
				if (row[k] > row[most])
					most = k;
			if (most)
				printf(" %u %s,", row[most], strerrorname_np(most) ?: "?");
			row[most] = 0;
		}
		printf("\n");
	}
}

/* A call is told by where it returns to; the module's file has its operand. */
static void write_reached(void)
{
	log_line("= reached 0\n");
	for (__u32 pc = 0; (pc = corpus_next_pc(pc + 1));)
		log_line("%016x\n", pc - 4);
	log_line("= end\n");
}

static int start(char **with_files, unsigned with_n_files)
{
	files = with_files;
	n_files = with_n_files;
	tally = mmap(NULL, n_operations * sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return corpus_init();
}

int campaign_run(unsigned seconds, unsigned n_workers, __u64 seed, char **with_files, unsigned with_n_files)
{
	unsigned n_dead;

	if (start(with_files, with_n_files) < 0)
		return 2;
	if (n_workers > N_WORKERS)
		n_workers = N_WORKERS;
	printf("1..1\n# seed %llu, %u workers, %u s, %u programs to begin with\n", seed, n_workers, seconds, n_files);
	n_dead = supervise(seconds, n_workers, seed);
	print_tally();
	write_reached();
	if (session->reported) {
		printf("# %s\n", session->report);
		session_write_last();
	} else {
		log_line("= done\n");
	}
	printf("%sok 1 - no report in %lu executions, %u s: %u addresses, %u edges, %u programs, %u workers died\n",
	       session->reported ? "not " : "", session_execs(), seconds, corpus_pcs(), corpus_edges(), corpus_size(),
	       n_dead);
	return session->reported;
}

static int by_size(const void *a, const void *b)
{
	struct stat x = {}, y = {};

	stat(*(char *const *)a, &x);
	stat(*(char *const *)b, &y);
	return (x.st_size > y.st_size) - (x.st_size < y.st_size);
}

int campaign_distill(char **with_files, unsigned with_n_files)
{
	if (start(with_files, with_n_files) < 0 || session_enter(0, true) < 0)
		return 2;
	corpus_enter();
	distilling = true;
	qsort(files, n_files, sizeof(files[0]), by_size);
	import(0, 1);
	print_state(0);
	write_reached();
	log_line("= done\n");
	return session->reported;
}
