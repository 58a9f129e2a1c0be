/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The world that programs of the fuzzer act in: files in slots, memory of many
 * kinds, descriptors worth sending.  A program is data; what it does is done by
 * the functions here, which need nothing but the ABI, so that a program can be
 * printed as C that is linked with this file alone.
 *
 * Every function that does something takes its arguments as numbers and returns
 * 0 or a negative errno; no argument is wrong, most are only useless.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/kdbus.h>

#define N_SLOTS 16 /* files that a program can hold */
#define N_ACTORS 4 /* tasks that act at the same time */
#define N_WORDS 4300 /* of a command or message, a little over the limit */
#define N_PATCHES 96

/* references: numbers that stand for what is only known when they are used */

enum ref {
	REF_ID, /* id of the connection in slot n */
	REF_FROM, /* sender of the last message that slot n received */
	REF_COOKIE, /* its cookie */
	REF_SLICE, /* offset that slot n % 16 was last told, n / 16 times ago */
	REF_POOL, /* size of the pool of slot n */
	REF_SOON, /* n ms from now, on CLOCK_MONOTONIC */
	REF_MEMORY, /* address of enum memory n */
	REF_FD, /* descriptor n of those that may be sent */
	REF_FILE, /* descriptor in slot n */
	REF_MAP, /* address of the last message in the pool of slot n */
	REF_PID, /* of the caller */
	N_REFS,
};

#define REF(class, n) (0x1d00000000000000ULL | (__u64)(class) << 16 | (n))
#define REF_IS(value) (((value) >> 24) == 0x1d00000000ULL && REF_CLASS(value) < N_REFS)
#define REF_CLASS(value) (((value) >> 16) & 0xff)
#define REF_N(value) ((value)&0xffff)

__u64 world_value(__u64 value);

enum memory {
	MEMORY_GOOD, /* 4 MiB that can be read */
	MEMORY_ODD, /* the same, from an odd address */
	MEMORY_EDGE, /* 64 bytes, then nothing */
	MEMORY_STALL, /* pages that take their time to appear */
	MEMORY_MOVING, /* pages that world_remap() takes and gives */
	MEMORY_NONE, /* nothing there */
	MEMORY_KERNEL, /* not ours */
	N_MEMORY,
};

/* where a command lies when it is given */
enum place {
	PLACE_GOOD,
	PLACE_ODD, /* not at a multiple of 8 */
	PLACE_EDGE, /* the last byte is the last of its page, nothing follows */
	PLACE_CUT, /* its last 8 bytes are not there */
	PLACE_STALL, /* in pages that take their time */
	PLACE_CONST, /* in memory that cannot be written */
	PLACE_SHARED, /* where world_scribble() writes */
	PLACE_POOL, /* a message: the last one received, as it lies there */
	PLACE_COMPAT, /* given by a 32-bit system call */
	PLACE_NONE, /* nowhere */
	N_PLACES,
};

/* commands */

/* A number that is filled in before use. */
struct patch {
	__u16 at; /* in bytes */
	__u16 size; /* 4 or 8 */
	__u64 value; /* reference */
};

struct blob {
	__u32 size; /* in bytes */
	__u32 n_patches;
	struct patch patches[N_PATCHES];
	__u64 words[N_WORDS];
};

/**
 * struct call - a command that is given to a file
 * @slot:	the file
 * @number:	of the ioctl
 * @place:	enum place
 * @msg_place:	the same for the message
 * @msg_at:	where the address of the message goes; 0: there is none
 * @fail:	the allocation that fails, counted from 1; 0: none
 * @cmd:	command
 * @msg:	message
 */
struct call {
	__u32 slot;
	__u32 number;
	__u32 place;
	__u32 msg_place;
	__u32 msg_at;
	__u32 fail;
	struct blob cmd;
	struct blob msg;
};

long world_call(const struct call *call);

/* everything else */

/* what world_open() opens: @where */
enum where {
	WHERE_CONTROL,
	WHERE_BUS_A,
	WHERE_BUS_B,
	WHERE_ENDPOINT_A,
	WHERE_ENDPOINT_B,
	WHERE_COMMON_CONTROL,
	WHERE_COMMON_BUS,
	WHERE_DIR,
	WHERE_BUS_DIR,
	WHERE_MOUNT_CONTROL,
	WHERE_MOUNT_BUS,
	N_WHERE,
};

long world_open(const __u64 *a); /* slot, where, flags */
long world_close(const __u64 *a); /* slot */
long world_dup(const __u64 *a); /* slot, from */
long world_map(const __u64 *a); /* slot, offset, size, how */
long world_unmap(const __u64 *a); /* slot */
long world_touch(const __u64 *a); /* slot, offset, size, what */
long world_poll(const __u64 *a); /* slot, ms */
long world_epoll(const __u64 *a); /* slot, what */
long world_misc(const __u64 *a); /* slot, what */
long world_ioctl(const __u64 *a); /* slot, number, argument */
long world_pause(const __u64 *a); /* us */
long world_kick(const __u64 *a); /* actor, kill */
long world_remap(const __u64 *a); /* how */
long world_scribble(const __u64 *a); /* word, value, times */
long world_become(const __u64 *a); /* real, effective */
long world_limit(const __u64 *a); /* descriptors */
long world_spawn(const __u64 *a); /* slot, what, us */
long world_unshare(const __u64 *a); /* what */
long world_mount(const __u64 *a); /* what */
long world_shrink(const __u64 *a); /* what */

/* life */

/* Once per process: @dir gets a kdbusfs, @common has one; NULL: none. */
int world_init(const char *dir, const char *common);
/* Before each program; which actor the caller is, and whether processes act. */
void world_enter(unsigned actor, bool processes);
/* An actor is done. */
void world_leave(void);
/* After each program: all is closed and unmapped, and as it was. */
void world_reset(void);
/* Set when a program takes too long: nothing sleeps any more. */
extern volatile bool world_late;

/* Which tasks act; 0: none. For world_kick(). In shared memory. */
struct actors {
	pid_t tid[N_ACTORS];
	pid_t pid[N_ACTORS];
};
extern struct actors *world_actors;
