// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which of the messages that pass are wanted. */
#include <errno.h>

#include "ctl/filter.h"

static int add_rules(struct filter *filter, const struct ctl *ctl)
{
	filter->rules = calloc(ctl->n_matches + 1, sizeof(*filter->rules));
	if (!filter->rules)
		return -ENOMEM;
	for (; filter->n_rules < ctl->n_matches; filter->n_rules++)
		if (kb_match_rule_parse(ctl->matches[filter->n_rules],
					&filter->rules[filter->n_rules]) < 0)
			return -ENOMEM;
	return 0;
}

int filter_init(struct filter *filter, const struct ctl *ctl, int argc,
		char **argv)
{
	int r = 0;

	*filter = (struct filter){ .names = argv, .n_names = argc };
	for (int i = 0; i < argc && !r; i++)
		r = ctl_check_name(ctl, argv[i]);
	if (!r && add_rules(filter, ctl) < 0)
		r = ctl_fail_errno(ENOMEM, "cannot watch");
	return r;
}

void filter_deinit(struct filter *filter)
{
	for (size_t i = 0; i < filter->n_rules; i++)
		kb_match_rule_free(filter->rules[i]);
	free(filter->rules);
	*filter = (struct filter){};
}

static bool is_party(const struct kb_message *m, const char *name)
{
	char unique[KB_UNIQUE_NAME_SIZE];

	return kb_streq_null(m->sender, name) ||
	       kb_streq_null(m->destination, name) ||
	       kb_streq_null(m->dst_name, name) ||
	       kb_meta_owns_name(&m->meta, name) ||
	       (m->src_id &&
		kb_streq(kb_unique_name(m->src_id, unique), name));
}

bool filter_wants(const struct filter *filter, const struct kb_message *m)
{
	bool wanted = !filter->n_names;

	for (size_t i = 0; i < filter->n_names && !wanted; i++)
		wanted = is_party(m, filter->names[i]);
	if (!wanted || !filter->n_rules)
		return wanted;
	for (size_t i = 0; i < filter->n_rules; i++)
		if (kb_match_rule_test(filter->rules[i], m) > 0)
			return true;
	return false;
}
