// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Many clients of the proxy at once, and some that do not behave. Prints
 * results without numbers, as tests/system/util.sh takes them, and figures.
 *
 * usage: crowd SOCKET PID storm CLIENTS LISTENERS SIGNALS
 *        crowd SOCKET PID stalled SECONDS
 *        crowd SOCKET PID killed TIMES MILLISECONDS
 *        crowd SOCKET PID calls SECONDS MILLISECONDS
 *
 * PID is the proxy's, or 0; with "killed" a service manager starts it again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/conn.h"
#include "lib/util.h"
#include "tests/system/bystander.h"
#include "tests/system/result.h"

#define BUS		"kernel:path=/sys/fs/kdbus/0-system/bus"
#define FIRST_UID	10000
#define PER_USER	200
#define INTERFACE	BYSTANDER_INTERFACE
#define FLOOD_MIN	6000
#define FLOOD_RATE	11000	/* offered a second, by all senders */
#define FLOOD_SENDERS	4

static const char *path;
static pid_t proxy;

static unsigned long ms_since(uint64_t begin)
{
	return (kb_now_ns() - begin) / KB_NSEC_PER_MSEC;
}

/* "VmRSS" and the like of the proxy, in KiB */
static unsigned long proxy_memory(const char *key)
{
	_cleanup_(kb_fclosep) FILE *file = NULL;
	unsigned long kib = 0;
	char name[64], line[128];

	snprintf(name, sizeof(name), "/proc/%d/status", proxy);
	file = fopen(name, "re");
	while (file && fgets(line, sizeof(line), file))
		if (kb_startswith(line, key))
			kib = strtoul(line + strlen(key) + 1, NULL, 10);
	return kib;
}

/* VmHWM counts from now on: others have used the proxy before. */
static void proxy_memory_reset(void)
{
	_cleanup_(kb_fclosep) FILE *file = NULL;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/clear_refs", proxy);
	file = fopen(name, "we");
	if (!file || fputs("5", file) < 0 || fflush(file) != 0)
		exit(EXIT_FAILURE);
}

static unsigned long free_memory(void)
{
	_cleanup_(kb_fclosep) FILE *file = fopen("/proc/meminfo", "re");
	unsigned long kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %lu", &kib) == 1)
			break;
	return kib;
}

static struct kb_message *new_signal(const char *member, size_t size)
{
	struct kb_message *signal = NULL;
	char *text = calloc(1, size + 1);

	memset(text, 'x', size);
	if (kb_message_new_signal("/test", INTERFACE, member, &signal) < 0 ||
	    kb_message_append(signal, "s", text) < 0)
		exit(EXIT_FAILURE);
	free(text);
	return signal;
}

/* many clients, of which some listen to a storm and one does not read it */

/* Bytes of @n_listeners sockets are counted, in a process of its own. */
static uint64_t count_bytes(struct end *listeners, unsigned int n_listeners, uint64_t expected)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[64];
	static char buffer[65536];
	uint64_t total = 0;

	for (unsigned int i = 0; i < n_listeners; i++) {
		events[0] = (struct epoll_event){ .events = EPOLLIN, .data.fd = listeners[i].fd };
		epoll_ctl(epoll, EPOLL_CTL_ADD, listeners[i].fd, &events[0]);
	}
	while (total < expected) {
		int n = epoll_wait(epoll, events, KB_ARRAY_SIZE(events), END_WAIT_MS);

		if (n <= 0)
			break;
		while (n-- > 0) {
			ssize_t size = recv(events[n].data.fd, buffer, sizeof(buffer), MSG_DONTWAIT);

			if (size == 0 || (size < 0 && errno != EAGAIN))
				return total;
			total += size > 0 ? size : 0;
		}
	}
	return total;
}

