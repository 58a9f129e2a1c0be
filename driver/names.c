// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who has which name.
 */
#include <errno.h>

#include "driver/names.h"
#include "lib/cmd.h"

/* Flags and answers as D-Bus numbers them. */
enum {
	DBUS_ALLOW_REPLACEMENT	= 1,
	DBUS_REPLACE_EXISTING	= 2,
	DBUS_DO_NOT_QUEUE	= 4,
	DBUS_FLAGS		= 7,
};

enum {
	REQUEST_PRIMARY_OWNER	= 1,
	REQUEST_IN_QUEUE	= 2,
	REQUEST_EXISTS		= 3,
	REQUEST_ALREADY_OWNER	= 4,
};

enum {
	RELEASE_RELEASED	= 1,
	RELEASE_NON_EXISTENT	= 2,
	RELEASE_NOT_OWNER	= 3,
};

/* Connections that no message can reach are nobody's owner. */
#define SPECIAL (KDBUS_HELLO_ACTIVATOR | KDBUS_HELLO_POLICY_HOLDER | KDBUS_HELLO_MONITOR)

/* looking up */

int names_find_owner(struct call *call, const char *name, uint64_t attach, struct kb_info *out)
{
	struct kb_conn *conn = call->driver->conn;
	int r;

	if (kb_streq(name, KB_DRIVER_NAME))
		return kb_conn_info(conn, conn->id, NULL, attach, 0, out);
	if (!kb_name_is_valid(name))
		return -ESRCH;
	r = kb_conn_info_by_name(conn, name, attach, call_behalf(call), out);
	if (r == -ENXIO || r == -EINVAL)
		return -ESRCH;
	if (r < 0)
		return r;
	if (out->flags & SPECIAL) {
		kb_info_deinit(out);
		return -ESRCH;
	}
	return 0;
}

int names_holder(struct driver *driver, const char *name, uint64_t behalf)
{
	struct kb_info info;
	bool activator;
	int r;

	r = kb_conn_info(driver->conn, 0, name, 0, behalf, &info);
	if (r == -ESRCH)
		return HOLDER_NOBODY;
	if (r < 0)
		return r;
	activator = info.flags & KDBUS_HELLO_ACTIVATOR;
	kb_info_deinit(&info);
	return activator ? HOLDER_ACTIVATOR : HOLDER_SERVICE;
}

int names_fail_no_owner(struct call *call, const char *name)
{
	return call_fail(call, KB_ERROR_NAME_HAS_NO_OWNER, "The name %s is not owned by anybody",
			 name);
}

/* asking */

int names_hello(struct call *call)
{
	char name[KB_UNIQUE_NAME_SIZE];

	return call_append(call, "s", kb_unique_name(call->message->src_id, name));
}

int names_get_owner(struct call *call)
{
	char unique[KB_UNIQUE_NAME_SIZE];
	struct kb_info info;
	const char *name;
	int r;

	r = call_read(call, "s", &name);
	if (r)
		return r;
	if (kb_streq(name, KB_DRIVER_NAME))
		return call_append(call, "s", name);
	r = names_find_owner(call, name, 0, &info);
	if (r == -ESRCH)
		return names_fail_no_owner(call, name);
	if (r < 0)
		return r;
	kb_unique_name(info.id, unique);
	kb_info_deinit(&info);
	return call_append(call, "s", unique);
}

int names_has_owner(struct call *call)
{
	struct kb_info info;
	const char *name;
	int r;

	r = call_read(call, "s", &name);
	if (r)
		return r;
	r = names_find_owner(call, name, 0, &info);
	if (r == -ESRCH)
		return call_append(call, "b", false);
	if (r < 0)
		return r;
	kb_info_deinit(&info);
	return call_append(call, "b", true);
}

int names_get_id(struct call *call)
{
	const uint8_t *id = call->driver->conn->bus_id;
	char text[33];
	int i;

	for (i = 0; i < 16; i++)
		sprintf(text + 2 * i, "%02x", id[i]);
	return call_append(call, "s", text);
}

/* lists */

/**
 * struct names - strings to be answered
 */
struct names {
	char **v;
	size_t n;
};

static void names_deinit(struct names *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
}

