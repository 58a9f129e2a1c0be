// SPDX-License-Identifier: LGPL-2.1-or-later
/* Match rules: their text, and the exact test. */
#include <errno.h>

#include "lib/match-rule.h"
#include "lib/name.h"
#include "lib/siphash.h"

static const char *const type_names[] = {
	[KB_METHOD_CALL]	= "method_call",
	[KB_METHOD_RETURN]	= "method_return",
	[KB_ERROR]		= "error",
	[KB_SIGNAL]		= "signal",
};

/* The keys that have a string and nothing else, in the order of normal form.
 * The type comes before them, the arguments behind. */
static const struct {
	const char *key;
	size_t offset;
	bool (*is_valid)(const char *value);
} string_keys[] = {
	{ "sender", offsetof(struct kb_match_rule, sender),
	  kb_name_is_valid },
	{ "interface", offsetof(struct kb_match_rule, interface),
	  kb_interface_is_valid },
	{ "member", offsetof(struct kb_match_rule, member),
	  kb_member_is_valid },
	{ "path", offsetof(struct kb_match_rule, path), kb_path_is_valid },
	{ "path_namespace", offsetof(struct kb_match_rule, path_namespace),
	  kb_path_is_valid },
	{ "destination", offsetof(struct kb_match_rule, destination),
	  kb_name_is_valid },
};

static const char **string_slot(const struct kb_match_rule *rule, size_t i)
{
	return (const char **)((char *)rule + string_keys[i].offset);
}

/* parsing */

/* Copies one value to @out, terminated, and returns where the text goes on: at
 * a comma or at the end. NULL if a quote stays open. */
static const char *parse_value(const char *text, char **out)
{
	bool quoted = false;

	for (; *text && (quoted || *text != ','); text++) {
		if (*text == '\'')
			quoted = !quoted;
		else if (!quoted && text[0] == '\\' && text[1] == '\'')
			*(*out)++ = *++text;
		else
			*(*out)++ = *text;
	}
	*(*out)++ = '\0';
	return quoted ? NULL : text;
}

static int set_type(struct kb_match_rule *rule, const char *value)
{
	if (rule->type)
		return -EINVAL;
	for (size_t i = 1; i < KB_ARRAY_SIZE(type_names); i++)
		if (kb_streq(value, type_names[i])) {
			rule->type = i;
			return 0;
		}
	return -EINVAL;
}

/* "arg7", "arg7path", "arg0namespace": which one it is, or -EINVAL. */
static int parse_arg_key(const char *key, struct kb_match_arg *out)
{
	const char *s = kb_startswith(key, "arg");
	unsigned int index;

	if (!s || *s < '0' || *s > '9')
		return -EINVAL;
	index = *s++ - '0';
	if (*s >= '0' && *s <= '9') {
		if (!index)
			return -EINVAL;
		index = index * 10 + (*s++ - '0');
	}
	if (index >= KB_MATCH_ARGS)
		return -EINVAL;

	out->index = index;
	if (!*s)
		out->kind = KB_MATCH_ARG_STRING;
	else if (kb_streq(s, "path"))
		out->kind = KB_MATCH_ARG_PATH;
	else if (kb_streq(s, "namespace") && !index)
		out->kind = KB_MATCH_ARG_NAMESPACE;
	else
		return -EINVAL;
	return 0;
}

