/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The classic XML policy: rules, whom they are for, and their verdicts. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/xml-policy.h"

/* rules */

struct policy_rule *policy_rule_new(void)
{
	struct policy_rule *rule = calloc(1, sizeof(*rule));

	if (!rule)
		return NULL;
	rule->broadcast = POLICY_ANY;
	rule->max_fds = UINT_MAX;
	rule->uid = POLICY_ID_ANY;
	rule->gid = POLICY_ID_ANY;
	return rule;
}

struct policy_rule *policy_rule_free(struct policy_rule *rule)
{
	if (!rule)
		return NULL;
	free(rule->path);
	free(rule->interface);
	free(rule->member);
	free(rule->error);
	free(rule->name);
	free(rule);
	return NULL;
}

/* policies */

int policy_new(struct policy **out_policy)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return -ENOMEM;
	policy->n_refs = 1;
	*out_policy = policy;
	return 0;
}

struct policy *policy_ref(struct policy *policy)
{
	policy->n_refs++;
	return policy;
}

struct policy *policy_unref(struct policy *policy)
{
	if (!policy || --policy->n_refs > 0)
		return NULL;

	policy_truncate(policy, 0);
	for (size_t i = 0; i < policy->n_files; i++)
		free(policy->files[i]);
	free(policy->rules);
	free(policy->files);
	free(policy);
	return NULL;
}

const char *policy_add_file(struct policy *policy, const char *path)
{
	char *copy = strdup(path);
	char **files;

	files = reallocarray(policy->files, policy->n_files + 1, sizeof(*files));
	if (files)
		policy->files = files;
	if (!files || !copy) {
		free(copy);
		return NULL;
	}
	return files[policy->n_files++] = copy;
}

int policy_add_rule(struct policy *policy, struct policy_rule *rule)
{
	if (policy->n_rules == policy->rules_size) {
		size_t size = policy->rules_size ? 2 * policy->rules_size : 64;
		struct policy_rule **rules;

		rules = reallocarray(policy->rules, size, sizeof(*rules));
		if (!rules) {
			policy_rule_free(rule);
			return -ENOMEM;
		}
		policy->rules = rules;
		policy->rules_size = size;
	}
	policy->rules[policy->n_rules++] = rule;
	if (rule->class == POLICY_AT_CONSOLE ||
	    rule->class == POLICY_NOT_AT_CONSOLE)
		policy->asks_console = true;
	return 0;
}

void policy_truncate(struct policy *policy, size_t n_rules)
{
	while (policy->n_rules > n_rules)
		policy_rule_free(policy->rules[--policy->n_rules]);
}

void policy_answer(struct policy *policy, size_t index, uint32_t id)
{
	struct policy_rule *rule = policy->rules[index];

	if (rule->kind != POLICY_CONNECT)
		rule->id = id;
	else if (rule->by_group)
		rule->gid = id;
	else
		rule->uid = id;
	rule->question = 0;
}

void policy_remove_rule(struct policy *policy, size_t index)
{
	policy_rule_free(policy->rules[index]);
	policy->n_rules--;
	memmove(policy->rules + index, policy->rules + index + 1,
		(policy->n_rules - index) * sizeof(*policy->rules));
}

/* whom a rule is for */

static bool identity_has_group(const struct policy_identity *identity,
			       uint32_t gid)
{
	for (size_t i = 0; i < identity->n_gids; i++)
		if (identity->gids[i] == gid)
			return true;
	return false;
}

/* @gid: of the group whose turn it is */
static bool rule_concerns(const struct policy_rule *rule,
			  const struct policy_identity *identity, gid_t gid)
{
	switch (rule->class) {
	case POLICY_GROUP:
		return rule->id == gid;
	case POLICY_USER:
		return rule->id == identity->uid;
	case POLICY_AT_CONSOLE:
		return identity->at_console;
	case POLICY_NOT_AT_CONSOLE:
		return !identity->at_console;
	default:
		return true;
	}
}

static bool rule_matches_connect(const struct policy_rule *rule,
				 const struct policy_identity *identity)
{
	if (rule->by_group)
		return rule->gid == POLICY_ID_ANY ||
		       identity_has_group(identity, rule->gid);
	return rule->uid == POLICY_ID_ANY || rule->uid == identity->uid;
}

/*
 * Who may connect is decided before anything else is known, so the rules stand
 * in the two contexts that are for everybody.
 */
