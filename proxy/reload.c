/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the configuration again, while messages go on. */

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "lib/log.h"
#include "lib/message.h"
#include "proxy/client.h"
#include "proxy/proxy.h"
#include "proxy/reload.h"

/* how long the name service may take, and how long it is left alone after that */
#define PATIENCE_USEC 2000000
#define AGAIN_USEC 30000000

/* a call that is answered when it is over */
struct caller {
	struct caller *next;
	struct client *client;
	struct kb_message *call;
	void (*done)(struct client *client, struct kb_message *call, int r);
};

/**
 * struct reload - what is under way
 * @config:	read, but the name service is still asked about it; or NULL
 * @answers:	of the name service
 * @patience:	ends when it takes too long
 * @again:	until it is asked again what it did not answer
 */
struct reload {
	struct proxy *proxy;
	struct config *config;
	struct caller *callers;
	sd_event_source *answers;
	sd_event_source *patience;
	sd_event_source *again;
};

/* callers */

static struct caller *caller_free(struct caller *caller)
{
	kb_message_unref(caller->call);
	free(caller);
	return NULL;
}

/* What a caller does then may let clients go, or begin anew. */
static void reload_tell(struct reload *reload)
{
	struct caller *caller;

	while ((caller = reload->callers)) {
		reload->callers = caller->next;
		caller->done(caller->client, caller->call, 0);
		caller_free(caller);
	}
}

void reload_forget(struct reload *reload, const struct client *client)
{
	struct caller **link = &reload->callers;

	while (*link) {
		struct caller *caller = *link;

		if (caller->client != client) {
			link = &caller->next;
			continue;
		}
		*link = caller->next;
		caller_free(caller);
	}
}

void reload_on_call(struct reload *reload, struct client *client,
		    struct kb_message *call,
		    void (*done)(struct client *client, struct kb_message *call,
				 int r))
{
	struct caller *caller = calloc(1, sizeof(*caller));
	int r;

	/* what was read from the client is gone when the answer comes */
	if (!caller || kb_message_detach(call) < 0) {
		free(caller);
		return done(client, call, -ENOMEM);
	}
	*caller = (struct caller){ .client = client,
				   .call = kb_message_ref(call),
				   .done = done };
	/* a mistake is nothing to those who wait for what was read before */
	r = reload_begin(reload);
	if (r != RELOAD_E_LATER) {
		done(client, call, r);
		caller_free(caller);
		return;
	}
	caller->next = reload->callers;
	reload->callers = caller;
}

/* steps */

static void reload_cancel(struct reload *reload)
{
	reload->answers = sd_event_source_disable_unref(reload->answers);
	sd_event_source_set_enabled(reload->patience, SD_EVENT_OFF);
	sd_event_source_set_enabled(reload->again, SD_EVENT_OFF);
	reload->config = config_free(reload->config);
}

static void set_timer(sd_event_source *source, uint64_t usec)
{
	if (sd_event_source_set_time_relative(source, usec) < 0 ||
	    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) < 0)
		kb_log(LOG_ERR, "Cannot set a timer");
}

/* All questions have answers, or will have none. */
static void reload_end(struct reload *reload)
{
	struct config *config = TAKE_PTR(reload->config);

	reload_cancel(reload);
	resolver_stop(&config->resolver);
	resolver_inherit(&config->resolver, &reload->proxy->config->resolver);
	config_settle(config);
	proxy_set_config(reload->proxy, config);
	reload_settle_later(reload);
	reload_tell(reload);
}

static int on_answers(sd_event_source *source, int fd, uint32_t events,
		      void *userdata)
{
	struct reload *reload = userdata;

	(void)source;
	(void)fd;
	(void)events;
	if (resolver_read(&reload->config->resolver) == 0)
		return 0;
	reload_end(reload);
	return 0;
}

static int on_patience(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct reload *reload = userdata;

	(void)source;
	(void)usec;
	reload_end(reload);
	return 0;
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	(void)reload_begin(userdata);
	return 0;
}

static int reload_ask(struct reload *reload)
{
	struct resolver *resolver = &reload->config->resolver;
	int r;

	r = resolver_start(resolver);
	if (r == 0)
		r = sd_event_add_io(reload->proxy->event, &reload->answers,
				    resolver->fd, EPOLLIN, on_answers, reload);
	if (r < 0)
		return kb_log_errno(LOG_WARNING, r,
				    "Cannot ask the name service");
	set_timer(reload->patience, PATIENCE_USEC);
	return 0;
}

/* What can be said against the new configuration: 0, -EBADMSG or -ENOENT. */
static int reload_check(const struct proxy *proxy, const struct config *config)
{
	bool gone = proxy->config->has_main && !config->has_main;

	if (config->n_broken == 0 && !gone)
		return 0;
	kb_log(LOG_WARNING,
	       "A file of the configuration is %s, the old one stays in force",
	       config->n_broken > 0 ? "broken" : "gone");
	return config->n_broken > 0 ? -EBADMSG : -ENOENT;
}

int reload_begin(struct reload *reload)
{
	struct proxy *proxy = reload->proxy;
	struct config *config;
	int r;

	r = config_read(proxy->scope, proxy->paths, proxy->owner, &config);
	if (r < 0)
		return r;
	r = reload_check(proxy, config);
	if (r < 0) {
		config_free(config);
		return r;
	}
	/* what was asked before was about files that are out of date */
	reload_cancel(reload);
	reload->config = config;
	if (resolver_is_open(&config->resolver) && reload_ask(reload) == 0)
		return RELOAD_E_LATER;
	reload_end(reload);
	return 0;
}

void reload_settle_later(struct reload *reload)
{
	if (resolver_timed_out(&reload->proxy->config->resolver))
		set_timer(reload->again, AGAIN_USEC);
}

/* life */

static int add_timer(struct reload *reload, sd_event_source **out,
		     sd_event_time_handler_t handler)
{
	int r;

	r = sd_event_add_time(reload->proxy->event, out, CLOCK_MONOTONIC,
			      UINT64_MAX, 0, handler, reload);
	return r < 0 ? r : sd_event_source_set_enabled(*out, SD_EVENT_OFF);
}

int reload_new(struct proxy *proxy, struct reload **out_reload)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	int r;

	if (!reload)
		return -ENOMEM;
	reload->proxy = proxy;
	r = add_timer(reload, &reload->patience, on_patience);
	if (r >= 0)
		r = add_timer(reload, &reload->again, on_again);
	if (r < 0) {
		reload_free(reload);
		return r;
	}
	*out_reload = reload;
	return 0;
}

struct reload *reload_free(struct reload *reload)
{
	if (!reload)
		return NULL;
	reload_cancel(reload);
	while (reload->callers) {
		struct caller *caller = reload->callers;

		reload->callers = caller->next;
		caller_free(caller);
	}
	sd_event_source_disable_unref(reload->patience);
	sd_event_source_disable_unref(reload->again);
	free(reload);
	return NULL;
}
