// SPDX-License-Identifier: LGPL-2.1-or-later
/* Figures as people read them. */
#include <stdio.h>

#include "ctl/figure.h"

/* The unit that leaves less than @step of it, but for the last. */
static const char *print(double n, double step, const char *const *units,
			 char out[FIGURE_SIZE])
{
	/* what would be rounded up to @step is in the next unit already */
	while (n >= step - 0.5 && units[1]) {
		n /= step;
		units++;
	}
	if (n < 9.95 && n != (int)n)
		snprintf(out, FIGURE_SIZE, "%.1f%s", n, *units);
	else
		snprintf(out, FIGURE_SIZE, "%.0f%s", n, *units);
	return out;
}

const char *figure_count(double n, char out[FIGURE_SIZE])
{
	static const char *const units[] = { "", "k", "M", "G", NULL };

	return print(n, 1000, units, out);
}

const char *figure_bytes(double n, char out[FIGURE_SIZE])
{
	static const char *const units[] = { "B", "K", "M", "G", "T", NULL };

	return print(n, 1024, units, out);
}

const char *figure_time(uint64_t ns, char out[FIGURE_SIZE])
{
	static const char *const units[] = { "ns", "us", "ms", "s", NULL };

	return print(ns, 1000, units, out);
}
