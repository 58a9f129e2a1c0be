/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs beside this one, which know what is not known here: files of bus name
 * units, the XML policy.
 */
#ifndef CTL_HELPER_H
#define CTL_HELPER_H

#include "lib/util.h"

#define HELPER_BUSNAME	KDBUSLIBEXECDIR "/kdbus-busname"
#define HELPER_PROXY	KDBUSLIBEXECDIR "/kdbus-proxy"

/**
 * helper_read() - run one and take what it prints
 * @argv:	the program and its arguments, ended by NULL
 * @out:	its output, with a NUL behind it
 *
 * Return: 0; 1 if it failed, having said why on standard error; a negative errno.
 */
int helper_read(char *const *argv, struct kb_buffer *out);

#endif /* CTL_HELPER_H */
