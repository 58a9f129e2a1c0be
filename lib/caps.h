/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Capabilities: their names, and giving them up. The one user of libcap.
 */
#ifndef KB_CAPS_H
#define KB_CAPS_H

#include <stddef.h>
#include <sys/types.h>

/* "cap_ipc_owner", or NULL if this machine's library does not know it. */
const char *kb_caps_name(unsigned int cap);

/* Has this process @cap in its effective set? */
int kb_caps_have(unsigned int cap);

/**
 * kb_caps_drop() - become somebody unprivileged
 * @uid:	new user, or (uid_t)-1 to stay
 * @gid:	new group, or (gid_t)-1; supplementary groups go when it is given
 * @keep:	capabilities that stay permitted and effective, if we have them
 * @n_keep:	how many
 *
 * The bounding set is cut to them as far as allowed, nothing is inheritable,
 * and no new privileges can be had by execve().
 *
 * Return: 0 or a negative errno; the process should not go on then.
 */
int kb_caps_drop(uid_t uid, gid_t gid, const int *keep, size_t n_keep);

#endif /* KB_CAPS_H */
