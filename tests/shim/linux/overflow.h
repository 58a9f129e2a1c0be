/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums, and sizes of structures that end in an array. */
#ifndef SHIM_LINUX_OVERFLOW_H
#define SHIM_LINUX_OVERFLOW_H

#define check_add_overflow(a, b, out) __builtin_add_overflow(a, b, out)
#define struct_size(pointer, array, n)					\
	(sizeof(*(pointer)) + sizeof((pointer)->array[0]) * (n))

#endif /* SHIM_LINUX_OVERFLOW_H */
