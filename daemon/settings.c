// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the configuration says to a daemon; policy and limits are the proxy's. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "daemon/lines.h"
#include "daemon/settings.h"
#include "lib/util.h"

void settings_deinit(struct settings *settings)
{
	free(settings->type);
	free(settings->user);
	free(settings->pidfile);
	kb_strv_free(settings->listen);
	kb_strv_free(settings->services);
	kb_strv_free(settings->watch);
	*settings = (struct settings){};
}

bool settings_is_system(const struct settings *settings)
{
	return settings->type && kb_streq(settings->type, "system");
}

/* setters: @field is the member of the row, @value what the line says */

static int set_text(void *field, const char *value)
{
	char **text = field, *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

static int add_text(void *field, const char *value)
{
	return kb_strv_add(field, value);
}

static int add_session(void *field, const char *value _unused_)
{
	return add_text(field, "session");
}

static int add_system(void *field, const char *value _unused_)
{
	return add_text(field, "system");
}

static int set_yes(void *field, const char *value _unused_)
{
	*(bool *)field = true;
	return 0;
}

static int set_number(void *field, const char *value)
{
	return kb_parse_u64(value, field);
}

/* clang-format off */
#define FIELD(field) offsetof(struct settings, field)

static const struct {
	const char *word;
	int (*set)(void *field, const char *value);
	size_t offset;
} rows[] = {
	{ "type",				set_text,	FIELD(type) },
	{ "user",				set_text,	FIELD(user) },
	{ "pidfile",				set_text,	FIELD(pidfile) },
	{ "listen",				add_text,	FIELD(listen) },
	{ "servicedir",				add_text,	FIELD(services) },
	{ "standard_session_servicedirs",	add_session,	FIELD(services) },
	{ "standard_system_servicedirs",	add_system,	FIELD(services) },
	{ "watch",				add_text,	FIELD(watch) },
	{ "fork",				set_yes,	FIELD(fork) },
	{ "keep_umask",				set_yes,	FIELD(keep_umask) },
	{ "syslog",				set_yes,	FIELD(syslog) },
	{ "service_start_timeout",		set_number,	FIELD(start_timeout_ms) },
};
/* clang-format on */

int settings_line(void *userdata, const char *word, const char *value)
{
	struct settings *settings = userdata;

	for (size_t i = 0; i < KB_ARRAY_SIZE(rows); i++)
		if (kb_streq(rows[i].word, word))
			return rows[i].set((char *)settings + rows[i].offset, value);
	return 0;
}

int settings_read(struct settings *settings, const char *path)
{
	_cleanup_(kb_freep) char *configuration = NULL;
	char *argv[] = { (char *)KDBUSLIBEXECDIR "/kdbus-proxy", (char *)"--dump-configuration",
			 NULL, NULL };
	int r;

	*settings = (struct settings){};
	if (asprintf(&configuration, "--configuration=%s", path) < 0) {
		configuration = NULL;
		return -ENOMEM;
	}
	argv[2] = configuration;
	r = lines_run(argv, settings_line, settings);
	if (r < 0)
		settings_deinit(settings);
	return r;
}
