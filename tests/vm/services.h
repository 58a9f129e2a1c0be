/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For the programs of the guest ring that are about our own services: they run
 * on a bus of the test's own, and clients talk to them through lib/.
 */
#pragma once

#include "lib/conn.h"
#include "lib/error.h"
#include "tests/vm/util.h"

#define DRIVER		KB_DRIVER_NAME
#define ECHO		"org.kdbus.Echo1"
#define ECHO_PATH	"/org/kdbus/Echo1"

/* The file of a program that was built, such as "kdbus-driver". */
const char *program_path(const char *name);
/* Starts it; arguments end with NULL. It ends with the test. */
pid_t program_start(const char *name, ...) __attribute__((__sentinel__));
/* SIGTERM, and waits. Returns the exit status, or minus the signal. */
int program_stop(pid_t pid);
/* "kernel:path=…" */
const char *bus_address(struct bus *bus);

/*
 * The activator of @name, which starts @program. @args: more words for its
 * command line, behind "--" for the program's; NULL for none. It is ready when
 * this returns.
 */
pid_t activator_start(struct bus *bus, const char *name, const char *program, const char *args);
/* That of the driver. */
pid_t driver_start(struct bus *bus, const char *args);

struct kb_conn *client_new(struct bus *bus);
/* The same, opened by another user. */
struct kb_conn *client_of(struct bus *bus, unsigned uid);

/*
 * A call and its answer as text: "u 1", "", "ERROR NameHasNoOwner: text" (the
 * usual prefix is left out), or "EPIPE". In a static buffer.
 */
const char *ask(struct kb_conn *conn, const char *destination, const char *path,
		const char *interface, const char *member, const char *types, ...);
#define ask_driver(conn, member, ...) \
	ask(conn, DRIVER, KB_DRIVER_PATH, KB_DRIVER_INTERFACE, member, __VA_ARGS__)
#define ask_echo(conn, text) ask(conn, ECHO, ECHO_PATH, ECHO, "EchoString", "s", text)

/* Only the name of the error, "" if it was none. */
const char *error_of(const char *answer);
#define expect_error(answer, name) expect_text(error_of(answer), name)

/* Waits until @name is owned (or not) by a service. */
bool wait_owned(struct kb_conn *conn, const char *name, bool owned);
/* The process that owns @name, 0 if none. */
pid_t owner_pid(struct kb_conn *conn, const char *name);
