/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sections 17.1 to 17.3: what a message says about its sender. */
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b;

static const struct kdbus_msg *receive(__u64 send, __u64 recv)
{
	bus = bus_new();
	a = peer_new(bus, .send = send, .description = "the-sender");
	b = peer_new(bus, .recv = recv);
	must(send_to(a, b->id, 1));
	return expect_message(b, 1);
}

/* Types of an optional item, depending on the kernel. */
static bool is_optional(__u64 type)
{
	return type == KDBUS_ITEM_SECLABEL || type == KDBUS_ITEM_AUDIT || type == KDBUS_ITEM_CGROUP;
}

TEST("nothing is attached that was not asked for")
{
	expect_text(msg_types(receive(ANY, 0)), "");
}

TEST("all items come in their order, each at most once")
{
	static const __u64 order[] = {
		KDBUS_ITEM_CREDS, KDBUS_ITEM_PIDS, KDBUS_ITEM_AUXGROUPS, KDBUS_ITEM_TID_COMM, KDBUS_ITEM_PID_COMM,
		KDBUS_ITEM_EXE, KDBUS_ITEM_CMDLINE, KDBUS_ITEM_CGROUP, KDBUS_ITEM_CAPS, KDBUS_ITEM_SECLABEL,
		KDBUS_ITEM_AUDIT, KDBUS_ITEM_OWNED_NAME, KDBUS_ITEM_OWNED_NAME, KDBUS_ITEM_CONN_DESCRIPTION,
		KDBUS_ITEM_TIMESTAMP,
	};
	const struct kdbus_item *item;
	const struct kdbus_msg *msg;
	size_t at = 0;

	bus = bus_new();
	a = peer_new(bus, .send = ANY, .description = "the-sender");
	b = peer_new(bus, .recv = ANY);
	must(name_acquire(a, "z.first", 0, NULL));
	must(name_acquire(a, "a.second", 0, NULL));
	must(name_acquire(b, "q.q", 0, NULL));
	must(name_acquire(a, "q.q", KDBUS_NAME_QUEUE, NULL));
	must(send_to(a, b->id, 1));
	msg = expect_message(b, 1);
	for_each_item(item, msg) {
		while (at < ARRAY_SIZE(order) && order[at] != item->type) {
			if (!is_optional(order[at]))
				expect_eq(order[at], item->type);
			at++;
		}
		if (!expect(at < ARRAY_SIZE(order)))
			break;
		at++;
	}
	expect_eq(at, ARRAY_SIZE(order));
}

TEST("each single bit brings exactly its item")
{
	for (int bit = 0; bit < 14; bit++) {
		const struct kdbus_msg *msg = receive(ANY, 1ULL << bit);
		char wanted[20];

		test_case("bit %d", bit);
		sprintf(wanted, "%x", 0x1000 + bit);
		/* this sender owns no name */
		if (bit == 4)
			expect_text(msg_types(msg), "");
		else if (item_first(msg) || !is_optional(0x1000 + bit))
			expect_text(msg_types(msg), wanted);
		bus_close(bus);
	}
}

TEST("a sender that allows nothing is seen all the same by who can see its process")
{
	for (int bit = 0; bit < 14; bit++) {
		const struct kdbus_msg *msg = receive(0, 1ULL << bit);
		char wanted[20];

		test_case("bit %d", bit);
		sprintf(wanted, "%x", 0x1000 + bit);
		if (bit != 4 && !is_optional(0x1000 + bit))
			expect_text(msg_types(msg), wanted);
		bus_close(bus);
	}
}

TEST("CREDS are the sending task's eight ids")
{
	const struct kdbus_item *item;
	pid_t pid;

	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus, .send = ANY);
	b = peer_new(bus, .recv = KDBUS_ATTACH_CREDS);
	pid = child_start();
	if (!pid) {
		must_sys(setgroups(0, NULL));
		must_sys(setresgid(11, 12, 13));
		must_sys(setresuid(1, 0, 3));
		must(send_to(a, b->id, 1));
		child_exit();
	}
	child_join(pid);
	item = item_find(expect_message(b, 1), KDBUS_ITEM_CREDS);
	expect_eq(item->size, 16 + 64);
	expect_eq(item->creds.uid, 1);
	expect_eq(item->creds.euid, 0);
	expect_eq(item->creds.suid, 3);
	expect_eq(item->creds.fsuid, 0);
	expect_eq(item->creds.gid, 11);
	expect_eq(item->creds.egid, 12);
	expect_eq(item->creds.sgid, 13);
	expect_eq(item->creds.fsgid, 12);
}

