// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Everything the driver can be asked: one table, which is also what its
 * introspection is made of.
 *
 * A call that names no interface gets the first row with its member, so the
 * order of interfaces matters.
 */
#include "driver/activation.h"
#include "driver/creds.h"
#include "driver/introspect.h"
#include "driver/matches.h"
#include "driver/names.h"
#include "driver/stats.h"

#define BUS		KB_DRIVER_INTERFACE
#define INTROSPECTABLE	"org.freedesktop.DBus.Introspectable"
#define PEER		"org.freedesktop.DBus.Peer"
#define PROPERTIES	"org.freedesktop.DBus.Properties"
#define MONITORING	"org.freedesktop.DBus.Monitoring"
#define STATS		"org.freedesktop.DBus.Debug.Stats"

#define PRIVILEGED	METHOD_PRIVILEGED
#define OBJECT		METHOD_OBJECT
#define BEHALF		METHOD_BEHALF

/* clang-format off */
const struct method driver_methods[] = {
	{ BUS, "Hello",				"",	"s",	0,	names_hello },
	{ BUS, "RequestName",			"su",	"u",	BEHALF,	names_request },
	{ BUS, "ReleaseName",			"s",	"u",	BEHALF,	names_release },
	{ BUS, "StartServiceByName",		"su",	"u",	0,	activation_start_service },
	{ BUS, "UpdateActivationEnvironment",	"a{ss}", "",	PRIVILEGED | OBJECT,
									activation_update_environment },
	{ BUS, "NameHasOwner",			"s",	"b",	0,	names_has_owner },
	{ BUS, "ListNames",			"",	"as",	0,	names_list },
	{ BUS, "ListActivatableNames",		"",	"as",	0,	names_list_activatable },
	{ BUS, "AddMatch",			"s",	"",	BEHALF,	matches_add },
	{ BUS, "RemoveMatch",			"s",	"",	BEHALF,	matches_remove },
	{ BUS, "GetNameOwner",			"s",	"s",	0,	names_get_owner },
	{ BUS, "ListQueuedOwners",		"s",	"as",	0,	names_list_queued },
	{ BUS, "GetConnectionUnixUser",		"s",	"u",	0,	creds_unix_user },
	{ BUS, "GetConnectionUnixProcessID",	"s",	"u",	0,	creds_unix_process_id },
	{ BUS, "GetAdtAuditSessionData",	"s",	"ay",	0,	creds_audit_data },
	{ BUS, "GetConnectionSELinuxSecurityContext",
						"s",	"ay",	0,	creds_selinux_context },
	{ BUS, "ReloadConfig",			"",	"",	PRIVILEGED, introspect_ping },
	{ BUS, "GetId",				"",	"s",	0,	names_get_id },
	{ BUS, "GetConnectionCredentials",	"s",	"a{sv}", 0,	creds_all },

	{ INTROSPECTABLE, "Introspect",		"",	"s",	0,	introspect_introspect },

	{ PEER, "GetMachineId",			"",	"s",	0,	introspect_machine_id },
	{ PEER, "Ping",				"",	"",	0,	introspect_ping },

	{ PROPERTIES, "Get",			"ss",	"v",	OBJECT,	introspect_get },
	{ PROPERTIES, "GetAll",			"s",	"a{sv}", OBJECT, introspect_get_all },
	{ PROPERTIES, "Set",			"ssv",	"",	OBJECT,	introspect_set },

	{ MONITORING, "BecomeMonitor",		"asu",	"",	PRIVILEGED | OBJECT,
									introspect_become_monitor },

	{ STATS, "GetStats",			"",	"a{sv}", PRIVILEGED | OBJECT, stats_get },
	{ STATS, "GetConnectionStats",		"s",	"a{sv}", PRIVILEGED | OBJECT,
									stats_get_connection },
	{ STATS, "GetAllMatchRules",		"",	"a{sas}", PRIVILEGED | OBJECT,
									stats_get_rules },
};
const size_t driver_n_methods = KB_ARRAY_SIZE(driver_methods);

/* Made by every library, out of notifications of the kernel. */
const struct signal driver_signals[] = {
	{ BUS, "NameOwnerChanged",	"sss",	{} },
	{ BUS, "NameLost",		"s",	{} },
	{ BUS, "NameAcquired",		"s",	{} },
	{ BUS, "ActivatableServicesChanged", "", {} },
	{ PROPERTIES, "PropertiesChanged", "sa{sv}as",
		{ "interface_name", "changed_properties", "invalidated_properties" } },
};
const size_t driver_n_signals = KB_ARRAY_SIZE(driver_signals);
/* clang-format on */
