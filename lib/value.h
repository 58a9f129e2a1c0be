/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of D-Bus, read from and written to bytes of either marshalling.
 *
 * A reader walks the arguments of a message, a writer lays them down, and the
 * two formats behind them differ in nothing a caller can see. Remarshalling is
 * reading with one and writing with the other: kb_value_copy().
 *
 * The bytes a reader gets come from strangers. It checks every rule of the
 * format while it walks and answers any violation with -EBADMSG: padding,
 * lengths, UTF-8, paths, signatures, booleans, descriptor indices, nesting
 * (64 containers, of which 32 arrays and 32 structs in one signature), arrays
 * of 2^26 bytes; in GVariant everything that is not normal form. What it hands
 * out has been checked; what it was not asked for has not: kb_reader_finish()
 * walks the rest.
 *
 * Positions are relative to the start of the body, which lies on a multiple of
 * 8 in both formats. The memory itself may lie anywhere.
 */
#ifndef KB_VALUE_H
#define KB_VALUE_H

#include <stdio.h>

#include "lib/format.h"
#include "lib/reader.h"
#include "lib/writer.h"

/**
 * kb_value_copy() - everything the reader has left in its container, written
 * @reader:	at any depth, with @writer inside an equal container (or with
 *		both at the arguments themselves)
 *
 * Return: 0, -EBADMSG for bad input, the writer's -EMSGSIZE or -ENOMEM; -EMSGSIZE, too,
 * for more than 2^24 values and containers.
 */
int kb_value_copy(struct kb_reader *reader, struct kb_writer *writer);

/**
 * kb_value_print() - values as text, one line, in the notation busctl takes
 * @reader:	what is left in its container is printed: for each complete
 *		value its type, then its words; strings are quoted
 *
 * Return: 0 or a reader's error.
 */
int kb_value_print(struct kb_reader *reader, FILE *file);

#endif /* KB_VALUE_H */
