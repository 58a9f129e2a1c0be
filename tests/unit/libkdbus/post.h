/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In place of the kernel: a post that carries what is sent to an id, or to
 * everybody. No names, no policy, no filters. Programs that are linked with it
 * have the functions of lib/cmd.h that send and receive replaced by it, and
 * kb_conn_open().
 */
#ifndef TEST_LIBKDBUS_POST_H
#define TEST_LIBKDBUS_POST_H

#include "lib/conn.h"

/* Names are all free, and only counted: how many are owned; and what happens
 * when one is given up. */
extern int post_n_names;
extern void (*post_on_release)(void);

/* How often anybody waited. */
extern unsigned int post_n_waits;

/* A connection whose id is one more than that of the one before. */
int post_connect(struct kb_conn **out);

#endif /* TEST_LIBKDBUS_POST_H */
