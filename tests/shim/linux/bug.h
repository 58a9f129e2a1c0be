/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A warning fails the test. */
#ifndef SHIM_LINUX_BUG_H
#define SHIM_LINUX_BUG_H

#include "tests/shim/shim.h"

#define WARN_ON_ONCE(condition)						\
	({								\
		bool _warn = (condition);				\
		if (_warn)						\
			shim_warn(__FILE__, __LINE__, #condition);	\
		_warn;							\
	})

#endif /* SHIM_LINUX_BUG_H */