static int compare_args(const struct kb_match_arg *a,
			const struct kb_match_arg *b)
{
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

/* Inserts it where it belongs; rules are short. */
static int set_arg(struct kb_match_rule *rule, const char *key,
		   const char *value)
{
	struct kb_match_arg arg = { .value = value };
	size_t i = rule->n_args;

	if (parse_arg_key(key, &arg) < 0)
		return -EINVAL;
	if (arg.kind == KB_MATCH_ARG_NAMESPACE && !kb_name_is_namespace(value))
		return -EINVAL;

	for (; i && compare_args(&rule->args[i - 1], &arg) >= 0; i--)
		if (!compare_args(&rule->args[i - 1], &arg))
			return -EINVAL;
	memmove(&rule->args[i + 1], &rule->args[i],
		(rule->n_args - i) * sizeof(arg));
	rule->args[i] = arg;
	rule->n_args++;
	return 0;
}

static int set_key(struct kb_match_rule *rule, bool *eavesdrop_seen,
		   const char *key, const char *value)
{
	const char **slot;

	if (kb_streq(key, "type"))
		return set_type(rule, value);
	if (kb_streq(key, "eavesdrop")) {
		rule->eavesdrop = kb_streq(value, "true");
		if (*eavesdrop_seen ||
		    (!rule->eavesdrop && !kb_streq(value, "false")))
			return -EINVAL;
		*eavesdrop_seen = true;
		return 0;
	}
	for (size_t i = 0; i < KB_ARRAY_SIZE(string_keys); i++) {
		if (!kb_streq(key, string_keys[i].key))
			continue;
		slot = string_slot(rule, i);
		if (*slot || !string_keys[i].is_valid(value))
			return -EINVAL;
		*slot = value;
		return 0;
	}
	return set_arg(rule, key, value);
}

static int rule_parse(struct kb_match_rule *rule, const char *text)
{
	bool eavesdrop_seen = false;
	char *room = rule->text;

	for (;;) {
		const char *value;
		char key[24];
		size_t n;
		int r;

		text += strspn(text, " \t\r\n");
		if (!*text)
			break;
		n = strcspn(text, "=");
		if (!text[n] || n >= sizeof(key))
			return -EINVAL;
		memcpy(key, text, n);
		key[n] = '\0';

		value = room;
		text = parse_value(text + n + 1, &room);
		if (!text)
			return -EINVAL;
		r = set_key(rule, &eavesdrop_seen, key, value);
		if (r < 0)
			return r;
		if (*text == ',')
			text++;
	}
	return rule->path && rule->path_namespace ? -EINVAL : 0;
}

int kb_match_rule_parse(const char *text, struct kb_match_rule **out)
{
	_cleanup_(kb_match_rule_freep) struct kb_match_rule *rule = NULL;
	size_t size = strnlen(text, KB_MATCH_RULE_MAX + 1);
	size_t n_keys = 1;
	int r;

	if (size > KB_MATCH_RULE_MAX)
		return -E2BIG;

	/* a value with its NUL is never longer than "k=value" was */
	rule = calloc(1, sizeof(*rule) + size + 1);
	if (!rule)
		return -ENOMEM;
	for (size_t i = 0; i < size; i++)
		n_keys += text[i] == ',';
	rule->args = calloc(n_keys, sizeof(*rule->args));
	if (!rule->args)
		return -ENOMEM;

	r = rule_parse(rule, text);
	if (r < 0)
		return r;
	*out = TAKE_PTR(rule);
	return 0;
}

struct kb_match_rule *kb_match_rule_free(struct kb_match_rule *rule)
{
	if (rule)
		free(rule->args);
	free(rule);
	return NULL;
}

/* normal form */

static int append_key(struct kb_buffer *buffer, const char *key,
		      const char *value)
{
	int r;

	r = kb_buffer_printf(buffer, "%s%s='", buffer->size ? "," : "", key);
	for (; r >= 0 && *value; value++)
		r = *value == '\'' ? kb_buffer_append_string(buffer, "'\\''") :
				     kb_buffer_append(buffer, value, 1);
	return r < 0 ? r : kb_buffer_append_string(buffer, "'");
}

static int append_arg(struct kb_buffer *buffer, const struct kb_match_arg *arg)
{
	static const char *const suffixes[] = {
		[KB_MATCH_ARG_STRING]		= "",
		[KB_MATCH_ARG_PATH]		= "path",
		[KB_MATCH_ARG_NAMESPACE]	= "namespace",
	};
	char key[32];

	snprintf(key, sizeof(key), "arg%u%s", arg->index,
		 suffixes[arg->kind]);
	return append_key(buffer, key, arg->value);
}

char *kb_match_rule_normalize(const struct kb_match_rule *rule)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer buffer = {};
	int r = 0;

	if (rule->type)
		r = append_key(&buffer, "type", type_names[rule->type]);
	for (size_t i = 0; i < KB_ARRAY_SIZE(string_keys) && r >= 0; i++)
		if (*string_slot(rule, i))
			r = append_key(&buffer, string_keys[i].key,
				       *string_slot(rule, i));
	for (size_t i = 0; i < rule->n_args && r >= 0; i++)
		r = append_arg(&buffer, &rule->args[i]);
	if (r < 0 || kb_buffer_append_zero(&buffer, 1) < 0)
		return NULL;
	return (char *)TAKE_PTR(buffer.data);
}

