/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What passes on a bus, added up: for each connection, and for each pair of
 * them.
 *
 * A monitor sees a message before it is known who will take it: of one to a
 * well-known name it is told the name only. So the names are kept here, too,
 * as notifications of the kernel tell of them.
 *
 * The time of an answer is from when the call was sent to when its return was,
 * both by the kernel's clock. Calls are remembered in a ring; an answer that
 * comes TRAFFIC_CALLS calls later is counted, and its time is not.
 */
#ifndef CTL_TRAFFIC_H
#define CTL_TRAFFIC_H

#include "lib/message.h"
#include "lib/notify.h"

#define TRAFFIC_CALLS		4096
#define TRAFFIC_EVERYBODY	UINT64_MAX	/* id of whoever listens to signals */
#define TRAFFIC_UNKNOWN		0		/* id of who has a name that nobody has */

/**
 * struct traffic_count - what was added up
 * @sent:	messages
 * @received:	messages, without signals to everybody
 * @bytes_sent:	of bodies
 * @bytes_received: the same
 * @errors:	of @sent, those that are errors
 * @answers:	of @sent, those that answer a call that was seen
 * @time_ns:	that these took, all together
 * @time_max_ns: that the slowest took
 */
struct traffic_count {
	uint64_t sent;
	uint64_t received;
	uint64_t bytes_sent;
	uint64_t bytes_received;
	uint64_t errors;
	uint64_t answers;
	uint64_t time_ns;
	uint64_t time_max_ns;
};

/**
 * struct traffic_peer - a connection that had to do with a message
 * @id:		its, or TRAFFIC_EVERYBODY, TRAFFIC_UNKNOWN
 * @total:	since the beginning
 * @turn:	since traffic_turn()
 */
struct traffic_peer {
	uint64_t id;
	struct traffic_count total;
	struct traffic_count turn;
};

/**
 * struct traffic_edge - what one sent to another
 * @calls, @answers, @errors, @signals: messages of each type
 * @bytes:	of bodies
 * @time_ns:	of @answers and @errors that answer a call, all together
 * @timed:	how many these are
 */
struct traffic_edge {
	uint64_t from;
	uint64_t to;
	uint64_t calls;
	uint64_t answers;
	uint64_t errors;
	uint64_t signals;
	uint64_t bytes;
	uint64_t time_ns;
	uint64_t timed;
};

struct traffic_name {
	char *name;
	uint64_t id;
};

/**
 * struct traffic_call - a call that waits for its answer
 * @to:		whom it was for; of a name that nobody had, whoever answers
 * @size:	of its body
 */
struct traffic_call {
	uint64_t caller;
	uint64_t cookie;
	uint64_t to;
	uint64_t size;
	uint64_t time_ns;
};

/**
 * struct traffic - all of it
 * @peers:	sorted by id
 * @edges:	sorted by @from, then @to
 * @names:	sorted by name
 * @calls:	a ring; @next_call is the place of the next one
 * @n_seen:	messages since the beginning
 */
struct traffic {
	struct traffic_peer *peers;
	size_t n_peers;
	struct traffic_edge *edges;
	size_t n_edges;
	struct traffic_name *names;
	size_t n_names;
	struct traffic_call calls[TRAFFIC_CALLS];
	size_t next_call;
	uint64_t n_seen;
};

/* An empty one, NULL if out of memory. */
struct traffic *traffic_new(void);
struct traffic *traffic_free(struct traffic *traffic);

static inline void traffic_freep(struct traffic **traffic)
{
	traffic_free(*traffic);
}

/* Who has a name from now on; TRAFFIC_UNKNOWN for nobody. 0 or -ENOMEM. */
int traffic_set_owner(struct traffic *traffic, const char *name, uint64_t id);
/* What the kernel tells of names: 0 or -ENOMEM. */
int traffic_notice(struct traffic *traffic,
		   const struct kb_notification *notification);

/* A message passes: 0 or -ENOMEM. Notifications are nobody's and not counted. */
int traffic_see(struct traffic *traffic, const struct kb_message *m);

/* Begins to count anew in the turns of all peers. */
void traffic_turn(struct traffic *traffic);

/* NULL if it had nothing to do with any message. */
const struct traffic_peer *traffic_find(const struct traffic *traffic,
					uint64_t id);

/* @n in @elapsed_ns, as a number per second; 0 if no time has passed. */
double traffic_rate(uint64_t n, uint64_t elapsed_ns);
/* Of one answer on average, in nanoseconds; 0 if there was none. */
uint64_t traffic_time(const struct traffic_count *count);

#endif /* CTL_TRAFFIC_H */
