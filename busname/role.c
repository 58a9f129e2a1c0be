// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What kdbus is to be on this machine, or for this user.
 */
#include <limits.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "busname/role.h"
#include "lib/util.h"

/* Is the module loaded, or part of this kernel's modules? */
static bool is_available(const struct kb_switch *it, const char *release)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/fs/kdbus", it->root);
	return access(path, F_OK) == 0 || kb_switch_has_module(it->root, release);
}

/* The first thing that is missing, as a reason. */
static char *find_obstacle(const struct kb_switch *it, const char *release)
{
	_cleanup_(kb_strv_freep) char **missing = NULL;
	char *reason = kb_switch_refusal(it);

	if (!reason && kb_switch_missing(it, release, &missing) < 0)
		return strdup("out of memory");
	return reason ?: missing ? strdup(missing[0]) : NULL;
}

enum role role_read(const struct kb_switch *it, const char *release, char **out_reason)
{
	int word = kb_switch_word(it);
	bool available;

	*out_reason = NULL;
	if (word == 0)
		return ROLE_NONE;
	available = is_available(it, release);
	if (kb_switch_is_served(it))
		return kb_switch_is_chosen(it) ? ROLE_BUS : available ? ROLE_BESIDE : ROLE_NONE;
	if (word == 1 || kb_switch_is_enabled(it)) {
		*out_reason = find_obstacle(it, release);
		if (!*out_reason)
			return ROLE_BUS;
	}
	return available ? ROLE_BESIDE : ROLE_NONE;
}

enum role role_now(bool user)
{
	_cleanup_(kb_freep) char *reason = NULL;
	enum role role = ROLE_NONE;
	struct utsname uts;
	struct kb_switch it;

	if (uname(&uts) < 0 || kb_switch_init(&it, user, "") < 0)
		return role;
	role = role_read(&it, uts.release, &reason);
	kb_switch_deinit(&it);
	return role;
}
