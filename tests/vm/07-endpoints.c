/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 7: custom endpoints come, are updated, and go. */
#include "tests/vm/util.h"

static struct bus *bus;

static int endpoint_update(int fd, const char *name, __u64 type, __u64 access, __u64 id)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.cmd));
	if (name)
		cmd_text(&cmd, KDBUS_ITEM_NAME, name);
	if (type)
		cmd_access(&cmd, type, access, id);
	return call(fd, KDBUS_CMD_ENDPOINT_UPDATE, &cmd);
}

TEST("who does not own the bus gets EPERM, whatever the arguments")
{
	union cmd cmd;
	int fd;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	become(UID_A);
	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	expect_errno(EPERM, call(fd, KDBUS_CMD_ENDPOINT_MAKE, NULL));
	expect_errno(EPERM, call(fd, KDBUS_CMD_ENDPOINT_MAKE, (void *)1));
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_MAKE_NAME, "1001-ep");
	expect_errno(EPERM, call(fd, KDBUS_CMD_ENDPOINT_MAKE, &cmd));
	/* what counts is who opened it */
	become(0);
	expect_errno(EPERM, call(fd, KDBUS_CMD_ENDPOINT_MAKE, &cmd));
}

TEST("the user who made the bus may make endpoints without privilege")
{
	char path[240];

	become(UID_A);
	bus = bus_new(.name = "1001-mine");
	endpoint_new(bus, "1001-ep", 0, path);
	expect_errno(EINVAL, endpoint_try(bus, "0-ep", 0, path));
	expect_errno(EINVAL, endpoint_try(bus, "1002-ep", 0, path));
}

TEST("an endpoint of an endpoint cannot be made")
{
	char path[240];
	union cmd cmd;
	int fd;

	bus = bus_new();
	endpoint_new(bus, "0-ep", KDBUS_MAKE_ACCESS_WORLD, path);
	fd = must_sys(open(path, O_RDWR | O_CLOEXEC));
	expect_errno(EPERM, call(fd, KDBUS_CMD_ENDPOINT_MAKE, NULL));
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_MAKE_NAME, "0-second");
	expect_errno(EPERM, call(fd, KDBUS_CMD_ENDPOINT_MAKE, &cmd));
	/* the handle is still good for HELLO */
	cmd_init(&cmd, sizeof(cmd.hello));
	cmd.hello.pool_size = MIB;
	expect_ok(call(fd, KDBUS_CMD_HELLO, &cmd));
}

TEST("names of endpoints carry the uid, are unique and not too long")
{
	char path[240], name[70] = "0-";

	bus = bus_new();
	expect_errno(EINVAL, endpoint_try(bus, "ep", 0, path));
	expect_errno(EINVAL, endpoint_try(bus, "bus", 0, path));
	expect_errno(EINVAL, endpoint_try(bus, "1-ep", 0, path));
	endpoint_new(bus, "0-ep", 0, path);
	expect_errno(EEXIST, endpoint_try(bus, "0-ep", 0, path));
	memset(name + 2, 'x', 61);
	expect(endpoint_try(bus, name, 0, path) >= 0);
	name[63] = 'y';
	expect_errno(ENAMETOOLONG, endpoint_try(bus, name, 0, path));
	/* the same name on another bus is another endpoint */
	bus = bus_new(.name = "0-other");
	endpoint_new(bus, "0-ep", 0, path);
}

TEST("a fresh endpoint shows nobody, lets nobody talk and nobody own")
{
	const struct kdbus_info *info;
	struct peer *outside, *inside, *second;
	char path[240];

	bus = bus_new();
	endpoint_new(bus, "0-ep", KDBUS_MAKE_ACCESS_WORLD, path);
	outside = peer_new(bus);
	must(name_acquire(outside, "a.b", 0, NULL));
	inside = peer_new(bus, .path = path);
	second = peer_new(bus, .path = path);
	expect_errno(EPERM, send_to(inside, outside->id, 1));
	expect_errno(EPERM, send_to(inside, second->id, 1));
	expect_errno(EPERM, send_name(inside, "a.b", 1));
	expect_errno(EPERM, name_acquire(inside, "c.d", 0, NULL));
	expect_errno(ENXIO, conn_info(inside, outside->id, NULL, 0, &info));
	expect_errno(ESRCH, conn_info(inside, 0, "a.b", 0, &info));
	expect_text(list_text(inside, KDBUS_LIST_NAMES | KDBUS_LIST_UNIQUE, outside->id), "");
	/* from outside the endpoint is no obstacle */
	expect_ok(send_to(outside, inside->id, 2));
	expect_message(inside, 2);
}

