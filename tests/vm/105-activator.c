// SPDX-License-Identifier: LGPL-2.1-or-later
/* The activator: holds a name, starts what it is told, answers when that fails. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/address.h"
#include "tests/vm/services.h"

static struct bus *bus;
static struct kb_conn *a;

/* As a service: takes the name and is killed before it has read anything. */
static void __attribute__((__constructor__)) crash(int argc, char **argv)
{
	struct kb_conn *conn;

	if (argc != 2 || strcmp(argv[1], "--crash"))
		return;
	if (kb_conn_open(getenv("DBUS_STARTER_ADDRESS"), NULL, &conn) >= 0)
		kb_conn_name_acquire(conn, "f.f", 0, NULL);
	raise(SIGKILL);
}

/* As an activator on a kernel that does not let activators send. */
static void __attribute__((__constructor__)) mute(int argc, char **argv)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (__u32)KDBUS_CMD_SEND, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };

	if (argc < 2 || strcmp(argv[1], "--mute"))
		return;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(126);
	argv[1] = "kdbus-activator";
	execv(program_path("kdbus-activator"), argv + 1);
	_exit(127);
}

static void setup(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = client_new(bus);
}

static void echo_start(const char *args)
{
	activator_start(bus, ECHO, "kdbus-echo", args);
}

/* What needs no address: the bus of the system is where it always is. */
static void start_by_hand(const char *name, const char *program)
{
	char option[2][400];

	snprintf(option[0], 400, "--name=%s", name);
	snprintf(option[1], 400, "--exec=%s", program_path(program));
	program_start("kdbus-activator", option[0], option[1], "--allow-world=talk", "--",
		      "--idle-timeout=0.5", NULL);
}

/* A call that is not waited for. */
static struct kb_conn *call_later(const char *name)
{
	struct kb_conn *conn = client_new(bus);
	struct kb_message *call;

	must(kb_message_new_call(name, ECHO_PATH, ECHO, "EchoString", &call));
	must(kb_message_append(call, "s", "later"));
	must(kb_conn_send(conn, call));
	kb_message_unref(call);
	return conn;
}

/* Its answer: "" or the name of the error. */
static const char *answer_of(struct kb_conn *conn)
{
	static char text[256];
	struct kb_message *reply;

	if (kb_conn_wait(conn, 20 * SEC) <= 0)
		return "nothing";
	must(kb_conn_recv(conn, &reply));
	snprintf(text, sizeof(text), "%s", reply->type == KB_METHOD_RETURN ? "" :
		 reply->type == KB_NOTIFICATION ? "NoReply" :
		 kb_startswith(reply->error_name, KB_ERROR_PREFIX) ?: reply->error_name);
	kb_message_unref(reply);
	return text;
}

TEST("the first message starts the service once, and everybody is answered")
{
	struct kb_conn *clients[20];

	setup();
	echo_start(NULL);
	expect_eq(owner_pid(a, ECHO), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(clients); i++)
		clients[i] = call_later(ECHO);
	for (unsigned i = 0; i < ARRAY_SIZE(clients); i++)
		expect_text(answer_of(clients[i]), "");
	expect(owner_pid(a, ECHO));
}

TEST("a message that must not start the service does not")
{
	struct kb_message *call;

	setup();
	echo_start(NULL);
	must(kb_message_new_call(ECHO, ECHO_PATH, ECHO, "EchoString", &call));
	must(kb_message_append(call, "s", "x"));
	call->flags |= KB_NO_AUTO_START;
	expect_errno(EADDRNOTAVAIL, kb_conn_send(a, call));
	sleep_ms(200);
	expect_eq(owner_pid(a, ECHO), 0);
}

TEST("a message that wants no answer starts it, too")
{
	struct kb_message *call;

	setup();
	echo_start(NULL);
	must(kb_message_new_call(ECHO, ECHO_PATH, ECHO, "EchoString", &call));
	must(kb_message_append(call, "s", "x"));
	call->flags |= KB_NO_REPLY_EXPECTED;
	must(kb_conn_send(a, call));
	expect(wait_owned(a, ECHO, true));
	expect_eq(kb_conn_wait(a, 100 * MSEC), 0);
}

