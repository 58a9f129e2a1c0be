// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * .busname files: whatever they say, the unit that is written for the service
 * manager is well-formed and ours.
 *
 * input: scope, the file
 */
#include <errno.h>

#include "busname/emit.h"
#include "tests/fuzz/user/fuzz.h"
#include "tests/fuzz/user/unit-text.h"

static void check_unit(const struct unit *unit, const struct scope *scope)
{
	struct kb_buffer text = {};

	must(!unit->service || unit_service_is_valid(unit->service));
	must(!unit->activating || unit->service || unit->exec);
	must(emit_unit_text(unit, scope, &text) == 0);
	unit_text_check(&text, KDBUSLIBEXECDIR "/kdbus-activator --scope=");
	kb_buffer_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct assignments all = {};
	struct scope scope;
	struct unit *unit;
	int r;

	parse_warn_set(fuzz_ignore_line);
	must(scope_init(&scope, fuzz_byte(&input) & 1, "") == 0);
	must(unit_new("org.example.Foo", "/etc/x.busname", &unit) == 0);
	r = parse_file(&all, fuzz_file(&input), "x.busname");
	if (r == 0) {
		r = unit_apply(unit, &all, &scope);
		must(r == 0 || r == -EINVAL);
		if (r == 0)
			check_unit(unit, &scope);
	} else {
		must(r == -EFBIG);
	}
	assignments_deinit(&all);
	unit_free(unit);
	scope_deinit(&scope);
	return 0;
}
