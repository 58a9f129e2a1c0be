/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The XML of introspection data: elements and attributes, one after the other.
 *
 * It is a small language: no text counts, no entity but the five, and what a
 * document type says is for validators. So this reads tags and nothing else.
 */
#ifndef CTL_XML_H
#define CTL_XML_H

#include <stdbool.h>
#include <stddef.h>

#define XML_ATTRIBUTES_MAX	16

/**
 * struct xml - a walk over a document
 * @next:	what is left of it; it is changed while it is read
 * @depth:	elements that are open
 */
struct xml {
	char *next;
	unsigned int depth;
};

/**
 * struct xml_tag - a tag
 * @name:	of the element, inside the document
 * @opens:	it begins an element
 * @closes:	it ends one; both for <empty/>
 * @keys:	names of attributes
 * @values:	what they are, with entities resolved
 */
struct xml_tag {
	const char *name;
	bool opens;
	bool closes;
	size_t n;
	const char *keys[XML_ATTRIBUTES_MAX];
	const char *values[XML_ATTRIBUTES_MAX];
};

/* @text is terminated and will be changed. */
void xml_init(struct xml *xml, char *text);

/* The next tag: 1, 0 at the end of the document, -EBADMSG. Whether an end tag
 * has the name of its element is not checked. */
int xml_next(struct xml *xml, struct xml_tag *out);

/* An attribute's value, or NULL. */
const char *xml_attribute(const struct xml_tag *tag, const char *key);

#endif /* CTL_XML_H */
