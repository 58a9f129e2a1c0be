// SPDX-License-Identifier: LGPL-2.1-or-later
/* Environment variables that several processes share through a descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/environment.h"
#include "lib/util.h"

int kb_environment_new(void)
{
	int fd = memfd_create("kdbus-environment", MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* F_RDLCK, F_WRLCK or F_UNLCK; waits. */
static int set_lock(int fd, short type)
{
	struct flock flock = { .l_type = type, .l_whence = SEEK_SET };
	int r;

	do
		r = fcntl(fd, F_SETLKW, &flock);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* Until the end of the scope of @out_locked. */
static int lock(int fd, short type, int *out_locked)
{
	int r = set_lock(fd, type);

	*out_locked = r < 0 ? -1 : fd;
	return r;
}

static void unlockp(int *locked)
{
	if (*locked >= 0)
		set_lock(*locked, F_UNLCK);
}

static int read_bytes(int fd, struct kb_buffer *out)
{
	struct stat st;
	ssize_t n;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size > KB_ENVIRONMENT_MAX)
		return -E2BIG;
	if (!st.st_size)
		return 0;
	r = kb_buffer_reserve(out, st.st_size);
	if (r < 0)
		return r;
	n = pread(fd, out->data, st.st_size, 0);
	if (n < 0)
		return -errno;
	out->size = n;
	return n == 0 || !out->data[n - 1] ? 0 : -EBADMSG;
}

static int split(const struct kb_buffer *bytes, char ***out)
{
	const char *s = (const char *)bytes->data, *end = s + bytes->size;
	size_t n = 0;
	char **v;

	for (size_t i = 0; i < bytes->size; i++)
		n += !bytes->data[i];
	v = calloc(n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (n = 0; s < end; s = strchr(s, '\0') + 1) {
		v[n] = strdup(s);
		if (!v[n++]) {
			kb_strv_free(v);
			return -ENOMEM;
		}
	}
	*out = v;
	return 0;
}

static int read_locked(int fd, char ***out)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = {};
	int r;

	r = read_bytes(fd, &bytes);
	return r < 0 ? r : split(&bytes, out);
}

int kb_environment_read(int fd, char ***out)
{
	_cleanup_(unlockp) int locked = -1;
	int r;

	r = lock(fd, F_RDLCK, &locked);
	return r < 0 ? r : read_locked(fd, out);
}

static int write_locked(int fd, char *const *variables)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer bytes = {};
	int r = 0;

	for (; *variables && r >= 0; variables++)
		r = kb_buffer_append(&bytes, *variables, strlen(*variables) + 1);
	if (r < 0)
		return r;
	if (bytes.size > KB_ENVIRONMENT_MAX)
		return -E2BIG;
	if (ftruncate(fd, bytes.size) < 0)
		return -errno;
	if (bytes.size && pwrite(fd, bytes.data, bytes.size, 0) != (ssize_t)bytes.size)
		return -EIO;
	return 0;
}

int kb_environment_update(int fd, char *const *variables)
{
	_cleanup_(kb_strv_freep) char **old = NULL;
	_cleanup_(kb_freep) char **all = NULL;
	_cleanup_(unlockp) int locked = -1;
	int r;

	r = lock(fd, F_WRLCK, &locked);
	if (r >= 0)
		r = read_locked(fd, &old);
	if (r >= 0)
		r = kb_environment_merge(variables, old, &all);
	return r < 0 ? r : write_locked(fd, all);
}

static bool has_name_of(char *const *v, size_t n, const char *variable)
{
	size_t length = strcspn(variable, "=");

	for (size_t i = 0; i < n; i++)
		if (strcspn(v[i], "=") == length && !memcmp(v[i], variable, length))
			return true;
	return false;
}

/* In one list the last of a name counts, as with an assignment. */
static size_t add_missing(char **v, size_t n, char *const *more, size_t n_more)
{
	while (n_more-- > 0)
		if (!has_name_of(v, n, more[n_more]))
			v[n++] = more[n_more];
	return n;
}

int kb_environment_merge(char *const *first, char *const *second, char ***out)
{
	size_t n_first = kb_strv_length(first), n_second = kb_strv_length(second);
	char **v = calloc(n_first + n_second + 1, sizeof(*v));
	size_t n;

	if (!v)
		return -ENOMEM;
	n = add_missing(v, 0, first, n_first);
	add_missing(v, n, second, n_second);
	*out = v;
	return 0;
}
