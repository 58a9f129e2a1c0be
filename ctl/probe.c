// SPDX-License-Identifier: LGPL-2.1-or-later
/* Could kdbus be the bus? The bus, the driver and the proxy are asked. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/probe.h"
#include "lib/address.h"
#include "lib/conn.h"
#include "lib/marshal.h"

#define DRIVER		"org.freedesktop.DBus"
#define DRIVER_PATH	"/org/freedesktop/DBus"
#define PROXY		KDBUSLIBEXECDIR "/kdbus-proxy"

/* The descriptor a service manager would hand to it. */
#define SERVED_FD 3

_printf_(3, 4)
static int refuse(char reason[PROBE_REASON_SIZE], int r, const char *format, ...)
{
	char text[PROBE_REASON_SIZE / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(reason, PROBE_REASON_SIZE, "%s: %s", text, strerror(abs(r)));
	return r;
}

static int make_call(const char *member, struct kb_message **out)
{
	return kb_message_new_call(DRIVER, DRIVER_PATH, DRIVER, member, out);
}

/* by the kernel */

static int ask_driver(const char *address, uint64_t timeout_ns, char reason[PROBE_REASON_SIZE])
{
	_cleanup_(kb_message_unrefp) struct kb_message *call = NULL, *reply = NULL;
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	int r;

	options.description = "kdbusctl";
	r = kb_conn_open(address, &options, &conn);
	if (r < 0)
		return refuse(reason, r, "there is no bus at %s, see kdbus-bus.service", address);
	r = make_call("GetId", &call);
	if (r >= 0)
		r = kb_conn_call(conn, call, timeout_ns, &reply);
	if (r >= 0 && reply->type == KB_ERROR) {
		snprintf(reason, PROBE_REASON_SIZE, "the driver answers with %s",
			 reply->error_name);
		return -EREMOTEIO;
	}
	return r < 0 ? refuse(reason, r, "the driver does not answer") : 0;
}

/* through a proxy */

static void exec_proxy(int fd, const char *address, bool user)
{
	char pid[32];

	if (fd == SERVED_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, SERVED_FD) < 0)
		_exit(EXIT_FAILURE);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	unsetenv("LISTEN_FDNAMES");
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_PID");
	execl(PROXY, PROXY, "--address", address, "--scope", user ? "user" : "system", NULL);
	_exit(127);
}

static int start_proxy(const char *address, bool user, int *out_fd, pid_t *out_pid)
{
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		exec_proxy(fds[1], address, user);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return -errno;
	}
	*out_fd = fds[0];
	*out_pid = pid;
	return 0;
}

static int write_all(int fd, const void *data, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

		if (n < 0)
			return -errno;
		data = (const char *)data + n;
		size -= n;
	}
	return 0;
}

/* More of what the proxy says; -EPIPE at its end. */
static int read_more(int fd, uint64_t until_ns, struct kb_buffer *in)
{
	uint64_t now = kb_now_ns();
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char bytes[1024];
	ssize_t n;

	if (now >= until_ns)
		return -ETIMEDOUT;
	if (poll(&poll_fd, 1, (until_ns - now) / KB_NSEC_PER_MSEC + 1) <= 0)
		return 0;
	n = recv(fd, bytes, sizeof(bytes), 0);
	if (n <= 0)
		return n < 0 ? -errno : -EPIPE;
	return kb_buffer_append(in, bytes, n);
}

/* One line, or one message: when it is whole, it is at the front of @in. */
static int64_t size_of_line(const struct kb_buffer *in)
{
	uint8_t *end = in->size ? memchr(in->data, '\n', in->size) : NULL;

	return end ? end + 1 - in->data : 0;
}

static int64_t size_of_message(const struct kb_buffer *in)
{
	int64_t size = in->size < 16 ? 0 : kb_message_size_dbus1(in->data);

	return size > (int64_t)in->size ? 0 : size;
}

static int64_t await(int fd, uint64_t until_ns, struct kb_buffer *in,
		     int64_t (*size_of)(const struct kb_buffer *in))
{
	int64_t size;
	int r;

	for (;;) {
		size = size_of(in);
		if (size)
			return size;
		r = read_more(fd, until_ns, in);
		if (r < 0)
			return r;
	}
}

static void drop(struct kb_buffer *in, size_t size)
{
	memmove(in->data, in->data + size, in->size - size);
	in->size -= size;
}

