// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Clients of another user who do all they can to be a nuisance, one kind after
 * the other, and what a client who has nothing to do with them sees meanwhile.
 * Prints results without numbers, as tests/system/util.sh takes them.
 *
 * usage: hostile SOCKET PID SECONDS [ATTACK]
 *
 * PID is the proxy's, and each attack takes SECONDS.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/util.h"
#include "tests/bad-messages.h"
#include "tests/system/bystander.h"
#include "tests/system/result.h"

#define HOSTILE_UID	12345
#define DRIVER		"org.freedesktop.DBus"
#define MEMORY_SLACK	2048	/* KiB, of what is kept for the next */
#define LIMIT_LEAST_NS	(50 * KB_NSEC_PER_MSEC)

static const char *path;
static pid_t proxy;

/* how often an attack was made; shared with who makes it */
static unsigned long *n_made;

/* attacks: each is made again and again until its process is killed */

static void end_hostile(struct end *end)
{
	end_open(end, path, HOSTILE_UID, true);
}

static void attack_sasl(void)
{
	static const char *const lines[] = {
		"AUTH EXTERNAL\r\n",				/* without the NUL */
		"\0AUTH\r\nAUTH\r\nAUTH\r\nAUTH\r\n",
		"\0AUTH EXTERNAL zz\r\n",
		"\0AUTH EXTERNAL 30\r\nBEGIN\r\n",		/* somebody else */
		"\0AUTH ANONYMOUS 6d65\r\nBEGIN\r\n",
		"\0AUTH EXTERNAL\r\nDATA\r\nDATA\r\nDATA\r\nDATA\r\n",
		"\0BEGIN\r\n",
		"\0NEGOTIATE_UNIX_FD\r\nBEGIN\r\n",
		"\0\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n",
		"\0\n\n\n\n\xff\xfe\xfd\r\n",
	};
	static char longest[100000];
	struct end end;

	for (size_t i = 0; i < KB_ARRAY_SIZE(lines); i++) {
		end_connect(&end, path, HOSTILE_UID);
		end_write(&end, lines[i], 1 + strlen(lines[i] + 1));
		end_is_hung_up(&end, 5);
		end_close(&end);
	}
	memset(longest + 1, 'A', sizeof(longest) - 1);
	end_connect(&end, path, HOSTILE_UID);
	end_write(&end, longest, sizeof(longest));
	end_close(&end);
}

/* malformed: lengths, signatures, nesting, names, all that a message may get wrong */
static void attack_messages(void)
{
	struct bad_message bad;
	struct end end;

	for (size_t i = 0; bad_message_make(i, &bad); i++) {
		if (bad.good)
			continue;
		end_hostile(&end);
		end_write(&end, bad.bytes, bad.size);
		end_is_hung_up(&end, 5);
		end_close(&end);
	}
}

/* A call to the driver, as bytes. */
static void encode_call(const char *member, const char *types, const char *string, struct kb_buffer *out)
{
	struct kb_message *call;

	if (kb_message_new_call(DRIVER, "/org/freedesktop/DBus", DRIVER, member, &call) < 0 ||
	    kb_message_append(call, types, string) < 0)
		exit(EXIT_FAILURE);
	call->cookie = 7;
	if (kb_message_encode_dbus1(call, out) < 0)
		exit(EXIT_FAILURE);
	kb_message_unref(call);
}

/* the largest that may be, and never ends */
static void attack_lengths(void)
{
	static uint8_t body[1 << 20];
	uint8_t start[16] = { 'l', 1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 100 };
	struct end ends[8];

	for (size_t i = 0; i < KB_ARRAY_SIZE(ends); i++) {
		end_hostile(&ends[i]);
		end_write(&ends[i], start, sizeof(start));
		end_write(&ends[i], body, sizeof(body));
	}
	for (size_t i = 0; i < KB_ARRAY_SIZE(ends); i++)
		end_close(&ends[i]);
}

/* cut off somewhere in the middle of a message */
static void attack_halves(void)
{
	struct kb_buffer bytes = { 0 };
	struct end end;

	encode_call("NameHasOwner", "s", "org.example.Nobody", &bytes);
	for (size_t size = 1; size < bytes.size; size += 16) {
		end_hostile(&end);
		end_write(&end, bytes.data, size);
		end_close(&end);
	}
	kb_buffer_deinit(&bytes);
}

static void attack_names(void)
{
	char text[128];
	struct end end;

	end_hostile(&end);
	for (int i = 0; i < 600; i++) {
		snprintf(text, sizeof(text), "org.example.Number%d", i);
		kb_message_unref(end_call(&end, "RequestName", "su", text, 0));
		snprintf(text, sizeof(text), "member='Number%d'", i);
		end_call_succeeds(&end, "AddMatch", text);
	}
	end_close(&end);
}

/* @n descriptors with @size bytes of anything */
static void send_fds(int fd, const void *data, size_t size, size_t n)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(253 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)data, size };
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
	for (size_t i = 0; i < n; i++)
		((int *)CMSG_DATA(&control.header))[i] = STDIN_FILENO;
	(void)sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* with each byte of a message, in masses, and some that nobody reads */
