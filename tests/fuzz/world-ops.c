// SPDX-License-Identifier: LGPL-2.1-or-later
/* What programs do besides giving commands. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/world-private.h"

/* a pool of any size may be mapped, but not filled */
#define MANY_BYTES (8UL << 20)
#define SLOT(n) (&world_slots[world_value(n) % N_SLOTS])

static long result(long r)
{
	return r < 0 ? -errno : 0;
}

static void nap(__u64 us)
{
	struct timespec time = { .tv_nsec = (world_late ? 1 : us % 50000) * 1000 };

	nanosleep(&time, NULL);
}

/* files */

static const char *where_path(unsigned where, char *path, size_t size)
{
	/* clang-format off */
	static const struct {
		const char *base, *rest;
	} paths[N_WHERE] = {
		[WHERE_CONTROL]		= { world_dir, "control" },
		[WHERE_BUS_A]		= { world_dir, "0-a/bus" },
		[WHERE_BUS_B]		= { world_dir, "0-b/bus" },
		[WHERE_ENDPOINT_A]	= { world_dir, "0-a/0-e" },
		[WHERE_ENDPOINT_B]	= { world_dir, "0-b/0-e" },
		[WHERE_COMMON_CONTROL]	= { world_common, "control" },
		[WHERE_COMMON_BUS]	= { world_common, "0-common/bus" },
		[WHERE_DIR]		= { world_dir, "" },
		[WHERE_BUS_DIR]		= { world_dir, "0-a" },
		[WHERE_MOUNT_CONTROL]	= { world_extra, "control" },
		[WHERE_MOUNT_BUS]	= { world_extra, "0-a/bus" },
	};
	/* clang-format on */

	snprintf(path, size, "%s/%s", paths[where].base, paths[where].rest);
	return path;
}

/* The file that was in the slot, and nobody else's any more. */
static int slot_put(volatile struct slot *slot, int fd)
{
	return __atomic_exchange_n(&slot->fd, fd, __ATOMIC_SEQ_CST);
}

long world_open(const __u64 *a)
{
	static const int flags[] = { O_RDWR, O_RDONLY, O_WRONLY, O_PATH, O_RDWR | O_NONBLOCK };
	char path[300];
	int fd;

	fd = open(where_path(a[1] % N_WHERE, path, sizeof(path)), flags[a[2] % 5] | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fd = slot_put(SLOT(a[0]), fd);
	return fd < 0 ? 0 : result(close(fd));
}

long world_close(const __u64 *a)
{
	int fd = slot_put(SLOT(a[0]), -1);

	return fd < 0 ? -EBADF : result(close(fd));
}

long world_dup(const __u64 *a)
{
	volatile struct slot *to = SLOT(a[0]), *from = SLOT(a[1]);
	int fd = dup(from->fd);

	if (fd < 0)
		return -errno;
	to->id = from->id;
	to->pool = from->pool;
	fd = slot_put(to, fd);
	return fd < 0 ? 0 : result(close(fd));
}

static void count_entries(const char *path)
{
	DIR *dir = opendir(path);

	while (dir && readdir(dir))
		;
	if (dir)
		closedir(dir);
}

static void read_about(int fd)
{
	char path[64], text[512];
	int about;

	snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", fd);
	about = open(path, O_RDONLY | O_CLOEXEC);
	if (about >= 0 && read(about, text, sizeof(text)) < 0)
		nap(1);
	if (about >= 0)
		close(about);
}

/* what cannot be done with our files, or need not do anything */
long world_misc(const __u64 *a)
{
	int fd = SLOT(a[0])->fd;
	struct statfs fs;
	struct stat st;
	__u64 word = 1;

	switch (a[1] % 12) {
	case 0:
		return result(fcntl(fd, F_SETFL, O_NONBLOCK));
	case 1:
		return result(lseek(fd, 1, SEEK_SET));
	case 2:
		return result(read(fd, &word, sizeof(word)));
	case 3:
		return result(write(fd, &word, sizeof(word)));
	case 4:
		return result(fsync(fd));
	case 5:
		return result(fstat(fd, &st));
	case 6:
		return result(fstatfs(fd, &fs));
	case 7:
		return result(write(world_fds[FD_EVENT], &word, sizeof(word)));
	case 8:
		read_about(fd);
		return 0;
	case 9:
		count_entries(world_dir);
		return 0;
	case 10:
		return result(ftruncate(fd, 0));
	default:
		return result(fcntl(fd, F_SETFD, 0));
	}
}

/* an ioctl with an argument that is no command */
long world_ioctl(const __u64 *a)
{
	return result(ioctl(SLOT(a[0])->fd, world_value(a[1]), world_value(a[2])));
}

long world_poll(const __u64 *a)
{
	struct pollfd pfd = { .fd = SLOT(a[0])->fd, .events = POLLIN | POLLOUT };

	return result(poll(&pfd, 1, world_late ? 0 : a[1] % 20));
}

long world_epoll(const __u64 *a)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int fd = SLOT(a[0])->fd, epoll = world_fds[FD_EPOLL];

	switch (a[1] % 3) {
	case 0:
		return result(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	case 1:
		return result(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event));
	default:
		return result(epoll_wait(epoll, &event, 1, world_late ? 0 : 3));
	}
}

