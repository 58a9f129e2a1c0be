/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection's receive pool, mapped read-only.
 *
 * The kernel never changes a slice that was handed out, so what was checked
 * once stays right until it is released. The mapping outlives the connection.
 */
#ifndef KB_POOL_H
#define KB_POOL_H

#include "lib/util.h"

/**
 * struct kb_pool - the mapping
 * @fd:		the connection; borrowed
 * @map:	first byte, NULL if not mapped
 * @size:	bytes
 */
struct kb_pool {
	int fd;
	const uint8_t *map;
	size_t size;
};

/* Maps the pool of @fd: 0 or a negative errno. */
int kb_pool_init(struct kb_pool *pool, int fd, size_t size);
void kb_pool_deinit(struct kb_pool *pool);

/* The slice at @offset, or NULL if [@offset, @offset + @size) is no part. */
const void *kb_pool_at(const struct kb_pool *pool, uint64_t offset,
		       uint64_t size);

/* Gives the slice back to the kernel; a dead connection is no error. */
void kb_pool_release(const struct kb_pool *pool, uint64_t offset);

#endif /* KB_POOL_H */