bool policy_may_connect(const struct policy *policy,
			const struct policy_identity *identity, uid_t owner,
			const struct policy_rule **out_rule)
{
	static const enum policy_class classes[] = { POLICY_DEFAULT,
						     POLICY_MANDATORY };
	const struct policy_rule *last = NULL;

	for (size_t c = 0; c < 2; c++) {
		for (size_t i = 0; i < policy->n_rules; i++) {
			const struct policy_rule *rule = policy->rules[i];

			if (rule->kind == POLICY_CONNECT &&
			    rule->class == classes[c] &&
			    rule_matches_connect(rule, identity))
				last = rule;
		}
	}
	if (out_rule)
		*out_rule = last;
	return last ? last->allow : identity->uid == owner;
}

/* views */

static bool identity_equal(const struct policy_identity *a,
			   const struct policy_identity *b)
{
	return a->uid == b->uid && a->at_console == b->at_console &&
	       a->n_gids == b->n_gids &&
	       (a->n_gids == 0 ||
		memcmp(a->gids, b->gids, a->n_gids * sizeof(*a->gids)) == 0);
}

/*
 * A rule that names nothing overrides all before it.  The reference decides so
 * by these fields alone: also a rule that is only about broadcasts, requested
 * replies, eavesdroppers or numbers of descriptors makes it forget what stands
 * before, and policies are written and tested with that.
 */
static bool rule_is_blanket(const struct policy_rule *rule)
{
	return !rule->type && !rule->path && !rule->interface &&
	       !rule->member && !rule->error && !rule->name;
}

static int view_add(struct policy_view *view, const struct policy_rule *rule)
{
	const struct policy_rule **rules = view->rules[rule->kind];
	size_t n = rule_is_blanket(rule) ? 0 : view->n_rules[rule->kind];

	/* grows at powers of two */
	if ((n & (n - 1)) == 0) {
		rules = reallocarray(rules, n ? 2 * n : 1, sizeof(*rules));
		if (!rules)
			return -ENOMEM;
		view->rules[rule->kind] = rules;
	}
	rules[n] = rule;
	view->n_rules[rule->kind] = n + 1;
	return 0;
}

static int view_add_class(struct policy_view *view, enum policy_class class,
			  gid_t gid)
{
	const struct policy *policy = view->policy;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct policy_rule *rule = policy->rules[i];

		if (rule->class == class && rule->kind != POLICY_CONNECT &&
		    rule_concerns(rule, &view->identity, gid) &&
		    view_add(view, rule) < 0)
			return -ENOMEM;
	}
	return 0;
}

/*
 * One group after the other, as the reference does it: where two of them
 * disagree the one with the higher number decides, wherever its rules stand.
 */
static int view_fill(struct policy_view *view)
{
	const struct policy_identity *identity = &view->identity;
	int r = 0;

	for (int class = 0; class < _N_POLICY_CLASSES && r == 0; class++) {
		size_t n = class == POLICY_GROUP ? identity->n_gids : 1;

		for (size_t i = 0; i < n && r == 0; i++)
			r = view_add_class(view, class, class == POLICY_GROUP ?
						   identity->gids[i] : 0);
	}
	return r;
}

int policy_get_view(struct policy *policy,
		    const struct policy_identity *identity,
		    struct policy_view **out_view)
{
	struct policy_view *view;
	gid_t *gids;

	for (view = policy->views; view; view = view->next) {
		if (identity_equal(&view->identity, identity)) {
			*out_view = policy_view_ref(view);
			return 0;
		}
	}

	view = calloc(1, sizeof(*view));
	gids = calloc(identity->n_gids + 1, sizeof(*gids));
	if (!view || !gids) {
		free(view);
		free(gids);
		return -ENOMEM;
	}
	if (identity->n_gids > 0)
		memcpy(gids, identity->gids, identity->n_gids * sizeof(*gids));
	view->n_refs = 1;
	view->identity = *identity;
	view->identity.gids = gids;
	view->policy = policy_ref(policy);
	view->next = policy->views;
	policy->views = view;
	if (view_fill(view) < 0) {
		policy_view_unref(view);
		return -ENOMEM;
	}
	*out_view = view;
	return 0;
}

struct policy_view *policy_view_ref(struct policy_view *view)
{
	view->n_refs++;
	return view;
}

struct policy_view *policy_view_unref(struct policy_view *view)
{
	struct policy_view **link;

	if (!view || --view->n_refs > 0)
		return NULL;

