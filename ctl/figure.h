/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures as people read them: three digits and a unit.
 */
#ifndef CTL_FIGURE_H
#define CTL_FIGURE_H

#include <stdint.h>

#define FIGURE_SIZE 16

/* "0", "7.5", "182", "43k", "1.2M": a number or a rate. Returns @out. */
const char *figure_count(double n, char out[FIGURE_SIZE]);
/* "0B", "512B", "1.5K", "23M": bytes, or bytes per second, in powers of 1024. */
const char *figure_bytes(double n, char out[FIGURE_SIZE]);
/* "850ns", "12us", "3.4ms", "25s". */
const char *figure_time(uint64_t ns, char out[FIGURE_SIZE]);

#endif /* CTL_FIGURE_H */
