/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The extensions PROCESS and USAGE of CONN_INFO. */
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/sched.h>

#include "tests/vm/util.h"

static struct bus *bus;
static struct peer *a, *b;

static void peers(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	a = peer_new(bus, .send = ANY);
	b = peer_new(bus);
}

/* CONN_INFO with an item that asks; NULL if it answers without that item. */
static int ask_about(struct peer *peer, __u64 id, __u64 type, __u64 behalf, const struct kdbus_item **out)
{
	const struct kdbus_info *info;
	union cmd cmd;
	int r;

	*out = NULL;
	cmd_init(&cmd, sizeof(cmd.info));
	cmd.info.id = id;
	cmd_item(&cmd, type, NULL, 0);
	if (behalf)
		cmd_u64(&cmd, KDBUS_ITEM_BEHALF_ID, behalf);
	r = call(peer->fd, KDBUS_CMD_CONN_INFO, &cmd);
	if (r < 0)
		return r;
	info = (const void *)(peer->pool + cmd.info.offset);
	expect_eq(info->id, id);
	expect_eq(cmd.info.info_size, info->size);
	*out = info_find(info, type);
	expect_eq(info->size, *out ? 24 + (*out)->size : 24);
	must(peer_free(peer, cmd.info.offset));
	return 0;
}

/* process */

/* Which process the kernel says is behind it; 0 for none. */
static pid_t process_of(struct peer *peer, __u64 id)
{
	const struct kdbus_item *item;

	if (!expect_ok(ask_about(peer, id, KDBUS_ITEM_PROCESS, 0, &item)) || !item)
		return 0;
	expect_eq(item->size, 16 + sizeof(struct kdbus_process));
	return item->process.pid;
}

/* Field 22 of stat: ticks of 10 ms. */
static __u64 start_of(pid_t pid)
{
	unsigned long long start = 0;
	char path[40], text[1000] = "";
	FILE *file;

	sprintf(path, "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (file && fgets(text, sizeof(text), file) && strrchr(text, ')'))
		sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
		       "%*d %*d %llu", &start);
	if (file)
		fclose(file);
	return start;
}

/* A process that makes a connection of a file it shares with us. */
struct maker {
	pid_t pid;
	int fd;
	__u64 *id;
	struct gate stop;
};

static struct maker maker_start(void *(*then)(void *))
{
	struct maker maker = { .fd = must_sys(open(bus->path, O_RDWR | O_CLOEXEC)) };
	struct gate made;

	maker.id = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	gate_init(&made);
	gate_init(&maker.stop);
	maker.pid = must_sys(fork());
	if (!maker.pid) {
		struct kdbus_cmd_hello hello = {
			.size = sizeof(hello), .pool_size = 4096, .attach_flags_send = ANY,
		};

		if (!ioctl(maker.fd, KDBUS_CMD_HELLO, &hello))
			*maker.id = hello.id;
		gate_open(&made);
		gate_wait(&maker.stop);
		if (then) {
			pthread_t thread;

			pthread_create(&thread, NULL, then, NULL);
			pause();
		}
		_exit(0);
	}
	gate_wait(&made);
	expect(*maker.id);
	return maker;
}

TEST("the process is told with its number and when it was started")
{
	const struct kdbus_item *item;

	peers();
	must(ask_about(b, a->id, KDBUS_ITEM_PROCESS, 0, &item));
	if (!expect(item))
		return;
	expect_eq(item->process.pid, getpid());
	expect_eq(item->process.start_ns / 10000000, start_of(getpid()));
	/* nobody needs a right for that, no more than for PIDS */
	become(UID_A);
	expect_eq(process_of(peer_new(bus), a->id), getpid());
	become(0);
}

TEST("it is told until it has been waited for, and never again")
{
	struct maker maker;
	siginfo_t info;

	peers();
	maker = maker_start(NULL);
	expect_eq(process_of(b, *maker.id), maker.pid);
	gate_open(&maker.stop);
	/* a zombie still has its number */
	must_sys(waitid(P_PID, maker.pid, &info, WEXITED | WNOWAIT));
	expect_eq(process_of(b, *maker.id), maker.pid);
	must_sys(waitpid(maker.pid, NULL, 0));
	expect_eq(process_of(b, *maker.id), 0);
}

