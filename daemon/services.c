// SPDX-License-Identifier: LGPL-2.1-or-later
/* The services that activation files describe. */
#include <errno.h>

#include "daemon/lines.h"
#include "daemon/services.h"
#include "lib/util.h"

static struct service *service_free(struct service *service)
{
	struct service *next = service->next;

	free(service->name);
	free(service->file);
	free(service->user);
	free(service->unit);
	kb_strv_free(service->argv);
	free(service);
	return next;
}

void services_deinit(struct services *services)
{
	while (services->list)
		services->list = service_free(services->list);
	kb_strv_free(services->directories);
	*services = (struct services){};
}

static int add_service(struct services *services, const char *name)
{
	struct service *service = calloc(1, sizeof(*service));

	if (!service)
		return -ENOMEM;
	service->name = strdup(name);
	service->next = services->list;
	services->list = service;
	return service->name ? 0 : -ENOMEM;
}

static int set_text(char **field, const char *text)
{
	free(*field);
	*field = strdup(text);
	return *field ? 0 : -ENOMEM;
}

int services_line(void *userdata, const char *word, const char *value)
{
	struct services *services = userdata;
	struct service *service = services->list;

	if (kb_streq(word, "directory"))
		return kb_strv_add(&services->directories, value);
	if (kb_streq(word, "service"))
		return add_service(services, value);
	if (!service)
		return -EBADMSG;
	if (kb_streq(word, "file"))
		return set_text(&service->file, value);
	if (kb_streq(word, "user"))
		return set_text(&service->user, value);
	if (kb_streq(word, "unit"))
		return set_text(&service->unit, value);
	if (kb_streq(word, "argument"))
		return kb_strv_add(&service->argv, value);
	return 0;
}

int services_read(struct services *services, char *const *directories)
{
	size_t n = kb_strv_length(directories);
	char *argv[n + 3];
	int r;

	*services = (struct services){};
	if (!n)
		return 0;
	argv[0] = (char *)KDBUSLIBEXECDIR "/kdbus-busname";
	argv[1] = (char *)"services";
	memcpy(argv + 2, directories, n * sizeof(*argv));
	argv[n + 2] = NULL;
	r = lines_run(argv, services_line, services);
	if (r < 0)
		services_deinit(services);
	return r;
}
