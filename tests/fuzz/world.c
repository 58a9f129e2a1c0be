// SPDX-License-Identifier: LGPL-2.1-or-later
/* Slots, memory and descriptors; and how a command is given. */

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/world.h"
#include "tests/fuzz/world-private.h"

#define PAGE 4096UL
#define ARENA (12 * PAGE)
#define GOOD_SIZE (4UL << 20)
#define STALL_PAGES 16
#define STALL_US 2000

volatile bool world_late;
struct actors *world_actors;
volatile struct slot world_slots[N_SLOTS];
__thread unsigned world_actor;
bool world_processes;
char world_dir[200], world_common[200], world_extra[220];
int world_fds[N_FDS];

/* Commands of each actor, messages of each actor, and one for all. */
#define N_ARENAS (2 * N_ACTORS + 1)
static struct {
	__u8 *rw, *ro;
} arenas[N_ARENAS];
/* STALL_PAGES of payload, then the arenas once more. */
static __u8 *stall, *stall_backing;
#define STALL_SIZE (STALL_PAGES * PAGE + N_ARENAS * ARENA)
static __u8 *good, *edge, *moving;
static int uffd = -1;
static __thread int fail_fd = -1;
static __thread pid_t fail_tid;

/* memory */

/* @size bytes and a page behind them that is not there. */
static __u8 *guarded(int fd, size_t size, int prot, int flags)
{
	__u8 *all = mmap(NULL, size + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (all == MAP_FAILED)
		return NULL;
	if (mmap(all, size, prot, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		return NULL;
	return all;
}

static int make_arenas(void)
{
	int fd;

	for (unsigned i = 0; i < N_ARENAS; i++) {
		fd = memfd_create("arena", MFD_CLOEXEC);
		if (fd < 0 || ftruncate(fd, ARENA) < 0)
			return -errno;
		/* a 32-bit system call has to be able to name it */
		arenas[i].rw = guarded(fd, ARENA, PROT_READ | PROT_WRITE, MAP_32BIT);
		arenas[i].ro = guarded(fd, ARENA, PROT_READ, 0);
		close(fd);
		if (!arenas[i].rw || !arenas[i].ro)
			return -ENOMEM;
	}
	fd = memfd_create("good", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, GOOD_SIZE) < 0)
		return -errno;
	/* shared, so that fork() has nothing to copy */
	good = guarded(fd, GOOD_SIZE, PROT_READ | PROT_WRITE, 0);
	close(fd);
	edge = good + GOOD_SIZE - 64;
	moving = mmap(NULL, MOVING_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(good, 'k', PAGE);
	return 0;
}

__u8 *world_moving(void)
{
	return moving;
}

__u64 *world_shared(void)
{
	return (__u64 *)arenas[N_ARENAS - 1].rw;
}

/* A page was touched that takes its time; then it is what its backing says. */
static void *fill_stalled(void *unused)
{
	struct timespec some = { .tv_nsec = STALL_US * 1000 };
	struct uffd_msg msg;
	struct uffdio_copy copy;

	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		if (msg.event != UFFD_EVENT_PAGEFAULT)
			continue;
		if (!world_late)
			nanosleep(&some, NULL);
		copy = (struct uffdio_copy){ .dst = msg.arg.pagefault.address & ~(PAGE - 1), .len = PAGE };
		copy.src = (uintptr_t)stall_backing + (copy.dst - (uintptr_t)stall);
		ioctl(uffd, UFFDIO_COPY, &copy);
	}
	return unused;
}

/* Without userfaultfd it is ordinary memory. */
static int make_stall(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;

	stall = mmap(NULL, STALL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stall_backing = mmap(NULL, STALL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stall == MAP_FAILED || stall_backing == MAP_FAILED)
		return -ENOMEM;
	uffd = world_keep(syscall(SYS_userfaultfd, O_CLOEXEC));
	range.range.start = (uintptr_t)stall;
	range.range.len = STALL_SIZE;
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) < 0 || ioctl(uffd, UFFDIO_REGISTER, &range) < 0)
		return 0;
	return -pthread_create(&thread, NULL, fill_stalled, NULL);
}

static __u64 memory_address(unsigned n)
{
	switch (n % N_MEMORY) {
	case MEMORY_GOOD:
		return (uintptr_t)good;
	case MEMORY_ODD:
		return (uintptr_t)good + 3;
	case MEMORY_EDGE:
		return (uintptr_t)edge;
	case MEMORY_STALL:
		return (uintptr_t)stall + PAGE / 2;
	case MEMORY_MOVING:
		return (uintptr_t)moving;
	case MEMORY_KERNEL:
		return 0xffff888000000000ULL;
	default:
		return PAGE;
	}
}

/* Reads what may be gone in the same moment. */
bool world_peek(const volatile void *address, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)address, size };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* descriptors */

