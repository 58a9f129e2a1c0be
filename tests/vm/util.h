/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the programs of the guest ring are told in: promises, peers, messages.
 *
 * A program is a list of TEST("promise") { … } blocks.  Each runs in a process
 * of its own, with a watchdog, on a kdbusfs that the program has mounted for
 * itself; whatever a test leaves open ends with its process.  Nothing here
 * uses lib/: the module is addressed with plain ioctls, so that a mistake of
 * the library cannot hide one of the module.
 *
 * Functions that speak to the kernel return 0 or a negative errno.  Functions
 * that make something ("_new") end the test when they cannot.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/kdbus.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ALIGN8(n) (((__u64)(n) + 7) & ~7ULL)
#define ANY (~0ULL)
#define NEGOTIATE KDBUS_FLAG_NEGOTIATE
#define SEC 1000000000ULL
#define MSEC 1000000ULL
#define KIB 1024ULL
#define MIB (1024 * KIB)

/* promises */

struct test {
	const char *promise;
	void (*run)(void);
	int line;
	struct test *next;
};

void test_register(struct test *test);

#define TEST(promise) TEST_1(promise, __LINE__)
#define TEST_1(promise, line) TEST_2(promise, line)
#define TEST_2(promise, line)                                           \
	static void test_##line(void);                                  \
	static struct test record_##line = { promise, test_##line, line, NULL }; \
	static void __attribute__((__constructor__)) register_##line(void) \
	{                                                               \
		test_register(&record_##line);                          \
	}                                                               \
	static void test_##line(void)

/* Names the row of a table; printed with every failure until the next call. */
void test_case(const char *format, ...) __attribute__((__format__(printf, 1, 2)));
void test_note(const char *format, ...) __attribute__((__format__(printf, 1, 2)));
/* Ends the test: it cannot be held here. */
_Noreturn void test_skip(const char *format, ...) __attribute__((__format__(printf, 1, 2)));
_Noreturn void test_abort(const char *where, int line, const char *what, long long result);
/* $KDBUS_TEST_ROUNDS, 100 for long campaigns, or what is @usual. */
unsigned test_rounds(unsigned usual);
/* Failures so far, in this test and all its processes. */
unsigned test_failures(void);

bool expect_(const char *where, int line, const char *what, bool holds);
bool expect_eq_(const char *where, int line, const char *what, __u64 is, __u64 wanted);
bool expect_result_(const char *where, int line, const char *what, long long is, int wanted);
bool expect_text_(const char *where, int line, const char *what, const char *is, const char *wanted);

#define expect(holds) expect_(__FILE__, __LINE__, #holds, !!(holds))
#define expect_eq(is, wanted) expect_eq_(__FILE__, __LINE__, #is " == " #wanted, (__u64)(is), (__u64)(wanted))
#define expect_ok(call) expect_result_(__FILE__, __LINE__, #call, call, 0)
#define expect_errno(error, call) expect_result_(__FILE__, __LINE__, #call, call, -(error))
#define expect_text(is, wanted) expect_text_(__FILE__, __LINE__, #is, is, wanted)
/* For what the test cannot go on without. Yields the result. */
#define must(call)                                                      \
	({                                                              \
		long long must_ = (call);                               \
		if (must_ < 0)                                          \
			test_abort(__FILE__, __LINE__, #call, must_);   \
		must_;                                                  \
	})
/* The same for calls that report through errno. */
#define must_sys(call)                                                  \
	({                                                              \
		long long must_ = (long long)(call);                    \
		if (must_ < 0)                                          \
			test_abort(__FILE__, __LINE__, #call, -errno);  \
		must_;                                                  \
	})

/* commands */

/* Room for any command or message with its items, a little over the limit. */
union cmd {
	struct {
		__u64 size;
		__u64 flags;
		__u64 return_flags;
	};
	struct kdbus_cmd cmd;
	struct kdbus_cmd_hello hello;
	struct kdbus_cmd_free free;
	struct kdbus_cmd_info info;
	struct kdbus_cmd_list list;
	struct kdbus_cmd_match match;
	struct kdbus_cmd_send send;
	struct kdbus_cmd_recv recv;
	struct kdbus_cmd_serve serve;
	struct kdbus_msg msg;
	__u64 words[4200];
	__u8 bytes[33600];
};

/* Clears the fixed part and says its size. */
void cmd_init(union cmd *cmd, size_t fixed);
/* Appends an item at the next multiple of 8; cmd->size ends with the item. */
struct kdbus_item *cmd_item(union cmd *cmd, __u64 type, const void *payload, size_t size);
void cmd_u64(union cmd *cmd, __u64 type, __u64 value);
void cmd_text(union cmd *cmd, __u64 type, const char *text);
void cmd_access(union cmd *cmd, __u64 type, __u64 access, __u64 id);
/* The ioctl. */
int call(int fd, unsigned long number, void *cmd);

struct command {
	const char *name;
	unsigned long number;
	size_t size;	/* of the fixed part */
	__u64 flags;	/* that it accepts, NEGOTIATE aside */
};

extern const struct command commands[];
extern const size_t n_commands;
const struct command *command_find(unsigned long number);

/* buses and endpoints */

/* The program's own kdbusfs. */
extern char mount_dir[];

struct bus {
	int fd;			/* the owner's */
	char name[80];
	char dir[160];
	char path[240];		/* of the default endpoint */
};

struct bus_options {
	const char *name;	/* "0-test" */
	__u64 flags;		/* KDBUS_MAKE_* */
	__u64 bloom_size;	/* 64 */
	__u64 attach;		/* what CREATOR_INFO may show */
	const char *mount;	/* mount_dir */
};

struct bus *bus_make(struct bus_options options);
#define bus_new(...) bus_make((struct bus_options){ __VA_ARGS__ })
void bus_close(struct bus *bus);
/* Makes the command of BUS_MAKE, complete. */
void bus_command(union cmd *cmd, const char *name, __u64 flags);
/* Opens <dir>/control. */
int control_open(const char *dir);

/* Makes an endpoint; its path goes to @path. Returns the owner's descriptor. */
int endpoint_try(struct bus *bus, const char *name, __u64 flags, char path[240]);
int endpoint_new(struct bus *bus, const char *name, __u64 flags, char path[240]);

/* peers */

struct peer {
	int fd;
	__u64 id;
	__u64 flags;
	__u64 pool_size;
	const __u8 *pool;
	struct kdbus_cmd_recv last;	/* the answer to the last RECV */
	union cmd *hello;		/* as it came back */
};

struct peer_options {
	const char *path;	/* instead of the bus's default endpoint */
	__u64 flags;		/* KDBUS_HELLO_* */
	__u64 pool;		/* 1 MiB */
	__u64 send, recv;	/* attach flags */
	const char *name;	/* of an activator or policy holder */
	const char *description;
	struct kdbus_policy_access access;	/* if its type is set */
	unsigned uid;		/* opens the file as this user; 0 stays root */
	bool keep;		/* leave the slice of HELLO in the pool */
	union cmd *extra;	/* items of this command are added */
};

int peer_try(struct bus *bus, struct peer_options options, struct peer **out_peer);
struct peer *peer_make(struct bus *bus, struct peer_options options);
#define peer_new(bus, ...) peer_make(bus, (struct peer_options){ __VA_ARGS__ })
#define activator_new(bus, n, ...) \
	peer_new(bus, .flags = KDBUS_HELLO_ACTIVATOR, .name = n, ##__VA_ARGS__)
#define monitor_new(bus, ...) peer_new(bus, .flags = KDBUS_HELLO_MONITOR, ##__VA_ARGS__)
#define holder_new(bus, n, ...) \
	peer_new(bus, .flags = KDBUS_HELLO_POLICY_HOLDER, .name = n, ##__VA_ARGS__)
/* The last close: the connection ends. Also unmaps. NULL is fine. */
void peer_close(struct peer *peer);
int peer_byebye(struct peer *peer);
int peer_free(struct peer *peer, __u64 offset);
/* Whether poll() says so within @ms. */
bool peer_readable(struct peer *peer, int ms);
short poll_events(int fd);

/*
 * A handle and a command that succeeds on it: a message waits for RECV, a name
 * for NAME_RELEASE and so on.
 */
struct ready {
	const struct command *command;
	struct peer *peer;	/* NULL for setup commands */
	int fd;
	union cmd cmd, msg;
};

void ready_init(struct ready *ready, struct bus *bus, const struct command *command);
void ready_deinit(struct ready *ready);
int ready_call(struct ready *ready);

/* sending */

/* An ordinary message without items. */
void msg_init(union cmd *msg, __u64 dst, __u64 cookie);
/* A signal to everybody with a filter of 64 zero bytes. */
void msg_broadcast(union cmd *msg, __u64 cookie);
void msg_request(union cmd *msg, __u64 dst, __u64 cookie, __u64 timeout_ns);
void msg_reply(union cmd *msg, __u64 dst, __u64 cookie, __u64 cookie_reply);
void msg_vec(union cmd *msg, const void *data, __u64 size);
void msg_memfd(union cmd *msg, int fd, __u64 start, __u64 size);
void msg_fds(union cmd *msg, const int *fds, size_t n_fds);
/* A filter whose words are all @word. */
void msg_filter(union cmd *msg, __u64 generation, __u64 word);
#define msg_name(msg, name) cmd_text(msg, KDBUS_ITEM_DST_NAME, name)

int send_cmd(int fd, struct kdbus_cmd_send *cmd, __u64 flags, union cmd *msg);
int send_msg(struct peer *peer, union cmd *msg);
int send_to(struct peer *peer, __u64 dst, __u64 cookie);
int send_name(struct peer *peer, const char *name, __u64 cookie);
int send_broadcast(struct peer *peer, __u64 cookie);
/* A request with a deadline 10 seconds away. */
int send_request(struct peer *peer, __u64 dst, __u64 cookie);
int send_request_name(struct peer *peer, const char *name, __u64 cookie);
int send_reply(struct peer *peer, __u64 dst, __u64 cookie, __u64 cookie_reply);
/* A message with @size payload bytes and nothing else. */
int send_bytes(struct peer *peer, __u64 dst, __u64 cookie, __u64 size);
/* A sealed memfd of @size bytes, each (byte)(its position). */
int memfd_new(__u64 size);
int memfd_with_seals(__u64 size, int seals);

/* A synchronous call made by a thread of its own. */
struct sync_call {
	struct peer *peer;
	unsigned long number;	/* KDBUS_CMD_SEND */
	union cmd msg;
	union cmd cmd;		/* SEND; items may be added before the start */
	int result;
	pthread_t thread;
	pid_t tid;
};

void sync_init(struct sync_call *sync, struct peer *peer, __u64 dst, __u64 cookie, __u64 timeout_ns);
void sync_start(struct sync_call *sync);
/* Returns the result of SEND. */
int sync_join(struct sync_call *sync);
struct sync_call *sync_new(struct peer *peer, __u64 dst, __u64 cookie);

/* receiving */

/* RECV; peer->last has the answer. */
int recv_cmd(struct peer *peer, __u64 flags, __s64 priority);
/* Takes the next message; NULL if there is none. It stays in the pool. */
const struct kdbus_msg *recv_msg(struct peer *peer);
const struct kdbus_msg *peer_msg(struct peer *peer, __u64 offset);
#define expect_message(peer, cookie) expect_message_(__FILE__, __LINE__, peer, cookie)
const struct kdbus_msg *expect_message_(const char *where, int line, struct peer *peer, __u64 cookie);
#define expect_nothing(peer) expect_nothing_(__FILE__, __LINE__, peer)
void expect_nothing_(const char *where, int line, struct peer *peer);
/* Throws away what is queued; returns how many messages that were. */
unsigned drain(struct peer *peer);

const struct kdbus_item *item_next(const struct kdbus_item *item);
/* NULL at the end. */
const struct kdbus_item *item_first(const struct kdbus_msg *msg);
bool item_is_inside(const struct kdbus_item *item, const void *object, __u64 size);
#define for_each_item(item, object)                                     \
	for (item = (object)->items; item_is_inside(item, object, (object)->size); \
	     item = item_next(item))
const struct kdbus_item *item_find(const struct kdbus_msg *msg, __u64 type);
const struct kdbus_item *info_find(const struct kdbus_info *info, __u64 type);
/* "2 5 1000": the types in hex, in a static buffer. */
const char *item_types(const void *object, const struct kdbus_item *items, __u64 size);
const char *msg_types(const struct kdbus_msg *msg);
/* All payload of a message as one stream, zeroes filled in. Static buffer. */
const __u8 *msg_payload(const struct kdbus_msg *msg, __u64 *out_size);

/* The whole layout is compared, not only the arguments. */
#define expect_id_notice(peer, type, id, flags) expect_id_notice_(__FILE__, __LINE__, peer, type, id, flags)
void expect_id_notice_(const char *where, int line, struct peer *peer, __u64 type, __u64 id, __u64 flags);
#define expect_name_notice(peer, type, ...) \
	expect_name_notice_(__FILE__, __LINE__, peer, type, __VA_ARGS__)
void expect_name_notice_(const char *where, int line, struct peer *peer, __u64 type, __u64 old_id, __u64 old_flags,
			 __u64 new_id, __u64 new_flags, const char *name);
#define expect_reply_notice(peer, type, cookie) expect_reply_notice_(__FILE__, __LINE__, peer, type, cookie)
void expect_reply_notice_(const char *where, int line, struct peer *peer, __u64 type, __u64 cookie);

/* matches */

int match_cmd(struct peer *peer, __u64 cookie, __u64 flags, __u64 type, const void *payload, size_t size);
int match_all(struct peer *peer, __u64 cookie);
int match_u64(struct peer *peer, __u64 cookie, __u64 type, __u64 value);
int match_name(struct peer *peer, __u64 cookie, const char *name);
/* @name may be NULL. */
int match_name_change(struct peer *peer, __u64 cookie, __u64 type, __u64 old_id, __u64 new_id, const char *name);
int match_id_change(struct peer *peer, __u64 cookie, __u64 type, __u64 id);
int match_remove(struct peer *peer, __u64 cookie);
/* All NAME_* notifications, and nothing else. */
void match_names(struct peer *peer);
/* All ID_* notifications, and nothing else. */
void match_ids(struct peer *peer);

/* names, lists, records */

/* @out_flags gets return_flags, whatever the result; it may be NULL. */
int name_acquire(struct peer *peer, const char *name, __u64 flags, __u64 *out_flags);
int name_release(struct peer *peer, const char *name);
/*
 * What LIST says about one connection: "a.b:20 c.d:c", the flags in hex, "-"
 * for a record without a name, "" for none. The slice is freed.
 */
const char *list_text(struct peer *peer, __u64 flags, __u64 id);
/* CONN_INFO by id, or by name when @name is set. The record stays in the pool. */
int conn_info(struct peer *peer, __u64 id, const char *name, __u64 attach, const struct kdbus_info **out_info);
int creator_info(struct peer *peer, __u64 attach, const struct kdbus_info **out_info);
int update_attach(struct peer *peer, __u64 type, __u64 flags);

/* users, processes, time */

#define UID_A 1001
#define UID_B 1002
#define UID_C 1003

/* Effective and real ids of this process; 0 goes back to root. */
void become(unsigned uid);
/* Drops to @uid for good. */
void become_for_good(unsigned uid);
/* What the kernel takes for our command line; @text stays where it is. */
void command_line_set(const char *text, size_t size);
/* fork() that flushes; in the child the test's result still counts. */
pid_t child_start(void);
_Noreturn void child_exit(void);
/* Waits; a signal or a status other than 0 is a failure of the test. */
void child_join(pid_t pid);
/* A child in a new user namespace whose root is @uid outside. */
int userns_enter(unsigned uid);
/* A one-way gate between threads or processes. */
struct gate { int pipe[2]; };
void gate_init(struct gate *gate);
void gate_open(struct gate *gate);
void gate_wait(struct gate *gate);

__u64 now_ns(void);
void sleep_ms(unsigned ms);
/* A line of /proc/meminfo in KiB. */
long meminfo(const char *key);
/* Lets the kernel give back what it only keeps, pages of pools too. */
void drop_caches(void);
/* "open" descriptors of this process. */
unsigned count_fds(void);
