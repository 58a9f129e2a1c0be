// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The driver on a kernel without our extensions: this program stands between
 * the two and answers negotiation as such a kernel does, by seccomp.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tests/vm/services.h"

static struct bus *bus;
static struct kb_conn *a;
static unsigned n_asked;

/* Stop in these two, to be looked at; everything else goes on. */
static int install_filter(void)
{
#define STOP_AT(command) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (__u32)(command), 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		STOP_AT(KDBUS_CMD_NAME_ACQUIRE),
		STOP_AT(KDBUS_CMD_CONN_INFO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/*
 * Zeroes the extensions in a command that negotiates: true if it was one. The
 * driver waits in it meanwhile.
 */
static bool answer_as_older(const struct seccomp_notif *stopped)
{
	size_t fixed = (__u32)stopped->data.args[1] == (__u32)KDBUS_CMD_CONN_INFO ?
		sizeof(struct kdbus_cmd_info) : sizeof(struct kdbus_cmd);
	__u64 at = stopped->data.args[2], flags, item[3], none = 0;
	char path[40];
	int fd;

	sprintf(path, "/proc/%u/mem", stopped->pid);
	fd = must_sys(open(path, O_RDWR | O_CLOEXEC));
	must_sys(pread(fd, &flags, sizeof(flags), at + 8));
	if (!(flags & NEGOTIATE)) {
		close(fd);
		return false;
	}
	must_sys(pread(fd, item, sizeof(item), at + fixed));
	if (item[1] == KDBUS_ITEM_NEGOTIATE && item[2] >= 0x800 && item[2] < 0x1000)
		must_sys(pwrite(fd, &none, sizeof(none), at + fixed + 16));
	n_asked++;
	close(fd);
	return true;
}

static void *stand_between(void *data)
{
	int listener = *(int *)data;

	for (;;) {
		struct seccomp_notif stopped = {};
		struct seccomp_notif_resp answer = {};

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &stopped) < 0)
			return NULL;
		answer.id = stopped.id;
		if (!answer_as_older(&stopped))
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

static void setup(void)
{
	static int listener;
	struct gate taken;
	char option[400];
	pthread_t thread;
	pid_t pid;
	int number, link[2];

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = client_new(bus);
	snprintf(option, sizeof(option), "--address=%s", bus_address(bus));
	gate_init(&taken);
	must_sys(pipe(link));
	pid = must_sys(fork());
	if (!pid) {
		int fd;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = install_filter();
		if (write(link[1], &fd, sizeof(fd)) != sizeof(fd))
			_exit(1);
		gate_wait(&taken);
		execl(program_path("kdbus-driver"), "kdbus-driver", option, NULL);
		_exit(1);
	}
	must(read(link[0], &number, sizeof(number)) == sizeof(number) ? number : -EIO);
	listener = must_sys(syscall(SYS_pidfd_getfd, must_sys(syscall(SYS_pidfd_open, pid, 0)), number, 0));
	pthread_create(&thread, NULL, stand_between, &listener);
	gate_open(&taken);
	expect(wait_owned(a, DRIVER, true));
	/* the three extensions it knows */
	expect_eq(n_asked, 3);
}

TEST("what would act for the caller is not supported, and changes nothing")
{
	setup();
	expect_error(ask_driver(a, "RequestName", "su", "a.b", 0), "NotSupported");
	expect_error(ask_driver(a, "ReleaseName", "s", "a.b"), "NotSupported");
	expect_error(ask_driver(a, "AddMatch", "s", "member='M'"), "NotSupported");
	expect_error(ask_driver(a, "RemoveMatch", "s", "member='M'"), "NotSupported");
	expect_eq(owner_pid(a, "a.b"), 0);
	/* wrong arguments are wrong first */
	expect_error(ask_driver(a, "AddMatch", "u", 7), "InvalidArgs");
}

TEST("all the rest is")
{
	const char *credentials;
	char text[60];

	setup();
	snprintf(text, sizeof(text), "s \"%s\"", a->unique_name);
	expect_text(ask_driver(a, "Hello", ""), text);
	expect_text(ask_driver(a, "GetNameOwner", "s", a->unique_name), text);
	expect_text(ask_driver(a, "NameHasOwner", "s", "a.b"), "b false");
	expect(strstr(ask_driver(a, "ListNames", ""), a->unique_name));
	expect_text(ask_driver(a, "StartServiceByName", "su", DRIVER, 0), "u 2");
	expect_error(ask_driver(a, "StartServiceByName", "su", "a.b", 0), "ServiceUnknown");
	credentials = ask_driver(a, "GetConnectionCredentials", "s", a->unique_name);
	snprintf(text, sizeof(text), "\"ProcessID\" u %d", getpid());
	expect(strstr(credentials, text));
	expect(!strstr(credentials, "ProcessFD"));
	expect(!strstr(credentials, "StartTime"));
	expect(strstr(ask(a, DRIVER, KB_DRIVER_PATH, "org.freedesktop.DBus.Debug.Stats", "GetConnectionStats", "s",
			  a->unique_name), "\"BusNames\" u 0"));
	expect(!strstr(ask(a, DRIVER, KB_DRIVER_PATH, "org.freedesktop.DBus.Debug.Stats", "GetStats", ""),
		       "Outgoing"));
}
