// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who listens to which signals.
 *
 * A handler may end any subscription, its own too, and make others. So those
 * that end while handlers are called are only marked, and freed afterwards.
 */
#include <errno.h>

#include "lib/match-rule.h"
#include "libkdbus/connection.h"
#include "libkdbus/message.h"
#include "libkdbus/subscription.h"

/**
 * struct subscription - a rule and who is called
 * @id:		also the kernel's cookie
 * @handler:	NULL when it has ended
 */
struct subscription {
	struct subscription *next;
	uint64_t id;
	struct kb_match_rule *rule;
	kdbus_signal_handler handler;
	void *userdata;
};

static void subscription_free(struct subscription *subscription)
{
	kb_match_rule_free(subscription->rule);
	free(subscription);
}

int kdbus_subscribe(struct kdbus_connection *bus, const char *rule,
		    kdbus_signal_handler handler, void *userdata, uint64_t *out_id)
{
	struct subscription *subscription, **end;
	int r;

	if (!handler)
		return -EINVAL;
	subscription = calloc(1, sizeof(*subscription));
	if (!subscription)
		return -ENOMEM;
	*subscription = (struct subscription){
		.id = ++bus->last_id,
		.handler = handler,
		.userdata = userdata,
	};
	r = kb_match_rule_parse(rule, &subscription->rule);
	if (r >= 0)
		r = kb_conn_add_match(bus->kb, subscription->rule, subscription->id, 0);
	if (r < 0) {
		subscription_free(subscription);
		return r;
	}
	for (end = &bus->subscriptions; *end; end = &(*end)->next)
		;
	*end = subscription;
	if (out_id)
		*out_id = subscription->id;
	return 0;
}

static void subscriptions_reap(struct kdbus_connection *bus)
{
	struct subscription **link = &bus->subscriptions, *subscription;

	if (bus->depth)
		return;
	while ((subscription = *link)) {
		if (subscription->handler) {
			link = &subscription->next;
			continue;
		}
		*link = subscription->next;
		subscription_free(subscription);
	}
}

int kdbus_unsubscribe(struct kdbus_connection *bus, uint64_t id)
{
	struct subscription *subscription = bus->subscriptions;
	int r;

	while (subscription && (subscription->id != id || !subscription->handler))
		subscription = subscription->next;
	if (!subscription)
		return -ENOENT;
	r = kb_conn_remove_match(bus->kb, id, 0);
	subscription->handler = NULL;
	subscriptions_reap(bus);
	return r;
}

int subscriptions_tell(struct kdbus_connection *bus, struct kdbus_message *signal)
{
	struct subscription *subscription;
	int n = 0, r = 0;

	bus->depth++;
	for (subscription = bus->subscriptions; subscription && r >= 0;
	     subscription = subscription->next) {
		if (!subscription->handler ||
		    kb_match_rule_test(subscription->rule, signal->kb) <= 0)
			continue;
		n++;
		/* each reads it from the beginning */
		r = kdbus_message_rewind(signal);
		if (r >= 0)
			r = subscription->handler(signal, subscription->userdata);
	}
	bus->depth--;
	subscriptions_reap(bus);
	return r < 0 ? r : n;
}

void subscriptions_free(struct kdbus_connection *bus)
{
	struct subscription *subscription;

	for (subscription = bus->subscriptions; subscription;
	     subscription = subscription->next)
		subscription->handler = NULL;
	subscriptions_reap(bus);
}
