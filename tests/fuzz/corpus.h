/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all workers of a campaign share: the code that was reached, and the
 * programs that reached some of it first.
 */
#pragma once

#include "tests/fuzz/run.h"

#define N_CORPUS 4000
#define N_NEW 6000 /* more than there are */

/* What the last program reached before all others. */
struct news {
	unsigned n_pcs, n_edges;
	__u32 pcs[N_NEW]; /* offsets in the module; the first N_NEW */
};

/* Before workers are forked. */
int corpus_init(void);
/* In each worker. */
void corpus_enter(void);
void corpus_lock(void);
void corpus_unlock(void);
/* Compares what run_cover() says; @keep: it is old news afterwards. */
void corpus_look(struct news *news, bool keep);
/* Whether the last program reached all that @news names. */
bool corpus_reached(const struct news *news);
/* One more; its index, or -1: the corpus is full. */
int corpus_add(const struct program *program);
/* One of them; false: there is none. Recent ones are more likely. */
bool corpus_pick(struct program *program, struct rng *rng);
unsigned corpus_size(void);
unsigned corpus_pcs(void);
unsigned corpus_edges(void);
/* The next address in the module from @from on that was reached; 0: none. */
__u32 corpus_next_pc(__u32 from);
