// SPDX-License-Identifier: LGPL-2.1-or-later
/* The XML of introspection data. */
#include <criterion/criterion.h>
#include <errno.h>

#include "ctl/xml.h"
#include "lib/util.h"

/* The tags as text: <a k=v>, </a>, <a/>; "!" at an error. */
static char *flatten(const char *text)
{
	static char out[1024];
	char *copy = strdup(text), *p = out;
	struct xml_tag tag;
	struct xml xml;
	int r;

	*p = '\0';
	xml_init(&xml, copy);
	while ((r = xml_next(&xml, &tag)) > 0) {
		p += sprintf(p, "<%s%s", tag.opens ? "" : "/", tag.name);
		for (size_t i = 0; i < tag.n; i++)
			p += sprintf(p, " %s=%s", tag.keys[i], tag.values[i]);
		p += sprintf(p, "%s>", tag.opens && tag.closes ? "/" : "");
	}
	if (r < 0)
		strcpy(p, "!");
	free(copy);
	return out;
}

static const struct {
	const char *text, *tags;
} cases[] = {
	{ "", "" },
	{ "just text", "" },
	{ "<a></a>", "<a></a>" },
	{ "<a/>", "<a/>" },
	{ "<a />", "<a/>" },
	{ "<a b='1' c = \"2\"/>", "<a b=1 c=2/>" },
	{ "<a\n\tb='1'\n></a >", "<a b=1></a>" },
	{ "<a b='&lt;&amp;&gt;&quot;&apos;'/>", "<a b=<&>\"'/>" },
	{ "<a b='>'/>", "<a b=>/>" },
	{ "<?xml version='1.0'?><!-- <b> -- > --><a>x<b/>y</a>",
	  "<a><b/></a>" },
	{ "<!DOCTYPE node PUBLIC \"-//x>\" \"y\"><a/>", "<a/>" },
	{ "<!DOCTYPE a [<!ELEMENT a (b)> <!ENTITY c '>]'>]><a/>", "<a/>" },
	{ "<a><![CDATA[<b>]]></a>", "<a></a>" },
	{ "<a>", "<a>!" },
	{ "</a>", "!" },
	{ "<a", "!" },
	{ "<a b", "!" },
	{ "<a b=", "!" },
	{ "<a b='", "!" },
	{ "<a b=1/>", "!" },
	{ "<a b='&unknown;'/>", "!" },
	{ "<>", "!" },
	{ "< a/>", "!" },
	{ "<a/></b>", "<a/>!" },
	{ "</a/>", "!" },
	{ "<!-- never ends", "!" },
	{ "<!DOCTYPE", "!" },
	{ "<a a1='' a2='' a3='' a4='' a5='' a6='' a7='' a8='' a9='' b1='' b2='' "
	  "b3='' b4='' b5='' b6='' b7='' b8=''/>", "!" },
};

Test(xml, tags_are_found)
{
	for (size_t i = 0; i < KB_ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(flatten(cases[i].text), cases[i].tags, "%s",
				 cases[i].text);
}

Test(xml, every_cut_ends_well)
{
	static const char text[] = "<?x?><!DOCTYPE n \"a\"><n><i name='&lt;'>"
				   "<!-- c --><m/></i></n>";

	for (size_t n = 0; n < sizeof(text); n++) {
		char *cut = strndup(text, n);

		flatten(cut);
		free(cut);
	}
}