static const char *send_fd(void)
{
	struct kb_message *call, *reply;
	static char text[256];
	uint32_t index;
	int r;

	must(kb_message_new_call(ECHO, ECHO_PATH, ECHO, "Fd", &call));
	must(kb_message_add_fd(call, must_sys(open("/dev/null", O_RDONLY | O_CLOEXEC)), &index));
	must(kb_message_append(call, "h", index));
	r = kb_conn_call(a, call, 0, &reply);
	kb_message_unref(call);
	if (r < 0)
		return strerrorname_np(-r);
	snprintf(text, sizeof(text), "%s, %zu", reply->type == KB_ERROR ? reply->error_name : "fine",
		 reply->n_fds);
	kb_message_unref(reply);
	return text;
}

TEST("descriptors wait along with their message")
{
	setup();
	echo_start(NULL);
	expect_text(send_fd(), "fine, 1");
}

TEST("or they do not, if that is forbidden")
{
	setup();
	echo_start("--accept-fds=no");
	expect_text(send_fd(), "ECOMM");
}

TEST("10 000 calls to a service that leaves after every few: none is lost, none answered twice")
{
	const char *limit = getenv("KDBUS_TEST_ROUNDS");
	unsigned n = limit ? 100 * atoi(limit) : 1000, pids = 0;
	pid_t last = 0;
	char text[32];

	setup();
	echo_start("--trigger-limit-burst=0 -- --exit-after=25");
	for (unsigned i = 0; i < n; i++) {
		char wanted[40];
		pid_t pid;

		snprintf(text, sizeof(text), "%u", i);
		snprintf(wanted, sizeof(wanted), "s \"%u\"", i);
		if (!expect_text(ask_echo(a, text), wanted))
			return;
		pid = owner_pid(a, ECHO);
		if (pid && pid != last) {
			last = pid;
			pids++;
		}
	}
	expect_eq(kb_conn_wait(a, 0), 0);
	test_note("%u calls, at least %u services", n, pids);
	expect(pids >= n / 100);
}

TEST("a policy holder lets the name be owned, and starts nothing")
{
	char option[2][400];
	struct kb_conn *b;

	setup();
	snprintf(option[0], 400, "--address=%s", bus_address(bus));
	snprintf(option[1], 400, "--allow-user=%u:own", UID_A);
	program_start("kdbus-activator", option[0], "--name=h.h", "--activating=no", option[1],
		      "--allow-group=root:talk", "--allow-world=see", NULL);
	b = client_of(bus, UID_A);
	become(UID_A);
	for (unsigned i = 0; i < 500 && kb_conn_name_acquire(b, "h.h", 0, NULL) < 0; i++)
		sleep_ms(10);
	become(0);
	expect(owner_pid(a, "h.h"));
	must(kb_conn_name_release(b, "h.h"));
	expect_text(ask(a, "h.h", "/", NULL, "Ping", ""), "ESRCH");
}

TEST("users, groups and the world get what they are allowed")
{
	struct kb_conn *b, *c;
	char args[200];

	setup();
	snprintf(args, sizeof(args), "--allow-user=%u:talk --allow-group=%u:own --allow-world=see", UID_A, UID_B);
	echo_start(args);
	b = client_of(bus, UID_A);
	c = client_of(bus, UID_B);
	become(UID_A);
	expect_text(ask_echo(b, "x"), "s \"x\"");
	expect_errno(EPERM, kb_conn_name_acquire(b, ECHO, 0, NULL));
	become(UID_B);
	expect_result_(__FILE__, __LINE__, "own", kb_conn_name_acquire(c, ECHO, KDBUS_NAME_QUEUE, NULL), 0);
	become(UID_C);
	expect_text(ask_echo(client_new(bus), "x"), "EPERM");
	become(0);
}

/* failing */

