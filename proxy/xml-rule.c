/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The attributes of <allow> and <deny> become a rule. */

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "lib/util.h"
#include "proxy/xml-rule.h"

/* so many are believed to exist */
#define FDS_MAX (1U << 25)

#define BIT(kind) (1U << (kind))
#define SEND BIT(POLICY_SEND)
#define RECEIVE BIT(POLICY_RECEIVE)
#define OWN BIT(POLICY_OWN)
#define CONNECT BIT(POLICY_CONNECT)
#define ALL (SEND | RECEIVE | OWN | CONNECT)

/* What of it excludes, or needs, something else. */
enum part {
	PART_INTERFACE = 1 << 0,
	PART_MEMBER = 1 << 1,
	PART_PATH = 1 << 2,
	PART_ERROR = 1 << 3,
	PART_OTHER = 1 << 4,
	PART_NONE = 0,	/* says nothing without others */
};

/*
 * One rule on its way: @kinds are those its attributes so far agree on, @parts
 * what they were.
 */
struct draft {
	struct policy_rule *rule;
	struct resolver *resolver;
	unsigned int kinds;
	unsigned int parts;
	bool has_name;
	bool has_who;
	const char *why;
};

struct attribute {
	const char *name;
	unsigned int kinds;
	enum part part;
	int (*set)(struct draft *draft, const struct attribute *attribute,
		   const char *value);
	size_t offset;
};

static int draft_refuse(struct draft *draft, const char *why)
{
	draft->why = why;
	return -EINVAL;
}

static void *draft_field(struct draft *draft, const struct attribute *attribute)
{
	return (char *)draft->rule + attribute->offset;
}

/* "*" is whatever, even nothing: no condition at all */
static int set_text(struct draft *draft, const struct attribute *attribute,
		    const char *value)
{
	char **field = draft_field(draft, attribute);

	if (kb_streq(value, "*"))
		return 0;
	*field = strdup(value);
	return *field ? 0 : -ENOMEM;
}

static int set_name(struct draft *draft, const struct attribute *attribute,
		    const char *value)
{
	if (draft->has_name)
		return draft_refuse(draft, "a name and a prefix exclude each other");
	draft->has_name = true;
	return set_text(draft, attribute, value);
}

static int set_prefix(struct draft *draft, const struct attribute *attribute,
		      const char *value)
{
	draft->rule->prefix = true;
	return set_name(draft, attribute, value);
}

static int set_type(struct draft *draft, const struct attribute *attribute,
		    const char *value)
{
	/* in the order of the numbers they have in a message */
	static const char *const types[] = { "*", "method_call",
					     "method_return", "error",
					     "signal" };
	unsigned int *field = draft_field(draft, attribute);

	for (size_t i = 0; i < KB_ARRAY_SIZE(types); i++) {
		if (kb_streq(value, types[i])) {
			*field = i;
			return 0;
		}
	}
	return draft_refuse(draft, "unknown message type");
}

static int parse_boolean(struct draft *draft, const char *value)
{
	if (kb_streq(value, "true"))
		return 1;
	if (kb_streq(value, "false"))
		return 0;
	return draft_refuse(draft, "neither true nor false");
}

static int set_boolean(struct draft *draft, const struct attribute *attribute,
		       const char *value)
{
	bool *field = draft_field(draft, attribute);
	int r = parse_boolean(draft, value);

	if (r < 0)
		return r;
	*field = r;
	return 0;
}

static int set_tristate(struct draft *draft, const struct attribute *attribute,
			const char *value)
{
	int *field = draft_field(draft, attribute);
	int r = parse_boolean(draft, value);

	if (r < 0)
		return r;
	*field = r;
	return 0;
}

static int set_count(struct draft *draft, const struct attribute *attribute,
		     const char *value)
{
	unsigned int *field = draft_field(draft, attribute);
	uint64_t n;

	if (kb_parse_u64(value, &n) < 0 || n > FDS_MAX)
		return draft_refuse(draft, "not a number of descriptors");
	*field = n;
	return 0;
}

/* What is refused is logged anyway; so it does not matter what it says. */
static int set_log(struct draft *draft, const struct attribute *attribute,
		   const char *value)
{
	(void)draft;
	(void)attribute;
	(void)value;
	return 0;
}

static int set_who(struct draft *draft, const char *value, uint32_t *field,
		   int (*resolve)(struct resolver *, const char *, uint32_t *))
{
	int r;

	if (draft->has_who)
		return draft_refuse(draft, "user and group exclude each other");
	draft->has_who = true;
	if (kb_streq(value, "*"))
		return 0;
	r = resolve(draft->resolver, value, field);
	if (r < 0)
		draft->why = "unknown user or group";
	else
		draft->rule->question = r;
	return r < 0 ? r : 0;
}

static int set_user(struct draft *draft, const struct attribute *attribute,
		    const char *value)
{
	return set_who(draft, value, draft_field(draft, attribute),
		       resolve_user);
}

static int set_group(struct draft *draft, const struct attribute *attribute,
		     const char *value)
{
	draft->rule->by_group = true;
	return set_who(draft, value, draft_field(draft, attribute),
		       resolve_group);
}

