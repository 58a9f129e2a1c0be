// SPDX-License-Identifier: LGPL-2.1-or-later
/* Capabilities: their names, and giving them up. The one user of libcap. */
#include <errno.h>
#include <grp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/caps.h"
#include "lib/util.h"

static void cap_freep(cap_t *caps)
{
	if (*caps)
		cap_free(*caps);
}

const char *kb_caps_name(unsigned int cap)
{
	static char *names[64];

	if (cap >= KB_ARRAY_SIZE(names))
		return NULL;
	/* made once per capability and kept for the life of the process */
	if (!names[cap] && cap < (unsigned int)cap_max_bits())
		names[cap] = cap_to_name(cap);
	return names[cap];
}

int kb_caps_have(unsigned int cap)
{
	_cleanup_(cap_freep) cap_t caps = cap_get_proc();
	cap_flag_value_t value;

	if (!caps || cap_get_flag(caps, cap, CAP_EFFECTIVE, &value) < 0)
		return -errno;
	return value == CAP_SET;
}

static bool is_kept(int cap, const int *keep, size_t n_keep)
{
	for (size_t i = 0; i < n_keep; i++)
		if (keep[i] == cap)
			return true;
	return false;
}

/* Lowers the bounding set; without CAP_SETPCAP it stays as it is, which
 * no_new_privs makes harmless. */
static void drop_bounding(const int *keep, size_t n_keep)
{
	for (int cap = 0; cap_get_bound(cap) >= 0; cap++)
		if (!is_kept(cap, keep, n_keep))
			cap_drop_bound(cap);
}

static int set_caps(const int *keep, size_t n_keep)
{
	_cleanup_(cap_freep) cap_t old = cap_get_proc();
	_cleanup_(cap_freep) cap_t new = cap_init();

	if (!old || !new)
		return -errno;
	for (size_t i = 0; i < n_keep; i++) {
		cap_flag_value_t value;
		cap_value_t cap = keep[i];

		if (cap_get_flag(old, cap, CAP_PERMITTED, &value) < 0)
			return -errno;
		if (value != CAP_SET)
			continue;
		if (cap_set_flag(new, CAP_PERMITTED, 1, &cap, CAP_SET) < 0 ||
		    cap_set_flag(new, CAP_EFFECTIVE, 1, &cap, CAP_SET) < 0)
			return -errno;
	}
	return cap_set_proc(new) < 0 ? -errno : 0;
}

static int set_ids(uid_t uid, gid_t gid)
{
	if (gid != (gid_t)-1 &&
	    (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0))
		return -errno;
	if (uid != (uid_t)-1 && setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

int kb_caps_drop(uid_t uid, gid_t gid, const int *keep, size_t n_keep)
{
	int r;

	/* 1. while we may: what nobody can get back through execve() */
	drop_bounding(keep, n_keep);

	/* 2. another user, with the permitted set kept for the next step */
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return -errno;
	r = set_ids(uid, gid);
	if (r < 0)
		return r;

	/* 3. what is left of the capabilities */
	r = set_caps(keep, n_keep);
	if (r < 0)
		return r;
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}
