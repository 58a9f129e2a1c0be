// SPDX-License-Identifier: LGPL-2.1-or-later
/* Our own services on a bus of the test's own. */
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/vm/services.h"

/* programs */

const char *program_path(const char *name)
{
	static char path[4][600];
	static unsigned n;
	const char *dir = getenv("top_builddir");
	char *out = path[n++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", dir ?: ".", name);
	return out;
}

static pid_t run(const char *name, char **argv)
{
	pid_t pid = must_sys(fork());

	if (pid)
		return pid;
	execv(program_path(name), argv);
	_exit(127);
}

pid_t program_start(const char *name, ...)
{
	char *argv[32] = { (char *)name };
	unsigned n = 1;
	va_list args;

	va_start(args, name);
	while ((argv[n++] = va_arg(args, char *)))
		;
	va_end(args);
	return run(name, argv);
}

int program_stop(pid_t pid)
{
	int status = 0;

	kill(pid, SIGTERM);
	must_sys(waitpid(pid, &status, 0));
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

const char *bus_address(struct bus *bus)
{
	static char address[300];

	snprintf(address, sizeof(address), "kernel:path=%s", bus->path);
	return address;
}

/* A socket for READY=1, so that nobody has to wait longer than needed. */
static int ready_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = must_sys(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	snprintf(address.sun_path, sizeof(address.sun_path), "%s.ready-%d", mount_dir, getpid());
	unlink(address.sun_path);
	must_sys(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	return fd;
}

static void ready_wait(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char text[512];

	if (poll(&pollfd, 1, 20000) != 1)
		test_abort(__FILE__, __LINE__, "the program is ready", -ETIMEDOUT);
	/* What it wants to be stored comes along and goes with this. */
	must_sys(read(fd, text, sizeof(text)));
	unlink(getenv("NOTIFY_SOCKET"));
	unsetenv("NOTIFY_SOCKET");
	close(fd);
}

pid_t activator_start(struct bus *bus, const char *name, const char *program, const char *args)
{
	char option[4][400], words[200], *argv[32], *word, *rest;
	unsigned n = 0;
	int fd = ready_socket();
	pid_t pid;

	snprintf(option[0], 400, "--address=%s", bus_address(bus));
	snprintf(option[1], 400, "--name=%s", name);
	snprintf(option[2], 400, "--exec=%s", *program == '/' ? program : program_path(program));
	argv[n++] = "kdbus-activator";
	for (unsigned i = 0; i < 3; i++)
		argv[n++] = option[i];
	argv[n++] = "--allow-world=talk";
	if (getenv("KDBUS_TEST_DEBUG"))
		argv[n++] = "--debug";
	/* What comes before "--" is for the activator. */
	snprintf(words, sizeof(words), "%s", args ?: "");
	for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[n++] = word;
	argv[n] = NULL;
	pid = run("kdbus-activator", argv);
	ready_wait(fd);
	return pid;
}

pid_t driver_start(struct bus *bus, const char *args)
{
	return activator_start(bus, DRIVER, "kdbus-driver", args);
}

/* clients */

struct kb_conn *client_new(struct bus *bus)
{
	struct kb_conn *conn;

	must(kb_conn_open(bus_address(bus), NULL, &conn));
	return conn;
}

struct kb_conn *client_of(struct bus *bus, unsigned uid)
{
	struct kb_conn *conn;

	become(uid);
	must(kb_conn_open(bus_address(bus), NULL, &conn));
	become(0);
	return conn;
}

static char answer[8192];

static const char *show(struct kb_message *reply)
{
	struct kb_reader reader;
	size_t n = 0;
	FILE *file;

	answer[0] = '\0';
	if (reply->type == KB_ERROR) {
		const char *text = "";

		kb_message_read(reply, "s", &text);
		snprintf(answer, sizeof(answer), "ERROR %s: %s",
			 kb_startswith(reply->error_name, KB_ERROR_PREFIX) ?: reply->error_name, text);
		return answer;
	}
	file = fmemopen(answer, sizeof(answer), "w");
	must(kb_message_reader(reply, &reader));
	must(kb_value_print(&reader, file));
	kb_reader_deinit(&reader);
	fclose(file);
	n = strlen(answer);
	while (n && answer[n - 1] == ' ')
		answer[--n] = '\0';
	return answer;
}

const char *ask(struct kb_conn *conn, const char *destination, const char *path,
		const char *interface, const char *member, const char *types, ...)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	_cleanup_(kb_message_unrefp) struct kb_message *reply = NULL;
	va_list args;
	int r;

	must(kb_message_new_call(destination, path, interface, member, &message));
	va_start(args, types);
	must(kb_writer_appendv(kb_message_writer(message), types, args));
	va_end(args);
	r = kb_conn_call(conn, message, 0, &reply);
	if (r >= 0)
		return show(reply);
	snprintf(answer, sizeof(answer), "%s", strerrorname_np(-r) ?: "?");
	return answer;
}

const char *error_of(const char *text)
{
	static char name[256];
	const char *rest = kb_startswith(text, "ERROR ");

	if (!rest)
		return "";
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(rest, ":"), rest);
	return name;
}

pid_t owner_pid(struct kb_conn *conn, const char *name)
{
	struct kb_info info;
	pid_t pid = 0;

	if (kb_conn_info(conn, 0, name, KDBUS_ATTACH_PIDS, 0, &info) < 0)
		return 0;
	if (!(info.flags & KDBUS_HELLO_ACTIVATOR) && info.meta.pids)
		pid = info.meta.pids->pid;
	kb_info_deinit(&info);
	return pid;
}

bool wait_owned(struct kb_conn *conn, const char *name, bool owned)
{
	for (unsigned i = 0; i < 1000; i++) {
		if (!!owner_pid(conn, name) == owned)
			return true;
		sleep_ms(10);
	}
	return false;
}
