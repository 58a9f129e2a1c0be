/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the XML files of a bus's configuration, with what they include. */
#ifndef PROXY_XML_PARSE_H
#define PROXY_XML_PARSE_H

#include "proxy/config.h"

/**
 * xml_parse_file() - add what one file says to a configuration
 *
 * A file that breaks off adds nothing, is logged and counted in @n_broken.
 * Returns 0, -ENOENT if there is no such file, -EBADMSG if it is broken, or
 * another errno of reading it.
 */
int xml_parse_file(struct config *config, const char *path);

/* The same for every *.conf in a directory, sorted by name. */
int xml_parse_directory(struct config *config, const char *path);

#endif /* PROXY_XML_PARSE_H */
