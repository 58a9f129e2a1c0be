/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A dbus1 client on the bare socket, for tests that want to see every message.
 *
 * Whatever is unexpected ends the program with a line on standard error.
 */
#ifndef TESTS_DBUS1_END_H
#define TESTS_DBUS1_END_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/message.h"

#define END_WAIT_MS 20000

/**
 * struct end - one connection
 * @name:	unique name, after end_hello()
 * @serial:	of the last message sent
 * @fds:	descriptors that arrived and belong to no message yet
 */
struct end {
	int fd;
	char name[64];
	uint32_t serial;
	struct kb_buffer in;
	size_t in_start;
	int fds[64];
	size_t n_fds;
};

/* connects, as another user if @uid is not (uid_t)-1 and we are root */
void end_connect(struct end *end, const char *path, uid_t uid);

/* as that user with the group gids[0] and, if there are any, @n_others more */
void end_connect_as(struct end *end, const char *path, uid_t uid,
		    const gid_t *gids, size_t n_others);

/* the whole conversation up to BEGIN */
void end_authenticate(struct end *end, bool fds);

/* Hello, and the NameAcquired that follows */
void end_hello(struct end *end);

/* all three */
void end_open(struct end *end, const char *path, uid_t uid, bool fds);
void end_close(struct end *end);

/* output */

void end_write(struct end *end, const void *data, size_t size);

/* sends with a new serial, which is returned; descriptors stay the message's */
uint32_t end_send(struct end *end, struct kb_message *message);

/* input */

/* the next message, or NULL if none comes in time or the other side hung up */
struct kb_message *end_receive(struct end *end, int timeout_ms);

/* as end_receive() until one answers @serial; others are thrown away */
struct kb_message *end_reply(struct end *end, uint32_t serial);

/* the other side hangs up, whatever it says before */
bool end_is_hung_up(struct end *end, int timeout_ms);

/* calls */

/**
 * end_call() - call the driver
 * @types:	of the arguments that follow, as for kb_message_append()
 *
 * Returns the reply or error.
 */
struct kb_message *end_call(struct end *end, const char *member,
			    const char *types, ...);

/* the same, without looking at the answer: true for a return */
bool end_call_succeeds(struct end *end, const char *member, const char *string);

/* everything that was sent to us before now has arrived: true if alive */
bool end_sync(struct end *end);

#endif /* TESTS_DBUS1_END_H */
