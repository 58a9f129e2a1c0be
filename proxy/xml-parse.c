/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the XML files of a bus's configuration, with what they include. */

#include <dirent.h>
#include <errno.h>
#include <expat.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "proxy/xml-parse.h"
#include "proxy/xml-rule.h"

/* files that include each other, at most so deep */
#define INCLUDE_DEPTH_MAX 16

enum place {
	PLACE_TOP,
	PLACE_BUSCONFIG,
	PLACE_POLICY,
	PLACE_TEXT,	/* an element that is only text */
};

/**
 * struct reading - one file being read
 * @parent:	the reading of the file that includes it, or NULL
 * @path:	its real name, owned by the policy
 * @skip:	depth of an element that is ignored with all inside, or 0
 * @section:	class and id of the <policy> we are in
 * @section_ok:	false if its rules are to be ignored
 * @text:	of the element we are in
 * @value:	an attribute of it, kept to its end: limit's name, or a path to
 *		put in front of an include
 * @wanted:	the include is to be done at all
 */
struct reading {
	struct reading *parent;
	struct config *config;
	XML_Parser expat;
	const char *path;
	unsigned int depth;
	unsigned int skip;
	enum place place;
	struct policy_rule section;
	bool section_ok;
	struct kb_buffer text;
	const struct element *element;
	char *value;
	bool wanted;
	bool ignore_missing;
	int error;
};

struct element {
	const char *name;
	enum place in;
	enum place inside;
	void (*start)(struct reading *reading, const char *const *attributes);
	void (*end)(struct reading *reading, const char *text);
};

static int xml_read(struct config *config, struct reading *parent,
		    const char *path);
static int xml_read_directory(struct config *config, struct reading *parent,
			      const char *path);

