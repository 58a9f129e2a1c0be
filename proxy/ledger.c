/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that are remembered until their reply passes by. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/ledger.h"

void ledger_deinit(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->n; i++)
		free(ledger->entries[i].name);
	free(ledger->entries);
	*ledger = (struct ledger){ 0 };
}

static void ledger_drop(struct ledger *ledger, size_t i)
{
	ledger->n--;
	memmove(ledger->entries + i, ledger->entries + i + 1,
		(ledger->n - i) * sizeof(*ledger->entries));
}

int ledger_add(struct ledger *ledger, struct ledger_entry entry)
{
	if (ledger->n == LEDGER_MAX) {
		free(ledger->entries[0].name);
		ledger_drop(ledger, 0);
	}
	if (ledger->n == ledger->size) {
		size_t size = ledger->size ? 2 * ledger->size : 4;
		struct ledger_entry *entries;

		entries = reallocarray(ledger->entries, size,
				       sizeof(*entries));
		if (!entries) {
			free(entry.name);
			return -ENOMEM;
		}
		ledger->entries = entries;
		ledger->size = size;
	}
	ledger->entries[ledger->n++] = entry;
	return 0;
}

int ledger_take(struct ledger *ledger, uint32_t serial, uint64_t id,
		struct ledger_entry *out_entry)
{
	/* the newest first: a client may have used a serial again */
	for (size_t i = ledger->n; i > 0; i--) {
		if (ledger->entries[i - 1].serial == serial &&
		    (!id || ledger->entries[i - 1].id == id)) {
			*out_entry = ledger->entries[i - 1];
			ledger_drop(ledger, i - 1);
			return 1;
		}
	}
	return 0;
}
