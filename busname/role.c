// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What kdbus is to be on this machine.
 */
#include <stdio.h>

#include "busname/role.h"
#include "lib/util.h"

#define BLANKS " \t\n"

enum role role_read(void)
{
	enum role role = ROLE_BESIDE;
	char text[4096], *word, *rest;
	FILE *file;

	file = fopen("/proc/cmdline", "re");
	if (!file)
		return role;
	if (fgets(text, sizeof(text), file)) {
		for (word = strtok_r(text, BLANKS, &rest); word;
		     word = strtok_r(NULL, BLANKS, &rest)) {
			if (kb_streq(word, "kdbus=0"))
				role = ROLE_NONE;
			else if (kb_streq(word, "kdbus=1"))
				role = ROLE_SYSTEM_BUS;
		}
	}
	fclose(file);
	return role;
}