static void *send_from_thread(void *data)
{
	prctl(PR_SET_NAME, "the-thread");
	*(pid_t *)data = syscall(SYS_gettid);
	must(send_to(a, b->id, 1));
	return NULL;
}

TEST("PIDS and COMMs tell process, thread and parent of the sending task")
{
	const struct kdbus_msg *msg;
	const struct kdbus_item *item;
	pthread_t thread;
	pid_t tid;

	bus = bus_new();
	a = peer_new(bus, .send = ANY);
	b = peer_new(bus, .recv = KDBUS_ATTACH_PIDS | KDBUS_ATTACH_TID_COMM | KDBUS_ATTACH_PID_COMM);
	prctl(PR_SET_NAME, "the-process");
	pthread_create(&thread, NULL, send_from_thread, &tid);
	pthread_join(thread, NULL);
	msg = expect_message(b, 1);
	item = item_find(msg, KDBUS_ITEM_PIDS);
	expect_eq(item->size, 16 + 24);
	expect_eq(item->pids.pid, getpid());
	expect_eq(item->pids.tid, tid);
	expect_eq(item->pids.ppid, getppid());
	expect_text(item_find(msg, KDBUS_ITEM_TID_COMM)->str, "the-thread");
	expect_eq(item_find(msg, KDBUS_ITEM_TID_COMM)->size, 16 + 11);
	expect_text(item_find(msg, KDBUS_ITEM_PID_COMM)->str, "the-process");
}

TEST("AUXGROUPS are 64 bit, and an empty list is an empty item")
{
	gid_t groups[] = { 70, 80, 90 };
	const struct kdbus_item *item;
	unsigned sum = 0;

	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .recv = KDBUS_ATTACH_AUXGROUPS);
	must_sys(setgroups(3, groups));
	must(send_to(a, b->id, 1));
	must_sys(setgroups(0, NULL));
	must(send_to(a, b->id, 2));
	item = item_find(expect_message(b, 1), KDBUS_ITEM_AUXGROUPS);
	expect_eq(item->size, 16 + 3 * 8);
	for (int i = 0; i < 3; i++)
		sum += item->data64[i];
	expect_eq(sum, 240);
	item = item_find(expect_message(b, 2), KDBUS_ITEM_AUXGROUPS);
	expect(item);
	if (item)
		expect_eq(item->size, 16);
}

TEST("OWNED_NAME lists owned names with flags, never queued ones")
{
	const struct kdbus_item *item;
	const struct kdbus_msg *msg;

	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .recv = KDBUS_ATTACH_NAMES);
	must(name_acquire(a, "z.first", KDBUS_NAME_ALLOW_REPLACEMENT, NULL));
	must(name_acquire(b, "q.q", 0, NULL));
	must(name_acquire(a, "q.q", KDBUS_NAME_QUEUE, NULL));
	must(name_acquire(a, "a.second", 0, NULL));
	must(send_to(a, b->id, 1));
	msg = expect_message(b, 1);
	expect_text(msg_types(msg), "1004 1004");
	item = item_first(msg);
	expect_eq(item->size, 16 + 8 + 8);
	expect_text(item->name.name, "z.first");
	expect_eq(item->name.flags, KDBUS_NAME_PRIMARY | KDBUS_NAME_ALLOW_REPLACEMENT);
	item = item_next(item);
	expect_text(item->name.name, "a.second");
	expect_eq(item->name.flags, KDBUS_NAME_PRIMARY);
	/* the names at the moment of sending */
	must(name_release(a, "z.first"));
	must(name_release(b, "q.q"));
	must(send_to(a, b->id, 2));
	msg = expect_message(b, 2);
	expect_text(item_first(msg)->name.name, "q.q");
	expect_eq(item_first(msg)->name.flags, KDBUS_NAME_PRIMARY | KDBUS_NAME_QUEUE);
}

