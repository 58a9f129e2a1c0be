/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel that only remembers matches, in place of lib/cmd.c, for the parts
 * of the driver that rely on what it remembers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A match some connection has: how many were added with this cookie. */
struct fake_match {
	uint64_t id;
	uint64_t cookie;
	unsigned int n;
};

extern struct fake_match fake_matches[8192];
extern size_t fake_n_matches;
/* Connections that are gone: commands on their behalf give ENXIO. */
extern uint64_t fake_gone;
/* So many more MATCH_ADDs succeed, then they give EMFILE; -1: all. */
extern int fake_room;

/* Matches of @id, not counting those that never hold. */
size_t fake_count(uint64_t id);
/* All of them. */
size_t fake_count_all(uint64_t id);
