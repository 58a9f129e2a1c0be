/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two marshallings of D-Bus, and what a reader and a writer want of each.
 */
#ifndef KB_FORMAT_H
#define KB_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/signature.h"

#define KB_ARRAY_MAX	(UINT32_C(1) << 26)	/* bytes of one array */
#define KB_MESSAGE_MAX	(UINT32_C(1) << 27)	/* bytes of one message */

struct kb_reader;
struct kb_reader_frame;
struct kb_writer;
struct kb_writer_frame;

enum kb_format {
	KB_DBUS1,
	KB_GVARIANT,
};

/**
 * union kb_value - one basic value
 *
 * The member is the type's letter. Strings, paths and signatures are @s, NUL
 * terminated, with their @length (without the NUL) beside it.
 */
union kb_value {
	uint8_t y;
	bool b;
	int16_t n;
	uint16_t q;
	int32_t i;
	uint32_t u;
	int64_t x;
	uint64_t t;
	double d;
	uint32_t h;
	struct {
		const char *s;
		size_t length;
	};
};

/**
 * struct kb_format_ops - one marshalling, for lib/reader.c and lib/writer.c
 *
 * The callers keep track of types, nesting and errors; these move bytes.
 *
 * @begin:	prepare the outermost frame; @all is the struct of all arguments
 * @basic:	read the basic value of type @code; the type is the right one
 * @enter:	fill in @frame, a container of the (copied) @type that comes next
 * @at_end:	is the array @frame at its end
 * @leave:	all values of the innermost @frame were read: check and go behind it
 *
 * @open:	begin a container: what stands in front of its contents
 * @close:	end the innermost container @frame: what stands behind
 * @write:	write a basic value, which has been checked
 * @end:	a value inside @frame is complete; @fixed if of a fixed size
 * @finish:	end the outermost frame
 */
struct kb_format_ops {
	int (*begin)(struct kb_reader *reader, struct kb_reader_frame *frame,
		     const struct kb_type *all);
	int (*basic)(struct kb_reader *reader, char code,
		     union kb_value *out);
	int (*enter)(struct kb_reader *reader, struct kb_reader_frame *frame,
		     struct kb_type type);
	bool (*at_end)(const struct kb_reader *reader,
		       const struct kb_reader_frame *frame);
	int (*leave)(struct kb_reader *reader,
		     struct kb_reader_frame *frame);

	void (*open)(struct kb_writer *writer, struct kb_writer_frame *frame,
		     struct kb_type type);
	void (*close)(struct kb_writer *writer,
		      struct kb_writer_frame *frame);
	void (*write)(struct kb_writer *writer, char code,
		      const union kb_value *value);
	void (*end)(struct kb_writer *writer, struct kb_writer_frame *frame,
		    bool fixed);
	void (*finish)(struct kb_writer *writer,
		       struct kb_writer_frame *frame);
};

extern const struct kb_format_ops kb_dbus1_ops;
extern const struct kb_format_ops kb_gvariant_ops;

static inline const struct kb_format_ops *kb_format_ops(enum kb_format format)
{
	return format == KB_DBUS1 ? &kb_dbus1_ops : &kb_gvariant_ops;
}

#endif /* KB_FORMAT_H */
