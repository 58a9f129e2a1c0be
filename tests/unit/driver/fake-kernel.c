// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A kernel that only remembers matches.
 */
#include <errno.h>
#include <string.h>

#include "lib/cmd.h"
#include "tests/unit/driver/fake-kernel.h"

struct fake_match fake_matches[8192];
size_t fake_n_matches;
uint64_t fake_gone;
int fake_room = -1;

static struct fake_match *find(uint64_t id, uint64_t cookie)
{
	size_t i;

	for (i = 0; i < fake_n_matches; i++)
		if (fake_matches[i].id == id && fake_matches[i].cookie == cookie)
			return &fake_matches[i];
	return NULL;
}

size_t fake_count_all(uint64_t id)
{
	size_t i, n = 0;

	for (i = 0; i < fake_n_matches; i++)
		if (fake_matches[i].id == id)
			n += fake_matches[i].n;
	return n;
}

/* Instances have a number in the low bits, what lets signals through has 0. */
size_t fake_count(uint64_t id)
{
	size_t i, n = 0;

	for (i = 0; i < fake_n_matches; i++)
		if (fake_matches[i].id == id && !(fake_matches[i].cookie & 0xfff))
			n += fake_matches[i].n;
	return n;
}

/* The linker puts these in the place of lib's: --wrap. */
int __wrap_kb_cmd_match_remove(int fd, uint64_t cookie, uint64_t behalf_id);
int __wrap_kb_cmd_match_add(int fd, uint64_t cookie, uint64_t flags, const struct kb_buffer *items,
			    uint64_t behalf_id);

int __wrap_kb_cmd_match_remove(int fd _unused_, uint64_t cookie, uint64_t behalf_id)
{
	struct fake_match *match = find(behalf_id, cookie);

	if (behalf_id && behalf_id == fake_gone)
		return -ENXIO;
	if (!match)
		return -EBADSLT;
	*match = fake_matches[--fake_n_matches];
	return 0;
}

int __wrap_kb_cmd_match_add(int fd, uint64_t cookie, uint64_t flags, const struct kb_buffer *items _unused_,
			    uint64_t behalf_id)
{
	struct fake_match *match;

	if (behalf_id && behalf_id == fake_gone)
		return -ENXIO;
	if (behalf_id && fake_room >= 0 && !fake_room--) {
		fake_room = 0;
		return -EMFILE;
	}
	if (flags & KDBUS_MATCH_REPLACE)
		__wrap_kb_cmd_match_remove(fd, cookie, behalf_id);
	match = find(behalf_id, cookie);
	if (!match) {
		match = &fake_matches[fake_n_matches++];
		*match = (struct fake_match){ .id = behalf_id, .cookie = cookie };
	}
	match->n++;
	return 0;
}
