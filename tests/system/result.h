/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A result without a number, as tests/system/util.sh takes them. */
#ifndef TESTS_SYSTEM_RESULT_H
#define TESTS_SYSTEM_RESULT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "lib/util.h"

static inline _printf_(2, 3) void result(bool ok, const char *format, ...)
{
	va_list arguments;

	printf("%s - ", ok ? "ok" : "not ok");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

#endif /* TESTS_SYSTEM_RESULT_H */
