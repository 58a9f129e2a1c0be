/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Environment variables that several processes share through a descriptor.
 *
 * The driver of a private bus learns them (UpdateActivationEnvironment), the
 * activators give them to what they start.  They lie in a memfd that all of
 * them inherit, as "NAME=VALUE" strings with a NUL behind each; a record lock
 * keeps readers from seeing half of a change.
 */
#ifndef KB_ENVIRONMENT_H
#define KB_ENVIRONMENT_H

#define KB_ENVIRONMENT_MAX	(1u << 20)	/* bytes of all of them */

/* An empty one: a descriptor, closed on exec, or a negative errno. */
int kb_environment_new(void);

/**
 * kb_environment_read() - what was set so far
 * @out:	freshly allocated, to be freed with kb_strv_free()
 *
 * Return: 0, -ENOMEM, -EBADMSG if it holds something else, errnos of pread(2).
 */
int kb_environment_read(int fd, char ***out);

/**
 * kb_environment_update() - set variables, replacing those of the same name
 * @variables:	"NAME=VALUE" strings, ended by NULL
 *
 * Return: 0; -E2BIG if they are too many, and then nothing was changed.
 */
int kb_environment_update(int fd, char *const *variables);

/**
 * kb_environment_merge() - some variables, and those of others they lack
 * @first:	win over @second; both end with NULL, NULL counts as empty
 * @out:	borrows the strings; the array itself is to be freed
 *
 * Return: 0 or -ENOMEM.
 */
int kb_environment_merge(char *const *first, char *const *second, char ***out);

#endif /* KB_ENVIRONMENT_H */
