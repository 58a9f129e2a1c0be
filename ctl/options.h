/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The options of the command line: one table, which also says to which verbs
 * each belongs.
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include "ctl/ctl.h"

/**
 * struct ctl_option - an option
 * @name:	with its dashes, without '='
 * @value:	what follows the '=', or is in the next word: NULL if there is
 *		nothing, a name if there must be something, "[…]" if there may be,
 *		which is never in the next word
 * @verbs:	those it is for, separated by blanks; NULL for all
 * @set:	takes it; @value is NULL if none was given: 0 or a status
 * @field:	offset of the member of struct ctl that @set fills, if it needs
 *		to be told
 * @help:	what it does, in a few words
 */
struct ctl_option {
	const char *name;
	const char *value;
	const char *verbs;
	int (*set)(struct ctl *ctl, const struct ctl_option *option,
		   const char *value);
	size_t field;
	const char *help;
};

/* All of them; @n is how many. */
const struct ctl_option *options_all(size_t *n);

/* Is the option for this verb? */
bool option_is_for(const struct ctl_option *option, const char *verb);

/* The option of this name, or NULL. */
const struct ctl_option *option_find(const char *name, size_t n);

/* The option whose value is in the word behind @word; NULL if that is a word of
 * its own. */
const struct ctl_option *option_before_value(const char *word);

/**
 * options_parse() - take the options out of a command line
 * @argc, @argv: as main() has them; afterwards the other words alone, without
 *		the program's
 *
 * Options may stand anywhere before "--"; what begins with a dash and a digit
 * is a number.
 *
 * Return: 0, or a status after saying what is wrong. --help and --version print
 * and exit.
 */
int options_parse(struct ctl *ctl, int *argc, char **argv);

/* Is every option that was given one of @ctl's verb? 0 or a status. */
int options_check(const struct ctl *ctl);

void options_deinit(struct ctl *ctl);

#endif /* CTL_OPTIONS_H */
