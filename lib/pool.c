// SPDX-License-Identifier: LGPL-2.1-or-later
/* A connection's receive pool, mapped read-only. */
#include <errno.h>
#include <sys/mman.h>

#include "lib/cmd.h"
#include "lib/pool.h"

int kb_pool_init(struct kb_pool *pool, int fd, size_t size)
{
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	*pool = (struct kb_pool){ .fd = fd, .map = map, .size = size };
	return 0;
}

void kb_pool_deinit(struct kb_pool *pool)
{
	if (pool->map)
		munmap((void *)pool->map, pool->size);
	pool->map = NULL;
}

const void *kb_pool_at(const struct kb_pool *pool, uint64_t offset,
		       uint64_t size)
{
	if (offset % 8 || offset > pool->size || size > pool->size - offset)
		return NULL;
	return pool->map + offset;
}

void kb_pool_release(const struct kb_pool *pool, uint64_t offset)
{
	if (pool->fd >= 0)
		kb_cmd_free(pool->fd, offset);
}
