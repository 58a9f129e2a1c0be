// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A bus name unit.
 */
#include <errno.h>
#include <stdio.h>

#include "busname/unit.h"
#include "lib/name.h"

#define SERVICE_SUFFIX	".service"
#define BLANKS		" \t"

/* life */

struct unit *unit_free(struct unit *unit)
{
	if (!unit)
		return NULL;
	free(unit->name);
	free(unit->source);
	free(unit->description);
	kb_buffer_deinit(&unit->settings);
	free(unit->service);
	free(unit->exec);
	policy_deinit(&unit->policy);
	free(unit);
	return NULL;
}

int unit_new(const char *name, const char *source, struct unit **out)
{
	_cleanup_(unit_freep) struct unit *unit = NULL;

	if (!kb_name_is_well_known(name))
		return -EINVAL;
	unit = calloc(1, sizeof(*unit));
	if (!unit)
		return -ENOMEM;
	unit->implicit = true;
	unit->activating = true;
	unit->accept_fds = true;
	unit->name = strdup(name);
	unit->source = strdup(source);
	if (!unit->name || !unit->source)
		return -ENOMEM;
	*out = TAKE_PTR(unit);
	return 0;
}

/* words */

static bool ends_with(const char *s, size_t n, const char *suffix)
{
	size_t m = strlen(suffix);

	return n > m && !memcmp(s + n - m, suffix, m);
}

bool unit_service_is_valid(const char *name)
{
	static const char valid[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz:-_.\\@";
	size_t n = strlen(name);
	const char *at = strchr(name, '@');

	if (n > UNIT_NAME_MAX || !ends_with(name, n, SERVICE_SUFFIX) ||
	    strspn(name, valid) != n)
		return false;
	/* A template has to be given its instance. */
	return !at || (at != name && !kb_streq(at + 1, SERVICE_SUFFIX));
}

bool unit_user_is_valid(const char *who)
{
	static const char valid[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz-_.";
	size_t n = strspn(who, valid);
	uint64_t id;

	if (strlen(who) > UNIT_USER_MAX)
		return false;
	/* The last number stands for nobody at all. */
	if (kb_parse_u64(who, &id) >= 0)
		return id < UINT32_MAX;
	return n && *who != '-' && (!who[n] || kb_streq(who + n, "$"));
}

static int replace(char **where, const char *value)
{
	char *copy = NULL;

	if (value) {
		copy = strdup(value);
		if (!copy)
			return -ENOMEM;
	}
	free(*where);
	*where = copy;
	return 0;
}

/* [BusName] */

/* Says what is wrong with a line. Returns 0: the others are used. */
static int wrong(const struct assignment *a, const char *why)
{
	parse_warn(a->file, a->line, "%s: %s%s%s, line ignored", a->key, why,
		   *a->value ? ": " : "", a->value);
	return 0;
}

static int set_name(struct unit *unit, const struct assignment *a, const struct scope *scope)
{
	_cleanup_(kb_freep) char *name = NULL;
	int r;

	if (!*a->value)
		return 0;
	r = scope_expand(scope, a->value, unit->name, &name);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !kb_streq(name, unit->name)) {
		parse_warn(a->file, a->line,
			   "Name: %s is not what the file is called (%s), file ignored",
			   name ?: a->value, unit->name);
		return -EINVAL;
	}
	return 0;
}

static int set_bool(const struct assignment *a, bool *where, bool otherwise)
{
	if (!*a->value)
		*where = otherwise;
	else if (kb_parse_bool(a->value, where) < 0)
		return wrong(a, "no boolean");
	return 0;
}

static int set_activating(struct unit *unit, const struct assignment *a,
			  const struct scope *scope _unused_)
{
	return set_bool(a, &unit->activating, true);
}

static int set_accept_fds(struct unit *unit, const struct assignment *a,
			  const struct scope *scope _unused_)
{
	return set_bool(a, &unit->accept_fds, true);
}

static int set_service(struct unit *unit, const struct assignment *a, const struct scope *scope)
{
	_cleanup_(kb_freep) char *service = NULL;
	int r;

	if (!*a->value)
		return replace(&unit->service, NULL);
	r = scope_expand(scope, a->value, unit->name, &service);
	if (r == -EINVAL)
		return wrong(a, "unknown specifier");
	if (r < 0)
		return r;
	if (!unit_service_is_valid(service))
		return wrong(a, "no name of a service unit");
	return replace(&unit->service, service);
}

static int append_expanded(struct kb_buffer *out, const char *text, size_t n, const char *name);

/* What the service manager reads: only what names the unit is ours. */
static int set_expanded(struct unit *unit, const struct assignment *a, char **where)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	int r;

	if (!*a->value)
		return replace(where, NULL);
	r = append_expanded(&text, a->value, strlen(a->value), unit->name);
	if (r >= 0)
		r = kb_buffer_append(&text, "", 1);
	return r < 0 ? r : replace(where, (const char *)text.data);
}

