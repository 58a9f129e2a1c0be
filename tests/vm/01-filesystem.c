/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 2: what a kdbusfs looks like and who may touch it. */
#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "tests/vm/util.h"

#define KDBUSFS_MAGIC 0x44427573

/* A second mount point below /tmp; unmounted by hand or with the namespace. */
static char *dir_new(void)
{
	char *dir = strdup("/tmp/kdbus-extra-XXXXXX");

	if (!mkdtemp(dir))
		test_abort(__FILE__, __LINE__, "mkdtemp", -errno);
	return dir;
}

static char *path_in(const char *dir, const char *name)
{
	char *path;

	must_sys(asprintf(&path, "%s/%s", dir, name));
	return path;
}

static struct stat stat_of(const char *path)
{
	struct stat st;

	must_sys(lstat(path, &st));
	return st;
}

/* "control 0-a 0-b ", as the directory says. */
static const char *names_in(const char *dir)
{
	static char text[400];
	struct dirent *entry;
	DIR *d = opendir(dir);
	size_t n = 0;

	*text = '\0';
	if (!d)
		test_abort(__FILE__, __LINE__, "opendir", -errno);
	while ((entry = readdir(d))) {
		struct stat st;
		char *path;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		path = path_in(dir, entry->d_name);
		st = stat_of(path);
		expect_eq(entry->d_type, S_ISDIR(st.st_mode) ? DT_DIR : DT_REG);
		expect_eq(entry->d_ino, st.st_ino);
		expect(st.st_ino != 0);
		n += sprintf(text + n, "%s ", entry->d_name);
		free(path);
	}
	closedir(d);
	return text;
}