/* A slip is warned of and ignored; a mistake is what a daemon refuses, too. */
#define COMPLAIN(reading, format, ...)                                     \
	((reading)->config->n_wrong++, SLIP(reading, format, ##__VA_ARGS__))
#define SLIP(reading, format, ...)                                         \
	kb_log(LOG_WARNING, "%s:%lu: " format, (reading)->path,            \
	       (unsigned long)XML_GetCurrentLineNumber((reading)->expat), \
	       ##__VA_ARGS__)

/* Ends the reading: the file counts as broken, or memory ran out. */
static void reading_fail(struct reading *reading, int error)
{
	if (!reading->error)
		reading->error = error;
	XML_StopParser(reading->expat, XML_FALSE);
}

static const char *attribute(const char *const *attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (kb_streq(attributes[0], name))
			return attributes[1];
	return NULL;
}

static bool attribute_is_yes(const char *const *attributes, const char *name)
{
	const char *value = attribute(attributes, name);

	return value && kb_streq(value, "yes");
}

/* <policy> */

static int section_context(struct reading *reading, const char *value)
{
	if (kb_streq(value, "default"))
		reading->section.class = POLICY_DEFAULT;
	else if (kb_streq(value, "mandatory"))
		reading->section.class = POLICY_MANDATORY;
	else
		return -EINVAL;
	return 0;
}

static int section_user(struct reading *reading, const char *value)
{
	reading->section.class = POLICY_USER;
	return resolve_user(&reading->config->resolver, value,
			    &reading->section.id);
}

static int section_group(struct reading *reading, const char *value)
{
	reading->section.class = POLICY_GROUP;
	return resolve_group(&reading->config->resolver, value,
			     &reading->section.id);
}

static int section_at_console(struct reading *reading, const char *value)
{
	if (kb_streq(value, "true"))
		reading->section.class = POLICY_AT_CONSOLE;
	else if (kb_streq(value, "false"))
		reading->section.class = POLICY_NOT_AT_CONSOLE;
	else
		return -EINVAL;
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct reading *reading, const char *value);
} sections[] = {
	{ "context", section_context },
	{ "user", section_user },
	{ "group", section_group },
	{ "at_console", section_at_console },
};

static void start_policy(struct reading *reading, const char *const *attributes)
{
	int r = -EINVAL;

	reading->section_ok = false;
	if (!attributes[0] || attributes[2]) {
		COMPLAIN(reading, "<policy> needs exactly one attribute; ignored");
		return;
	}
	for (size_t i = 0; i < KB_ARRAY_SIZE(sections); i++)
		if (kb_streq(sections[i].name, attributes[0]))
			r = sections[i].set(reading, attributes[1]);
	if (r == -EINVAL) {
		COMPLAIN(reading, "<policy %s=\"%s\">: not understood; ignored",
			 attributes[0], attributes[1]);
		return;
	}
	if (r == -ENOMEM)
		return reading_fail(reading, r);
	if (r < 0) {
		SLIP(reading, "<policy %s=\"%s\">: nobody of that number; ignored",
		     attributes[0], attributes[1]);
		return;
	}
	reading->section.question = r;
	reading->section_ok = true;
}

/* <allow>, <deny> */

static void add_rule(struct reading *reading, bool allow,
		     const char *const *attributes)
{
	struct policy_rule *rule;
	const char *why = NULL;
	int r;

	if (!reading->section_ok)
		return;
	rule = policy_rule_new();
	if (!rule)
		return reading_fail(reading, -ENOMEM);

	rule->allow = allow;
	rule->class = reading->section.class;
	rule->id = reading->section.id;
	rule->question = reading->section.question;
	rule->file = reading->path;
	rule->line = XML_GetCurrentLineNumber(reading->expat);
	r = xml_rule_parse(rule, attributes, &reading->config->resolver, &why);
	if (r < 0) {
		policy_rule_free(rule);
		if (r == -ENOMEM)
			return reading_fail(reading, r);
		if (r == -EINVAL)
			reading->config->n_wrong++;
		SLIP(reading, "<%s>: %s; ignored", allow ? "allow" : "deny", why);
		return;
	}
	if (policy_add_rule(reading->config->policy, rule) < 0)
		reading_fail(reading, -ENOMEM);
}

static void start_allow(struct reading *reading, const char *const *attributes)
{
	add_rule(reading, true, attributes);
}

static void start_deny(struct reading *reading, const char *const *attributes)
{
	add_rule(reading, false, attributes);
}

/* <limit>, <type> */

static void start_limit(struct reading *reading, const char *const *attributes)
{
	const char *name = attribute(attributes, "name");

	reading->value = name ? strdup(name) : NULL;
	if (!reading->value)
		COMPLAIN(reading, "<limit> without a name; ignored");
}

static void end_limit(struct reading *reading, const char *text)
{
	int r;

	if (!reading->value)
		return;
	r = limits_set(&reading->config->limits, reading->value, text);
	if (r < 0)
		COMPLAIN(reading, "<limit name=\"%s\">: %s", reading->value,
			 r == -ENOENT ? "no such limit; ignored" :
			 r == -ERANGE ? "too large; cut" :
					"not a number; ignored");
}

static void end_type(struct reading *reading, const char *text)
{
	char *type = strdup(text);

	if (!type)
		return reading_fail(reading, -ENOMEM);
	free(reading->config->type);
	reading->config->type = type;
}

/* <include>, <includedir> */

static bool selinux_is_on(void)
{
	return access("/sys/fs/selinux/enforce", F_OK) == 0;
}

/* "/etc/selinux/" and the type of the policy in use, or NULL */
static char *selinux_root(void)
{
	_cleanup_(kb_fclosep) FILE *file = fopen("/etc/selinux/config", "re");
	char line[256], type[128], *root;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " SELINUXTYPE=%127s", type) == 1)
			return asprintf(&root, "/etc/selinux/%s", type) < 0 ?
				       NULL :
				       root;
	return NULL;
}

