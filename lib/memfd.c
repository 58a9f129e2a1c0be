// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sealed memory files. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/memfd.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

int kb_memfd_seal(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0)
		return -errno;
	if ((seals & SEALS) == SEALS)
		return 0;
	return fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? -errno : 0;
}

int kb_memfd_map(const struct kb_memfd *memfd, struct kb_memfd_map *out)
{
	size_t page = sysconf(_SC_PAGESIZE);
	size_t lead = kb_align_to(memfd->before, page);
	size_t size = lead + kb_align_to(memfd->size + memfd->after, page);
	uint8_t *map;

	map = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return -errno;
	if (mmap(map + lead, memfd->size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_FIXED, memfd->fd,
		 memfd->start) == MAP_FAILED) {
		int r = -errno;

		munmap(map, size);
		return r;
	}
	*out = (struct kb_memfd_map){
		.map = map,
		.map_size = size,
		.data = map + lead - memfd->before,
		.piece = map + lead,
	};
	return 0;
}

/* It only guards against ourselves, so that it may fail. */
void kb_memfd_protect(const struct kb_memfd_map *map)
{
	(void)mprotect(map->map, map->map_size, PROT_READ);
}
