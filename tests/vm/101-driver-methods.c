// SPDX-License-Identifier: LGPL-2.1-or-later
/* The driver's other methods: credentials, match rules, properties, errors. */
#include <grp.h>
#include <signal.h>

#include "tests/vm/services.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define STATS "org.freedesktop.DBus.Debug.Stats"
#define MONITORING "org.freedesktop.DBus.Monitoring"

static struct bus *bus;
static struct kb_conn *a, *b;

static void setup(void)
{
	bus = bus_new(.flags = KDBUS_MAKE_ACCESS_WORLD);
	driver_start(bus, NULL);
	a = client_new(bus);
	b = client_new(bus);
}

/* everything that has a path and an interface of its own */
#define ask_object(conn, interface, member, ...) \
	ask(conn, DRIVER, KB_DRIVER_PATH, interface, member, __VA_ARGS__)

/* credentials */

static const char *credentials(struct kb_conn *conn, const char *of)
{
	return ask_driver(conn, "GetConnectionCredentials", "s", of);
}

static bool has(const char *text, const char *format, ...)
{
	char part[300];
	va_list args;

	va_start(args, format);
	vsnprintf(part, sizeof(part), format, args);
	va_end(args);
	if (strstr(text, part))
		return true;
	test_note("no %s in %s", part, text);
	return false;
}

TEST("credentials of a native connection are those of its maker")
{
	gid_t groups[] = { 30, 20, 30 };
	struct kb_conn *other;
	char text[100];

	setup();
	must_sys(setgroups(3, groups));
	must_sys(setegid(7));
	must_sys(seteuid(UID_A));
	must(kb_conn_open(bus_address(bus), NULL, &other));
	must_sys(seteuid(0));
	must_sys(setegid(0));

	expect(has(credentials(a, other->unique_name), "\"UnixUserID\" u %u", UID_A));
	expect(has(credentials(a, other->unique_name), "\"ProcessID\" u %d", getpid()));
	expect(has(credentials(a, other->unique_name), "\"UnixGroupIDs\" au 3 7 20 30"));
	expect(has(credentials(a, other->unique_name), "\"org.kdbus.EffectiveCapabilities\" as 0"));
	expect(has(credentials(a, a->unique_name), "\"cap_ipc_owner\""));
	expect(has(credentials(a, a->unique_name), "\"org.kdbus.CommandLine\" as"));
	snprintf(text, sizeof(text), "u %u", UID_A);
	expect_text(ask_driver(a, "GetConnectionUnixUser", "s", other->unique_name), text);
	snprintf(text, sizeof(text), "u %d", getpid());
	expect_text(ask_driver(a, "GetConnectionUnixProcessID", "s", other->unique_name), text);
	expect_error(ask_driver(a, "GetAdtAuditSessionData", "s", a->unique_name), "AdtAuditDataUnknown");
}

TEST("credentials of an impersonated connection are those of who it stands for")
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	struct kdbus_creds creds = { UID_B, UID_B, UID_B, UID_B, 5, 5, 5, 5 };
	struct kdbus_pids pids = { .pid = getppid() };
	struct kb_conn *proxied, *unknown;
	char text[100];

	setup();
	options.creds = &creds;
	options.pids = &pids;
	must(kb_conn_open(bus_address(bus), &options, &proxied));
	expect(has(credentials(a, proxied->unique_name), "\"UnixUserID\" u %u", UID_B));
	expect(has(credentials(a, proxied->unique_name), "\"ProcessID\" u %d", getppid()));
	expect(!strstr(credentials(a, proxied->unique_name), "UnixGroupIDs"));
	snprintf(text, sizeof(text), "u %u", UID_B);
	expect_text(ask_driver(proxied, "GetConnectionUnixUser", "s", proxied->unique_name), text);
	/* it is not root, whoever executes it */
	expect_error(ask_driver(proxied, "ReloadConfig", ""), "AccessDenied");

	memset(&creds, 0xff, sizeof(creds));
	creds = (struct kdbus_creds){ ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u };
	pids = (struct kdbus_pids){};
	must(kb_conn_open(bus_address(bus), &options, &unknown));
	expect_error(ask_driver(a, "GetConnectionUnixUser", "s", unknown->unique_name), "Failed");
	expect_error(ask_driver(a, "GetConnectionUnixProcessID", "s", unknown->unique_name),
		     "UnixProcessIdUnknown");
	expect(!strstr(credentials(a, unknown->unique_name), "UnixUserID"));
	expect(!strstr(credentials(a, unknown->unique_name), "ProcessID"));
}

