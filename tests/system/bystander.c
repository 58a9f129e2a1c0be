/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Somebody else on the bus: a client that calls another and waits. */

#include "lib/util.h"
#include "tests/system/bystander.h"

void bystander_open(struct bystander *bystander, const char *path)
{
	*bystander = (struct bystander){ 0 };
	end_open(&bystander->caller, path, -1, true);
	end_open(&bystander->callee, path, -1, true);
	if (kb_message_new_call(bystander->callee.name, "/", BYSTANDER_INTERFACE, "Ping", &bystander->call) < 0)
		exit(EXIT_FAILURE);
}

void bystander_close(struct bystander *bystander)
{
	kb_message_unref(bystander->call);
	end_close(&bystander->caller);
	end_close(&bystander->callee);
}

void bystander_call(struct bystander *bystander)
{
	struct kb_message *heard, *reply = NULL, *answer;
	uint64_t begin = kb_now_ns();
	uint32_t serial = end_send(&bystander->caller, bystander->call);

	heard = end_receive(&bystander->callee, END_WAIT_MS);
	if (!heard || kb_message_new_return(heard, &reply) < 0) {
		bystander->failed = true;
		return;
	}
	end_send(&bystander->callee, reply);
	answer = end_reply(&bystander->caller, serial);
	bystander->failed |= !answer || answer->type != KB_METHOD_RETURN;
	begin = kb_now_ns() - begin;
	bystander->sum_ns += begin;
	bystander->n++;
	bystander->n_late += bystander->limit_ns && begin > bystander->limit_ns;
	if (begin > bystander->longest_ns)
		bystander->longest_ns = begin;
	kb_message_unref(heard);
	kb_message_unref(reply);
	kb_message_unref(answer);
}

void bystander_tell(const struct bystander *bystander, const char *when)
{
	printf("# %s, a call and its reply took %.2f ms on average of %u, %.2f ms at most\n", when,
	       bystander->n ? bystander->sum_ns / 1e6 / bystander->n : 0.0, bystander->n,
	       bystander->longest_ns / 1e6);
}

void bystander_reset(struct bystander *bystander)
{
	bystander->n = bystander->n_late = 0;
	bystander->sum_ns = bystander->longest_ns = 0;
}