	for (link = &view->policy->views; *link != view; link = &(*link)->next)
		;
	*link = view->next;
	for (int kind = 0; kind < _N_POLICY_KINDS; kind++)
		free(view->rules[kind]);
	free((gid_t *)view->identity.gids);
	policy_unref(view->policy);
	free(view);
	return NULL;
}

/* does a rule match */

static bool name_is_below(const char *name, const char *prefix)
{
	size_t size = strlen(prefix);

	return strncmp(name, prefix, size) == 0 &&
	       (name[size] == 0 || name[size] == '.');
}

static bool rule_matches_name(const struct policy_rule *rule, const char *name)
{
	return rule->prefix ? name_is_below(name, rule->name) :
			      strcmp(name, rule->name) == 0;
}

bool policy_rule_is_about(const struct policy_rule *rule, const char *name)
{
	return !rule->name || rule_matches_name(rule, name);
}

static bool rule_matches_names(const struct policy_rule *rule,
			       const struct policy_message *message)
{
	if (!rule->name)
		return true;
	for (size_t i = 0; i < message->n_names; i++)
		if (rule_matches_name(rule, message->names[i]))
			return true;
	return false;
}

/* What a message does not carry contradicts no rule. */
static bool field_matches(const char *wanted, const char *field)
{
	return !wanted || !field || strcmp(wanted, field) == 0;
}

/*
 * The interface is optional in a call, and with it left out the receiver picks
 * one.  So a rule that names an interface must assume the worst: it allows only
 * messages that have it, but denies also those that have none.
 */
static bool rule_matches_interface(const struct policy_rule *rule,
				   const char *interface)
{
	if (!rule->interface)
		return true;
	if (!interface)
		return !rule->allow;
	return strcmp(rule->interface, interface) == 0;
}

/*
 * requested_reply says of an <allow>: only requested replies; of a <deny>: also
 * requested ones.  All replies that come here are requested.
 */
static bool rule_matches_reply(const struct policy_rule *rule,
			       const struct policy_message *message)
{
	return !message->is_reply || rule->allow || rule->requested_reply;
}

static bool rule_matches_message(const struct policy_rule *rule,
				 const struct policy_message *message)
{
	if (rule->type && rule->type != message->type)
		return false;
	if (message->n_fds < rule->min_fds || message->n_fds > rule->max_fds)
		return false;
	return rule_matches_reply(rule, message) &&
	       rule_matches_interface(rule, message->interface) &&
	       field_matches(rule->member, message->member) &&
	       field_matches(rule->path, message->path) &&
	       field_matches(rule->error, message->error) &&
	       rule_matches_names(rule, message);
}

static bool rule_matches_send(const struct policy_rule *rule,
			      const struct policy_message *message)
{
	if (rule->broadcast != POLICY_ANY &&
	    rule->broadcast != (int)message->broadcast)
		return false;
	return rule_matches_message(rule, message);
}

/* Nothing is ever eavesdropped, so what denies only that denies nothing. */
static bool rule_matches_receive(const struct policy_rule *rule,
				 const struct policy_message *message)
{
	if (rule->eavesdrop && !rule->allow)
		return false;
	return rule_matches_message(rule, message);
}

/* verdicts */

static bool view_verdict(const struct policy_view *view, enum policy_kind kind,
			 bool (*matches)(const struct policy_rule *,
					 const struct policy_message *),
			 const struct policy_message *message,
			 const struct policy_rule **out_rule)
{
	const struct policy_rule *rule = NULL;

	/* the last match decides, so it is the first from the end */
	for (size_t i = view->n_rules[kind]; i > 0 && !rule; i--)
		if (matches(view->rules[kind][i - 1], message))
			rule = view->rules[kind][i - 1];
	if (out_rule)
		*out_rule = rule;
	return rule && rule->allow;
}

bool policy_view_may_send(const struct policy_view *view,
			  const struct policy_message *message,
			  const struct policy_rule **out_rule)
{
	return view_verdict(view, POLICY_SEND, rule_matches_send, message,
			    out_rule);
}

bool policy_view_may_receive(const struct policy_view *view,
			     const struct policy_message *message,
			     const struct policy_rule **out_rule)
{
	return view_verdict(view, POLICY_RECEIVE, rule_matches_receive, message,
			    out_rule);
}

bool policy_view_may_own(const struct policy_view *view, const char *name,
			 const struct policy_rule **out_rule)
{
	struct policy_message message = { .names = &name, .n_names = 1 };

	return view_verdict(view, POLICY_OWN, rule_matches_names, &message,
			    out_rule);
}
