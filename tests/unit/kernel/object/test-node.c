// SPDX-License-Identifier: LGPL-2.1-or-later
/* Nodes: names taken once, children in order, ends that wait. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include <linux/kdbus.h>
#include <linux/slab.h>
#include <linux/stat.h>

#include "object/node.h"
#include "tests/unit/kernel/items.h"

#define N 40

/* what embeds a node */
struct thing {
	int before;
	struct kdbus_node node;
};

static unsigned int n_freed, n_forgotten;
static struct kdbus_node *root;

static void free_thing(struct kdbus_node *node)
{
	struct thing *thing = container_of(node, struct thing, node);

	cr_assert_eq(thing->before, 77);
	n_freed++;
	kfree(thing);
}

static void forget(struct kdbus_node *node)
{
	cr_assert_eq(shim_n_locks, 0);
	cr_assert_neq(node->ref.count, 0, "it is still there");
	n_forgotten++;
}

static struct kdbus_node *thing_new(void)
{
	struct thing *thing = kmalloc(sizeof(*thing), GFP_KERNEL);

	cr_assert_not_null(thing);
	thing->before = 77;
	kdbus_node_init(&thing->node, KDBUS_NODE_BUS, S_IFDIR | 0500,
			KUIDT_INIT(5), KGIDT_INIT(6), free_thing);
	return &thing->node;
}

static void begin(void)
{
	n_freed = n_forgotten = 0;
	root = thing_new();
}

static void end(void)
{
	cr_expect(RB_EMPTY_ROOT(&root->names));
	cr_expect(list_empty(&root->children));
	root = kdbus_node_unref(root);
	cr_expect_null(root);
}

/* a child with a name, which the directory alone holds */
static struct kdbus_node *child(const char *name)
{
	struct kdbus_node *node = thing_new();

	cr_assert_eq(kdbus_node_link(node, root, name), 0, "%s", name);
	kdbus_node_unref(node);
	return node;
}

/* the borrowed child of a name */
static struct kdbus_node *find(const char *name)
{
	struct kdbus_node *node = kdbus_node_get_child(root, name);

	kdbus_node_unref(node);
	return node;
}

