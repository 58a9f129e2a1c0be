// SPDX-License-Identifier: LGPL-2.1-or-later
/* kdbusctl bench: how fast this bus is, beside a socket pair. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/figure.h"
#include "ctl/table.h"
#include "ctl/verbs.h"

/* of the whole measurement, unless --timeout= says else */
#define LENGTH_NS	(3 * KB_NSEC_PER_SEC)

/* Slices of time in which both take turns, so that both meet the same noise. */
#define SLICES		15

/* bytes of what goes there and back again */
static const uint32_t sizes[] = { 0, 64, 1024, 16384, 131072 };
#define SIZE_MAX_BYTES	131072

/**
 * struct bench - two ways to a process that sends everything back
 * @conn:	ours
 * @echo:	unique name of the other end on the bus
 * @socket:	our end of the pair
 * @pids:	of the processes at the other ends, 0 if there is none
 */
struct bench {
	const struct ctl *ctl;
	struct kb_conn *conn;
	char echo[KB_UNIQUE_NAME_SIZE];
	int socket;
	pid_t pids[2];
	uint8_t bytes[SIZE_MAX_BYTES];
};

/* One round trip: 0 or a negative errno. */
typedef int (*trip_fn)(struct bench *bench, size_t size);

/* the other ends */

static struct kb_message *answer(const struct kb_message *call)
{
	struct kb_message *reply = NULL;
	const void *data = NULL;
	size_t size = 0;

	if (call->type != KB_METHOD_CALL ||
	    kb_message_new_return(call, &reply) < 0)
		return NULL;
	if (kb_message_read(call, "ay", &data, &size) < 0 ||
	    kb_message_append(reply, "ay", data, size) < 0)
		return kb_message_unref(reply);
	return reply;
}

static void echo_on_bus(const struct ctl *ctl, int fd)
{
	struct kb_message *reply = NULL, *call = NULL;
	struct kb_conn *conn;

	if (ctl_connect(ctl, 0, 0, &conn) ||
	    write(fd, conn->unique_name, sizeof(conn->unique_name)) < 0)
		return;
	while (kb_conn_serve(conn, reply, KB_TIMEOUT_INFINITE, &call) >= 0) {
		kb_message_unref(reply);
		reply = call ? answer(call) : NULL;
	}
}

static void echo_on_socket(const struct ctl *ctl _unused_, int fd)
{
	static uint8_t bytes[SIZE_MAX_BYTES + 1];
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		if (send(fd, bytes, n, MSG_NOSIGNAL) != n)
			return;
}

/* A process that runs @echo at one end of a pair; the other end is @out. */
static int start(const struct ctl *ctl, void (*echo)(const struct ctl *, int),
		 int *out, pid_t *out_pid)
{
	int fds[2], room = 4 * SIZE_MAX_BYTES;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &room,
				 sizeof(room));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		echo(ctl, fds[1]);
		_exit(0);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return -errno;
	}
	*out = fds[0];
	*out_pid = pid;
	return 0;
}

/* round trips */

static int trip_on_bus(struct bench *bench, size_t size)
{
	_cleanup_(kb_message_unrefp) struct kb_message *call = NULL, *reply = NULL;
	int r;

	r = kb_message_new_call(bench->echo, "/", "org.kdbus.Bench", "Echo", &call);
	if (r >= 0)
		r = kb_message_append(call, "ay", (const void *)bench->bytes, size);
	if (r >= 0)
		r = kb_conn_call(bench->conn, call, 0, &reply);
	return r < 0 ? r : reply->type == KB_ERROR ? -EREMOTEIO : 0;
}

/* An empty packet would look like the end. */
static int trip_on_socket(struct bench *bench, size_t size)
{
	if (send(bench->socket, bench->bytes, size ?: 1, MSG_NOSIGNAL) < 0)
		return -errno;
	if (recv(bench->socket, bench->bytes, sizeof(bench->bytes), 0) <= 0)
		return errno ? -errno : -EPIPE;
	return 0;
}

/* As many as fit into a slice; at least one. */
static int measure_slice(struct bench *bench, trip_fn trip, size_t size,
			 uint64_t slice_ns, double *out_ns)
{
	uint64_t begin = kb_now_ns(), now;
	uint64_t n = 0;
	int r;

	do {
		r = trip(bench, size);
		if (r < 0)
			return r;
		n++;
		now = kb_now_ns();
	} while (now - begin < slice_ns);
	*out_ns = (double)(now - begin) / n;
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double values[SLICES])
{
	qsort(values, SLICES, sizeof(*values), compare);
	return values[SLICES / 2];
}

/**
 * struct measured - of one size
 * @bus_ns, @socket_ns: of a round trip
 * @ratio:	of the two, slice by slice
 */
struct measured {
	double bus_ns;
	double socket_ns;
	double ratio;
};

static int measure(struct bench *bench, size_t size, uint64_t slice_ns,
		   struct measured *out)
{
	double bus[SLICES], pair[SLICES], ratio[SLICES];
	int r;

