/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The attributes of <allow> and <deny> become a rule. */
#ifndef PROXY_XML_RULE_H
#define PROXY_XML_RULE_H

#include "proxy/resolve.h"
#include "proxy/xml-policy.h"

/**
 * xml_rule_parse() - one rule from its attributes
 * @rule:	where it stands and whether it allows; the rest is filled in
 * @attributes:	name, value, name, value, …, NULL, as expat gives them
 * @out_why:	why the rule is to be ignored, with -EINVAL or -ESRCH
 *
 * Returns 0, -EINVAL if the attributes make no rule, -ESRCH if a user or group
 * is unknown, or -ENOMEM.
 */
int xml_rule_parse(struct policy_rule *rule, const char *const *attributes,
		   struct resolver *resolver, const char **out_why);

#endif /* PROXY_XML_RULE_H */
