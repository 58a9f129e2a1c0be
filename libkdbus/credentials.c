// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the kernel knows about peers, in plain words. */
#include <errno.h>

#include "libkdbus/connection.h"
#include "libkdbus/credentials.h"
#include "libkdbus/message.h"

#define ATTACH                                                                               \
	(KDBUS_ATTACH_CREDS | KDBUS_ATTACH_PIDS | KDBUS_ATTACH_PID_COMM | KDBUS_ATTACH_EXE | \
	 KDBUS_ATTACH_CGROUP | KDBUS_ATTACH_CAPS | KDBUS_ATTACH_SECLABEL)

static size_t string_size(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

/* Puts a string at *@at and goes behind it. */
static const char *string_put(char **at, const char *s)
{
	size_t size = string_size(s);
	char *copy = *at;

	if (!s)
		return NULL;
	*at += size;
	return memcpy(copy, s, size);
}

static uint64_t meta_capabilities(const struct kb_meta *meta)
{
	uint64_t bits = 0;

	for (unsigned int cap = 0; cap < 64; cap++)
		if (kb_meta_has_cap(meta, KB_CAPS_EFFECTIVE, cap))
			bits |= UINT64_C(1) << cap;
	return bits;
}

/* One piece of memory: strings of a peer live longer than the slice. */
struct kdbus_credentials *credentials_new(uint64_t id, const struct kb_meta *meta)
{
	size_t size = string_size(meta->pid_comm) + string_size(meta->exe) +
		      string_size(meta->cgroup) + string_size(meta->seclabel);
	struct kdbus_credentials *credentials = calloc(1, sizeof(*credentials) + size);
	char *at = (char *)(credentials + 1);

	if (!credentials)
		return NULL;
	*credentials = (struct kdbus_credentials){
		.id = id,
		.time_ns = meta->timestamp ? meta->timestamp->monotonic_ns : 0,
		.uid = meta->creds ? meta->creds->euid : KDBUS_UNKNOWN,
		.gid = meta->creds ? meta->creds->egid : KDBUS_UNKNOWN,
		.pid = meta->pids ? meta->pids->pid : 0,
		.tid = meta->pids ? meta->pids->tid : 0,
		.comm = string_put(&at, meta->pid_comm),
		.exe = string_put(&at, meta->exe),
		.cgroup = string_put(&at, meta->cgroup),
		.label = string_put(&at, meta->seclabel),
		.capabilities = meta_capabilities(meta),
	};
	return credentials;
}

const struct kdbus_credentials *kdbus_message_credentials(struct kdbus_message *message)
{
	if (!message->credentials)
		message->credentials =
			credentials_new(message->kb->src_id, &message->kb->meta);
	return message->credentials;
}

int kdbus_peer_credentials(struct kdbus_connection *bus, const char *name,
			   struct kdbus_credentials **out)
{
	struct kdbus_credentials *credentials;
	struct kb_info info;
	int r;

	r = kb_conn_info_by_name(bus->kb, name, ATTACH, 0, &info);
	if (r < 0)
		return r;
	credentials = credentials_new(info.id, &info.meta);
	kb_info_deinit(&info);
	if (!credentials)
		return -ENOMEM;
	*out = credentials;
	return 0;
}

void kdbus_credentials_free(struct kdbus_credentials *credentials)
{
	free(credentials);
}
