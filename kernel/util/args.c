// SPDX-License-Identifier: GPL-2.0-only
/* Copy a command or a message in, check it, negotiate, answer it. */

#include <linux/slab.h>
#include <linux/uaccess.h>

#include "util/args.h"

#define FEW_WORDS	20	/* what is copied word by word */

/*
 * Commands are a few words long.  For these the checks around copy_from_user()
 * and copy_to_user() cost more than the copy.
 */
static int read_words(u64 *to, const u64 __user *from, size_t n)
{
	size_t i;

	if (!user_read_access_begin(from, n * sizeof(u64)))
		return -EFAULT;
	for (i = 0; i < n; i++)
		unsafe_get_user(to[i], from + i, fault);
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

static int write_words(u64 __user *to, const u64 *from, size_t n)
{
	size_t i;

	if (!user_write_access_begin(to, n * sizeof(u64)))
		return -EFAULT;
	for (i = 0; i < n; i++)
		unsafe_put_user(from[i], to + i, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

static int read_all(u64 *to, const u64 __user *from, size_t size)
{
	size_t n = size / sizeof(u64), tail = size % sizeof(u64);
	int r;

	if (n > FEW_WORDS)
		return copy_from_user(to, from, size) ? -EFAULT : 0;
	r = read_words(to, from, n);
	if (!r && tail && copy_from_user(to + n, from + n, tail))
		r = -EFAULT;
	return r;
}

/**
 * kdbus_args_copy() - copy a command or a message in
 * @args:	where to; kdbus_args_finish() is due if this succeeds
 * @rule:	what it has to look like
 * @user:	address in user space
 *
 * Return: 0, -EFAULT, -EINVAL (shorter than its fixed part, or changed under
 * our eyes), -EMSGSIZE (over 32 KiB), -ENOMEM.
 */
int kdbus_args_copy(struct kdbus_args *args, const struct kdbus_args_rule *rule,
		    void __user *user)
{
	unsigned int i;
	u64 size;
	int r;

	if (!IS_ALIGNED((unsigned long)user, 8) ||
	    get_user(size, (u64 __user *)user))
		return -EFAULT;
	if (size < rule->fixed)
		return -EINVAL;
	if (size > KDBUS_ARGS_SIZE_MAX)
		return -EMSGSIZE;

	args->rule = rule;
	args->user = user;
	args->size = size;
	args->negotiate = false;
	for (i = 0; i < rule->n_items; i++)
		args->found[i] = NULL;
	args->data = args->room;
	if (size > sizeof(args->room)) {
		args->data = kmalloc(KDBUS_ALIGN8(size), GFP_KERNEL_ACCOUNT);
		if (!args->data)
			return -ENOMEM;
	}

	((u64 *)args->data)[KDBUS_ALIGN8(size) / 8 - 1] = 0;
	r = read_all(args->data, user, size);
	if (!r && args->cmd->size != size)
		r = -EINVAL;
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
	if (!args->found[i])
		args->found[i] = item;
	else if (!(args->rule->items[i].how & KDBUS_ITEM_MANY))
		return -EINVAL;
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
static int negotiate_items(struct kdbus_args *args, struct kdbus_item *item)
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

	for (i = 0; i < rule->n_items; i++)
		if (rule->items[i].how & KDBUS_ITEM_MUST && !args->found[i])
			return -EINVAL;
	return 0;
}

/**
 * kdbus_args_answer() - write a part of the command back to user space
 * @args:	command
 * @from:	first byte of it, a multiple of 8
 * @size:	bytes, a multiple of 8
 *
 * Return: 0 or -EFAULT.
 */
int kdbus_args_answer(struct kdbus_args *args, size_t from, size_t size)
{
	return write_words(args->user + from,
			   (u64 *)((u8 *)args->data + from), size / 8);
}

/**
 * kdbus_args_finish() - answer with return_flags and let go of the copy
 * @args:	command or message
 * @result:	what became of it
 *
 * Return: @result, or -EFAULT if the command cannot be written to.
 */
int kdbus_args_finish(struct kdbus_args *args, int result)
{
	struct kdbus_cmd __user *user = args->user;

	if (!args->rule->plain &&
	    put_user(args->cmd->return_flags, &user->return_flags))
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

	return i < 0 ? NULL : args->found[i];
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
