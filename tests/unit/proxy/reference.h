/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private dbus-daemon, to compare our verdicts with. */
#ifndef TESTS_UNIT_PROXY_REFERENCE_H
#define TESTS_UNIT_PROXY_REFERENCE_H

#include "proxy/config.h"
#include "tests/dbus1-end.h"

/**
 * struct reference - the daemon, and what we make of the same file
 */
struct reference {
	char directory[32];
	char config_path[64];
	char socket[64];
	pid_t pid;
	struct config *config;
};

/**
 * struct side - a client there, and what we know of it here
 * @names:	it owns
 */
struct side {
	struct end end;
	struct policy_view *view;
	const char *names[32];
	size_t n_names;
};

/* can it be run at all */
bool reference_exists(void);

/* @contents: of <busconfig>, besides where to listen */
void reference_init(struct reference *reference, const char *contents);
void reference_deinit(struct reference *reference);

/* @uid: (uid_t)-1 for our own */
void side_init(struct side *side, struct reference *reference, uid_t uid);
void side_deinit(struct side *side);

/* Asks both whether @side may own the name; it owns it afterwards if so. */
bool compare_own(struct reference *reference, struct side *side,
		 const char *name);

/* Sends it for real and compares; the serial if it arrived, else 0. */
uint32_t compare_message(struct reference *reference, struct side *from,
			 struct side *to, struct kb_message *message);

#endif /* TESTS_UNIT_PROXY_REFERENCE_H */
