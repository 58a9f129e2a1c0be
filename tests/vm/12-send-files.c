/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Section 10.1, 14: which files a message may carry, and 12.1: what comes out. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/vm/util.h"

#define ALL_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static struct bus *bus;
static struct peer *a, *b;

static void peers(void)
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD);
}

static int send_memfd(int fd, __u64 start, __u64 size)
{
	union cmd msg;

	msg_init(&msg, b->id, 1);
	msg_memfd(&msg, fd, start, size);
	return send_msg(a, &msg);
}

static int send_fd(int fd)
{
	union cmd msg;

	msg_init(&msg, b->id, 1);
	msg_fds(&msg, &fd, 1);
	return send_msg(a, &msg);
}

TEST("a memfd must carry all four seals")
{
	int fd;

	peers();
	for (int seals = 0; seals < 16; seals++) {
		/* SEAL, SHRINK, GROW, WRITE are the four lowest bits */
		test_case("seals 0x%x", seals);
		expect_errno(seals == ALL_SEALS ? 0 : ETXTBSY, send_memfd(memfd_with_seals(100, seals), 0, 100));
	}
	/* more seals do no harm */
	fd = memfd_with_seals(100, ALL_SEALS | F_SEAL_FUTURE_WRITE);
	expect_ok(send_memfd(fd, 0, 100));
}

TEST("a payload file must support seals, and a closed one is EBADF")
{
	int pipes[2];

	must_sys(pipe2(pipes, O_CLOEXEC));
	peers();
	expect_errno(EBADF, send_memfd(900, 0, 1));
	expect_errno(EBADF, send_memfd(0x7fffffff, 0, 1));
	expect_errno(EBADF, send_memfd(open("/", O_PATH | O_CLOEXEC), 0, 1));
	expect_errno(EMEDIUMTYPE, send_memfd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), 0, 1));
	expect_errno(EMEDIUMTYPE, send_memfd(pipes[0], 0, 1));
	expect_errno(EMEDIUMTYPE, send_memfd(open("/dev/null", O_RDWR | O_CLOEXEC), 0, 1));
	expect_errno(EMEDIUMTYPE, send_memfd(a->fd, 0, 1));
	expect_errno(EMEDIUMTYPE, send_memfd(eventfd(0, EFD_CLOEXEC), 0, 1));
	/* seals were not allowed */
	expect_errno(ETXTBSY, send_memfd(memfd_create("unsealable", MFD_CLOEXEC), 0, 1));
}

TEST("a memfd that cannot be read is EBADF: its receiver could do nothing with it")
{
	char path[64];

	peers();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd_new(100));
	expect_errno(EBADF, send_memfd(must_sys(open(path, O_WRONLY | O_CLOEXEC)), 0, 100));
	expect_ok(send_memfd(must_sys(open(path, O_RDONLY | O_CLOEXEC)), 0, 100));
	expect_ok(send_memfd(must_sys(open(path, O_RDWR | O_CLOEXEC)), 0, 100));
}

TEST("the range of a memfd lies inside the file")
{
	static const struct {
		__u64 start, size;
		int error;
	} cases[] = {
		{ 0, 100, 0 }, { 0, 1, 0 }, { 99, 1, 0 }, { 50, 50, 0 }, { 0, 101, EFAULT }, { 100, 1, EFAULT },
		{ 50, 51, EFAULT }, { 1ULL << 40, 1, EFAULT }, { 0, 1ULL << 62, EFAULT },
	};
	int fd = memfd_new(100);

	peers();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("%llu at %llu", (unsigned long long)cases[i].size, (unsigned long long)cases[i].start);
		expect_errno(cases[i].error, send_memfd(fd, cases[i].start, cases[i].size));
	}
}

TEST("a memfd arrives as a descriptor of its own for the same file")
{
	const struct kdbus_item *item;
	int fd = memfd_new(5000);
	struct stat st, sent;
	__u8 data[5000];

	peers();
	must_sys(fstat(fd, &sent));
	must(send_memfd(fd, 1000, 2000));
	close(fd);
	item = item_find(expect_message(b, 1), KDBUS_ITEM_PAYLOAD_MEMFD);
	expect_eq(item->size, 40);
	expect_eq(item->memfd.start, 1000);
	expect_eq(item->memfd.size, 2000);
	must_sys(fstat(item->memfd.fd, &st));
	expect_eq(st.st_ino, sent.st_ino);
	expect_eq(st.st_size, 5000);
	expect_eq(fcntl(item->memfd.fd, F_GET_SEALS), ALL_SEALS);
	expect_eq(fcntl(item->memfd.fd, F_GETFD), FD_CLOEXEC);
	must_sys(pread(item->memfd.fd, data, 1, 1000));
	expect_eq(data[0], 1000 & 0xff);
}

