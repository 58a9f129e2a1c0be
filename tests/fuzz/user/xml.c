// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * XML policy and configuration: a file counts as a whole or not at all, and every
 * rule that was read can be asked, with one verdict.
 *
 * input: the file
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "lib/log.h"
#include "proxy/config.h"
#include "tests/fuzz/user/fuzz.h"

static const gid_t gids[] = { 0, 7 };

/* Some questions of each kind: the same verdict whenever it is asked. */
static void ask(const struct policy_view *view, const struct policy_rule *about)
{
	const char *names[] = { about->name ?: "a.b" };
	const struct policy_message message = {
		.type = about->type ?: 1,
		.path = about->path ?: "/",
		.interface = about->interface,
		.member = about->member ?: "M",
		.error = about->error,
		.names = names,
		.n_names = 1,
		.n_fds = about->min_fds,
		.broadcast = about->broadcast == POLICY_TRUE,
	};
	const struct policy_rule *rule, *again;
	bool may;

	may = policy_view_may_send(view, &message, &rule);
	must(may == (rule && rule->allow));
	must(policy_view_may_send(view, &message, &again) == may &&
	     again == rule);
	may = policy_view_may_receive(view, &message, &rule);
	must(may == (rule && rule->allow));
	may = policy_view_may_own(view, names[0], &rule);
	must(may == (rule && rule->allow));
}

static void check_rule(const struct policy_rule *rule)
{
	must(rule->kind < _N_POLICY_KINDS && rule->class < _N_POLICY_CLASSES);
	must(rule->file && rule->line > 0 && rule->type <= 4);
	must(rule->broadcast >= POLICY_ANY && rule->broadcast <= POLICY_TRUE);
}

static void check_policy(struct policy *policy)
{
	const struct policy_identity identity = { .uid = 7,
						  .gids = gids,
						  .n_gids = 2 };
	const struct policy_rule *decided;
	struct policy_view *view;

	for (size_t i = 0; i < policy->n_rules; i++)
		check_rule(policy->rules[i]);
	must(policy_get_view(policy, &identity, &view) == 0);
	for (size_t i = 0; i < policy->n_rules && i < 64; i++)
		ask(view, policy->rules[i]);
	policy_may_connect(policy, &identity, 0, &decided);
	policy_view_unref(view);
}

/* What a daemon is told is lines of two words at least. */
static void check_parts(const struct kb_buffer *parts)
{
	must(!parts->size || parts->data[parts->size - 1] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	char *paths[] = { (char *)fuzz_file(&input), NULL };
	struct config *config;

	kb_log_set_level(LOG_EMERG);
	must(config_read("system", paths, 0, &config) == 0);
	check_parts(&config->parts);
	/* of what broke off nothing is left but what replaces it */
	if (!config->has_main)
		must(config->n_broken && config->policy->n_rules == 3);
	else
		check_policy(config->policy);
	config_free(config);
	return 0;
}
