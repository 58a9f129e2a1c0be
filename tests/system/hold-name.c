// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * usage: hold-name SOCKET NAME [INTO-QUEUE]
 *
 * A dbus1 client that owns a name, or with a third word waits for it, until it
 * is killed: to be looked at by others, on whatever bus.
 */
#include <stdio.h>
#include <unistd.h>

#include "tests/dbus1-end.h"

int main(int argc, char **argv)
{
	struct kb_message *reply;
	struct end end;
	uint32_t result = 0;

	if (argc < 3)
		return 1;
	end_open(&end, argv[1], (uid_t)-1, true);
	reply = end_call(&end, "RequestName", "su", argv[2], 0);
	if (!reply || kb_message_read(reply, "u", &result) < 0 || result != (argc > 3 ? 2 : 1))
		return 1;
	printf("%s\n", end.name);
	fflush(stdout);
	kb_message_unref(reply);
	while ((reply = end_receive(&end, 3600 * 1000)))
		kb_message_unref(reply);
	return 0;
}
