// SPDX-License-Identifier: LGPL-2.1-or-later
/* What could be typed next, for the shells' completion. */
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include "ctl/complete.h"
#include "ctl/helper.h"
#include "ctl/object.h"
#include "ctl/options.h"
#include "ctl/peers.h"
#include "ctl/verbs.h"
#include "lib/address.h"

/* as long as somebody waits for a key to do something */
#define TIMEOUT_NS (2 * KB_NSEC_PER_SEC)

#define ARGUMENTS_MAX 8

/**
 * struct line - the command line as far as it has been typed
 * @verb:	NULL if there is none yet
 * @arguments:	of the verb, in front of the last word; NULL for what is not
 *		there
 * @n:		how many there are
 * @last:	the word that is being typed
 */
struct line {
	struct ctl ctl;
	const struct ctl_verb *verb;
	const char *arguments[ARGUMENTS_MAX];
	size_t n;
	const char *last;
};

static void offer(const char *prefix, const char *word, const char *suffix,
		  const char *help)
{
	fputs(prefix, stdout);
	ctl_print_text(word, stdout);
	fputs(suffix, stdout);
	if (help && *help)
		printf("\t%s", help);
	putchar('\n');
}

/* from the bus */

static void offer_names(const struct line *line, const char *prefix)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	_cleanup_(peers_deinit) struct peers peers = {};
	char unique[KB_UNIQUE_NAME_SIZE];

	if (ctl_connect(&line->ctl, 0, 0, &conn) ||
	    peers_get(conn, KDBUS_LIST_UNIQUE | KDBUS_LIST_NAMES |
			    KDBUS_LIST_ACTIVATORS,
		      KDBUS_ATTACH_PID_COMM, &peers) < 0)
		return;
	for (size_t i = 0; i < peers.n; i++) {
		const struct peer *peer = &peers.list[i];
		bool activates = peer->flags & KDBUS_HELLO_ACTIVATOR;
		const char *help = activates ? "activatable" :
					       peer->info.meta.pid_comm;

		if (peer->id == conn->id)
			continue;
		if (kb_streq(peer_kind(peer->flags), "ordinary"))
			offer(prefix, kb_unique_name(peer->id, unique), "", help);
		for (size_t j = 0; j < peer->n_names; j++)
			offer(prefix, peer->names[j].name, "", help);
	}
}

static void complete_name(const struct line *line)
{
	offer_names(line, "");
}

/* What can be asked for at @path; false if nobody answers. */
static bool get_object(const struct line *line, const char *path,
		       struct object *out)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;

	return line->n > 0 && !ctl_connect(&line->ctl, 0, 0, &conn) &&
	       !object_get(&line->ctl, conn, line->arguments[0], path, out);
}

/* The children of the deepest object that is typed already. */
static void complete_object(const struct line *line)
{
	_cleanup_(object_deinit) struct object object = {};
	char path[4096], prefix[4098];
	char *slash;

	snprintf(path, sizeof(path), "%s", *line->last ? line->last : "/");
	slash = strrchr(path, '/');
	if (!slash)
		return;
	slash[slash == path] = '\0';
	if (!get_object(line, path, &object))
		return;
	snprintf(prefix, sizeof(prefix), "%s%s", path, path[1] ? "/" : "");
	if (!*line->last || kb_streq(line->last, "/"))
		offer("", "/", "", NULL);
	for (size_t i = 0; i < object.n_children; i++)
		offer(prefix, object.children[i], "", NULL);
}

static void offer_members(const struct line *line, enum member_kind kind)
{
	_cleanup_(object_deinit) struct object object = {};

	if (line->n < 2 || !get_object(line, line->arguments[1], &object))
		return;
	for (size_t i = 0; i < object.n_members; i++) {
		struct member *member = &object.members[i];

		if (member->kind != kind)
			continue;
		if (kind == MEMBER_INTERFACE)
			offer("", member->interface, "", NULL);
		else if (line->n > 2 &&
			 kb_streq(member->interface, line->arguments[2]))
			offer("", member->name, "", member_text(&member->in));
	}
}

static void complete_interface(const struct line *line)
{
	offer_members(line, MEMBER_INTERFACE);
}

static void complete_method(const struct line *line)
{
	offer_members(line, MEMBER_METHOD);
}

static void complete_property(const struct line *line)
{
	offer_members(line, MEMBER_PROPERTY);
}

/* Of the method or property that is named already. */
static void complete_signature(const struct line *line)
{
	_cleanup_(object_deinit) struct object object = {};

	if (line->n < 4 || !get_object(line, line->arguments[1], &object))
		return;
	for (size_t i = 0; i < object.n_members; i++) {
		struct member *member = &object.members[i];

		if (member->name && member->in.size &&
		    kb_streq(member->interface, line->arguments[2]) &&
		    kb_streq(member->name, line->arguments[3]))
			offer("", member_text(&member->in), "", NULL);
	}
}

/* from elsewhere */

static void complete_user(const struct line *line _unused_)
{
	const struct passwd *pw;

	setpwent();
	while ((pw = getpwent()))
		offer("", pw->pw_name, "", pw->pw_gecos);
	endpwent();
}

