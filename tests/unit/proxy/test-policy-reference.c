/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our verdicts beside those of dbus-daemon: the same random policies, and the
 * same messages, sent for real over a private daemon.
 *
 * KDBUS_TEST_SEED is another seed, KDBUS_TEST_ROUNDS another number of policies.
 */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/name.h"
#include "tests/unit/proxy/reference.h"

#define ROUNDS 80
#define MESSAGES 40

/* as whom root lets clients connect */
static const struct who people[] = {
	{ 0, { 0 }, 1 },
	{ 1, { 1, 7, 60 }, 3 },
	{ 2, { 2 }, 1 },
	{ 65534, { 65534, 60, 7 }, 3 },
};

/* words that say so in a policy, and some that say what is not the case */
static const char *const users[] = { "0", "root", "1", "bin", "65534", "4242",
				     "*" };
static const char *const groups[] = { "0", "1", "lp", "60", "7", "65534",
				      "4242", "*" };

/* words rules and messages are made of; "" leaves the thing out */
static const char *const interfaces[] = { "org.a.I", "org.a.J", "" };
static const char *const members[] = { "M", "N" };
static const char *const paths[] = { "/a", "/a/b" };
static const char *const errors[] = { "org.a.E", "org.a.F" };
static const char *const names[] = { "org.a.B", "org.a.B.C", "org.a.Bx",
				     "org.z.Q" };

#define PICK(list) list[rand() % KB_ARRAY_SIZE(list)]

/* both ends can always talk to the daemon */
#define TALK                                                               \
	"    <allow send_destination='org.freedesktop.DBus'/>\n"            \
	"    <allow receive_sender='org.freedesktop.DBus'/>\n"

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
	if (chance(10))
		rule_add(rule, "min_fds", chance(50) ? "1" : "2");
	if (chance(10))
		rule_add(rule, "max_fds", chance(50) ? "0" : "1");
	if (chance(5))
		rule_add(rule, "log", chance(50) ? "true" : "false");
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

/* A word that is not "*". */
#define PICK_ONE(list) list[rand() % (KB_ARRAY_SIZE(list) - 1)]

static void make_policy(FILE *file, bool with_names)
{
	char section[64];

	make_rules(file, "context='mandatory'", rand() % 4, with_names);
	for (int i = 0; i < 3; i++) {
		snprintf(section, sizeof(section), "user='%s'",
			 PICK_ONE(users));
		make_rules(file, section, rand() % 4, with_names);
		snprintf(section, sizeof(section), "group='%s'",
			 PICK_ONE(groups));
		make_rules(file, section, rand() % 4, with_names);
	}
	make_rules(file, "context='default'", 2 + rand() % 8, with_names);
	if (chance(20))
		make_rules(file, "at_console='false'", rand() % 3, with_names);
	if (chance(20))
		make_rules(file, "at_console='true'", rand() % 3, with_names);
	fputs("  <policy context='mandatory'>\n" TALK
	      "    <allow user='*'/>\n  </policy>\n", file);
}

/* messages */

static struct kb_message *make_message(const struct side *to, bool broadcast)
{
	const char *interface = PICK(interfaces);
	struct kb_message *message;

	if (broadcast || chance(40)) {
		kb_message_new_signal(PICK(paths),
				      *interface ? interface : "org.a.I",
				      PICK(members), &message);
		if (!broadcast)
			kb_message_set(message, KB_FIELD_DESTINATION,
				       to->end.name);
	} else {
		kb_message_new_call(to->end.name, PICK(paths),
				    *interface ? interface : NULL,
				    PICK(members), &message);
	}
	for (int n = chance(30) ? 1 + rand() % 2 : 0; n > 0; n--)
		kb_message_add_fd(message,
				  fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3),
				  NULL);
	return message;
}

/* A call that arrived is answered, with one thing or the other. */
static void compare_reply(struct reference *reference, struct side *caller,
			  struct side *callee, uint32_t serial)
{
	struct kb_message *reply;

	kb_message_new(chance(50) ? KB_METHOD_RETURN : KB_ERROR, &reply);
	reply->reply_cookie = serial;
	kb_message_set(reply, KB_FIELD_DESTINATION, caller->end.name);
	if (reply->type == KB_ERROR)
		kb_message_set(reply, KB_FIELD_ERROR_NAME, PICK(errors));
	compare_message(reference, callee, caller, reply);
	kb_message_unref(reply);
}

