/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups of the kernel, and what a user namespace calls them. */
#ifndef SHIM_LINUX_UIDGID_H
#define SHIM_LINUX_UIDGID_H

#include <linux/types.h>

typedef struct {
	uid_t val;
} kuid_t;

typedef struct {
	gid_t val;
} kgid_t;

/* ids below @count are those of the kernel less @base */
struct user_namespace {
	u32 base;
	u32 count;
	int level;
	struct user_namespace *parent;
	kuid_t owner;
	int n_refs;
};

#define KUIDT_INIT(value) ((kuid_t){ value })
#define KGIDT_INIT(value) ((kgid_t){ value })
#define INVALID_UID KUIDT_INIT(-1)
#define INVALID_GID KGIDT_INIT(-1)

static inline kuid_t make_kuid(struct user_namespace *ns, uid_t uid)
{
	return uid < ns->count ? KUIDT_INIT(ns->base + uid) : INVALID_UID;
}

static inline kgid_t make_kgid(struct user_namespace *ns, gid_t gid)
{
	return gid < ns->count ? KGIDT_INIT(ns->base + gid) : INVALID_GID;
}

static inline uid_t __kuid_val(kuid_t uid)
{
	return uid.val;
}

static inline gid_t __kgid_val(kgid_t gid)
{
	return gid.val;
}

static inline u32 shim_id_in(const struct user_namespace *ns, u32 id,
			     u32 otherwise)
{
	return id - ns->base < ns->count ? id - ns->base : otherwise;
}

static inline uid_t from_kuid(struct user_namespace *ns, kuid_t uid)
{
	return shim_id_in(ns, uid.val, -1);
}

static inline uid_t from_kuid_munged(struct user_namespace *ns, kuid_t uid)
{
	return shim_id_in(ns, uid.val, 65534);
}

static inline gid_t from_kgid_munged(struct user_namespace *ns, kgid_t gid)
{
	return shim_id_in(ns, gid.val, 65534);
}

static inline bool uid_eq(kuid_t a, kuid_t b)
{
	return a.val == b.val;
}

static inline bool gid_eq(kgid_t a, kgid_t b)
{
	return a.val == b.val;
}

static inline bool uid_lt(kuid_t a, kuid_t b)
{
	return a.val < b.val;
}

static inline bool gid_lt(kgid_t a, kgid_t b)
{
	return a.val < b.val;
}

static inline bool uid_valid(kuid_t uid)
{
	return uid.val != (uid_t)-1;
}

static inline bool gid_valid(kgid_t gid)
{
	return gid.val != (gid_t)-1;
}

#endif /* SHIM_LINUX_UIDGID_H */
