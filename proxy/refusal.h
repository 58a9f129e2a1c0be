/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything refused is told to the log: who, what, why, how to change it. */
#ifndef PROXY_REFUSAL_H
#define PROXY_REFUSAL_H

#include <stdint.h>
#include <sys/types.h>

struct client;
struct kb_message;
struct policy_rule;

/* What is refused; each kind has its own burst. */
enum refusal_kind {
	REFUSAL_CONNECT,
	REFUSAL_SEND,
	REFUSAL_RECEIVE,
	REFUSAL_OWN,
	REFUSAL_LIMIT,
	REFUSAL_DISCONNECT,
	REFUSAL_DROP,
	_N_REFUSAL_KINDS,
};

/**
 * struct refusals - the bursts of one client
 *
 * The first refusal of a kind is logged with all there is to say.  What follows
 * within a few seconds for the same reason is counted and told with the next
 * line, and so is what comes for other reasons once there were many.
 */
struct refusals {
	struct {
		uint64_t quiet_until_ns;
		uint64_t n_untold;
		uint64_t cause;
		unsigned int n_lines;
	} kinds[_N_REFUSAL_KINDS];
};

/* users whose disconnects are counted; two of the same number share a place */
#define REFUSAL_USERS 16

/**
 * struct refusal_user - the disconnects of one user's clients
 *
 * Who is disconnected may come again at once, with bursts of its own.
 */
struct refusal_user {
	uid_t uid;
	uint64_t quiet_until_ns;
	uint64_t n_untold;
	unsigned int n_lines;
};

/**
 * struct refusal_limit - a limit that no configuration sets
 * @remedy:	what can be done, a whole sentence without its full stop
 */
struct refusal_limit {
	const char *name;
	uint64_t value;
	const char *remedy;
};

/**
 * refusal_policy() - the XML policy said no
 * @message:	or NULL, if it is about a connection or a name
 * @name:	the name to be owned, or the other side; NULL if there is none
 * @rule:	that denied, NULL if none allowed
 */
void refusal_policy(struct client *client, enum refusal_kind kind,
		    const struct kb_message *message, const char *name,
		    const struct policy_rule *rule);

/* No policy can allow it; @why is a whole phrase. */
void refusal_access(struct client *client, const struct kb_message *message,
		    const char *why);

/* The driver says no in its @answer; other errors of it are not told. */
void refusal_driver(struct client *client, const struct kb_message *answer);

/* A <limit> is reached; @value in its own unit. */
void refusal_limit(struct client *client, const char *limit, uint64_t value);

/* one that is not configured, and for which message */
void refusal_fixed_limit(struct client *client,
			 const struct refusal_limit *limit,
			 const struct kb_message *message);

/* @to does not read, and has max_outgoing_bytes or descriptors to read already:
 * returns which of the two limits it is. */
const char *refusal_full(struct client *client, const struct client *to,
		  const struct kb_message *message);

/* The client is disconnected; @why is a whole phrase. */
void refusal_disconnect(struct client *client, const char *why);

/* the same because of a <limit> */
void refusal_disconnect_limit(struct client *client, const char *limit,
			      uint64_t value, const char *why);

/* @n messages to or from the client are lost; @why is a whole phrase. */
void refusal_drop(struct client *client, uint64_t n,
		  const struct kb_message *message, const char *why);

/* Tells what is still untold; when the client goes. */
void refusals_deinit(struct client *client);

#endif /* PROXY_REFUSAL_H */
