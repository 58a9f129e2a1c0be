/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of users and groups become numbers, and nobody waits for them. */
#ifndef PROXY_RESOLVE_H
#define PROXY_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct question - a name that the files do not know
 * @is_group:	else it is a user's
 * @result:	0 and @id, -ESRCH if nobody knows it, -EINPROGRESS for as long as
 *		there is no answer, -ETIMEDOUT if there will be none
 */
struct question {
	char *name;
	bool is_group;
	int result;
	uint32_t id;
};

/**
 * struct resolver - the names of one configuration
 * @questions:	each name once
 * @asked:	the one that is answered next
 * @pid:	of a child that asks the name service, 0 if there is none
 * @fd:		where it answers, -1 if there is none
 *
 * A name is looked for in /etc/passwd or /etc/group first.  Only what is not
 * there is a question for the name service, and a child asks it: a module of
 * the service may hang, or wait for a message that this very process should
 * carry.
 */
struct resolver {
	struct question *questions;
	size_t n_questions;
	size_t asked;
	pid_t pid;
	int fd;
};

#define RESOLVER_INIT { .fd = -1 }

void resolver_deinit(struct resolver *resolver);

/**
 * resolve_user(), resolve_group() - look into the files
 * @text:	a name or a decimal number
 * @out_id:	set if that is all there is to do
 *
 * Returns 0; the number of a question, from 1 on, if the name service must be
 * asked; -ESRCH if it is no number anybody has; -ENOMEM.
 */
int resolve_user(struct resolver *resolver, const char *text, uint32_t *out_id);
int resolve_group(struct resolver *resolver, const char *text,
		  uint32_t *out_id);

/* the question of a number that these gave */
const struct question *resolver_question(const struct resolver *resolver,
					 int number);

/* is there a question without an answer, or one that has none */
bool resolver_is_open(const struct resolver *resolver);
bool resolver_timed_out(const struct resolver *resolver);

/**
 * resolver_start() - let a child ask the name service all that is open
 *
 * From then on @fd is readable when there are answers.  Returns 0 or an errno.
 */
int resolver_start(struct resolver *resolver);

/* Takes answers: 1 if that was the last, 0 if more are to come. */
int resolver_read(struct resolver *resolver);

/* Ends the child; what is open is -ETIMEDOUT. */
void resolver_stop(struct resolver *resolver);

/**
 * resolver_inherit() - who was known before is still known
 * @old:	answers to use for questions that are -ETIMEDOUT
 */
void resolver_inherit(struct resolver *resolver, const struct resolver *old);

/* All of it, in no more than this time. */
void resolver_ask(struct resolver *resolver, int timeout_ms);

#endif /* PROXY_RESOLVE_H */
