/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything refused is told to the log: who, what, by which rule. */
#ifndef PROXY_REFUSAL_H
#define PROXY_REFUSAL_H

#include <stdint.h>

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
 * The first refusal of a kind is logged with all there is to say, those that
 * follow within a few seconds are counted and told with the next one.
 */
struct refusals {
	struct {
		uint64_t quiet_until_ns;
		uint64_t n_untold;
	} kinds[_N_REFUSAL_KINDS];
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

/* A limit is reached; @value in its own unit. */
void refusal_limit(struct client *client, const char *limit, uint64_t value);

/* The client is disconnected; @why is a whole phrase. */
void refusal_disconnect(struct client *client, const char *why);

/* @n messages to or from the client are lost; @why is a whole phrase. */
void refusal_drop(struct client *client, uint64_t n,
		  const struct kb_message *message, const char *why);

/* Tells what is still untold; when the client goes. */
void refusals_deinit(struct client *client);

#endif /* PROXY_REFUSAL_H */