/* The process that a descriptor in the answer stands for; 0 without one. */
static pid_t process_fd(struct kb_conn *conn, const char *of)
{
	struct kb_message *call, *reply;
	char path[40], line[100];
	int pid = 0;
	FILE *file;

	must(kb_message_new_call(DRIVER, KB_DRIVER_PATH, NULL, "GetConnectionCredentials", &call));
	must(kb_message_append(call, "s", of));
	must(kb_conn_call(conn, call, 0, &reply));
	expect_eq(reply->type, KB_METHOD_RETURN);
	expect(reply->n_fds <= 1);
	if (reply->n_fds) {
		sprintf(path, "/proc/self/fdinfo/%d", reply->fds[0]);
		file = fopen(path, "re");
		while (expect(file) && fgets(line, sizeof(line), file))
			if (sscanf(line, "Pid: %d", &pid) == 1)
				break;
		fclose(file);
	}
	kb_message_unref(call);
	kb_message_unref(reply);
	return pid;
}

TEST("ProcessFD is the process that made the connection, as long as it lives")
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	struct kdbus_pids pids = {};
	struct kb_conn *other;
	struct gate gate;

	setup();
	expect_eq(process_fd(a, b->unique_name), getpid());
	expect(has(credentials(a, b->unique_name), "\"ProcessFD\" h 0"));
	expect(has(credentials(a, b->unique_name), "\"org.kdbus.StartTime\" t "));
	expect_eq(process_fd(a, DRIVER), owner_pid(a, DRIVER));

	gate_init(&gate);
	pids.pid = child_start();
	if (!pids.pid) {
		gate_wait(&gate);
		child_exit();
	}
	options.pids = &pids;
	must(kb_conn_open(bus_address(bus), &options, &other));
	expect_eq(process_fd(a, other->unique_name), pids.pid);
	gate_open(&gate);
	child_join(pids.pid);
	expect_eq(process_fd(a, other->unique_name), 0);
	expect(has(credentials(a, other->unique_name), "\"ProcessID\" u %d", (int)pids.pid));
	expect(!strstr(credentials(a, other->unique_name), "ProcessFD"));
	expect(!strstr(credentials(a, other->unique_name), "StartTime"));
}

TEST("who takes no descriptor, or has no room for one, hears the rest")
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	struct kb_message *message;
	struct kb_conn *plain;

	setup();
	options.flags = 0;
	must(kb_conn_open(bus_address(bus), &options, &plain));
	expect_eq(process_fd(plain, b->unique_name), 0);
	expect(has(credentials(plain, b->unique_name), "\"ProcessID\" u %d", getpid()));
	expect(has(credentials(plain, b->unique_name), "\"org.kdbus.StartTime\" t "));

	/* 16 descriptors of our user, which is the driver's too, wait there */
	must(kb_message_new_call(b->unique_name, "/x", "x.y", "M", &message));
	message->flags |= KB_NO_REPLY_EXPECTED;
	for (unsigned i = 0; i < 16; i++)
		must(kb_message_add_fd(message, dup(0), NULL));
	must(kb_conn_send(a, message));
	kb_message_unref(message);
	expect(has(credentials(b, a->unique_name), "\"ProcessID\" u %d", getpid()));
	expect(!strstr(credentials(b, a->unique_name), "ProcessFD"));
	expect_eq(process_fd(a, b->unique_name), getpid());
}

/* match rules */

static void emit(struct kb_conn *conn, const char *member)
{
	struct kb_message *signal;

	must(kb_message_new_signal("/x", "x.y", member, &signal));
	must(kb_conn_send(conn, signal));
	kb_message_unref(signal);
}

/* How many messages wait; they are taken. */
static unsigned received(struct kb_conn *conn)
{
	struct kb_message *message;
	unsigned n = 0;

	while (kb_conn_recv(conn, &message) >= 0) {
		kb_message_unref(message);
		n++;
	}
	return n;
}

static void kill_driver(void)
{
	pid_t pid = owner_pid(a, DRIVER);

	kill(pid, SIGKILL);
	wait_owned(a, DRIVER, false);
}

