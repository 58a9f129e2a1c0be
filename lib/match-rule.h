/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Match rules: "type='signal',member='Changed',arg0='x'".
 *
 * A rule is parsed once, tested exactly against messages, and translated into
 * the coarser matches the kernel has. Equal rules have equal normal forms.
 */
#ifndef KB_MATCH_RULE_H
#define KB_MATCH_RULE_H

#include <linux/kdbus.h>

#include "lib/message.h"
#include "lib/util.h"

#define KB_MATCH_RULE_MAX	1024	/* bytes of a rule's text */
#define KB_MATCH_ARGS		KB_MESSAGE_ARGS	/* arg0 to arg63 */

enum kb_match_arg_kind {
	KB_MATCH_ARG_STRING,		/* argN */
	KB_MATCH_ARG_PATH,		/* argNpath */
	KB_MATCH_ARG_NAMESPACE,		/* arg0namespace */
};

/**
 * struct kb_match_arg - a condition on one argument
 * @index:	0 to 63
 * @kind:	enum kb_match_arg_kind
 * @value:	borrowed from the rule
 */
struct kb_match_arg {
	uint8_t index;
	uint8_t kind;
	const char *value;
};

/**
 * struct kb_match_rule - a parsed rule
 *
 * Absent conditions are NULL (@type: 0). @args are sorted by index, then kind.
 */
struct kb_match_rule {
	uint8_t type;
	const char *sender;
	const char *interface;
	const char *member;
	const char *path;
	const char *path_namespace;
	const char *destination;
	bool eavesdrop;
	size_t n_args;
	struct kb_match_arg *args;
	char text[];
};

/**
 * kb_match_rule_parse() - parse and check a rule
 * @text:	"" matches everything
 *
 * Return: 0, -EINVAL for bad syntax, -E2BIG for more than KB_MATCH_RULE_MAX
 * bytes, -ENOMEM.
 */
int kb_match_rule_parse(const char *text, struct kb_match_rule **out);
struct kb_match_rule *kb_match_rule_free(struct kb_match_rule *rule);

static inline void kb_match_rule_freep(struct kb_match_rule **rule)
{
	kb_match_rule_free(*rule);
}

/* The normal form: keys in one order, quoted one way, without eavesdrop.
 * Freshly allocated, NULL if out of memory. */
char *kb_match_rule_normalize(const struct kb_match_rule *rule);

/* A cookie for the rule: bit 63 and a hash of the normal form (driver.8). */
uint64_t kb_match_rule_cookie(const char *normalized);

/**
 * kb_match_rule_test() - does it match, exactly
 * @message:	as received (or made by kb_notify_…()). A well-known name as
 *		sender matches what @sender is, or owns according to @meta
 *
 * Return: 1, 0; -EBADMSG if the body had to be read and is broken.
 */
int kb_match_rule_test(const struct kb_match_rule *rule,
		       const struct kb_message *message);

#include "lib/match-kernel.h"

#endif /* KB_MATCH_RULE_H */