uint64_t kb_match_rule_cookie(const char *normalized)
{
	/* not secret: a driver started later has to find the same cookies */
	static const uint8_t key[16] = "kdbus-match-rule";

	return kb_siphash24(normalized, strlen(normalized), key) |
	       UINT64_C(1) << 63;
}

/* testing */

static bool test_sender(const char *sender, const struct kb_message *message)
{
	char unique[KB_UNIQUE_NAME_SIZE];

	if (kb_streq_null(message->sender, sender))
		return true;
	if (message->src_id &&
	    kb_streq(kb_unique_name(message->src_id, unique), sender))
		return true;
	return kb_meta_owns_name(&message->meta, sender);
}

static bool test_destination(const char *destination,
			     const struct kb_message *message)
{
	char unique[KB_UNIQUE_NAME_SIZE];

	if (kb_streq_null(message->destination, destination) ||
	    kb_streq_null(message->dst_name, destination))
		return true;
	return message->dst_id && message->dst_id != KDBUS_DST_ID_BROADCAST &&
	       kb_streq(kb_unique_name(message->dst_id, unique), destination);
}

/* Equal, or one ends in a slash and the other begins with it. */
static bool test_arg_path(const char *value, const char *arg)
{
	size_t n_value = strlen(value), n_arg = strlen(arg);

	if (kb_streq(value, arg))
		return true;
	if (n_value && n_value < n_arg && value[n_value - 1] == '/')
		return kb_startswith(arg, value);
	if (n_arg && n_arg < n_value && arg[n_arg - 1] == '/')
		return kb_startswith(value, arg);
	return false;
}

static bool test_arg(const struct kb_match_arg *arg, char code,
		     const char *value)
{
	switch (arg->kind) {
	case KB_MATCH_ARG_STRING:
		return code == 's' && kb_streq(value, arg->value);
	case KB_MATCH_ARG_PATH:
		return (code == 's' || code == 'o') &&
		       test_arg_path(arg->value, value);
	default:
		return code == 's' && kb_name_is_in_namespace(value,
							      arg->value);
	}
}

static int test_args(const struct kb_match_rule *rule,
		     const struct kb_message *message)
{
	const struct kb_match_arg *arg = rule->args;
	const struct kb_match_arg *end = arg + rule->n_args;
	const struct kb_message_args *args;

	if (arg == end)
		return 1;
	args = kb_message_args(message);
	if (!args)
		return -ENOMEM;
	for (; arg < end; arg++) {
		if (arg->index >= args->n)
			return args->error;
		if (!args->list[arg->index].s ||
		    !test_arg(arg, args->list[arg->index].code,
			      args->list[arg->index].s))
			return 0;
	}
	return 1;
}

int kb_match_rule_test(const struct kb_match_rule *rule,
		       const struct kb_message *message)
{
	if (rule->type && rule->type != message->type)
		return 0;
	if (rule->interface &&
	    !kb_streq_null(rule->interface, message->interface))
		return 0;
	if (rule->member && !kb_streq_null(rule->member, message->member))
		return 0;
	if (rule->path && !kb_streq_null(rule->path, message->path))
		return 0;
	if (rule->path_namespace &&
	    (!message->path || !kb_path_is_in_namespace(message->path,
							rule->path_namespace)))
		return 0;
	if (rule->sender && !test_sender(rule->sender, message))
		return 0;
	if (rule->destination && !test_destination(rule->destination, message))
		return 0;
	return test_args(rule, message);
}