/* /sys/fs/kdbus as the module leaves it, for this process only. */
static void uncover(void)
{
	struct statfs fs;

	must_sys(unshare(CLONE_NEWNS));
	must_sys(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must_sys(statfs("/sys/fs/kdbus", &fs));
	if (fs.f_type == KDBUSFS_MAGIC)
		must_sys(umount2("/sys/fs/kdbus", MNT_DETACH));
}

TEST("the module makes an empty directory /sys/fs/kdbus")
{
	struct stat st;

	uncover();
	st = stat_of("/sys/fs/kdbus");
	expect(S_ISDIR(st.st_mode));
	expect_eq(st.st_dev, stat_of("/sys/fs").st_dev);
	expect_text(names_in("/sys/fs/kdbus"), "");
	expect_eq(mkdir("/sys/fs/kdbus/x", 0755), -1);
}

TEST("the file system can be mounted on /sys/fs/kdbus and taken away again")
{
	uncover();
	must_sys(mount("kdbusfs", "/sys/fs/kdbus", "kdbusfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	expect_text(names_in("/sys/fs/kdbus"), "control ");
	must_sys(umount("/sys/fs/kdbus"));
}

TEST("a fresh mount has root and control with their modes, owner and magic")
{
	char *dir = dir_new();
	struct statfs fs;
	struct stat st;

	must_sys(mount("anything", dir, "kdbusfs", 0, "data=ignored"));
	must_sys(statfs(dir, &fs));
	expect_eq(fs.f_type, KDBUSFS_MAGIC);

	st = stat_of(dir);
	expect_eq(st.st_mode, S_IFDIR | 0555);
	expect_eq(st.st_nlink, 2);
	expect_eq(st.st_uid, 0);
	expect_eq(st.st_gid, 0);
	expect_text(names_in(dir), "control ");

	st = stat_of(path_in(dir, "control"));
	expect_eq(st.st_mode, S_IFREG | 0666);
	expect_eq(st.st_uid, 0);
	expect_eq(st.st_gid, 0);
	must_sys(umount(dir));
	must_sys(rmdir(dir));
}

TEST("each mount is a domain of its own, a bind mount shares one")
{
	char *second = dir_new(), *bound = dir_new();
	struct bus *bus = bus_new(.name = "0-here");
	struct peer *a, *b;

	must_sys(mount("kdbusfs", second, "kdbusfs", 0, NULL));
	must_sys(mount(mount_dir, bound, NULL, MS_BIND, NULL));
	expect_text(names_in(second), "control ");
	expect_text(names_in(bound), "control 0-here ");

	/* the same name is free over there, and ids start again */
	struct bus *other = bus_new(.name = "0-here", .mount = second);

	a = peer_new(other);
	expect_eq(a->id, 2);
	bus_new(.name = "0-late", .mount = bound);
	expect(strstr(names_in(mount_dir), "0-late"));

	a = peer_new(bus);
	b = peer_new(bus, .path = path_in(bound, "0-here/bus"));
	expect_ok(send_to(a, b->id, 1));
	expect_message(b, 1);

	must_sys(umount2(bound, MNT_DETACH));
	must_sys(umount2(second, MNT_DETACH));
	rmdir(bound);
	rmdir(second);
}

static const struct {
	__u64 flags;
	mode_t dir, file;
} modes[] = {
	{ 0, 0500, 0600 },
	{ KDBUS_MAKE_ACCESS_GROUP, 0550, 0660 },
	{ KDBUS_MAKE_ACCESS_WORLD, 0555, 0666 },
	{ KDBUS_MAKE_ACCESS_WORLD | KDBUS_MAKE_ACCESS_GROUP, 0555, 0666 },
};

TEST("modes of buses and endpoints follow the access flags")
{
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct bus *bus = bus_new(.flags = modes[i].flags);
		char path[240];
		struct stat st;

		test_case("flags %llu", (unsigned long long)modes[i].flags);
		st = stat_of(bus->dir);
		expect_eq(st.st_mode, S_IFDIR | modes[i].dir);
		expect_eq(st.st_nlink, 2);
		expect_eq(stat_of(bus->path).st_mode, S_IFREG | modes[i].file);
		for (size_t k = 0; k < ARRAY_SIZE(modes); k++) {
			int fd = endpoint_new(bus, "0-ep", modes[k].flags, path);

			expect_eq(stat_of(path).st_mode, S_IFREG | modes[k].file);
			close(fd);
		}
		bus_close(bus);
	}
}

TEST("nodes belong to the effective ids of their maker")
{
	struct bus *bus;
	struct stat st;
	char path[240];

	must_sys(setresgid(UID_B, UID_C, 0));
	must_sys(setresuid(UID_A, UID_B, 0));
	bus = bus_new(.name = "1002-mine");
	st = stat_of(bus->dir);
	expect_eq(st.st_uid, UID_B);
	expect_eq(st.st_gid, UID_C);
	st = stat_of(bus->path);
	expect_eq(st.st_uid, UID_B);
	expect_eq(st.st_gid, UID_C);
	must_sys(setresgid(-1, 0, -1));
	endpoint_new(bus, "1002-ep", 0, path);
	st = stat_of(path);
	expect_eq(st.st_uid, UID_B);
	expect_eq(st.st_gid, 0);
}

static int open_as(unsigned uid, gid_t group, const char *path)
{
	int r = 0, fd;

	must_sys(setresgid(group, group, 0));
	must_sys(setresuid(uid, uid, 0));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		r = -errno;
	else
		close(fd);
	become(0);
	return r;
}

TEST("opening an endpoint is ordinary permission checking")
{
	static const struct {
		__u64 flags;
		unsigned uid, gid;
		int error;
	} cases[] = {
		{ 0, UID_A, UID_A, 0 },
		{ 0, UID_B, UID_A, EACCES },
		{ 0, UID_B, UID_B, EACCES },
		{ KDBUS_MAKE_ACCESS_GROUP, UID_B, UID_A, 0 },
		{ KDBUS_MAKE_ACCESS_GROUP, UID_B, UID_B, EACCES },
		{ KDBUS_MAKE_ACCESS_WORLD, UID_B, UID_B, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bus *bus;

		become(UID_A);
		bus = bus_new(.name = "1001-acl", .flags = cases[i].flags);
		become(0);
		test_case("flags %llu uid %u gid %u", (unsigned long long)cases[i].flags, cases[i].uid, cases[i].gid);
		expect_errno(cases[i].error, open_as(cases[i].uid, cases[i].gid, bus->path));
		bus_close(bus);
	}
}

TEST("a handle opened read-only does everything")
{
	struct bus *bus = bus_new();
	struct kdbus_cmd_send send;
	struct peer *peer = peer_new(bus);
	union cmd cmd;
	int fd;

	fd = must_sys(open(bus->path, O_RDONLY | O_CLOEXEC));
	cmd_init(&cmd, sizeof(cmd.hello));
	cmd.hello.pool_size = MIB;
	expect_ok(call(fd, KDBUS_CMD_HELLO, &cmd));
	msg_init(&cmd, peer->id, 5);
	expect_ok(send_cmd(fd, &send, 0, &cmd));
	expect_message(peer, 5);
}

TEST("nothing can be made, renamed or removed through the file system")
{
	struct bus *bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	char *control = path_in(mount_dir, "control"), *fresh = path_in(bus->dir, "fresh");
	char *top = path_in(mount_dir, "fresh");

	expect_eq(open(fresh, O_RDWR | O_CREAT, 0666), -1);
	expect_eq(open(top, O_RDWR | O_CREAT, 0666), -1);
	expect_eq(mkdir(top, 0777), -1);
	expect_eq(mkdir(fresh, 0777), -1);
	expect_eq(mknod(top, S_IFIFO | 0666, 0), -1);
	expect_eq(symlink("control", top), -1);
	expect_eq(link(control, top), -1);
	expect_eq(unlink(control), -1);
	expect_eq(unlink(bus->path), -1);
	expect_eq(rmdir(bus->dir), -1);
	expect_eq(rename(bus->dir, top), -1);
	expect_eq(rename(bus->path, fresh), -1);
	expect_text(names_in(bus->dir), "bus ");
	expect_text(names_in(mount_dir), "control 0-test ");
}

TEST("modes, owners and sizes are not for the file system to change")
{
	struct bus *bus = bus_new();
	const char *const paths[] = { mount_dir, path_in(mount_dir, "control"), bus->dir, bus->path };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		test_case("%s", paths[i]);
		expect(chmod(paths[i], 0777) < 0 && errno == EPERM);
		expect(chown(paths[i], UID_A, UID_A) < 0 && errno == EPERM);
	}
	for (size_t i = 1; i < ARRAY_SIZE(paths); i += 2) {
		test_case("%s", paths[i]);
		expect(truncate(paths[i], 1) < 0 && errno == EPERM);
	}
}

TEST("regular nodes cannot be read or written, and seeking does nothing")
{
	struct bus *bus = bus_new();
	char *paths[] = { path_in(mount_dir, "control"), bus->path };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int fd = must_sys(open(paths[i], O_RDWR | O_CLOEXEC));
		char c = 0;

		test_case("%s", paths[i]);
		expect_eq(read(fd, &c, 1), -1);
		expect_eq(write(fd, &c, 1), -1);
		expect(lseek(fd, 100, SEEK_SET) >= 0);
		expect_eq(stat_of(paths[i]).st_size, 0);
		close(fd);
	}
}

TEST("inode numbers of live nodes differ")
{
	struct bus *a = bus_new(.name = "0-a"), *b = bus_new(.name = "0-b");
	char ep[240];
	char *paths[] = { mount_dir, path_in(mount_dir, "control"), a->dir, a->path, b->dir, b->path, ep };

	endpoint_new(a, "0-ep", 0, ep);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		for (size_t k = 0; k < i; k++)
			expect(stat_of(paths[i]).st_ino != stat_of(paths[k]).st_ino);
}

TEST("nodes appear and vanish with what they stand for, and the name is free at once")
{
	struct bus *bus;
	char path[240];
	int fd;

	for (int i = 0; i < 5; i++) {
		bus = bus_new(.name = "0-again");
		fd = endpoint_new(bus, "0-ep", 0, path);
		expect_ok(access(path, F_OK));
		close(fd);
		expect_eq(access(path, F_OK), -1);
		expect_eq(errno, ENOENT);
		fd = endpoint_new(bus, "0-ep", 0, path);
		expect_text(names_in(bus->dir), "bus 0-ep ");
		bus_close(bus);
		expect_eq(access(bus->dir, F_OK), -1);
		expect_eq(errno, ENOENT);
		expect_eq(access(path, F_OK), -1);
		close(fd);
	}
	expect_text(names_in(mount_dir), "control ");
}

TEST("the listing is complete and does not change its order")
{
	static const char *const wanted[] = { "0-one", "0-two", "0-three", "0-four", "0-five" };
	char first[400];

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		bus_new(.name = wanted[i]);
	strcpy(first, names_in(mount_dir));
	expect_eq(strlen(first), strlen("control 0-one 0-two 0-three 0-four 0-five "));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		expect(strstr(first, wanted[i]));
	expect_text(names_in(mount_dir), first);
}

TEST("a listing can be read in pieces while nodes come and go")
{
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	for (int i = 0; i < 10; i++) {
		char name[20];

		sprintf(name, "0-bus%d", i);
		bus_new(.name = name);
	}
	dir = opendir(mount_dir);
	readdir(dir);
	readdir(dir);
	while ((entry = readdir(dir))) {
		n++;
		bus_close(bus_new(.name = "0-passing"));
	}
	expect(n >= 11);
	rewinddir(dir);
	for (n = 0; readdir(dir); n++)
		;
	expect_eq(n, 13);
	closedir(dir);
}

TEST("names that do not exist give ENOENT, also when asked twice")
{
	struct bus *bus = bus_new();
	char *absent = path_in(mount_dir, "0-absent/bus"), *ep = path_in(bus->dir, "0-absent");

	for (int i = 0; i < 2; i++) {
		expect_eq(open(absent, O_RDWR), -1);
		expect_eq(errno, ENOENT);
		expect_eq(open(ep, O_RDWR), -1);
		expect_eq(errno, ENOENT);
	}
	bus_new(.name = "0-absent");
	expect(open(absent, O_RDWR | O_CLOEXEC) >= 0);
}

TEST("a handle of a vanished bus stays open but dead")
{
	struct bus *bus = bus_new();
	union cmd cmd;
	int fd;

	fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC));
	bus_close(bus);
	cmd_init(&cmd, sizeof(cmd.hello));
	cmd.hello.pool_size = MIB;
	expect_errno(ESHUTDOWN, call(fd, KDBUS_CMD_HELLO, &cmd));
	expect_eq(poll_events(fd), POLLERR | POLLHUP);
}

