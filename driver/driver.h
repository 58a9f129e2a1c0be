/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The driver: the service behind org.freedesktop.DBus.
 *
 * Method calls come in, ioctls go out.  What changes the state of a connection
 * (names, matches) is done on behalf of the caller, so that the kernel applies
 * the caller's rights and ties the result to the caller's life.  Nothing that
 * could be lost is kept here: a new instance serves what an old one promised.
 *
 * It is started by the first call, and goes when nobody calls any more.
 */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include <systemd/sd-event.h>

#include "lib/conn.h"
#include "lib/error.h"

#define DRIVER_IDLE_NS		(30 * KB_NSEC_PER_SEC)

/* Ceilings; the kernel has its own below and above. */
#define DRIVER_CLIENTS_MAX	1024	/* remembered, of those with rules */
#define DRIVER_RULES_MAX	1024	/* of one of them */
#define DRIVER_PENDING_MAX	512	/* calls we have made and wait for */

struct client;
struct pending;

/**
 * struct driver - the one object of this program
 * @event:	the loop
 * @conn:	our connection
 * @named:	we own org.freedesktop.DBus
 * @behalf:	the kernel lets us act for our callers
 * @process:	it tells whether a process is still the same
 * @usage:	it tells what a connection takes
 * @owner_uid:	who made the bus
 * @environment_fd: where UpdateActivationEnvironment goes on a bus that is not
 *		the service manager's, see lib/environment.h; else -1
 * @idle_ns:	how long without a message until we go; 0: for ever
 * @last_ns:	when the last one came
 * @idle:	the timer
 * @clients:	who has rules added through us
 * @n_clients:	how many
 * @pending:	calls we have made and wait for
 * @n_pending:	how many
 * @serial:	counts calls of the statistics
 * @peaks:	largest figures seen
 */
struct driver {
	sd_event *event;
	struct kb_conn *conn;
	bool named;
	bool behalf;
	bool process;
	bool usage;
	uint64_t owner_uid;
	int environment_fd;
	uint64_t idle_ns;
	uint64_t last_ns;
	sd_event_source *idle;
	struct client *clients;
	size_t n_clients;
	struct pending *pending;
	size_t n_pending;
	uint32_t serial;
	struct {
		uint32_t names;
		uint32_t names_per_connection;
		uint32_t rules;
		uint32_t rules_per_connection;
	} peaks;
};

/**
 * driver_new() - connect and take the name
 * @address:	the bus
 * @idle_ns:	see struct driver
 *
 * Return: 0; -EEXIST if there is another driver; errnos of HELLO.
 */
int driver_new(const char *address, uint64_t idle_ns, struct driver **out);
struct driver *driver_free(struct driver *driver);

static inline void driver_freep(struct driver **driver)
{
	driver_free(*driver);
}

/* Serve until idle, told to end, or the bus is gone: 0 or a negative errno. */
int driver_run(struct driver *driver);

/* calls */

/* What a method's function says, besides a negative errno. */
enum {
	CALL_REPLY,	/* send what was appended */
	CALL_DONE,	/* answered, or nobody wants an answer */
	CALL_LATER,	/* somebody else will answer */
};

/**
 * struct call - a method call while it is served
 * @message:	the request; its signature is the method's
 * @reply:	the return, once something was appended to it
 */
struct call {
	struct driver *driver;
	struct kb_message *message;
	struct kb_message *reply;
};

/* Appends to the reply, making it first if need be. */
int call_append(struct call *call, const char *types, ...);
/* The reply's writer, for what call_append() cannot express; may be NULL. */
struct kb_writer *call_writer(struct call *call);
/* Answers with an error. Returns CALL_DONE. */
int call_fail(struct call *call, const char *error, const char *format, ...)
	_printf_(3, 4);
/* Reads the arguments; a body that is broken was answered: then CALL_DONE. */
int call_read(struct call *call, const char *types, ...);
/* Root, or the owner of the bus? */
bool call_is_privileged(struct call *call);
/* Whose eyes to look with: the caller's id, or 0 without the extension. */
uint64_t call_behalf(const struct call *call);

/* methods */

enum {
	METHOD_PRIVILEGED	= 1,	/* call_is_privileged() only */
	METHOD_OBJECT		= 2,	/* on /org/freedesktop/DBus only */
	METHOD_BEHALF		= 4,	/* needs the kernel's extension */
};

/**
 * struct method - a row of the table that is this program's interface
 * @interface:	rows of one interface are adjacent
 * @in:		signature of the arguments
 * @out:	signature of the reply
 * @flags:	METHOD_*
 */
struct method {
	const char *interface;
	const char *member;
	const char *in;
	const char *out;
	unsigned int flags;
	int (*function)(struct call *call);
};

/**
 * struct signal - a signal that others make and we only describe
 * @names:	of its arguments, NULL where they have none
 */
struct signal {
	const char *interface;
	const char *member;
	const char *signature;
	const char *names[4];
};

extern const struct method driver_methods[];
extern const size_t driver_n_methods;
extern const struct signal driver_signals[];
extern const size_t driver_n_signals;

#endif /* DRIVER_DRIVER_H */
