/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The services of some directories, for the daemon of a private bus to read.
 */
#ifndef BUSNAME_DIRECTORY_H
#define BUSNAME_DIRECTORY_H

/**
 * directory_print() - print what the activation files of directories say
 * @directories: an earlier one wins where two have the same name; "session"
 *		and "system" stand for the usual ones
 *
 * Prints lines of a word and a value: "directory" for each that may have files,
 * whether it exists or not, and then for each service "service" with its name,
 * "file", "user", "unit", and "argument" for each word of its command line.
 *
 * Return: 0 or -ENOMEM.
 */
int directory_print(char *const *directories);

#endif /* BUSNAME_DIRECTORY_H */
