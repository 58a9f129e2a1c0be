// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Our verdicts beside those of dbus-daemon on the policies that packages ship:
 * those installed here, and those in the folder POLICIES, where
 * build-aux/fetch-policies puts them.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/name.h"
#include "tests/unit/proxy/reference.h"

#define CALLS_MAX 240

/*
 * The users and groups of packages that are not installed are unknown here, and
 * both of us ignore what is said of them. So each file is tried a second time
 * with these in their places.
 */
#define STAND_IN_USER "bin"
#define STAND_IN_GROUP "lp"
static const struct who people[] = {
	{ 65534, { 65534 }, 1 },
	{ 2, { 2 }, 1 },
	{ 1, { 1, 7 }, 2 },
};

/* both ends can always talk to the daemon */
#define TALK                                                               \
	"    <allow send_destination='org.freedesktop.DBus'/>\n"            \
	"    <allow receive_sender='org.freedesktop.DBus'/>\n"              \
	"    <allow user='*'/>\n"

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

/* Comments may have examples with words that are none. */
static void words_find(struct words *words, const char *text, const char *key,
		       bool (*is_valid)(const char *word))
{
	size_t size = strlen(key);

	*words = (struct words){ 0 };
	while ((text = strstr(text, key))) {
		const char *end;

		text += size;
		end = *text ? strchr(text + 1, *text) : NULL;
		if (end && (*text == '"' || *text == '\'')) {
			char *word = strndup(text + 1, end - text - 1);

			if (is_valid(word))
				words_add(words, word);
			else
				free(word);
		}
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

/* what to ask of one file */
struct questions {
	struct words names, interfaces, members, paths;
};

static void questions_find(struct questions *questions, const char *text)
{
	words_find(&questions->names, text, " own=",
		   kb_name_is_well_known);
	words_find(&questions->interfaces, text, "send_interface=",
		   kb_interface_is_valid);
	words_find(&questions->members, text, "send_member=",
		   kb_member_is_valid);
	words_find(&questions->paths, text, "send_path=",
		   kb_path_is_valid);
	/* and of each one thing that it does not speak of */
	words_add(&questions->interfaces, strdup("org.a.I"));
	words_add(&questions->members, strdup("M"));
	words_add(&questions->paths, strdup("/a"));
}

static void questions_deinit(struct questions *questions)
{
	words_deinit(&questions->names);
	words_deinit(&questions->interfaces);
	words_deinit(&questions->members);
	words_deinit(&questions->paths);
}

/* A call that arrives is answered. */
static unsigned int compare_call(struct reference *reference, struct side *from,
				 struct side *to, const char *path,
				 const char *interface, const char *member)
{
	struct kb_message *call, *reply;
	uint32_t serial;

	kb_message_new_call(to->end.name, path, interface, member, &call);
	serial = compare_message(reference, from, to, call);
	kb_message_unref(call);
	if (!serial)
		return 1;
	kb_message_new(serial % 2 ? KB_METHOD_RETURN : KB_ERROR, &reply);
	reply->reply_cookie = serial;
	kb_message_set(reply, KB_FIELD_DESTINATION, from->end.name);
	if (reply->type == KB_ERROR)
		kb_message_set(reply, KB_FIELD_ERROR_NAME, "org.a.E");
	compare_message(reference, to, from, reply);
	kb_message_unref(reply);
	return 2;
}

/* All its interfaces with all its members, and its paths in turn. */
static unsigned int compare_calls(struct reference *reference,
				  struct side *from, struct side *to,
				  const struct questions *questions)
{
	size_t n_members = questions->members.n;
	size_t total = questions->interfaces.n * n_members;
	/* of very many, some from everywhere */
	size_t step = total / CALLS_MAX + 1;
	unsigned int n = 0;

	for (size_t i = 0; i < total; i += step) {
		const char *member = questions->members.list[i % n_members];
		const char *path = questions->paths.list[i % questions->paths.n];

		n += compare_call(reference, from, to, path,
				  questions->interfaces.list[i / n_members],
				  member);
		if (i % 8 == 0)
			n += compare_call(reference, from, to, path, NULL,
					  member);
	}
	return n;
}

static unsigned int compare_signals(struct reference *reference,
				    struct side *from, struct side *to,
				    const struct questions *questions)
{
	struct kb_message *message;
	size_t i;

	for (i = 0; i < questions->interfaces.n; i++) {
		kb_message_new_signal("/a", questions->interfaces.list[i], "M",
				      &message);
		if (i % 2)
			kb_message_set(message, KB_FIELD_DESTINATION,
				       to->end.name);
		compare_message(reference, from, to, message);
		kb_message_unref(message);
	}
	return i;
}

/*
 * Twice: once with who may own the names as the file says, and once with a root
 * that owns them all, so that there is somebody to send to.
 */
static unsigned int compare_as(const char *path,
			       const struct questions *questions, bool own_all,
			       const struct who *who)
{
	struct reference reference;
	struct side service, client;
	char policy[4096];
	unsigned int n = 0;

	snprintf(policy, sizeof(policy),
		 SYSTEM "  <include>%s</include>\n"
			"  <policy context='mandatory'>\n" TALK "%s  </policy>\n",
		 path, own_all ? OWN_ALL : "");
	reference_init(&reference, policy);
	side_init(&service, &reference, NULL);
	side_init(&client, &reference, who);
	end_call_succeeds(&client.end, "AddMatch", "type='signal'");
	for (size_t i = 0; i < questions->names.n && i < 16; i++, n += 2) {
		/* who may not own it does not get it, so both can be asked */
		if (!own_all)
			compare_own(&reference, &client,
				    questions->names.list[i]);
		else
			compare_own(&reference, &service,
				    questions->names.list[i]);
	}
	n += compare_calls(&reference, &client, &service, questions);
	n += compare_signals(&reference, &service, &client, questions);
	side_deinit(&service);
	side_deinit(&client);
	reference_deinit(&reference);
	return n;
}

static unsigned int compare_file(const char *path)
{
	struct questions questions;
	char *text = read_file(path);
	unsigned int n = 0;

	reference_label("%s", path);
	questions_find(&questions, text);
	for (int own_all = 0; own_all <= 1; own_all++) {
		n += compare_as(path, &questions, own_all, NULL);
		for (size_t i = 0; i < KB_ARRAY_SIZE(people) && getuid() == 0; i++)
			n += compare_as(path, &questions, own_all, &people[i]);
	}
	questions_deinit(&questions);
	free(text);
	return n;
}

/* stand-ins */

static bool is_known(bool user, const char *name)
{
	return user ? getpwnam(name) != NULL : getgrnam(name) != NULL;
}

/* Writes @text with stand-ins for the unknown of one attribute. */
static bool replace_unknown(char *text, bool user, FILE *out)
{
	const char *key = user ? " user=" : " group=";
	bool replaced = false;
	char *at;

	while ((at = strstr(text, key))) {
		char quote, *end;

		at += strlen(key);
		quote = *at++;
		end = strchr(at, quote);
		cr_assert_not_null(end);
		fwrite(text, 1, at - text, out);
		*end = 0;
		if (strcmp(at, "*") && !is_known(user, at)) {
			fputs(user ? STAND_IN_USER : STAND_IN_GROUP, out);
			replaced = true;
		} else {
			fputs(at, out);
		}
		fputc(quote, out);
		text = end + 1;
	}
	fputs(text, out);
	return replaced;
}

static unsigned int compare_with_stand_ins(const char *path)
{
	char copy[] = "/tmp/kdbus-policy-XXXXXX", *half = NULL, *text;
	bool replaced;
	unsigned int n = 0;
	size_t size;
	FILE *file = open_memstream(&half, &size);
	int fd = mkstemp(copy);

	cr_assert_geq(fd, 0);
	fchmod(fd, 0644);
	text = read_file(path);
	replaced = replace_unknown(text, true, file);
	fclose(file);
	file = fdopen(fd, "w");
	replaced |= replace_unknown(half, false, file);
	fclose(file);
	if (replaced)
		n = compare_file(copy);
	unlink(copy);
	free(half);
	free(text);
	return n;
}

static unsigned int compare_pattern(const char *directory, const char *pattern,
				    unsigned int *n_files)
{
	unsigned int n = 0;
	char path[512];
	glob_t found;

	snprintf(path, sizeof(path), "%s/%s", directory, pattern);
	if (glob(path, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		n += compare_file(found.gl_pathv[i]);
		n += compare_with_stand_ins(found.gl_pathv[i]);
	}
	*n_files += found.gl_pathc;
	globfree(&found);
	return n;
}

Test(policy_shipped, says_the_same_of_what_packages_ship, .timeout = 1800)
{
	const char *policies = getenv("POLICIES");
	unsigned int n, n_fetched = 0, n_installed = 0;

	if (!reference_exists())
		cr_skip_test("needs dbus-daemon");
	n = compare_pattern("/usr/share/dbus-1/system.d", "*.conf",
			    &n_installed);
	n += compare_pattern("/etc/dbus-1/system.d", "*.conf", &n_installed);
	if (policies)
		n += compare_pattern(policies, "*/*.conf", &n_fetched);
	fprintf(stderr, "# %u files fetched and %u installed: %u verdicts\n",
		n_fetched, n_installed, n);
	if (n == 0)
		cr_skip_test("no package here ships a policy");
}