/* Out of the way of what programs open. */
int world_keep(int fd)
{
	int kept;

	if (fd < 0 || fd >= KEPT_FDS)
		return fd;
	kept = fcntl(fd, F_DUPFD_CLOEXEC, KEPT_FDS);
	close(fd);
	return kept;
}

static int memfd(size_t size, int seals)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, size) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0))
		perror("memfd");
	return fd;
}

static void make_fds(void)
{
	const int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	char params[120] = "";
	int pipe_fds[2] = { -1, -1 };

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		perror("pipe2");
	int fds[N_FDS] = {
		[FD_SEALED] = memfd(65536, all),
		[FD_SEALED_PAGE] = memfd(4096, all),
		[FD_UNSEALED] = memfd(4096, 0),
		[FD_HALF_SEALED] = memfd(4096, F_SEAL_SHRINK | F_SEAL_GROW),
		[FD_PIPE] = pipe_fds[0],
		[FD_PIPE_END] = pipe_fds[1],
		[FD_NULL] = open("/dev/null", O_RDWR | O_CLOEXEC),
		[FD_PATH] = open("/", O_PATH | O_CLOEXEC),
		[FD_UNIX] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0),
		[FD_READY] = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK),
		[FD_EVENT] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		[FD_EPOLL] = epoll_create1(EPOLL_CLOEXEC),
		[FD_TIMER] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
		[FD_INET] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
		[FD_RING] = syscall(SYS_io_uring_setup, 1, params),
		[FD_DIR] = *world_dir ? open(world_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1,
		[FD_NEGATIVE] = -1,
		[FD_CLOSED] = -1,
	};

	for (unsigned i = 0; i < N_FDS; i++)
		world_fds[i] = world_keep(fds[i]);
	world_fds[FD_CLOSED] = KEPT_FDS - 1;
}

/* references */

static __u64 soon(unsigned ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec + (world_late ? 1 : ms) * 1000000ULL;
}

/* where the last message lies */
static __u64 map_address(const volatile struct slot *slot)
{
	const struct map *map = slot->map;

	return map ? (uintptr_t)map->at + slot->last : PAGE;
}

/* What @value stands for at this moment. */
__u64 world_value(__u64 value)
{
	const volatile struct slot *slot = &world_slots[value % N_SLOTS];
	unsigned n = REF_N(value);

	if (!REF_IS(value))
		return value;
	switch (REF_CLASS(value)) {
	case REF_ID:
		return slot->id;
	case REF_FROM:
		return slot->from;
	case REF_COOKIE:
		return slot->cookie;
	case REF_SLICE:
		return slot->slices[(slot->n_slices - 1 - n / N_SLOTS) % N_SLICES];
	case REF_POOL:
		return slot->pool;
	case REF_SOON:
		return soon(n);
	case REF_MEMORY:
		return memory_address(n);
	case REF_FD:
		return world_fds[n % N_FDS];
	case REF_FILE:
		return slot->fd;
	case REF_MAP:
		return map_address(slot);
	case REF_PID:
		return getpid();
	default:
		return value;
	}
}

/* commands */

static void fill(__u8 *to, const struct blob *blob)
{
	__u64 value;

	memcpy(to, blob->words, blob->size);
	for (unsigned i = 0; i < blob->n_patches; i++) {
		value = world_value(blob->patches[i].value);
		memcpy(to + blob->patches[i].at, &value, blob->patches[i].size);
	}
}

