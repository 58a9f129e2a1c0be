// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kdbusctl policy check: what a user may do with a name, and by which rule.
 *
 * Nobody can ask the kernel for its policy. So this is what the files say that
 * the policy is made of, read by the programs that make it: of native programs
 * decides the kernel, by bus name units; of clients of the classic socket decides
 * the proxy as well, by the XML policy.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "ctl/ctl.h"
#include "ctl/grants.h"
#include "ctl/helper.h"
#include "ctl/peers.h"
#include "ctl/screen.h"
#include "ctl/table.h"
#include "ctl/verbs.h"
#include "lib/address.h"

/**
 * struct answer - whether somebody may
 * @way:	"native" or "classic"
 * @right:	"own", "talk", "see" …
 * @rule:	why, in words; owned
 */
struct answer {
	const char *way;
	const char *right;
	bool allowed;
	char *rule;
};

/* exceptions of one right that are shown to people */
#define EXCEPTIONS_MAX 8

/**
 * struct check - a question and its answers
 * @holder:	who holds the name, its id 0 if nobody does; its activator does
 *		not count
 * @owner_uid:	whose bus it is
 * @can_start:	somebody is started for it
 * @answers:	owned
 */
struct check {
	const struct ctl *ctl;
	struct grants_user user;
	const char *name;
	struct kb_info holder;
	uint64_t owner_uid;
	bool knows_bus;
	bool can_start;
	struct answer *answers;
	size_t n;
};

_printf_(5, 6)
static void answer(struct check *check, const char *way, const char *right,
		   bool allowed, const char *format, ...)
{
	struct answer *answers, *answer;
	va_list args;

	answers = reallocarray(check->answers, check->n + 1, sizeof(*answers));
	if (!answers)
		return;
	check->answers = answers;
	answer = &answers[check->n++];
	*answer = (struct answer){ .way = way, .right = right, .allowed = allowed };
	va_start(args, format);
	if (vasprintf(&answer->rule, format, args) < 0)
		answer->rule = NULL;
	va_end(args);
}

/* the bus */

/* Who holds the name and whose the bus is; without a bus there is less to say. */
static void ask_bus(struct check *check, struct kb_conn **out_conn)
{
	struct kb_conn_options options = KB_CONN_OPTIONS_DEFAULT;
	const char *address = check->ctl->address ?: KB_ADDRESS_SYSTEM;
	struct kb_info info;

	if (kb_conn_open(address, &options, out_conn) < 0)
		return;
	check->knows_bus = true;
	if (kb_conn_creator_info(*out_conn, KDBUS_ATTACH_CREDS, &info) >= 0) {
		if (info.meta.creds)
			check->owner_uid = info.meta.creds->euid;
		kb_info_deinit(&info);
	}
	if (kb_conn_info(*out_conn, 0, check->name,
			 KDBUS_ATTACH_CREDS | KDBUS_ATTACH_NAMES, 0,
			 &check->holder) < 0)
		return;
	if (!(check->holder.flags & KDBUS_HELLO_ACTIVATOR))
		return;
	kb_info_deinit(&check->holder);
	check->holder = (struct kb_info){};
	check->can_start = true;
}

/* native */

static int read_grants(const struct check *check, const char *name,
		       struct kb_buffer *text, struct grants *out)
{
	_cleanup_(kb_freep) char *address = NULL;
	char *argv[] = { HELPER_BUSNAME, check->ctl->user ? "--user" : "--system",
			 NULL, "grants", (char *)name, NULL };
	int r;

	if (asprintf(&address, "--address=%s",
		     check->ctl->address ?: KB_ADDRESS_SYSTEM) < 0) {
		address = NULL;
		return ctl_fail_errno(ENOMEM, "policy");
	}
	argv[2] = address;
	r = helper_read(argv, text);
	if (r)
		return r < 0 ? ctl_fail_errno(r, "cannot run %s", argv[0]) : 1;
	grants_read((char *)text->data, &check->user, out);
	return 0;
}

/* "granted by LINE in FILE", or what there is instead. */
static void answer_by_grants(struct check *check, const char *right, int wanted,
			     const char *name, const struct grants *grants)
{
	const char *off = grants_are_in_force(grants) ? "" :
			  "; but this unit is not on the bus now";

	if (!grants->file)
		answer(check, "native", right, false,
		       "no bus name unit says anything about %s", name);
	else if (grants->access >= wanted)
		answer(check, "native", right, !*off, "%s in %s%s", grants->by,
		       grants->file, off);
	else if (grants->access >= 0)
		answer(check, "native", right, false, "%s in %s is not enough",
		       grants->by, grants->file);
	else
		answer(check, "native", right, false,
		       grants->n ? "no Allow…= line of %s is for this user" :
				   "%s has no Allow…= line", grants->file);
}

