// SPDX-License-Identifier: GPL-2.0-only
/* Copy a command or a message in, check it, negotiate, answer it. */

#include <linux/slab.h>
#include <linux/uaccess.h>

#include "util/args.h"

/*
 * Commands are a few words long.  For these the checks around copy_from_user()
 * and copy_to_user() cost more than the copy.  The first word tells the size; it
 * is read once.
 */
static int read_short(struct kdbus_args *args, const u64 __user *from)
{
	u64 *to = args->room;
	size_t i = 1, n;
	int r = 0;

	if (!user_read_access_begin(from, args->rule->fixed))
		return -EFAULT;
	unsafe_get_user(to[0], from, fault);
	if (to[0] < args->rule->fixed)
		r = -EINVAL;
	else if (to[0] > KDBUS_ARGS_SIZE_MAX)
		r = -EMSGSIZE;
	else if (!access_ok(from, to[0]))
		goto fault;
	else if (to[0] <= sizeof(args->room))
#pragma GCC unroll 4
		for (n = to[0] / sizeof(u64); i < n; i++)
			unsafe_get_user(to[i], from + i, fault);
	user_read_access_end();
	args->size = to[0];
	return r;
fault:
	user_read_access_end();
	return -EFAULT;
}

/* What read_short() left: all behind the first word, or a last odd byte. */
static noinline int read_rest(struct kdbus_args *args, const u64 __user *from)
{
	size_t at = sizeof(u64), size = args->size;
	u64 *to = args->room;

	if (size > sizeof(args->room)) {
		to = kmalloc(KDBUS_ALIGN8(size), GFP_KERNEL_ACCOUNT);
		if (!to)
			return -ENOMEM;
		to[0] = size;
		args->data = to;
	} else {
		at = size & ~7UL;
	}
	to[KDBUS_ALIGN8(size) / 8 - 1] = 0;
	return copy_from_user((u8 *)to + at, (u8 __user *)from + at,
			      size - at) ? -EFAULT : 0;
}

static int read_all(struct kdbus_args *args)
{
	int r = read_short(args, args->user);

	if (r || (args->size <= sizeof(args->room) && !(args->size % 8)))
		return r;
	return read_rest(args, args->user);
}

/**
 * kdbus_args_copy() - copy a command or a message in
 * @args:	where to; kdbus_args_finish() is due if this succeeds
 * @rule:	what it has to look like
 * @user:	address in user space
 *
 * Return: 0, -EFAULT, -EINVAL (shorter than its fixed part), -EMSGSIZE (over
 * 32 KiB), -ENOMEM.
 */
int kdbus_args_copy(struct kdbus_args *args, const struct kdbus_args_rule *rule,
		    void __user *user)
{
	int r;

	if (!IS_ALIGNED((unsigned long)user, 8))
		return -EFAULT;
	args->rule = rule;
	args->user = user;
	args->data = args->room;
	args->negotiate = false;
	args->out = 0;
	args->out_size = 0;
	args->has = 0;

	r = read_all(args);
	if (r) {
		if (args->data != args->room)
			kfree(args->data);
		return r;
	}
	if (!rule->plain)
		args->cmd->return_flags = 0;
	return 0;
}

/* index of a type in the rule, -1 if it is not accepted */
static int rule_index(const struct kdbus_args_rule *rule, u64 type)
{
	unsigned int i;

	for (i = 0; i < rule->n_items; i++)
		if (rule->items[i].type == type)
			return i;
	return -1;
}

static int check_item(struct kdbus_args *args, struct kdbus_item *item,
		      struct kdbus_item **negotiate)
{
	int i, r;

	if (item->type == KDBUS_ITEM_NEGOTIATE) {
		r = kdbus_item_check(item);
		if (r)
			return r;
		if (*negotiate)
			return -EINVAL;
		*negotiate = item;
		return 0;
	}

	i = rule_index(args->rule, item->type);
	if (i < 0)
		return -EINVAL;
	r = kdbus_item_check(item);
	if (r)
		return r;
	if (!(args->has & BIT(i)))
		args->found[i] = item;
	else if (!(args->rule->items[i].how & KDBUS_ITEM_MANY))
		return -EINVAL;
	args->has |= BIT(i);
	return 0;
}