TEST("CONN_DESCRIPTION is the sender's, and omitted where there is none")
{
	const struct kdbus_msg *msg = receive(0, KDBUS_ATTACH_CONN_DESCRIPTION);

	expect_text(item_find(msg, KDBUS_ITEM_CONN_DESCRIPTION)->str, "the-sender");
	must(send_to(b, b->id, 2));
	expect_text(msg_types(expect_message(b, 2)), "");
}

TEST("TIMESTAMP has time and a number that grows per bus with every message")
{
	const struct kdbus_item *item;
	struct timespec now;
	__u64 before = now_ns(), last, first;

	item = item_find(receive(0, KDBUS_ATTACH_TIMESTAMP), KDBUS_ITEM_TIMESTAMP);
	expect_eq(item->size, 40);
	expect(item->timestamp.monotonic_ns + 20 * MSEC >= before);
	expect(item->timestamp.monotonic_ns <= now_ns());
	clock_gettime(CLOCK_REALTIME, &now);
	expect(item->timestamp.realtime_ns / SEC - now.tv_sec + 10 <= 20);
	first = last = item->timestamp.seqnum;
	for (int i = 0; i < 5; i++) {
		must(send_to(a, b->id, i));
		item = item_find(expect_message(b, i), KDBUS_ITEM_TIMESTAMP);
		expect_eq(item->timestamp.seqnum, last + 1);
		last = item->timestamp.seqnum;
	}
	/* also messages that are not delivered take one */
	expect_errno(ENXIO, send_to(a, 99999, 1));
	must(send_to(a, b->id, 7));
	expect_eq(item_find(expect_message(b, 7), KDBUS_ITEM_TIMESTAMP)->timestamp.seqnum, last + 2);
	/* what does not pass validation takes none */
	expect_errno(EDESTADDRREQ, send_to(a, 0, 1));
	must(send_to(a, b->id, 8));
	expect_eq(item_find(expect_message(b, 8), KDBUS_ITEM_TIMESTAMP)->timestamp.seqnum, last + 3);
	/* two HELLOs came before the first message */
	expect_eq(first, 3);
}

TEST("all copies of a broadcast carry the same timestamp and number")
{
	const struct kdbus_timestamp *stamps[4];

	bus = bus_new();
	a = peer_new(bus);
	struct peer *many[4];

	for (int i = 0; i < 4; i++) {
		many[i] = i ? peer_new(bus, .recv = KDBUS_ATTACH_TIMESTAMP) :
			      monitor_new(bus, .recv = KDBUS_ATTACH_TIMESTAMP);
		if (i)
			must(match_u64(many[i], 1, KDBUS_ITEM_ID, ANY));
	}
	drain(many[0]);
	must(send_broadcast(a, 1));
	for (int i = 0; i < 4; i++) {
		stamps[i] = &item_find(expect_message(many[i], 1), KDBUS_ITEM_TIMESTAMP)->timestamp;
		expect(!memcmp(stamps[i], stamps[0], sizeof(*stamps[i])));
	}
}

static void read_file(const char *path, char *text, size_t size, size_t *out_n)
{
	int fd = must_sys(open(path, O_RDONLY | O_CLOEXEC));

	*out_n = must_sys(read(fd, text, size - 1));
	text[*out_n] = '\0';
	close(fd);
}

static void write_file(const char *path, const char *text)
{
	int fd = must_sys(open(path, O_WRONLY | O_CLOEXEC));

	must_sys(write(fd, text, strlen(text)));
	close(fd);
}

