// SPDX-License-Identifier: GPL-2.0-only
/* Walk items and check their payload. */

#include <linux/errno.h>

#include "util/item.h"
#include "util/text.h"

/* payload that is one string: its only NUL is the last byte */
static bool is_string(const char *str, size_t size)
{
	return size && strnlen(str, size) == size - 1;
}

static int check_vec(const struct kdbus_item *item, size_t n)
{
	return n == sizeof(item->vec) && item->vec.size ? 0 : -EINVAL;
}

static int check_memfd(const struct kdbus_item *item, size_t n)
{
	if (n != sizeof(item->memfd) || !item->memfd.size)
		return -EINVAL;
	return item->memfd.fd < 0 ? -EBADF : 0;
}

static int check_sysname(const struct kdbus_item *item, size_t n)
{
	return kdbus_sysname_check(item->str, n);
}

static int check_string(const struct kdbus_item *item, size_t n)
{
	return is_string(item->str, n) ? 0 : -EINVAL;
}

static int check_name_change(const struct kdbus_item *item, size_t n)
{
	const size_t fixed = sizeof(struct kdbus_notify_name_change);

	if (n == fixed)
		return 0;
	if (n < fixed)
		return -EINVAL;
	return is_string(item->name_change.name, n - fixed) ? 0 : -EINVAL;
}

/* a question, whose answer has a payload */
static int check_empty(const struct kdbus_item *item, size_t n)
{
	return n ? -EINVAL : 0;
}

/* how the payload of each type that user space may send is checked */
struct rule {
	u64 type;
	size_t exact;		/* bytes, 0 for "see below" */
	size_t unit;		/* a multiple of so many bytes */
	size_t least;		/* bytes */
	int (*check)(const struct kdbus_item *item, size_t payload);
};

/* clang-format off */
/* those of every day first */
static const struct rule rules[] = {
	{ KDBUS_ITEM_PAYLOAD_VEC,	.check = check_vec },
	{ KDBUS_ITEM_PAYLOAD_MEMFD,	.check = check_memfd },
	{ KDBUS_ITEM_FDS,		.unit = sizeof(int) },
	{ KDBUS_ITEM_DST_NAME,		.check = check_string },
	{ KDBUS_ITEM_NAME,		.check = check_string },
	{ KDBUS_ITEM_BLOOM_FILTER,	.least = sizeof(struct kdbus_bloom_filter) },
	{ KDBUS_ITEM_NEGOTIATE,		.unit = sizeof(u64) },
	{ KDBUS_ITEM_PAYLOAD_OFF,	.check = check_vec },
	{ KDBUS_ITEM_CANCEL_FD,		.exact = sizeof(int) },
	{ KDBUS_ITEM_BLOOM_PARAMETER,	.exact = sizeof(struct kdbus_bloom_parameter) },
	{ KDBUS_ITEM_BLOOM_MASK },
	{ KDBUS_ITEM_MAKE_NAME,		.check = check_sysname },
	{ KDBUS_ITEM_CONN_DESCRIPTION,	.check = check_sysname },
	{ KDBUS_ITEM_ATTACH_FLAGS_SEND,	.exact = sizeof(u64) },
	{ KDBUS_ITEM_ATTACH_FLAGS_RECV,	.exact = sizeof(u64) },
	{ KDBUS_ITEM_ID,		.exact = sizeof(u64) },
	{ KDBUS_ITEM_DST_ID,		.exact = sizeof(u64) },
	{ KDBUS_ITEM_BEHALF_ID,		.exact = sizeof(u64) },
	{ KDBUS_ITEM_PROCESS,		.check = check_empty },
	{ KDBUS_ITEM_USAGE,		.check = check_empty },
	{ KDBUS_ITEM_SECLABEL,		.check = check_string },
	{ KDBUS_ITEM_CREDS,		.exact = sizeof(struct kdbus_creds) },
	{ KDBUS_ITEM_PIDS,		.exact = sizeof(struct kdbus_pids) },
	{ KDBUS_ITEM_POLICY_ACCESS,	.exact = sizeof(struct kdbus_policy_access) },
	{ KDBUS_ITEM_NAME_ADD,		.check = check_name_change },
	{ KDBUS_ITEM_NAME_REMOVE,	.check = check_name_change },
	{ KDBUS_ITEM_NAME_CHANGE,	.check = check_name_change },
	{ KDBUS_ITEM_ID_ADD,		.exact = sizeof(struct kdbus_notify_id_change) },
	{ KDBUS_ITEM_ID_REMOVE,		.exact = sizeof(struct kdbus_notify_id_change) },
};
/* clang-format on */

/**
 * kdbus_item_check() - check the payload of an item from user space
 * @item:	item whose header is sane: it lies inside its object
 *
 * Return: 0, -EINVAL, -EBADF for a negative memfd, -ENAMETOOLONG.
 */
int kdbus_item_check(const struct kdbus_item *item)
{
	size_t i, n = kdbus_item_payload(item);
	const struct rule *rule;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		rule = &rules[i];
		if (rule->type != item->type)
			continue;
		if (rule->check)
			return rule->check(item, n);
		if (rule->exact && n != rule->exact)
			return -EINVAL;
		if (rule->unit && n % rule->unit)
			return -EINVAL;
		return n < rule->least ? -EINVAL : 0;
	}
	return -EINVAL;
}

/**
 * kdbus_item_put() - write a whole item
 * @at:		8-aligned, with room for KDBUS_ITEM_SIZE(@size) bytes
 * @type:	type
 * @payload:	payload
 * @size:	its bytes
 *
 * Return: where the next item goes.
 */
void *kdbus_item_put(void *at, u64 type, const void *payload, size_t size)
{
	kdbus_item_begin(at, type, size);
	memcpy((u8 *)at + KDBUS_ITEM_HEADER, payload, size);
	return (u8 *)at + KDBUS_ITEM_SIZE(size);
}
