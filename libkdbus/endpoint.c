// SPDX-License-Identifier: LGPL-2.1-or-later
/* Doors to a bus with a policy of their own. */
#include <errno.h>

#include "lib/address.h"
#include "lib/cmd.h"
#include "lib/item.h"
#include "libkdbus/connection.h"

static int add_grant(struct kb_buffer *items, const struct kdbus_grant *grant)
{
	static const uint64_t accesses[] = {
		[KDBUS_MAY_SEE] = KDBUS_POLICY_SEE,
		[KDBUS_MAY_TALK] = KDBUS_POLICY_TALK,
		[KDBUS_MAY_OWN] = KDBUS_POLICY_OWN,
	};
	struct kdbus_policy_access access = { .type = KDBUS_POLICY_ACCESS_WORLD };
	int r;

	if ((unsigned int)grant->access >= KB_ARRAY_SIZE(accesses))
		return -EINVAL;
	access.access = accesses[grant->access];
	r = kb_item_append_string(items, KDBUS_ITEM_NAME, grant->name);
	return r < 0 ? r :
		       kb_item_append(items, KDBUS_ITEM_POLICY_ACCESS, &access,
				      sizeof(access));
}

static int set_policy(int fd, const struct kdbus_grant *grants, size_t n_grants)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {};
	int r = 0;

	for (size_t i = 0; i < n_grants && r >= 0; i++)
		r = add_grant(&items, &grants[i]);
	return r < 0 ? r : kb_cmd_endpoint_update(fd, &items);
}

/* The first bus in the address, and where its endpoints are. */
static int find_bus(const char *address, struct kb_address *out)
{
	int r;

	do
		r = kb_address_next(&address, out);
	while (r > 0 && !kb_streq(out->transport, "kernel"));
	if (r <= 0)
		return r < 0 ? r : -EAFNOSUPPORT;
	return strrchr(out->path, '/') ? 0 : -EINVAL;
}

static int door_address(struct kb_address *bus, const char *name, char **out)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	int r;

	strrchr(bus->path, '/')[1] = 0;
	r = kb_buffer_append_string(&text, "kernel:path=");
	if (r >= 0)
		r = kb_address_escape(bus->path, &text);
	if (r >= 0)
		r = kb_address_escape(name, &text);
	if (r >= 0)
		r = kb_buffer_append(&text, "", 1);
	if (r < 0)
		return r;
	*out = (char *)TAKE_PTR(text.data);
	return 0;
}

int kdbus_make_endpoint(const char *address, const char *name,
			const struct kdbus_grant *grants, size_t n_grants, char **out_address)
{
	_cleanup_(kb_freep) char *own = connection_address(address), *door = NULL;
	_cleanup_(kb_closep) int fd = -1;
	struct kb_address bus;
	int r;

	if (!own)
		return -ENOMEM;
	r = find_bus(own, &bus);
	if (r < 0)
		return r;
	fd = kb_address_open(own);
	if (fd < 0)
		return fd;
	r = door_address(&bus, name, &door);
	if (r >= 0)
		r = kb_cmd_endpoint_make(fd, name, 0);
	/* the policy is complete before anybody can know the address */
	if (r >= 0)
		r = set_policy(fd, grants, n_grants);
	if (r < 0)
		return r;
	*out_address = TAKE_PTR(door);
	return TAKE_FD(fd);
}