TEST("CGROUP is the path of the sender's group")
{
	static const char top[] = "/sys/fs/cgroup/kdbus-test", deep[] = "/sys/fs/cgroup/kdbus-test/deep.group";
	const struct kdbus_msg *msg;

	if (mkdir(top, 0755) < 0)
		test_skip("no group can be made: %s", strerror(errno));
	must_sys(mkdir(deep, 0755));
	write_file("/sys/fs/cgroup/kdbus-test/deep.group/cgroup.procs", "0");
	msg = receive(KDBUS_ATTACH_CGROUP, KDBUS_ATTACH_CGROUP);
	expect_text(item_find(msg, KDBUS_ITEM_CGROUP)->str, "/kdbus-test/deep.group");
	write_file("/sys/fs/cgroup/cgroup.procs", "0");
	must_sys(rmdir(deep));
	must_sys(rmdir(top));
}

TEST("EXE, CMDLINE, CGROUP, SECLABEL and AUDIT say what /proc says")
{
	char text[4096], link[300];
	const struct kdbus_item *item;
	const struct kdbus_msg *msg = receive(ANY, ANY);
	size_t n;

	n = must_sys(readlink("/proc/self/exe", link, sizeof(link) - 1));
	link[n] = '\0';
	expect_text(item_find(msg, KDBUS_ITEM_EXE)->str, link);

	read_file("/proc/self/cmdline", text, sizeof(text), &n);
	item = item_find(msg, KDBUS_ITEM_CMDLINE);
	expect_eq(item->size, 16 + n);
	expect(!memcmp(item->str, text, n));

	item = item_find(msg, KDBUS_ITEM_CGROUP);
	if (item) {
		char *line, *end;

		read_file("/proc/self/cgroup", text, sizeof(text), &n);
		line = strstr(text, "0::");
		if (line) {
			end = strchr(line, '\n');
			*end = '\0';
			expect_text(item->str, line + 3);
		}
	}
	item = item_find(msg, KDBUS_ITEM_SECLABEL);
	if (item) {
		read_file("/proc/self/attr/current", text, sizeof(text), &n);
		text[strcspn(text, "\n")] = '\0';
		expect_text(item->str, text);
		expect_eq(item->str[item->size - 17], 0);
	}
	item = item_find(msg, KDBUS_ITEM_AUDIT);
	if (item) {
		expect_eq(item->size, 16 + 8);
		read_file("/proc/self/loginuid", text, sizeof(text), &n);
		expect_eq(item->audit.loginuid, strtoul(text, NULL, 10));
	}
}

TEST("CMDLINE has every argument, each with its end, also from a process executed later")
{
	const struct kdbus_item *item;
	char number[20], target[20];
	pid_t pid;

	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .recv = KDBUS_ATTACH_CMDLINE | KDBUS_ATTACH_PID_COMM);
	sprintf(number, "%d", a->fd);
	sprintf(target, "%llu", (unsigned long long)b->id);
	must_sys(fcntl(a->fd, F_SETFD, 0));
	pid = child_start();
	if (!pid) {
		/* see the constructor below */
		setenv("KDBUS_TEST_SEND_FD", number, 1);
		setenv("KDBUS_TEST_SEND_ID", target, 1);
		execl("/proc/self/exe", "first", "", "third argument", "4", NULL);
		_exit(1);
	}
	child_join(pid);
	item = item_find(expect_message(b, 4242), KDBUS_ITEM_CMDLINE);
	expect_eq(item->size, 16 + 6 + 1 + 15 + 2);
	expect(!memcmp(item->str, "first\0\0third argument\0004", 24));
	expect(item_find(peer_msg(b, b->last.msg.offset), KDBUS_ITEM_PID_COMM));
}

static void __attribute__((__constructor__(101))) send_and_leave(void)
{
	const char *fd = getenv("KDBUS_TEST_SEND_FD"), *id = getenv("KDBUS_TEST_SEND_ID");
	struct kdbus_cmd_send cmd;
	union cmd msg;

	if (!fd || !id)
		return;
	msg_init(&msg, atoll(id), 4242);
	_exit(send_cmd(atoi(fd), &cmd, 0, &msg) < 0);
}

