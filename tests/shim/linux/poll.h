/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pollers look for. */
#ifndef SHIM_LINUX_POLL_H
#define SHIM_LINUX_POLL_H

#include <sys/epoll.h>

#include <linux/wait.h>

#endif /* SHIM_LINUX_POLL_H */