static void start_include(struct reading *reading,
			  const char *const *attributes)
{
	reading->ignore_missing = attribute_is_yes(attributes, "ignore_missing");
	reading->wanted = true;
	if (attribute_is_yes(attributes, "if_selinux_enabled"))
		reading->wanted = selinux_is_on();
	if (reading->wanted &&
	    attribute_is_yes(attributes, "selinux_root_relative")) {
		reading->value = selinux_root();
		reading->wanted = reading->value;
	}
}

/* Relative names are relative to the file they stand in. */
static char *path_beside(struct reading *reading, const char *text)
{
	const char *slash = strrchr(reading->path, '/');
	char *path;
	int r;

	if (reading->value)
		r = asprintf(&path, "%s/%s", reading->value, text);
	else if (*text == '/' || !slash)
		r = asprintf(&path, "%s", text);
	else
		r = asprintf(&path, "%.*s/%s", (int)(slash - reading->path),
			     reading->path, text);
	return r < 0 ? NULL : path;
}

static void end_include(struct reading *reading, const char *text)
{
	_cleanup_(kb_freep) char *path = NULL;
	int r;

	if (!reading->wanted)
		return;
	path = path_beside(reading, text);
	if (!path)
		return reading_fail(reading, -ENOMEM);
	r = xml_read(reading->config, reading, path);
	if (r == -ENOMEM)
		reading_fail(reading, r);
	else if (r == -ENOENT && !reading->ignore_missing)
		COMPLAIN(reading, "there is no %s to include", path);
}

static void end_includedir(struct reading *reading, const char *text)
{
	_cleanup_(kb_freep) char *path = path_beside(reading, text);

	if (!path ||
	    xml_read_directory(reading->config, reading, path) == -ENOMEM)
		reading_fail(reading, -ENOMEM);
}

/* what the daemon makes of the rest */

static void end_part(struct reading *reading, const char *text)
{
	if (config_add_part(reading->config, reading->element->name, text) < 0)
		reading_fail(reading, -ENOMEM);
}

static void end_directory(struct reading *reading, const char *text)
{
	_cleanup_(kb_freep) char *path = path_beside(reading, text);

	if (!path)
		return reading_fail(reading, -ENOMEM);
	end_part(reading, path);
}

/* What stands where; elements without functions mean nothing here. */
/* clang-format off */
static const struct element elements[] = {
	{ "busconfig",	PLACE_TOP,	 PLACE_BUSCONFIG, NULL,		 NULL },
	{ "policy",	PLACE_BUSCONFIG, PLACE_POLICY,	  start_policy,	 NULL },
	{ "allow",	PLACE_POLICY,	 PLACE_TEXT,	  start_allow,	 NULL },
	{ "deny",	PLACE_POLICY,	 PLACE_TEXT,	  start_deny,	 NULL },
	{ "limit",	PLACE_BUSCONFIG, PLACE_TEXT,	  start_limit,	 end_limit },
	{ "type",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 end_type },
	{ "include",	PLACE_BUSCONFIG, PLACE_TEXT,	  start_include, end_include },
	{ "includedir",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 end_includedir },
	{ "user",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 end_part },
	{ "fork",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 end_part },
	{ "keep_umask",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 end_part },
	{ "listen",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 end_part },
	{ "pidfile",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 end_part },
	{ "syslog",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 end_part },
	{ "auth",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 NULL },
	{ "allow_anonymous", PLACE_BUSCONFIG, PLACE_TEXT, NULL,		 NULL },
	{ "servicedir",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 end_directory },
	{ "servicehelper", PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 NULL },
	{ "standard_session_servicedirs", PLACE_BUSCONFIG, PLACE_TEXT, NULL, end_part },
	{ "standard_system_servicedirs", PLACE_BUSCONFIG, PLACE_TEXT, NULL, end_part },
	{ "selinux",	PLACE_BUSCONFIG, PLACE_BUSCONFIG, NULL,		 NULL },
	{ "associate",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 NULL },
	{ "apparmor",	PLACE_BUSCONFIG, PLACE_TEXT,	  NULL,		 NULL },
};
/* clang-format on */