static int set_exec(struct unit *unit, const struct assignment *a,
		    const struct scope *scope _unused_)
{
	if (*a->value && (*a->value != '/' ||
			  strcspn(a->value, "\\\"'$") < strcspn(a->value, BLANKS)))
		return wrong(a, "does not begin with a plain absolute path");
	return set_expanded(unit, a, &unit->exec);
}

static int add_rule(struct unit *unit, const struct assignment *a,
		    enum kdbus_policy_access_type type)
{
	const struct policy_rule *last;
	int r;

	if (!*a->value) {
		policy_clear(&unit->policy, type);
		return 0;
	}
	r = policy_add(&unit->policy, type, a->value, ' ');
	if (r == -EINVAL)
		return wrong(a, type == KDBUS_POLICY_ACCESS_WORLD ?
				"not see, talk or own" : "not WHO and see, talk or own");
	if (r < 0)
		return r;
	last = &unit->policy.rules[unit->policy.n_rules - 1];
	if (last->who && !unit_user_is_valid(last->who)) {
		free(last->who);
		unit->policy.n_rules--;
		return wrong(a, "no name of a user or group");
	}
	return 0;
}

static int set_allow_user(struct unit *unit, const struct assignment *a,
			  const struct scope *scope _unused_)
{
	return add_rule(unit, a, KDBUS_POLICY_ACCESS_USER);
}

static int set_allow_group(struct unit *unit, const struct assignment *a,
			   const struct scope *scope _unused_)
{
	return add_rule(unit, a, KDBUS_POLICY_ACCESS_GROUP);
}

static int set_allow_world(struct unit *unit, const struct assignment *a,
			   const struct scope *scope _unused_)
{
	return add_rule(unit, a, KDBUS_POLICY_ACCESS_WORLD);
}

/* The two limits are one: what is not given has its default. */
static void begin_limit(struct unit *unit)
{
	if (unit->limited)
		return;
	unit->limited = true;
	unit->limit_interval = UNIT_LIMIT_INTERVAL;
	unit->limit_burst = UNIT_LIMIT_BURST;
}

static int set_limit_interval(struct unit *unit, const struct assignment *a,
			      const struct scope *scope _unused_)
{
	unsigned long long ns = UNIT_LIMIT_INTERVAL;

	if (*a->value && parse_time(a->value, &ns) < 0)
		return wrong(a, "no time span");
	begin_limit(unit);
	unit->limit_interval = ns;
	return 0;
}

static int set_limit_burst(struct unit *unit, const struct assignment *a,
			   const struct scope *scope _unused_)
{
	uint64_t burst = UNIT_LIMIT_BURST;

	if (*a->value && (kb_parse_u64(a->value, &burst) < 0 || burst > UINT32_MAX))
		return wrong(a, "no number");
	begin_limit(unit);
	unit->limit_burst = burst;
	return 0;
}

static int set_on_limit(struct unit *unit, const struct assignment *a,
			const struct scope *scope _unused_)
{
	if (*a->value && !kb_streq(a->value, "refuse") && !kb_streq(a->value, "fail"))
		return wrong(a, "not refuse or fail");
	unit->fail_on_limit = kb_streq(a->value, "fail");
	return 0;
}

/* There never was anything to be done about it. */
static int set_nothing(struct unit *unit _unused_, const struct assignment *a _unused_,
		       const struct scope *scope _unused_)
{
	return 0;
}

static const struct {
	const char *key;
	int (*set)(struct unit *unit, const struct assignment *a, const struct scope *scope);
} keys[] = {
	{ "Name",			set_name },
	{ "Activating",			set_activating },
	{ "Service",			set_service },
	{ "AcceptFileDescriptors",	set_accept_fds },
	{ "AllowUser",			set_allow_user },
	{ "AllowGroup",			set_allow_group },
	{ "AllowWorld",			set_allow_world },
	{ "SELinuxContext",		set_nothing },
	/* our own */
	{ "Exec",			set_exec },
	{ "TriggerLimitIntervalSec",	set_limit_interval },
	{ "TriggerLimitBurst",		set_limit_burst },
	{ "OnLimit",			set_on_limit },
};

static int apply_busname(struct unit *unit, const struct assignment *a, const struct scope *scope)
{
	size_t i;

	for (i = 0; i < KB_ARRAY_SIZE(keys); i++)
		if (kb_streq(a->key, keys[i].key))
			return keys[i].set(unit, a, scope);
	parse_warn(a->file, a->line, "unknown key %s in [BusName], line ignored", a->key);
	return 0;
}

