/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Credentials, as far as anybody reads them. */
#ifndef SHIM_LINUX_CRED_H
#define SHIM_LINUX_CRED_H

#include <linux/capability.h>
#include <linux/uidgid.h>

#include "tests/shim/shim.h"

/* sorted */
struct group_info {
	int ngroups;
	kgid_t gid[];
};

struct cred {
	kuid_t uid, euid, suid, fsuid;
	kgid_t gid, egid, sgid, fsgid;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective, cap_bset;
	struct user_namespace *user_ns;
	struct group_info *group_info;
	int n_refs;
};

extern struct cred shim_cred;

#define current_cred() ((const struct cred *)&shim_cred)
#define get_current_cred() get_cred(current_cred())
#define current_user_ns() (&shim_user_ns)
#define current_uid() (shim_cred.uid)
#define current_euid() (shim_cred.euid)
#define current_egid() (shim_cred.egid)

static inline const struct cred *get_cred(const struct cred *cred)
{
	((struct cred *)cred)->n_refs++;
	return cred;
}

static inline void put_cred(const struct cred *cred)
{
	shim_check(!cred || cred->n_refs > 0);
	if (cred)
		((struct cred *)cred)->n_refs--;
}

#endif /* SHIM_LINUX_CRED_H */
