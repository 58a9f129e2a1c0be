/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The switch: is kdbus the bus, of the system or of a user's session, or does
 * it lie beside the classic one?
 *
 * It is thrown by a file that is there or not, and by "kdbus=" on the kernel's
 * command line, and it counts for the next start of the service manager: what
 * a running machine has chosen stays, for nobody could follow.  What was
 * chosen lies below the runtime directory, and is gone with it.
 */
#ifndef KB_SWITCH_H
#define KB_SWITCH_H

#include <stdbool.h>

/**
 * struct kb_switch - where the files of one switch are
 * @user:	that of the user's session; else that of the system
 * @root:	in front of every path, "" on a running machine; borrowed
 * @enabled:	exists where kdbus is wanted
 * @enabled_for_all: the same for every user; NULL for the system
 * @chosen:	exists where this start has chosen kdbus
 * @refused:	exists where this start could not; holds the reason
 * @socket:	of the bus everybody looks for
 *
 * The paths are without @root and belong to the switch.
 */
struct kb_switch {
	bool user;
	const char *root;
	char *enabled;
	char *enabled_for_all;
	char *chosen;
	char *refused;
	char *socket;
};

/* Reads the environment. 0 or -ENOMEM. */
int kb_switch_init(struct kb_switch *it, bool user, const char *root);
void kb_switch_deinit(struct kb_switch *it);

/* The last "kdbus=" of the kernel's command line: 0, 1, or -1 without one. */
int kb_switch_word(const struct kb_switch *it);

bool kb_switch_is_enabled(const struct kb_switch *it);
bool kb_switch_is_chosen(const struct kb_switch *it);

/* Does somebody listen on the socket? Then this start has chosen already. */
bool kb_switch_is_served(const struct kb_switch *it);

/* Why this start could not take kdbus, freshly allocated, or NULL. */
char *kb_switch_refusal(const struct kb_switch *it);

/**
 * kb_switch_missing() - what kdbus needs to be the bus, and is not there
 * @release:	the kernel that is to have a module
 * @out:	one phrase each, to be freed with kb_strv_free(); NULL if it
 *		is all there
 *
 * Return: 0 or -ENOMEM.
 */
int kb_switch_missing(const struct kb_switch *it, const char *release, char ***out);

/* Is the module kdbus among those of kernel @release, below @root? */
bool kb_switch_has_module(const char *root, const char *release);

#endif /* KB_SWITCH_H */