/* A grant for any name the holder has opens it under all of them. */
static bool talks_by_other_name(struct check *check)
{
	struct kb_item_iter iter = check->holder.meta.items;
	const struct kdbus_name *other;

	while (check->holder.id && (other = kb_meta_next_name(&iter))) {
		_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
		struct grants grants;

		if (!claim_is_owner(other->flags) ||
		    kb_streq(other->name, check->name) ||
		    read_grants(check, other->name, &text, &grants) ||
		    grants.access < KDBUS_POLICY_TALK ||
		    !grants_are_in_force(&grants))
			continue;
		answer(check, "native", "talk", true,
		       "who holds it holds %s, too: %s in %s", other->name,
		       grants.by, grants.file);
		return true;
	}
	return false;
}

static bool is_holder(const struct check *check)
{
	return check->holder.id && check->holder.meta.creds &&
	       check->holder.meta.creds->uid == check->user.uid;
}

static int check_native(struct check *check)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	struct grants grants;
	int r;

	r = read_grants(check, check->name, &text, &grants);
	if (r)
		return r;
	if (check->user.uid == check->owner_uid || !check->user.uid) {
		const char *why = check->user.uid == check->owner_uid ?
				  "the bus is this user's" :
				  "root, unless without CAP_IPC_OWNER";

		answer(check, "native", "own", true, "%s", why);
		answer(check, "native", "talk", true, "%s", why);
	} else {
		answer_by_grants(check, "own", KDBUS_POLICY_OWN, check->name,
				 &grants);
		if (is_holder(check))
			answer(check, "native", "talk", true,
			       "who holds it is the same user");
		else if (grants.access >= KDBUS_POLICY_TALK ||
			 !talks_by_other_name(check))
			answer_by_grants(check, "talk", KDBUS_POLICY_TALK,
					 check->name, &grants);
	}
	answer(check, "native", "see", true,
	       "through the bus's own endpoint everybody sees every name");
	return 0;
}

/* classic */

/* "WHAT	VERDICT	FILE	LINE[	CONDITIONS]" */
static void take_verdict(struct check *check, char *line)
{
	static const struct {
		const char *what;
		const char *right;
	} rights[] = {
		{ "connect", "connect" },
		{ "own", "own" },
		{ "send-if", "talk, if" },
		{ "send", "talk" },
		{ "receive-if", "hear, if" },
		{ "receive", "hear" },
	};
	const char *what = strsep(&line, "\t"), *verdict = strsep(&line, "\t");
	const char *file = strsep(&line, "\t"), *number = strsep(&line, "\t");

	for (size_t i = 0; number && i < KB_ARRAY_SIZE(rights); i++) {
		bool allowed = kb_streq(verdict, "allow");

		if (!kb_streq(what, rights[i].what))
			continue;
		if (line)
			answer(check, "classic", rights[i].right, allowed,
			       "%s: %s:%s", line, file, number);
		else if (*file)
			answer(check, "classic", rights[i].right, allowed,
			       "%s:%s", file, number);
		else
			answer(check, "classic", rights[i].right, allowed,
			       allowed ? "the bus is this user's" :
					 "no rule allows it");
	}
}

static int check_classic(struct check *check)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	char verdicts[KB_NAME_MAX + 48];
	char *argv[] = { HELPER_PROXY, check->ctl->user ? "--scope=user" :
							  "--scope=system",
			 verdicts, NULL };
	char *rest, *line;
	int r;

	snprintf(verdicts, sizeof(verdicts), "--verdicts=%" PRIu32 ":%s",
		 (uint32_t)check->user.uid, check->name);
	r = helper_read(argv, &text);
	if (r)
		return r < 0 ? ctl_fail_errno(r, "cannot run %s", argv[0]) : 1;
	rest = (char *)text.data;
	while ((line = strsep(&rest, "\n")))
		take_verdict(check, line);
	answer(check, "classic", "see", true, "the XML policy hides no names");
	return 0;
}

/* what no file tells */

static const char *const unknown[] = {
	"what programs themselves have told the kernel: nobody can ask it for its policy, this is what the files say",
	"custom endpoints: through one of them only what its own policy grants as well",
	"what the service itself refuses: it may ask for capabilities, or polkit",
};

/* output */

