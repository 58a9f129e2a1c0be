// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Classic activation files: a file is used or skipped, never fatal; what becomes
 * a unit can also be started without a service manager; and the units written
 * for it are well-formed and ours.
 *
 * input: scope, the file
 */
#include "busname/classic.h"
#include "busname/emit.h"
#include "lib/name.h"
#include "tests/fuzz/user/fuzz.h"
#include "tests/fuzz/user/unit-text.h"

static void check_classic(const struct classic *classic,
			  const struct scope *scope)
{
	struct kb_buffer text = {};

	must(kb_name_is_well_known(classic->unit->name));
	must(unit_service_is_valid(classic->unit->service));
	must(emit_unit_text(classic->unit, scope, &text) == 0);
	unit_text_check(&text, KDBUSLIBEXECDIR "/kdbus-activator --scope=");
	kb_buffer_deinit(&text);
	if (classic->service.size)
		unit_text_check(&classic->service, "/");
}

static void check_entry(const struct classic_entry *entry)
{
	must(kb_name_is_well_known(entry->name));
	must(entry->exec || entry->unit);
	must(!entry->exec || *entry->exec[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size }, again;
	struct classic_entry entry;
	struct classic classic;
	struct scope scope;

	parse_warn_set(fuzz_ignore_line);
	must(scope_init(&scope, fuzz_byte(&input) & 1, "") == 0);
	again = input;
	must(classic_read(fuzz_file(&input), &scope, &classic) == 0);
	must(classic_read_entry(fuzz_file(&again), &entry) == 0);
	if (classic.unit)
		check_classic(&classic, &scope);
	if (entry.name)
		check_entry(&entry);
	must(!entry.name || !classic.unit ||
	     kb_streq(entry.name, classic.unit->name));
	classic_deinit(&classic);
	classic_entry_deinit(&entry);
	scope_deinit(&scope);
	return 0;
}
