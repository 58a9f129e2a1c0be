/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel tells about a peer: with a message, or when asked for it.
 */
#ifndef KB_META_H
#define KB_META_H

#include <linux/kdbus.h>

#include "lib/item.h"

#define KB_ID_UNSET	UINT64_C(0xffffffff)	/* a uid or gid nobody knows */

/**
 * struct kb_meta - metadata items, found and checked
 *
 * Pointers into the items, NULL for what is not there. A pid of 0 and an id of
 * KB_ID_UNSET mean unknown too.
 */
struct kb_meta {
	const struct kdbus_timestamp *timestamp;
	const struct kdbus_creds *creds;
	const struct kdbus_pids *pids;
	const uint64_t *auxgroups;
	size_t n_auxgroups;
	const char *tid_comm;
	const char *pid_comm;
	const char *exe;
	const char *cmdline;		/* strings, each terminated */
	size_t cmdline_size;		/* bytes of all of them */
	const char *cgroup;
	const struct kdbus_caps *caps;
	size_t n_caps_words;		/* 32-bit words of one of the sets */
	const char *seclabel;
	const struct kdbus_audit *audit;
	const char *description;
	const struct kdbus_process *process;	/* kb_conn_ask() only */
	const struct kdbus_usage *usage;	/* the same */
	struct kb_item_iter items;	/* for kb_meta_next_name() */
	size_t n_names;
};

/* The order of the sets in an item of capabilities. */
enum kb_caps_set {
	KB_CAPS_INHERITABLE,
	KB_CAPS_PERMITTED,
	KB_CAPS_EFFECTIVE,
	KB_CAPS_BOUNDING,
	_KB_CAPS_SETS,
};

/**
 * kb_meta_parse() - find the metadata among items
 * @meta:	overwritten; points into @items
 *
 * Return: 0, or -EBADMSG if an item is malformed.
 */
int kb_meta_parse(struct kb_meta *meta, const void *items, size_t size);

/**
 * kb_meta_next_name() - walk the well-known names of a peer
 * @iter:	a copy of @items to begin with
 *
 * Return: flags (KDBUS_NAME_*) and the name, or NULL at the end.
 */
const struct kdbus_name *kb_meta_next_name(struct kb_item_iter *iter);

/* Does it own (not queue for) @name? */
bool kb_meta_owns_name(const struct kb_meta *meta, const char *name);

/* Does it only hold a name for a service that is to be started? */
bool kb_meta_is_activator(const struct kb_meta *meta);

/* Is capability @cap in @set? False without the item. */
bool kb_meta_has_cap(const struct kb_meta *meta, enum kb_caps_set set,
		     unsigned int cap);

#endif /* KB_META_H */
