/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our verdicts beside those of dbus-daemon: the same random policies, the same
 * messages, sent for real over a private daemon.
 */

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/message.h"
#include "lib/name.h"
#include "proxy/config.h"

#define ROUNDS 60
#define MESSAGES 40

/* words rules and messages are made of; "" leaves the thing out */
static const char *const interfaces[] = { "org.a.I", "org.a.J", "" };
static const char *const members[] = { "M", "N" };
static const char *const paths[] = { "/a", "/a/b" };
static const char *const errors[] = { "org.a.E", "org.a.F" };
static const char *const names[] = { "org.a.B", "org.a.B.C", "org.a.Bx",
				     "org.z.Q" };

#define PICK(list) list[rand() % KB_ARRAY_SIZE(list)]

/**
 * struct bus - a private daemon
 */
struct bus {
	char directory[32];
	char config[64];
	char address[64];
	pid_t pid;
};

/**
 * struct end - one client of it, written on the bare socket
 */
struct end {
	int fd;
	uint32_t serial;
	char name[64];
	struct kb_buffer in;
	size_t in_start;
	const char *owned[KB_ARRAY_SIZE(names)];
	size_t n_owned;
};

/* policies */

static void rule_add(char *rule, const char *name, const char *value)
{
	sprintf(rule + strlen(rule), " %s='%s'", name,
		*value ? value : "*");
}

static bool chance(int percent)
{
	return rand() % 100 < percent;
}

/*
 * A rule about messages. @with_names: also about who the other side is; those
 * are looked at once for each receiver of a broadcast there, and once for all
 * here.
 */
static void make_message_rule(char *rule, bool send, bool with_names)
{
	static const char *const types[] = { "method_call", "method_return",
					     "error", "signal", "*" };
	const char *prefix = send ? "send_" : "receive_";
	char name[64];

#define ADD(attribute, value)                                       \
	do {                                                        \
		snprintf(name, sizeof(name), "%s" attribute, prefix); \
		rule_add(rule, name, value);                        \
	} while (0)

	/* the daemon refuses some combinations, and then starts not at all */
	ADD("type", PICK(types));
	if (chance(15)) {
		ADD("error", PICK(errors));
	} else {
		bool interface = chance(40), path = chance(25);

		if (interface)
			ADD("interface", PICK(interfaces));
		if (path)
			ADD("path", PICK(paths));
		if ((interface || path) && chance(40))
			ADD("member", PICK(members));
	}
	if (chance(30))
		ADD("requested_reply", chance(50) ? "true" : "false");
	if (with_names && chance(40)) {
		if (send && chance(40))
			rule_add(rule, "send_destination_prefix", PICK(names));
		else
			rule_add(rule, send ? "send_destination" :
					      "receive_sender",
				 PICK(names));
	}
	if (send && !strstr(rule, "destination") && chance(20))
		ADD("broadcast", chance(50) ? "true" : "false");
	if (chance(10))
		rule_add(rule, "eavesdrop", chance(50) ? "true" : "false");
#undef ADD
}

static void make_own_rule(char *rule)
{
	if (chance(40))
		rule_add(rule, "own_prefix", PICK(names));
	else
		rule_add(rule, "own", chance(20) ? "*" : PICK(names));
}

static void make_rules(FILE *file, const char *policy, int n, bool with_names)
{
	fprintf(file, "  <policy %s>\n", policy);
	while (n-- > 0) {
		char rule[1024] = "";

		if (chance(20))
			make_own_rule(rule);
		else
			make_message_rule(rule, chance(60), with_names);
		fprintf(file, "    <%s%s/>\n", chance(55) ? "allow" : "deny",
			rule);
	}
	fputs("  </policy>\n", file);
}

/* Whatever else is said, both ends can talk to the daemon. */
static void make_policy(const struct bus *bus, bool with_names)
{
	FILE *file = fopen(bus->config, "we");

	cr_assert_not_null(file);
	fprintf(file,
		"<busconfig>\n  <type>session</type>\n"
		"  <listen>%s</listen>\n",
		bus->address);
	make_rules(file, "context='mandatory'", rand() % 4, with_names);
	make_rules(file, "user='0'", rand() % 5, with_names);
	make_rules(file, "context='default'", 2 + rand() % 8, with_names);
	make_rules(file, "group='0'", rand() % 4, with_names);
	make_rules(file, "user='4242'", rand() % 4, with_names);
	fputs("  <policy context='mandatory'>\n"
	      "    <allow send_destination='org.freedesktop.DBus'/>\n"
	      "    <allow receive_sender='org.freedesktop.DBus'/>\n"
	      "    <allow user='*'/>\n"
	      "  </policy>\n</busconfig>\n",
	      file);
	fclose(file);
}

