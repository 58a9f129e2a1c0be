/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Somebody else on the bus: a client that calls another and waits. What it sees
 * is what everybody sees who has done nothing wrong.
 */
#ifndef TESTS_SYSTEM_BYSTANDER_H
#define TESTS_SYSTEM_BYSTANDER_H

#include "tests/dbus1-end.h"

#define BYSTANDER_INTERFACE "org.kdbus.Test"

/**
 * struct bystander - two clients, and what their calls took
 * @limit_ns:	calls that take longer are counted, if it is not 0
 * @n_late:	by these
 * @failed:	a call was not answered
 */
struct bystander {
	struct end caller;
	struct end callee;
	struct kb_message *call;
	uint64_t longest_ns;
	uint64_t sum_ns;
	uint64_t limit_ns;
	unsigned int n;
	unsigned int n_late;
	bool failed;
};

/* at the socket of this path; the policy has to let them speak */
void bystander_open(struct bystander *bystander, const char *path);
void bystander_close(struct bystander *bystander);

/* a call, and its reply */
void bystander_call(struct bystander *bystander);

/* a line with what they took */
void bystander_tell(const struct bystander *bystander, const char *when);

/* forgets what they took */
void bystander_reset(struct bystander *bystander);

#endif /* TESTS_SYSTEM_BYSTANDER_H */
