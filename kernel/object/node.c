// SPDX-License-Identifier: GPL-2.0-only
/* The tree of named things that the file system shows. */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/string.h>

#include "object/node.h"

#include <linux/kdbus.h>

/* inode numbers below 16 are left to the file system */
static atomic64_t last_ino = ATOMIC64_INIT(15);

/**
 * kdbus_node_dir_mode() - mode of a bus's directory
 * @make_flags:	KDBUS_MAKE_*; WORLD implies GROUP
 */
umode_t kdbus_node_dir_mode(u64 make_flags)
{
	if (make_flags & KDBUS_MAKE_ACCESS_WORLD)
		return S_IFDIR | 0555;
	if (make_flags & KDBUS_MAKE_ACCESS_GROUP)
		return S_IFDIR | 0550;
	return S_IFDIR | 0500;
}

/**
 * kdbus_node_file_mode() - mode of an endpoint
 * @make_flags:	KDBUS_MAKE_*; WORLD implies GROUP
 */
umode_t kdbus_node_file_mode(u64 make_flags)
{
	if (make_flags & KDBUS_MAKE_ACCESS_WORLD)
		return S_IFREG | 0666;
	if (make_flags & KDBUS_MAKE_ACCESS_GROUP)
		return S_IFREG | 0660;
	return S_IFREG | 0600;
}

/**
 * kdbus_node_init() - prepare a node; kdbus_node_unref() is due
 * @node:	node to initialise
 * @type:	what embeds it
 * @mode:	mode bits with the file type
 * @uid:	owner
 * @gid:	group
 * @free:	frees what embeds it
 */
void kdbus_node_init(struct kdbus_node *node, enum kdbus_node_type type,
		     umode_t mode, kuid_t uid, kgid_t gid,
		     void (*free)(struct kdbus_node *node))
{
	kref_init(&node->ref);
	kdbus_active_init(&node->active);
	node->type = type;
	node->mode = mode;
	node->uid = uid;
	node->gid = gid;
	node->ino = atomic64_inc_return(&last_ino);
	node->name = NULL;
	node->parent = NULL;
	node->free = free;
	node->inode = NULL;
	node->forget = NULL;
	INIT_LIST_HEAD(&node->sibling);
	mutex_init(&node->lock);
	node->names = RB_ROOT;
	INIT_LIST_HEAD(&node->children);
}

/* where @name is, or would be, among the children of @node */
static struct rb_node **find_slot(struct kdbus_node *node, const char *name,
				  struct rb_node **out_parent)
{
	struct rb_node **slot = &node->names.rb_node;
	int order;

	lockdep_assert_held(&node->lock);
	*out_parent = NULL;
	while (*slot) {
		order = strcmp(name, rb_entry(*slot, struct kdbus_node,
					      by_name)->name);
		if (!order)
			break;
		*out_parent = *slot;
		slot = order < 0 ? &(*slot)->rb_left : &(*slot)->rb_right;
	}
	return slot;
}

/**
 * kdbus_node_link() - take a name inside a directory
 * @node:	node without a parent; the directory takes a reference
 * @parent:	directory; an operation on it is in progress
 * @name:	name to take
 *
 * Return: 0, -EEXIST, -ENOMEM.
 */
int kdbus_node_link(struct kdbus_node *node, struct kdbus_node *parent,
		    const char *name)
{
	struct rb_node **slot, *above;

	node->name = kstrdup(name, GFP_KERNEL_ACCOUNT);
	if (!node->name)
		return -ENOMEM;

	guard(mutex)(&parent->lock);
	slot = find_slot(parent, name, &above);
	if (*slot)
		return -EEXIST;
	rb_link_node(&node->by_name, above, slot);
	rb_insert_color(&node->by_name, &parent->names);
	list_add_tail(&node->sibling, &parent->children);
	node->parent = kdbus_node_ref(parent);
	kdbus_node_ref(node);
	return 0;
}

/**
 * kdbus_node_unlink() - give the name back
 * @node:	node, linked or not
 */
void kdbus_node_unlink(struct kdbus_node *node)
{
	void (*forget)(struct kdbus_node *node);
	struct kdbus_node *parent = node->parent;
	bool linked;

	if (!parent)
		return;
	mutex_lock(&parent->lock);
	linked = !list_empty(&node->sibling);
	if (linked) {
		rb_erase(&node->by_name, &parent->names);
		list_del_init(&node->sibling);
	}
	mutex_unlock(&parent->lock);
	if (!linked)
		return;
	/* pairs with WRITE_ONCE() in fs_remember() */
	forget = READ_ONCE(node->forget);
	if (forget)
		forget(node);
	kdbus_node_unref(node);
}

/**
 * kdbus_node_end() - let nothing new start, wait for what has started
 * @node:	node to end
 *
 * Return: true for the one caller who now has to take the thing apart.
 */
bool kdbus_node_end(struct kdbus_node *node)
{
	if (!kdbus_active_switch_off(&node->active))
		return false;
	kdbus_active_drain(&node->active);
	return true;
}

/**
 * kdbus_node_ref() - take a reference
 * @node:	node or NULL
 */
struct kdbus_node *kdbus_node_ref(struct kdbus_node *node)
{
	if (node)
		kref_get(&node->ref);
	return node;
}

static void node_free(struct kref *ref)
{
	struct kdbus_node *node = container_of(ref, struct kdbus_node, ref);
	struct kdbus_node *parent = node->parent;

	WARN_ON_ONCE(!list_empty(&node->children));
	kfree(node->name);
	node->free(node);
	kdbus_node_unref(parent);
}

/**
 * kdbus_node_unref() - drop a reference
 * @node:	node or NULL
 *
 * Return: NULL.
 */
struct kdbus_node *kdbus_node_unref(struct kdbus_node *node)
{
	if (node)
		kref_put(&node->ref, node_free);
	return NULL;
}

/**
 * kdbus_node_get_child() - look up a name
 * @node:	directory
 * @name:	name inside it
 */
struct kdbus_node *kdbus_node_get_child(struct kdbus_node *node,
					const char *name)
{
	struct rb_node *above, *found;

	guard(mutex)(&node->lock);
	found = *find_slot(node, name, &above);
	if (!found)
		return NULL;
	return kdbus_node_ref(rb_entry(found, struct kdbus_node, by_name));
}

/**
 * kdbus_node_get_after() - walk a directory
 * @node:	directory
 * @ino:	inode number of the last child seen, 0 to start
 */
struct kdbus_node *kdbus_node_get_after(struct kdbus_node *node, u64 ino)
{
	struct kdbus_node *child;

	guard(mutex)(&node->lock);
	list_for_each_entry(child, &node->children, sibling)
		if (child->ino > ino)
			return kdbus_node_ref(child);
	return NULL;
}

/**
 * kdbus_node_get_first() - the oldest child
 * @node:	directory
 */
struct kdbus_node *kdbus_node_get_first(struct kdbus_node *node)
{
	return kdbus_node_get_after(node, 0);
}
