/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The classic XML policy: rules, whom they are for, and their verdicts. */
#ifndef PROXY_XML_POLICY_H
#define PROXY_XML_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What a rule speaks about. */
enum policy_kind {
	POLICY_SEND,
	POLICY_RECEIVE,
	POLICY_OWN,
	POLICY_CONNECT,
	_N_POLICY_KINDS,
};

/* For whom a <policy> is, in the order they are applied: later ones win. */
enum policy_class {
	POLICY_DEFAULT,
	POLICY_GROUP,
	POLICY_USER,
	POLICY_AT_CONSOLE,
	POLICY_NOT_AT_CONSOLE,
	POLICY_MANDATORY,
	_N_POLICY_CLASSES,
};

/* Conditions with three answers. */
enum policy_tristate {
	POLICY_ANY = -1,
	POLICY_FALSE = 0,
	POLICY_TRUE = 1,
};

#define POLICY_ID_ANY ((uint32_t)-1)

/**
 * struct policy_rule - one <allow> or <deny>
 *
 * A condition that is NULL, 0 or POLICY_ANY is no condition.  All strings belong
 * to the rule, except @file, which belongs to the policy.
 *
 * @class, @id:		whose <policy> it stands in; @id is the uid or gid of
 *			POLICY_USER and POLICY_GROUP
 * @file, @line:	where it stands, for whoever wonders why
 * @allow:		the verdict if it matches
 * @type:		type of the message as in the D-Bus header, 0 for any
 * @name:		send: the destination; receive: the sender; own: the name
 * @prefix:		@name stands for itself and all names below it
 * @broadcast:		send: only, or not, signals without a destination
 * @requested_reply:	see policy_rule_matches_reply()
 * @eavesdrop:		the attribute; a deny with it concerns eavesdroppers only
 * @uid, @gid:		connect: who, POLICY_ID_ANY for everybody
 * @question:		whom it is for is still to be found out, see policy_answer();
 *			else 0
 */
struct policy_rule {
	enum policy_kind kind;
	enum policy_class class;
	uint32_t id;
	const char *file;
	unsigned int line;
	bool allow;

	unsigned int type;
	char *path;
	char *interface;
	char *member;
	char *error;
	char *name;
	bool prefix;
	int broadcast;
	bool requested_reply;
	bool eavesdrop;
	unsigned int min_fds;
	unsigned int max_fds;

	bool by_group;
	uint32_t uid;
	uint32_t gid;
	unsigned int question;
};

/**
 * struct policy_identity - whom a policy is asked for
 * @gids:	all groups, the primary one too, in ascending order (owned by
 *		whoever made it)
 * @at_console:	has a session on a local seat
 */
struct policy_identity {
	uid_t uid;
	const gid_t *gids;
	size_t n_gids;
	bool at_console;
};

/**
 * struct policy_message - what the rules look at, all strings borrowed
 * @names:	send: the names the receiver owns; receive: those of the sender
 * @broadcast:	a signal without a destination
 * @is_reply:	has a reply serial.  That a reply is one somebody waits for is
 *		the kernel's to see, so here every reply counts as requested.
 */
struct policy_message {
	unsigned int type;
	const char *path;
	const char *interface;
	const char *member;
	const char *error;
	const char *const *names;
	size_t n_names;
	size_t n_fds;
	bool broadcast;
	bool is_reply;
};

/**
 * struct policy - all rules of one configuration, in document order
 *
 * Built once by the parser, not changed afterwards; views keep it alive, so a
 * reload can put a new one in place while clients still look at the old.
 *
 * @files:	names of the files rules refer to
 * @asks_console: some rule depends on whether somebody is at the console
 */
struct policy {
	unsigned long n_refs;
	struct policy_rule **rules;
	size_t n_rules;
	size_t rules_size;
	char **files;
	size_t n_files;
	bool asks_console;
	struct policy_view *views;
};

/**
 * struct policy_view - a policy as one identity sees it
 *
 * The rules that apply to this identity, in the order they are applied, one
 * list per kind.  Identities that are equal share one view.
 */
struct policy_view {
	unsigned long n_refs;
	struct policy *policy;
	struct policy_view *next;
	struct policy_identity identity;
	const struct policy_rule **rules[_N_POLICY_KINDS];
	size_t n_rules[_N_POLICY_KINDS];
};

/* rules */

struct policy_rule *policy_rule_new(void);
struct policy_rule *policy_rule_free(struct policy_rule *rule);

/* Does it speak about whoever has this name: has it the name, or none? */
bool policy_rule_is_about(const struct policy_rule *rule, const char *name);

/* policies */

int policy_new(struct policy **out_policy);
struct policy *policy_ref(struct policy *policy);
struct policy *policy_unref(struct policy *policy);

/* the policy's own copy of a file name; NULL without memory */
const char *policy_add_file(struct policy *policy, const char *path);

/* takes the rule over, also when it fails with -ENOMEM */
int policy_add_rule(struct policy *policy, struct policy_rule *rule);

/* drops all rules after the first @n_rules: a file that breaks off counts not */
void policy_truncate(struct policy *policy, size_t n_rules);

/**
 * policy_answer() - set whom a rule is for
 * @index:	of the rule, whose @question is not 0
 * @id:		uid or gid
 */
void policy_answer(struct policy *policy, size_t index, uint32_t id);

/* takes one rule out again */
void policy_remove_rule(struct policy *policy, size_t index);

/**
 * policy_may_connect() - may this identity connect at all
 * @owner:	uid of the bus's owner, who may unless a rule denies it
 * @out_rule:	the rule that decided, NULL if none did; may be NULL
 */
bool policy_may_connect(const struct policy *policy,
			const struct policy_identity *identity, uid_t owner,
			const struct policy_rule **out_rule);

/* views */

/* an existing view of an equal identity, or a new one; -ENOMEM */
int policy_get_view(struct policy *policy,
		    const struct policy_identity *identity,
		    struct policy_view **out_view);
struct policy_view *policy_view_ref(struct policy_view *view);
struct policy_view *policy_view_unref(struct policy_view *view);

/*
 * Verdicts: the last rule that matches decides, none means no.  @out_rule is
 * the rule that decided or NULL; it lives as long as the view.
 */
bool policy_view_may_send(const struct policy_view *view,
			  const struct policy_message *message,
			  const struct policy_rule **out_rule);
bool policy_view_may_receive(const struct policy_view *view,
			     const struct policy_message *message,
			     const struct policy_rule **out_rule);
bool policy_view_may_own(const struct policy_view *view, const char *name,
			 const struct policy_rule **out_rule);

#endif /* PROXY_XML_POLICY_H */