/* clang-format off */
#define FIELD(field) offsetof(struct policy_rule, field)

static const struct attribute attributes_table[] = {
	{ "send_type",			SEND,		PART_OTHER,	set_type,	FIELD(type) },
	{ "send_path",			SEND,		PART_PATH,	set_text,	FIELD(path) },
	{ "send_interface",		SEND,		PART_INTERFACE,	set_text,	FIELD(interface) },
	{ "send_member",		SEND,		PART_MEMBER,	set_text,	FIELD(member) },
	{ "send_error",			SEND,		PART_ERROR,	set_text,	FIELD(error) },
	{ "send_destination",		SEND,		PART_OTHER,	set_name,	FIELD(name) },
	{ "send_destination_prefix",	SEND,		PART_OTHER,	set_prefix,	FIELD(name) },
	{ "send_broadcast",		SEND,		PART_OTHER,	set_tristate,	FIELD(broadcast) },
	{ "send_requested_reply",	SEND,		PART_OTHER,	set_boolean,	FIELD(requested_reply) },
	{ "receive_type",		RECEIVE,	PART_OTHER,	set_type,	FIELD(type) },
	{ "receive_path",		RECEIVE,	PART_PATH,	set_text,	FIELD(path) },
	{ "receive_interface",		RECEIVE,	PART_INTERFACE,	set_text,	FIELD(interface) },
	{ "receive_member",		RECEIVE,	PART_MEMBER,	set_text,	FIELD(member) },
	{ "receive_error",		RECEIVE,	PART_ERROR,	set_text,	FIELD(error) },
	{ "receive_sender",		RECEIVE,	PART_OTHER,	set_name,	FIELD(name) },
	{ "receive_requested_reply",	RECEIVE,	PART_OTHER,	set_boolean,	FIELD(requested_reply) },
	{ "eavesdrop",			SEND | RECEIVE,	PART_OTHER,	set_boolean,	FIELD(eavesdrop) },
	{ "min_fds",			SEND | RECEIVE,	PART_NONE,	set_count,	FIELD(min_fds) },
	{ "max_fds",			SEND | RECEIVE,	PART_NONE,	set_count,	FIELD(max_fds) },
	{ "own",			OWN,		PART_OTHER,	set_name,	FIELD(name) },
	{ "own_prefix",			OWN,		PART_OTHER,	set_prefix,	FIELD(name) },
	{ "user",			CONNECT,	PART_OTHER,	set_user,	FIELD(uid) },
	{ "group",			CONNECT,	PART_OTHER,	set_group,	FIELD(gid) },
	{ "log",			ALL,		PART_NONE,	set_log,	0 },
};
/* clang-format on */

static const struct attribute *attribute_find(const char *name)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(attributes_table); i++)
		if (kb_streq(attributes_table[i].name, name))
			return &attributes_table[i];
	return NULL;
}

static int draft_set(struct draft *draft, const char *name, const char *value)
{
	const struct attribute *attribute = attribute_find(name);

	if (!attribute)
		return draft_refuse(draft, "unknown attribute");
	draft->parts |= attribute->part;
	draft->kinds &= attribute->kinds;
	if (draft->kinds == 0)
		return draft_refuse(draft, "attributes of different kinds in one rule");
	return attribute->set(draft, attribute, value);
}

/*
 * A member means nothing without knowing whose: many interfaces have a Get.  An
 * error has neither.
 */
static int draft_check(struct draft *draft)
{
	unsigned int parts = draft->parts;

	if (!parts)
		return draft_refuse(draft, "it says nothing");
	if (parts & PART_MEMBER && !(parts & (PART_INTERFACE | PART_PATH)))
		return draft_refuse(draft, "a member without interface or path");
	if (parts & PART_ERROR && parts & (PART_INTERFACE | PART_MEMBER))
		return draft_refuse(draft, "an error has no interface or member");
	if (draft->rule->broadcast == POLICY_TRUE &&
	    draft->rule->name && !draft->rule->prefix)
		return draft_refuse(draft, "a broadcast has no destination");
	return 0;
}

/* What says nothing about its kind is a rule for receiving. */
static enum policy_kind draft_kind(const struct draft *draft)
{
	for (int kind = 0; kind < _N_POLICY_KINDS; kind++)
		if (draft->kinds == BIT(kind))
			return kind;
	return POLICY_RECEIVE;
}

int xml_rule_parse(struct policy_rule *rule, const char *const *attributes,
		   struct resolver *resolver, const char **out_why)
{
	struct draft draft = { .rule = rule, .resolver = resolver, .kinds = ALL };
	int r;

	rule->requested_reply = rule->allow;
	for (; *attributes; attributes += 2) {
		r = draft_set(&draft, attributes[0], attributes[1]);
		if (r < 0) {
			*out_why = draft.why;
			return r;
		}
	}

	r = draft_check(&draft);
	if (r < 0) {
		*out_why = draft.why;
		return r;
	}

	rule->kind = draft_kind(&draft);
	if (rule->kind == POLICY_CONNECT && rule->class != POLICY_DEFAULT &&
	    rule->class != POLICY_MANDATORY) {
		*out_why = "user and group rules belong in the default or mandatory context";
		return -EINVAL;
	}
	return 0;
}
