/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of a bus's configuration say, read once. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "proxy/config.h"
#include "proxy/xml-parse.h"

/* how long the name service may take where somebody waits for it */
#define PATIENCE_MS 2000

/* The first of these that exists is read from the top; it includes the rest. */
static const struct {
	const char *scope;
	const char *main_files[2];
} places[] = {
	{ "system",
	  { "/usr/share/dbus-1/system.conf", "/etc/dbus-1/system.conf" } },
	{ "user",
	  { "/usr/share/dbus-1/session.conf", "/etc/dbus-1/session.conf" } },
};

struct config *config_free(struct config *config)
{
	if (!config)
		return NULL;
	policy_unref(config->policy);
	kb_strv_free(config->watch);
	kb_strv_free(config->names);
	kb_buffer_deinit(&config->parts);
	resolver_deinit(&config->resolver);
	free(config->type);
	free(config);
	return NULL;
}

static int add_once(char ***list, const char *text)
{
	for (char **s = *list; s && *s; s++)
		if (kb_streq(*s, text))
			return 0;
	return kb_strv_add(list, text);
}

static int add_directory(struct config *config, const char *path)
{
	int r;

	r = add_once(&config->watch, path);
	if (r < 0 || access(path, F_OK) == 0 || kb_streq(path, "/"))
		return r;
	return config_watch_file(config, path);
}

int config_watch(struct config *config, const char *path)
{
	_cleanup_(kb_freep) char *copy = strdup(path);
	size_t size = strlen(path);

	if (!copy)
		return -ENOMEM;
	while (size > 1 && copy[size - 1] == '/')
		copy[--size] = 0;
	return add_directory(config, copy);
}

int config_watch_file(struct config *config, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_(kb_freep) char *parent =
		slash ? strndup(path, slash - path + (slash == path)) :
			strdup(".");
	int r;

	if (!parent)
		return -ENOMEM;
	r = add_once(&config->names, slash ? slash + 1 : path);
	return r < 0 ? r : add_directory(config, parent);
}

int config_add_part(struct config *config, const char *name, const char *value)
{
	size_t begin = config->parts.size;
	int r;

	r = kb_buffer_printf(&config->parts, "%s %s\n", name, value);
	if (r < 0)
		return r;
	/* a value is one line, however it stands in the file */
	for (size_t i = begin; i + 1 < config->parts.size; i++)
		if (config->parts.data[i] == '\n')
			config->parts.data[i] = ' ';
	return 0;
}

int config_dump(const struct config *config)
{
	fwrite(config->parts.data, 1, config->parts.size, stdout);
	if (config->type)
		printf("type %s\n", config->type);
	printf("service_start_timeout %llu\n",
	       (unsigned long long)config->limits.service_start_timeout);
	for (char **path = config->watch; path && *path; path++)
		printf("watch %s\n", *path);
	return config->has_main && config->n_wrong == 0 ? 0 : -EBADMSG;
}

static int config_read_place(struct config *config, const char *scope)
{
	int r = -ENOENT;

	for (size_t i = 0; i < KB_ARRAY_SIZE(places); i++) {
		if (!kb_streq(places[i].scope, scope))
			continue;
		for (size_t j = 0; j < 2 && r == -ENOENT; j++)
			r = xml_parse_file(config, places[i].main_files[j]);
	}
	if (r == -ENOENT)
		kb_log(LOG_WARNING,
		       "There is no %s.conf for this bus; only its owner may use it",
		       kb_streq(scope, "user") ? "session" : "system");
	config->has_main = r == 0;
	return r == -ENOMEM ? r : 0;
}

/* Named files and directories: all of them together are the main file. */
static int config_read_paths(struct config *config, char *const *paths)
{
	for (; *paths; paths++) {
		struct stat st;
		int r;

		if (stat(*paths, &st) == 0 && S_ISDIR(st.st_mode))
			r = xml_parse_directory(config, *paths);
		else
			r = xml_parse_file(config, *paths);
		if (r == -ENOMEM)
			return r;
		if (r == -ENOENT)
			kb_log(LOG_WARNING, "There is no %s", *paths);
		if (r == 0)
			config->has_main = true;
	}
	return 0;
}

/* One of each kind without conditions: everything is allowed to this user. */
static int config_allow_all(struct config *config, uid_t uid)
{
	static const enum policy_kind kinds[] = { POLICY_SEND, POLICY_RECEIVE,
						  POLICY_OWN };

	for (size_t i = 0; i < KB_ARRAY_SIZE(kinds); i++) {
		struct policy_rule *rule = policy_rule_new();

		if (!rule)
			return -ENOMEM;
		rule->kind = kinds[i];
		rule->class = POLICY_USER;
		rule->id = uid;
		rule->file = "no main file";
		rule->allow = true;
		if (policy_add_rule(config->policy, rule) < 0)
			return -ENOMEM;
	}
	return 0;
}

int config_read(const char *scope, char *const *paths, uid_t owner,
		struct config **out_config)
{
	struct config *config = calloc(1, sizeof(*config));
	int r;

	if (!config)
		return -ENOMEM;
	config->resolver = (struct resolver)RESOLVER_INIT;
	limits_init(&config->limits);
	r = policy_new(&config->policy);
	if (r == 0)
		r = paths && *paths ? config_read_paths(config, paths) :
				      config_read_place(config, scope);
	if (r == 0 && !config->has_main) {
		policy_truncate(config->policy, 0);
		r = config_allow_all(config, owner);
	}
	if (r < 0) {
		config_free(config);
		return r;
	}
	*out_config = config;
	return 0;
}

static void config_settle_rule(struct config *config, size_t index)
{
	const struct policy_rule *rule = config->policy->rules[index];
	const struct question *question =
		resolver_question(&config->resolver, rule->question);

	if (question->result == 0) {
		policy_answer(config->policy, index, question->id);
		return;
	}
	kb_log(LOG_WARNING, "%s:%u: %s %s: %s; the rule is ignored", rule->file,
	       rule->line, question->is_group ? "group" : "user",
	       question->name,
	       question->result == -ESRCH ? "nobody of that name" :
					    "the name service does not answer");
	policy_remove_rule(config->policy, index);
}

void config_settle(struct config *config)
{
	/* from the end, so that what is taken out moves nothing to come */
	for (size_t i = config->policy->n_rules; i > 0; i--)
		if (config->policy->rules[i - 1]->question)
			config_settle_rule(config, i - 1);
}

int config_load(const char *scope, char *const *paths, uid_t owner,
		struct config **out_config)
{
	int r;

	r = config_read(scope, paths, owner, out_config);
	if (r < 0)
		return r;
	resolver_ask(&(*out_config)->resolver, PATIENCE_MS);
	config_settle(*out_config);
	return 0;
}