TEST("each way to fail has its error, with the program and the reason in the text")
{
	static const struct {
		const char *program, *args, *error, *text;
	} ways[] = {
		{ "/bin/false", NULL, "Spawn.ChildExited", "/bin/false exited with status 1" },
		{ "/bin/true", NULL, "Spawn.Failed", "/bin/true ended without taking the name" },
		{ "/nowhere", NULL, "Spawn.ExecFailed", "cannot execute /nowhere" },
		{ "/bin/sh", "-- -c exit${IFS}203", "Spawn.ExecFailed", "/bin/sh could not be executed" },
		{ "/bin/sh", "-- -c exit${IFS}217", "Spawn.FailedToSetup", "status 217" },
		{ "/bin/sh", "-- -c kill${IFS}-11${IFS}$$", "Spawn.ChildSignaled", "signal 11" },
		{ "/bin/sleep", "--start-timeout=0.3 -- 99", "TimedOut", "in time" },
	};

	setup();
	for (unsigned i = 0; i < ARRAY_SIZE(ways); i++) {
		struct kb_conn *others[3];
		const char *answer;
		char name[32];

		test_case("%s %s", ways[i].program, ways[i].args ?: "");
		snprintf(name, sizeof(name), "f.f%u", i);
		activator_start(bus, name, ways[i].program, ways[i].args);
		for (unsigned n = 0; n < ARRAY_SIZE(others); n++)
			others[n] = call_later(name);
		answer = ask(a, name, "/", NULL, "Ping", "");
		expect_error(answer, ways[i].error);
		expect(strstr(answer, name));
		if (!expect(strstr(answer, ways[i].text)))
			test_note("%s", answer);
		for (unsigned n = 0; n < ARRAY_SIZE(others); n++)
			expect_text(answer_of(others[n]), ways[i].error);
	}
}

TEST("a client that numbers all its calls alike is answered each time")
{
	setup();
	echo_start("-- --exit-after=1");
	for (unsigned i = 0; i < 12; i++) {
		struct kb_message *call, *reply = NULL;

		must(kb_message_new_call(ECHO, ECHO_PATH, ECHO, "EchoString", &call));
		must(kb_message_append(call, "s", "x"));
		call->cookie = 7;
		if (!expect_eq(kb_conn_call(a, call, 0, &reply), 0) ||
		    !expect_eq(reply->type, KB_METHOD_RETURN))
			return;
		kb_message_unref(call);
		kb_message_unref(reply);
		expect(wait_owned(a, ECHO, false));
	}
}

TEST("one that was told to ignore its children hears of their end all the same")
{
	setup();
	signal(SIGCHLD, SIG_IGN);
	activator_start(bus, "f.f", "/bin/false", NULL);
	signal(SIGCHLD, SIG_DFL);
	expect_error(ask(a, "f.f", "/", NULL, "Ping", ""), "Spawn.ChildExited");
	expect_error(ask(a, "f.f", "/", NULL, "Ping", ""), "Spawn.ChildExited");
}

TEST("where the kernel does not let it answer, callers hear that nobody will")
{
	struct kb_conn *waiting;
	struct kb_info info;
	char option[400];

	setup();
	snprintf(option, sizeof(option), "--address=%s", bus_address(bus));
	program_start("tests/vm/105-activator", "--mute", option, "--name=f.f", "--allow-world=talk",
		      "--exec=/bin/false", NULL);
	for (unsigned i = 0; i < 500 && kb_conn_info(a, 0, "f.f", 0, 0, &info) < 0; i++)
		sleep_ms(10);
	waiting = call_later("f.f");
	expect_text(answer_of(waiting), "NoReply");
	expect_text(ask(a, "f.f", "/", NULL, "Ping", ""), "EPIPE");
}

TEST("five failures in a row: messages are refused, until told otherwise")
{
	uint64_t begin;
	pid_t pid;

	setup();
	pid = activator_start(bus, "f.f", "/bin/false", NULL);
	expect_error(ask(a, "f.f", "/", NULL, "Ping", ""), "Spawn.ChildExited");
	/* not just four more: what comes while it answers gets the same answer */
	for (unsigned i = 0; i < 100 && strcmp(error_of(ask(a, "f.f", "/", NULL, "Ping", "")), "LimitsExceeded"); i++)
		;
	begin = now_ns();
	for (unsigned i = 0; i < 20; i++)
		expect_error(ask(a, "f.f", "/", NULL, "Ping", ""), "LimitsExceeded");
	expect(now_ns() - begin < 5 * SEC);
	kill(pid, SIGHUP);
	sleep_ms(100);
	expect_error(ask(a, "f.f", "/", NULL, "Ping", ""), "Spawn.ChildExited");
}

