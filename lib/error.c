// SPDX-License-Identifier: LGPL-2.1-or-later
/* What an errno is called in D-Bus. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "lib/error.h"

static const struct {
	int number;
	const char *name;
} errno_names[] = {
	{ ENOMEM,		KB_ERROR_NO_MEMORY },
	{ EPERM,		KB_ERROR_ACCESS_DENIED },
	{ EACCES,		KB_ERROR_ACCESS_DENIED },
	{ ENOBUFS,		KB_ERROR_LIMITS_EXCEEDED },
	{ E2BIG,		KB_ERROR_LIMITS_EXCEEDED },
	{ EMFILE,		KB_ERROR_LIMITS_EXCEEDED },
	{ EMLINK,		KB_ERROR_LIMITS_EXCEEDED },
	{ EXFULL,		KB_ERROR_LIMITS_EXCEEDED },
	{ EMSGSIZE,		KB_ERROR_LIMITS_EXCEEDED },
	{ EINVAL,		KB_ERROR_INVALID_ARGS },
	{ EOPNOTSUPP,		KB_ERROR_NOT_SUPPORTED },
	{ ECOMM,		KB_ERROR_NOT_SUPPORTED },
	{ ESRCH,		KB_ERROR_SERVICE_UNKNOWN },
	{ ENXIO,		KB_ERROR_SERVICE_UNKNOWN },
	{ EADDRNOTAVAIL,	KB_ERROR_NAME_HAS_NO_OWNER },
	{ ETIMEDOUT,		KB_ERROR_NO_REPLY },
	{ EPIPE,		KB_ERROR_NO_REPLY },
	{ EREMOTEIO,		KB_ERROR_NO_REPLY },
};

const char *kb_error_from_errno(int r)
{
	for (size_t i = 0; i < sizeof(errno_names) / sizeof(*errno_names); i++)
		if (errno_names[i].number == abs(r))
			return errno_names[i].name;
	return KB_ERROR_FAILED;
}
