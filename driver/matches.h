/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Match rules of others.
 *
 * The kernel keeps the rules, as matches of the caller's connection, and it
 * keeps their number: what this process remembers is for the statistics and
 * to save questions.
 *
 * The cookie of a rule is a hash of its normal form with the low bits zero;
 * the matches that let signals through carry it.  Each instance of the rule
 * has one more match, with the instance's number in the low bits and a
 * condition that never holds.  So a driver that knows nothing can count them,
 * by removing and adding them again, while the signals keep flowing.
 */
#ifndef DRIVER_MATCHES_H
#define DRIVER_MATCHES_H

#include "driver/driver.h"

/* Instances of one rule; the kernel has no room for more matches. */
#define MATCHES_INSTANCES_MAX 4095

/**
 * struct rule - a rule somebody added through us
 * @text:	its normal form
 * @cookie:	of the matches that let signals through
 * @n:		instances
 */
struct rule {
	struct rule *next;
	char *text;
	uint64_t cookie;
	uint32_t n;
};

/**
 * struct client - a connection that has rules
 * @n_rules:	instances of all of them
 * @peak_rules:	most there were
 */
struct client {
	struct client *next;
	uint64_t id;
	struct rule *rules;
	uint32_t n_rules;
	uint32_t peak_rules;
};

int matches_add(struct call *call);
int matches_remove(struct call *call);

/* The connection has gone, and the kernel has removed its matches. */
void matches_forget(struct driver *driver, uint64_t id);
void matches_forget_all(struct driver *driver);

/* NULL if it has no rules. */
struct client *matches_client(struct driver *driver, uint64_t id);
/* Rules of all clients. */
uint32_t matches_count(struct driver *driver);

/**
 * matches_parse() - check a rule for a caller
 *
 * Return: 0, or CALL_DONE if it was answered with the error, or an errno.
 */
int matches_parse(struct call *call, const char *text, struct kb_match_rule **out);

#endif /* DRIVER_MATCHES_H */