TEST("another process that got the same number is not told")
{
	const struct kdbus_info *info;
	struct clone_args args = { .exit_signal = SIGCHLD };
	struct maker maker;
	pid_t pid;

	peers();
	maker = maker_start(NULL);
	gate_open(&maker.stop);
	must_sys(waitpid(maker.pid, NULL, 0));
	args.set_tid = (uintptr_t)&maker.pid;
	args.set_tid_size = 1;
	pid = must_sys(syscall(SYS_clone3, &args, sizeof(args)));
	if (!pid) {
		pause();
		_exit(0);
	}
	expect_eq(pid, maker.pid);
	/* the old item says the number, and who opens it opens the wrong one */
	must(conn_info(b, *maker.id, NULL, KDBUS_ATTACH_PIDS, &info));
	expect_eq(info_find(info, KDBUS_ITEM_PIDS)->pids.pid, pid);
	expect_eq(kill(pid, 0), 0);
	expect_eq(process_of(b, *maker.id), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void *execute(void *data)
{
	(void)data;
	execl("/bin/sleep", "sleep", "60", NULL);
	_exit(1);
}

static bool executes(pid_t pid, const char *program)
{
	char path[40], text[40] = "";
	FILE *file;

	sprintf(path, "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (file && fgets(text, sizeof(text), file))
		text[strcspn(text, "\n")] = '\0';
	if (file)
		fclose(file);
	return !strcmp(text, program);
}

TEST("a thread that executes a program takes the process over, and it is still told")
{
	struct maker maker;

	peers();
	maker = maker_start(execute);
	expect_eq(process_of(b, *maker.id), maker.pid);
	gate_open(&maker.stop);
	for (unsigned i = 0; i < 500 && !executes(maker.pid, "sleep"); i++) {
		expect_eq(process_of(b, *maker.id), maker.pid);
		sleep_ms(10);
	}
	expect(executes(maker.pid, "sleep"));
	expect_eq(process_of(b, *maker.id), maker.pid);
	kill(maker.pid, SIGKILL);
	must_sys(waitpid(maker.pid, NULL, 0));
	expect_eq(process_of(b, *maker.id), 0);
}

TEST("who does not let PIDS go out does not let this go out")
{
	peers();
	expect_eq(process_of(b, peer_new(bus, .send = _KDBUS_ATTACH_ALL & ~KDBUS_ATTACH_PIDS)->id), 0);
	expect_eq(process_of(b, peer_new(bus, .send = KDBUS_ATTACH_PIDS)->id), getpid());
	expect_eq(process_of(b, peer_new(bus, .send = 0)->id), 0);
}

TEST("of credentials of one's own choice it is the chosen process, as long as it lives")
{
	struct kdbus_pids pids = {};
	struct peer *fake;
	union cmd extra;
	struct gate gate;

	peers();
	gate_init(&gate);
	pids.pid = child_start();
	if (!pids.pid) {
		gate_wait(&gate);
		child_exit();
	}
	cmd_init(&extra, sizeof(extra.cmd));
	cmd_item(&extra, KDBUS_ITEM_PIDS, &pids, sizeof(pids));
	fake = peer_new(bus, .send = ANY, .extra = &extra);
	expect_eq(process_of(b, fake->id), pids.pid);
	gate_open(&gate);
	child_join(pids.pid);
	expect_eq(process_of(b, fake->id), 0);

	/* none was chosen, or only a user was */
	pids.pid = 0;
	cmd_init(&extra, sizeof(extra.cmd));
	cmd_item(&extra, KDBUS_ITEM_PIDS, &pids, sizeof(pids));
	expect_eq(process_of(b, peer_new(bus, .send = ANY, .extra = &extra)->id), 0);
	cmd_init(&extra, sizeof(extra.cmd));
	cmd_text(&extra, KDBUS_ITEM_SECLABEL, "label");
	expect_eq(process_of(b, peer_new(bus, .send = ANY, .extra = &extra)->id), 0);
}

TEST("in another pid namespace it has the number of there, or is not told")
{
	pid_t pid;

	peers();
	pid = child_start();
	if (!pid) {
		must_sys(unshare(CLONE_NEWPID));
		pid = child_start();
		if (!pid) {
			struct peer *inside = peer_new(bus, .send = ANY);

			expect_eq(process_of(inside, a->id), 0);
			expect_eq(process_of(inside, inside->id), 1);
			expect(process_of(b, inside->id) > 1);
			child_exit();
		}
		child_join(pid);
		child_exit();
	}
	child_join(pid);
}

/* usage */

static struct kdbus_usage usage_of(struct peer *peer, __u64 id)
{
	const struct kdbus_item *item;

	if (!expect_ok(ask_about(peer, id, KDBUS_ITEM_USAGE, 0, &item)) || !expect(item))
		return (struct kdbus_usage){};
	expect_eq(item->size, 16 + sizeof(struct kdbus_usage));
	return item->usage;
}

TEST("usage: names and matches count as they come and go")
{
	struct kdbus_usage usage;

	peers();
	usage = usage_of(b, a->id);
	expect_eq(usage.pool_size, a->pool_size);
	expect_eq(usage.names | usage.matches | usage.msgs | usage.fds | usage.calls, 0);
	expect_eq(usage.bytes | usage.lost, 0);
	must(name_acquire(a, "a.b", 0, NULL));
	must(name_acquire(b, "c.d", 0, NULL));
	must(name_acquire(a, "c.d", KDBUS_NAME_QUEUE, NULL));
	must(match_all(a, 1));
	must(match_id_change(a, 2, KDBUS_ITEM_ID_ADD, ANY));
	must(match_id_change(a, 2, KDBUS_ITEM_ID_REMOVE, ANY));
	usage = usage_of(b, a->id);
	expect_eq(usage.names, 2);
	expect_eq(usage.matches, 3);
	must(match_remove(a, 2));
	must(name_release(a, "c.d"));
	usage = usage_of(b, a->id);
	expect_eq(usage.names, 1);
	expect_eq(usage.matches, 1);
	expect_eq(usage_of(a, b->id).names, 1);
}

TEST("usage: messages, their bytes and descriptors are those that wait")
{
	struct kdbus_usage usage;
	int fds[3] = { 0, 1, 2 };
	struct peer *c;
	union cmd msg;
	__u64 one;

	peers();
	c = peer_new(bus, .flags = KDBUS_HELLO_ACCEPT_FD);
	must(send_bytes(b, c->id, 1, 1000));
	one = usage_of(b, c->id).bytes;
	expect(one > 1000 && one < 1200);
	must(send_bytes(a, c->id, 2, 1000));
	msg_init(&msg, c->id, 3);
	msg_fds(&msg, fds, 3);
	must(send_msg(b, &msg));
	usage = usage_of(b, c->id);
	expect_eq(usage.msgs, 3);
	expect_eq(usage.fds, 3);
	expect(usage.bytes > 2 * one);
	/* what is taken waits no more, given back or not */
	recv_msg(c);
	expect_eq(usage_of(b, c->id).msgs, 2);
	recv_msg(c);
	recv_msg(c);
	usage = usage_of(b, c->id);
	expect_eq(usage.msgs | usage.fds, 0);
	expect_eq(usage.bytes, 0);
}

TEST("usage: what was lost stays counted when it has been told")
{
	struct peer *small;
	unsigned n = 0;

	peers();
	small = peer_new(bus, .pool = 4096);
	must(match_all(small, 1));
	while (usage_of(b, small->id).lost < 5 && n < 200) {
		must(send_broadcast(b, n));
		n++;
	}
	expect_eq(usage_of(b, small->id).lost, 5);
	must(recv_cmd(small, 0, 0));
	expect_eq(small->last.dropped_msgs, 5);
	expect_eq(usage_of(b, small->id).lost, 5);
	drain(small);
	must(send_broadcast(b, n));
	expect_eq(usage_of(b, small->id).lost, 5);
	expect_eq(usage_of(b, small->id).msgs, 1);
}

TEST("usage: answers that are waited for, and connections of the account")
{
	struct peer *c;

	peers();
	must(send_request(a, b->id, 1));
	must(send_request(a, b->id, 2));
	expect_eq(usage_of(b, a->id).calls, 2);
	must(send_reply(b, a->id, 3, 1));
	expect_eq(usage_of(b, a->id).calls, 1);
	/* ours, and who made the bus has none */
	expect_eq(usage_of(b, a->id).conns, 2);
	c = peer_new(bus, .uid = UID_A);
	expect_eq(usage_of(b, c->id).conns, 1);
	expect_eq(usage_of(b, a->id).conns, 2);
	peer_new(bus);
	expect_eq(usage_of(b, a->id).conns, 3);
}

TEST("usage: of oneself for everybody, of others for owners, EPERM changes nothing")
{
	const struct kdbus_item *item;
	struct peer *stranger, *inside, *small;
	char path[240];

	peers();
	stranger = peer_new(bus, .uid = UID_A);
	expect_eq(usage_of(stranger, stranger->id).names, 0);
	expect_errno(EPERM, ask_about(stranger, a->id, KDBUS_ITEM_USAGE, 0, &item));
	expect_errno(ENXIO, ask_about(stranger, 99999, KDBUS_ITEM_USAGE, 0, &item));
	expect_errno(ENXIO, ask_about(b, 99999, KDBUS_ITEM_USAGE, 0, &item));
	endpoint_new(bus, "0-ep", KDBUS_MAKE_ACCESS_WORLD, path);
	inside = peer_new(bus, .path = path);
	must(name_acquire(a, "a.b", 0, NULL));
	expect_errno(ENXIO, ask_about(inside, a->id, KDBUS_ITEM_USAGE, 0, &item));
	/* nothing of the refused ones is left in the pool */
	small = peer_new(bus, .uid = UID_A, .pool = 4096);
	for (unsigned i = 0; i < 100; i++)
		must(ask_about(small, a->id, KDBUS_ITEM_USAGE, 0, &item) == -EPERM ? 0 : -1);
	expect_eq(usage_of(small, small->id).names, 0);
}

TEST("both on behalf of another: its eyes, the caller's rights")
{
	const struct kdbus_item *item;
	struct peer *inside, *stranger;
	char path[240];

	peers();
	stranger = peer_new(bus, .uid = UID_A);
	expect_ok(ask_about(b, a->id, KDBUS_ITEM_USAGE, stranger->id, &item));
	expect(item);
	expect_ok(ask_about(b, a->id, KDBUS_ITEM_PROCESS, stranger->id, &item));
	expect(item && item->process.pid == (__u64)getpid());
	expect_errno(EPERM, ask_about(stranger, a->id, KDBUS_ITEM_PROCESS, a->id, &item));
	endpoint_new(bus, "0-ep", KDBUS_MAKE_ACCESS_WORLD, path);
	inside = peer_new(bus, .path = path);
	expect_errno(ENXIO, ask_about(b, a->id, KDBUS_ITEM_USAGE, inside->id, &item));
	expect_errno(ENXIO, ask_about(b, a->id, KDBUS_ITEM_PROCESS, inside->id, &item));
}

TEST("both, with all metadata, stand behind it, and need room in the pool")
{
	const struct kdbus_info *info;
	struct peer *small;
	union cmd cmd;
	int r = 0;

	peers();
	must(name_acquire(a, "a.b", 0, NULL));
	cmd_init(&cmd, sizeof(cmd.info));
	cmd.info.id = a->id;
	cmd.info.attach_flags = ANY;
	cmd_item(&cmd, KDBUS_ITEM_USAGE, NULL, 0);
	cmd_item(&cmd, KDBUS_ITEM_PROCESS, NULL, 0);
	must(call(b->fd, KDBUS_CMD_CONN_INFO, &cmd));
	info = (const void *)(b->pool + cmd.info.offset);
	r = strlen(item_types(info, info->items, info->size));
	expect(r > 8 && !strcmp(item_types(info, info->items, info->size) + r - 8, " 801 802"));

	small = peer_new(bus, .pool = 4096);
	for (unsigned i = 0; i < 100 && r != -EXFULL; i++) {
		cmd.info.attach_flags = 0;
		r = call(small->fd, KDBUS_CMD_CONN_INFO, &cmd);
	}
	expect_eq(r, -EXFULL);
	must(peer_free(small, 0));
	expect_ok(call(small->fd, KDBUS_CMD_CONN_INFO, &cmd));
}

TEST("who asks for others' usage holds up nobody, and who goes meanwhile harms nobody")
{
	const struct kdbus_item *item;
	__u64 end = now_ns() + SEC / 2;
	unsigned n = 0;
	pid_t pid;

	peers();
	pid = child_start();
	if (!pid) {
		while (now_ns() < end) {
			struct peer *peer = peer_new(bus, .send = ANY);

			must(send_bytes(peer, a->id, 1, 100));
			peer_close(peer);
			drain(a);
		}
		child_exit();
	}
	while (now_ns() < end) {
		for (__u64 id = b->id; id < b->id + 300; id++) {
			int r = ask_about(b, id, KDBUS_ITEM_USAGE, 0, &item);

			if (!r)
				r = ask_about(b, id, KDBUS_ITEM_PROCESS, 0, &item);
			if (r && r != -ENXIO)
				expect_ok(r);
			n += !r;
		}
	}
	expect(n);
	child_join(pid);
}