static int names_add(struct names *names, const char *name)
{
	char **v;

	/* One more for the NULL at the end; room doubles at powers of two. */
	if (!(names->n & (names->n + 1))) {
		v = reallocarray(names->v, 2 * names->n + 2, sizeof(*v));
		if (!v)
			return -ENOMEM;
		names->v = v;
	}
	names->v[names->n] = strdup(name);
	if (!names->v[names->n])
		return -ENOMEM;
	names->v[++names->n] = NULL;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The kernel's order is arbitrary; callers like stability. */
static void names_sort(struct names *names)
{
	size_t i, kept = 0;

	if (!names->n)
		return;
	qsort(names->v, names->n, sizeof(*names->v), compare);
	for (i = 0; i < names->n; i++) {
		if (kept && kb_streq(names->v[kept - 1], names->v[i]))
			free(names->v[i]);
		else
			names->v[kept++] = names->v[i];
	}
	names->n = kept;
	names->v[kept] = NULL;
}

/* The one name a record of a list has, or NULL. */
static const char *info_name(const struct kb_info *info)
{
	struct kb_item_iter iter = info->meta.items;
	const struct kdbus_name *name = kb_meta_next_name(&iter);

	return name ? name->name : NULL;
}

/* Call @each for each record of a list; it returns 0 or an errno. */
static int for_each(struct call *call, uint64_t flags,
		    int (*each)(const struct kb_info *info, void *userdata), void *userdata)
{
	struct kb_list list;
	struct kb_info info;
	int r;

	r = kb_conn_list(call->driver->conn, flags, call_behalf(call), &list);
	if (r < 0)
		return r;
	while ((r = kb_list_next(&list, &info)) > 0) {
		r = each(&info, userdata);
		if (r < 0)
			break;
	}
	kb_list_deinit(&list);
	return r;
}

static int add_both(const struct kb_info *info, void *userdata)
{
	char unique[KB_UNIQUE_NAME_SIZE];
	const char *name = info_name(info);
	int r;

	if (info->flags & SPECIAL)
		return 0;
	r = names_add(userdata, kb_unique_name(info->id, unique));
	return r < 0 || !name ? r : names_add(userdata, name);
}

static int add_valid(const struct kb_info *info, void *userdata)
{
	const char *name = info_name(info);

	return name && kb_name_is_well_known(name) ? names_add(userdata, name) : 0;
}

static int reply_list(struct call *call, uint64_t flags,
		      int (*each)(const struct kb_info *info, void *userdata))
{
	_cleanup_(names_deinit) struct names names = {};
	int r;

	r = names_add(&names, KB_DRIVER_NAME);
	if (r >= 0)
		r = for_each(call, flags, each, &names);
	if (r < 0)
		return r;
	names_sort(&names);
	return call_append(call, "as", names.v);
}

int names_list(struct call *call)
{
	return reply_list(call, KDBUS_LIST_UNIQUE | KDBUS_LIST_NAMES, add_both);
}

int names_list_activatable(struct call *call)
{
	return reply_list(call, KDBUS_LIST_ACTIVATORS, add_valid);
}

/**
 * struct queue - who waits for a name
 */
struct queue {
	const char *name;
	uint64_t *ids;
	size_t n;
};

static int add_waiting(const struct kb_info *info, void *userdata)
{
	const char *name = info_name(info);
	struct queue *queue = userdata;
	uint64_t *ids;

	if (!name || !kb_streq(name, queue->name))
		return 0;
	ids = reallocarray(queue->ids, queue->n + 1, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	queue->ids = ids;
	ids[queue->n++] = info->id;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The owner, then those who wait, by their age: the kernel keeps their order
 * to itself. */
static int reply_queue(struct call *call, const char *name, uint64_t owner)
{
	struct queue queue = { .name = name };
	_cleanup_(names_deinit) struct names names = {};
	char unique[KB_UNIQUE_NAME_SIZE];
	size_t i;
	int r;

	r = for_each(call, KDBUS_LIST_QUEUED, add_waiting, &queue);
	if (queue.n)
		qsort(queue.ids, queue.n, sizeof(*queue.ids), compare_ids);
	if (r >= 0)
		r = names_add(&names, kb_unique_name(owner, unique));
	for (i = 0; i < queue.n && r >= 0; i++)
		r = names_add(&names, kb_unique_name(queue.ids[i], unique));
	free(queue.ids);
	return r < 0 ? r : call_append(call, "as", names.v);
}

int names_list_queued(struct call *call)
{
	struct kb_info info;
	const char *name;
	uint64_t id;
	int r;

	r = call_read(call, "s", &name);
	if (r)
		return r;
	if (!kb_streq(name, KB_DRIVER_NAME)) {
		r = names_find_owner(call, name, 0, &info);
		if (r == -ESRCH)
			return names_fail_no_owner(call, name);
		if (r < 0)
			return r;
		id = info.id;
		kb_info_deinit(&info);
		if (!kb_name_is_unique(name))
			return reply_queue(call, name, id);
	}
	return call_append(call, "as", (char *[]){ (char *)name, NULL });
}

/* changing */

static bool name_is_ours(const char *name)
{
	return kb_streq(name, KB_DRIVER_NAME) || kb_streq(name, KB_LOCAL_INTERFACE);
}

/* Names nobody may ask for; CALL_DONE if @name is one of them. */
static int refuse_bad_name(struct call *call, const char *name)
{
	if (kb_name_is_unique(name))
		return call_fail(call, KB_ERROR_INVALID_ARGS,
				 "The unique name %s cannot be requested or released", name);
	if (!kb_name_is_well_known(name))
		return call_fail(call, KB_ERROR_INVALID_ARGS, "%s is not a valid bus name", name);
	if (name_is_ours(name))
		return call_fail(call, KB_ERROR_INVALID_ARGS, "The name %s is reserved", name);
	return 0;
}

static uint64_t request_flags(uint32_t flags)
{
	uint64_t kdbus = 0;

	if (flags & DBUS_ALLOW_REPLACEMENT)
		kdbus |= KDBUS_NAME_ALLOW_REPLACEMENT;
	if (flags & DBUS_REPLACE_EXISTING)
		kdbus |= KDBUS_NAME_REPLACE_EXISTING;
	if (!(flags & DBUS_DO_NOT_QUEUE))
		kdbus |= KDBUS_NAME_QUEUE;
	return kdbus;
}

static uint32_t request_result(uint64_t flags)
{
	if (flags & KDBUS_NAME_PRIMARY)
		return flags & KDBUS_NAME_ACQUIRED ? REQUEST_PRIMARY_OWNER : REQUEST_ALREADY_OWNER;
	/* Neither: it waited in the queue and does not want to any more. */
	return flags & KDBUS_NAME_IN_QUEUE ? REQUEST_IN_QUEUE : REQUEST_EXISTS;
}

int names_request(struct call *call)
{
	struct driver *driver = call->driver;
	uint64_t out_flags = 0;
	const char *name;
	uint32_t flags;
	int r;

	r = call_read(call, "su", &name, &flags);
	if (r)
		return r;
	r = refuse_bad_name(call, name);
	if (r)
		return r;
	if (flags & ~DBUS_FLAGS)
		return call_fail(call, KB_ERROR_INVALID_ARGS, "Unknown flags 0x%x", flags);

	r = kb_cmd_name_acquire(driver->conn->fd, name, request_flags(flags), call->message->src_id,
				&out_flags);
	switch (r) {
	case 0:
		return call_append(call, "u", request_result(out_flags));
	case -EEXIST:
		return call_append(call, "u", REQUEST_EXISTS);
	case -EALREADY:
		return call_append(call, "u", REQUEST_ALREADY_OWNER);
	case -EPERM:
		return call_fail(call, KB_ERROR_ACCESS_DENIED,
				 "The policy of the bus does not let you own %s", name);
	case -E2BIG:
		return call_fail(call, KB_ERROR_LIMITS_EXCEEDED, "A connection may own 256 names");
	case -EOPNOTSUPP:
	case -EUCLEAN:
		return call_fail(call, KB_ERROR_FAILED, "Your connection cannot own names");
	case -ENXIO:
		return CALL_DONE;
	default:
		return r;
	}
}

int names_release(struct call *call)
{
	struct driver *driver = call->driver;
	const char *name;
	int r;

	r = call_read(call, "s", &name);
	if (r)
		return r;
	r = refuse_bad_name(call, name);
	if (r)
		return r;
	r = kb_cmd_name_release(driver->conn->fd, name, call->message->src_id);
	switch (r) {
	case 0:
		return call_append(call, "u", RELEASE_RELEASED);
	case -ESRCH:
		return call_append(call, "u", RELEASE_NON_EXISTENT);
	case -EADDRINUSE:
		/* gone by now, or hidden from the caller: then there is no such name */
		r = names_holder(driver, name, call_behalf(call));
		return r < 0 ? r : call_append(call, "u", r == HOLDER_SERVICE ? RELEASE_NOT_OWNER :
										RELEASE_NON_EXISTENT);
	case -ENXIO:
		return CALL_DONE;
	default:
		return r;
	}
}