#define RULE "type='signal',member='M'"

TEST("a rule added twice has to be removed twice")
{
	setup();
	emit(a, "M");
	expect_eq(received(b), 0);
	expect_text(ask_driver(b, "AddMatch", "s", RULE), "");
	expect_text(ask_driver(b, "AddMatch", "s", "member=M,type='signal'"), "");
	emit(a, "M");
	emit(a, "Other");
	expect_eq(received(b), 1);
	expect_text(ask_driver(b, "RemoveMatch", "s", RULE), "");
	emit(a, "M");
	expect_eq(received(b), 1);
	expect_text(ask_driver(b, "RemoveMatch", "s", RULE), "");
	emit(a, "M");
	expect_eq(received(b), 0);
	expect_error(ask_driver(b, "RemoveMatch", "s", RULE), "MatchRuleNotFound");
}

TEST("a new driver knows how often an old one added a rule")
{
	setup();
	for (unsigned i = 0; i < 3; i++) {
		expect_text(ask_driver(b, "AddMatch", "s", RULE), "");
		kill_driver();
	}
	for (unsigned i = 0; i < 3; i++) {
		emit(a, "M");
		expect_eq(received(b), 1);
		expect_text(ask_driver(b, "RemoveMatch", "s", RULE), "");
		if (i)
			kill_driver();
	}
	emit(a, "M");
	expect_eq(received(b), 0);
	expect_error(ask_driver(b, "RemoveMatch", "s", RULE), "MatchRuleNotFound");
}

TEST("a rule for NameOwnerChanged lets the kernel's notifications through")
{
	setup();
	expect_text(ask_driver(b, "AddMatch", "s", "member='NameOwnerChanged',arg0='x.y'"), "");
	expect_text(ask_driver(a, "RequestName", "su", "x.y", 0), "u 1");
	expect_text(ask_driver(a, "RequestName", "su", "x.z", 0), "u 1");
	expect_eq(received(b), 1);
	expect_text(ask_driver(b, "RemoveMatch", "s", "member='NameOwnerChanged',arg0='x.y'"), "");
	expect_text(ask_driver(a, "ReleaseName", "s", "x.y"), "u 1");
	expect_eq(received(b), 0);
}

TEST("bad rules have their errors")
{
	static const char *const bad[] = {
		"type", "type='x'", "nothing='x'", "arg64='x'", "arg01='x'", "path='x'", "member=''",
		"path='/a',path_namespace='/b'", "type='signal',type='signal'", "interface='x'", "arg0='x",
	};
	char longer[1100];

	setup();
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		test_case("%s", bad[i]);
		expect_error(ask_driver(a, "AddMatch", "s", bad[i]), "MatchRuleInvalid");
		expect_error(ask_driver(a, "RemoveMatch", "s", bad[i]), "MatchRuleInvalid");
	}
	test_case("long");
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, "arg0='", 6);
	strcpy(longer + sizeof(longer) - 2, "'");
	expect_error(ask_driver(a, "AddMatch", "s", longer), "LimitsExceeded");
	test_case("empty");
	expect_text(ask_driver(a, "AddMatch", "s", ""), "");
	expect_text(ask_driver(a, "RemoveMatch", "s", ""), "");
	test_case("eavesdrop");
	expect_text(ask_driver(a, "AddMatch", "s", "eavesdrop='true'"), "");
	become(UID_A);
	expect_error(ask_driver(a, "AddMatch", "s", "eavesdrop='true'"), "AccessDenied");
	become(0);
}

TEST("a client has at most 1024 rules, and takes them with it")
{
	char rule[64];

	setup();
	for (unsigned i = 0; i < 1024; i++) {
		snprintf(rule, sizeof(rule), "member='m%u'", i);
		if (!expect_text(ask_driver(b, "AddMatch", "s", rule), ""))
			break;
	}
	expect_error(ask_driver(b, "AddMatch", "s", "member='more'"), "LimitsExceeded");
	expect(has(ask_object(a, STATS, "GetStats", ""), "\"MatchRules\" u 1024"));
	kb_conn_unref(b);
	expect(has(ask_object(a, STATS, "GetStats", ""), "\"MatchRules\" u 0"));
	expect(has(ask_object(a, STATS, "GetStats", ""), "\"PeakMatchRulesPerConnection\" u 1024"));
}