static void attack_fds(void)
{
	struct kb_buffer bytes = { 0 };
	struct end one, many, deaf;
	struct kb_message *call;

	encode_call("GetId", "", NULL, &bytes);
	end_hostile(&one);
	end_hostile(&many);
	end_hostile(&deaf);
	for (size_t i = 0; i < bytes.size; i++)
		send_fds(one.fd, bytes.data + i, 1, 4);
	send_fds(many.fd, bytes.data, bytes.size, 253);
	if (kb_message_new_call(deaf.name, "/", BYSTANDER_INTERFACE, "Take", &call) < 0)
		exit(EXIT_FAILURE);
	for (int i = 0; i < 16; i++)
		kb_message_add_fd(call, open("/dev/null", O_RDONLY | O_CLOEXEC), NULL);
	end_close(&many);
	end_hostile(&many);
	for (int i = 0; i < 20; i++)
		end_send(&many, call);
	kb_message_unref(call);
	end_close(&one);
	end_close(&many);
	end_close(&deaf);
	kb_buffer_deinit(&bytes);
}

/* one byte after the other, by more than may be at it together, and then nothing */
static void attack_slow_auth(void)
{
	static const char text[] = "\0AUTH EXTERNAL\r\nDATA\r\n";
	static struct end ends[100];

	for (size_t i = 0; i < KB_ARRAY_SIZE(ends); i++)
		end_connect(&ends[i], path, HOSTILE_UID);
	for (size_t at = 0; at < sizeof(text) - 3; at++) {
		for (size_t i = 0; i < KB_ARRAY_SIZE(ends); i++)
			end_write(&ends[i], text + at, 1);
		usleep(20000);
		__atomic_add_fetch(n_made, 1, __ATOMIC_RELAXED);
	}
	/* longer than auth_timeout */
	sleep(40);
	for (size_t i = 0; i < KB_ARRAY_SIZE(ends); i++)
		end_close(&ends[i]);
}

/* so many that come and say nothing, or everything that is allowed */
static void attack_connections(void)
{
	static struct end ends[2000];
	const size_t n_open = 20;

	for (size_t i = 0; i < KB_ARRAY_SIZE(ends); i++) {
		if (i < n_open)
			end_hostile(&ends[i]);
		else
			end_connect(&ends[i], path, HOSTILE_UID);
		__atomic_add_fetch(n_made, 1, __ATOMIC_RELAXED);
	}
	for (size_t i = 0; i < KB_ARRAY_SIZE(ends); i++)
		end_close(&ends[i]);
}

/* asks and asks and takes no answer, and listens to itself without an ear */
static void attack_unread(void)
{
	struct kb_buffer bytes = { 0 };
	struct kb_message *signal;
	struct end ends[5];
	char *text = calloc(1, 20001);

	memset(text, 'x', 20000);
	encode_call("ListNames", "", NULL, &bytes);
	if (kb_message_new_signal("/hostile", BYSTANDER_INTERFACE, "Unread", &signal) < 0 ||
	    kb_message_append(signal, "s", text) < 0)
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < KB_ARRAY_SIZE(ends); i++) {
		end_hostile(&ends[i]);
		end_call_succeeds(&ends[i], "AddMatch", "interface='" BYSTANDER_INTERFACE "'");
	}
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < KB_ARRAY_SIZE(ends); i++) {
			(void)send(ends[i].fd, bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);
			end_send(&ends[i], signal);
		}
		__atomic_add_fetch(n_made, 1, __ATOMIC_RELAXED);
	}
	for (size_t i = 0; i < KB_ARRAY_SIZE(ends); i++)
		end_close(&ends[i]);
	kb_message_unref(signal);
	kb_buffer_deinit(&bytes);
	free(text);
}

static const struct attack {
	const char *name;
	const char *what;
	void (*make)(void);
} attacks[] = {
	{ "sasl", "authentication that is none", attack_sasl },
	{ "messages", "malformed messages", attack_messages },
	{ "lengths", "messages that never end", attack_lengths },
	{ "halves", "messages cut off in the middle", attack_halves },
	{ "names", "names and rules in masses", attack_names },
	{ "fds", "file descriptors in masses", attack_fds },
	{ "slow", "slow authentication", attack_slow_auth },
	{ "connections", "thousands of connections", attack_connections },
	{ "unread", "answers and signals that are not read", attack_unread },
};

/* the proxy, as the system sees it */

