/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two halves of the world share. */
#pragma once

#include "tests/fuzz/world.h"

#define KEPT_FDS 120 /* descriptors from here on are not the programs' */
#define N_SLICES 4
#define MOVING_SIZE (16 * 4096UL)

/* Never changed once it is in a slot: whoever takes it out unmaps it. */
struct map {
	__u8 *at;
	size_t size;
};

/**
 * struct slot - a file, and what it said
 * @fd:		-1 if closed; what follows stays
 * @id:		of the connection
 * @pool:	its bytes
 * @map:	where it is mapped, or NULL
 * @slices:	offsets that were told, the last N_SLICES
 * @n_slices:	how many there have been
 * @last:	offset of the last message
 * @from:	its sender
 * @cookie:	its cookie
 *
 * Actors use slots at the same time, without a lock: that is the point.
 */
struct slot {
	int fd;
	__u64 id;
	__u64 pool;
	struct map *map;
	__u64 slices[N_SLICES];
	unsigned n_slices;
	__u64 last;
	__u64 from;
	__u64 cookie;
};

enum {
	FD_SEALED,
	FD_SEALED_PAGE,
	FD_UNSEALED,
	FD_HALF_SEALED,
	FD_PIPE,
	FD_PIPE_END,
	FD_NULL,
	FD_PATH,
	FD_UNIX,
	FD_READY,
	FD_EVENT,
	FD_EPOLL,
	FD_TIMER,
	FD_INET,
	FD_RING,
	FD_DIR,
	FD_NEGATIVE,
	FD_CLOSED,
	N_FDS,
};

extern volatile struct slot world_slots[N_SLOTS];
extern __thread unsigned world_actor;
extern bool world_processes;
extern char world_dir[200], world_common[200], world_extra[220];
extern int world_fds[N_FDS];

__u8 *world_moving(void);
/* Where PLACE_SHARED is; 256 words. */
__u64 *world_shared(void);
int world_keep(int fd);
bool world_peek(const volatile void *address, void *to, size_t size);
void world_map_whole(volatile struct slot *slot);
void world_maps_reset(void);
long world_give(int fd, __u32 number, void *cmd, __u32 place, __u32 nth);