ShimTest(node, modes_follow_the_flags_and_world_implies_group)
{
	static const struct {
		u64 flags;
		umode_t dir, file;
	} modes[] = {
		{ 0,				0500, 0600 },
		{ KDBUS_MAKE_ACCESS_GROUP,	0550, 0660 },
		{ KDBUS_MAKE_ACCESS_WORLD,	0555, 0666 },
		{ KDBUS_MAKE_ACCESS_GROUP | KDBUS_MAKE_ACCESS_WORLD, 0555,
		  0666 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		cr_expect_eq(kdbus_node_dir_mode(modes[i].flags),
			     S_IFDIR | modes[i].dir);
		cr_expect_eq(kdbus_node_file_mode(modes[i].flags),
			     S_IFREG | modes[i].file);
	}
}

ShimTest(node, a_new_one_has_no_name_and_is_not_usable)
{
	begin();
	cr_expect_eq(root->type, KDBUS_NODE_BUS);
	cr_expect_eq(root->mode, S_IFDIR | 0500);
	cr_expect_eq(root->uid.val, 5);
	cr_expect_eq(root->gid.val, 6);
	cr_expect_null(root->name);
	cr_expect_null(root->parent);
	cr_expect_not(kdbus_active_acquire(&root->active));
	kdbus_node_unlink(root);
	end();
	cr_expect_eq(n_freed, 1);
}

ShimTest(node, numbers_grow_and_leave_the_first_ones_alone)
{
	struct kdbus_node *node;
	u64 last = 15;

	for (int i = 0; i < 20; i++) {
		node = thing_new();
		cr_expect_gt(node->ino, last);
		last = node->ino;
		kdbus_node_unref(node);
	}
}

ShimTest(node, a_name_is_taken_once)
{
	struct kdbus_node *first, *second = thing_new();

	begin();
	first = child("a");
	cr_expect_eq(kdbus_node_link(second, root, "a"), -EEXIST);
	cr_expect_null(second->parent);
	cr_expect_eq(find("a"), first);
	cr_expect_eq(root->ref.count, 2, "only who is inside holds it");
	kdbus_node_unlink(second);
	cr_expect_eq(find("a"), first, "who was refused takes nothing away");
	kdbus_node_unref(second);
	cr_expect_eq(n_freed, 1);
	kdbus_node_unlink(first);
	end();
}

ShimTest(node, a_name_given_back_may_be_taken_again)
{
	struct kdbus_node *held;

	begin();
	held = kdbus_node_ref(child("a"));
	kdbus_node_unlink(held);
	cr_expect_null(find("a"));
	cr_expect_str_eq(held->name, "a", "it keeps its name");
	cr_expect_eq(held->parent, root);
	cr_expect_neq(child("a"), held);
	kdbus_node_unlink(held);
	cr_expect_not_null(find("a"), "a second time gives nothing back");
	cr_expect_eq(n_freed, 0);
	kdbus_node_unref(held);
	cr_expect_eq(n_freed, 1);
	kdbus_node_unlink(find("a"));
	cr_expect_eq(n_freed, 2);
	end();
}

ShimTest(node, the_file_system_forgets_it_once)
{
	struct kdbus_node *held;

	begin();
	held = kdbus_node_ref(child("a"));
	WRITE_ONCE(held->forget, forget);
	kdbus_node_unlink(held);
	cr_expect_eq(n_forgotten, 1);
	kdbus_node_unlink(held);
	cr_expect_eq(n_forgotten, 1);
	kdbus_node_unref(held);
	end();
}

ShimTest(node, a_child_keeps_its_directory)
{
	struct kdbus_node *held;

	begin();
	held = kdbus_node_ref(child("a"));
	kdbus_node_unlink(held);
	kdbus_node_unref(root);
	cr_expect_eq(n_freed, 0);
	kdbus_node_unref(held);
	cr_expect_eq(n_freed, 2);
}

ShimTest(node, nothing_is_a_reference_to_nothing)
{
	cr_expect_null(kdbus_node_ref(NULL));
	cr_expect_null(kdbus_node_unref(NULL));
}

ShimTest(node, without_memory_no_name_is_taken)
{
	struct kdbus_node *node = thing_new();

	begin();
	shim_fail_allocation(1);
	cr_expect_eq(kdbus_node_link(node, root, "a"), -ENOMEM);
	cr_expect_null(find("a"));
	cr_expect_null(node->parent);
	cr_expect_eq(kdbus_node_link(node, root, "a"), 0, "once more");
	kdbus_node_unlink(node);
	kdbus_node_unref(node);
	end();
}

/* ends */

static void end_one(void)
{
	kdbus_active_release(&root->active);
}

ShimTest(node, one_caller_ends_it_when_the_last_operation_is_over)
{
	begin();
	kdbus_active_switch_on(&root->active);
	for (int i = 0; i < 3; i++)
		cr_assert(kdbus_active_acquire(&root->active));
	shim_while_asleep(end_one);
	cr_expect(kdbus_node_end(root));
	cr_expect_eq(atomic_read(&root->active.count), KDBUS_ACTIVE_OFF);
	cr_expect_not(kdbus_node_end(root));
	end();
}

ShimTest(node, what_was_never_usable_has_no_end)
{
	begin();
	cr_expect_not(kdbus_node_end(root));
	end();
}

/* children */

ShimTest(node, a_name_is_found_whole)
{
	static const char *const names[] = { "m", "b", "x", "bb", "ba", "z",
					     "1000-user", "0-system", "B" };
	static const char *const strange[] = { "", "a", "mm", "bba", "zz",
					       "1000", "0-syste", "M" };
	struct kdbus_node *nodes[ARRAY_SIZE(names)];

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		nodes[i] = child(names[i]);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		cr_expect_eq(find(names[i]), nodes[i], "%s", names[i]);
	for (size_t i = 0; i < ARRAY_SIZE(strange); i++)
		cr_expect_null(find(strange[i]), "%s", strange[i]);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		kdbus_node_unlink(nodes[i]);
		cr_expect_null(find(names[i]));
	}
	end();
}

/* children without the one that was seen last, however they come and go */
static void check_order(const bool *there, struct kdbus_node *const *nodes)
{
	struct kdbus_node *node = kdbus_node_get_first(root);
	u64 ino;

	for (int i = 0; i < N; i++) {
		if (!there[i])
			continue;
		cr_assert_eq(node, nodes[i]);
		ino = node->ino;
		kdbus_node_unref(node);
		node = kdbus_node_get_after(root, ino);
	}
	cr_assert_null(node);
}

ShimTest(node, a_walk_sees_each_child_in_the_order_they_came)
{
	struct kdbus_node *nodes[N];
	bool there[N];
	char name[8];
	int at;

	begin();
	cr_expect_null(kdbus_node_get_first(root));
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "%d", i * 7 % N);
		nodes[i] = child(name);
		there[i] = true;
	}
	for (int n = N; n; n--) {
		check_order(there, nodes);
		do
			at = test_next(N);
		while (!there[at]);
		kdbus_node_unlink(nodes[at]);
		there[at] = false;
	}
	check_order(there, nodes);
	end();
}

/* where a walk stands may go away meanwhile */
ShimTest(node, a_walk_goes_on_behind_a_child_that_went)
{
	struct kdbus_node *a, *b, *c;
	u64 ino;

	begin();
	a = child("a");
	b = child("b");
	c = child("c");
	ino = b->ino;
	kdbus_node_unlink(b);
	b = kdbus_node_get_after(root, ino);
	cr_expect_eq(b, c);
	kdbus_node_unref(b);
	cr_expect_null(kdbus_node_get_after(root, c->ino));
	kdbus_node_unlink(a);
	kdbus_node_unlink(c);
	end();
}