static int greet(int fd, uint64_t until_ns, struct kb_buffer *in)
{
	char uid[32], hello[128] = "AUTH EXTERNAL ";
	int64_t size;
	int r;

	snprintf(uid, sizeof(uid), "%u", (unsigned int)geteuid());
	for (const char *s = uid; *s; s++)
		sprintf(hello + strlen(hello), "%02x", *s);
	strcat(hello, "\r\n");
	r = write_all(fd, "", 1);
	if (r >= 0)
		r = write_all(fd, hello, strlen(hello));
	if (r < 0)
		return r;
	size = await(fd, until_ns, in, size_of_line);
	if (size < 0)
		return size;
	if (size < 3 || memcmp(in->data, "OK ", 3))
		return -EACCES;
	drop(in, size);
	return write_all(fd, "BEGIN\r\n", strlen("BEGIN\r\n"));
}

/* The reply to the call @cookie; signals before it are passed over. */
static int await_reply(int fd, uint64_t until_ns, struct kb_buffer *in, uint64_t cookie)
{
	for (;;) {
		_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
		int64_t size = await(fd, until_ns, in, size_of_message);
		int r = size < 0 ? size : 0;

		if (r >= 0)
			r = kb_message_decode_dbus1(in->data, size, NULL, 0, &message);
		if (r < 0)
			return r;
		drop(in, size);
		if (message->reply_cookie == cookie)
			return message->type == KB_METHOD_RETURN ? 0 : -EREMOTEIO;
	}
}

static int call(int fd, uint64_t until_ns, struct kb_buffer *in, const char *member,
		uint64_t cookie)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = {};
	int r;

	r = make_call(member, &message);
	if (r < 0)
		return r;
	message->cookie = cookie;
	r = kb_message_encode_dbus1(message, &bytes);
	if (r >= 0)
		r = write_all(fd, bytes.data, bytes.size);
	return r < 0 ? r : await_reply(fd, until_ns, in, cookie);
}

static int talk(int fd, uint64_t until_ns)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer in = {};
	int r;

	r = greet(fd, until_ns, &in);
	if (r >= 0)
		r = call(fd, until_ns, &in, "Hello", 1);
	return r < 0 ? r : call(fd, until_ns, &in, "GetId", 2);
}

/* A proxy that ended on its own says more by how than the broken connection. */
static int explain(int r, bool ended, int status, char reason[PROBE_REASON_SIZE])
{
	if (ended && WIFSIGNALED(status))
		snprintf(reason, PROBE_REASON_SIZE, "the proxy is killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (ended && WEXITSTATUS(status) == 127)
		snprintf(reason, PROBE_REASON_SIZE, "the proxy %s cannot be run", PROXY);
	else if (ended)
		snprintf(reason, PROBE_REASON_SIZE, "the proxy ends at once, with status %d",
			 WEXITSTATUS(status));
	else
		return refuse(reason, r, "the proxy does not serve");
	return r;
}

static int ask_proxy(const char *address, bool user, uint64_t timeout_ns,
		     char reason[PROBE_REASON_SIZE])
{
	int fd = -1, status = 0, r;
	bool ended = false;
	pid_t pid = -1;

	r = start_proxy(address, user, &fd, &pid);
	if (r < 0)
		return refuse(reason, r, "the proxy cannot be started");
	r = talk(fd, kb_now_ns() + timeout_ns);
	/* the connection is closed a little before there is a status */
	for (int i = 0; (r == -EPIPE || r == -ECONNRESET) && i < 100 && !ended; i++) {
		ended = waitpid(pid, &status, WNOHANG) > 0;
		if (!ended)
			usleep(10000);
	}
	if (!ended) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(fd);
	return r < 0 ? explain(r, ended, status, reason) : 0;
}

int probe_bus(const struct kb_switch *it, uint64_t timeout_ns, char reason[PROBE_REASON_SIZE])
{
	_cleanup_(kb_freep) char *address = NULL;
	int r;

	address = it->user ? kb_address_user(getuid()) : strdup(KB_ADDRESS_SYSTEM);
	if (!address)
		return refuse(reason, -ENOMEM, "no address");
	r = ask_driver(address, timeout_ns, reason);
	return r < 0 ? r : ask_proxy(address, it->user, timeout_ns, reason);
}