/* the daemon */

static bool bus_is_up(const struct bus *bus)
{
	const char *path = bus->address + strlen("unix:path=");

	for (int i = 0; i < 500; i++) {
		if (access(path, F_OK) == 0)
			return true;
		if (waitpid(bus->pid, NULL, WNOHANG) == bus->pid)
			return false;
		usleep(10000);
	}
	return false;
}

static void bus_init(struct bus *bus, bool with_names)
{
	strcpy(bus->directory, "/tmp/kdbus-ref-XXXXXX");
	cr_assert_not_null(mkdtemp(bus->directory));
	sprintf(bus->config, "%s/bus.conf", bus->directory);
	sprintf(bus->address, "unix:path=%s/bus", bus->directory);
	make_policy(bus, with_names);

	bus->pid = fork();
	cr_assert_geq(bus->pid, 0);
	if (bus->pid == 0) {
		char option[128];

		snprintf(option, sizeof(option), "--config-file=%s",
			 bus->config);
		/* it must not outlive a test that fails */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		(void)!freopen("/dev/null", "w", stdout);
		(void)!freopen("/dev/null", "w", stderr);
		execlp("dbus-daemon", "dbus-daemon", option, "--nofork",
		       "--nopidfile", "--nosyslog", NULL);
		_exit(127);
	}
	cr_assert(bus_is_up(bus), "dbus-daemon does not start with %s",
		  bus->config);
}

static void bus_deinit(struct bus *bus)
{
	char path[96];

	kill(bus->pid, SIGTERM);
	waitpid(bus->pid, NULL, 0);
	unlink(bus->config);
	snprintf(path, sizeof(path), "%s/bus", bus->directory);
	unlink(path);
	rmdir(bus->directory);
}

/* its clients */

