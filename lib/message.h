/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One D-Bus message, whatever it is marshalled in.
 *
 * A message is either *made* here (kb_message_new_…(), then its body appended)
 * or *decoded* from bytes. Decoding checks the header completely and leaves the
 * body as bytes; the body is checked when it is read, converted, or by
 * kb_message_validate(). Encoding into the other format remarshals the body.
 *
 * A decoded message borrows its strings and its body from the bytes it came
 * from. Bytes handed over with kb_message_own(), and the slice of a received
 * message, live as long as the message; others must outlive it.
 *
 * Messages are counted, not locked: one thread at a time.
 */
#ifndef KB_MESSAGE_H
#define KB_MESSAGE_H

#include <linux/kdbus.h>
#include <sys/uio.h>

#include "lib/memfd.h"
#include "lib/meta.h"
#include "lib/util.h"
#include "lib/value.h"

struct kb_conn;
struct kb_chunk;
struct kb_message_args;

enum kb_message_type {
	KB_NOTIFICATION,	/* by the kernel: see lib/notify.h */
	KB_METHOD_CALL,
	KB_METHOD_RETURN,
	KB_ERROR,
	KB_SIGNAL,
};

enum kb_message_flag {
	KB_NO_REPLY_EXPECTED	= 1,
	KB_NO_AUTO_START	= 2,
	KB_ALLOW_INTERACTIVE	= 4,	/* authorization may ask the user */
};

/* Header fields by their number on the wire. */
enum kb_field {
	KB_FIELD_PATH		= 1,
	KB_FIELD_INTERFACE	= 2,
	KB_FIELD_MEMBER		= 3,
	KB_FIELD_ERROR_NAME	= 4,
	KB_FIELD_REPLY_COOKIE	= 5,
	KB_FIELD_DESTINATION	= 6,
	KB_FIELD_SENDER		= 7,
	KB_FIELD_SIGNATURE	= 8,
	KB_FIELD_UNIX_FDS	= 9,
	_KB_FIELDS,
};

/* The cookie of messages that never were on the bus. */
#define KB_COOKIE_SYNTHETIC	UINT64_C(0xffffffff)

/**
 * struct kb_message - a message
 *
 * Read freely; strings are changed with kb_message_set(). Absent strings are
 * NULL, only @signature is always there.
 *
 * @type:	enum kb_message_type
 * @flags:	enum kb_message_flag
 * @cookie:	never 0 once sent or decoded
 * @reply_cookie: of a return or error: the call's cookie
 * @sender:	decoded: as claimed by the bytes; received: by the kernel's id,
 *		or "org.freedesktop.DBus" if the sender owns that name
 * @body:	decoded, or made and sealed; @body_size bytes. In GVariant the
 *		struct of the arguments, without the variant's type
 * @body_absent: peeked only: the body is in a memfd, which is not ours yet
 * @fds:	owned descriptors, -1 where one could not be had
 *
 * @src_id:	received: sender's id, 0 for the kernel
 * @dst_id:	received: who it was for, or KDBUS_DST_ID_BROADCAST; 0 on a
 *		monitor if it went to a name. To send: with a well-known
 *		destination, the id that must own it, or 0
 * @dst_name:	received: the name it was sent to, NULL if to an id
 * @priority:	lower is more urgent
 * @deadline_ns: call to send: CLOCK_MONOTONIC; 0 for the connection's default.
 *		Received call: when the caller stops to wait
 * @incomplete_fds: received: some descriptors could not be installed
 * @meta:	received: what the kernel attached
 * @notification: received, type KB_NOTIFICATION: the kernel's item
 * @memfd:	made: what kb_message_append_memfd() put in its midst; of a size
 *		of 0 if nothing
 */
struct kb_message {
	unsigned int n_refs;
	uint8_t type;
	uint8_t flags;
	uint64_t cookie;
	uint64_t reply_cookie;

	union {
		const char *fields[_KB_FIELDS];
		struct {
			const char *_unused0;
			const char *path;
			const char *interface;
			const char *member;
			const char *error_name;
			const char *_unused5;
			const char *destination;
			const char *sender;
			const char *signature;
			const char *_unused9;
		};
	};

	const uint8_t *body;
	size_t body_size;
	enum kb_format body_format;
	bool body_swap;
	bool body_absent;

	int *fds;
	size_t n_fds;

	uint64_t src_id;
	uint64_t dst_id;
	const char *dst_name;
	int64_t priority;
	uint64_t deadline_ns;
	bool incomplete_fds;
	struct kb_meta meta;
	const struct kdbus_item *notification;

	/* private */
	uint16_t checked;		/* fields that are valid, a bit each */
	bool is_converted;		/* the body is below in another format */
	enum kb_format converted_format;
	struct kb_buffer converted;
	struct kb_borrowed borrowed;	/* of the body, not in there */
	struct kb_writer *writer;
	struct kb_buffer body_buffer;
	struct kb_chunk *chunks;
	struct kb_message_args *args;
	size_t room_used;
	void (*release)(struct kb_message *message);
	struct kb_conn *conn;
	uint64_t slice;
	uint64_t slice_size;
	void *map;
	size_t map_size;
	struct kb_memfd memfd;
	char sender_room[24];
	char room[232];
};

/* making */

int kb_message_new(enum kb_message_type type, struct kb_message **out);
/* @interface may be NULL. */
int kb_message_new_call(const char *destination, const char *path,
			const char *interface, const char *member,
			struct kb_message **out);