static int unix_socket(void)
{
	return must_sys(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int unix_pair(void)
{
	int fds[2];

	must_sys(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds));
	return fds[0];
}

TEST("kdbus files and unix sockets cannot be sent, everything else can")
{
	char ep[240], dir[200];
	int pipes[2];

	peers();
	endpoint_new(bus, "0-ep", 0, ep);
	snprintf(dir, sizeof(dir), "%s", mount_dir);
	must_sys(pipe2(pipes, O_CLOEXEC));

	const struct {
		const char *what;
		int fd, error;
	} cases[] = {
		{ "own connection", a->fd, EOPNOTSUPP },
		{ "other connection", b->fd, EOPNOTSUPP },
		{ "bus owner", bus->fd, EOPNOTSUPP },
		{ "control", control_open(mount_dir), EOPNOTSUPP },
		{ "unset endpoint", open(bus->path, O_RDWR | O_CLOEXEC), EOPNOTSUPP },
		{ "custom endpoint", open(ep, O_RDWR | O_CLOEXEC), EOPNOTSUPP },
		{ "unix stream socket", unix_socket(), EOPNOTSUPP },
		{ "unix datagram socket", unix_pair(), EOPNOTSUPP },
		{ "O_PATH of an endpoint", open(bus->path, O_PATH | O_CLOEXEC), 0 },
		{ "O_PATH of a file", open("/bin/sh", O_PATH | O_CLOEXEC), 0 },
		{ "kdbusfs root", open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0 },
		{ "bus directory", open(bus->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0 },
		{ "inet socket", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0 },
		{ "netlink socket", socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0), 0 },
		{ "pipe", pipes[0], 0 },
		{ "regular file", open("/proc/self/exe", O_RDONLY | O_CLOEXEC), 0 },
		{ "directory", open("/", O_RDONLY | O_CLOEXEC), 0 },
		{ "device", open("/dev/null", O_RDWR | O_CLOEXEC), 0 },
		{ "eventfd", eventfd(0, EFD_CLOEXEC), 0 },
		{ "epoll", epoll_create1(EPOLL_CLOEXEC), 0 },
		{ "memfd without seals", memfd_with_seals(10, 0), 0 },
		{ "negative", -1, EBADF },
		{ "very negative", -0x7fffffff - 1, EBADF },
		{ "closed", 900, EBADF },
		{ "huge", 0x7fffffff, EBADF },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (!strcmp(cases[i].what, "inet socket") && cases[i].fd < 0)
			continue;
		test_case("%s", cases[i].what);
		expect_errno(cases[i].error, send_fd(cases[i].fd));
		if (!cases[i].error)
			expect_message(b, 1);
	}
	expect_nothing(b);
}

TEST("files are judged in item order")
{
	int bad = 900, sock = unix_socket(), memfd = memfd_with_seals(100, 0);
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg_memfd(&msg, memfd, 0, 100);
	msg_fds(&msg, &bad, 1);
	expect_errno(ETXTBSY, send_msg(a, &msg));
	msg_init(&msg, b->id, 1);
	msg_fds(&msg, &bad, 1);
	msg_memfd(&msg, memfd, 0, 100);
	expect_errno(EBADF, send_msg(a, &msg));
	msg_init(&msg, b->id, 1);
	int both[] = { sock, bad };

	msg_fds(&msg, both, 2);
	expect_errno(EOPNOTSUPP, send_msg(a, &msg));
	both[0] = bad;
	both[1] = sock;
	msg_init(&msg, b->id, 1);
	msg_fds(&msg, both, 2);
	expect_errno(EBADF, send_msg(a, &msg));
	/* before the destination is looked up */
	msg_init(&msg, 0, 1);
	msg_name(&msg, "no.body");
	msg_fds(&msg, &sock, 1);
	expect_errno(EOPNOTSUPP, send_msg(a, &msg));
}

TEST("descriptors arrive close-on-exec at the lowest free numbers, in order")
{
	const struct kdbus_item *item;
	int pipes[2], null, hole, fds[3];
	union cmd msg;
	char c;

	peers();
	must_sys(pipe2(pipes, O_CLOEXEC));
	null = must_sys(open("/dev/null", O_RDWR));
	msg_init(&msg, b->id, 1);
	fds[0] = pipes[0];
	fds[1] = null;
	fds[2] = pipes[1];
	msg_fds(&msg, fds, 3);
	must(send_msg(a, &msg));
	hole = pipes[0];
	close(pipes[0]);
	close(pipes[1]);
	close(null);
	item = item_find(expect_message(b, 1), KDBUS_ITEM_FDS);
	expect_eq(item->size, 16 + 12);
	expect_eq(b->last.msg.return_flags, 0);
	expect_eq(b->last.return_flags, 0);
	for (int i = 0; i < 3; i++) {
		expect_eq(item->fds[i], hole + i);
		expect_eq(fcntl(item->fds[i], F_GETFD), FD_CLOEXEC);
	}
	/* the file is the sender's, although it has closed it */
	must_sys(write(item->fds[2], "x", 1));
	must_sys(read(item->fds[0], &c, 1));
	expect_eq(c, 'x');
}

TEST("the same descriptor twice becomes two")
{
	const struct kdbus_item *item;
	int fds[2] = { 1, 1 };
	union cmd msg;

	peers();
	msg_init(&msg, b->id, 1);
	msg_fds(&msg, fds, 2);
	must(send_msg(a, &msg));
	item = item_find(expect_message(b, 1), KDBUS_ITEM_FDS);
	expect(item->fds[0] != item->fds[1]);
	expect(fcntl(item->fds[0], F_GETFD) >= 0);
	expect(fcntl(item->fds[1], F_GETFD) >= 0);
}

TEST("an FDS item without entries is an empty list")
{
	const struct kdbus_item *item;
	struct peer *plain;
	union cmd msg;

	peers();
	plain = peer_new(bus);
	msg_init(&msg, b->id, 1);
	msg_fds(&msg, NULL, 0);
	expect_ok(send_msg(a, &msg));
	item = item_find(expect_message(b, 1), KDBUS_ITEM_FDS);
	if (expect(item))
		expect_eq(item->size, 16);
	/* nothing that a receiver could refuse */
	msg.msg.dst_id = plain->id;
	expect_ok(send_msg(a, &msg));
	expect_message(plain, 1);
}

TEST("who did not set ACCEPT_FD gets no descriptors: ECOMM, but memfds")
{
	struct peer *plain;
	int one = 1, fd;
	union cmd msg;

	peers();
	plain = peer_new(bus);
	msg_init(&msg, plain->id, 1);
	msg_fds(&msg, &one, 1);
	expect_errno(ECOMM, send_msg(a, &msg));
	expect_nothing(plain);
	msg_init(&msg, plain->id, 2);
	fd = memfd_new(10);
	msg_memfd(&msg, fd, 0, 10);
	expect_ok(send_msg(a, &msg));
	expect(item_find(expect_message(plain, 2), KDBUS_ITEM_PAYLOAD_MEMFD)->memfd.fd >= 0);
}

TEST("files of a message end when it is dropped, or its receiver ends")
{
	struct pollfd pfd;
	int pipes[2];

	for (int how = 0; how < 3; how++) {
		test_case("way %d", how);
		peers();
		must_sys(pipe2(pipes, O_CLOEXEC));
		must(send_fd(pipes[1]));
		close(pipes[1]);
		pfd = (struct pollfd){ .fd = pipes[0], .events = POLLIN };
		expect_eq(poll(&pfd, 1, 0), 0);
		if (how == 0)
			must(recv_cmd(b, KDBUS_RECV_DROP, 0));
		else if (how == 1)
			peer_close(b);
		else
			bus_close(bus);
		expect_eq(poll(&pfd, 1, 2000), 1);
		expect_eq(pfd.revents, POLLHUP);
		close(pipes[0]);
		bus_close(bus);
	}
}

TEST("a failed send keeps no file")
{
	struct pollfd pfd;
	int pipes[2], fds[2];
	union cmd msg;

	peers();
	must_sys(pipe2(pipes, O_CLOEXEC));
	fds[0] = pipes[1];
	fds[1] = 900;
	msg_init(&msg, b->id, 1);
	msg_fds(&msg, fds, 2);
	expect_errno(EBADF, send_msg(a, &msg));
	msg_init(&msg, 99999, 1);
	msg_fds(&msg, fds, 1);
	expect_errno(ENXIO, send_msg(a, &msg));
	close(pipes[1]);
	pfd = (struct pollfd){ .fd = pipes[0], .events = POLLIN };
	expect_eq(poll(&pfd, 1, 2000), 1);
	expect_eq(pfd.revents, POLLHUP);
}

TEST("PEEK installs nothing, a later RECV does")
{
	unsigned before;

	peers();
	must(send_fd(1));
	before = count_fds();
	for (int i = 0; i < 5; i++)
		must(recv_cmd(b, KDBUS_RECV_PEEK, 0));
	expect_eq(count_fds(), before);
	expect_message(b, 1);
	expect_eq(count_fds(), before + 1);
	must(send_fd(1));
	must(recv_cmd(b, KDBUS_RECV_DROP, 0));
	expect_eq(count_fds(), before + 1);
}
