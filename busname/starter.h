/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What brings a service up: the service manager, or a fork of our own.
 *
 * The activator asks for a start when there is mail, and learns later how it
 * went.  It never learns that it went well: that shows in the mail, which
 * moves on to the service the moment the service takes the name.
 *
 * Results of start and dispatch:
 * STARTER_PENDING	on its way; or still the old instance, on its way out
 * STARTER_RETRY	an instance from before the request is gone: ask again
 * STARTER_FAILED	the instance that was asked for is gone, or there never
 *			was one; the report tells
 */
#ifndef BUSNAME_STARTER_H
#define BUSNAME_STARTER_H

#include <stdbool.h>

/* Exit statuses of a child that could not be made ready, as the service manager
 * has them. */
#define EXIT_SETUP_FIRST	200
#define EXIT_SETUP_EXEC		203
#define EXIT_SETUP_USER		217
#define EXIT_SETUP_LAST		245

enum {
	STARTER_PENDING,
	STARTER_RETRY,
	STARTER_FAILED,
};

/**
 * struct report - why a service did not come
 * @error:	D-Bus error name for those who wait
 * @limited:	starting it again is pointless for now
 * @clean:	it ended by itself, with status 0
 * @text:	for people: the service and the reason
 */
struct report {
	const char *error;
	bool limited;
	bool clean;
	char text[512];
};

struct starter;

/**
 * struct starter_ops - a way to start
 * @start:	see to it that the service is started
 * @fd:		what to poll for input, -1 for nothing
 * @dispatch:	look what happened; harmless at any time
 * @settle:	the service has the name, nothing is wanted for now
 * @watch:	the service is left alone: STARTER_RETRY when somebody says that
 *		it deserves another chance
 * @abandon:	it took too long
 */
struct starter_ops {
	int (*start)(struct starter *starter, struct report *out);
	int (*fd)(struct starter *starter);
	int (*dispatch)(struct starter *starter, struct report *out);
	void (*settle)(struct starter *starter);
	void (*watch)(struct starter *starter);
	void (*abandon)(struct starter *starter);
};

struct starter {
	const struct starter_ops *ops;
};

/* Fills @out, formatting the text. Returns STARTER_FAILED. */
int report_fail(struct report *out, const char *error, const char *format, ...)
	__attribute__((__format__(printf, 3, 4)));

/**
 * report_exit() - a program's end as an error
 * @what:	the program
 * @killed:	by the signal @status; else it exited with @status
 */
int report_exit(struct report *out, const char *what, bool killed, int status);

#endif /* BUSNAME_STARTER_H */
