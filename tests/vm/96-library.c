// SPDX-License-Identifier: LGPL-2.1-or-later
/* lib/ over the module: what it sends arrives, in every shape. */
#include <fcntl.h>
#include <sys/wait.h>

#include "lib/bloom.h"
#include "lib/cmd.h"
#include "lib/conn.h"
#include "lib/error.h"
#include "lib/notify.h"
#include "tests/vm/util.h"

static char bus_path[256];

/* A bus with the usual filters, made by the library as well. */
static void make_bus(void)
{
	int fd = must(control_open(mount_dir));

	must(kb_cmd_bus_make(fd, "0-lib", KDBUS_MAKE_ACCESS_WORLD, NULL,
			     _KDBUS_ATTACH_ANY));
	snprintf(bus_path, sizeof(bus_path), "%s/0-lib/bus", mount_dir);
}

static struct kb_conn *join(uint64_t flags)
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	struct kb_conn *conn = NULL;

	options.flags |= flags;
	options.description = "a test, with odd characters";
	options.attach_recv = _KDBUS_ATTACH_ALL;
	must(kb_conn_open(bus_path, &options, &conn));
	return conn;
}

static struct kb_message *take_next(struct kb_conn *conn)
{
	struct kb_message *m = NULL;

	must(kb_conn_wait(conn, 5 * SEC) > 0 ? 0 : -ETIMEDOUT);
	must(kb_conn_recv(conn, &m));
	return m;
}

static struct kb_message *new_call(struct kb_conn *to, const char *member)
{
	struct kb_message *m = NULL;

	must(kb_message_new_call(to->unique_name, "/o/p", "a.b", member, &m));
	return m;
}

TEST("a connection knows who and where it is")
{
	struct kb_conn *a, *b;

	make_bus();
	a = join(0);
	b = join(0);
	expect(a->id && b->id > a->id);
	expect_eq(a->bloom.size, 64);
	expect(!memcmp(a->bus_id, b->bus_id, 16));
	expect_errno(EAGAIN, ({ struct kb_message *m; kb_conn_recv(a, &m); }));
	kb_conn_unref(a);
	kb_conn_unref(b);
}

/* Sends a body of @size bytes beside a string and compares what arrives. */
static void carry_bytes(struct kb_conn *a, struct kb_conn *b, size_t size)
{
	struct kb_message *m = new_call(b, "Bytes"), *got;
	uint8_t *bytes = malloc(size + 1);
	const char *s = NULL;
	const void *data = NULL;
	size_t n = 0;

	test_case("%zu bytes", size);
	for (size_t i = 0; i < size; i++)
		bytes[i] = i * 7 + i / 256;
	m->flags |= KB_NO_REPLY_EXPECTED;
	must(kb_message_append(m, "say", "hello", bytes, size));
	expect_ok(kb_conn_send(a, m));
	got = take_next(b);
	expect_eq(got->type, KB_METHOD_CALL);
	expect_text(got->sender, a->unique_name);
	expect_text(got->destination, b->unique_name);
	expect_text(got->member, "Bytes");
	expect_eq(got->cookie, m->cookie);
	expect_ok(kb_message_read(got, "say", &s, &data, &n));
	expect_text(s, "hello");
	expect_eq(n, size);
	expect(n == size && !memcmp(data, bytes, n));
	expect(got->meta.pids && got->meta.pids->pid == (__u64)getpid());
	expect_text(got->meta.description, "a_test__with_odd_characters");
	kb_message_unref(got);
	kb_message_unref(m);
	free(bytes);
}

TEST("bodies of every size arrive")
{
	static const size_t sizes[] = {
		0, 1, 100, 3000, 4000, 4096, 5000, 70000, 524280, 524288,
		1 << 20, 3 << 20, 8 << 20,
	};
	struct kb_conn *a, *b;

	make_bus();
	a = join(0);
	b = join(0);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		carry_bytes(a, b, sizes[i]);
	kb_conn_unref(a);
	kb_conn_unref(b);
}

TEST("a body may have no bytes at all")
{
	struct kb_message *m, *got;
	struct kb_conn *a, *b;
	char **strv = NULL;

	make_bus();
	a = join(0);
	b = join(0);
	m = new_call(b, "Empty");
	m->flags = KB_NO_REPLY_EXPECTED;
	must(kb_message_append(m, "as", NULL));
	expect_ok(kb_conn_send(a, m));
	got = take_next(b);
	expect_ok(kb_message_read(got, "as", &strv));
	expect_eq(kb_strv_length(strv), 0);
	kb_strv_free(strv);
	kb_message_unref(got);
	kb_message_unref(m);
}