/* who is gone */

TEST("a caller that dies before its answer does no harm")
{
	setup();
	expect_text(ask_driver(a, "GetNameOwner", "s", DRIVER), "s \"" DRIVER "\"");
	for (unsigned i = 0; i < 50; i++) {
		struct kb_conn *gone = client_new(bus);
		struct kb_message *call;

		/* stopped, so that the calls wait until the caller has gone */
		kill(owner_pid(a, DRIVER), SIGSTOP);
		must(kb_message_new_call(DRIVER, KB_DRIVER_PATH, KB_DRIVER_INTERFACE,
					 i % 2 ? "AddMatch" : "RequestName", &call));
		if (i % 2)
			must(kb_message_append(call, "s", "member='NameOwnerChanged'"));
		else
			must(kb_message_append(call, "su", "g.one", 0));
		must(kb_conn_send(gone, call));
		kb_message_unref(call);
		kb_conn_unref(gone);
		kill(owner_pid(a, DRIVER), SIGCONT);
	}
	expect_error(ask_driver(a, "GetNameOwner", "s", "g.one"), "NameHasNoOwner");
	expect(has(ask_object(a, STATS, "GetStats", ""), "\"MatchRules\" u 0"));
}

TEST("a call that wants no answer is carried out, and not answered")
{
	struct kb_message *call;

	setup();
	must(kb_message_new_call(DRIVER, KB_DRIVER_PATH, NULL, "RequestName", &call));
	must(kb_message_append(call, "su", "a.b", 0));
	call->flags |= KB_NO_REPLY_EXPECTED;
	must(kb_conn_send(b, call));
	expect(wait_owned(a, "a.b", true));
	expect_text(ask_driver(a, "NameHasOwner", "s", "a.b"), "b true");
	expect_eq(received(b), 0);
}

/* the rest */

TEST("unknown interfaces, methods and wrong arguments have their errors")
{
	setup();
	expect_error(ask_object(a, "x.y", "Hello", ""), "UnknownInterface");
	expect_error(ask_object(a, KB_DRIVER_INTERFACE, "Nothing", ""), "UnknownMethod");
	expect_error(ask(a, DRIVER, "/", NULL, "Nothing", ""), "UnknownMethod");
	expect_error(ask_driver(a, "Hello", "s", "x"), "InvalidArgs");
	expect_error(ask_driver(a, "GetNameOwner", ""), "InvalidArgs");
	expect_error(ask_driver(a, "RequestName", "s", "a.b"), "InvalidArgs");
	expect_error(ask_driver(a, "RequestName", "us", 1, "a.b"), "InvalidArgs");
	/* without an interface the first that has it is meant */
	expect(has(ask(a, DRIVER, "/any/path", NULL, "Hello", ""), "\":1."));
	expect_text(ask(a, DRIVER, "/any/path", NULL, "Ping", ""), "");
	expect(has(ask(a, DRIVER, KB_DRIVER_PATH, NULL, "GetAll", "s", KB_DRIVER_INTERFACE), "SystemdActivation"));
}

TEST("what belongs to the object is on the object only")
{
	setup();
	expect_error(ask(a, DRIVER, "/", PROPERTIES, "GetAll", "s", KB_DRIVER_INTERFACE), "AccessDenied");
	expect_error(ask(a, DRIVER, "/", STATS, "GetStats", ""), "AccessDenied");
	expect_error(ask(a, DRIVER, "/", MONITORING, "BecomeMonitor", "asu", NULL, 0), "AccessDenied");
	expect_error(ask(a, DRIVER, "/", KB_DRIVER_INTERFACE, "UpdateActivationEnvironment", "a{ss}", 0),
		     "AccessDenied");
	expect_text(ask(a, DRIVER, "/", KB_DRIVER_INTERFACE, "ReloadConfig", ""), "");
}

