/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Credentials, as far as policy reads them. */
#ifndef SHIM_LINUX_CRED_H
#define SHIM_LINUX_CRED_H

#include <linux/uidgid.h>

/* sorted */
struct group_info {
	int ngroups;
	kgid_t gid[];
};

struct cred {
	kuid_t uid, euid, suid, fsuid;
	kgid_t gid, egid, sgid, fsgid;
	struct group_info *group_info;
};

extern struct user_namespace shim_user_ns;

#define current_user_ns() (&shim_user_ns)

#endif /* SHIM_LINUX_CRED_H */