TEST("a message of dbus1 is remarshalled on its way")
{
	struct kb_message *m, *in = NULL, *got;
	struct kb_buffer bytes = {};
	struct kb_conn *a, *b;
	uint32_t u = 0;

	make_bus();
	a = join(0);
	b = join(0);
	m = new_call(b, "M");
	m->cookie = 7;
	m->flags = KB_NO_REPLY_EXPECTED;
	must(kb_message_append(m, "us", 5, "x"));
	must(kb_message_encode_dbus1(m, &bytes));
	must(kb_message_decode_dbus1(bytes.data, bytes.size, NULL, 0, &in));
	expect_ok(kb_conn_send(a, in));
	got = take_next(b);
	expect_eq(got->cookie, 7);
	expect_ok(kb_message_read(got, "us", &u, NULL));
	expect_eq(u, 5);
	kb_message_unref(got);
	kb_message_unref(in);
	kb_message_unref(m);
	kb_buffer_deinit(&bytes);
}

TEST("descriptors arrive and are those that were sent")
{
	struct kb_message *m, *got;
	struct kb_conn *a, *b;
	int pipe_fds[2];
	uint32_t h = 9;
	char c = 0;

	make_bus();
	a = join(0);
	b = join(0);
	must_sys(pipe2(pipe_fds, O_CLOEXEC));
	m = new_call(b, "Fd");
	m->flags = KB_NO_REPLY_EXPECTED;
	must(kb_message_add_fd(m, pipe_fds[1], &h));
	must(kb_message_append(m, "h", h));
	expect_ok(kb_conn_send(a, m));
	kb_message_unref(m);
	got = take_next(b);
	expect_eq(got->n_fds, 1);
	expect_ok(kb_message_read(got, "h", &h));
	expect_eq(write(got->fds[h], "x", 1), 1);
	kb_message_unref(got);
	expect_eq(read(pipe_fds[0], &c, 1), 1);
	/* the last writer went with the message */
	expect_eq(read(pipe_fds[0], &c, 1), 0);
}

/* Answers calls until it is told to stop. */
static void serve(struct kb_conn *conn)
{
	for (;;) {
		struct kb_message *call = take_next(conn), *reply = NULL;
		uint32_t u;

		if (kb_streq(call->member, "Stop")) {
			_exit(0);
		} else if (kb_streq(call->member, "Fail")) {
			kb_conn_reply_error(conn, call, KB_ERROR_FAILED,
					    "failed %d", 7);
		} else if (kb_streq(call->member, "Add")) {
			must(kb_message_read(call, "u", &u));
			must(kb_message_new_return(call, &reply));
			must(kb_message_append(reply, "u", u + 1));
			must(kb_conn_reply(conn, call, reply));
		}
		kb_message_unref(reply);
		kb_message_unref(call);
	}
}

TEST("synchronous calls return, fail, time out and notice death")
{
	struct kb_message *m, *reply = NULL;
	struct kb_conn *a, *b;
	const char *text = NULL;
	uint32_t u = 0;
	pid_t pid;

	make_bus();
	a = join(0);
	b = join(0);
	pid = must_sys(fork());
	if (!pid)
		serve(b);
	/* the child alone keeps it */
	close(b->fd);
	b->fd = -1;

	for (uint32_t i = 0; i < 100; i++) {
		m = new_call(b, "Add");
		must(kb_message_append(m, "u", i));
		expect_ok(kb_conn_call(a, m, 0, &reply));
		expect_eq(reply->type, KB_METHOD_RETURN);
		expect_ok(kb_message_read(reply, "u", &u));
		expect_eq(u, i + 1);
		kb_message_unref(reply);
		kb_message_unref(m);
	}

	m = new_call(b, "Fail");
	expect_ok(kb_conn_call(a, m, 0, &reply));
	expect_eq(reply->type, KB_ERROR);
	expect_text(reply->error_name, KB_ERROR_FAILED);
	expect_ok(kb_message_read(reply, "s", &text));
	expect_text(text, "failed 7");
	kb_message_unref(reply);
	kb_message_unref(m);

	m = new_call(b, "Ignored");
	expect_errno(ETIMEDOUT, kb_conn_call(a, m, 100 * MSEC, &reply));
	kb_message_unref(m);

	m = new_call(b, "Stop");
	expect_errno(EPIPE, kb_conn_call(a, m, 0, &reply));
	kb_message_unref(m);
	waitpid(pid, NULL, 0);
	m = new_call(b, "Add");
	expect_errno(ENXIO, kb_conn_call(a, m, 0, &reply));
	kb_message_unref(m);
	kb_conn_unref(a);
}