/* [Unit] */

/* Settings whose values are names of units. */
static bool names_units(const char *key)
{
	static const char *const known[] = {
		"After", "Before", "BindsTo", "Conflicts", "JoinsNamespaceOf", "OnFailure",
		"OnSuccess", "PartOf", "PropagatesReloadTo", "PropagatesStopTo",
		"ReloadPropagatedFrom", "Requires", "Requisite", "StopPropagatedFrom", "Upholds",
		"Wants",
	};
	size_t i;

	for (i = 0; i < KB_ARRAY_SIZE(known); i++)
		if (kb_streq(key, known[i]))
			return true;
	return false;
}

/* The specifiers that name the unit mean the bus name; the others are the
 * service manager's affair. */
static int append_expanded(struct kb_buffer *out, const char *text, size_t n, const char *name)
{
	const char *end = text + n;
	int r = 0;

	for (; text < end && r >= 0; text++) {
		if (*text != '%' || text + 1 == end) {
			r = kb_buffer_append(out, text, 1);
			continue;
		}
		text++;
		if (*text == 'n')
			r = kb_buffer_printf(out, "%s" UNIT_SUFFIX, name);
		else if (*text == 'N' || *text == 'p' || *text == 'P')
			r = kb_buffer_printf(out, "%s", name);
		else
			r = kb_buffer_printf(out, "%%%c", *text);
	}
	return r;
}

/* Words, each of which may be a bus name unit: that is a service now. */
static int append_units(struct kb_buffer *out, const char *text, const char *name)
{
	int r = 0;

	while (*text && r >= 0) {
		size_t blanks = strspn(text, BLANKS), n = strcspn(text + blanks, BLANKS);
		size_t before;

		r = kb_buffer_append(out, text, blanks);
		text += blanks;
		before = out->size;
		if (r >= 0)
			r = append_expanded(out, text, n, name);
		if (r >= 0 && ends_with((const char *)out->data + before, out->size - before,
					UNIT_SUFFIX))
			r = kb_buffer_append(out, SERVICE_SUFFIX, strlen(SERVICE_SUFFIX));
		text += n;
	}
	return r;
}

static int apply_unit(struct unit *unit, const struct assignment *a)
{
	int r;

	if (kb_streq(a->key, "DefaultDependencies"))
		return set_bool(a, &unit->implicit, true);
	if (kb_streq(a->key, "Description"))
		return set_expanded(unit, a, &unit->description);
	/* Where the generated unit comes from is what we say about it. */
	if (kb_streq(a->key, "SourcePath"))
		return 0;

	r = kb_buffer_printf(&unit->settings, "%s=", a->key);
	if (r >= 0 && names_units(a->key))
		r = append_units(&unit->settings, a->value, unit->name);
	else if (r >= 0)
		r = append_expanded(&unit->settings, a->value, strlen(a->value), unit->name);
	return r < 0 ? r : kb_buffer_append(&unit->settings, "\n", 1);
}

/* all */

static bool section_is_ours(const char *section)
{
	return kb_streq(section, "Install") || kb_startswith(section, "X-");
}

static void warn_section(const struct assignments *assignments, size_t i)
{
	const struct assignment *a = &assignments->v[i], *before = a - 1;

	if (section_is_ours(a->section))
		return;
	/* Once for all its lines. */
	if (i && kb_streq(before->section, a->section) && kb_streq(before->file, a->file))
		return;
	parse_warn(a->file, a->line, "unknown section [%s] ignored", a->section);
}

static int unit_complete(struct unit *unit)
{
	if (!unit->activating) {
		replace(&unit->service, NULL);
		return replace(&unit->exec, NULL);
	}
	if (unit->exec && unit->service) {
		parse_warn(unit->source, 0, "Exec= and Service= exclude each other, Service= ignored");
		return replace(&unit->service, NULL);
	}
	if (!unit->exec && !unit->service &&
	    asprintf(&unit->service, "%s" SERVICE_SUFFIX, unit->name) < 0) {
		unit->service = NULL;
		return -ENOMEM;
	}
	return 0;
}

int unit_apply(struct unit *unit, const struct assignments *assignments, const struct scope *scope)
{
	size_t i;
	int r = 0;

	for (i = 0; i < assignments->n && r >= 0; i++) {
		const struct assignment *a = &assignments->v[i];

		if (kb_streq(a->section, "BusName"))
			r = apply_busname(unit, a, scope);
		else if (kb_streq(a->section, "Unit"))
			r = apply_unit(unit, a);
		else
			warn_section(assignments, i);
	}
	return r < 0 ? r : unit_complete(unit);
}
