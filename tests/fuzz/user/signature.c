// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Signatures, and the names and paths beside them: whatever is accepted, libdbus
 * accepts, and the other way round; and the table is what it says.
 *
 * input: the text
 */
#include <stdlib.h>
#include <string.h>

#include "lib/name.h"
#include "lib/signature.h"
#include "lib/util.h"
#include "tests/fuzz/user/fuzz.h"
#include "tests/fuzz/user/oracle.h"

/* Each entry says where the next type begins, and they end together. */
static void check_table(const struct kb_type *types, size_t n,
			const struct kb_type *all)
{
	size_t i, end;

	for (i = 0; i < n; i += types[i].length)
		must(types[i].length > 0 && i + types[i].length <= n);
	must(i == n);
	for (i = 0; i < n; i++) {
		const struct kb_type *type = &types[i];

		if (type->code == ')' || type->code == '}')
			continue;
		must(type->alignment == 1 || type->alignment == 2 ||
		     type->alignment == 4 || type->alignment == 8);
		must(type->size % type->alignment == 0);
		end = i + type->length;
		must(end <= n);
		if (type->code == 'a')
			must(type->length == 1 + types[i + 1].length &&
			     !type->size);
		if (type->code == '(' || type->code == '{')
			must(types[end - 1].code ==
			     (type->code == '(' ? ')' : '}'));
		must(!type->size || !type->n_offsets);
	}
	must(all->code == '(' && all->size % all->alignment == 0);
}

/* To libdbus only those count that follow each other, to the specification all. */
static bool has_few_arrays(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == 'a';
	return n <= KB_DEPTH_ARRAY_MAX;
}

static void check_signature(const char *text, size_t length)
{
	struct kb_type types[KB_SIGNATURE_MAX], all;
	struct kb_type *exact = length <= KB_SIGNATURE_MAX ?
					malloc(length * sizeof(*exact)) :
					NULL;
	bool valid = kb_signature_is_valid(text, length);
	size_t n, at = 0;
	int r;

	r = kb_signature_compile(text, length, exact ?: types, &all);
	must(!r == valid);
	if (has_few_arrays(text)) {
		must(valid == oracle_signature(text));
		must(kb_signature_is_single(text, length) ==
		     oracle_single(text));
	} else {
		must(!valid || oracle_signature(text));
	}
	if (valid)
		check_table(exact ?: types, length, &all);
	for (n = 0; valid && at < length; n++) {
		r = kb_signature_next(text + at);
		must(r > 0 && kb_signature_is_single(text + at, r));
		at += r;
	}
	must(!valid || kb_signature_is_single(text, length) == (n == 1));
	free(exact);
}

static void check_names(const char *text)
{
	must(kb_path_is_valid(text) == oracle_path(text));
	must(kb_path_is_valid(text) == kb_path_is_valid_n(text, strlen(text)));
	must(kb_interface_is_valid(text) == oracle_interface(text));
	must(kb_error_name_is_valid(text) == oracle_error_name(text));
	must(kb_member_is_valid(text) == oracle_member(text));
	must(kb_name_is_valid(text) == oracle_bus_name(text));
	must(kb_name_is_valid(text) ==
	     (kb_name_is_unique(text) || kb_name_is_well_known(text)));
	must(kb_utf8_is_valid(text, strlen(text)) == oracle_utf8(text));
}

/* An id is written in one way only. */
static void check_unique(const char *text)
{
	char again[KB_UNIQUE_NAME_SIZE];
	uint64_t id;

	if (kb_unique_name_parse(text, &id) == 0)
		must(kb_streq(kb_unique_name(id, again), text) &&
		     kb_name_is_unique(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	char *text = fuzz_text(&input, size);

	check_signature(text, strlen(text));
	check_names(text);
	check_unique(text);
	free(text);
	return 0;
}
