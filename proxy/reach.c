/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the bus that an address means. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/address.h"
#include "lib/util.h"
#include "proxy/reach.h"

#define SYSTEM_BUS "/sys/fs/kdbus/0-system/bus"
#define SYSTEM_SOCKET "/run/dbus/system_bus_socket"
#define MACHINES "/run/systemd/machines/"

/* openers: a descriptor, or a negative errno */

static int open_endpoint(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int connect_socket(const char *path, bool is_abstract)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(path);
	_cleanup_(kb_closep) int fd = -1;

	if (size + 1 > sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path + is_abstract, path, size);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address,
			      offsetof(struct sockaddr_un, sun_path) +
				      is_abstract + size) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int open_system_bus(void)
{
	return open_endpoint(SYSTEM_BUS);
}

static int connect_system_socket(void)
{
	return connect_socket(SYSTEM_SOCKET, false);
}

/* containers */

/* The first process of a container, as the service manager's files say. */
static int machine_leader(const char *machine, pid_t *out_pid)
{
	_cleanup_(kb_fclosep) FILE *file = NULL;
	_cleanup_(kb_freep) char *path = NULL;
	char line[256];
	uint64_t pid;

	if (kb_parse_u64(machine, &pid) == 0) {
		*out_pid = pid;
		return 0;
	}
	if (strchr(machine, '/') || *machine == '.')
		return -EINVAL;
	if (asprintf(&path, MACHINES "%s", machine) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "LEADER=%d", out_pid) == 1)
			return 0;
	return -ENODATA;
}

static int enter_namespace(pid_t pid, const char *kind)
{
	char path[64];
	_cleanup_(kb_closep) int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, 0) < 0)
		return -errno;
	return 0;
}

/* The user namespace is often our own, which cannot be entered again. */
static int enter_machine(pid_t pid)
{
	char path[64];
	_cleanup_(kb_closep) int root = -1;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	r = enter_namespace(pid, "user");
	if (r < 0 && r != -EINVAL)
		return r;
	r = enter_namespace(pid, "mnt");
	if (r < 0)
		return r;
	if (fchdir(root) < 0 || chroot(".") < 0)
		return -errno;
	return 0;
}

/* A result over a socket, with the descriptor if there is one. */
static void send_result(int socket, int result)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header.cmsg_len = CMSG_LEN(sizeof(int)),
		      .header.cmsg_level = SOL_SOCKET,
		      .header.cmsg_type = SCM_RIGHTS };
	struct iovec iov = { .iov_base = &result, .iov_len = sizeof(result) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (result >= 0) {
		memcpy(CMSG_DATA(&control.header), &result, sizeof(result));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	(void)!sendmsg(socket, &message, MSG_NOSIGNAL);
}

static int receive_result(int socket)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	int result;
	struct iovec iov = { .iov_base = &result, .iov_len = sizeof(result) };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != sizeof(result))
		return -EIO;
	if (result < 0)
		return result;
	if (!CMSG_FIRSTHDR(&message))
		return -EIO;
	memcpy(&result, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(result));
	return result;
}

/* Namespaces cannot be left again, so a child enters them. */
static int reach_machine(const char *machine, int (*opener)(void))
{
	int sockets[2], r;
	pid_t leader, child;

	if (kb_streq(machine, ".host"))
		return opener();
	r = machine_leader(machine, &leader);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	child = fork();
	if (child == 0) {
		r = enter_machine(leader);
		send_result(sockets[1], r < 0 ? r : opener());
		_exit(0);
	}
	kb_close(sockets[1]);
	r = child < 0 ? -EAGAIN : receive_result(sockets[0]);
	kb_close(sockets[0]);
	if (child > 0)
		waitpid(child, NULL, 0);
	return r;
}

/* alternatives */

static int reach_kernel(const struct kb_address *address, struct reach *out)
{
	int fd = open_endpoint(address->path);

	if (fd < 0)
		return fd;
	kb_close(fd);
	out->address = strdup(address->path);
	return out->address ? 0 : -ENOMEM;
}

static int reach_unix(const struct kb_address *address, struct reach *out)
{
	bool is_abstract = *address->abstract;

	out->fd = connect_socket(is_abstract ? address->abstract :
					       address->path,
				 is_abstract);
	return out->fd < 0 ? out->fd : 0;
}

/* The endpoint is opened again for each client, through this descriptor. */
static int reach_machine_kernel(const struct kb_address *address,
				struct reach *out)
{
	int fd = reach_machine(address->machine, open_system_bus);

	if (fd < 0)
		return fd;
	if (asprintf(&out->address, "/proc/self/fd/%d", fd) < 0) {
		out->address = NULL;
		kb_close(fd);
		return -ENOMEM;
	}
	return 0;
}

static int reach_machine_unix(const struct kb_address *address,
			      struct reach *out)
{
	out->fd = reach_machine(address->machine, connect_system_socket);
	return out->fd < 0 ? out->fd : 0;
}

static const struct {
	const char *transport;
	int (*reach)(const struct kb_address *address, struct reach *out);
} transports[] = {
	{ "kernel", reach_kernel },
	{ "unix", reach_unix },
	{ "x-machine-kernel", reach_machine_kernel },
	{ "x-machine-unix", reach_machine_unix },
};

int reach_bus(const char *addresses, struct reach *out)
{
	struct kb_address address;
	int r, error = -EAFNOSUPPORT;

	*out = (struct reach){ .fd = -1 };
	while ((r = kb_address_next(&addresses, &address)) > 0) {
		for (size_t i = 0; i < KB_ARRAY_SIZE(transports); i++) {
			if (!kb_streq(transports[i].transport,
				      address.transport))
				continue;
			error = transports[i].reach(&address, out);
			if (error == 0)
				return 0;
		}
	}
	return r < 0 ? r : error;
}

void reach_deinit(struct reach *reach)
{
	free(reach->address);
	kb_close(reach->fd);
	*reach = (struct reach){ .fd = -1 };
}
