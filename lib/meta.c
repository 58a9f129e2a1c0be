// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the kernel tells about a peer. */
#include <errno.h>

#include "lib/meta.h"
#include "lib/name.h"

static bool has_size(const struct kdbus_item *item, size_t size)
{
	return kb_item_size(item) == size;
}

static int parse_caps(struct kb_meta *meta, const struct kdbus_item *item)
{
	size_t size = kb_item_size(item), set;

	/* four sets of equal size behind the number of the last one */
	if (size < sizeof(uint32_t) ||
	    (size - sizeof(uint32_t)) % (_KB_CAPS_SETS * sizeof(uint32_t)))
		return -EBADMSG;
	set = (size - sizeof(uint32_t)) / (_KB_CAPS_SETS * sizeof(uint32_t));
	if (set * 32 <= item->caps.last_cap)
		return -EBADMSG;
	meta->caps = &item->caps;
	meta->n_caps_words = set;
	return 0;
}

static int parse_name(struct kb_meta *meta, const struct kdbus_item *item)
{
	size_t size = kb_item_size(item);
	size_t header = sizeof(item->name);

	if (size <= header ||
	    strnlen(item->name.name, size - header) != size - header - 1 ||
	    !kb_name_is_well_known(item->name.name))
		return -EBADMSG;
	meta->n_names++;
	return 0;
}

static int parse_cmdline(struct kb_meta *meta, const struct kdbus_item *item)
{
	size_t size = kb_item_size(item);

	if (size && item->str[size - 1])
		return -EBADMSG;
	meta->cmdline = item->str;
	meta->cmdline_size = size;
	return 0;
}

static const char **string_slot(struct kb_meta *meta, uint64_t type)
{
	switch (type) {
	case KDBUS_ITEM_TID_COMM:
		return &meta->tid_comm;
	case KDBUS_ITEM_PID_COMM:
		return &meta->pid_comm;
	case KDBUS_ITEM_EXE:
		return &meta->exe;
	case KDBUS_ITEM_CGROUP:
		return &meta->cgroup;
	case KDBUS_ITEM_SECLABEL:
		return &meta->seclabel;
	case KDBUS_ITEM_CONN_DESCRIPTION:
		return &meta->description;
	default:
		return NULL;
	}
}

static int parse_item(struct kb_meta *meta, const struct kdbus_item *item)
{
	const char **slot = string_slot(meta, item->type);

	if (slot) {
		*slot = kb_item_string(item);
		return *slot ? 0 : -EBADMSG;
	}

	switch (item->type) {
	case KDBUS_ITEM_TIMESTAMP:
		meta->timestamp = &item->timestamp;
		return has_size(item, sizeof(item->timestamp)) ? 0 : -EBADMSG;
	case KDBUS_ITEM_CREDS:
		meta->creds = &item->creds;
		return has_size(item, sizeof(item->creds)) ? 0 : -EBADMSG;
	case KDBUS_ITEM_PIDS:
		meta->pids = &item->pids;
		return has_size(item, sizeof(item->pids)) ? 0 : -EBADMSG;
	case KDBUS_ITEM_AUDIT:
		meta->audit = &item->audit;
		return has_size(item, sizeof(item->audit)) ? 0 : -EBADMSG;
	case KDBUS_ITEM_PROCESS:
		meta->process = &item->process;
		return has_size(item, sizeof(item->process)) ? 0 : -EBADMSG;
	case KDBUS_ITEM_USAGE:
		meta->usage = &item->usage;
		return has_size(item, sizeof(item->usage)) ? 0 : -EBADMSG;
	case KDBUS_ITEM_AUXGROUPS:
		meta->auxgroups = (const uint64_t *)item->data64;
		meta->n_auxgroups = kb_item_size(item) / sizeof(uint64_t);
		return kb_item_size(item) % sizeof(uint64_t) ? -EBADMSG : 0;
	case KDBUS_ITEM_CAPS:
		return parse_caps(meta, item);
	case KDBUS_ITEM_OWNED_NAME:
		return parse_name(meta, item);
	case KDBUS_ITEM_CMDLINE:
		return parse_cmdline(meta, item);
	default:
		return 0;
	}
}

int kb_meta_parse(struct kb_meta *meta, const void *items, size_t size)
{
	struct kb_item_iter iter = kb_items(items, size);
	const struct kdbus_item *item;

	*meta = (struct kb_meta){ .items = iter };
	while ((item = kb_item_next(&iter))) {
		int r = parse_item(meta, item);

		if (r < 0)
			return r;
	}
	return 0;
}

const struct kdbus_name *kb_meta_next_name(struct kb_item_iter *iter)
{
	const struct kdbus_item *item;

	while ((item = kb_item_next(iter)))
		if (item->type == KDBUS_ITEM_OWNED_NAME)
			return &item->name;
	return NULL;
}

bool kb_meta_owns_name(const struct kb_meta *meta, const char *name)
{
	struct kb_item_iter iter = meta->items;
	const struct kdbus_name *owned;

	if (!meta->n_names)
		return false;
	while ((owned = kb_meta_next_name(&iter)))
		if (!(owned->flags & KDBUS_NAME_IN_QUEUE) &&
		    kb_streq(owned->name, name))
			return true;
	return false;
}

bool kb_meta_is_activator(const struct kb_meta *meta)
{
	struct kb_item_iter iter = meta->items;
	const struct kdbus_name *owned;

	if (!meta->n_names)
		return false;
	while ((owned = kb_meta_next_name(&iter)))
		if (owned->flags & KDBUS_NAME_ACTIVATOR)
			return true;
	return false;
}

bool kb_meta_has_cap(const struct kb_meta *meta, enum kb_caps_set set,
		     unsigned int cap)
{
	uint32_t word;

	if (!meta->caps || cap / 32 >= meta->n_caps_words)
		return false;
	word = meta->caps->caps[set * meta->n_caps_words + cap / 32];
	return word >> cap % 32 & 1;
}
