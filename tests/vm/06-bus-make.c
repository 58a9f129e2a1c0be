/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 6: making a bus. */
#include <sys/wait.h>

#include "tests/vm/util.h"

static int try_bus(const char *name, __u64 flags, int *out_fd)
{
	int fd = control_open(mount_dir), r;
	union cmd cmd;

	bus_command(&cmd, name, flags);
	r = call(fd, KDBUS_CMD_BUS_MAKE, &cmd);
	if (out_fd && !r)
		*out_fd = fd;
	else
		close(fd);
	return r;
}

TEST("the name begins with the effective uid and a dash")
{
	static const struct {
		const char *name;
		int error;
	} cases[] = {
		{ "0-a", 0 }, { "0-system", 0 }, { "0-a-b.c_d", 0 }, { "a", EINVAL }, { "0", EINVAL }, { "0a", EINVAL },
		{ "00-a", EINVAL }, { "1-a", EINVAL }, { "0_a", EINVAL }, { "1001-a", EINVAL }, { "0.a", EINVAL },
		{ "4294967296-a", EINVAL }, { "-0-a", EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("\"%s\"", cases[i].name);
		expect_errno(cases[i].error, try_bus(cases[i].name, 0, NULL));
	}
	must_sys(setresuid(UID_A, UID_B, 0));
	expect_errno(EINVAL, try_bus("1001-a", 0, NULL));
	expect_errno(EINVAL, try_bus("0-a", 0, NULL));
	expect_ok(try_bus("1002-a", 0, NULL));
}

TEST("the uid is the one the domain's user namespace knows")
{
	pid_t pid = child_start();

	if (!pid) {
		become_for_good(UID_A);
		if (userns_enter(UID_A) < 0)
			test_skip("user namespaces are not available");
		/* root in there is UID_A for this domain */
		expect_errno(EINVAL, try_bus("0-a", 0, NULL));
		expect_ok(try_bus("1001-a", 0, NULL));
		child_exit();
	}
	child_join(pid);
}

TEST("bloom parameters are 8 to 4096 bytes in words, and at least one hash")
{
	static const struct {
		__u64 size, n_hash;
		int error;
	} cases[] = {
		{ 8, 1, 0 }, { 64, 8, 0 }, { 4096, 1, 0 }, { 8, ~0ULL, 0 }, { 0, 1, EINVAL }, { 4, 1, EINVAL },
		{ 7, 1, EINVAL }, { 9, 1, EINVAL }, { 63, 1, EINVAL }, { 4097, 1, EINVAL }, { 4104, 1, EINVAL },
		{ 64, 0, EINVAL }, { ~0ULL, 1, EINVAL }, { 1ULL << 32 | 64, 1, EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kdbus_bloom_parameter bloom = { .size = cases[i].size, .n_hash = cases[i].n_hash };
		int fd = control_open(mount_dir);
		union cmd cmd;

		test_case("size %llu hashes %llu", (unsigned long long)bloom.size, (unsigned long long)bloom.n_hash);
		cmd_init(&cmd, sizeof(cmd.cmd));
		cmd_item(&cmd, KDBUS_ITEM_BLOOM_PARAMETER, &bloom, sizeof(bloom));
		cmd_text(&cmd, KDBUS_ITEM_MAKE_NAME, "0-bloom");
		expect_errno(cases[i].error, call(fd, KDBUS_CMD_BUS_MAKE, &cmd));
		close(fd);
	}
}

TEST("attach flags outside the fourteen are refused, ANY is not")
{
	static const struct {
		__u64 flags;
		int error;
	} cases[] = {
		{ 0, 0 }, { 1, 0 }, { _KDBUS_ATTACH_ALL, 0 }, { _KDBUS_ATTACH_ANY, 0 },
		{ _KDBUS_ATTACH_ALL + 1, EINVAL }, { 1ULL << 63, EINVAL }, { ~1ULL, EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd = control_open(mount_dir);
		union cmd cmd;

		test_case("0x%llx", (unsigned long long)cases[i].flags);
		bus_command(&cmd, "0-attach", 0);
		cmd_u64(&cmd, KDBUS_ITEM_ATTACH_FLAGS_SEND, cases[i].flags);
		expect_errno(cases[i].error, call(fd, KDBUS_CMD_BUS_MAKE, &cmd));
		close(fd);
	}
}

TEST("ATTACH_FLAGS_RECV is not for buses")
{
	int fd = control_open(mount_dir);
	union cmd cmd;

	bus_command(&cmd, "0-attach", 0);
	cmd_u64(&cmd, KDBUS_ITEM_ATTACH_FLAGS_RECV, 0);
	expect_errno(EINVAL, call(fd, KDBUS_CMD_BUS_MAKE, &cmd));
}

TEST("errors are found in order: bloom, attach flags, prefix, taken name")
{
	struct kdbus_bloom_parameter bad = { .size = 7, .n_hash = 1 };
	int fd = control_open(mount_dir);
	union cmd cmd;

	bus_new(.name = "0-taken");
	cmd_init(&cmd, sizeof(cmd.cmd));
	cmd_text(&cmd, KDBUS_ITEM_MAKE_NAME, "0-taken");
	cmd_item(&cmd, KDBUS_ITEM_BLOOM_PARAMETER, &bad, sizeof(bad));
	expect_errno(EINVAL, call(fd, KDBUS_CMD_BUS_MAKE, &cmd));
	bus_command(&cmd, "0-taken", 0);
	cmd_u64(&cmd, KDBUS_ITEM_ATTACH_FLAGS_SEND, 1ULL << 50);
	expect_errno(EINVAL, call(fd, KDBUS_CMD_BUS_MAKE, &cmd));
	/* a taken name comes before the number of buses */
	for (int i = 1; i < 16; i++) {
		char name[20];

		sprintf(name, "0-more%d", i);
		bus_new(.name = name);
	}
	expect_errno(EEXIST, try_bus("0-taken", 0, NULL));
	expect_errno(EMFILE, try_bus("0-free", 0, NULL));
}

TEST("a user has at most 16 buses, counted by the real uid")
{
	int fds[16];

	must_sys(setresuid(UID_A, UID_B, 0));
	for (int i = 0; i < 16; i++) {
		char name[20];

		sprintf(name, "1002-bus%d", i);
		expect_ok(try_bus(name, 0, &fds[i]));
	}
	expect_errno(EMFILE, try_bus("1002-more", 0, NULL));
	must_sys(setresuid(UID_A, 0, 0));
	expect_errno(EMFILE, try_bus("0-more", 0, NULL));
	must_sys(setresuid(UID_B, UID_B, 0));
	expect_ok(try_bus("1002-more", 0, NULL));
	must_sys(setresuid(0, 0, 0));
	must_sys(setresuid(UID_A, 0, 0));
	close(fds[3]);
	expect_ok(try_bus("0-more", 0, &fds[3]));
	expect_errno(EMFILE, try_bus("0-again", 0, NULL));
}

TEST("the same name can be used again after the owner's close, and only then")
{
	struct bus *bus = bus_new(.name = "0-once");
	pid_t pid;

	expect_errno(EEXIST, try_bus("0-once", 0, NULL));
	/* the description lives on in a child */
	struct gate go, done;

	gate_init(&go);
	gate_init(&done);
	pid = child_start();
	if (!pid) {
		gate_wait(&go);
		close(bus->fd);
		gate_open(&done);
		child_exit();
	}
	bus_close(bus);
	expect_errno(EEXIST, try_bus("0-once", 0, NULL));
	gate_open(&go);
	gate_wait(&done);
	expect_ok(try_bus("0-once", 0, NULL));
	child_join(pid);
}

TEST("bus and default endpoint exist when BUS_MAKE returns, with flags and a random UUID")
{
	struct bus *one = bus_new(.name = "0-one", .flags = KDBUS_MAKE_ACCESS_WORLD);
	struct bus *two = bus_new(.name = "0-two", .flags = 0, .bloom_size = 128);
	struct peer *a = peer_new(one), *b = peer_new(two), *c = peer_new(one);

	expect_eq(a->hello->hello.bus_flags, KDBUS_MAKE_ACCESS_WORLD);
	expect_eq(b->hello->hello.bus_flags, 0);
	expect(memcmp(a->hello->hello.id128, b->hello->hello.id128, 16));
	expect(!memcmp(a->hello->hello.id128, c->hello->hello.id128, 16));
	expect_eq(a->hello->hello.id128[6] >> 4, 4);
	expect_eq(a->hello->hello.id128[8] >> 6, 2);
}

TEST("ids of buses and connections come from one counter of the domain and only grow")
{
	const struct kdbus_info *info;
	struct bus *one = bus_new(.name = "0-one"), *two;
	struct peer *a = peer_new(one), *b;
	__u64 last;

	must(creator_info(a, 0, &info));
	expect(info->id < a->id);
	two = bus_new(.name = "0-two");
	b = peer_new(two);
	must(creator_info(b, 0, &info));
	expect(info->id > a->id);
	expect(b->id > info->id);
	last = b->id;
	for (int i = 0; i < 10; i++) {
		struct peer *peer = peer_new(i & 1 ? one : two);

		expect(peer->id > last);
		last = peer->id;
		peer_close(peer);
	}
}

TEST("a bus lives exactly as long as its owner's descriptor")
{
	struct bus *bus = bus_new();
	struct peer *peer = peer_new(bus);

	expect_ok(send_to(peer, peer->id, 1));
	bus_close(bus);
	expect_eq(poll_events(peer->fd), POLLERR | POLLHUP);
	expect_errno(ECONNRESET, recv_cmd(peer, 0, 0));
}