TEST("privileged methods are for root and the owner of the bus")
{
	setup();
	become(UID_A);
	expect_error(ask_driver(a, "ReloadConfig", ""), "AccessDenied");
	expect_error(ask_driver(a, "UpdateActivationEnvironment", "a{ss}", 0), "AccessDenied");
	expect_error(ask_object(a, STATS, "GetStats", ""), "AccessDenied");
	expect_error(ask_object(a, STATS, "GetConnectionStats", "s", DRIVER), "AccessDenied");
	expect_error(ask_object(a, STATS, "GetAllMatchRules", ""), "AccessDenied");
	/* privilege first, then flags, then rules */
	expect_error(ask_object(a, MONITORING, "BecomeMonitor", "asu", NULL, 1), "AccessDenied");
	become(0);
	expect_error(ask_object(a, MONITORING, "BecomeMonitor", "asu", (char *[]){ "x", NULL }, 1),
		     "InvalidArgs");
	expect_error(ask_object(a, MONITORING, "BecomeMonitor", "asu", (char *[]){ "x", NULL }, 0),
		     "MatchRuleInvalid");
	expect_error(ask_object(a, MONITORING, "BecomeMonitor", "asu", NULL, 0), "NotSupported");
	expect_text(ask_driver(a, "UpdateActivationEnvironment", "a{ss}", 0), "");
	expect_text(ask_driver(a, "ReloadConfig", ""), "");
}

TEST("the environment goes to the service manager, whose answer comes back")
{
	struct kb_message *call, *asked, *reply;
	char **variables;

	setup();
	expect_text(ask_driver(b, "RequestName", "su", "org.freedesktop.systemd1", 0), "u 1");
	for (unsigned i = 0; i < 2; i++) {
		must(kb_message_new_call(DRIVER, KB_DRIVER_PATH, NULL, "UpdateActivationEnvironment", &call));
		must(kb_message_append(call, "a{ss}", 3, "A", "b c", "9", "left out", "C", ""));
		must(kb_conn_send(a, call));
		must(kb_conn_wait(b, 10 * SEC));
		must(kb_conn_recv(b, &asked));
		expect_text(asked->member, "SetEnvironment");
		must(kb_message_read(asked, "as", &variables));
		expect_eq(kb_strv_length(variables), 2);
		expect_text(variables[0], "A=b c");
		expect_text(variables[1], "C=");
		if (i)
			must(kb_conn_reply_error(b, asked, "org.example.Why", "not today"));
		else
			must(kb_conn_reply_errno(b, asked, -EPERM, NULL));
		must(kb_conn_wait(a, 10 * SEC));
		must(kb_conn_recv(a, &reply));
		expect_eq(reply->reply_cookie, call->cookie);
		expect_text(reply->error_name, i ? "org.example.Why" : KB_ERROR_ACCESS_DENIED);
		kb_strv_free(variables);
		kb_message_unref(asked);
		kb_message_unref(reply);
		kb_message_unref(call);
	}
}

TEST("properties can be read, and not set")
{
	setup();
	expect_text(ask_object(a, PROPERTIES, "Get", "ss", KB_DRIVER_INTERFACE, "Features"),
		    "v as 1 \"SystemdActivation\"");
	expect_text(ask_object(a, PROPERTIES, "Get", "ss", KB_DRIVER_INTERFACE, "Interfaces"),
		    "v as 1 \"" STATS "\"");
	expect_error(ask_object(a, PROPERTIES, "Get", "ss", "x.y", "Features"), "UnknownInterface");
	expect_error(ask_object(a, PROPERTIES, "Get", "ss", KB_DRIVER_INTERFACE, "X"), "UnknownProperty");
	expect_error(ask_object(a, PROPERTIES, "GetAll", "s", "x.y"), "UnknownInterface");
	expect_error(ask_object(a, PROPERTIES, "Set", "ssv", KB_DRIVER_INTERFACE, "Features", "s", "x"),
		     "PropertyReadOnly");
	expect_error(ask_object(a, PROPERTIES, "Set", "ssv", KB_DRIVER_INTERFACE, "X", "s", "x"),
		     "UnknownProperty");
	expect_error(ask_object(a, PROPERTIES, "Set", "ssv", "x.y", "Features", "s", "x"), "UnknownInterface");
}

