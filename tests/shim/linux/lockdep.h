/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is a lock held? */
#ifndef SHIM_LINUX_LOCKDEP_H
#define SHIM_LINUX_LOCKDEP_H

#include "tests/shim/shim.h"

#define lockdep_is_held(lock) ((lock)->held != 0)
#define lockdep_assert_held(lock) shim_check(lockdep_is_held(lock))

#endif /* SHIM_LINUX_LOCKDEP_H */