static void topic_storm(unsigned int n_clients, unsigned int n_listeners, unsigned int n_signals)
{
	struct end *ends = calloc(n_clients, sizeof(*ends)), loud;
	struct kb_message *signal = new_signal("Storm", 100), *first;
	uint64_t begin = kb_now_ns(), size = 0, total = 0;
	unsigned long before = proxy_memory("VmRSS"), available = free_memory(), after;
	struct bystander bystander;
	int fds[2];
	pid_t sender, counter;

	proxy_memory_reset();
	bystander_open(&bystander, path);
	for (unsigned int i = 0; i < n_clients; i++)
		end_open(&ends[i], path, FIRST_UID + i / PER_USER, true);
	after = proxy_memory("VmRSS");
	result(true, "%u clients are connected", n_clients);
	printf("# in %lu ms; the proxy grew from %lu to %lu KiB, %lu KiB a client; the machine has %lu KiB less, %lu a client\n",
	       ms_since(begin), before, after, (after - before) / n_clients, available - free_memory(),
	       (available - free_memory()) / n_clients);
	for (int i = 0; i < 100; i++)
		bystander_call(&bystander);
	bystander_tell(&bystander, "before");
	bystander_reset(&bystander);

	/* the first of the listeners never reads */
	for (unsigned int i = 0; i < n_listeners; i++)
		end_call_succeeds(&ends[i], "AddMatch", "interface='" INTERFACE "'");
	end_open(&loud, path, -1, true);
	end_send(&loud, signal);
	for (unsigned int i = 1; i < n_listeners; i++) {
		first = end_receive(&ends[i], END_WAIT_MS);
		size += ends[i].in.size;
		ends[i].in_start = ends[i].in.size = 0;
		kb_message_unref(first);
	}

	begin = kb_now_ns();
	sender = fork();
	if (sender == 0) {
		for (unsigned int i = 0; i < n_signals; i++)
			end_send(&loud, signal);
		_exit(end_sync(&loud) ? 0 : 1);
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		exit(EXIT_FAILURE);
	counter = fork();
	if (counter == 0) {
		total = count_bytes(ends + 1, n_listeners - 1, size * n_signals);
		_exit(write(fds[1], &total, sizeof(total)) < 0);
	}
	close(fds[1]);
	while (waitpid(counter, NULL, WNOHANG) == 0)
		bystander_call(&bystander);
	if (read(fds[0], &total, sizeof(total)) != sizeof(total))
		total = 0;
	result(total == size * n_signals, "%u of %u listeners hear all of %u signals",
	       n_listeners - 1, n_listeners, n_signals);
	if (total != size * n_signals)
		printf("# %llu of %llu bytes\n", (unsigned long long)total,
		       (unsigned long long)(size * n_signals));
	printf("# in %lu ms, %lu deliveries a second\n", ms_since(begin),
	       (n_listeners - 1) * (unsigned long)n_signals * 1000 / (ms_since(begin) + 1));
	bystander_tell(&bystander, "in the storm");
	result(!bystander.failed && bystander.longest_ns < 2 * KB_NSEC_PER_SEC,
	       "nobody else waits for two seconds");
	waitpid(sender, NULL, 0);
	printf("# the proxy has %lu KiB, %lu KiB at most so far\n", proxy_memory("VmRSS"),
	       proxy_memory("VmHWM"));
	result(proxy_memory("VmHWM") - before < 40UL * n_clients + 32768,
	       "its memory is bounded");
	result(recv(ends[0].fd, &size, 1, MSG_PEEK | MSG_DONTWAIT) == 1, "who does not read is not thrown out");
	bystander_close(&bystander);
	end_close(&loud);
	for (unsigned int i = 0; i < n_clients; i++)
		end_close(&ends[i]);
	free(ends);
	kb_message_unref(signal);
}

/* more than 10 000 signals a second at one who does not read */

/**
 * struct flood - what was sent, by whom ever
 * @n_broadcast: signals to everybody
 * @n_directed:	signals to the one who does not read
 * @n_failed:	what nobody may fail at: a signal is lost, or arrives
 * @ended_ns:	when the last of the senders had sent what was due
 */
struct flood {
	unsigned long n_broadcast;
	unsigned long n_directed;
	unsigned long n_failed;
	uint64_t ended_ns;
};

static struct flood *flood_new(void)
{
	struct flood *flood = mmap(NULL, sizeof(*flood), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (flood == MAP_FAILED)
		exit(EXIT_FAILURE);
	return flood;
}

static unsigned long flood_size(const struct flood *flood)
{
	return flood->n_broadcast + flood->n_directed;
}

static void flood_count(unsigned long *count)
{
	__atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
}

/* A native sender, to @destination or everybody: no more than are due by now. */
static void flood_run(struct flood *flood, const char *destination, unsigned int seconds)
{
	struct kb_message *signal = new_signal("Flood", 100);
	uint64_t begin = kb_now_ns(), ms = 0;
	struct kb_conn *conn = NULL;

	if (kb_conn_open(BUS, NULL, &conn) < 0 ||
	    kb_message_set(signal, KB_FIELD_DESTINATION, destination) < 0 ||
	    kb_conn_send(conn, signal) < 0)
		_exit(1);
	for (unsigned long sent = 1; ms < 1000UL * seconds || flood_size(flood) < FLOOD_MIN; sent++) {
		flood_count(destination ? &flood->n_directed : &flood->n_broadcast);
		while (sent >= (ms = ms_since(begin)) * (FLOOD_RATE / FLOOD_SENDERS) / 1000)
			usleep(1000);
		/* the same bytes again: the library would make them anew */
		if (kb_cmd_send(conn->fd, (void *)conn->items.data, 0, -1, NULL) < 0)
			flood_count(&flood->n_failed);
	}
	flood_count(destination ? &flood->n_directed : &flood->n_broadcast);
	__atomic_store_n(&flood->ended_ns, kb_now_ns(), __ATOMIC_RELAXED);
	_exit(0);
}

static pid_t flood_start(struct flood *flood, const char *destination, unsigned int seconds)
{
	pid_t pid = fork();

	if (pid == 0)
		flood_run(flood, destination, seconds);
	return pid;
}

/* Signals of others to one who reads, while the flood goes by. */
struct listener {
	struct end sender;
	struct end reader;
	struct kb_message *signal;
	unsigned int n;
	unsigned int n_heard;
};

static void listener_open(struct listener *listener)
{
	*listener = (struct listener){ .signal = new_signal("Other", 100) };
	end_open(&listener->sender, path, -1, true);
	end_open(&listener->reader, path, -1, true);
	end_call_succeeds(&listener->reader, "AddMatch", "interface='" INTERFACE "',member='Other'");
}

static void listener_once(struct listener *listener)
{
	struct kb_message *heard;

	end_send(&listener->sender, listener->signal);
	heard = end_receive(&listener->reader, END_WAIT_MS);
	listener->n++;
	listener->n_heard += heard && kb_streq_null(heard->member, "Other");
	kb_message_unref(heard);
}

static void listener_close(struct listener *listener)
{
	result(listener->n == listener->n_heard, "who reads hears all that others tell");
	printf("# %u of %u signals\n", listener->n_heard, listener->n);
	kb_message_unref(listener->signal);
	end_close(&listener->sender);
	end_close(&listener->reader);
}

/* Reads what is there, and a little more while it comes; returns how much of the flood. */
static unsigned long read_flood(struct end *end)
{
	struct kb_message *message;
	unsigned long n = 0;

	while ((message = end_receive(end, 1000))) {
		n += kb_streq_null(message->member, "Flood");
		kb_message_unref(message);
	}
	return n;
}

static void flood_tell(const struct flood *flood, uint64_t begin)
{
	unsigned long ms = (flood->ended_ns - begin) / KB_NSEC_PER_MSEC + 1;

	printf("# %lu signals in %lu ms, %lu a second: %lu to everybody, %lu to it\n",
	       flood_size(flood), ms, flood_size(flood) * 1000 / ms, flood->n_broadcast,
	       flood->n_directed);
}

static void topic_stalled(unsigned int seconds)
{
	struct kb_message *signal = new_signal("Flood", 100);
	struct flood *flood = flood_new();
	struct end deaf, loud;
	struct bystander bystander;
	struct listener listener;
	unsigned long n_heard;
	pid_t senders[FLOOD_SENDERS];
	uint64_t begin;

	bystander_open(&bystander, path);
	listener_open(&listener);
	end_open(&deaf, path, -1, true);
	end_open(&loud, path, -1, true);
	kb_message_unref(end_call(&deaf, "RequestName", "su", "org.kdbus.test.Deaf", 0));
	end_call_succeeds(&deaf, "AddMatch", "interface='" INTERFACE "',member='Flood'");
	for (int i = 0; i < 100; i++)
		bystander_call(&bystander);
	bystander_tell(&bystander, "before");
	bystander_reset(&bystander);

	begin = kb_now_ns();
	for (int i = 0; i < FLOOD_SENDERS; i++)
		senders[i] = flood_start(flood, i % 2 ? deaf.name : NULL, seconds);
	for (int i = 0; i < FLOOD_SENDERS; i++) {
		while (waitpid(senders[i], NULL, WNOHANG) == 0) {
			bystander_call(&bystander);
			listener_once(&listener);
			/* some of it by way of the proxy */
			end_send(&loud, signal);
			flood_count(&flood->n_broadcast);
		}
	}
	flood_tell(flood, begin);
	bystander_tell(&bystander, "in the flood");
	result(bystander.n > 0 && !bystander.failed && bystander.longest_ns < 2 * KB_NSEC_PER_SEC,
	       "nobody else waits for two seconds");
	result(end_sync(&loud), "the sender goes on");
	result(flood->n_failed == 0, "nor does any other sender fail");
	printf("# the proxy has %lu KiB, %lu KiB at most so far\n", proxy_memory("VmRSS"),
	       proxy_memory("VmHWM"));
	/* long enough to be looked at once more */
	sleep(6);
	n_heard = read_flood(&deaf);
	result(end_sync(&deaf), "who does not read is not thrown out");
	printf("# it hears %lu when it reads again\n", n_heard);
	printf("# lost: %lu\n", flood_size(flood) - n_heard);
	bystander_close(&bystander);
	listener_close(&listener);
	end_close(&loud);
	end_close(&deaf);
	kb_message_unref(signal);
}

/* somebody calls somebody, whatever goes on */

static void topic_calls(unsigned int seconds, unsigned int longest_ms)
{
	uint64_t begin = kb_now_ns();
	struct bystander bystander;

	bystander_open(&bystander, path);
	while (ms_since(begin) < 1000UL * seconds && !bystander.failed) {
		bystander_call(&bystander);
		usleep(2000);
	}
	bystander_tell(&bystander, "all the time");
	result(!bystander.failed && bystander.longest_ns < longest_ms * KB_NSEC_PER_MSEC,
	       "nobody waits for %u ms", longest_ms);
	bystander_close(&bystander);
}

/* the proxy is killed while everybody speaks */

struct native {
	struct kb_conn *conn;
	struct kb_message *call;
};

static bool native_open(struct native *native)
{
	return kb_conn_open(BUS, NULL, &native->conn) == 0;
}

/* Native peers: what the first sends the second gets, each once and in order. */
static void native_run(int stop_fd)
{
	struct pollfd poll_fd = { .fd = stop_fd, .events = POLLIN };
	struct native a = { 0 }, b = { 0 };
	uint64_t sent = 0, heard = 0;
	struct kb_message *message;
	uint64_t number;
	bool ok = native_open(&a) && native_open(&b);

	while (ok && poll(&poll_fd, 1, 0) == 0) {
		ok = kb_message_new_call(b.conn->unique_name, "/", INTERFACE, "Count", &message) == 0 &&
		     kb_message_append(message, "t", sent) == 0;
		message->flags |= KB_NO_REPLY_EXPECTED;
		ok = ok && kb_conn_send(a.conn, message) == 0;
		kb_message_unref(message);
		sent++;
		message = NULL;
		ok = ok && kb_conn_recv(b.conn, &message) == 0 &&
		     kb_message_read(message, "t", &number) == 0 && number == heard;
		heard++;
		kb_message_unref(message);
		usleep(200);
	}
	printf("# %llu native calls arrived\n", (unsigned long long)heard);
	result(ok, "native peers lose nothing");
	_exit(0);
}

static int try_connect(void)
{
	struct pollfd poll_fd = { .events = POLLIN };
	static const char start[] = "\0AUTH EXTERNAL\r\nDATA\r\n";
	struct end end;

	end_connect(&end, path, -1);
	end_write(&end, start, sizeof(start) - 1);
	poll_fd.fd = end.fd;
	/* a proxy that is killed while we wait in its line hangs up: come again */
	if (poll(&poll_fd, 1, END_WAIT_MS) <= 0 || recv(end.fd, &end.name, 1, MSG_PEEK) <= 0) {
		end_close(&end);
		return -1;
	}
	end_close(&end);
	return 0;
}

/* Clients that speak all the time; who is cut off comes again. */
static void load_run(void)
{
	struct kb_message *signal = new_signal("Load", 200);
	char rule[128];

	for (;;) {
		struct end end;

		if (try_connect() < 0)
			continue;
		end_open(&end, path, -1, true);
		snprintf(rule, sizeof(rule), "sender='%s'", end.name);
		end_call_succeeds(&end, "AddMatch", rule);
		while (end_sync(&end))
			for (int i = 0; i < 20; i++)
				end_send(&end, signal);
		end_close(&end);
	}
}

/* end_open() ends the program when it is cut off, so that is a child's. */
static pid_t start_load(void)
{
	pid_t pid = fork();

	if (pid < 0)
		exit(EXIT_FAILURE);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		freopen("/dev/null", "w", stderr);
		load_run();
	}
	return pid;
}

static pid_t find_proxy(pid_t old)
{
	for (int i = 0; i < 1000; i++) {
		FILE *pipe = popen("systemctl show -P MainPID kdbus-proxy.service", "re");
		int pid = 0;

		if (pipe && fscanf(pipe, "%d", &pid) != 1)
			pid = 0;
		if (pipe)
			pclose(pipe);
		if (pid > 0 && pid != old)
			return pid;
		usleep(10000);
	}
	return 0;
}

/* Milliseconds from the first try to an answer, or a negative number. */
static long reconnect(void)
{
	uint64_t begin = kb_now_ns();
	struct end end;
	bool ok;

	while (try_connect() < 0)
		if (ms_since(begin) > END_WAIT_MS)
			return -1;
	end_open(&end, path, -1, true);
	ok = end_sync(&end);
	end_close(&end);
	return ok ? (long)ms_since(begin) : -1;
}

static void topic_killed(unsigned int times, long allowed_ms)
{
	long took, longest = 0, sum = 0;
	unsigned int n_fine = 0, n_second = 0;
	pid_t loads[4], native;
	int stop[2];

	if (proxy <= 0 || pipe2(stop, O_CLOEXEC) < 0)
		exit(EXIT_FAILURE);
	native = fork();
	if (native == 0) {
		close(stop[1]);
		native_run(stop[0]);
	}
	for (size_t i = 0; i < KB_ARRAY_SIZE(loads); i++)
		loads[i] = start_load();
	for (unsigned int i = 0; i < times; i++) {
		struct end watched;
		pid_t old = proxy;

		usleep(100000);
		end_open(&watched, path, -1, true);
		kill(proxy, SIGKILL);
		if (!end_is_hung_up(&watched, END_WAIT_MS))
			printf("# a client was not cut off\n");
		end_close(&watched);
		took = reconnect();
		n_fine += took >= 0 && took <= allowed_ms;
		n_second += took >= 0 && took <= 1000;
		longest = took > longest ? took : longest;
		sum += took;
		for (size_t j = 0; j < KB_ARRAY_SIZE(loads); j++)
			if (waitpid(loads[j], NULL, WNOHANG) > 0)
				loads[j] = start_load();
		proxy = find_proxy(old);
		if (!proxy)
			break;
	}
	result(n_fine == times, "after each of %u kills a client is back within %ld ms", times, allowed_ms);
	printf("# %u times within a second; %ld ms on average, %ld ms at most\n", n_second,
	       sum / (times ?: 1), longest);
	for (size_t i = 0; i < KB_ARRAY_SIZE(loads); i++) {
		kill(loads[i], SIGKILL);
		waitpid(loads[i], NULL, 0);
	}
	close(stop[1]);
	waitpid(native, NULL, 0);
}

int main(int argc, char **argv)
{
	struct rlimit limit = { 16384, 16384 };
	unsigned int numbers[3] = { 0 };

	if (argc < 5)
		return EXIT_FAILURE;
	setvbuf(stdout, NULL, _IOLBF, 0);
	setrlimit(RLIMIT_NOFILE, &limit);
	signal(SIGPIPE, SIG_IGN);
	path = argv[1];
	proxy = atoi(argv[2]);
	for (int i = 4; i < argc && i < 7; i++)
		numbers[i - 4] = atoi(argv[i]);
	if (kb_streq(argv[3], "storm") && numbers[1] > 1 && numbers[1] <= numbers[0])
		topic_storm(numbers[0], numbers[1], numbers[2]);
	else if (kb_streq(argv[3], "stalled"))
		topic_stalled(numbers[0]);
	else if (kb_streq(argv[3], "calls"))
		topic_calls(numbers[0], numbers[1]);
	else if (kb_streq(argv[3], "killed"))
		topic_killed(numbers[0], numbers[1]);
	else
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}
