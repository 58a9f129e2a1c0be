// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * org.freedesktop.DBus.Debug.Stats: figures about the bus.
 *
 * What the kernel counts is asked of it; peaks and rules are those since this
 * process was started.
 */
#include <errno.h>

#include "driver/matches.h"
#include "driver/names.h"
#include "driver/stats.h"

static void add(struct kb_writer *writer, const char *key, uint32_t value)
{
	kb_writer_append(writer, "{sv}", key, "u", value);
}

static void add_long(struct kb_writer *writer, const char *key, uint64_t value)
{
	kb_writer_append(writer, "{sv}", key, "t", value);
}

/* What the kernel counts; "outgoing" is what the bus has for a connection. */
static void add_usage(struct kb_writer *writer, const struct kdbus_usage *usage)
{
	add(writer, "OutgoingMessages", usage->msgs);
	add(writer, "OutgoingBytes", usage->bytes > UINT32_MAX ? UINT32_MAX : usage->bytes);
	add(writer, "OutgoingFDs", usage->fds);
	add(writer, "org.kdbus.Matches", usage->matches);
	add(writer, "org.kdbus.PendingCalls", usage->calls);
	add_long(writer, "org.kdbus.LostMessages", usage->lost);
	add_long(writer, "org.kdbus.PoolSize", usage->pool_size);
}

/**
 * struct census - connections and names of the bus
 * @id:		counted last
 * @own_names:	it has, so far
 * @usage:	of all of them together
 */
struct census {
	uint32_t connections;
	uint32_t names;
	uint32_t names_per_connection;
	uint64_t id;
	uint32_t own_names;
	struct kdbus_usage usage;
};

/* Who has left since the list was made takes nothing any more. */
static void census_add_usage(struct call *call, struct census *census, uint64_t id)
{
	struct kdbus_usage *sum = &census->usage;
	const struct kdbus_usage *usage;
	struct kb_info info;

	if (!call->driver->usage ||
	    kb_conn_ask(call->driver->conn, id, KDBUS_ITEM_USAGE, 0, &info) < 0)
		return;
	usage = info.meta.usage;
	if (usage) {
		sum->pool_size += usage->pool_size;
		sum->bytes += usage->bytes;
		sum->lost += usage->lost;
		sum->msgs += usage->msgs;
		sum->fds += usage->fds;
		sum->matches += usage->matches;
		sum->calls += usage->calls;
	}
	kb_info_deinit(&info);
}

static int take_census(struct call *call, struct census *census)
{
	struct kb_list list;
	struct kb_info info;
	int r;

	*census = (struct census){};
	r = kb_conn_list(call->driver->conn, KDBUS_LIST_UNIQUE | KDBUS_LIST_NAMES, 0, &list);
	if (r < 0)
		return r;
	while ((r = kb_list_next(&list, &info)) > 0) {
		if (info.flags & (KDBUS_HELLO_ACTIVATOR | KDBUS_HELLO_POLICY_HOLDER))
			continue;
		if (info.id != census->id) {
			census->id = info.id;
			census->connections++;
			census->names++;
			census->own_names = 0;
			census_add_usage(call, census, info.id);
		}
		census->names += info.meta.n_names;
		census->own_names += info.meta.n_names;
		if (census->own_names > census->names_per_connection)
			census->names_per_connection = census->own_names;
	}
	kb_list_deinit(&list);
	return r;
}

static void keep_peak(uint32_t *peak, uint32_t value)
{
	if (value > *peak)
		*peak = value;
}

int stats_get(struct call *call)
{
	struct driver *driver = call->driver;
	struct kb_writer *writer;
	struct census census;
	int r;

	r = take_census(call, &census);
	if (r < 0)
		return r;
	keep_peak(&driver->peaks.names, census.names);
	keep_peak(&driver->peaks.names_per_connection, census.names_per_connection);
	writer = call_writer(call);
	if (!writer)
		return -ENOMEM;

	kb_writer_open(writer, 'a', "{sv}");
	add(writer, "Serial", ++driver->serial);
	add(writer, "ActiveConnections", census.connections);
	add(writer, "IncompleteConnections", 0);
	add(writer, "BusNames", census.names);
	add(writer, "PeakBusNames", driver->peaks.names);
	add(writer, "PeakBusNamesPerConnection", driver->peaks.names_per_connection);
	add(writer, "MatchRules", matches_count(driver));
	add(writer, "PeakMatchRules", driver->peaks.rules);
	add(writer, "PeakMatchRulesPerConnection", driver->peaks.rules_per_connection);
	if (driver->usage)
		add_usage(writer, &census.usage);
	return kb_writer_close(writer);
}

static void add_usage_of(struct call *call, struct kb_writer *writer, uint64_t id)
{
	struct kb_info info;

	if (!call->driver->usage || kb_conn_ask(call->driver->conn, id, KDBUS_ITEM_USAGE,
						call_behalf(call), &info) < 0)
		return;
	if (info.meta.usage) {
		add_usage(writer, info.meta.usage);
		add(writer, "org.kdbus.UserConnections", info.meta.usage->conns);
	}
	kb_info_deinit(&info);
}

int stats_get_connection(struct call *call)
{
	_cleanup_(kb_info_deinit) struct kb_info info = {};
	struct driver *driver = call->driver;
	char unique[KB_UNIQUE_NAME_SIZE];
	struct kb_writer *writer;
	struct client *client;
	const char *name;
	int r;

	r = call_read(call, "s", &name);
	if (r)
		return r;
	r = names_find_owner(call, name, KDBUS_ATTACH_NAMES, &info);
	if (r == -ESRCH)
		return names_fail_no_owner(call, name);
	if (r < 0)
		return r;
	writer = call_writer(call);
	if (!writer)
		return -ENOMEM;
	client = matches_client(driver, info.id);
	keep_peak(&driver->peaks.names_per_connection, info.meta.n_names);

	kb_writer_open(writer, 'a', "{sv}");
	add(writer, "Serial", ++driver->serial);
	kb_writer_append(writer, "{sv}", "UniqueName", "s", kb_unique_name(info.id, unique));
	add(writer, "BusNames", info.meta.n_names);
	add(writer, "PeakBusNames", info.meta.n_names);
	add(writer, "MatchRules", client ? client->n_rules : 0);
	add(writer, "PeakMatchRules", client ? client->peak_rules : 0);
	add_usage_of(call, writer, info.id);
	return kb_writer_close(writer);
}

static void add_client(struct kb_writer *writer, const struct client *client)
{
	char unique[KB_UNIQUE_NAME_SIZE];
	const struct rule *rule;
	uint32_t i;

	kb_writer_open(writer, '{', NULL);
	kb_writer_string(writer, 's', kb_unique_name(client->id, unique));
	kb_writer_open(writer, 'a', NULL);
	for (rule = client->rules; rule; rule = rule->next)
		for (i = 0; i < rule->n; i++)
			kb_writer_string(writer, 's', rule->text);
	kb_writer_close(writer);
	kb_writer_close(writer);
}

int stats_get_rules(struct call *call)
{
	struct kb_writer *writer = call_writer(call);
	const struct client *client;

	if (!writer)
		return -ENOMEM;
	kb_writer_open(writer, 'a', "{sas}");
	for (client = call->driver->clients; client; client = client->next)
		add_client(writer, client);
	return kb_writer_close(writer);
}
