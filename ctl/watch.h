/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watching a bus: the loop of the verbs that see every message.
 */
#ifndef CTL_WATCH_H
#define CTL_WATCH_H

#include <signal.h>

#include "ctl/ctl.h"

/* Why watch_run() came back without an error. */
enum {
	WATCH_E_TIME	= 0,	/* the time is over */
	WATCH_E_ENOUGH	= -1,	/* @see has seen enough */
	WATCH_E_INPUT	= -2,	/* @input can be read */
	WATCH_E_SIGNAL	= -3,	/* a signal has come: @signal */
};

/**
 * struct watch - somebody who watches
 * @conn:	a monitor's; owned
 * @see:	gets each message, also notifications of the kernel, and does
 *		not own it. Returns 0, WATCH_E_ENOUGH, or a status
 * @userdata:	of @see
 * @input:	a descriptor that ends a run, or -1
 * @signals:	arrive here instead of ending the program
 * @signal:	the last one
 */
struct watch {
	struct kb_conn *conn;
	int (*see)(struct kb_message *m, void *userdata);
	void *userdata;
	int input;
	int signals;
	int signal;
};

/**
 * watch_open() - begin to watch
 * @attach:	what to know of the senders, KDBUS_ATTACH_*
 *
 * From then on SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP and SIGWINCH end a run
 * and not the program. Return: 0, or a status after saying why not.
 */
int watch_open(struct watch *watch, const struct ctl *ctl, uint64_t attach);
void watch_close(struct watch *watch);

/**
 * watch_run() - see messages
 * @end_ns:	CLOCK_MONOTONIC, 0 for as long as it takes
 *
 * Return: WATCH_E_…, or a status over 0 after saying what went wrong.
 */
int watch_run(struct watch *watch, uint64_t end_ns);

/*
 * After WATCH_E_SIGNAL: is it to end? Else it was SIGWINCH, or SIGTSTP, for which
 * the program has stopped and been continued meanwhile.
 */
bool watch_is_over(const struct watch *watch);

/* What became of writing to @name, a negative errno if it failed: 0; WATCH_E_ENOUGH
 * if nobody reads any more, which is no reason to complain; or a status. */
int watch_written(int r, const char *name);

/* Flushes standard output; returns the same. */
int watch_flush(void);

#endif /* CTL_WATCH_H */