/* Puts a command, or the message if @arena says so, where it is to lie. */
static __u8 *lay(const struct blob *blob, unsigned place, unsigned arena, const volatile struct slot *slot)
{
	size_t size = (blob->size + 7) & ~7UL, at = STALL_PAGES * PAGE + arena * ARENA + PAGE - 24;
	__u8 *rw = arenas[arena].rw;

	switch (place) {
	case PLACE_ODD:
		rw += 4;
		break;
	case PLACE_EDGE:
		rw += ARENA - size;
		break;
	case PLACE_CUT:
		fill(rw, blob);
		memmove(rw + ARENA - size + 8, rw, size - 8);
		return rw + ARENA - size + 8;
	case PLACE_STALL:
		fill(world_processes ? stall + at : stall_backing + at, blob);
		return stall + at;
	case PLACE_CONST:
		fill(rw, blob);
		return arenas[arena].ro;
	case PLACE_SHARED:
		rw = arenas[N_ARENAS - 1].rw + arena % 2 * 1024;
		break;
	case PLACE_POOL:
		return (__u8 *)map_address(slot);
	case PLACE_NONE:
		return (__u8 *)PAGE;
	}
	fill(rw, blob);
	return rw;
}

/* How the allocation to fail is told to the kernel, where it has that. */
static void fail(unsigned n)
{
	char text[16];

	if (fail_fd >= 0 && pwrite(fail_fd, text, sprintf(text, "%u", n), 0) < 0)
		return;
}

static long compat_ioctl(int fd, unsigned number, __u8 *cmd)
{
#ifdef __x86_64__
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(54L), "b"((long)fd), "c"((long)number), "d"(cmd)
			 : "memory", "r8", "r9", "r10", "r11");
	return r;
#else
	return ioctl(fd, number, cmd) < 0 ? -errno : 0;
#endif
}

long world_give(int fd, __u32 number, void *cmd, __u32 place, __u32 nth)
{
	long r;

	if (nth)
		fail(nth);
	if (place == PLACE_COMPAT)
		r = compat_ioctl(fd, number, cmd);
	else
		r = ioctl(fd, number, cmd) < 0 ? -errno : 0;
	if (nth)
		fail(0);
	return r;
}

/* what is remembered of a command that succeeded */

static void told_slice(volatile struct slot *slot, __u64 offset)
{
	slot->slices[slot->n_slices++ % N_SLICES] = offset;
}

static void told_message(volatile struct slot *slot, __u64 offset)
{
	struct kdbus_msg msg;

	if (offset >= slot->pool)
		return;
	told_slice(slot, offset);
	slot->last = offset;
	if (!world_peek((void *)(uintptr_t)map_address(slot), &msg, sizeof(msg)))
		return;
	slot->from = msg.src_id;
	slot->cookie = msg.cookie;
}

static void told_hello(volatile struct slot *slot, const struct kdbus_cmd_hello *hello)
{
	slot->id = hello->id;
	slot->pool = hello->pool_size;
	told_slice(slot, hello->offset);
	if (!(hello->flags & KDBUS_HELLO_POLICY_HOLDER))
		world_map_whole(slot);
}

/* @at: the command, which is ours to read in most places */
static void remember(volatile struct slot *slot, const struct call *call, const __u8 *at)
{
	union {
		struct kdbus_cmd_hello hello;
		struct kdbus_cmd_recv recv;
		struct kdbus_cmd_serve serve;
		struct kdbus_cmd_send send;
		struct kdbus_cmd_info info;
		struct kdbus_cmd_list list;
	} cmd;

	if (call->place == PLACE_GOOD)
		memcpy(&cmd, at, sizeof(cmd));
	else if (!world_peek(at, &cmd, sizeof(cmd)))
		return;
	if (cmd.hello.flags & KDBUS_FLAG_NEGOTIATE)
		return;
	switch (call->number) {
	case KDBUS_CMD_HELLO:
		return told_hello(slot, &cmd.hello);
	case KDBUS_CMD_RECV:
		return told_message(slot, cmd.recv.msg.offset);
	case KDBUS_CMD_SERVE:
		return told_message(slot, cmd.serve.msg.offset);
	case KDBUS_CMD_SEND:
	case KDBUS_CMD_CALL:
		return told_message(slot, cmd.send.reply.offset);
	case KDBUS_CMD_CONN_INFO:
	case KDBUS_CMD_BUS_CREATOR_INFO:
		return told_slice(slot, cmd.info.offset);
	case KDBUS_CMD_LIST:
		return told_slice(slot, cmd.list.offset);
	}
}