static void print_state(const struct check *check)
{
	char unique[KB_UNIQUE_NAME_SIZE];

	printf("%s%s%s (uid %" PRIu32 ") and %s%s%s, ", screen_style(SCREEN_BOLD),
	       check->user.name ?: "a user without a name",
	       screen_style(SCREEN_NORMAL), (uint32_t)check->user.uid,
	       screen_style(SCREEN_BOLD), check->name,
	       screen_style(SCREEN_NORMAL));
	if (!check->knows_bus)
		puts("without a bus to ask who holds it");
	else if (check->holder.id)
		printf("which %s holds\n",
		       kb_unique_name(check->holder.id, unique));
	else
		puts(check->can_start ? "for which somebody is started" :
					"which nobody holds now");
}

/* Decides about some messages only; the first that fits does. */
static bool is_exception(const struct answer *answer)
{
	return strchr(answer->right, ',') != NULL;
}

/* @is_rest: exceptions stand before it */
static void add_answer(struct table *table, const struct answer *answer,
		       bool is_rest)
{
	table_add(table, answer->way);
	if (is_rest)
		table_addf(table, "%s, else", answer->right);
	else
		table_add(table, answer->right);
	table_add(table, answer->allowed ? "yes" : "no");
	table_add(table, answer->rule);
}

static int show_text(const struct check *check)
{
	_cleanup_(table_deinit) struct table table = { .n_columns = 4 };
	size_t n_exceptions = 0, n_hidden = 0;

	print_state(check);
	putchar('\n');
	table_add(&table, "WAY");
	table_add(&table, "RIGHT");
	table_add(&table, "MAY");
	table_add(&table, "RULE");
	for (size_t i = 0; i < check->n; i++) {
		bool exception = is_exception(&check->answers[i]);

		if (exception && ++n_exceptions > EXCEPTIONS_MAX) {
			n_hidden++;
			continue;
		}
		add_answer(&table, &check->answers[i], !exception && n_exceptions);
		if (!exception)
			n_exceptions = 0;
	}
	if (table_print(&table, stdout) < 0)
		return ctl_fail_errno(ENOMEM, "cannot print");
	if (n_hidden)
		printf("… and %zu more rules for single methods, which --json shows\n",
		       n_hidden);
	puts("\nNot known here:");
	for (size_t i = 0; i < KB_ARRAY_SIZE(unknown); i++)
		printf("  - %s\n", unknown[i]);
	return 0;
}

static int show_json(const struct check *check)
{
	struct kb_report *report = kb_report_new(false);
	char unique[KB_UNIQUE_NAME_SIZE];

	if (!report)
		return ctl_fail_errno(ENOMEM, "cannot print");
	kb_report_string(report, "user", check->user.name);
	kb_report_uint(report, "uid", check->user.uid);
	kb_report_string(report, "name", check->name);
	kb_report_string(report, "holder", check->holder.id ?
			 kb_unique_name(check->holder.id, unique) : NULL);
	kb_report_open_array(report, "answers");
	for (size_t i = 0; i < check->n; i++) {
		kb_report_open_object(report, NULL);
		kb_report_string(report, "way", check->answers[i].way);
		kb_report_string(report, "right", check->answers[i].right);
		kb_report_bool(report, "allowed", check->answers[i].allowed);
		kb_report_string(report, "rule", check->answers[i].rule);
		kb_report_close(report);
	}
	kb_report_close(report);
	kb_report_open_array(report, "unknown");
	for (size_t i = 0; i < KB_ARRAY_SIZE(unknown); i++)
		kb_report_string(report, NULL, unknown[i]);
	kb_report_close(report);
	return ctl_print_report(check->ctl, report);
}

static int run(struct check *check)
{
	int r;

	r = check_native(check);
	if (!r)
		r = check_classic(check);
	if (r)
		return r;
	return check->ctl->json ? show_json(check) : show_text(check);
}

int ctl_policy(struct ctl *ctl, int argc _unused_, char **argv)
{
	_cleanup_(kb_conn_unrefp) struct kb_conn *conn = NULL;
	struct check check = { .ctl = ctl, .name = argv[2] };
	int r;

	if (!kb_streq(argv[0], "check"))
		return ctl_fail_usage(ctl, "policy cannot \"%s\"", argv[0]);
	if (!kb_name_is_well_known(argv[2]))
		return ctl_fail_usage(ctl, "\"%s\" is no well-known name", argv[2]);
	r = grants_user_find(argv[1], &check.user);
	if (r == -ESRCH)
		return ctl_fail("there is no user %s", argv[1]);
	if (r < 0)
		return ctl_fail_errno(r, "policy");
	ask_bus(&check, &conn);
	r = run(&check);
	for (size_t i = 0; i < check.n; i++)
		free(check.answers[i].rule);
	free(check.answers);
	kb_info_deinit(&check.holder);
	grants_user_deinit(&check.user);
	return r;
}