TEST("rules let through what they match, and notifications with it")
{
	static const struct {
		const char *rule;
		int arrives;
	} cases[] = {
		{ "", 1 }, { "type='signal',member='C'", 1 },
		{ "member='D'", 0 }, { "arg0='one'", 1 }, { "arg0='two'", 0 },
		{ "arg2='three'", 1 }, { "arg2='four'", 0 },
		{ "path_namespace='/o'", 1 }, { "path_namespace='/x'", 0 },
		{ "arg0namespace='one'", 1 }, { "sender=':1.0'", 0 },
		{ "sender='a.sender'", 1 }, { "sender='a.stranger'", 0 },
		{ "sender=':nonsense.x'", 0 }, { "arg3path='/p/'", 1 },
	};
	struct kb_conn *a;

	make_bus();
	a = join(0);
	must(kb_conn_name_acquire(a, "a.sender", 0, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kb_match_rule *rule = NULL;
		struct kb_message *m = NULL, *got = NULL;
		struct kb_conn *b = join(0);
		int r;

		test_case("%s", cases[i].rule);
		must(kb_match_rule_parse(cases[i].rule, &rule));
		expect_ok(kb_conn_add_match(b, rule, 5, 0));
		must(kb_message_new_signal("/o/p", "a.b", "C", &m));
		must(kb_message_append(m, "suss", "one", 2, "three", "/p/q"));
		expect_ok(kb_conn_send(a, m));
		r = kb_conn_recv(b, &got);
		expect_eq(r == 0, cases[i].arrives);
		if (r == 0)
			expect_eq(kb_match_rule_test(rule, got), 1);
		got = kb_message_unref(got);
		expect_ok(kb_conn_remove_match(b, 5, 0));
		expect_errno(EBADSLT, kb_conn_remove_match(b, 5, 0));
		expect_ok(kb_conn_send(a, m));
		expect_errno(EAGAIN, kb_conn_recv(b, &got));
		kb_message_unref(m);
		kb_match_rule_free(rule);
		kb_conn_unref(b);
	}
}

TEST("changes of owners become NameOwnerChanged")
{
	const char *name = NULL, *old = NULL, *new = NULL;
	struct kb_match_rule *rule = NULL;
	struct kb_message *m, *signal = NULL;
	struct kb_notification n;
	struct kb_conn *a, *b;

	make_bus();
	a = join(0);
	b = join(0);
	must(kb_match_rule_parse("sender='org.freedesktop.DBus',member="
				 "'NameOwnerChanged',arg0='x.y'", &rule));
	must(kb_conn_add_match(a, rule, 1, 0));
	must(kb_conn_name_acquire(b, "x.z", 0, NULL));
	must(kb_conn_name_acquire(b, "x.y", 0, NULL));
	m = take_next(a);
	expect_eq(m->type, KB_NOTIFICATION);
	expect_ok(kb_notify_parse(m, &n));
	expect_eq(kb_notify_to_message(&n, &signal), 1);
	expect_eq(kb_match_rule_test(rule, signal), 1);
	expect_ok(kb_message_read(signal, "sss", &name, &old, &new));
	expect_text(name, "x.y");
	expect_text(old, "");
	expect_text(new, b->unique_name);
	kb_message_unref(signal);
	kb_message_unref(m);

	must(kb_conn_name_release(b, "x.y"));
	m = take_next(a);
	expect_ok(kb_notify_parse(m, &n));
	expect_eq(n.type, KDBUS_ITEM_NAME_REMOVE);
	expect_eq(n.old_id, b->id);
	kb_message_unref(m);
	expect_errno(EAGAIN, kb_conn_recv(a, &m));
	kb_match_rule_free(rule);
}

TEST("lists and questions are answered")
{
	bool seen_a = false, seen_b = false;
	struct kb_list list;
	struct kb_info info;
	struct kb_conn *a, *b;

	make_bus();
	a = join(0);
	b = join(0);
	must(kb_conn_name_acquire(b, "x.y", KDBUS_NAME_QUEUE, NULL));
	must(kb_conn_list(a, KDBUS_LIST_UNIQUE | KDBUS_LIST_NAMES, 0, &list));
	while (kb_list_next(&list, &info) > 0) {
		seen_a |= info.id == a->id && !info.meta.n_names;
		seen_b |= info.id == b->id &&
			  kb_meta_owns_name(&info.meta, "x.y");
	}
	kb_list_deinit(&list);
	expect(seen_a);
	expect(seen_b);

	expect_ok(kb_conn_info_by_name(a, "x.y", _KDBUS_ATTACH_ALL, 0, &info));
	expect_eq(info.id, b->id);
	expect_eq(info.meta.pids->pid, getpid());
	expect(info.meta.creds && info.meta.creds->euid == geteuid());
	expect(info.meta.cgroup);
	kb_info_deinit(&info);
	expect_ok(kb_conn_info_by_name(a, a->unique_name, 0, 0, &info));
	kb_info_deinit(&info);
	expect_errno(ESRCH, kb_conn_info_by_name(a, "x.no", 0, 0, &info));
	expect_errno(ENXIO, kb_conn_info_by_name(a, ":1.99999", 0, 0, &info));
	expect_errno(ENXIO, kb_conn_info_by_name(a, ":2.1", 0, 0, &info));
	expect_ok(kb_conn_creator_info(a, _KDBUS_ATTACH_ALL, &info));
	expect_text(info.name, "0-lib");
	kb_info_deinit(&info);
	expect_eq(kb_cmd_supports_behalf(a->fd), 1);
}

TEST("a thousand messages leave the pool empty")
{
	struct kb_message *held[16] = {};
	struct kb_conn *a, *b;

	make_bus();
	a = join(0);
	b = join(0);
	for (unsigned int i = 0; i < 1000; i++) {
		struct kb_message *m = new_call(b, "M");

		m->flags = KB_NO_REPLY_EXPECTED;
		must(kb_message_append(m, "u", i));
		must(kb_conn_send(a, m));
		kb_message_unref(m);
		/* some are kept a while */
		kb_message_unref(held[i % 16]);
		held[i % 16] = take_next(b);
	}
	/* they outlive the connection */
	kb_conn_unref(b);
	for (int i = 0; i < 16; i++) {
		uint32_t u;

		expect_ok(kb_message_read(held[i], "u", &u));
		kb_message_unref(held[i]);
	}
}

TEST("slices are given back with the next message")
{
	const size_t size = 300 << 10;	/* much of the pool, in a few of them */
	uint8_t *bytes = calloc(1, size);
	struct kb_message *m, *held, *got;
	struct kb_conn *a, *b;

	make_bus();
	a = join(0);
	b = join(0);
	kb_conn_keep_slice(b, 0);
	for (int i = 0; i < 100; i++) {
		for (int j = 0; j < 3; j++) {
			m = new_call(b, "M");
			m->flags = KB_NO_REPLY_EXPECTED;
			must(kb_message_append(m, "ay", bytes, size));
			must(kb_conn_send(a, m));
			kb_message_unref(m);
		}
		/* two that are freed together, one by itself */
		held = take_next(b);
		expect_ok(kb_message_validate(held));
		got = take_next(b);
		expect_ok(kb_message_validate(got));
		kb_message_unref(held);
		kb_message_unref(got);
		expect(b->has_used);
		kb_message_unref(take_next(b));
		expect_errno(EAGAIN, kb_conn_recv(b, &got));
		expect(!b->has_used);
	}

	/* not if they are large */
	kb_conn_keep_slice(b, size);
	m = new_call(b, "M");
	m->flags = KB_NO_REPLY_EXPECTED;
	must(kb_message_append(m, "ay", bytes, size));
	must(kb_conn_send(a, m));
	kb_message_unref(m);
	kb_message_unref(take_next(b));
	expect(!b->has_used);
	free(bytes);
}

TEST("broken payload is dropped, and answered if asked to")
{
	struct kb_message *got = NULL, *m;
	struct kb_conn *a, *b;
	struct {
		struct kdbus_msg msg;
		struct kdbus_item vec;
	} raw = {};

	make_bus();
	a = join(0);
	b = join(0);
	raw.msg.size = sizeof(raw.msg) + KB_ITEM_HEADER + 16;
	raw.msg.dst_id = b->id;
	raw.msg.payload_type = KDBUS_PAYLOAD_DBUS;
	raw.msg.cookie = 77;
	raw.msg.flags = KDBUS_MSG_EXPECT_REPLY;
	raw.msg.timeout_ns = kb_now_ns() + 20 * SEC;
	raw.vec.size = KB_ITEM_HEADER + 16;
	raw.vec.type = KDBUS_ITEM_PAYLOAD_VEC;
	raw.vec.vec.size = 5;
	raw.vec.vec.address = (uintptr_t)"junk!";
	must(kb_cmd_send(a->fd, &raw.msg, 0, -1, NULL));
	expect_errno(EAGAIN, kb_conn_recv(b, &got));

	b->answer_broken = true;
	raw.msg.cookie = 78;
	must(kb_cmd_send(a->fd, &raw.msg, 0, -1, NULL));
	/* behind the junk there is a good one */
	m = new_call(b, "Good");
	m->flags = KB_NO_REPLY_EXPECTED;
	must(kb_conn_send(a, m));
	kb_message_unref(m);
	expect_ok(kb_conn_recv(b, &got));
	expect_text(got->member, "Good");
	kb_message_unref(got);
	got = take_next(a);
	expect_eq(got->type, KB_ERROR);
	expect_eq(got->reply_cookie, 78);
	expect_text(got->error_name, KB_ERROR_INCONSISTENT_MESSAGE);
	kb_message_unref(got);
}

TEST("a peeked message stays")
{
	uint8_t *bytes = calloc(1, 1 << 20);
	struct kb_message *m, *got = NULL;
	struct kb_conn *a, *b;

	make_bus();
	a = join(0);
	b = join(0);
	m = new_call(b, "Small");
	m->flags = KB_NO_REPLY_EXPECTED;
	must(kb_conn_send(a, m));
	kb_message_unref(m);
	m = new_call(b, "Large");
	m->flags = KB_NO_REPLY_EXPECTED;
	must(kb_message_append(m, "ay", bytes, (size_t)1 << 20));
	must(kb_conn_send(a, m));
	kb_message_unref(m);

	for (int i = 0; i < 3; i++) {
		expect_ok(kb_conn_peek(b, &got));
		expect_text(got->member, "Small");
		expect_ok(kb_message_validate(got));
		kb_message_unref(got);
	}
	kb_message_unref(take_next(b));
	expect_ok(kb_conn_peek(b, &got));
	expect_text(got->member, "Large");
	expect(got->body_absent);
	expect_errno(EBADMSG, kb_message_validate(got));
	kb_message_unref(got);
	got = take_next(b);
	expect_ok(kb_message_validate(got));
	kb_message_unref(got);
	free(bytes);
}

static int count(struct kb_message *message, void *userdata)
{
	unsigned int *n = userdata;

	if (message->type == KB_METHOD_CALL)
		++*n;
	return 0;
}

TEST("exit on idle takes what is there and loses nothing")
{
	struct kb_message *m;
	struct kb_conn *a, *b;
	unsigned int n = 0;

	make_bus();
	a = join(0);
	b = join(0);
	must(kb_conn_name_acquire(b, "x.y", 0, NULL));
	for (int i = 0; i < 10; i++) {
		must(kb_message_new_call("x.y", "/", NULL, "M", &m));
		m->flags = KB_NO_REPLY_EXPECTED;
		must(kb_conn_send(a, m));
		kb_message_unref(m);
	}
	expect_ok(kb_conn_exit_on_idle(b, "x.y", count, &n));
	expect_eq(n, 10);
	expect_eq(b->fd, -1);
	kb_conn_unref(b);
	must(kb_message_new_call("x.y", "/", NULL, "M", &m));
	m->flags = KB_NO_REPLY_EXPECTED;
	expect_errno(ESRCH, kb_conn_send(a, m));
	kb_message_unref(m);
}

TEST("a monitor sees both ends of everything")
{
	struct kb_message *m, *got;
	struct kb_conn *a, *b, *monitor;

	make_bus();
	a = join(0);
	b = join(0);
	must(kb_conn_name_acquire(b, "x.y", 0, NULL));
	monitor = join(KDBUS_HELLO_MONITOR);
	must(kb_message_new_call("x.y", "/", NULL, "M", &m));
	must(kb_conn_send(a, m));
	got = take_next(monitor);
	expect_text(got->sender, a->unique_name);
	expect_text(got->destination, "x.y");
	kb_message_unref(got);
	got = take_next(b);
	expect_eq(got->dst_id, b->id);
	expect_text(got->dst_name, "x.y");
	expect(got->deadline_ns > kb_now_ns());
	kb_conn_reply_errno(b, got, -EINVAL, NULL);
	kb_message_unref(got);
	got = take_next(monitor);
	expect_eq(got->type, KB_ERROR);
	expect_text(got->destination, a->unique_name);
	kb_message_unref(got);
	kb_message_unref(m);
}

TEST("an adopted connection goes on where the other stopped")
{
	struct kb_message *m, *got;
	struct kb_conn *a, *b, *again = NULL;

	make_bus();
	a = join(0);
	b = join(0);
	m = new_call(b, "M");
	m->flags = KB_NO_REPLY_EXPECTED;
	must(kb_conn_send(a, m));
	must(kb_conn_adopt_fd(dup(b->fd), KB_POOL_SIZE, &again));
	kb_conn_unref(b);
	got = take_next(again);
	expect_text(got->member, "M");
	kb_message_unref(got);
	kb_message_unref(m);
}

/* A service in a process of its own: returns what it gets until told to end. */
static void serve_until_end(struct kb_conn *conn)
{
	struct kb_message *message = NULL, *reply = NULL;
	bool end = false;

	while (!end) {
		expect_ok(kb_conn_serve(conn, reply, 10 * SEC, &message));
		reply = kb_message_unref(reply);
		if (!message)
			break;
		end = !strcmp(message->member, "End");
		must(kb_message_new_return(message, &reply));
		must(kb_message_append(reply, "s", message->member));
	}
	expect_ok(kb_conn_send(conn, reply));
	kb_message_unref(reply);
	kb_message_unref(message);
}

static void call_member(struct kb_conn *a, struct kb_conn *b, const char *member)
{
	struct kb_message *call = new_call(b, member), *reply = NULL;
	const char *text = NULL;

	expect_ok(kb_conn_call(a, call, 10 * SEC, &reply));
	expect_ok(kb_message_read(reply, "s", &text));
	expect_text(text, member);
	kb_message_unref(reply);
	kb_message_unref(call);
}

static void serve_both_ways(int saves)
{
	struct kb_conn *a, *b;
	pid_t pid;

	make_bus();
	a = join(0);
	b = join(0);
	a->saves = b->saves = saves;
	pid = child_start();
	if (!pid) {
		serve_until_end(b);
		child_exit();
	}
	for (int i = 0; i < 100; i++)
		call_member(a, b, i % 2 ? "Odd" : "Even");
	call_member(a, b, "End");
	child_join(pid);
	expect_eq(a->saves, saves ?: 1);
	/* one slice may wait for the next call */
	expect(a->has_used == (a->saves > 0));
	kb_conn_unref(a);
	kb_conn_unref(b);
}

TEST("a service answers, frees and receives in one command")
{
	serve_both_ways(0);
}

TEST("it does the same by other commands where there is no such one")
{
	serve_both_ways(-1);
}

TEST("what nobody takes does not stop a service, and time does")
{
	struct kb_message *message = NULL, *reply = NULL, *call;
	struct kb_conn *a, *b;

	make_bus();
	a = join(0);
	b = join(0);
	call = new_call(b, "One");
	must(kb_conn_send(a, call));
	kb_message_unref(call);
	expect_ok(kb_conn_serve(b, NULL, 10 * SEC, &message));
	must(kb_message_new_return(message, &reply));
	kb_conn_close(a);
	expect_errno(ETIMEDOUT, kb_conn_serve(b, reply, 50 * MSEC, &message));
	expect(!message);
	expect_errno(ETIMEDOUT, kb_conn_serve(b, NULL, 0, &message));
	kb_message_unref(reply);
	kb_conn_unref(a);
	kb_conn_unref(b);
}
