/* SPDX-License-Identifier: GPL-2.0-only */
/* Copy a command or a message in, check it, negotiate, answer it. */
#ifndef KDBUS_ARGS_H
#define KDBUS_ARGS_H

#include "util/item.h"

#define KDBUS_ARGS_SIZE_MAX	32768	/* bytes of a command or a message */
#define KDBUS_ARGS_ITEMS_MAX	12	/* types that one command knows */

/* how often an item may occur */
enum {
	KDBUS_ITEM_ONCE		= 0,
	KDBUS_ITEM_MANY		= 1 << 0,
	KDBUS_ITEM_MUST		= 1 << 1,
};

/**
 * struct kdbus_args_item - a type of item that is accepted
 * @type:	KDBUS_ITEM_*
 * @how:	KDBUS_ITEM_ONCE, or KDBUS_ITEM_MANY and KDBUS_ITEM_MUST
 */
struct kdbus_args_item {
	u64 type;
	unsigned int how;
};

/**
 * struct kdbus_args_rule - what a command, or a message, may look like
 * @fixed:	bytes in front of its items
 * @flags:	bits its flags word may have; KDBUS_FLAG_NEGOTIATE always may
 * @items:	types it accepts, those that MUST be there first;
 *		KDBUS_ITEM_NEGOTIATE goes without saying
 * @n_items:	how many types
 * @plain:	a message: there is no return_flags to answer with
 */
struct kdbus_args_rule {
	size_t fixed;
	u64 flags;
	const struct kdbus_args_item *items;
	unsigned int n_items;
	bool plain;
};

/**
 * struct kdbus_args - a command or a message of user space, copied in
 * @rule:	what it has to look like
 * @user:	where it lies
 * @cmd:	the copy, as a command: @size bytes, zeroes up to a multiple of 8
 * @msg:	the copy, as a message
 * @size:	bytes of it, items included
 * @negotiate:	nothing but negotiation was asked for
 * @asked:	there is a NEGOTIATE item
 * @out:	first byte that is to be written back
 * @out_size:	bytes that are
 * @has:	bit i: there is an item of type i of @rule
 * @found:	the first of each type there is
 * @room:	the copy lives here if it is small
 *
 * The copy is made once and is all that anybody looks at: memory of user space
 * changes while we look.
 *
 * Kernels that clear local variables would clear @room for each command:
 * declare it __uninitialized.
 */
struct kdbus_args {
	const struct kdbus_args_rule *rule;
	void __user *user;
	union {
		struct kdbus_cmd *cmd;
		struct kdbus_msg *msg;
		void *data;
	};
	size_t size;
	bool negotiate;
	bool asked;
	size_t out;
	size_t out_size;
	unsigned int has;
	struct kdbus_item *found[KDBUS_ARGS_ITEMS_MAX];
	u64 room[40];
};

int kdbus_args_copy(struct kdbus_args *args, const struct kdbus_args_rule *rule,
		    void __user *user);
int kdbus_args_check(struct kdbus_args *args);
void kdbus_args_answer(struct kdbus_args *args, size_t from, size_t size);
int kdbus_args_finish(struct kdbus_args *args, int result);

struct kdbus_item *kdbus_args_find(const struct kdbus_args *args, u64 type);
const char *kdbus_args_find_str(const struct kdbus_args *args, u64 type);

/**
 * kdbus_args_items() - where the items start
 * @args:	copied command or message
 */
static inline struct kdbus_item *kdbus_args_items(const struct kdbus_args *args)
{
	return (struct kdbus_item *)((u8 *)args->data + args->rule->fixed);
}

/**
 * kdbus_args_answer_from() - the end of the fixed part is to be written back
 * @args:	command
 * @struct_type: its type
 * @first:	first member that is
 */
#define kdbus_args_answer_from(args, struct_type, first)		\
	kdbus_args_answer(args, offsetof(struct_type, first),		\
			  sizeof(struct_type) - offsetof(struct_type, first))

#define kdbus_args_for_each_item(item, args)				\
	kdbus_items_for_each(item, kdbus_args_items(args),		\
			     (u8 *)(args)->data + (args)->size)

#endif /* KDBUS_ARGS_H */
