/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What audit knows of a task. */
#ifndef SHIM_LINUX_AUDIT_H
#define SHIM_LINUX_AUDIT_H

#include <linux/sched.h>

#define audit_get_loginuid(task) ((task)->loginuid)
#define audit_get_sessionid(task) ((task)->sessionid)

#endif /* SHIM_LINUX_AUDIT_H */