static const struct element *element_find(enum place in, const char *name)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(elements); i++)
		if (elements[i].in == in && kb_streq(elements[i].name, name))
			return &elements[i];
	return NULL;
}

static void on_start(void *data, const char *name, const char **attributes)
{
	struct reading *reading = data;
	const struct element *element;

	reading->depth++;
	if (reading->skip)
		return;

	element = element_find(reading->place, name);
	if (!element && reading->place == PLACE_TOP) {
		COMPLAIN(reading, "<%s> where <busconfig> is due", name);
		return reading_fail(reading, -EBADMSG);
	}
	if (!element) {
		COMPLAIN(reading, "<%s> is not known here; ignored", name);
		reading->skip = reading->depth;
		return;
	}

	reading->place = element->inside;
	if (element->inside == PLACE_TEXT)
		reading->element = element;
	reading->text.size = 0;
	if (element->start)
		element->start(reading, (const char *const *)attributes);
}

static void on_text(void *data, const char *text, int size)
{
	struct reading *reading = data;

	if (reading->skip || reading->place != PLACE_TEXT)
		return;
	if (kb_buffer_append(&reading->text, text, size) < 0)
		reading_fail(reading, -ENOMEM);
}

/* the text without white space around it, terminated */
static char *reading_text(struct reading *reading)
{
	char *text, *end;

	if (kb_buffer_append(&reading->text, "", 1) < 0)
		return NULL;
	text = (char *)reading->text.data;
	text += strspn(text, " \t\r\n");
	for (end = text + strlen(text); end > text; end--)
		if (!strchr(" \t\r\n", end[-1]))
			break;
	*end = 0;
	return text;
}

static void end_text(struct reading *reading)
{
	char *text = reading_text(reading);

	if (!text)
		reading_fail(reading, -ENOMEM);
	else if (reading->element->end)
		reading->element->end(reading, text);
	free(reading->value);
	reading->value = NULL;
	reading->place = reading->element->in;
}

static void on_end(void *data, const char *name)
{
	struct reading *reading = data;

	if (reading->skip) {
		if (reading->skip == reading->depth)
			reading->skip = 0;
	} else if (reading->place == PLACE_TEXT) {
		end_text(reading);
	} else if (reading->place == PLACE_POLICY) {
		reading->place = PLACE_BUSCONFIG;
	} else if (kb_streq(name, "busconfig")) {
		reading->place = PLACE_TOP;
	}
	reading->depth--;
}

/* files */

static int reading_run(struct reading *reading, FILE *file)
{
	char bytes[4096];
	size_t n;

	do {
		n = fread(bytes, 1, sizeof(bytes), file);
		if (ferror(file)) {
			COMPLAIN(reading, "%s; the file is left out", strerror(errno));
			return -EIO;
		}
		if (XML_Parse(reading->expat, bytes, n, n < sizeof(bytes)) ==
		    XML_STATUS_OK)
			continue;
		if (!reading->error) {
			COMPLAIN(reading, "%s; the file is left out",
				 XML_ErrorString(
					 XML_GetErrorCode(reading->expat)));
			reading->error = -EBADMSG;
		}
		return reading->error;
	} while (n == sizeof(bytes));
	return 0;
}

/* what a reading adds to, as it was before */
struct mark {
	struct limits limits;
	size_t n_rules;
	size_t parts_size;
};

static struct mark mark_set(const struct config *config)
{
	return (struct mark){ .limits = config->limits,
			      .n_rules = config->policy->n_rules,
			      .parts_size = config->parts.size };
}

static void mark_return(struct config *config, const struct mark *mark)
{
	policy_truncate(config->policy, mark->n_rules);
	config->limits = mark->limits;
	config->parts.size = mark->parts_size;
}

