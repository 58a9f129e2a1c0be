// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reports of services that did not come.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "busname/starter.h"
#include "lib/error.h"

int report_fail(struct report *out, const char *error, const char *format, ...)
{
	va_list args;

	out->error = error;
	out->limited = false;
	out->clean = false;
	va_start(args, format);
	vsnprintf(out->text, sizeof(out->text), format, args);
	va_end(args);
	return STARTER_FAILED;
}

int report_exit(struct report *out, const char *what, bool killed, int status)
{
	if (killed)
		return report_fail(out, KB_ERROR_PREFIX "Spawn.ChildSignaled",
				   "%s was killed by signal %d (%s)", what, status,
				   strsignal(status));
	if (!status) {
		report_fail(out, KB_ERROR_SPAWN_FAILED, "%s ended without taking the name", what);
		out->clean = true;
		return STARTER_FAILED;
	}
	if (status == EXIT_SETUP_EXEC)
		return report_fail(out, KB_ERROR_PREFIX "Spawn.ExecFailed",
				   "%s could not be executed", what);
	if (status >= EXIT_SETUP_FIRST && status <= EXIT_SETUP_LAST)
		return report_fail(out, KB_ERROR_PREFIX "Spawn.FailedToSetup",
				   "%s could not be set up (status %d)", what, status);
	return report_fail(out, KB_ERROR_SPAWN_CHILD_EXITED, "%s exited with status %d", what,
			   status);
}