TEST("ENDPOINT_UPDATE replaces the whole policy, takes many names and wildcards")
{
	struct peer *outside, *inside;
	char path[240];
	union cmd cmd;
	int fd;

	bus = bus_new();
	fd = endpoint_new(bus, "0-ep", 0, path);
	outside = peer_new(bus);
	inside = peer_new(bus, .path = path);
	must(name_acquire(outside, "a.b", 0, NULL));

	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "a.b");
	cmd_access(&cmd, KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0);
	cmd_text(&cmd, KDBUS_ITEM_NAME, "c.d.*");
	cmd_access(&cmd, KDBUS_POLICY_ACCESS_USER, KDBUS_POLICY_OWN, 0);
	cmd_text(&cmd, KDBUS_ITEM_NAME, "e.f");
	expect_ok(call(fd, KDBUS_CMD_ENDPOINT_UPDATE, &cmd));
	expect_ok(send_name(inside, "a.b", 1));
	expect_message(outside, 1);

	expect_ok(endpoint_update(fd, "x.y", KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0));
	expect_errno(EPERM, send_name(inside, "a.b", 2));
	expect_ok(endpoint_update(fd, "a.b", KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0));
	expect_ok(send_name(inside, "a.b", 3));
	/* no items: an empty policy */
	expect_ok(endpoint_update(fd, NULL, 0, 0, 0));
	expect_errno(EPERM, send_name(inside, "a.b", 4));
}

TEST("a failed ENDPOINT_UPDATE leaves the old policy")
{
	struct peer *outside, *inside;
	char path[240];
	union cmd cmd;
	int fd;

	bus = bus_new();
	fd = endpoint_new(bus, "0-ep", 0, path);
	outside = peer_new(bus);
	inside = peer_new(bus, .path = path);
	must(name_acquire(outside, "a.b", 0, NULL));
	must(endpoint_update(fd, "a.b", KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0));

	expect_errno(EINVAL, endpoint_update(fd, "nodot", KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0));
	expect_errno(EINVAL, endpoint_update(fd, NULL, KDBUS_POLICY_ACCESS_WORLD, KDBUS_POLICY_TALK, 0));
	expect_errno(EINVAL, endpoint_update(fd, "x.y", KDBUS_POLICY_ACCESS_WORLD, 3, 0));
	expect_errno(EINVAL, endpoint_update(fd, "x.y", 4, KDBUS_POLICY_TALK, 0));
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "x.y");
	cmd_text(&cmd, KDBUS_ITEM_NAME, "x.y");
	expect_errno(EEXIST, call(fd, KDBUS_CMD_ENDPOINT_UPDATE, &cmd));
	expect_ok(send_name(inside, "a.b", 1));
	expect_message(outside, 1);
}

TEST("closing the owner's descriptor removes the endpoint and everybody on it")
{
	struct peer *outside, *inside;
	char path[240];
	int fd;

	bus = bus_new();
	fd = endpoint_new(bus, "0-ep", 0, path);
	outside = peer_new(bus);
	inside = peer_new(bus, .path = path);
	match_ids(outside);
	close(fd);
	expect_eq(access(path, F_OK), -1);
	expect_eq(poll_events(inside->fd), POLLERR | POLLHUP);
	expect_errno(ECONNRESET, recv_cmd(inside, 0, 0));
	expect_id_notice(outside, KDBUS_ITEM_ID_REMOVE, inside->id, 0);
	expect_nothing(outside);
	expect_ok(send_to(outside, outside->id, 1));
}

TEST("an endpoint ends with its bus, and its owner's handle is dead")
{
	char path[240];
	int fd;

	bus = bus_new();
	fd = endpoint_new(bus, "0-ep", 0, path);
	bus_close(bus);
	expect_eq(access(path, F_OK), -1);
	expect_errno(ESHUTDOWN, endpoint_update(fd, NULL, 0, 0, 0));
	expect_eq(poll_events(fd), POLLERR | POLLHUP);
}