/* What the broken part said before it broke is taken back. */
static int xml_read_stream(struct config *config, struct reading *parent,
			   const char *path, FILE *file)
{
	struct reading reading = { .parent = parent, .config = config };
	struct mark mark = mark_set(config);
	int r;

	reading.path = policy_add_file(config->policy, path);
	reading.expat = XML_ParserCreate(NULL);
	if (!reading.path || !reading.expat) {
		if (reading.expat)
			XML_ParserFree(reading.expat);
		return -ENOMEM;
	}
	XML_SetUserData(reading.expat, &reading);
	XML_SetElementHandler(reading.expat, on_start, on_end);
	XML_SetCharacterDataHandler(reading.expat, on_text);

	r = reading_run(&reading, file);
	if (r < 0) {
		mark_return(config, &mark);
		config->n_broken++;
		config->n_wrong++;
	}
	XML_ParserFree(reading.expat);
	kb_buffer_deinit(&reading.text);
	free(reading.value);
	return r;
}

static bool reading_loops(struct reading *reading, const char *path)
{
	unsigned int depth = 0;

	for (; reading; reading = reading->parent)
		if (kb_streq(reading->path, path) || ++depth > INCLUDE_DEPTH_MAX)
			return true;
	return false;
}

static int xml_read(struct config *config, struct reading *parent,
		    const char *path)
{
	_cleanup_(kb_fclosep) FILE *file = NULL;
	_cleanup_(kb_freep) char *real = NULL;

	if (config_watch_file(config, path) < 0)
		return -ENOMEM;
	real = realpath(path, NULL);
	if (!real)
		return errno == ENOENT || errno == ENOTDIR ?
			       -ENOENT :
			       kb_log_errno(LOG_WARNING, errno, "%s", path);
	if (reading_loops(parent, real)) {
		config->n_wrong++;
		kb_log(LOG_WARNING, "%s includes itself; not read again", real);
		return 0;
	}
	file = fopen(real, "re");
	if (!file) {
		config->n_broken++;
		config->n_wrong++;
		return kb_log_errno(LOG_WARNING, errno, "%s", real);
	}
	return xml_read_stream(config, parent, real, file);
}

/*
 * A file of a directory, which somebody else may have put there: with a mistake
 * in it it is left out as a whole, since half of a policy may allow too much.
 */
static int xml_read_part(struct config *config, struct reading *parent,
			 const char *path)
{
	unsigned int n_wrong = config->n_wrong;
	struct mark mark = mark_set(config);
	int r;

	r = xml_read(config, parent, path);
	if (r == 0 && config->n_wrong > n_wrong) {
		kb_log(LOG_WARNING, "%s is left out", path);
		mark_return(config, &mark);
	}
	config->n_wrong = n_wrong;
	return r;
}

static int is_conf(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return size > 5 && kb_streq(entry->d_name + size - 5, ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int xml_read_directory(struct config *config, struct reading *parent,
			      const char *path)
{
	struct dirent **entries;
	int n, r = 0;

	if (config_watch(config, path) < 0)
		return -ENOMEM;
	n = scandir(path, &entries, is_conf, by_name);
	if (n < 0)
		return errno == ENOMEM ? -ENOMEM : -ENOENT;

	for (int i = 0; i < n; i++) {
		_cleanup_(kb_freep) char *file = NULL;

		if (r != -ENOMEM &&
		    asprintf(&file, "%s/%s", path, entries[i]->d_name) >= 0)
			r = xml_read_part(config, parent, file);
		free(entries[i]);
	}
	free(entries);
	return r == -ENOMEM ? r : 0;
}

int xml_parse_file(struct config *config, const char *path)
{
	return xml_read(config, NULL, path);
}

int xml_parse_directory(struct config *config, const char *path)
{
	return xml_read_directory(config, NULL, path);
}
