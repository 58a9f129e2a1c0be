// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Sends every known mistake to the classic socket, from a connection of its own:
 * that one is hung up on, and nobody else.
 *
 * usage: refused SOCKET        results without numbers
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bad-messages.h"
#include "tests/dbus1-end.h"

#define OURSELVES	((uid_t)-1)

static bool ends_as_it_should(const char *path, const struct bad_message *message)
{
	struct end end;
	bool ok;

	end_open(&end, path, OURSELVES, false);
	end_write(&end, message->bytes, message->size);
	ok = message->good ? end_sync(&end) : end_is_hung_up(&end, END_WAIT_MS);
	end_close(&end);
	if (!ok)
		printf("not ok - %s: %s\n", message->what, message->good ? "hung up on" : "let pass");
	return ok;
}

int main(int argc, char **argv)
{
	unsigned int n_bad = 0, n_good = 0;
	struct bad_message message;
	struct end bystander;
	bool ok = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 2) {
		fprintf(stderr, "usage: refused SOCKET\n");
		return EXIT_FAILURE;
	}
	end_open(&bystander, argv[1], OURSELVES, false);
	for (size_t i = 0; bad_message_make(i, &message); i++) {
		if (!ends_as_it_should(argv[1], &message))
			ok = false;
		else if (message.good)
			n_good++;
		else
			n_bad++;
		if (!end_sync(&bystander)) {
			printf("not ok - a bystander lives through: %s\n", message.what);
			return EXIT_FAILURE;
		}
	}
	printf("%s - %u messages that are none end their connection, %u near misses do not\n", ok ? "ok" : "not ok",
	       n_bad, n_good);
	printf("ok - a bystander lives through all of them\n");
	end_close(&bystander);
	return EXIT_SUCCESS;
}
