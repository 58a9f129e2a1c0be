/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of D-Bus from words of the command line.
 *
 * Each basic type takes one word. An array takes the number of its elements,
 * then those; a dictionary the number of its entries, then key and value of
 * each; a struct its members; a variant its signature, then its value.
 */
#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include "ctl/ctl.h"

/**
 * args_append() - append the values of a signature to a body
 * @signature:	zero or more complete types
 * @words:	all of them have to be used
 *
 * Return: 0, or a status after saying which word is wrong.
 */
int args_append(const struct ctl *ctl, struct kb_message *message,
		const char *signature, char **words, int n_words);

#endif /* CTL_ARGS_H */
