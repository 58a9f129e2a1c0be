/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Our verdicts beside those of dbus-daemon: the same policies, random ones and
 * those that packages ship, and the same messages, sent for real over a private
 * daemon.
 */

#include <criterion/criterion.h>
#include <dirent.h>
#include <unistd.h>

#include "lib/name.h"
#include "tests/unit/proxy/reference.h"

/* must be in the user database, or the daemon does not let it in */
#define NOBODY 65534

#define ROUNDS 80
#define MESSAGES 40

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
	"    <allow receive_sender='org.freedesktop.DBus'/>\n"              \
	"    <allow user='*'/>\n"

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

static void make_policy(FILE *file, bool with_names)
{
	make_rules(file, "context='mandatory'", rand() % 4, with_names);
	make_rules(file, "user='0'", rand() % 5, with_names);
	make_rules(file, "context='default'", 2 + rand() % 8, with_names);
	make_rules(file, "group='0'", rand() % 4, with_names);
	make_rules(file, "user='4242'", rand() % 4, with_names);
	fputs("  <policy context='mandatory'>\n" TALK "  </policy>\n", file);
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
	side_init(&a, &reference, -1);
	side_init(&b, &reference, -1);
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

Test(policy_reference, says_the_same_of_random_policies, .timeout = 600)
{
	const char *seed = getenv("SEED");
	unsigned int n = 0;

	if (!reference_exists())
		cr_skip_test("needs dbus-daemon");
	srand(seed ? atoi(seed) : 2);
	for (unsigned int round = 0; round < ROUNDS; round++)
		n += compare_random(round % 2);
	cr_expect_geq(n, 2000, "%u verdicts", n);
}

/* shipped policies */

/* the rules of the system's bus that they are written for */
#define SYSTEM                                                               \
	"  <policy context='default'>\n"                                      \
	"    <allow user='*'/><deny own='*'/><deny send_type='method_call'/>\n" \
	"    <allow send_type='signal'/>\n"                                   \
	"    <allow send_requested_reply='true' send_type='method_return'/>\n" \
	"    <allow send_requested_reply='true' send_type='error'/>\n"        \
	"    <allow receive_type='method_call'/>\n"                           \
	"    <allow receive_type='method_return'/>\n"                         \
	"    <allow receive_type='error'/><allow receive_type='signal'/>\n"   \
	"  </policy>\n"

#define OWN_ALL "    <allow own='*'/>\n"

/**
 * struct words - values of attributes in one file, each once
 */
struct words {
	char *list[64];
	size_t n;
};

static void words_add(struct words *words, char *word)
{
	for (size_t i = 0; i < words->n; i++) {
		if (kb_streq(words->list[i], word)) {
			free(word);
			return;
		}
	}
	if (words->n < KB_ARRAY_SIZE(words->list))
		words->list[words->n++] = word;
	else
		free(word);
}

static void words_find(struct words *words, const char *text, const char *key)
{
	size_t size = strlen(key);

	*words = (struct words){ 0 };
	while ((text = strstr(text, key))) {
		const char *end;

		text += size;
		end = *text ? strchr(text + 1, *text) : NULL;
		if (end && (*text == '"' || *text == '\''))
			words_add(words, strndup(text + 1, end - text - 1));
	}
}

static void words_deinit(struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->list[i]);
}

static char *read_file(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *file = fopen(path, "re");

	cr_assert_not_null(file, "%s", path);
	(void)!fread(text, 1, 65535, file);
	fclose(file);
	return text;
}

/* Calls with the words of the file, to whoever owns its names. */
static unsigned int compare_calls(struct reference *reference,
				  struct side *from, struct side *to,
				  const struct words *its_interfaces,
				  const struct words *its_members)
{
	unsigned int n = 0;

	for (size_t i = 0; i <= its_interfaces->n && n < 120; i++) {
		const char *interface = i < its_interfaces->n ?
						its_interfaces->list[i] :
						"org.a.I";

		for (size_t j = 0; j <= its_members->n && n < 120; j++) {
			const char *member = j < its_members->n ?
						     its_members->list[j] :
						     "M";
			struct kb_message *call;

			kb_message_new_call(to->end.name, PICK(paths),
					    chance(90) ? interface : NULL,
					    member, &call);
			n += compare_both_ways(reference, from, to, call);
			kb_message_unref(call);
		}
	}
	return n;
}

/*
 * Twice: once with who may own the names as the file says, and once with a root
 * that owns them all, so that there is somebody to send to.
 */
static unsigned int compare_file(const char *path, bool own_all, uid_t uid)
{
	struct words its_names, its_interfaces, its_members;
	char policy[4096], *text = read_file(path);
	struct reference reference;
	struct side service, client;
	unsigned int n = 0;

	words_find(&its_names, text, " own=");
	words_find(&its_interfaces, text, "send_interface=");
	words_find(&its_members, text, "send_member=");
	snprintf(policy, sizeof(policy),
		 SYSTEM "  <include>%s</include>\n"
			"  <policy context='mandatory'>\n" TALK "%s  </policy>\n",
		 path, own_all ? OWN_ALL : "");
	reference_init(&reference, policy);
	side_init(&service, &reference, -1);
	side_init(&client, &reference, uid);
	for (size_t i = 0; i < its_names.n && i < 16; i++) {
		n++;
		compare_own(&reference, &service, its_names.list[i]);
	}
	n += compare_calls(&reference, &client, &service, &its_interfaces,
			   &its_members);
	side_deinit(&service);
	side_deinit(&client);
	reference_deinit(&reference);
	words_deinit(&its_names);
	words_deinit(&its_interfaces);
	words_deinit(&its_members);
	free(text);
	return n;
}

static unsigned int compare_directory(const char *directory)
{
	unsigned int n = 0;
	struct dirent *entry;
	DIR *dir = opendir(directory);

	while (dir && (entry = readdir(dir))) {
		char path[512];

		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		if (!strstr(path, ".conf"))
			continue;
		for (int own_all = 0; own_all <= 1; own_all++) {
			n += compare_file(path, own_all, -1);
			if (getuid() == 0)
				n += compare_file(path, own_all, NOBODY);
		}
	}
	if (dir)
		closedir(dir);
	return n;
}

Test(policy_reference, says_the_same_of_what_packages_ship, .timeout = 600)
{
	unsigned int n;

	if (!reference_exists())
		cr_skip_test("needs dbus-daemon");
	srand(1);
	n = compare_directory("/usr/share/dbus-1/system.d");
	n += compare_directory("/etc/dbus-1/system.d");
	if (n == 0)
		cr_skip_test("no package here ships a policy");
}
