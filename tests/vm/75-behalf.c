/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The extension BEHALF_ID: commands that one connection issues for another. */
#include "tests/vm/util.h"

#define WORLD KDBUS_POLICY_ACCESS_WORLD
#define OWN KDBUS_POLICY_OWN
#define TALK KDBUS_POLICY_TALK

static struct bus *bus;
static struct peer *driver, *client, *stranger;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	driver = peer_new(bus);
	client = peer_new(bus);
	stranger = peer_new(bus, .uid = UID_A);
}

static int acquire_for(struct peer *caller, __u64 id, const char *name, __u64 flags, __u64 *out_flags)
{
	union cmd cmd;
	int r;

	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd.flags = flags;
	cmd_text(&cmd, KDBUS_ITEM_NAME, name);
	cmd_u64(&cmd, KDBUS_ITEM_BEHALF_ID, id);
	r = call(caller->fd, KDBUS_CMD_NAME_ACQUIRE, &cmd);
	if (out_flags)
		*out_flags = cmd.return_flags;
	return r;
}

static int release_for(struct peer *caller, __u64 id, const char *name)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, name);
	cmd_u64(&cmd, KDBUS_ITEM_BEHALF_ID, id);
	return call(caller->fd, KDBUS_CMD_NAME_RELEASE, &cmd);
}

static int match_for(struct peer *caller, __u64 id, __u64 cookie, __u64 flags)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.match));
	cmd.flags = flags;
	cmd.match.cookie = cookie;
	cmd_u64(&cmd, KDBUS_ITEM_BEHALF_ID, id);
	cmd_u64(&cmd, KDBUS_ITEM_ID, ANY);
	return call(caller->fd, KDBUS_CMD_MATCH_ADD, &cmd);
}

static int unmatch_for(struct peer *caller, __u64 id, __u64 cookie)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.match));
	cmd.match.cookie = cookie;
	cmd_u64(&cmd, KDBUS_ITEM_BEHALF_ID, id);
	return call(caller->fd, KDBUS_CMD_MATCH_REMOVE, &cmd);
}

static int list_for(struct peer *caller, __u64 id, __u64 *out_size)
{
	union cmd cmd;
	int r;

	cmd_init(&cmd, sizeof(cmd.list));
	cmd.flags = KDBUS_LIST_NAMES | KDBUS_LIST_UNIQUE;
	cmd_u64(&cmd, KDBUS_ITEM_BEHALF_ID, id);
	r = call(caller->fd, KDBUS_CMD_LIST, &cmd);
	if (out_size)
		*out_size = cmd.list.list_size;
	return r;
}

static int info_for(struct peer *caller, __u64 id, __u64 target, const char *name)
{
	union cmd cmd;

	cmd_init(&cmd, sizeof(cmd.info));
	cmd.info.id = target;
	if (name)
		cmd_text(&cmd, KDBUS_ITEM_NAME, name);
	cmd_u64(&cmd, KDBUS_ITEM_BEHALF_ID, id);
	return call(caller->fd, KDBUS_CMD_CONN_INFO, &cmd);
}

/* Every command that takes the item, with arguments that are fine. */
static int try_all(unsigned which, struct peer *caller, __u64 id)
{
	switch (which) {
	case 0:
		return acquire_for(caller, id, "try.all", 0, NULL);
	case 1:
		return release_for(caller, id, "try.all");
	case 2:
		return match_for(caller, id, 1ULL << 63, 0);
	case 3:
		return unmatch_for(caller, id, 1ULL << 63);
	case 4:
		return list_for(caller, id, NULL);
	default:
		return info_for(caller, id, driver->id, NULL);
	}
}

TEST("a name acquired for another belongs to it, as if it had asked itself")
{
	__u64 flags;

	peers();
	match_names(driver);
	match_names(client);
	expect_ok(acquire_for(driver, client->id, "a.b", KDBUS_NAME_ALLOW_REPLACEMENT, &flags));
	expect_eq(flags, KDBUS_NAME_ALLOW_REPLACEMENT | KDBUS_NAME_PRIMARY | KDBUS_NAME_ACQUIRED);
	expect_name_notice(client, KDBUS_ITEM_NAME_ADD, 0, 0, client->id, 0x22, "a.b");
	expect_name_notice(driver, KDBUS_ITEM_NAME_ADD, 0, 0, client->id, 0x22, "a.b");
	expect_text(list_text(driver, KDBUS_LIST_NAMES, client->id), "a.b:22");
	expect_text(list_text(driver, KDBUS_LIST_NAMES, driver->id), "");
	expect_ok(acquire_for(driver, client->id, "a.b", 0, &flags));
	expect_eq(flags, KDBUS_NAME_PRIMARY);
	expect_errno(EEXIST, name_acquire(driver, "a.b", 0, NULL));
	expect_ok(send_name(driver, "a.b", 5));
	expect_message(client, 5);
	/* the client may release it itself, or have it released */
	expect_errno(EADDRINUSE, name_release(driver, "a.b"));
	expect_ok(release_for(driver, client->id, "a.b"));
	expect_errno(ESRCH, name_release(client, "a.b"));
}

