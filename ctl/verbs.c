// SPDX-License-Identifier: LGPL-2.1-or-later
/* The verbs of kdbusctl. */
#include <stdio.h>

#include "ctl/verbs.h"
#include "lib/util.h"

/* clang-format off */
static const struct ctl_verb verbs[] = {
	{ "list", "", 0, 0, true, ctl_list, "",
	  "who is on the bus" },
	{ "names", "", 0, 0, true, ctl_names, "",
	  "well-known names: owners, queues, activators" },
	{ "status", "[NAME | PID]", 0, 1, true, ctl_status, "name",
	  "everything known about a peer, or about the bus" },
	{ "tree", "[NAME]…", 0, -1, true, ctl_tree, "name …",
	  "the objects of services" },
	{ "introspect", "NAME OBJECT [INTERFACE]", 2, 3, true, ctl_introspect,
	  "name object interface",
	  "interfaces, methods, properties and signals of an object" },
	{ "call", "NAME OBJECT INTERFACE METHOD [SIGNATURE [ARGUMENT…]]", 4, -1,
	  false, ctl_call_verb, "name object interface method signature",
	  "call a method" },
	{ "emit", "OBJECT INTERFACE SIGNAL [SIGNATURE [ARGUMENT…]]", 3, -1,
	  false, ctl_emit, "", "send a signal" },
	{ "get-property", "NAME OBJECT INTERFACE PROPERTY…", 4, -1, false,
	  ctl_get_property, "name object interface property …",
	  "read properties" },
	{ "set-property", "NAME OBJECT INTERFACE PROPERTY SIGNATURE ARGUMENT…",
	  6, -1, false, ctl_set_property,
	  "name object interface property signature", "write a property" },
	{ "monitor", "[NAME]…", 0, -1, false, ctl_monitor, "name …",
	  "show messages as they pass" },
	{ "top", "[NAME]…", 0, -1, false, ctl_top, "name …",
	  "who sends how much, and how long the answers take; q quits" },
	{ "graph", "[NAME]…", 0, -1, false, ctl_graph, "name …",
	  "watch for some seconds, then draw who talks to whom" },
	{ "bench", "", 0, 0, false, ctl_bench, "",
	  "how fast this bus is, beside a socket pair" },
	{ "policy", "check USER NAME", 3, 3, true, ctl_policy,
	  "check user name", "what a user may do with a name, and by which rule" },
	{ "why-denied", "[NAME | UNIT | PROCESS]", 0, 1, true, ctl_why_denied,
	  "name", "the last refusals, with the rule or limit behind each" },
	{ "endpoint", "list | make NAME [-- COMMAND…]", 1, -1, false,
	  ctl_endpoint, "list|make",
	  "doors to the bus with a policy of their own" },
	{ "busname", "list | show NAME | verify FILE…", 1, -1, true, ctl_busname,
	  "list|show|verify unit",
	  "bus name units: which there are, and what is wrong with one" },
	{ "system-bus", "enable | disable | status | check", 1, 1, false,
	  ctl_system_bus, "enable|disable|status|check",
	  "whether kdbus is the bus of the system, from the next boot on" },
	{ "session-bus", "enable | disable | status | check", 1, 1, false,
	  ctl_session_bus, "enable|disable|status|check",
	  "the same of a user's session, from its next start on" },
};
/* clang-format on */

const struct ctl_verb *ctl_verbs_all(size_t *n)
{
	*n = KB_ARRAY_SIZE(verbs);
	return verbs;
}

const struct ctl_verb *ctl_verb_find(const char *name)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(verbs); i++)
		if (kb_streq(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

void ctl_verbs_print(void)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(verbs); i++)
		printf("  %s%s%s\n      %s\n", verbs[i].name,
		       *verbs[i].arguments ? " " : "", verbs[i].arguments,
		       verbs[i].help);
}