TEST("everything can be introspected, parents have a child, others nothing")
{
	setup();
	expect(has(ask(a, DRIVER, "/", NULL, "Introspect", ""), "<node name=\\\"org\\\"/>"));
	expect(has(ask(a, DRIVER, "/org", NULL, "Introspect", ""), "<node name=\\\"freedesktop\\\"/>"));
	expect(has(ask(a, DRIVER, "/org/freedesktop", NULL, "Introspect", ""), "<node name=\\\"DBus\\\"/>"));
	expect(!strstr(ask(a, DRIVER, "/x", NULL, "Introspect", ""), "name"));
	expect(!strstr(ask(a, DRIVER, "/or", NULL, "Introspect", ""), "name"));
	expect(has(ask(a, DRIVER, KB_DRIVER_PATH, NULL, "Introspect", ""), "name=\\\"RequestName\\\""));
}

TEST("GetId is the bus's, GetMachineId the machine's, statistics add up")
{
	char text[100] = "s \"";

	setup();
	for (unsigned i = 0; i < 16; i++)
		sprintf(text + strlen(text), "%02x", a->bus_id[i]);
	strcat(text, "\"");
	expect_text(ask_driver(a, "GetId", ""), text);
	expect_eq(strlen(ask(a, DRIVER, "/", NULL, "GetMachineId", "")), strlen("s \"\"") + 32);
	expect_text(ask_driver(a, "RequestName", "su", "a.b", 0), "u 1");
	expect(has(ask_object(a, STATS, "GetStats", ""), "\"ActiveConnections\" u 3"));
	/* three unique ones, ours, the driver's */
	expect(has(ask_object(a, STATS, "GetStats", ""), "\"BusNames\" u 5"));
	expect(has(ask_object(a, STATS, "GetConnectionStats", "s", "a.b"), "\"UniqueName\" s \"%s\"",
		   a->unique_name));
	expect(has(ask_object(a, STATS, "GetConnectionStats", "s", "a.b"), "\"BusNames\" u 1"));
	expect_error(ask_object(a, STATS, "GetConnectionStats", "s", "x.y"), "NameHasNoOwner");
	ask_driver(b, "AddMatch", "s", "member=x");
	expect(has(ask_object(a, STATS, "GetConnectionStats", "s", b->unique_name), "\"MatchRules\" u 1"));
	snprintf(text, sizeof(text), "a{sas} 1 \"%s\" 1 \"member='x'\"", b->unique_name);
	expect_text(ask_object(a, STATS, "GetAllMatchRules", ""), text);
}

TEST("statistics of a connection are what the kernel counts")
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	const char *stats;
	struct kb_conn *c;

	setup();
	options.pool_size = 64 << 10;
	must(kb_conn_open(bus_address(bus), &options, &c));
	stats = ask_object(a, STATS, "GetConnectionStats", "s", c->unique_name);
	expect(has(stats, "\"OutgoingMessages\" u 0"));
	expect(has(stats, "\"OutgoingBytes\" u 0"));
	expect(has(stats, "\"org.kdbus.PoolSize\" t 65536"));
	expect(has(stats, "\"org.kdbus.LostMessages\" t 0"));
	expect(has(stats, "\"org.kdbus.Matches\" u 0"));
	expect(has(stats, "\"org.kdbus.UserConnections\" u 5"));
	expect_text(ask_driver(c, "AddMatch", "s", "type='signal',member='M'"), "");
	for (unsigned i = 0; i < 3; i++)
		emit(b, "M");
	stats = ask_object(a, STATS, "GetConnectionStats", "s", c->unique_name);
	expect(has(stats, "\"OutgoingMessages\" u 3"));
	expect(!strstr(stats, "\"OutgoingBytes\" u 0"));
	/* the rule, and one that counts it */
	expect(has(stats, "\"MatchRules\" u 1"));
	expect(has(stats, "\"org.kdbus.Matches\" u 2"));
	expect(has(ask_object(a, STATS, "GetStats", ""), "\"OutgoingMessages\" u 3"));
	/* a third of half of the pool is for us */
	for (unsigned i = 0; i < 400; i++)
		emit(b, "M");
	stats = ask_object(a, STATS, "GetConnectionStats", "s", c->unique_name);
	expect(!strstr(stats, "\"org.kdbus.LostMessages\" t 0"));
	test_note("%s", stats);
	while (received(c))
		;
	stats = ask_object(a, STATS, "GetConnectionStats", "s", c->unique_name);
	expect(has(stats, "\"OutgoingMessages\" u 0"));
	expect(has(stats, "\"OutgoingBytes\" u 0"));
	expect(!strstr(stats, "\"org.kdbus.LostMessages\" t 0"));
}