	/* the first ones warm up */
	for (int i = -1; i < SLICES; i++) {
		int at = i < 0 ? 0 : i;

		r = measure_slice(bench, trip_on_bus, size, slice_ns, &bus[at]);
		if (r >= 0)
			r = measure_slice(bench, trip_on_socket, size, slice_ns,
					  &pair[at]);
		if (r < 0)
			return ctl_fail_errno(r, "cannot measure");
		ratio[at] = bus[at] / pair[at];
	}
	*out = (struct measured){ median(bus), median(pair), median(ratio) };
	return 0;
}

/* output */

static void add_measured(struct table *table, size_t size,
			 const struct measured *measured)
{
	char text[FIGURE_SIZE];

	table_add(table, figure_bytes(size, text));
	table_add(table, figure_time(measured->bus_ns, text));
	table_add(table, figure_time(measured->socket_ns, text));
	table_addf(table, "%.2f", measured->ratio);
	table_add(table, figure_count(1e9 / measured->bus_ns, text));
	/* there and back again */
	table_add(table, size ? figure_bytes(2e9 * size / measured->bus_ns, text) :
				NULL);
}

static void report_measured(struct kb_report *report, size_t size,
			    const struct measured *measured)
{
	kb_report_open_object(report, NULL);
	kb_report_uint(report, "size", size);
	kb_report_uint(report, "call_ns", measured->bus_ns);
	kb_report_uint(report, "socketpair_ns", measured->socket_ns);
	kb_report_uint(report, "ratio_permille", measured->ratio * 1000);
	kb_report_uint(report, "calls_per_second", 1e9 / measured->bus_ns);
	kb_report_uint(report, "bytes_per_second", 2e9 * size / measured->bus_ns);
	kb_report_close(report);
}

static int measure_all(struct bench *bench, struct table *table,
		       struct kb_report *report)
{
	uint64_t length = bench->ctl->timeout_ns ?: LENGTH_NS;
	uint64_t slice = length / KB_ARRAY_SIZE(sizes) / (SLICES + 1) / 2;
	struct measured measured = {};
	int r;

	for (size_t i = 0; i < KB_ARRAY_SIZE(sizes); i++) {
		r = measure(bench, sizes[i], slice, &measured);
		if (r)
			return r;
		if (report)
			report_measured(report, sizes[i], &measured);
		else
			add_measured(table, sizes[i], &measured);
	}
	return 0;
}

static int show(struct bench *bench)
{
	static const char *const titles[] = {
		"BODY", "CALL", "SOCKETPAIR", "RATIO", "CALLS/s", "BYTES/s",
	};
	_cleanup_(table_deinit) struct table table = {
		.n_columns = KB_ARRAY_SIZE(titles),
		.right = ~UINT64_C(0),
	};
	struct kb_report *report = NULL;
	int r;

	if (bench->ctl->json) {
		report = kb_report_new(true);
		if (!report)
			return ctl_fail_errno(ENOMEM, "cannot print");
	}
	for (size_t i = 0; i < KB_ARRAY_SIZE(titles); i++)
		table_add(&table, titles[i]);
	r = measure_all(bench, &table, report);
	if (r) {
		kb_report_free(report);
		return r;
	}
	if (report)
		return ctl_print_report(bench->ctl, report);
	if (table_print(&table, stdout) < 0)
		return ctl_fail_errno(ENOMEM, "cannot print");
	if (!bench->ctl->quiet)
		puts("\nA call and its answer, with a body each way, between two processes; beside\n"
		     "the same bytes there and back through a socket pair in the same run. Compare\n"
		     "the ratio: the times are those of this machine, now.");
	return 0;
}

static int start_all(struct bench *bench)
{
	_cleanup_(kb_closep) int fd = -1;
	int r;

	r = ctl_connect(bench->ctl, 0, 0, &bench->conn);
	if (r)
		return r;
	r = start(bench->ctl, echo_on_bus, &fd, &bench->pids[0]);
	if (r >= 0)
		r = start(bench->ctl, echo_on_socket, &bench->socket,
			  &bench->pids[1]);
	if (r < 0)
		return ctl_fail_errno(r, "cannot start the other end");
	/* it has said why if it is not there */
	return recv(fd, bench->echo, sizeof(bench->echo), 0) > 0 ? 0 : 1;
}

int ctl_bench(struct ctl *ctl, int argc _unused_, char **argv _unused_)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	int r;

	if (!bench)
		return ctl_fail_errno(ENOMEM, "cannot measure");
	bench->ctl = ctl;
	bench->socket = -1;
	r = start_all(bench);
	if (!r)
		r = show(bench);
	for (size_t i = 0; i < KB_ARRAY_SIZE(bench->pids); i++)
		if (bench->pids[i] > 0) {
			kill(bench->pids[i], SIGKILL);
			waitpid(bench->pids[i], NULL, 0);
		}
	kb_close(bench->socket);
	kb_conn_unref(bench->conn);
	free(bench);
	return r;
}
