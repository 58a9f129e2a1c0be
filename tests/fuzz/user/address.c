// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Addresses: what we accept, libdbus accepts; values survive being escaped.
 *
 * input: the text
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/address.h"
#include "tests/fuzz/user/fuzz.h"
#include "tests/fuzz/user/oracle.h"

/* An address made of the value has that value. */
static void check_escape(const char *value)
{
	struct kb_buffer text = {};
	struct kb_address again;
	const char *list;

	must(kb_buffer_append_string(&text, "unix:path=") == 0);
	must(kb_address_escape(value, &text) == 0);
	must(kb_buffer_append(&text, "", 1) == 0);
	list = (const char *)text.data;
	must(kb_address_next(&list, &again) == 1);
	must(kb_streq(again.transport, "unix") && kb_streq(again.path, value) &&
	     !*list);
	must(oracle_address((const char *)text.data));
	kb_buffer_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	char *text = fuzz_text(&input, size);
	const char *list = text;
	struct kb_address address;
	int r;

	for (;;) {
		const char *before = list;
		char *one;

		r = kb_address_next(&list, &address);
		must(list >= before && list <= text + strlen(text));
		if (r <= 0)
			break;
		must(list > before);
		if (*address.path)
			check_escape(address.path);
		before += strspn(before, ";");
		one = strndup(before, list - before);
		/* a path alone is a favour of ours */
		if (*one != '/')
			must(oracle_address(one));
		free(one);
	}
	must(r < 0 || !*list);
	free(text);
	return 0;
}
