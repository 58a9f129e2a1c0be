/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Search trees behind the kernel's calls.  They do not balance themselves:
 * what a tree holds, and in which order, is the same.
 */
#ifndef SHIM_LINUX_RBTREE_H
#define SHIM_LINUX_RBTREE_H

#include <linux/kernel.h>
#include <linux/list.h>

#include "tests/shim/shim.h"

struct rb_node {
	struct rb_node *above, *rb_left, *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
};

#define RB_ROOT ((struct rb_root){ NULL })
#define RB_ROOT_CACHED ((struct rb_root_cached){ { NULL } })
#define RB_EMPTY_ROOT(root) (!(root)->rb_node)

#define rb_entry(pointer, type, member) container_of(pointer, type, member)

static inline bool shim_rb_has(const struct rb_root *root,
			       const struct rb_node *node)
{
	while (node->above)
		node = node->above;
	return root->rb_node == node;
}

static inline void rb_link_node(struct rb_node *node, struct rb_node *above,
				struct rb_node **slot)
{
	shim_check(!*slot);
	node->above = above;
	node->rb_left = node->rb_right = NULL;
	*slot = node;
}

static inline void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	shim_check(shim_rb_has(root, node));
}

/* put @other, or nothing, where @node is */
static inline void shim_rb_replace(struct rb_root *root, struct rb_node *node,
				   struct rb_node *other)
{
	if (!node->above)
		root->rb_node = other;
	else if (node->above->rb_left == node)
		node->above->rb_left = other;
	else
		node->above->rb_right = other;
	if (other)
		other->above = node->above;
}

static inline void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *next;

	shim_check(shim_rb_has(root, node));
	if (!node->rb_left) {
		shim_rb_replace(root, node, node->rb_right);
	} else if (!node->rb_right) {
		shim_rb_replace(root, node, node->rb_left);
	} else {
		for (next = node->rb_right; next->rb_left;)
			next = next->rb_left;
		shim_rb_replace(root, next, next->rb_right);
		shim_rb_replace(root, node, next);
		next->rb_left = node->rb_left;
		next->rb_left->above = next;
		next->rb_right = node->rb_right;
		if (next->rb_right)
			next->rb_right->above = next;
	}
	node->above = node->rb_left = node->rb_right = SHIM_POISON;
}

static inline struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->rb_node;

	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

static inline struct rb_node *rb_next(const struct rb_node *node)
{
	if (node->rb_right)
		return rb_first(&(struct rb_root){ node->rb_right });
	while (node->above && node->above->rb_right == node)
		node = node->above;
	return node->above;
}

static inline struct rb_node *rb_first_cached(const struct rb_root_cached *root)
{
	return rb_first(&root->rb_root);
}

static inline void rb_add_cached(struct rb_node *node,
				 struct rb_root_cached *root,
				 bool (*less)(struct rb_node *a,
					      const struct rb_node *b))
{
	struct rb_node **slot = &root->rb_root.rb_node, *above = NULL;

	while (*slot) {
		above = *slot;
		slot = less(node, above) ? &above->rb_left : &above->rb_right;
	}
	rb_link_node(node, above, slot);
}

static inline void rb_erase_cached(struct rb_node *node,
				   struct rb_root_cached *root)
{
	rb_erase(node, &root->rb_root);
}

#endif /* SHIM_LINUX_RBTREE_H */
