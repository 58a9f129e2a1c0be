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

#define WHO_GROUPS 4

/**
 * struct who - as whom a client connects
 * @uid:	in the user database, or the daemon does not let it in
 * @gids:	the first is the primary one
 */
struct who {
	uid_t uid;
	gid_t gids[WHO_GROUPS];
	size_t n_gids;
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

/* @who: NULL for ourselves; others only as root */
void side_init(struct side *side, struct reference *reference,
	       const struct who *who);
void side_deinit(struct side *side);

/* What is printed with a difference, to have it again. */
void reference_label(const char *format, ...) _printf_(1, 2);

/* Asks both whether @who may connect at all. */
void compare_connect(struct reference *reference, const struct who *who);

/* Asks both whether @side may own the name; it owns it afterwards if so. */
bool compare_own(struct reference *reference, struct side *side,
		 const char *name);

/* Sends it for real and compares; the serial if it arrived, else 0. */
uint32_t compare_message(struct reference *reference, struct side *from,
			 struct side *to, struct kb_message *message);

#endif /* TESTS_UNIT_PROXY_REFERENCE_H */
