/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sealed memory files: large payload that is handed over instead of copied.
 */
#ifndef KB_MEMFD_H
#define KB_MEMFD_H

#include "lib/util.h"

/**
 * struct kb_memfd - a piece of a sealed file in the midst of other bytes
 * @fd:		the file, borrowed
 * @start:	where the piece begins in it, a multiple of the page size
 * @size:	bytes of it
 * @before:	bytes to stand in front of it
 * @after:	bytes to stand behind it
 */
struct kb_memfd {
	int fd;
	uint64_t start;
	size_t size;
	size_t before;
	size_t after;
};

/**
 * struct kb_memfd_map - all of that in one piece of memory
 * @map:	the mapping, for munmap()
 * @map_size:	its bytes
 * @data:	the first of the bytes in front
 * @piece:	the file's; the bytes behind come right after it
 */
struct kb_memfd_map {
	void *map;
	size_t map_size;
	uint8_t *data;
	uint8_t *piece;
};

/* Nobody can change the file any more: 0; -EBUSY while somebody has it mapped
 * writable; -EINVAL for a file that cannot be sealed; others of fcntl(2). */
int kb_memfd_seal(int fd);

/**
 * kb_memfd_map() - lay bytes around a file without copying the file
 * @out:	writable, and private; the caller fills in what stands around
 *		the piece and calls kb_memfd_protect()
 *
 * The file's pages are mapped between pages of our own. What stands in front
 * ends where a page ends, what stands behind shares the file's last page.
 *
 * Return: 0 or an errno of mmap(2).
 */
int kb_memfd_map(const struct kb_memfd *memfd, struct kb_memfd_map *out);
void kb_memfd_protect(const struct kb_memfd_map *map);

#endif /* KB_MEMFD_H */
