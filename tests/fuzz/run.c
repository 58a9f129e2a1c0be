// SPDX-License-Identifier: LGPL-2.1-or-later
/* Actors at work. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "tests/fuzz/build.h"
#include "tests/fuzz/run.h"
#include "tests/fuzz/world-private.h"

#define COVER_SIZE (1 << 16) /* addresses */
#define STUCK_MS 90000

unsigned (*run_tally)[N_ERRNO];

static struct {
	int kcov;
	__u64 *cover;
	struct call *call;
	sem_t go;
} actors[N_COVERS];
static sem_t started, done;
static const struct program *running;
static unsigned patience;

/* one actor */

static void cover_on(unsigned actor)
{
	if (actors[actor].kcov >= 0)
		ioctl(actors[actor].kcov, KCOV_ENABLE, KCOV_TRACE_PC);
}

static void cover_off(unsigned actor)
{
	if (actors[actor].kcov >= 0)
		ioctl(actors[actor].kcov, KCOV_DISABLE, 0);
}

static void do_op(const struct op *op, unsigned actor)
{
	const struct operation *rule = &operations[op->rule];
	struct call *call = actors[actor].call;
	long r;

	if (rule->number) {
		build_call(call, op);
		r = world_call(call);
	} else {
		r = rule->run(op->args);
	}
	run_tally[op->rule][-r % N_ERRNO]++;
}

static void do_ops(const struct program *program, unsigned actor, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to && !world_late; i++)
		if (program->ops[i].actor == actor)
			do_op(&program->ops[i], actor);
}

static bool has_part(const struct program *program, unsigned actor)
{
	for (unsigned i = 0; i < program->n_ops; i++)
		if (program->ops[i].actor == actor)
			return true;
	return false;
}

/* actors that are threads */

static void *act(void *data)
{
	unsigned actor = (unsigned long)data, prefix;

	world_enter(actor, false);
	for (;;) {
		while (sem_wait(&actors[actor].go) < 0)
			;
		prefix = program_prefix(running);
		world_enter(actor, false);
		cover_on(actor);
		if (!actor) {
			do_ops(running, 0, 0, prefix);
			sem_post(&started);
		}
		do_ops(running, actor, prefix, running->n_ops);
		cover_off(actor);
		world_leave();
		sem_post(&done);
	}
	return data;
}

static __u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static int wait_for(sem_t *sem, unsigned ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (sem_timedwait(sem, &until) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* They are told to come to an end, again and again. */
static void hurry(void)
{
	world_late = true;
	for (unsigned i = 0; i < N_ACTORS; i++)
		world_kick((const __u64[]){ i, 0 });
}

static enum run_result wait_patiently(sem_t *sem, unsigned n, __u64 begin)
{
	while (n) {
		if (wait_for(sem, 20) == 0)
			n--;
		else if (now_ms() - begin > STUCK_MS)
			return RUN_STUCK;
		else if (now_ms() - begin > patience)
			hurry();
	}
	return RUN_OK;
}

static enum run_result run_threads(const struct program *program)
{
	__u64 begin = now_ms();
	unsigned n = 1;

	running = program;
	sem_post(&actors[0].go);
	if (wait_patiently(&started, 1, begin) != RUN_OK)
		return RUN_STUCK;
	for (unsigned i = 1; i < N_ACTORS; i++) {
		if (!has_part(program, i))
			continue;
		sem_post(&actors[i].go);
		n++;
	}
	return wait_patiently(&done, n, begin);
}

/* actors that are processes */

static void act_apart(const struct program *program, unsigned actor)
{
	world_enter(actor, true);
	cover_on(actor);
	do_ops(program, actor, program_prefix(program), program->n_ops);
	cover_off(actor);
	_exit(0);
}

/* Actor 0 is there first, and has the others for children. */
static void act_first(const struct program *program)
{
	unsigned prefix = program_prefix(program);

	world_enter(0, true);
	cover_on(0);
	do_ops(program, 0, 0, prefix);
	for (unsigned i = 1; i < N_ACTORS; i++)
		if (has_part(program, i) && fork() == 0)
			act_apart(program, i);
	do_ops(program, 0, prefix, program->n_ops);
	cover_off(0);
	while (waitpid(-1, NULL, 0) > 0)
		;
	_exit(0);
}

static enum run_result run_processes(const struct program *program)
{
	struct timespec nap = { .tv_nsec = 300000 };
	__u64 begin = now_ms();
	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		act_first(program);
	}
	if (pid < 0)
		return RUN_OK;
	setpgid(pid, pid);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		nanosleep(&nap, NULL);
		if (now_ms() - begin > STUCK_MS)
			return RUN_STUCK;
		if (now_ms() - begin > patience)
			kill(-pid, now_ms() - begin > patience * 3 / 2 ? SIGKILL : SIGUSR1);
	}
	/* those it left behind */
	kill(-pid, SIGKILL);
	return RUN_OK;
}

enum run_result run_program(const struct program *program)
{
	enum run_result result;

	world_late = false;
	for (unsigned i = 0; i < N_COVERS; i++)
		if (actors[i].cover)
			actors[i].cover[0] = 0;
	result = program->processes ? run_processes(program) : run_threads(program);
	if (result != RUN_OK)
		return result;
	cover_on(N_ACTORS);
	world_reset();
	cover_off(N_ACTORS);
	return RUN_OK;
}

const __u64 *run_cover(unsigned actor, unsigned *out_n)
{
	__u64 *cover = actors[actor].cover;

	*out_n = cover ? __atomic_load_n(&cover[0], __ATOMIC_RELAXED) : 0;
	return cover + 1;
}

static void init_cover(unsigned actor)
{
	int fd = world_keep(open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC));
	__u64 *cover;

	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, COVER_SIZE) < 0)
		return;
	cover = mmap(NULL, COVER_SIZE * sizeof(__u64), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (cover == MAP_FAILED)
		return;
	/* a child has it written, which needs no mapping */
	madvise(cover, COVER_SIZE * sizeof(__u64), MADV_DONTFORK);
	actors[actor].kcov = fd;
	actors[actor].cover = cover;
}

void *run_shared(size_t size)
{
	void *all = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED)
		abort();
	return all;
}

int run_init(bool covered, unsigned patience_ms)
{
	pthread_t thread;
	int r = 0;

	patience = patience_ms;
	run_tally = run_shared(n_operations * sizeof(*run_tally));
	sem_init(&started, 0, 0);
	sem_init(&done, 0, 0);
	for (unsigned i = 0; i < N_COVERS; i++) {
		actors[i].kcov = -1;
		if (covered)
			init_cover(i);
	}
	for (unsigned long i = 0; i < N_ACTORS && !r; i++) {
		actors[i].call = run_shared(sizeof(struct call));
		sem_init(&actors[i].go, 0, 0);
		r = -pthread_create(&thread, NULL, act, (void *)i);
	}
	return r;
}

void run_print_stacks(int pid)
{
	char path[300], text[4096];
	struct dirent *entry;
	DIR *dir;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stack", pid, entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		if (fd >= 0)
			close(fd);
		printf("# task %s of %d\n%.*s", entry->d_name, pid, n > 0 ? (int)n : 0, text);
	}
	if (dir)
		closedir(dir);
}
