/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the generator writes: units the service manager understands.
 */
#ifndef BUSNAME_EMIT_H
#define BUSNAME_EMIT_H

#include "busname/unit.h"

/**
 * emit_unit() - the service that holds a name, and what belongs to it
 * @directory:	where to; exists
 *
 * NAME.busname.service, started with busnames.target, and an ordering for the
 * service it starts, which comes after it.
 *
 * Return: 0 or a negative errno.
 */
int emit_unit(const char *directory, const struct unit *unit, const struct scope *scope);

/* The text of the service alone. */
int emit_unit_text(const struct unit *unit, const struct scope *scope, struct kb_buffer *out);

/* busnames.target becomes part of every boot. */
int emit_target(const char *directory, const struct scope *scope);

/**
 * emit_bus() - make the proxy serve the socket everybody knows
 * @directory:	the one whose units count more than those of the administrator
 *
 * The distribution's dbus.service becomes a name of the proxy's; masking it
 * instead would keep the service manager away, which connects only while it
 * sees that running.  dbus.socket stays what it is, so that it opens whatever
 * becomes of kdbus, but only after kdbus-choose-bus.service has tried it.
 */
int emit_bus(const char *directory, const struct scope *scope);

/* A file with @text, or (@append) that much more of it. */
int emit_file(const char *directory, const char *name, const struct kb_buffer *text, bool append);

/* @name links to @target; folders in @name are made, a link is replaced. */
int emit_link(const char *directory, const char *name, const char *target);

#endif /* BUSNAME_EMIT_H */