static unsigned int compare_both_ways(struct reference *reference,
				      struct side *from, struct side *to,
				      struct kb_message *message)
{
	uint32_t serial = compare_message(reference, from, to, message);

	if (!serial || message->type != KB_METHOD_CALL)
		return 1;
	compare_reply(reference, from, to, serial);
	return 2;
}

/* random policies */

/* Who is not root can only be themselves. */
static const struct who *somebody(void)
{
	return getuid() == 0 ? &PICK(people) : NULL;
}

static unsigned int number_from(const char *variable, unsigned int otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

static unsigned int compare_random(bool with_names)
{
	unsigned int n = KB_ARRAY_SIZE(names);
	struct reference reference;
	struct side a, b;
	char *policy = NULL;
	size_t size;
	FILE *file = open_memstream(&policy, &size);

	make_policy(file, with_names);
	fclose(file);
	reference_init(&reference, policy);
	side_init(&a, &reference, somebody());
	side_init(&b, &reference, somebody());
	for (size_t i = 0; i < KB_ARRAY_SIZE(names); i++)
		compare_own(&reference, chance(50) ? &a : &b, names[i]);
	end_call_succeeds(&b.end, "AddMatch",
			  "type='signal',path_namespace='/a'");
	for (int i = 0; i < MESSAGES; i++) {
		bool broadcast = !with_names && chance(30);
		struct side *from = broadcast || chance(50) ? &a : &b;
		struct side *to = from == &a ? &b : &a;
		struct kb_message *message = make_message(to, broadcast);

		n += compare_both_ways(&reference, from, to, message);
		kb_message_unref(message);
	}
	side_deinit(&a);
	side_deinit(&b);
	reference_deinit(&reference);
	free(policy);
	return n;
}

Test(policy_reference, says_the_same_of_random_policies, .timeout = 1800)
{
	unsigned int seed = number_from("KDBUS_TEST_SEED", 2);
	unsigned int rounds = number_from("KDBUS_TEST_ROUNDS", ROUNDS), n = 0;

	if (!reference_exists())
		cr_skip_test("needs dbus-daemon");
	for (unsigned int round = 0; round < rounds; round++) {
		srand(seed + round);
		reference_label("KDBUS_TEST_SEED=%u KDBUS_TEST_ROUNDS=1",
			   seed + round);
		n += compare_random((seed + round) % 2);
	}
	fprintf(stderr, "# KDBUS_TEST_SEED=%u: %u policies, %u verdicts\n", seed,
		rounds, n);
	if (rounds >= ROUNDS)
		cr_expect_geq(n, 2000, "%u verdicts", n);
}

/* who may connect */

/*
 * With the groups that the user database gives them: the daemon asks it here,
 * and only here, where we look at the socket as ever.
 */
static const struct who listed[] = {
	{ 0, { 0 }, 1 },
	{ 1, { 1 }, 1 },
	{ 5, { 60 }, 1 },
	{ 7, { 7 }, 1 },
	{ 65534, { 65534 }, 1 },
};

static void make_connect_rules(FILE *file, const char *context)
{
	fprintf(file, "  <policy context='%s'>\n", context);
	fputs(TALK, file);
	for (int n = rand() % 4; n > 0; n--) {
		bool user = chance(50);

		fprintf(file, "    <%s %s='%s'/>\n",
			chance(50) ? "allow" : "deny",
			user ? "user" : "group",
			user ? PICK(users) : PICK(groups));
	}
	fputs("  </policy>\n", file);
}

Test(policy_reference, lets_the_same_people_in, .timeout = 1800)
{
	unsigned int seed = number_from("KDBUS_TEST_SEED", 2);
	unsigned int rounds = number_from("KDBUS_TEST_ROUNDS", ROUNDS) / 2;

	if (!reference_exists() || getuid() != 0)
		cr_skip_test("needs dbus-daemon, and root");
	for (unsigned int round = 0; round <= rounds; round++) {
		struct reference reference;
		char *policy = NULL;
		size_t size;
		FILE *file = open_memstream(&policy, &size);

		srand(seed + round);
		reference_label("KDBUS_TEST_SEED=%u KDBUS_TEST_ROUNDS=1",
			   seed + round);
		make_connect_rules(file, "default");
		make_connect_rules(file, "mandatory");
		make_connect_rules(file, "default");
		fclose(file);
		reference_init(&reference, policy);
		for (size_t i = 0; i < KB_ARRAY_SIZE(listed); i++)
			compare_connect(&reference, &listed[i]);
		reference_deinit(&reference);
		free(policy);
	}
}
