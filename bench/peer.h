/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Buses, connections and messages for the measuring programs, by plain ioctls:
 * what is measured is the ABI, not a library. Commands are laid out once and
 * used again, as a program does that cares.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <linux/kdbus.h>

#include "bench/util.h"

#define POOL_SIZE (16 * MIB)
#define FOREVER 1000000000000000000ULL	/* a deadline that never comes */

/* Makes the program's bus, open for all, on a kdbusfs of its own. */
void bus_start(void);

/**
 * struct peer - a connection
 * @fd:		its descriptor
 * @id:		its id
 * @pool:	its pool, mapped; NULL for a bare one
 */
struct peer {
	int fd;
	uint64_t id;
	const uint8_t *pool;
};

/* @receive: metadata that it wants with messages. */
struct peer peer_new(uint64_t receive);
/* Not mapped, with a pool of @pool_size: one of a crowd. */
struct peer peer_new_bare(size_t pool_size);
void peer_close(struct peer *peer);

/* Room for a command or a message with a few items. */
union room {
	struct kdbus_cmd cmd;
	struct kdbus_cmd_hello hello;
	struct kdbus_cmd_match match;
	struct kdbus_msg msg;
	uint64_t words[160];
};

/* Clears @room and says that its fixed part has @size bytes. */
void room_init(union room *room, size_t size);
/* Appends an item; @payload may be NULL to leave it zero. Returns it. */
struct kdbus_item *room_item(union room *room, uint64_t type, const void *payload, size_t size);

/**
 * struct letter - a message and the command that sends it
 *
 * Laid out once by letter_init() and the functions that add to it; before it is
 * sent again only what differs is written.
 */
struct letter {
	struct kdbus_cmd_send cmd;
	union room room;
};

void letter_init(struct letter *letter, uint64_t dst_id);
void letter_vec(struct letter *letter, const void *data, size_t size);
void letter_memfd(struct letter *letter, int fd, size_t size);
void letter_name(struct letter *letter, const char *name);
/* Makes it a request whose answer the command waits for. */
void letter_call(struct letter *letter);

void letter_send(const struct peer *peer, struct letter *letter);

/* Takes the next message, which must be there. Returns its offset. */
uint64_t peer_receive(const struct peer *peer);
void peer_free(const struct peer *peer, uint64_t offset);
/* Throws away what is queued. */
void peer_drain(const struct peer *peer);

void name_acquire(const struct peer *peer, const char *name);
void name_release(const struct peer *peer, const char *name);

#endif /* BENCH_PEER_H */
