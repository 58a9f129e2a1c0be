// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the policy says of a user and a name, for programs to read. */

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/message.h"
#include "lib/name.h"
#include "proxy/config.h"
#include "proxy/peer.h"
#include "proxy/verdict.h"

static void print_line(const char *what, bool allow,
		       const struct policy_rule *rule, FILE *file)
{
	fprintf(file, "%s\t%s\t%s\t%u", what, allow ? "allow" : "deny",
		rule ? rule->file : "", rule ? rule->line : 0);
}

static void print_verdict(const char *what, bool allow,
			  const struct policy_rule *rule, FILE *file)
{
	print_line(what, allow, rule, file);
	fputc('\n', file);
}

/* conditions */

/* Can it decide about a message of @type to, or from, who has the name? */
static bool rule_may_match(const struct policy_rule *rule, const char *name,
			   unsigned int type)
{
	if (rule->type && rule->type != type)
		return false;
	if (rule->kind == POLICY_SEND && rule->broadcast == POLICY_TRUE)
		return false;
	/* nothing is ever eavesdropped, nor an error here */
	if (rule->kind == POLICY_RECEIVE && rule->eavesdrop && !rule->allow)
		return false;
	return !rule->error && policy_rule_is_about(rule, name);
}

static void print_condition(const char *key, const char *value, bool *is_first,
			    FILE *file)
{
	if (!value)
		return;
	fprintf(file, "%s%s=%s", *is_first ? "\t" : " ", key, value);
	*is_first = false;
}

static bool has_condition(const struct policy_rule *rule)
{
	return rule->path || rule->interface || rule->member || rule->min_fds ||
	       rule->max_fds != UINT32_MAX;
}

static void print_conditions(const struct policy_rule *rule, FILE *file)
{
	bool is_first = true;
	char fds[64];

	print_condition("interface", rule->interface, &is_first, file);
	print_condition("member", rule->member, &is_first, file);
	print_condition("path", rule->path, &is_first, file);
	snprintf(fds, sizeof(fds), "%u…%u", rule->min_fds, rule->max_fds);
	if (rule->min_fds || rule->max_fds != UINT32_MAX)
		print_condition("descriptors", fds, &is_first, file);
	fputc('\n', file);
}

/* From the last rule back to the one that decides about all that is left. */
static void print_kind(const struct policy_view *view, enum policy_kind kind,
		       unsigned int type, const char *name, FILE *file)
{
	const char *what = kind == POLICY_SEND ? "send" : "receive";
	char what_if[16];

	snprintf(what_if, sizeof(what_if), "%s-if", what);
	for (size_t i = view->n_rules[kind]; i > 0; i--) {
		const struct policy_rule *rule = view->rules[kind][i - 1];

		if (!rule_may_match(rule, name, type))
			continue;
		if (!has_condition(rule)) {
			print_verdict(what, rule->allow, rule, file);
			return;
		}
		print_line(what_if, rule->allow, rule, file);
		print_conditions(rule, file);
	}
	print_verdict(what, false, NULL, file);
}

int verdict_print(struct policy *policy,
		  const struct policy_identity *identity, uid_t owner,
		  const char *name, FILE *file)
{
	const struct policy_rule *rule = NULL;
	struct policy_view *view;
	bool allow;

	if (policy_get_view(policy, identity, &view) < 0)
		return -ENOMEM;
	allow = policy_may_connect(policy, identity, owner, &rule);
	print_verdict("connect", allow, rule, file);
	allow = policy_view_may_own(view, name, &rule);
	print_verdict("own", allow, rule, file);
	print_kind(view, POLICY_SEND, KB_METHOD_CALL, name, file);
	print_kind(view, POLICY_RECEIVE, KB_SIGNAL, name, file);
	policy_view_unref(view);
	return 0;
}

/* the program */

static int judge(struct config *config, uid_t uid, uid_t owner, const char *name)
{
	const struct passwd *pw = getpwuid(uid);
	gid_t gids[NGROUPS_MAX];
	int n = NGROUPS_MAX;
	struct policy_identity identity = { .uid = uid, .gids = gids };

	if (pw && getgrouplist(pw->pw_name, pw->pw_gid, gids, &n) < 0)
		return -E2BIG;
	identity.n_gids = pw ? peer_sort_gids(gids, n) : 0;
	identity.at_console = config->policy->asks_console &&
			      peer_is_at_console(uid);
	return verdict_print(config->policy, &identity, owner, name, stdout);
}

int verdict_run(const char *scope, char *const *paths, const char *text)
{
	_cleanup_(kb_freep) char *copy = strdup(text);
	uid_t owner = kb_streq(scope, "system") ? 0 : getuid();
	struct config *config;
	char *name = copy;
	uint64_t uid;
	int r;

	if (!name || kb_parse_u64(strsep(&name, ":"), &uid) < 0 ||
	    uid > UINT32_MAX || !name || !kb_name_is_well_known(name)) {
		kb_log(LOG_ERR, "--verdicts= is UID:NAME, not %s", text);
		return -EINVAL;
	}
	r = config_load(scope, paths, owner, &config);
	if (r < 0)
		return kb_log_errno(LOG_ERR, r, "Configuration");
	r = judge(config, uid, owner, name);
	config_free(config);
	return r < 0 ? kb_log_errno(LOG_ERR, r, "Verdicts") : 0;
}