/* Gives a command. */
long world_call(const struct call *call)
{
	volatile struct slot *slot = &world_slots[call->slot % N_SLOTS];
	__u64 msg;
	__u8 *cmd;
	long r;

	cmd = lay(&call->cmd, call->place, 2 * world_actor, slot);
	if (call->msg_at) {
		msg = (uintptr_t)lay(&call->msg, call->msg_place, 2 * world_actor + 1, slot);
		/* where it can be written, it is written */
		if (call->place <= PLACE_EDGE || call->place == PLACE_SHARED || call->place == PLACE_COMPAT)
			memcpy(cmd + call->msg_at, &msg, sizeof(msg));
		else if (call->place == PLACE_CONST)
			memcpy(arenas[2 * world_actor].rw + call->msg_at, &msg, sizeof(msg));
		else if (call->place == PLACE_STALL)
			memcpy((world_processes ? stall : stall_backing) + (cmd - stall) + call->msg_at, &msg,
			       sizeof(msg));
	}
	r = world_give(slot->fd, call->number, cmd, call->place, call->fail);
	if (!r)
		remember(slot, call, cmd);
	return r;
}

/* life */

static void interrupted(int signal)
{
	(void)signal;
}

int world_init(const char *dir, const char *common)
{
	struct rlimit limit = { KEPT_FDS + 100, KEPT_FDS + 100 };
	struct sigaction action = { .sa_handler = interrupted };
	int r;

	snprintf(world_dir, sizeof(world_dir), "%s", dir ?: "");
	snprintf(world_extra, sizeof(world_extra), "%s.extra", world_dir);
	snprintf(world_common, sizeof(world_common), "%s", common ?: "");
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (dir) {
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			return -errno;
		mkdir(world_dir, 0755);
		mkdir(world_extra, 0755);
		if (mount("kdbusfs", world_dir, "kdbusfs", 0, NULL) < 0)
			return -errno;
	}
	world_actors = mmap(NULL, sizeof(*world_actors), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	r = make_arenas();
	if (!r)
		r = make_stall();
	if (r)
		return r;
	make_fds();
	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	world_reset();
	return 0;
}

/* As the first pid namespace has them: a signal must not hit a stranger. */
static void whoami(pid_t *out_pid, pid_t *out_tid)
{
	char link[64] = "";

	*out_pid = *out_tid = 0;
	if (readlink("/proc/thread-self", link, sizeof(link) - 1) > 0)
		sscanf(link, "%d/task/%d", out_pid, out_tid);
}

void world_enter(unsigned actor, bool processes)
{
	pid_t pid, tid;

	whoami(&pid, &tid);
	world_actor = actor;
	world_processes = processes;
	if (fail_tid != tid) {
		fail_fd = world_keep(open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC));
		fail_tid = tid;
	}
	world_actors->pid[actor] = pid;
	world_actors->tid[actor] = tid;
}

void world_leave(void)
{
	world_actors->tid[world_actor] = 0;
	if (syscall(SYS_setresuid, 0, 0, 0) < 0)
		return;
}

void world_reset(void)
{
	struct rlimit limit = { KEPT_FDS + 100, KEPT_FDS + 100 };
	__u64 n;

	setrlimit(RLIMIT_NOFILE, &limit);
	close_range(3, KEPT_FDS - 1, 0);
	world_maps_reset();
	for (unsigned i = 0; i < N_SLOTS; i++) {
		memset((void *)&world_slots[i], 0, sizeof(world_slots[i]));
		world_slots[i].fd = -1;
	}
	while (*world_dir && umount2(world_extra, MNT_DETACH) == 0)
		;
	if (uffd >= 0)
		madvise(stall, STALL_SIZE, MADV_DONTNEED);
	mmap(moving, MOVING_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	while (waitpid(-1, NULL, 0) > 0)
		;
	if (read(world_fds[FD_EVENT], &n, sizeof(n)) < 0)
		n = 0;
	memset(world_actors, 0, sizeof(*world_actors));
}
