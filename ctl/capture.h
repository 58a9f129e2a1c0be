/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages as they pass, into a file for Wireshark (see ctl/pcap.h).
 */
#ifndef CTL_CAPTURE_H
#define CTL_CAPTURE_H

#include "ctl/ctl.h"

struct capture;

/**
 * capture_open() - begin a capture where @ctl->pcap says
 *
 * A file is made or emptied; standard output must not be a terminal.
 *
 * Return: 0; WATCH_E_ENOUGH if nobody reads it any more; or a status after saying
 * why not.
 */
int capture_open(const struct ctl *ctl, struct capture **out);

/**
 * capture_add() - one more message
 * @m:		a body in another marshalling is written in that of dbus1, a
 *		cookie beyond its 32 bits loses the upper ones
 *
 * What nobody could read, here or there, is counted and left out.
 *
 * Return: 0; WATCH_E_ENOUGH if nobody reads it any more; or a status after saying
 * why it cannot be written.
 */
int capture_add(struct capture *capture, struct kb_message *m);

/* Ends it, and tells how much there is. */
struct capture *capture_close(struct capture *capture);

#endif /* CTL_CAPTURE_H */
