// SPDX-License-Identifier: LGPL-2.1-or-later
/* From an operation to the bytes of its command. */

#include <string.h>

#include "tests/fuzz/build.h"

static void put(struct blob *blob, unsigned at, unsigned size, __u64 value)
{
	if (at + size > sizeof(blob->words))
		return;
	memcpy((__u8 *)blob->words + at, &value, size);
	if (REF_IS(value) && blob->n_patches < N_PATCHES)
		blob->patches[blob->n_patches++] = (struct patch){ at, size, value };
}

/* @size bytes more, of zeroes; where they start. */
static unsigned grow(struct blob *blob, unsigned size)
{
	unsigned at = (blob->size + 7) & ~7U;

	if (at + size > sizeof(blob->words))
		return sizeof(blob->words);
	memset((__u8 *)blob->words + blob->size, 0, at + size - blob->size);
	blob->size = at + size;
	return at;
}

static unsigned tail_size(const struct item_rule *rule, const __u64 *args)
{
	const char *text = texts[args[0] % n_texts].text;

	switch (rule->tail) {
	case TAIL_TEXT:
		return text ? strlen(text) + 1 : 0;
	case TAIL_WORDS:
		return 8 * (args[1] % 4000);
	case TAIL_FDS:
		return 4 * (args[1] % 300);
	case TAIL_FD:
		return 4;
	default:
		return 0;
	}
}

static void put_tail(struct blob *blob, unsigned at, const struct item_rule *rule, const __u64 *args)
{
	const char *text = texts[args[0] % n_texts].text;
	unsigned size = tail_size(rule, args);

	if (at + size > sizeof(blob->words))
		return;
	switch (rule->tail) {
	case TAIL_TEXT:
		memcpy((__u8 *)blob->words + at, text ?: "", size);
		break;
	case TAIL_WORDS:
		for (unsigned i = 0; i < size; i += 8)
			put(blob, at + i, 8, args[0]);
		break;
	case TAIL_FDS:
	case TAIL_FD:
		for (unsigned i = 0; i < size; i += 4)
			put(blob, at + i, 4, args[0]);
		break;
	default:
		break;
	}
}

static void put_item(struct blob *blob, const struct item *item)
{
	const struct item_rule *rule = &items[item->rule];
	const __u64 *tail = item->args;
	unsigned at, size;
	__u64 type = rule->type ?: item->args[0];

	while (rule->fields[tail - item->args].name && rule->fields[tail - item->args].at != NOWHERE)
		tail++;
	if (!rule->type)
		tail++;
	size = 16 + rule->fixed + tail_size(rule, tail);
	at = grow(blob, size);
	put(blob, at, 8, size + item->trim);
	put(blob, at + 8, 8, type);
	for (unsigned i = 0; rule->fields[i].name; i++)
		if (rule->fields[i].at != NOWHERE)
			put(blob, at + 16 + rule->fields[i].at, 8, item->args[i]);
	put_tail(blob, at + 16 + rule->fixed, rule, tail);
}

/* an argument's way into command or message */
static void put_field(struct call *call, const struct field *field, __u64 value)
{
	if (field->at == NOWHERE)
		return;
	if (field->at >= IN_MSG)
		put(&call->msg, field->at - IN_MSG, 8, value);
	else
		put(&call->cmd, field->at, 8, value);
}

void build_call(struct call *call, const struct op *op)
{
	const struct operation *rule = &operations[op->rule];
	const struct item_rule *item;

	memset(call, 0, offsetof(struct call, cmd));
	memset(&call->cmd, 0, offsetof(struct blob, patches));
	memset(&call->msg, 0, offsetof(struct blob, patches));
	call->slot = op->args[0];
	call->number = rule->number;
	call->place = op->place;
	call->msg_place = op->msg_place;
	call->msg_at = rule->msg_at;
	call->fail = op->fail;
	grow(&call->cmd, rule->size);
	if (rule->msg_at)
		grow(&call->msg, sizeof(struct kdbus_msg));
	for (unsigned i = 0; rule->fields[i].name; i++)
		put_field(call, &rule->fields[i], op->args[i]);
	for (unsigned i = 0; i < op->n_items; i++) {
		item = &items[op->items[i].rule];
		put_item(rule->msg_at && !item->command ? &call->msg : &call->cmd, &op->items[i]);
	}
	put(&call->cmd, 0, 8, call->cmd.size + (rule->msg_at ? 0 : op->trim));
	if (rule->msg_at)
		put(&call->msg, 0, 8, call->msg.size + op->trim);
}
