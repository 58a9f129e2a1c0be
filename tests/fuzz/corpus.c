// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs worth keeping, and why. */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/corpus.h"

#define CODE_SIZE (1U << 20) /* more than the module's */
#define N_EDGES (1U << 20) /* of a hash */

static struct {
	pthread_mutex_t lock;
	unsigned n_pcs, n_edges, n_programs;
	__u8 pcs[CODE_SIZE];
	__u8 edges[N_EDGES];
	struct program programs[N_CORPUS];
} * corpus;

/* what the program at hand reached, to count each once */
static __u8 *pcs_now, *edges_now;
static __u32 *touched;
#define N_TOUCHED (1 << 16)
static __u64 code; /* where the module is */

static __u64 find_code(void)
{
	FILE *file = fopen("/sys/module/kdbus/sections/.text", "re");
	unsigned long long address = 0;

	if (file && fscanf(file, "%llx", &address) != 1)
		address = 0;
	if (file)
		fclose(file);
	return address;
}

int corpus_init(void)
{
	pthread_mutexattr_t attr;

	corpus = run_shared(sizeof(*corpus));
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&corpus->lock, &attr);
	code = find_code();
	return 0;
}

void corpus_enter(void)
{
	pcs_now = run_shared(CODE_SIZE);
	edges_now = run_shared(N_EDGES);
	touched = run_shared(N_TOUCHED * sizeof(*touched));
}

void corpus_lock(void)
{
	if (pthread_mutex_lock(&corpus->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&corpus->lock);
}

void corpus_unlock(void)
{
	pthread_mutex_unlock(&corpus->lock);
}

static __u32 edge_of(__u32 from, __u32 to)
{
	return ((from * 0x9e3779b1U) ^ (to * 0x85ebca6bU)) % N_EDGES;
}

static void look_at(const __u64 *pcs, unsigned n, struct news *news, bool keep)
{
	__u32 pc, edge, last = 0;

	for (unsigned i = 0; i < n; i++) {
		pc = pcs[i] - code;
		if (pc >= CODE_SIZE)
			continue;
		edge = edge_of(last, pc);
		last = pc;
		if (!corpus->pcs[pc] && !pcs_now[pc]) {
			pcs_now[pc] = 1;
			if (news->n_pcs < N_NEW)
				news->pcs[news->n_pcs] = pc;
			news->n_pcs++;
		}
		if (!corpus->edges[edge] && !edges_now[edge]) {
			edges_now[edge] = 1;
			if (news->n_edges < N_TOUCHED)
				touched[news->n_edges] = edge;
			news->n_edges++;
		}
		if (keep) {
			corpus->pcs[pc] = 1;
			corpus->edges[edge] = 1;
		}
	}
}

void corpus_look(struct news *news, bool keep)
{
	const __u64 *pcs;
	unsigned n;

	memset(news, 0, sizeof(*news));
	for (unsigned actor = 0; actor < N_COVERS; actor++) {
		pcs = run_cover(actor, &n);
		look_at(pcs, n, news, keep);
	}
	if (news->n_pcs > N_NEW)
		memset(pcs_now, 0, CODE_SIZE);
	for (unsigned i = 0; i < news->n_pcs && i < N_NEW; i++)
		pcs_now[news->pcs[i]] = 0;
	for (unsigned i = 0; i < news->n_edges && i < N_TOUCHED; i++)
		edges_now[touched[i]] = 0;
	if (keep) {
		corpus->n_pcs += news->n_pcs;
		corpus->n_edges += news->n_edges;
	}
}

bool corpus_reached(const struct news *news)
{
	struct news again;
	unsigned n = 0;

	corpus_look(&again, false);
	for (unsigned i = 0; i < again.n_pcs && i < N_NEW; i++)
		pcs_now[again.pcs[i]] = 1;
	for (unsigned i = 0; i < news->n_pcs && i < N_NEW; i++)
		n += pcs_now[news->pcs[i]];
	for (unsigned i = 0; i < again.n_pcs && i < N_NEW; i++)
		pcs_now[again.pcs[i]] = 0;
	return n >= news->n_pcs;
}

int corpus_add(const struct program *program)
{
	if (corpus->n_programs == N_CORPUS)
		return -1;
	corpus->programs[corpus->n_programs] = *program;
	return corpus->n_programs++;
}

bool corpus_pick(struct program *program, struct rng *rng)
{
	unsigned n = __atomic_load_n(&corpus->n_programs, __ATOMIC_ACQUIRE), recent = n / 8 + 1;

	if (!n)
		return false;
	*program = corpus->programs[rng_one_in(rng, 3) ? n - 1 - rng_below(rng, recent) : rng_below(rng, n)];
	return true;
}

unsigned corpus_size(void)
{
	return corpus->n_programs;
}

unsigned corpus_pcs(void)
{
	return corpus->n_pcs;
}

unsigned corpus_edges(void)
{
	return corpus->n_edges;
}

__u32 corpus_next_pc(__u32 from)
{
	while (from < CODE_SIZE && !corpus->pcs[from])
		from++;
	return from < CODE_SIZE ? from : 0;
}
