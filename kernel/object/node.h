/* SPDX-License-Identifier: GPL-2.0-only */
/* The tree of named things that the file system shows. */
#ifndef KDBUS_NODE_H
#define KDBUS_NODE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "util/active.h"

#define KDBUS_SUPER_MAGIC	0x44427573	/* statfs: "DBus" */

struct inode;

enum kdbus_node_type {
	KDBUS_NODE_DOMAIN,
	KDBUS_NODE_CONTROL,
	KDBUS_NODE_BUS,
	KDBUS_NODE_ENDPOINT,
};

/**
 * struct kdbus_node - a directory or a file of kdbusfs
 * @ref:	references; they keep the memory
 * @active:	operations in progress; they keep the thing usable
 * @type:	what embeds this node
 * @mode:	mode bits with the file type
 * @uid:	owner
 * @gid:	group
 * @ino:	unique among all nodes, grows with each
 * @name:	name inside the parent, NULL for a domain; owned by the node
 * @parent:	directory it lies in, with a reference, NULL for a domain
 * @free:	frees what embeds the node, when the last reference goes
 * @inode:	what the file system made of it, if anything, to be forgotten
 *		with the name; guarded by the file system
 * @forget:	does that; NULL if there is nothing to forget
 * @by_name:	in @parent->names, until unlinked
 * @sibling:	in @parent->children, until unlinked
 * @lock:	guards the following
 * @names:	children by name
 * @children:	children, oldest first, hence in the order of @ino
 *
 * A node is initialised, linked into its parent (from then on its name is
 * taken), and switched on.  It ends with kdbus_node_end(): nobody can start
 * anything with it, operations in progress are waited for.  Whoever ended it
 * takes apart what embeds it and finally unlinks it: the name may be taken
 * again only when nothing of the old thing is left.
 */
struct kdbus_node {
	struct kref ref;
	struct kdbus_active active;
	enum kdbus_node_type type;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	u64 ino;
	char *name;
	struct kdbus_node *parent;
	void (*free)(struct kdbus_node *node);
	struct inode *inode;
	void (*forget)(struct kdbus_node *node);
	struct rb_node by_name;
	struct list_head sibling;

	struct mutex lock;
	struct rb_root names;
	struct list_head children;
};

/* MAKE flags to mode bits */
umode_t kdbus_node_dir_mode(u64 make_flags);
umode_t kdbus_node_file_mode(u64 make_flags);

/* lifetime */
void kdbus_node_init(struct kdbus_node *node, enum kdbus_node_type type,
		     umode_t mode, kuid_t uid, kgid_t gid,
		     void (*free)(struct kdbus_node *node));
int kdbus_node_link(struct kdbus_node *node, struct kdbus_node *parent,
		    const char *name);
void kdbus_node_unlink(struct kdbus_node *node);
bool kdbus_node_end(struct kdbus_node *node);
struct kdbus_node *kdbus_node_ref(struct kdbus_node *node);
struct kdbus_node *kdbus_node_unref(struct kdbus_node *node);

/* children; all return a reference or NULL */
struct kdbus_node *kdbus_node_get_child(struct kdbus_node *node,
					const char *name);
struct kdbus_node *kdbus_node_get_after(struct kdbus_node *node, u64 ino);
struct kdbus_node *kdbus_node_get_first(struct kdbus_node *node);

#endif /* KDBUS_NODE_H */