TEST("open files keep the mount busy; the last one to go ends its buses")
{
	char *dir = dir_new();
	struct bus *bus;
	struct peer *peer;

	must_sys(mount("kdbusfs", dir, "kdbusfs", 0, NULL));
	bus = bus_new(.mount = dir);
	peer = peer_new(bus);
	expect_eq(umount(dir), -1);
	expect_eq(errno, EBUSY);

	/* out of sight, but alive as long as files are open */
	must_sys(umount2(dir, MNT_DETACH));
	expect_ok(send_to(peer, peer->id, 3));
	expect_message(peer, 3);
	bus_close(bus);
	expect_errno(ECONNRESET, send_to(peer, peer->id, 4));
	peer_close(peer);
	must_sys(rmdir(dir));
}

TEST("the root of a user namespace mounts a domain of its own and makes a bus there")
{
	pid_t pid = child_start();

	if (!pid) {
		char *dir = dir_new();
		struct peer *a, *b;
		struct bus *bus;
		struct stat st;
		int r;

		must_sys(chown(dir, UID_A, UID_A));
		become_for_good(UID_A);
		r = userns_enter(UID_A);
		if (r < 0)
			test_skip("user namespaces are not available");
		must_sys(unshare(CLONE_NEWNS));
		must_sys(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		must_sys(mount("kdbusfs", dir, "kdbusfs", 0, NULL));
		st = stat_of(dir);
		expect_eq(st.st_mode, S_IFDIR | 0555);
		expect_eq(st.st_uid, 0);
		expect_eq(stat_of(path_in(dir, "control")).st_uid, 0);
		bus = bus_new(.mount = dir, .name = "0-inside");
		a = peer_new(bus);
		b = peer_new(bus);
		expect_ok(send_to(a, b->id, 1));
		expect_message(b, 1);
		/* the bus owner of this domain is privileged enough */
		activator_new(bus, "a.b");
		monitor_new(bus);
		child_exit();
	}
	child_join(pid);
}

TEST("without privilege nothing can be mounted")
{
	char *dir = dir_new();

	become(UID_A);
	expect_eq(mount("kdbusfs", dir, "kdbusfs", 0, NULL), -1);
	expect_eq(errno, EPERM);
	become(0);
	rmdir(dir);
}