TEST("what was acquired for another goes when that one goes, not when the caller goes")
{
	peers();
	must(acquire_for(driver, client->id, "a.b", 0, NULL));
	must(match_for(driver, client->id, 1ULL << 63, 0));
	peer_close(driver);
	must(send_broadcast(stranger, 7));
	expect_message(client, 7);
	expect_text(list_text(client, KDBUS_LIST_NAMES, client->id), "a.b:20");
	driver = peer_new(bus);
	peer_close(client);
	expect_errno(ESRCH, send_name(driver, "a.b", 1));
}

TEST("errors of the command itself are those of the target")
{
	peers();
	must(name_acquire(client, "mine.name", 0, NULL));
	expect_errno(EINVAL, acquire_for(driver, client->id, "nodot", 0, NULL));
	expect_errno(EPERM, acquire_for(driver, stranger->id, "a.b", 0, NULL));
	expect_errno(EEXIST, acquire_for(driver, driver->id, "mine.name", 0, NULL));
	expect_errno(ESRCH, release_for(driver, client->id, "no.name"));
	expect_errno(EADDRINUSE, release_for(driver, stranger->id, "mine.name"));
	expect_errno(EBADSLT, unmatch_for(driver, client->id, 99));
}

TEST("OWN is judged by the target's rights, the caller's are ignored")
{
	peers();
	holder_new(bus, "users.name", .access = { KDBUS_POLICY_ACCESS_USER, OWN, UID_A });
	expect_ok(acquire_for(driver, stranger->id, "users.name", 0, NULL));
	expect_text(list_text(driver, KDBUS_LIST_NAMES, stranger->id), "users.name:20");
	expect_errno(EPERM, acquire_for(driver, stranger->id, "other.name", 0, NULL));
	/* whoever the calling task is */
	become(UID_B);
	expect_ok(acquire_for(driver, client->id, "owners.name", 0, NULL));
	expect_ok(acquire_for(driver, stranger->id, "users.name", 0, NULL));
	become(0);
}

TEST("matches added for another are its own, in one space of cookies")
{
	peers();
	expect_ok(match_for(driver, client->id, 9, 0));
	must(send_broadcast(driver, 1));
	expect_message(client, 1);
	expect_nothing(driver);
	expect_errno(EBADSLT, match_remove(driver, 9));
	expect_ok(match_remove(client, 9));
	must(match_all(client, 10));
	must(match_all(driver, 10));
	expect_ok(unmatch_for(driver, client->id, 10));
	must(send_broadcast(client, 2));
	expect_message(driver, 2);
	expect_nothing(client);
	/* REPLACE works within the target's */
	must(match_for(driver, client->id, 11, 0));
	must(match_for(driver, client->id, 11, KDBUS_MATCH_REPLACE));
	expect_ok(unmatch_for(driver, client->id, 11));
	expect_errno(EBADSLT, unmatch_for(driver, client->id, 11));
}

TEST("limits count for the target")
{
	char name[30];

	peers();
	for (int i = 0; i < 256; i++) {
		sprintf(name, "some.name%d", i);
		must(acquire_for(driver, client->id, name, 0, NULL));
	}
	expect_errno(E2BIG, acquire_for(driver, client->id, "one.more", 0, NULL));
	expect_errno(E2BIG, name_acquire(client, "one.more", 0, NULL));
	expect_ok(name_acquire(driver, "one.more", 0, NULL));
	for (int i = 0; i < 4096; i++)
		must(match_for(driver, client->id, i, 0));
	expect_errno(EMFILE, match_for(driver, client->id, 0, 0));
	expect_ok(match_all(driver, 1));
}