TEST("CMDLINE of any length goes to each who asked for it, beside what else they asked for")
{
	static const struct { size_t size, kept; } cases[] = { { 300, 300 }, { 2000, 2000 }, { 5000, 4096 } };
	static char line[5000];
	const struct kdbus_item *item;
	const struct kdbus_msg *msg;
	struct peer *monitor;

	memset(line, 'x', sizeof(line));
	bus = bus_new();
	b = peer_new(bus, .recv = KDBUS_ATTACH_CMDLINE | KDBUS_ATTACH_CREDS | KDBUS_ATTACH_CAPS | KDBUS_ATTACH_EXE);
	/* it is served first, and asks for less */
	monitor = monitor_new(bus, .recv = KDBUS_ATTACH_CMDLINE);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		test_case("%zu bytes", cases[i].size);
		line[cases[i].size - 1] = '\0';
		command_line_set(line, cases[i].size);
		line[cases[i].size - 1] = 'x';
		a = peer_new(bus);
		/* of the coming and going of others, it has heard */
		drain(monitor);
		must(send_to(a, b->id, 1));
		for (unsigned n = 0; n < 2; n++) {
			msg = expect_message(n ? b : monitor, 1);
			expect_text(msg_types(msg), n ? "1001 1007 1008 100a" : "1008");
			item = item_find(msg, KDBUS_ITEM_CMDLINE);
			if (!expect(item))
				return;
			/* the last argument has its end, whether it had one or not */
			expect(item->size == 16 + cases[i].kept || item->size == 16 + cases[i].kept + 1);
			expect_eq(strlen(item->str), item->size - 17);
		}
		peer_close(a);
	}
}

TEST("a rewritten argument area never makes SEND fail")
{
	extern char **environ;
	const struct kdbus_item *item;
	size_t n;

	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .recv = KDBUS_ATTACH_CMDLINE);
	/* arguments and environment are neighbours; no end is left between them */
	char text[4096], *start, *end;

	read_file("/proc/self/cmdline", text, sizeof(text), &n);
	end = environ[0];
	start = end - n;
	memset(start, 'x', n);
	expect_ok(send_to(a, b->id, 1));
	item = item_find(expect_message(b, 1), KDBUS_ITEM_CMDLINE);
	if (item) {
		expect(item->size > 16);
		expect_eq(item->str[item->size - 17], 0);
	}
}

TEST("CAPS are the four sets, cleared above the last capability")
{
	const struct kdbus_item *item;
	const struct kdbus_msg *msg;
	unsigned long last_cap, effective[2];
	char text[4096];
	size_t n;

	msg = receive(ANY, KDBUS_ATTACH_CAPS);
	item = item_find(msg, KDBUS_ITEM_CAPS);
	expect_eq(item->size, 52);
	read_file("/proc/sys/kernel/cap_last_cap", text, sizeof(text), &n);
	last_cap = atoi(text);
	expect_eq(item->caps.last_cap, last_cap);
	read_file("/proc/self/status", text, sizeof(text), &n);
	static const char *const keys[] = { "CapInh:", "CapPrm:", "CapEff:", "CapBnd:" };

	for (int i = 0; i < 4; i++) {
		unsigned long long set = strtoull(strstr(text, keys[i]) + 7, NULL, 16);

		effective[0] = item->caps.caps[2 * i];
		effective[1] = item->caps.caps[2 * i + 1];
		test_case("%s", keys[i]);
		expect_eq(effective[0] | effective[1] << 32, set);
		expect_eq((effective[0] | effective[1] << 32) >> (last_cap + 1), 0);
	}
}

TEST("each receiver gets what it asked for")
{
	struct peer *wants[14];

	bus = bus_new();
	a = peer_new(bus, .send = ANY, .description = "x");
	for (int bit = 0; bit < 14; bit++) {
		wants[bit] = peer_new(bus, .recv = 1ULL << bit, .pool = 64 * KIB);
		must(match_u64(wants[bit], 1, KDBUS_ITEM_ID, ANY));
	}
	must(send_broadcast(a, 1));
	for (int bit = 0; bit < 14; bit++) {
		const struct kdbus_msg *msg = expect_message(wants[bit], 1);
		char wanted[20];

		test_case("bit %d", bit);
		sprintf(wanted, "8 %x", 0x1000 + bit);
		if (bit == 4)
			expect_text(msg_types(msg), "8");
		else if (!is_optional(0x1000 + bit) || item_find(msg, 0x1000 + bit))
			expect_text(msg_types(msg), wanted);
	}
}