static void end_write(struct end *end, const void *data, size_t size)
{
	cr_assert_eq(send(end->fd, data, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void end_read_more(struct end *end)
{
	struct pollfd poll_fd = { .fd = end->fd, .events = POLLIN };
	char bytes[16384];
	ssize_t n;

	cr_assert_eq(poll(&poll_fd, 1, 10000), 1, "no answer");
	n = recv(end->fd, bytes, sizeof(bytes), 0);
	cr_assert_gt(n, 0, "the daemon hung up");
	cr_assert_eq(kb_buffer_append(&end->in, bytes, n), 0);
}

/* The next message; it borrows from end->in, which only grows. */
static struct kb_message *end_receive(struct end *end)
{
	struct kb_message *message;
	int64_t size;
	void *copy;

	while (end->in.size - end->in_start < 16)
		end_read_more(end);
	size = kb_message_size_dbus1(end->in.data + end->in_start);
	cr_assert_gt(size, 0);
	while (end->in.size - end->in_start < (size_t)size)
		end_read_more(end);

	copy = malloc(size);
	memcpy(copy, end->in.data + end->in_start, size);
	end->in_start += size;
	cr_assert_eq(kb_message_decode_dbus1(copy, size, NULL, 0, &message), 0);
	cr_assert_eq(kb_message_own(message, copy), 0);
	return message;
}

static uint32_t end_send(struct end *end, struct kb_message *message)
{
	struct kb_buffer bytes = { 0 };

	message->cookie = ++end->serial;
	cr_assert_eq(kb_message_encode_dbus1(message, &bytes), 0);
	end_write(end, bytes.data, bytes.size);
	kb_buffer_deinit(&bytes);
	return end->serial;
}

/*
 * Calls the daemon and waits.  What arrives before the answer was sent before
 * the call was handled; if it has one of @serials, that is marked.
 */
struct arrival {
	uint32_t serial;
	const char *sender;
	bool arrived;
};

static struct kb_message *end_call(struct end *end, const char *member,
				   const char *string, struct arrival *arrival)
{
	struct kb_message *call, *message;
	uint32_t serial;

	cr_assert_eq(kb_message_new_call(KB_DRIVER_NAME, KB_DRIVER_PATH,
					 KB_DRIVER_INTERFACE, member, &call),
		     0);
	if (string && kb_streq(member, "RequestName"))
		kb_message_append(call, "su", string, 4);
	else if (string)
		kb_message_append(call, "s", string);
	serial = end_send(end, call);
	kb_message_unref(call);

	while (message = end_receive(end), message->reply_cookie != serial) {
		if (arrival && message->sender &&
		    kb_streq(message->sender, arrival->sender) &&
		    message->cookie == arrival->serial)
			arrival->arrived = true;
		kb_message_unref(message);
	}
	return message;
}

static void end_init(struct end *end, const struct bus *bus)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char line[256], hex[64] = "", uid[16];
	struct kb_message *reply;
	const char *name;

	*end = (struct end){ 0 };
	strcpy(address.sun_path, bus->address + strlen("unix:path="));
	end->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(connect(end->fd, (struct sockaddr *)&address,
			     sizeof(address)),
		     0);
	snprintf(uid, sizeof(uid), "%u", geteuid());
	for (char *c = uid; *c; c++)
		sprintf(hex + strlen(hex), "%02x", *c);
	end_write(end, "", 1);
	snprintf(line, sizeof(line), "AUTH EXTERNAL %s\r\n", hex);
	end_write(end, line, strlen(line));
	while (!memmem(end->in.data ?: (void *)"", end->in.size, "\r\n", 2))
		end_read_more(end);
	cr_assert_eq(memcmp(end->in.data, "OK ", 3), 0);
	end->in_start = end->in.size;
	end_write(end, "BEGIN\r\n", 7);

	reply = end_call(end, "Hello", NULL, NULL);
	cr_assert_eq(kb_message_read(reply, "s", &name), 0);
	strcpy(end->name, name);
	kb_message_unref(reply);
}

static void end_deinit(struct end *end)
{
	kb_close(end->fd);
	kb_buffer_deinit(&end->in);
}

/* comparing */

static struct policy_view *our_view(const struct bus *bus,
				    struct config **out_config)
{
	char *configs[] = { (char *)bus->config, NULL };
	struct policy_identity identity = { .uid = geteuid() };
	struct policy_view *view;
	gid_t gids[256];
	int n;

	n = getgroups(KB_ARRAY_SIZE(gids) - 1, gids);
	cr_assert_geq(n, 0);
	gids[n++] = getegid();
	identity.gids = gids;
	identity.n_gids = n;
	cr_assert_eq(config_load("user", configs, geteuid(), out_config), 0);
	cr_assert_eq((*out_config)->n_broken, 0);
	cr_assert_eq(policy_get_view((*out_config)->policy, &identity, &view),
		     0);
	return view;
}

static void explain(const struct bus *bus)
{
	char command[128];

	snprintf(command, sizeof(command), "cat %s >&2", bus->config);
	(void)!system(command);
}

/* Both ask for every name; who got it owns it from now on. */
static unsigned int compare_owning(const struct bus *bus, struct end *end,
				   const struct policy_view *view)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(names); i++) {
		struct kb_message *reply;
		bool theirs, ours = policy_view_may_own(view, names[i], NULL);

		reply = end_call(end, "RequestName", names[i], NULL);
		theirs = reply->type == KB_METHOD_RETURN;
		if (ours != theirs)
			explain(bus);
		cr_assert_eq(ours, theirs, "own %s: we say %d", names[i], ours);
		kb_message_unref(reply);
		if (!theirs)
			continue;
		/* half of them are kept */
		if (chance(50)) {
			end->owned[end->n_owned++] = names[i];
		} else {
			reply = end_call(end, "ReleaseName", names[i], NULL);
			kb_message_unref(reply);
		}
	}
	return KB_ARRAY_SIZE(names);
}

static struct kb_message *make_message(const struct end *to, bool broadcast)
{
	const char *interface = PICK(interfaces);
	struct kb_message *message;

