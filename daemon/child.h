/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program that runs below the daemon: the proxy, an activator.
 *
 *           forked            says READY=1
 *  RESTING ───────► STARTING ─────────────► READY
 *     ▲  ▲             │ ends                 │ ends
 *     │  └─────────────┴──────────────────────┘ started again
 *     └── too often: FAILED, and the daemon is told
 */
#ifndef DAEMON_CHILD_H
#define DAEMON_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct child;

/**
 * struct child_context - what all children have in common
 * @notify:	value of their $NOTIFY_SOCKET
 * @environment_fd: that they inherit at this number
 * @files:	RLIMIT_NOFILE as it was; the proxy has ours, with room for clients
 * @quiet:	their standard output goes nowhere
 * @mute:	and their standard error
 * @changed:	a child is READY, FAILED, or gone for good
 */
struct child_context {
	sd_event *event;
	const char *notify;
	int environment_fd;
	struct rlimit files;
	bool quiet;
	bool mute;
	void (*changed)(void *userdata, struct child *child);
	void *userdata;
};

enum child_state {
	CHILD_RESTING,
	CHILD_STARTING,
	CHILD_READY,
	CHILD_FAILED,
};

/**
 * struct child - one program
 * @title:	for people
 * @argv:	absolute path and arguments
 * @tag:	a bus name if it is its activator, else NULL
 * @sockets:	listening sockets that it is handed, @n_sockets of them, borrowed
 * @vital:	the bus is worth nothing without it
 * @leaving:	is not to be started again
 * @replaced: was asked to end, so that it starts with another command line
 * @pid:	0 if it does not run
 */
struct child {
	struct child *next;
	const struct child_context *context;
	char *title;
	char **argv;
	char *tag;
	const int *sockets;
	size_t n_sockets;
	bool vital;
	bool leaving;
	bool replaced;
	enum child_state state;
	pid_t pid;
	sd_event_source *source;
	sd_event_source *again;
	unsigned int n_ends;
	uint64_t first_end_ns;
};

/* Takes @argv over in any case. */
int child_new(const struct child_context *context, const char *title, char **argv,
	      struct child **out);
/* Kills it if need be; -> NULL. */
struct child *child_free(struct child *child);

int child_start(struct child *child);
/* Asks it to end; it is not started again. */
void child_stop(struct child *child, int signal);

/* Ends it and starts it with other arguments, which are taken over. */
void child_replace(struct child *child, char **argv);

/* It said that it is ready. */
void child_is_ready(struct child *child);

#endif /* DAEMON_CHILD_H */