TEST("the end of one that was too slow is no reason to try again")
{
	setup();
	activator_start(bus, "f.f", "/bin/sleep", "--start-timeout=0.1 -- 99");
	for (unsigned i = 0; i < 100 && strcmp(error_of(ask(a, "f.f", "/", NULL, "Ping", "")), "LimitsExceeded"); i++)
		;
	for (unsigned i = 0; i < 20; i++) {
		expect_error(ask(a, "f.f", "/", NULL, "Ping", ""), "LimitsExceeded");
		sleep_ms(10);
	}
}

TEST("with --on-limit=fail the name goes instead")
{
	int status;
	pid_t pid;

	setup();
	pid = activator_start(bus, "f.f", "/bin/false", "--on-limit=fail");
	for (unsigned i = 0; i < 100 && strcmp(ask(a, "f.f", "/", NULL, "Ping", ""), "ESRCH"); i++)
		;
	must_sys(waitpid(pid, &status, 0));
	expect_eq(WEXITSTATUS(status), 1);
	expect_text(ask(a, "f.f", "/", NULL, "Ping", ""), "ESRCH");
}

TEST("a service that takes the name and crashes unread is not started for ever")
{
	const char *first;
	char script[300];
	FILE *file;

	setup();
	/* The echo service is stopped as soon as it has the name. */
	snprintf(script, sizeof(script), "%s.crash", mount_dir);
	file = fopen(script, "w");
	fprintf(file, "#!/bin/sh\nexec %s --crash\n", program_path("tests/vm/105-activator"));
	fclose(file);
	chmod(script, 0755);
	activator_start(bus, "f.f", script, NULL);
	/* the first answer tells of what is noticed first: the end, or the mail that comes back */
	first = error_of(ask(a, "f.f", "/", NULL, "Ping", ""));
	if (strcmp(first, "LimitsExceeded"))
		expect_text(first, "Spawn.ChildSignaled");
	for (unsigned i = 0; i < 10 && strcmp(error_of(ask(a, "f.f", "/", NULL, "Ping", "")), "LimitsExceeded"); i++)
		;
	expect_error(ask(a, "f.f", "/", NULL, "Ping", ""), "LimitsExceeded");
	unlink(script);
}

TEST("the starts of a service that comes and goes are spaced out, and no call is refused")
{
	uint64_t begin;

	setup();
	echo_start("--trigger-limit-interval=1 --trigger-limit-burst=2 -- --exit-after=1");
	begin = now_ns();
	for (unsigned i = 0; i < 6; i++)
		expect_text(ask_echo(a, "x"), "s \"x\"");
	/* two at once, then one each half second */
	expect(now_ns() - begin > 1500 * MSEC);
}

/* coming and going */

TEST("when it is stopped, who waits hears that")
{
	struct kb_conn *waiting;
	struct kb_info info;
	char option[400];
	pid_t pid;

	setup();
	snprintf(option, sizeof(option), "--address=%s", bus_address(bus));
	/* without a manager that could keep the connection for a restart */
	pid = program_start("kdbus-activator", option, "--name=f.f", "--allow-world=talk", "--exec=/bin/sleep",
			    "--", "99", NULL);
	for (unsigned i = 0; i < 500 && kb_conn_info(a, 0, "f.f", 0, 0, &info) < 0; i++)
		sleep_ms(10);
	waiting = call_later("f.f");
	sleep_ms(300);
	expect_eq(program_stop(pid), 0);
	expect_text(answer_of(waiting), "ServiceUnknown");
	expect_text(ask(a, "f.f", "/", NULL, "Ping", ""), "ESRCH");
}

/* As the service manager does it, with what was in its store. */
static pid_t restart_with(struct peer *stored, const char *stored_name, const char *policy,
			  const char *activating)
{
	char name[] = "--name=" ECHO, option[400], exec[400], text[32];
	pid_t pid = must_sys(fork());

	if (pid)
		return pid;
	must_sys(dup2(stored->fd, 3));
	snprintf(text, sizeof(text), "%d", getpid());
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_FDNAMES", stored_name, 1);
	snprintf(option, sizeof(option), "--address=%s", bus_address(bus));
	snprintf(exec, sizeof(exec), "--exec=%s", program_path("kdbus-echo"));
	execl(program_path("kdbus-activator"), "kdbus-activator", option, name, exec, policy,
	      activating, NULL);
	_exit(127);
}

