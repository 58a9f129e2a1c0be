/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings, from libc. */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <string.h>

#include <linux/kernel.h>

#endif /* SHIM_LINUX_STRING_H */
