/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* offsetof() and NULL, on top of what user space sees. */
#ifndef SHIM_LINUX_STDDEF_H
#define SHIM_LINUX_STDDEF_H

#include_next <linux/stddef.h>

#include <stddef.h>

#endif /* SHIM_LINUX_STDDEF_H */
