// SPDX-License-Identifier: LGPL-2.1-or-later
/* Units that were written for the service manager, read again. */
#include "busname/parse.h"
#include "tests/fuzz/user/fuzz.h"
#include "tests/fuzz/user/unit-text.h"

/* What the generator puts into [Service], and how often it may. */
static const struct {
	const char *key;
	unsigned int max;
} keys[] = {
	{ "Type", 1 },
	{ "NotifyAccess", 1 },
	{ "ExecStart", 1 },
	{ "FileDescriptorStoreMax", 1 },
	{ "Restart", 1 },
	{ "RestartSec", 1 },
	{ "RestartPreventExitStatus", 1 },
	{ "CapabilityBoundingSet", 1 },
	{ "NoNewPrivileges", 1 },
	{ "BusName", 1 },
	{ "User", 1 },
	{ "Environment", 2 },
};

static const char *complaint;

static void complain(const char *line)
{
	complaint = line;
}

static void count(unsigned int *n, const char *key)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(keys); i++)
		if (kb_streq(keys[i].key, key)) {
			must(++n[i] <= keys[i].max);
			return;
		}
	must(!"a key of ours");
}

/* Lines that are to be assignments. */
static size_t count_lines(const struct kb_buffer *text)
{
	const char *at = (const char *)text->data, *end = at + text->size;
	size_t n = 0;

	must(text->size && end[-1] == '\n');
	for (; at < end; at = (char *)memchr(at, '\n', end - at) + 1)
		n += *at != '\n' && *at != '#' && *at != '[';
	return n;
}

void unit_text_check(const struct kb_buffer *text, const char *program)
{
	struct fuzz_input input = { text->data, text->size };
	struct assignments all = {};
	unsigned int n[KB_ARRAY_SIZE(keys)] = {};
	bool starts = false;

	complaint = NULL;
	parse_warn_set(complain);
	must(parse_file(&all, fuzz_file(&input), "unit") == 0);
	must(!complaint && all.n == count_lines(text));
	parse_warn_set(fuzz_ignore_line);
	for (size_t i = 0; i < all.n; i++) {
		const struct assignment *a = &all.v[i];

		if (kb_streq(a->section, "Unit"))
			continue;
		must(kb_streq(a->section, "Service"));
		count(n, a->key);
		if (kb_streq(a->key, "ExecStart")) {
			must(kb_startswith(a->value, program));
			starts = true;
		}
	}
	must(starts);
	assignments_deinit(&all);
}
