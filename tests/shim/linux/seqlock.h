/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers that look again when a writer was there. */
#ifndef SHIM_LINUX_SEQLOCK_H
#define SHIM_LINUX_SEQLOCK_H

#include <linux/mutex.h>

typedef struct {
	unsigned int sequence;
	struct mutex *lock;
} seqcount_mutex_t;

static inline void seqcount_mutex_init(seqcount_mutex_t *seq,
				       struct mutex *lock)
{
	seq->sequence = 0;
	seq->lock = lock;
}

static inline void write_seqcount_begin(seqcount_mutex_t *seq)
{
	lockdep_assert_held(seq->lock);
	shim_check(seq->sequence % 2 == 0);
	seq->sequence++;
	shim_atomic_depth++;
}

static inline void write_seqcount_end(seqcount_mutex_t *seq)
{
	shim_check(seq->sequence % 2 == 1);
	seq->sequence++;
	shim_atomic_depth--;
}

static inline unsigned int read_seqcount_begin(const seqcount_mutex_t *seq)
{
	shim_check(seq->sequence % 2 == 0);
	return seq->sequence;
}

static inline bool read_seqcount_retry(const seqcount_mutex_t *seq,
				       unsigned int start)
{
	shim_reader_step();
	return seq->sequence != start;
}

#endif /* SHIM_LINUX_SEQLOCK_H */