/* The names of bus name units, from the program that lists them. */
static void offer_units(const struct line *line)
{
	char *argv[] = { HELPER_BUSNAME, line->ctl.user ? "--user" : "--system",
			 "list", NULL };
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	char *rest, *row;

	if (helper_read(argv, &text) != 0)
		return;
	rest = (char *)text.data;
	for (strsep(&rest, "\n"); (row = strsep(&rest, "\n")) && *row; ) {
		row[strcspn(row, " ")] = '\0';
		offer("", row, "", NULL);
	}
}

static void complete_unit(const struct line *line)
{
	if (kb_streq(line->arguments[0], "show"))
		offer_units(line);
	else if (kb_streq(line->arguments[0], "verify"))
		puts(":files");
}

/* words */

/* clang-format off */
static const struct {
	const char *name;
	void (*run)(const struct line *line);
} kinds[] = {
	{ "name", complete_name },
	{ "object", complete_object },
	{ "interface", complete_interface },
	{ "method", complete_method },
	{ "property", complete_property },
	{ "signature", complete_signature },
	{ "user", complete_user },
	{ "unit", complete_unit },
};
/* clang-format on */

/* Either a kind, or words to choose from. */
static void complete_as(const struct line *line, char *what)
{
	char *word;

	for (size_t i = 0; i < KB_ARRAY_SIZE(kinds); i++)
		if (kb_streq(what, kinds[i].name)) {
			kinds[i].run(line);
			return;
		}
	while ((word = strsep(&what, "|")))
		offer("", word, "", NULL);
}

static void complete_argument(const struct line *line)
{
	_cleanup_(kb_freep) char *text = strdup(line->verb->complete);
	char *rest = text, *what, *before = NULL;
	size_t n = 0;

	while (rest && *rest && (what = strsep(&rest, " "))) {
		if (kb_streq(what, "…")) {
			if (before)
				complete_as(line, before);
			return;
		}
		if (n++ == line->n) {
			complete_as(line, what);
			return;
		}
		before = what;
	}
}

static void complete_verb(void)
{
	size_t n;
	const struct ctl_verb *verbs = ctl_verbs_all(&n);

	for (size_t i = 0; i < n; i++)
		offer("", verbs[i].name, "", verbs[i].help);
}

/* options */

static void complete_option(const struct line *line)
{
	size_t n;
	const struct ctl_option *options = options_all(&n);

	for (size_t i = 0; i < n; i++)
		if (!line->verb || option_is_for(&options[i], line->verb->name))
			offer("", options[i].name,
			      options[i].value && options[i].name[1] == '-' &&
			      *options[i].value != '[' ? "=" : "",
			      options[i].help);
}

/* What an option takes, with @prefix in front of it. */
static void complete_value(const struct line *line, const struct ctl_option *option,
			   const char *prefix)
{
	static const char *const with_name[] = { "--destination", "--see",
						 "--talk", "--own" };
	_cleanup_(kb_freep) char *words = NULL;
	char *rest, *word;

	for (size_t i = 0; i < KB_ARRAY_SIZE(with_name); i++)
		if (kb_streq(option->name, with_name[i]))
			offer_names(line, prefix);
	if (kb_streq(option->value, "[FILE]"))
		puts(":files");
	words = strdup(option->value);
	rest = words ? words + strspn(words, "[") : NULL;
	if (!rest || !strchr(rest, '|') || strchr(rest, ','))
		return;
	rest[strcspn(rest, "]")] = '\0';
	while ((word = strsep(&rest, "|")))
		offer(prefix, word, "", NULL);
}

/* "--option=" and what has been typed behind it. */
static void complete_attached(const struct line *line)
{
	int n = strcspn(line->last, "=");
	const struct ctl_option *option = option_find(line->last, n);
	char prefix[64];

	snprintf(prefix, sizeof(prefix), "%.*s=", n, line->last);
	if (option && option->value)
		complete_value(line, option, prefix);
}

static void take_word(struct line *line, const char *word)
{
	const char *address = kb_startswith(word, "--address=");

	if (kb_streq(word, "--user")) {
		line->ctl.user = true;
		free(line->ctl.own_address);
		line->ctl.own_address = kb_address_user(getuid());
		line->ctl.address = line->ctl.own_address;
	} else if (address) {
		line->ctl.address = address;
	} else if (*word == '-') {
		return;
	} else if (!line->verb) {
		line->verb = ctl_verb_find(word);
	} else if (line->n < ARGUMENTS_MAX) {
		line->arguments[line->n++] = word;
	}
}

/* The line as far as it is finished; the option whose value comes next, or NULL. */
static const struct ctl_option *take_words(struct line *line, int n, char **words)
{
	for (int i = 0; i < n; i++) {
		const struct ctl_option *option = option_before_value(words[i]);

		if (!option)
			take_word(line, words[i]);
		else if (++i == n)
			return option;
		else if (kb_streq(option->name, "--address"))
			line->ctl.address = words[i];
	}
	return NULL;
}

int complete(int n_words, char **words)
{
	struct line line = {
		.ctl = { .timeout_ns = TIMEOUT_NS, .no_auto_start = true },
		.last = n_words ? words[n_words - 1] : "",
	};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct ctl_option *option;

	if (null >= 0)
		dup2(null, STDERR_FILENO);
	option = take_words(&line, n_words - 1, words);
	if (option)
		complete_value(&line, option, "");
	else if (*line.last == '-' && strchr(line.last, '='))
		complete_attached(&line);
	else if (*line.last == '-')
		complete_option(&line);
	else if (!line.verb)
		complete_verb();
	else
		complete_argument(&line);
	free(line.ctl.own_address);
	return 0;
}