	if (broadcast || chance(40)) {
		kb_message_new_signal(PICK(paths),
				      *interface ? interface : "org.a.I",
				      PICK(members), &message);
		if (!broadcast)
			kb_message_set(message, KB_FIELD_DESTINATION, to->name);
	} else {
		kb_message_new_call(to->name, PICK(paths),
				    *interface ? interface : NULL,
				    PICK(members), &message);
	}
	return message;
}

static bool our_verdict(const struct policy_view *view,
			const struct kb_message *message,
			const struct end *from, const struct end *to)
{
	struct policy_message question = {
		.type = message->type,
		.path = message->path,
		.interface = message->interface,
		.member = message->member,
		.error = message->error_name,
		.broadcast = message->type == KB_SIGNAL &&
			     !message->destination,
		.is_reply = message->reply_cookie,
		.names = to->owned,
		.n_names = question.broadcast ? 0 : to->n_owned,
	};

	if (!policy_view_may_send(view, &question, NULL))
		return false;
	question.names = from->owned;
	question.n_names = from->n_owned;
	return policy_view_may_receive(view, &question, NULL);
}

/* Sends one and looks whether it arrives; the message's serial if it did. */
static uint32_t compare_message(const struct bus *bus, struct end *from,
				struct end *to, const struct policy_view *view,
				struct kb_message *message)
{
	bool ours = our_verdict(view, message, from, to);
	struct arrival arrival = { .sender = from->name };

	arrival.serial = end_send(from, message);
	kb_message_unref(end_call(from, "GetId", NULL, NULL));
	kb_message_unref(end_call(to, "GetId", NULL, &arrival));
	if (ours != arrival.arrived)
		explain(bus);
	cr_assert_eq(ours, arrival.arrived,
		     "type %u path %s interface %s member %s error %s: we say %d",
		     message->type, message->path, message->interface,
		     message->member, message->error_name, ours);
	return arrival.arrived ? arrival.serial : 0;
}

/* A call that arrived is answered, with one thing or the other. */
static unsigned int compare_reply(const struct bus *bus, struct end *from,
				  struct end *to,
				  const struct policy_view *view,
				  uint32_t serial)
{
	struct kb_message *reply;

	kb_message_new(chance(50) ? KB_METHOD_RETURN : KB_ERROR, &reply);
	reply->reply_cookie = serial;
	kb_message_set(reply, KB_FIELD_DESTINATION, from->name);
	if (reply->type == KB_ERROR)
		kb_message_set(reply, KB_FIELD_ERROR_NAME, PICK(errors));
	compare_message(bus, to, from, view, reply);
	kb_message_unref(reply);
	return 1;
}

static unsigned int compare(unsigned int round)
{
	bool with_names = round % 2;
	struct policy_view *view;
	struct config *config;
	struct end a, b;
	struct bus bus;
	unsigned int n;

	bus_init(&bus, with_names);
	view = our_view(&bus, &config);
	end_init(&a, &bus);
	end_init(&b, &bus);
	n = compare_owning(&bus, &a, view);
	kb_message_unref(end_call(&b, "AddMatch", "type='signal',path_namespace='/a'", NULL));
	for (int i = 0; i < MESSAGES; i++) {
		bool broadcast = !with_names && chance(30);
		struct end *from = broadcast || chance(50) ? &a : &b;
		struct end *to = from == &a ? &b : &a;
		struct kb_message *message = make_message(to, broadcast);
		uint32_t serial;

		serial = compare_message(&bus, from, to, view, message);
		n++;
		if (serial && message->type == KB_METHOD_CALL)
			n += compare_reply(&bus, from, to, view, serial);
		kb_message_unref(message);
	}
	end_deinit(&a);
	end_deinit(&b);
	policy_view_unref(view);
	config_free(config);
	bus_deinit(&bus);
	return n;
}

Test(policy_reference, says_the_same_of_random_policies, .timeout = 300)
{
	const char *seed = getenv("SEED");
	unsigned int n = 0;

	if (system("dbus-daemon --version >/dev/null 2>&1") != 0)
		cr_skip_test("needs dbus-daemon");
	srand(seed ? atoi(seed) : 1);
	for (unsigned int round = 0; round < ROUNDS; round++)
		n += compare(round);
	cr_expect_geq(n, 2000);
	cr_log_info("%u verdicts", n);
}
