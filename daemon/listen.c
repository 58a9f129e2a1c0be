// SPDX-License-Identifier: LGPL-2.1-or-later
/* The sockets that clients come in by. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "daemon/listen.h"
#include "lib/log.h"

/* places */

static int refuse(struct place *place, int r, const char *why)
{
	place->why = why;
	return r;
}

static int set_path(struct place *place, const char *path)
{
	size_t size = strlen(path);

	if (size >= sizeof(place->path) - place->abstract)
		return refuse(place, -ENAMETOOLONG, "that is too long for a socket");
	memcpy(place->path, path, size + 1);
	return 0;
}

/* "dbus-" and ten letters that nobody guesses. */
static int set_path_below(struct place *place, const char *directory)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	_cleanup_(kb_freep) char *path = NULL;
	unsigned char random[10];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return refuse(place, -EIO, "there are no random numbers");
	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = letters[random[i] % (sizeof(letters) - 1)];
	if (asprintf(&path, "%s/dbus-%.*s", directory, (int)sizeof(random), random) < 0) {
		path = NULL;
		return refuse(place, -ENOMEM, "there is no memory");
	}
	return set_path(place, path);
}

static int set_path_at_runtime(struct place *place, const char *answer)
{
	_cleanup_(kb_freep) char *path = NULL;
	const char *directory = getenv("XDG_RUNTIME_DIR");

	if (!kb_streq(answer, "yes"))
		return refuse(place, -EINVAL, "runtime= is yes or nothing");
	if (!directory || *directory != '/')
		return refuse(place, -EINVAL, "XDG_RUNTIME_DIR is not set");
	if (asprintf(&path, "%s/bus", directory) < 0) {
		path = NULL;
		return refuse(place, -ENOMEM, "there is no memory");
	}
	return set_path(place, path);
}

int place_choose(const struct kb_address *address, struct place *out)
{
	*out = (struct place){};
	if (!kb_streq(address->transport, "unix"))
		return refuse(out, -EAFNOSUPPORT, "only unix: sockets are served here, there is no bus over a network");
	if (!!*address->path + !!*address->abstract + !!*address->dir + !!*address->runtime != 1)
		return refuse(out, -EINVAL, "one of path=, dir=, tmpdir=, runtime= and abstract= is needed");
	if (*address->dir)
		return set_path_below(out, address->dir);
	if (*address->runtime)
		return set_path_at_runtime(out, address->runtime);
	out->abstract = *address->abstract;
	return set_path(out, out->abstract ? address->abstract : address->path);
}

/* listeners */

static struct listener *listener_free(struct listener *listener)
{
	struct listener *next = listener->next;

	kb_close(listener->fd);
	if (listener->path)
		unlink(listener->path);
	free(listener->path);
	free(listener->address);
	free(listener);
	return next;
}

void listeners_close(struct listener **list)
{
	while (*list)
		*list = listener_free(*list);
}

/* Takes @fd over in any case. */
static int listener_add(struct listener **list, int fd, const char *path, bool abstract)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer address = {};
	struct listener *listener = calloc(1, sizeof(*listener));
	int r;

	if (!listener) {
		kb_close(fd);
		return -ENOMEM;
	}
	listener->fd = fd;
	r = kb_buffer_printf(&address, "unix:%s=", abstract ? "abstract" : "path");
	if (r >= 0)
		r = kb_address_escape(path, &address);
	if (r >= 0)
		r = kb_buffer_append(&address, "", 1);
	if (r < 0) {
		listener_free(listener);
		return r;
	}
	listener->address = (char *)TAKE_PTR(address.data);
	while (*list)
		list = &(*list)->next;
	*list = listener;
	return 0;
}

/* One that nobody listens on any more is in the way. */
static void remove_stale(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

static int bind_socket(int fd, const struct place *place)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(place->path);

	memcpy(address.sun_path + place->abstract, place->path, size);
	if (!place->abstract)
		remove_stale(place->path);
	if (bind(fd, (struct sockaddr *)&address,
		 offsetof(struct sockaddr_un, sun_path) + place->abstract + size) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return -errno;
	return 0;
}

static int listener_bind(const struct place *place, struct listener **list)
{
	_cleanup_(kb_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct listener *last;
	int r;

	if (fd < 0)
		return -errno;
	r = bind_socket(fd, place);
	/* who may come in is for the policy to say, not for the umask */
	if (r >= 0 && !place->abstract && chmod(place->path, 0666) < 0)
		r = -errno;
	if (r >= 0)
		r = listener_add(list, TAKE_FD(fd), place->path, place->abstract);
	if (r < 0 || place->abstract)
		return r;
	for (last = *list; last->next; last = last->next)
		;
	last->path = strdup(place->path);
	return last->path ? 0 : -ENOMEM;
}

static int listener_adopt(int fd, struct listener **list)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);
	bool abstract;

	if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -ENOTSOCK;
	abstract = !address.sun_path[0];
	((char *)&address)[size < sizeof(address) ? size : sizeof(address) - 1] = '\0';
	return listener_add(list, fd, address.sun_path + abstract, abstract);
}

static int listener_adopt_all(struct listener **list)
{
	int n = sd_listen_fds(1), r = n > 0 ? 0 : -ENOENT;

	for (int i = 0; i < n && r >= 0; i++)
		r = listener_adopt(SD_LISTEN_FDS_START + i, list);
	if (r < 0)
		kb_log_errno(LOG_ERR, r, "The service manager handed no listening sockets down");
	return r;
}

static int listen_at(const struct kb_address *address, const char *text, struct listener **list)
{
	struct place place;
	int r;

	if (kb_streq(address->transport, "systemd"))
		return listener_adopt_all(list);
	r = place_choose(address, &place);
	if (r < 0) {
		kb_log(LOG_ERR, "Cannot listen on %s: %s", text, place.why);
		return r;
	}
	r = listener_bind(&place, list);
	if (r < 0)
		kb_log_errno(LOG_ERR, r, "Cannot listen on %s", place.path);
	return r;
}

int listener_open(const char *addresses, struct listener **list)
{
	const char *rest = addresses;
	struct kb_address address;
	int r, result = -EINVAL;

	while ((r = kb_address_next(&rest, &address)) > 0) {
		result = listen_at(&address, addresses, list);
		if (result >= 0)
			return 0;
	}
	if (r < 0 || result == -EINVAL)
		kb_log(LOG_ERR, "Not an address to listen on: %s", addresses);
	return r < 0 ? r : result;
}

char *listeners_address(const struct listener *list, const char *guid)
{
	_cleanup_(kb_buffer_deinit) struct kb_buffer text = {};
	int r = 0;

	for (; list && r >= 0; list = list->next)
		r = kb_buffer_printf(&text, "%s,guid=%s%s", list->address, guid,
				     list->next ? ";" : "");
	if (r >= 0)
		r = kb_buffer_append(&text, "", 1);
	return r < 0 ? NULL : (char *)TAKE_PTR(text.data);
}