/* Every item lies inside the object, and the walk ends where the object does. */
static int check_items(struct kdbus_args *args, struct kdbus_item **negotiate)
{
	size_t at = args->rule->fixed;
	struct kdbus_item *item;
	int r;

	while (at < args->size) {
		item = (struct kdbus_item *)((u8 *)args->data + at);
		if (args->size - at < KDBUS_ITEM_HEADER ||
		    item->size < KDBUS_ITEM_HEADER ||
		    item->size > args->size - at)
			return -EINVAL;
		r = check_item(args, item, negotiate);
		if (r)
			return r;
		at += KDBUS_ALIGN8(item->size);
	}
	return 0;
}

/* Zero the types in a NEGOTIATE item, in user space, that are not accepted. */
static noinline int negotiate_items(struct kdbus_args *args, struct kdbus_item *item)
{
	size_t i, n = kdbus_item_payload(item) / sizeof(u64);
	u64 __user *types = args->user + ((u8 *)item->data64 - (u8 *)args->data);

	for (i = 0; i < n; i++) {
		if (item->data64[i] == KDBUS_ITEM_NEGOTIATE ||
		    rule_index(args->rule, item->data64[i]) >= 0)
			continue;
		if (put_user(0, types + i))
			return -EFAULT;
	}
	return 0;
}

/**
 * kdbus_args_check() - check flags and items, and negotiate
 * @args:	copied command or message
 *
 * Sets @args->negotiate if the caller wanted to know the accepted flags and
 * nothing else.
 *
 * Return: 0, -EINVAL, -EBADF, -ENAMETOOLONG, -EFAULT.
 */
int kdbus_args_check(struct kdbus_args *args)
{
	const struct kdbus_args_rule *rule = args->rule;
	struct kdbus_cmd __user *user = args->user;
	struct kdbus_item *negotiate = NULL;
	unsigned int i;
	int r;

	if (args->cmd->flags & ~(rule->flags | KDBUS_FLAG_NEGOTIATE))
		return -EINVAL;
	r = check_items(args, &negotiate);
	if (r)
		return r;

	args->asked = negotiate;
	if (negotiate) {
		r = negotiate_items(args, negotiate);
		if (r)
			return r;
	}
	if (args->cmd->flags & KDBUS_FLAG_NEGOTIATE) {
		args->negotiate = true;
		return put_user(rule->flags, &user->flags);
	}

	for (i = 0; i < rule->n_items; i++) {
		if (!(rule->items[i].how & KDBUS_ITEM_MUST))
			break;
		if (!(args->has & BIT(i)))
			return -EINVAL;
	}
	return 0;
}

/**
 * kdbus_args_answer() - a part of the command is to be written back
 * @args:	command
 * @from:	first byte of it, a multiple of 8
 * @size:	bytes, a multiple of 8
 */
void kdbus_args_answer(struct kdbus_args *args, size_t from, size_t size)
{
	args->out = from;
	args->out_size = size;
}

static int write_back(const struct kdbus_args *args)
{
	const u64 *from = args->data + args->out;
	struct kdbus_cmd __user *cmd = args->user;
	u64 __user *to = args->user + args->out;
	size_t i;

	if (!user_write_access_begin(cmd, args->size))
		return -EFAULT;
	for (i = 0; i < args->out_size / sizeof(u64); i++)
		unsafe_put_user(from[i], to + i, fault);
	unsafe_put_user(args->cmd->return_flags, &cmd->return_flags, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * kdbus_args_finish() - write back what is to be, and let go of the copy
 * @args:	command or message
 * @result:	what became of it
 *
 * Commands are answered with return_flags, whatever became of them.
 *
 * Return: @result, or -EFAULT if the command cannot be written to.
 */
int kdbus_args_finish(struct kdbus_args *args, int result)
{
	if (!args->rule->plain && write_back(args))
		result = -EFAULT;
	if (args->data != args->room)
		kfree(args->data);
	return result;
}

/**
 * kdbus_args_find() - first item of a type
 * @args:	checked command or message
 * @type:	type that its rule names
 */
struct kdbus_item *kdbus_args_find(const struct kdbus_args *args, u64 type)
{
	int i = rule_index(args->rule, type);

	return i >= 0 && args->has & BIT(i) ? args->found[i] : NULL;
}

/**
 * kdbus_args_find_str() - string in the first item of a type
 * @args:	checked command or message
 * @type:	type with a string as its payload
 *
 * Return: the string, NULL if there is no such item.
 */
const char *kdbus_args_find_str(const struct kdbus_args *args, u64 type)
{
	struct kdbus_item *item = kdbus_args_find(args, type);

	return item ? item->str : NULL;
}
