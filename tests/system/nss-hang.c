// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A module of the name service that does not answer for as long as there is a
 * file /run/nss-hangs. It knows one user and one group, "hanging" of 4242, and
 * makes nobody wait who asks for another.
 */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define NAME	"hanging"
#define ID	4242

static enum nss_status wait_for(const char *name)
{
	if (strcmp(name, NAME) != 0)
		return NSS_STATUS_NOTFOUND;
	while (access("/run/nss-hangs", F_OK) == 0)
		usleep(100000);
	return NSS_STATUS_SUCCESS;
}

/* called by libc by these names */
#pragma GCC visibility push(default)
enum nss_status _nss_hang_getpwnam_r(const char *name, struct passwd *out, char *buffer, size_t size,
				     int *error);
enum nss_status _nss_hang_getgrnam_r(const char *name, struct group *out, char *buffer, size_t size,
				     int *error);
#pragma GCC visibility pop

enum nss_status _nss_hang_getpwnam_r(const char *name, struct passwd *out, char *buffer, size_t size,
				     int *error)
{
	enum nss_status status = wait_for(name);

	if (status != NSS_STATUS_SUCCESS)
		return status;
	if (size < sizeof(NAME)) {
		*error = ERANGE;
		return NSS_STATUS_TRYAGAIN;
	}
	memcpy(buffer, NAME, sizeof(NAME));
	*out = (struct passwd){ .pw_name = buffer, .pw_passwd = buffer, .pw_gecos = buffer,
				.pw_dir = buffer, .pw_shell = buffer, .pw_uid = ID, .pw_gid = ID };
	return status;
}

enum nss_status _nss_hang_getgrnam_r(const char *name, struct group *out, char *buffer, size_t size,
				     int *error)
{
	enum nss_status status = wait_for(name);
	static char *members[] = { NULL };

	if (status != NSS_STATUS_SUCCESS)
		return status;
	if (size < sizeof(NAME)) {
		*error = ERANGE;
		return NSS_STATUS_TRYAGAIN;
	}
	memcpy(buffer, NAME, sizeof(NAME));
	*out = (struct group){ .gr_name = buffer, .gr_passwd = buffer, .gr_gid = ID,
			       .gr_mem = members };
	return status;
}
