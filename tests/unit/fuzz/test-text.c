// SPDX-License-Identifier: LGPL-2.1-or-later
/* Programs of the fuzzer: in writing, and as the bytes of commands. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/build.h"
#include "tests/fuzz/text.h"

#define N_PROGRAMS 3000

static void make(struct program *program, unsigned seed)
{
	struct rng rng = { seed };

	program_generate(program, &rng);
	for (unsigned n = seed % 5; n; n--)
		program_mutate(program, NULL, &rng);
}

Test(text, a_program_is_printed_as_it_was_read)
{
	struct program program, again;
	const char *why = NULL;
	char *text;
	size_t size;
	FILE *to;

	for (unsigned seed = 0; seed < N_PROGRAMS; seed++) {
		make(&program, seed);
		to = open_memstream(&text, &size);
		text_print(to, &program);
		fclose(to);
		cr_assert_eq(text_parse(text, &again, &why), 0, "%s in:\n%s", why, text);
		cr_assert_eq(program_hash(&program), program_hash(&again), "differs:\n%s", text);
		free(text);
	}
}

Test(text, what_cannot_be_read_is_named)
{
	static const struct {
		const char *text, *why;
		unsigned line;
	} wrong[] = {
		{ "0 opne", "no such operation", 1 },	       { "# one\n\n9 open", "no such actor", 3 },
		{ "0 open\n0 send slot", "no value", 2 },      { "0 send slot=x", "a value that is no number", 1 },
		{ "0 send dst=it:3", "no such reference", 1 }, { "0 send colour=3", "no such argument", 1 },
		{ "0 send +vex", "no such item", 1 },	       { "0 send +vec place=odd", "no such argument", 1 },
	};
	struct program program;
	const char *why;

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_expect_eq(text_parse(wrong[i].text, &program, &why), wrong[i].line, "%s", wrong[i].text);
		cr_expect_str_eq(why, wrong[i].why);
	}
}

/* The items of @blob from @at on end where it ends. */
static void expect_filled(const struct blob *blob, unsigned at, const char *name)
{
	const __u8 *bytes = (const __u8 *)blob->words;
	__u64 size;

	while (at < blob->size) {
		memcpy(&size, bytes + at, sizeof(size));
		cr_assert(size >= 16, "%s: an item of %llu bytes", name, size);
		at += (size + 7) & ~7ULL;
	}
	cr_assert_eq(at, (blob->size + 7) & ~7U, "%s: items end at %u of %u", name, at, blob->size);
}

Test(build, a_command_is_as_long_as_its_items)
{
	static struct call call;
	struct program program;
	const struct operation *rule;
	struct op *op;

	for (unsigned seed = 0; seed < N_PROGRAMS; seed++) {
		make(&program, seed);
		for (unsigned i = 0; i < program.n_ops; i++) {
			op = &program.ops[i];
			rule = &operations[op->rule];
			op->trim = 0;
			for (unsigned k = 0; k < op->n_items; k++)
				op->items[k].trim = 0;
			if (!rule->number)
				continue;
			build_call(&call, op);
			cr_assert_eq(call.cmd.words[0], call.cmd.size);
			expect_filled(&call.cmd, rule->size, rule->name);
			if (rule->msg_at)
				expect_filled(&call.msg, sizeof(struct kdbus_msg), rule->name);
		}
	}
}