TEST("LIST and CONN_INFO show what the target may see, in the caller's pool")
{
	struct peer *inside;
	char path[240];
	__u64 size;
	union cmd cmd;
	int fd;

	peers();
	fd = endpoint_new(bus, "0-ep", 0, path);
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_NAME, "seen.name");
	cmd_access(&cmd, WORLD, KDBUS_POLICY_SEE, 0);
	must(call(fd, KDBUS_CMD_ENDPOINT_UPDATE, &cmd));
	inside = peer_new(bus, .path = path);
	must(name_acquire(client, "seen.name", 0, NULL));
	must(name_acquire(client, "hidden.name", 0, NULL));
	must(name_acquire(driver, "driver.name", 0, NULL));
	expect_ok(list_for(driver, stranger->id, &size));
	expect(size > 0);
	expect_ok(info_for(driver, inside->id, client->id, NULL));
	expect_ok(info_for(driver, inside->id, 0, "seen.name"));
	expect_errno(ESRCH, info_for(driver, inside->id, 0, "hidden.name"));
	expect_errno(ENXIO, info_for(driver, inside->id, driver->id, NULL));
	expect_ok(info_for(driver, client->id, driver->id, NULL));
	/* two names on the default endpoint would be there twice */
	struct kdbus_cmd_list list = { .size = sizeof(list), .flags = KDBUS_LIST_NAMES };
	union cmd behalf;

	must(call(driver->fd, KDBUS_CMD_LIST, &list));
	cmd_init(&behalf, sizeof(behalf.list));
	behalf.flags = KDBUS_LIST_NAMES;
	cmd_u64(&behalf, KDBUS_ITEM_BEHALF_ID, inside->id);
	must(call(driver->fd, KDBUS_CMD_LIST, &behalf));
	expect(behalf.list.list_size < list.list_size);
	expect_text(((const struct kdbus_info *)(driver->pool + behalf.list.offset))->items[0].name.name, "seen.name");
	expect_ok(peer_free(driver, behalf.list.offset));
}

TEST("the caller itself as target is the same as no item")
{
	peers();
	for (unsigned which = 0; which < 6; which++) {
		test_case("command %u", which);
		expect_ok(try_all(which, driver, driver->id));
	}
}

TEST("errors in order: EINVAL, EPERM before the lookup, ENXIO, EOPNOTSUPP")
{
	struct peer *activator, *holder, *monitor, *gone;

	peers();
	activator = activator_new(bus, "act.name");
	holder = holder_new(bus, "hold.name");
	monitor = monitor_new(bus);
	gone = peer_new(bus);
	must(peer_byebye(gone));
	for (unsigned which = 0; which < 6; which++) {
		test_case("command %u", which);
		expect_errno(EINVAL, try_all(which, driver, 0));
		expect_errno(EINVAL, try_all(which, driver, ANY));
		expect_errno(EINVAL, try_all(which, stranger, 0));
		expect_errno(EPERM, try_all(which, stranger, client->id));
		expect_errno(EPERM, try_all(which, stranger, 99999));
		expect_errno(ENXIO, try_all(which, driver, 99999));
		expect_errno(ENXIO, try_all(which, driver, gone->id));
		expect_errno(EOPNOTSUPP, try_all(which, driver, activator->id));
		expect_errno(EOPNOTSUPP, try_all(which, driver, holder->id));
		expect_errno(EOPNOTSUPP, try_all(which, driver, monitor->id));
	}
}

TEST("a connection of another bus is not there")
{
	struct peer *elsewhere;

	peers();
	elsewhere = peer_new(bus_new(.name = "0-other"));
	for (unsigned which = 0; which < 6; which++)
		expect_errno(ENXIO, try_all(which, driver, elsewhere->id));
}

TEST("on custom endpoints nobody may use it; the bus owner without capability may")
{
	struct peer *inside, *owner, *other;
	char path[240];

	peers();
	endpoint_new(bus, "0-ep", 0, path);
	inside = peer_new(bus, .path = path);
	for (unsigned which = 0; which < 6; which++)
		expect_errno(EPERM, try_all(which, inside, client->id));
	become(UID_A);
	bus = bus_new(.name = "1001-mine", .flags = KDBUS_MAKE_ACCESS_WORLD);
	become(0);
	owner = driver = peer_new(bus, .uid = UID_A);
	other = peer_new(bus, .uid = UID_B);
	become(UID_A);
	expect_ok(match_for(owner, other->id, 1, 0));
	expect_errno(EPERM, acquire_for(owner, other->id, "a.b", 0, NULL));
	become(0);
}

TEST("the answer comes after the notification of a successful request")
{
	peers();
	match_names(client);
	must(send_request(client, driver->id, 1));
	expect_message(driver, 1);
	must(acquire_for(driver, client->id, "a.b", 0, NULL));
	must(send_reply(driver, client->id, 2, 1));
	expect_name_notice(client, KDBUS_ITEM_NAME_ADD, 0, 0, client->id, KDBUS_NAME_PRIMARY, "a.b");
	expect_message(client, 2);
}
