/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that are remembered until their reply passes by. */
#ifndef PROXY_LEDGER_H
#define PROXY_LEDGER_H

#include <stddef.h>
#include <stdint.h>

/* more than this and the oldest is forgotten: its reply will not be known */
#define LEDGER_MAX 4096

/**
 * struct ledger_entry - one call
 * @serial:	by which the reply will name it
 * @kind:	what is to be done with the reply
 * @id:		whom the reply is for
 * @cookie:	what the call's cookie was there
 * @name:	a name the call was about, owned, or NULL
 */
struct ledger_entry {
	uint32_t serial;
	unsigned int kind;
	uint64_t id;
	uint64_t cookie;
	char *name;
};

struct ledger {
	struct ledger_entry *entries;
	size_t n;
	size_t size;
};

void ledger_deinit(struct ledger *ledger);

/* takes over @entry.name, also when it fails with -ENOMEM */
int ledger_add(struct ledger *ledger, struct ledger_entry entry);

/**
 * ledger_take() - the entry of a serial, which is removed
 * @id:		whom its reply must be for, or 0 for anybody
 * @out_entry:	its name belongs to the caller from now on
 *
 * Returns 1 if there was one, 0 if not.
 */
int ledger_take(struct ledger *ledger, uint32_t serial, uint64_t id,
		struct ledger_entry *out_entry);

#endif /* PROXY_LEDGER_H */
