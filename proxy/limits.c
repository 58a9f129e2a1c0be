/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers a <limit> can set. */

#include <errno.h>
#include <stddef.h>

#include "lib/util.h"
#include "proxy/limits.h"

#define MIB (UINT64_C(1) << 20)

/* clang-format off */
#define LIMIT(field, initial, most) \
	{ #field, offsetof(struct limits, field), initial, most }

static const struct {
	const char *name;
	size_t offset;
	uint64_t initial;
	uint64_t most;
} table[] = {
	LIMIT(max_incoming_bytes,		127 * MIB,	INT32_MAX),
	LIMIT(max_incoming_unix_fds,		64,		INT32_MAX),
	LIMIT(max_outgoing_bytes,		127 * MIB,	INT32_MAX),
	LIMIT(max_outgoing_unix_fds,		64,		INT32_MAX),
	LIMIT(max_message_size,			32 * MIB,	127 * MIB),
	LIMIT(max_message_unix_fds,		16,		16),
	LIMIT(max_completed_connections,	2048,		INT32_MAX),
	LIMIT(max_incomplete_connections,	64,		INT32_MAX),
	LIMIT(max_connections_per_user,		256,		INT32_MAX),
	LIMIT(max_names_per_connection,		512,		INT32_MAX),
	LIMIT(max_match_rules_per_connection,	512,		INT32_MAX),
	LIMIT(max_replies_per_connection,	128,		INT32_MAX),
	LIMIT(max_pending_service_starts,	512,		INT32_MAX),
	LIMIT(auth_timeout,			30000,		INT32_MAX),
	LIMIT(pending_fd_timeout,		150000,		INT32_MAX),
	LIMIT(reply_timeout,			0,		INT32_MAX),
	LIMIT(service_start_timeout,		25000,		INT32_MAX),
};
/* clang-format on */

/* Of things that are not here: the words are fine, the numbers mean nothing. */
static const char *const unused[] = {
	"max_containers",
	"max_containers_per_user",
	"max_container_metadata_bytes",
	"max_connections_per_container",
};

static bool is_unused(const char *name)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(unused); i++)
		if (kb_streq(unused[i], name))
			return true;
	return false;
}

static uint64_t *limits_field(struct limits *limits, size_t offset)
{
	return (uint64_t *)((char *)limits + offset);
}

void limits_init(struct limits *limits)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(table); i++)
		*limits_field(limits, table[i].offset) = table[i].initial;
}

int limits_set(struct limits *limits, const char *name, const char *text)
{
	uint64_t value;
	int r;

	for (size_t i = 0; i < KB_ARRAY_SIZE(table); i++) {
		if (!kb_streq(table[i].name, name))
			continue;
		r = kb_parse_u64(text, &value);
		if (r == -ERANGE)
			value = UINT64_MAX;
		else if (r < 0)
			return -EINVAL;
		*limits_field(limits, table[i].offset) =
			value < table[i].most ? value : table[i].most;
		/* sizes are long there; a count is an int */
		return value > INT32_MAX && !strstr(name, "bytes") ? -ERANGE : 0;
	}
	return is_unused(name) ? 0 : -ENOENT;
}