TEST("a sender with faked credentials sends none of its own")
{
	struct kdbus_creds creds = { 41, 42, 43, 44, 0xffffffff, 52, 53, 54 };
	struct kdbus_pids pids = { .pid = getppid() };
	const struct kdbus_item *item;
	const struct kdbus_msg *msg;
	union cmd extra;

	bus = bus_new();
	cmd_init(&extra, sizeof(extra.cmd));
	cmd_item(&extra, KDBUS_ITEM_CREDS, &creds, sizeof(creds));
	cmd_item(&extra, KDBUS_ITEM_PIDS, &pids, sizeof(pids));
	a = peer_new(bus, .send = ANY, .extra = &extra, .description = "fake");
	b = peer_new(bus, .recv = ANY);
	must(send_to(a, b->id, 1));
	msg = expect_message(b, 1);
	for_each_item(item, msg) {
		switch (item->type) {
		case KDBUS_ITEM_CREDS:
			expect(!memcmp(&item->creds, &creds, sizeof(creds)));
			break;
		case KDBUS_ITEM_PIDS:
			expect_eq(item->pids.pid, getppid());
			expect_eq(item->pids.tid, 0);
			expect_eq(item->pids.ppid, 0);
			break;
		case KDBUS_ITEM_CONN_DESCRIPTION:
		case KDBUS_ITEM_TIMESTAMP:
			break;
		default:
			test_case("item 0x%llx", (unsigned long long)item->type);
			expect(!"an item of the sending task");
		}
	}
	expect_text(item_find(msg, KDBUS_ITEM_CONN_DESCRIPTION)->str, "fake");
	expect(item_find(msg, KDBUS_ITEM_TIMESTAMP));
}

TEST("changing attach flags affects later messages only")
{
	bus = bus_new();
	a = peer_new(bus);
	b = peer_new(bus, .recv = KDBUS_ATTACH_PIDS);
	must(send_to(a, b->id, 1));
	must(update_attach(b, KDBUS_ITEM_ATTACH_FLAGS_RECV, KDBUS_ATTACH_CREDS));
	must(send_to(a, b->id, 2));
	expect_text(msg_types(expect_message(b, 1)), "1002");
	expect_text(msg_types(expect_message(b, 2)), "1001");
}

TEST("after exec a message describes the new image, CONN_INFO the old one")
{
	const struct kdbus_info *info;
	const struct kdbus_item *item;
	char number[20], target[20];
	pid_t pid;

	bus = bus_new();
	prctl(PR_SET_NAME, "before-exec");
	a = peer_new(bus, .send = ANY);
	b = peer_new(bus, .recv = KDBUS_ATTACH_PID_COMM | KDBUS_ATTACH_PIDS);
	sprintf(number, "%d", a->fd);
	sprintf(target, "%llu", (unsigned long long)b->id);
	must_sys(fcntl(a->fd, F_SETFD, 0));
	pid = child_start();
	if (!pid) {
		setenv("KDBUS_TEST_SEND_FD", number, 1);
		setenv("KDBUS_TEST_SEND_ID", target, 1);
		execl("/proc/self/exe", "x", NULL);
		_exit(1);
	}
	child_join(pid);
	item = item_find(expect_message(b, 4242), KDBUS_ITEM_PIDS);
	expect_eq(item->pids.pid, pid);
	expect(strcmp(item_find(peer_msg(b, b->last.msg.offset), KDBUS_ITEM_PID_COMM)->str, "before-exec"));
	must(conn_info(b, a->id, NULL, ANY, &info));
	expect_text(info_find(info, KDBUS_ITEM_PID_COMM)->str, "before-exec");
	expect_eq(info_find(info, KDBUS_ITEM_PIDS)->pids.pid, getpid());
}