/* Addressed to the sender of @call, answering its cookie. */
int kb_message_new_return(const struct kb_message *call,
			  struct kb_message **out);
/* The same for an error; @text may be NULL. */
int kb_message_new_error(const struct kb_message *call, const char *name,
			 const char *text, struct kb_message **out);
int kb_message_new_errorv(const struct kb_message *call, const char *name,
			  const char *format, va_list args,
			  struct kb_message **out) _printf_(3, 0);
int kb_message_new_signal(const char *path, const char *interface,
			  const char *member, struct kb_message **out);

struct kb_message *kb_message_ref(struct kb_message *message);
struct kb_message *kb_message_unref(struct kb_message *message);

static inline void kb_message_unrefp(struct kb_message **message)
{
	kb_message_unref(*message);
}

/**
 * kb_message_set() - set or (NULL) drop a string of the header
 * @field:	a string field, not KB_FIELD_SIGNATURE
 * @value:	copied; checked when the message is encoded
 */
int kb_message_set(struct kb_message *message, enum kb_field field,
		   const char *value);

/* Copies @s into memory that lives as long as @message; NULL if out of it. */
const char *kb_message_strdup(struct kb_message *message, const char *s);

/* Lets @message free() @memory with itself. */
int kb_message_own(struct kb_message *message, void *memory);

/**
 * kb_message_detach() - let a message outlive the bytes it came from
 *
 * Its strings and its body are copied. Return: 0 or -ENOMEM: then it is as it was
 * in all that can be seen.
 */
int kb_message_detach(struct kb_message *message);

/* Adds a descriptor, which @message owns from now on (even on failure). The
 * index for an 'h' is written to @out_index if that is not NULL. */
int kb_message_add_fd(struct kb_message *message, int fd,
		      uint32_t *out_index);

/* body */

/**
 * kb_message_writer() - the writer of the body, in GVariant
 *
 * Return: borrowed; NULL if the message is sealed, or out of memory.
 */
struct kb_writer *kb_message_writer(struct kb_message *message);
/* kb_writer_append() to the body. */
int kb_message_append(struct kb_message *message, const char *types, ...);
int kb_message_appendv(struct kb_message *message, const char *types,
		       va_list list);
/**
 * kb_message_append_memfd() - an argument "ay" that is a file's, uncopied
 * @fd:		a memfd, taken over in any case; sealed here if it was not
 * @start:	a multiple of the page size
 * @size:	at least 1
 *
 * Once in a message, and only in one that is sent over kdbus.
 *
 * Return: 0; -EINVAL for a second one, inside a container, a bad @start or a
 * file that is shorter or no memfd; -EBUSY while it is mapped writable;
 * -EMSGSIZE, -ENOMEM.
 */
int kb_message_append_memfd(struct kb_message *message, int fd, uint64_t start,
			    size_t size);
/* Ends the body. Encoding and sending do it, too. */
int kb_message_seal(struct kb_message *message);

/* Begins to read the body; kb_reader_deinit() afterwards. */
int kb_message_reader(const struct kb_message *message,
		      struct kb_reader *reader);

/**
 * kb_message_read() - take all arguments at once
 * @types:	the signature the body must have
 *
 * Return: 0; -EINVAL if the signature is another (or not supported by
 * kb_reader_read()), -EBADMSG if the body is broken, -ENOMEM.
 */
int kb_message_read(const struct kb_message *message, const char *types, ...);

/* Reads the whole body only to check it: 0, -EBADMSG, -ENOMEM. */
int kb_message_validate(const struct kb_message *message);

#define KB_MESSAGE_ARGS	64	/* that a match rule can ask for */

/**
 * struct kb_message_args - the arguments that are strings
 * @n:		arguments looked at; those behind them are no strings
 * @error:	of the one behind them, or 0
 * @list:	their types, and the strings; NULL for what is none
 */
struct kb_message_args {
	unsigned int n;
	int error;
	struct {
		char code;
		const char *s;
	} list[KB_MESSAGE_ARGS];
};

/**
 * kb_message_args() - the first arguments, looked at once
 *
 * Many rules may ask for the same argument, and what is in front of it may be
 * long.
 *
 * Return: borrowed from @message, until it is sealed or detached; NULL if out of
 * memory.
 */
const struct kb_message_args *kb_message_args(const struct kb_message *message);

/**
 * kb_message_convert() - have the body in a format, too, checked as a whole
 * @format:	what it is wanted in, in native byte order
 *
 * It is read as before. Large strings and arrays, which are the same in both
 * formats, are not copied.
 *
 * Return: 0 (also if it is in that format), or as kb_value_copy().
 */
int kb_message_convert(struct kb_message *message, enum kb_format format);

#define KB_PIECES_MAX	(2 * KB_BORROWED_MAX + 1)

/**
 * struct kb_pieces - a body where it lies
 * @size:	bytes of all of them
 */
struct kb_pieces {
	size_t n;
	size_t size;
	struct iovec iov[KB_PIECES_MAX];
};

/**
 * kb_message_pieces() - the body in a format, as kb_message_convert() has it
 * @out:	belongs to @message, until its body is converted again
 *
 * Return: as kb_message_convert().
 */
int kb_message_pieces(struct kb_message *message, enum kb_format format,
		      struct kb_pieces *out);

#include "lib/marshal.h"

#endif /* KB_MESSAGE_H */