/* mappings */

/* of a program; what finds no room here is not mapped */
static struct map maps[64];
static unsigned n_maps;

/* Puts it in the slot, or unmaps it again. */
static long add_map(volatile struct slot *slot, __u8 *at, size_t size)
{
	unsigned n = __atomic_fetch_add(&n_maps, 1, __ATOMIC_RELAXED);
	struct map *none = NULL;

	if (n >= sizeof(maps) / sizeof(maps[0]))
		return result(munmap(at, size));
	maps[n] = (struct map){ at, size };
	if (!__atomic_compare_exchange_n(&slot->map, &none, &maps[n], false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return result(munmap(at, size));
	return 0;
}

void world_map_whole(volatile struct slot *slot)
{
	size_t size = slot->pool;
	__u8 *at = mmap(NULL, size, PROT_READ, MAP_SHARED, slot->fd, 0);

	if (at != MAP_FAILED)
		add_map(slot, at, size);
}

void world_maps_reset(void)
{
	for (unsigned i = 0; i < N_SLOTS; i++)
		world_unmap((const __u64[]){ i });
	n_maps = 0;
}

long world_map(const __u64 *a)
{
	/* clang-format off */
	static const struct {
		int prot, flags;
	} how[] = {
		{ PROT_READ, MAP_SHARED },	{ PROT_READ, MAP_PRIVATE },
		{ PROT_READ | PROT_WRITE, MAP_SHARED }, { PROT_READ | PROT_WRITE, MAP_PRIVATE },
		{ PROT_READ | PROT_EXEC, MAP_SHARED }, { PROT_NONE, MAP_SHARED },
		{ PROT_READ, MAP_SHARED | MAP_POPULATE }, { PROT_READ, MAP_SHARED | MAP_LOCKED },
	};
	/* clang-format on */
	size_t size = world_value(a[2]);
	__u8 *at;

	if (size > MANY_BYTES && how[a[3] % 8].flags & (MAP_POPULATE | MAP_LOCKED))
		return -ENOMEM;
	at = mmap(NULL, size, how[a[3] % 8].prot, how[a[3] % 8].flags, SLOT(a[0])->fd, world_value(a[1]) & ~4095ULL);
	return at == MAP_FAILED ? -errno : add_map(SLOT(a[0]), at, size);
}

long world_unmap(const __u64 *a)
{
	struct map *map = __atomic_exchange_n(&SLOT(a[0])->map, NULL, __ATOMIC_SEQ_CST);

	return map ? result(munmap(map->at, map->size)) : -EFAULT;
}

static long copy_page(__u8 *at, bool write)
{
	static __u8 page[4096];
	struct iovec local = { page, sizeof(page) }, remote = { at, sizeof(page) };

	if (write)
		return result(process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
	return result(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
}

long world_touch(const __u64 *a)
{
	const struct map *map = SLOT(a[0])->map;
	size_t from = world_value(a[1]) & ~4095ULL, size = (world_value(a[2]) + 4095) & ~4095ULL;
	__u8 *at;

	if (!map || from >= map->size)
		return -EFAULT;
	at = map->at + from;
	if (size > map->size - from)
		size = map->size - from;
	if (size > MANY_BYTES)
		size = MANY_BYTES;
	switch (a[3] % 10) {
	case 0:
		return result(madvise(at, size, MADV_POPULATE_READ));
	case 1:
		return copy_page(at, false);
	case 2:
		return copy_page(at, true);
	case 3:
		return result(madvise(at, size, MADV_DONTNEED));
	case 4:
		return result(madvise(at, size, MADV_REMOVE));
	case 5:
		return result(mprotect(at, size, PROT_READ | PROT_WRITE));
	case 6:
		return result(madvise(at, size, MADV_DONTFORK));
	case 7:
		return result(msync(at, size, MS_SYNC));
	case 8:
		return result(mlock(at, size));
	default:
		/* never to where nobody finds it again */
		return mremap(at, size, size + 4096, 0) == MAP_FAILED ? -errno : 0;
	}
}

/* memory of the sender that comes and goes */
long world_remap(const __u64 *a)
{
	__u8 *at = world_moving() + 4096;

	switch (a[0] % 4) {
	case 0:
		return result(munmap(at, MOVING_SIZE - 4096));
	case 1:
		at = mmap(at, MOVING_SIZE - 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			  0);
		return at == MAP_FAILED ? -errno : 0;
	case 2:
		return result(mprotect(at, MOVING_SIZE - 4096, PROT_NONE));
	default:
		return result(madvise(at, MOVING_SIZE - 4096, MADV_DONTNEED));
	}
}

/* tasks */

long world_pause(const __u64 *a)
{
	nap(a[0]);
	return 0;
}

long world_kick(const __u64 *a)
{
	static const int signals[] = { SIGUSR1, SIGUSR2, SIGKILL };
	unsigned actor = a[0] % N_ACTORS;
	int signal = signals[a[1] % 3];

	/* a thread would take all the others with it */
	if (signal == SIGKILL && (!world_processes || !actor))
		signal = SIGUSR1;
	if (!world_actors->tid[actor])
		return -ESRCH;
	return result(syscall(SYS_tgkill, world_actors->pid[actor], world_actors->tid[actor], signal));
}

long world_become(const __u64 *a)
{
	static const unsigned uids[] = { 0, 1001, 1002 };

	/* of this thread alone, and never for good */
	return result(syscall(SYS_setresuid, uids[a[0] % 3], uids[a[1] % 3], 0));
}

long world_limit(const __u64 *a)
{
	struct rlimit limit = { a[0] % KEPT_FDS, KEPT_FDS + 100 };

	return result(setrlimit(RLIMIT_NOFILE, &limit));
}

static void child(volatile struct slot *slot, unsigned what, __u64 us)
{
	struct kdbus_cmd_recv recv = { .size = sizeof(recv) };
	struct kdbus_cmd bye = { .size = sizeof(bye) };
	char *const argv[] = { "true", NULL };
	const struct map *map;

	switch (what) {
	case 1:
		close(slot->fd);
		break;
	case 2:
		ioctl(slot->fd, KDBUS_CMD_RECV, &recv);
		break;
	case 3:
		ioctl(slot->fd, KDBUS_CMD_BYEBYE, &bye);
		break;
	case 4:
		fcntl(slot->fd, F_SETFD, 0);
		execv("/bin/true", argv);
		break;
	case 5:
		map = slot->map;
		if (map && map->size <= MANY_BYTES)
			madvise(map->at, map->size, MADV_POPULATE_READ);
		break;
	}
	nap(us);
	_exit(0);
}

/* a process that has everything that we have, for a moment */
long world_spawn(const __u64 *a)
{
	pid_t pid = fork();

	if (pid == 0)
		child(SLOT(a[0]), a[1] % 7, a[2]);
	if (pid > 0 && a[1] % 7 == 6) {
		nap(a[2] / 2);
		kill(pid, SIGKILL);
	}
	return result(pid);
}

static long put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long r;

	if (fd < 0)
		return -errno;
	r = result(write(fd, text, strlen(text)));
	close(fd);
	return r;
}

long world_unshare(const __u64 *a)
{
	long r;

	if (!world_processes)
		return -EPERM;
	switch (a[0] % 3) {
	case 0:
		r = result(unshare(CLONE_NEWUSER | CLONE_NEWNS));
		if (!r)
			r = put("/proc/self/uid_map", "0 0 1001\n1001 1001 1\n");
		return r ?: put("/proc/self/gid_map", "0 0 1001\n");
	case 1:
		return result(unshare(CLONE_NEWPID));
	default:
		return result(unshare(CLONE_FS | CLONE_NEWCGROUP));
	}
}

long world_mount(const __u64 *a)
{
	switch (a[0] % 3) {
	case 0:
		return result(mount("kdbusfs", world_extra, "kdbusfs", 0, NULL));
	case 1:
		return result(umount2(world_extra, MNT_DETACH));
	default:
		return result(mount(world_dir, world_extra, NULL, MS_BIND, NULL));
	}
}

long world_shrink(const __u64 *a)
{
	return a[0] % 8 ? -EAGAIN : put("/proc/sys/vm/drop_caches", "2");
}

/* Changes what others are about to give. */
long world_scribble(const __u64 *a)
{
	volatile __u64 *words = world_shared();

	for (unsigned i = 0; i < a[2] % 2000 && !world_late; i++) {
		words[a[0] % 256] = world_value(a[1]);
		if (i % 16 == 0)
			sched_yield();
		words[a[0] % 256] = i;
	}
	return 0;
}
