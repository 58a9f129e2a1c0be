// SPDX-License-Identifier: LGPL-2.1-or-later
/* The XML of introspection data. */
#include <errno.h>
#include <string.h>

#include "ctl/xml.h"
#include "lib/util.h"

#define BLANKS " \t\r\n"

void xml_init(struct xml *xml, char *text)
{
	*xml = (struct xml){ .next = text };
}

/* Behind @end in @s, or NULL. */
static char *behind(char *s, const char *end)
{
	s = strstr(s, end);
	return s ? s + strlen(end) : NULL;
}

/* <!DOCTYPE …>, whose quotes and brackets may hold what ends it. */
static char *behind_declaration(char *s)
{
	unsigned int depth = 0;
	char quote = 0;

	for (; *s; s++) {
		if (quote) {
			if (*s == quote)
				quote = 0;
		} else if (*s == '"' || *s == '\'') {
			quote = *s;
		} else if (*s == '[' || *s == '<') {
			depth++;
		} else if (*s == ']' || (*s == '>' && depth)) {
			depth -= depth > 0;
		} else if (*s == '>') {
			return s + 1;
		}
	}
	return NULL;
}

/* To the next tag; text, comments and instructions are passed over. */
static int find_tag(struct xml *xml)
{
	char *s = xml->next;

	for (;;) {
		s = strchr(s, '<');
		if (!s)
			return 0;
		if (kb_startswith(s, "<!--"))
			s = behind(s + 4, "-->");
		else if (kb_startswith(s, "<![CDATA["))
			s = behind(s, "]]>");
		else if (kb_startswith(s, "<?"))
			s = behind(s, "?>");
		else if (kb_startswith(s, "<!"))
			s = behind_declaration(s + 2);
		else
			break;
		if (!s)
			return -EBADMSG;
	}
	xml->next = s + 1;
	return 1;
}

/* In place: what is written never gets ahead of what is read. */
static int resolve_entities(char *s)
{
	static const struct {
		const char *name;
		char c;
	} entities[] = {
		{ "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' },
		{ "&quot;", '"' }, { "&apos;", '\'' },
	};
	char *out = s;

	while (*s) {
		size_t i = 0;

		if (*s != '&') {
			*out++ = *s++;
			continue;
		}
		while (i < KB_ARRAY_SIZE(entities) &&
		       !kb_startswith(s, entities[i].name))
			i++;
		if (i == KB_ARRAY_SIZE(entities))
			return -EBADMSG;
		*out++ = entities[i].c;
		s += strlen(entities[i].name);
	}
	*out = '\0';
	return 0;
}

/* One attribute at @s; behind it. */
static char *read_attribute(char *s, struct xml_tag *tag)
{
	char *key = s, *value;

	s += strcspn(s, BLANKS "=<>/'\"");
	if (s == key || tag->n == XML_ATTRIBUTES_MAX)
		return NULL;
	value = s + strspn(s, BLANKS);
	if (*value != '=')
		return NULL;
	*s = '\0';
	value++;
	value += strspn(value, BLANKS);
	if (*value != '"' && *value != '\'')
		return NULL;

	s = strchr(value + 1, *value);
	if (!s)
		return NULL;
	*s++ = '\0';
	if (resolve_entities(value + 1) < 0)
		return NULL;
	tag->keys[tag->n] = key;
	tag->values[tag->n++] = value + 1;
	return s;
}

/* What follows the name, to the end of the tag; behind that. */
static char *read_rest(char *s, struct xml_tag *tag)
{
	for (;;) {
		s += strspn(s, BLANKS);
		if (*s == '>') {
			*s = '\0';
			return s + 1;
		}
		if (s[0] == '/' && s[1] == '>') {
			*s = '\0';
			tag->closes = true;
			return s + 2;
		}
		s = tag->opens ? read_attribute(s, tag) : NULL;
		if (!s)
			return NULL;
	}
}

int xml_next(struct xml *xml, struct xml_tag *out)
{
	char *s, *name_end, after;
	int r;

	r = find_tag(xml);
	if (r < 0)
		return r;
	if (!r)
		return xml->depth ? -EBADMSG : 0;

	*out = (struct xml_tag){};
	s = xml->next;
	out->closes = *s == '/';
	out->opens = !out->closes;
	s += out->closes;
	out->name = s;
	name_end = s + strcspn(s, BLANKS "<>/'\"=");
	if (name_end == s)
		return -EBADMSG;

	/* the name's NUL goes where something may still have to be read */
	after = *name_end;
	s = read_rest(name_end, out);
	if (!s || (!out->opens && after == '/'))
		return -EBADMSG;
	*name_end = '\0';
	xml->next = s;

	if (out->opens)
		xml->depth++;
	if (out->closes && !xml->depth--)
		return -EBADMSG;
	return 1;
}

const char *xml_attribute(const struct xml_tag *tag, const char *key)
{
	for (size_t i = 0; i < tag->n; i++)
		if (kb_streq(tag->keys[i], key))
			return tag->values[i];
	return NULL;
}
