/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is at the other end of a socket. */

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "lib/util.h"
#include "proxy/peer.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

static int compare_gids(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

size_t peer_sort_gids(gid_t *gids, size_t n_gids)
{
	size_t n = 0;

	qsort(gids, n_gids, sizeof(*gids), compare_gids);
	for (size_t i = 0; i < n_gids; i++)
		if (n == 0 || gids[n - 1] != gids[i])
			gids[n++] = gids[i];
	return n;
}

/* An option whose size is not known before; *@out_data is to be freed. */
static int get_option(int fd, int option, void **out_data, size_t *out_size)
{
	socklen_t size = 256;

	for (;;) {
		void *data = calloc(1, size + 1);
		socklen_t got = size;

		if (!data)
			return -ENOMEM;
		if (getsockopt(fd, SOL_SOCKET, option, data, &got) == 0) {
			*out_data = data;
			*out_size = got;
			return 0;
		}
		free(data);
		if (errno != ERANGE || got <= size)
			return -errno;
		size = got;
	}
}

static int peer_read_groups(struct peer *peer, int fd)
{
	void *data = NULL;
	size_t size = 0;
	gid_t *gids;
	int r;

	r = get_option(fd, SO_PEERGROUPS, &data, &size);
	if (r == -ENOMEM)
		return r;
	gids = realloc(data, size + sizeof(*gids));
	if (!gids) {
		free(data);
		return -ENOMEM;
	}
	gids[size / sizeof(*gids)] = peer->gid;
	peer->gids = gids;
	peer->n_gids = peer_sort_gids(gids, size / sizeof(*gids) + 1);
	return 0;
}

/* Some modules count the terminating NUL, some do not. */
static int peer_read_label(struct peer *peer, int fd)
{
	void *data;
	size_t size;
	int r;

	r = get_option(fd, SO_PEERSEC, &data, &size);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (strlen(data) > 0)
		peer->label = data;
	else
		free(data);
	return 0;
}

static void peer_read_comm(struct peer *peer)
{
	char path[sizeof("/proc//comm") + 3 * sizeof(pid_t)];
	_cleanup_(kb_fclosep) FILE *file = NULL;

	snprintf(path, sizeof(path), "/proc/%d/comm", peer->pid);
	file = fopen(path, "re");
	if (!file || !fgets(peer->comm, sizeof(peer->comm), file))
		strcpy(peer->comm, "?");
	peer->comm[strcspn(peer->comm, "\n")] = 0;
}

int peer_init(struct peer *peer, int fd)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);
	int r;

	*peer = (struct peer){ 0 };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	peer->pid = cred.pid;
	r = peer_read_groups(peer, fd);
	if (r == 0)
		r = peer_read_label(peer, fd);
	if (r < 0) {
		peer_deinit(peer);
		return r;
	}
	peer_read_comm(peer);
	return 0;
}

int peer_init_self(struct peer *peer)
{
	*peer = (struct peer){
		.uid = getuid(),
		.gid = getgid(),
		.pid = getpid(),
	};
	peer->gids = malloc(sizeof(*peer->gids));
	if (!peer->gids)
		return -ENOMEM;
	peer->gids[0] = peer->gid;
	peer->n_gids = 1;
	peer_read_comm(peer);
	return 0;
}

void peer_deinit(struct peer *peer)
{
	free(peer->gids);
	free(peer->label);
	*peer = (struct peer){ 0 };
}

bool peer_is_at_console(uid_t uid)
{
	return sd_uid_get_seats(uid, 0, NULL) > 0;
}