/* "VmRSS" and the like, in KiB */
static unsigned long proxy_memory(void)
{
	_cleanup_(kb_fclosep) FILE *file = NULL;
	unsigned long kib = 0;
	char name[64], line[128];

	snprintf(name, sizeof(name), "/proc/%d/status", proxy);
	file = fopen(name, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmRSS: %lu", &kib) == 1)
			break;
	return kib;
}

static unsigned int proxy_fds(void)
{
	unsigned int n = 0;
	char name[64];
	DIR *dir;

	snprintf(name, sizeof(name), "/proc/%d/fd", proxy);
	dir = opendir(name);
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static unsigned long settled_memory(unsigned long wanted)
{
	unsigned long kib = proxy_memory();

	for (int i = 0; i < 100 && kib > wanted; i++, kib = proxy_memory())
		usleep(100000);
	return kib;
}

static void proxy_tell_fds(unsigned int before)
{
	char command[128];

	printf("# %u descriptors before, now:\n", before);
	fflush(stdout);
	snprintf(command, sizeof(command), "ls -l /proc/%d/fd | sed 's/^.* \\([0-9]* ->\\)/# \\1/'", proxy);
	(void)!system(command);
}

static unsigned int settled_fds(unsigned int wanted)
{
	unsigned int n = proxy_fds();

	for (int i = 0; i < 100 && n > wanted; i++, n = proxy_fds())
		usleep(100000);
	return n;
}

/* everybody else */

/* A group of processes: who becomes another user does not end with its parent. */
static pid_t attack_start(const struct attack *attack)
{
	pid_t pid = fork();

	if (pid < 0)
		exit(EXIT_FAILURE);
	setpgid(pid, 0);
	if (pid > 0)
		return pid;
	for (;;) {
		/* whoever is cut off while it connects says so and ends */
		pid = fork();
		if (pid == 0) {
			freopen("/dev/null", "w", stderr);
			attack->make();
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		__atomic_add_fetch(n_made, 1, __ATOMIC_RELAXED);
	}
}

/* Somebody new comes in, speaks and goes: false if not. */
static bool newcomer(unsigned long *longest_ms)
{
	uint64_t begin = kb_now_ns();
	unsigned long ms;
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		struct end end;

		end_open(&end, path, -1, true);
		_exit(!end_sync(&end));
	}
	waitpid(pid, &status, 0);
	ms = (kb_now_ns() - begin) / KB_NSEC_PER_MSEC;
	*longest_ms = ms > *longest_ms ? ms : *longest_ms;
	return status == 0;
}

static void check_attack(const struct attack *attack, struct bystander *bystander, unsigned int seconds)
{
	uint64_t end;
	unsigned int n_in = 0, n_tried = 0, n_fds = proxy_fds(), n_left;
	unsigned long longest_ms = 0;
	pid_t attacker;

	*n_made = 0;
	bystander_reset(bystander);
	attacker = attack_start(attack);
	while (__atomic_load_n(n_made, __ATOMIC_RELAXED) == 0)
		usleep(1000);
	end = kb_now_ns() + seconds * KB_NSEC_PER_SEC;
	while (kb_now_ns() < end || n_tried < 3) {
		for (int i = 0; i < 10; i++)
			bystander_call(bystander);
		n_in += newcomer(&longest_ms);
		n_tried++;
	}
	kill(-attacker, SIGKILL);
	waitpid(attacker, NULL, 0);
	bystander_tell(bystander, attack->what);
	/* a single one may meet whatever else the machine has to do */
	result(!bystander->failed && bystander->sum_ns / bystander->n < bystander->limit_ns,
	       "%s: nobody else waits", attack->what);
	result(n_in == n_tried, "%s: others come in", attack->what);
	printf("# made %lu times; %u of %u others came in, in %lu ms at most; %u late calls; the proxy has %lu KiB\n",
	       *n_made, n_in, n_tried, longest_ms, bystander->n_late, proxy_memory());
	n_left = settled_fds(n_fds);
	result(n_left <= n_fds, "%s: nothing is left of it", attack->what);
	if (n_left > n_fds)
		proxy_tell_fds(n_fds);
}

static void measure_idle(struct bystander *bystander)
{
	unsigned long ms = 0;

	for (int i = 0; i < 100; i++)
		bystander_call(bystander);
	bystander_tell(bystander, "before");
	bystander->limit_ns = 10 * bystander->sum_ns / bystander->n;
	if (bystander->limit_ns < LIMIT_LEAST_NS)
		bystander->limit_ns = LIMIT_LEAST_NS;
	result(newcomer(&ms), "somebody comes in");
	printf("# in %lu ms; late is what takes more than %.2f ms\n", ms, bystander->limit_ns / 1e6);
}

int main(int argc, char **argv)
{
	struct rlimit limit = { 16384, 16384 };
	struct bystander bystander;
	unsigned long memory, after;

	if (argc < 4)
		return EXIT_FAILURE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	setrlimit(RLIMIT_NOFILE, &limit);
	signal(SIGPIPE, SIG_IGN);
	path = argv[1];
	proxy = atoi(argv[2]);
	n_made = mmap(NULL, sizeof(*n_made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (n_made == MAP_FAILED)
		return EXIT_FAILURE;
	bystander_open(&bystander, path);
	measure_idle(&bystander);
	memory = proxy_memory();
	for (size_t i = 0; i < KB_ARRAY_SIZE(attacks); i++)
		if (!argv[4] || kb_streq(argv[4], attacks[i].name))
			check_attack(&attacks[i], &bystander, atoi(argv[3]));
	after = settled_memory(memory + MEMORY_SLACK);
	printf("# the proxy had %lu KiB, and has %lu\n", memory, after);
	result(after <= memory + MEMORY_SLACK, "its memory is what it was");
	bystander_close(&bystander);
	return EXIT_SUCCESS;
}