TEST("restarted with the connection it had, it goes on with the mail that waits")
{
	struct peer *stored;
	struct kb_conn *waiting[3];
	pid_t pid;

	setup();
	stored = activator_new(bus, ECHO, .pool = 16 * MIB, .recv = _KDBUS_ATTACH_ALL);
	for (unsigned i = 0; i < ARRAY_SIZE(waiting); i++)
		waiting[i] = call_later(ECHO);
	pid = restart_with(stored, "activator", "--allow-world=talk", NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(waiting); i++)
		expect_text(answer_of(waiting[i]), "");
	expect_text(ask_echo(a, "x"), "s \"x\"");
	expect_eq(program_stop(pid), 0);
}

static void expect_notified(int fd, const char *wanted)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char text[512];
	ssize_t n;

	if (!expect_eq(poll(&pollfd, 1, 20000), 1))
		return;
	n = must_sys(recv(fd, text, sizeof(text) - 1, 0));
	text[n] = '\0';
	if (!expect(strstr(text, wanted)))
		test_note("%s", text);
}

/* What the service manager would be told. */
static int open_notifications(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = must_sys(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	char path[64];

	snprintf(path, sizeof(path), "@kdbus-test-%d", getpid());
	strcpy(address.sun_path + 1, path + 1);
	must_sys(bind(fd, (struct sockaddr *)&address,
		      offsetof(struct sockaddr_un, sun_path) + strlen(path)));
	setenv("NOTIFY_SOCKET", path, 1);
	return fd;
}

TEST("restarted with another policy it makes a new connection, when nothing waits")
{
	int fd = open_notifications();
	struct peer *stored;
	struct kb_conn *b;
	pid_t pid;

	setup();
	stored = activator_new(bus, ECHO, .pool = 16 * MIB, .recv = _KDBUS_ATTACH_ALL);
	b = client_of(bus, UID_C);
	become(UID_C);
	expect_text(ask_echo(b, "x"), "EPERM");
	become(0);

	pid = restart_with(stored, "activator-of-old", "--allow-world=talk", NULL);
	expect_notified(fd, "FDSTOREREMOVE=1\nFDNAME=activator-of-old");
	/* the manager's copy */
	close(stored->fd);
	expect_notified(fd, "FDSTORE=1\nFDNAME=activator-");
	become(UID_C);
	expect_text(ask_echo(b, "x"), "s \"x\"");
	become(0);
	expect_eq(program_stop(pid), 0);
}

TEST("and so does a policy holder, for which nothing can wait")
{
	int fd = open_notifications();
	struct peer *stored;
	struct kb_conn *b;
	pid_t pid;

	setup();
	stored = holder_new(bus, ECHO, .pool = 16 * MIB);
	b = client_of(bus, UID_C);
	become(UID_C);
	expect_errno(EPERM, kb_conn_name_acquire(b, ECHO, 0, NULL));
	become(0);

	pid = restart_with(stored, "activator-of-old", "--allow-world=own", "--activating=no");
	expect_notified(fd, "FDSTOREREMOVE=1\nFDNAME=activator-of-old");
	close(stored->fd);
	expect_notified(fd, "FDSTORE=1\nFDNAME=activator-");
	become(UID_C);
	must(kb_conn_name_acquire(b, ECHO, 0, NULL));
	become(0);
	expect_eq(program_stop(pid), 0);
}

TEST("and when it cannot go on with the one it had")
{
	int fd = open_notifications();
	struct peer *stored;
	pid_t pid;

	setup();
	/* as a former version may have made it */
	stored = activator_new(bus, ECHO, .pool = MIB, .recv = _KDBUS_ATTACH_ALL);
	pid = restart_with(stored, "activator-of-old", "--allow-world=talk", NULL);
	expect_notified(fd, "FDSTOREREMOVE=1\nFDNAME=activator-of-old");
	close(stored->fd);
	expect_notified(fd, "FDSTORE=1\nFDNAME=activator-");
	expect_text(ask_echo(a, "x"), "s \"x\"");
	expect_eq(program_stop(pid), 0);
}

TEST("with /bin/sh as process 1 and no manager, keeper, driver and service come up by hand")
{
	char path[100] = "", *name;
	struct kb_info info;

	must_sys(readlink("/proc/1/exe", path, sizeof(path) - 1));
	name = strrchr(path, '/') + 1;
	expect(!strcmp(name, "dash") || !strcmp(name, "bash") || !strcmp(name, "sh"));
	expect_errno(ENOENT, access("/run/systemd/system", F_OK) < 0 ? -errno : 0);

	program_start("kdbus-bus", "--name=system", "--world", NULL);
	for (unsigned i = 0; i < 1000 && kb_conn_open(KB_ADDRESS_SYSTEM, NULL, &a) < 0; i++)
		sleep_ms(10);
	start_by_hand(DRIVER, "kdbus-driver");
	start_by_hand(ECHO, "kdbus-echo");
	for (unsigned i = 0; i < 1000 && (kb_conn_info(a, 0, DRIVER, 0, 0, &info) < 0 ||
					  kb_conn_info(a, 0, ECHO, 0, 0, &info) < 0); i++)
		sleep_ms(10);
	expect_eq(owner_pid(a, ECHO), 0);
	expect_text(ask_driver(a, "NameHasOwner", "s", DRIVER), "b true");
	expect_text(ask_echo(a, "x"), "s \"x\"");
	expect(owner_pid(a, ECHO));
	expect(wait_owned(a, ECHO, false));
	expect_text(ask_echo(a, "again"), "s \"again\"");
}

TEST("a second activator of the same name fails, and the first goes on")
{
	char option[400];
	int status;
	pid_t pid;

	setup();
	echo_start(NULL);
	snprintf(option, sizeof(option), "--address=%s", bus_address(bus));
	pid = program_start("kdbus-activator", option, "--name=" ECHO, "--exec=/bin/true", NULL);
	must_sys(waitpid(pid, &status, 0));
	expect_eq(WEXITSTATUS(status), 1);
	expect_text(ask_echo(a, "x"), "s \"x\"");
}

TEST("an activator may come after the service")
{
	setup();
	must(kb_conn_name_acquire(a, ECHO, 0, NULL));
	echo_start(NULL);
	expect_eq(owner_pid(a, ECHO), getpid());
	must(kb_conn_name_release(a, ECHO));
	expect_text(ask_echo(a, "x"), "s \"x\"");
}

TEST("it ends with its bus")
{
	int status;
	pid_t pid;

	setup();
	pid = activator_start(bus, ECHO, "kdbus-echo", NULL);
	bus_close(bus);
	must_sys(waitpid(pid, &status, 0));
	expect_eq(status, 0);
}

TEST("users and groups that do not exist are an error, and so are wrong options")
{
	static const char *const wrong[] = {
		"--allow-user=nobody-of-this-name:own", "--allow-group=no-such-group:talk",
		"--allow-world=everything", "--allow-user=root", "--service=x.service", "--activating=perhaps",
		"--start-timeout=soon", "--trigger-limit-burst=-1", "--on-limit=explode", "--scope=world",
		"--no-such-option",
	};
	char option[400];

	setup();
	snprintf(option, sizeof(option), "--address=%s", bus_address(bus));
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		int status;
		pid_t pid;

		test_case("%s", wrong[i]);
		pid = program_start("kdbus-activator", option, "--name=x.y", "--exec=/bin/true", wrong[i], NULL);
		must_sys(waitpid(pid, &status, 0));
		expect_eq(WEXITSTATUS(status), 1);
	}
}

TEST("who does not own the bus may hold no name")
{
	char option[400];
	int status;
	pid_t pid;

	setup();
	snprintf(option, sizeof(option), "--address=%s", bus_address(bus));
	become(UID_A);
	pid = program_start("kdbus-activator", option, "--name=x.y", "--exec=/bin/true", NULL);
	must_sys(waitpid(pid, &status, 0));
	become(0);
	expect_eq(WEXITSTATUS(status), 1);
}
