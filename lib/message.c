// SPDX-License-Identifier: LGPL-2.1-or-later
/* One D-Bus message: its life, its strings, its body. */
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/message.h"
#include "lib/name.h"

/**
 * struct kb_chunk - memory that goes with a message
 * @next:	the one before
 * @memory:	freed with it; NULL if the string behind is all
 */
struct kb_chunk {
	struct kb_chunk *next;
	void *memory;
	char text[];
};

/* Where they were the body is not any more. */
static void forget_args(struct kb_message *message)
{
	free(message->args);
	message->args = NULL;
}

/* life */

int kb_message_new(enum kb_message_type type, struct kb_message **out)
{
	struct kb_message *message;

	/* a body of no arguments needs no writer, and most strings no heap */
	message = malloc(sizeof(*message));
	if (!message)
		return -ENOMEM;
	/* the room for strings is written before it is read */
	memset(message, 0, offsetof(struct kb_message, sender_room));

	message->n_refs = 1;
	message->type = type;
	message->signature = "";
	message->body_format = KB_GVARIANT;
	if (type != KB_METHOD_CALL)
		message->flags = KB_NO_REPLY_EXPECTED;

	*out = message;
	return 0;
}

struct kb_message *kb_message_ref(struct kb_message *message)
{
	message->n_refs++;
	return message;
}

static void message_free(struct kb_message *message)
{
	struct kb_chunk *chunk;

	if (message->release)
		message->release(message);
	if (message->map)
		munmap(message->map, message->map_size);
	if (message->memfd.size)
		kb_close(message->memfd.fd);
	if (message->writer)
		kb_writer_deinit(message->writer);
	free(message->writer);
	kb_buffer_deinit(&message->body_buffer);
	kb_buffer_deinit(&message->converted);
	kb_close_many(message->fds, message->n_fds);
	free(message->fds);
	forget_args(message);
	while ((chunk = message->chunks)) {
		message->chunks = chunk->next;
		free(chunk->memory);
		free(chunk);
	}
	free(message);
}

struct kb_message *kb_message_unref(struct kb_message *message)
{
	if (message && !--message->n_refs)
		message_free(message);
	return NULL;
}

/* memory */

const char *kb_message_strdup(struct kb_message *message, const char *s)
{
	size_t size = strlen(s) + 1;
	struct kb_chunk *chunk;
	char *copy;

	if (size <= sizeof(message->room) - message->room_used) {
		copy = message->room + message->room_used;
		message->room_used += size;
	} else {
		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk)
			return NULL;
		chunk->memory = NULL;
		chunk->next = message->chunks;
		message->chunks = chunk;
		copy = chunk->text;
	}
	return memcpy(copy, s, size);
}

int kb_message_own(struct kb_message *message, void *memory)
{
	struct kb_chunk *chunk = malloc(sizeof(*chunk));

	if (!chunk)
		return -ENOMEM;
	chunk->memory = memory;
	chunk->next = message->chunks;
	message->chunks = chunk;
	return 0;
}

int kb_message_detach(struct kb_message *message)
{
	uint8_t *body;
	int r;

	for (int i = KB_FIELD_PATH; i <= KB_FIELD_SIGNATURE; i++) {
		const char *copy;

		if (!message->fields[i])
			continue;
		copy = kb_message_strdup(message, message->fields[i]);
		if (!copy)
			return -ENOMEM;
		message->fields[i] = copy;
	}
	if (!message->body)
		return 0;

	body = malloc(message->body_size ?: 1);
	if (!body)
		return -ENOMEM;
	r = kb_message_own(message, body);
	if (r < 0) {
		free(body);
		return r;
	}
	message->body = memcpy(body, message->body, message->body_size);
	forget_args(message);
	/* parts of it are where the body was */
	message->is_converted = false;
	return 0;
}

int kb_message_set(struct kb_message *message, enum kb_field field,
		   const char *value)
{
	const char *copy = NULL;

	if (field < KB_FIELD_PATH || field >= KB_FIELD_SIGNATURE ||
	    field == KB_FIELD_REPLY_COOKIE)
		return -EINVAL;
	if (value) {
		copy = kb_message_strdup(message, value);
		if (!copy)
			return -ENOMEM;
	}
	message->fields[field] = copy;
	message->checked &= ~(1u << field);
	return 0;
}

int kb_message_add_fd(struct kb_message *message, int fd, uint32_t *out_index)
{
	int *fds = reallocarray(message->fds, message->n_fds + 1, sizeof(*fds));

	if (!fds) {
		kb_close(fd);
		return -ENOMEM;
	}
	message->fds = fds;
	if (out_index)
		*out_index = message->n_fds;
	fds[message->n_fds++] = fd;
	return 0;
}

/* making */

static int message_fill(struct kb_message *message, const char *path,
			const char *interface, const char *member,
			const char *destination)
{
	int r;

	r = kb_message_set(message, KB_FIELD_PATH, path);
	if (r >= 0)
		r = kb_message_set(message, KB_FIELD_INTERFACE, interface);
	if (r >= 0)
		r = kb_message_set(message, KB_FIELD_MEMBER, member);
	if (r >= 0)
		r = kb_message_set(message, KB_FIELD_DESTINATION, destination);
	return r;
}

int kb_message_new_call(const char *destination, const char *path,
			const char *interface, const char *member,
			struct kb_message **out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	int r;

	r = kb_message_new(KB_METHOD_CALL, &message);
	if (r < 0)
		return r;
	r = message_fill(message, path, interface, member, destination);
	if (r < 0)
		return r;
	*out = TAKE_PTR(message);
	return 0;
}

int kb_message_new_signal(const char *path, const char *interface,
			  const char *member, struct kb_message **out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	int r;

	r = kb_message_new(KB_SIGNAL, &message);
	if (r < 0)
		return r;
	r = message_fill(message, path, interface, member, NULL);
	if (r < 0)
		return r;
	*out = TAKE_PTR(message);
	return 0;
}

static int message_new_reply(enum kb_message_type type,
			     const struct kb_message *call,
			     struct kb_message **out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	char unique[KB_UNIQUE_NAME_SIZE];
	const char *destination = call->sender;
	int r;

	r = kb_message_new(type, &message);
	if (r < 0)
		return r;

	/* the sender may be presented by a name; the kernel's id is certain */
	if (call->src_id)
		destination = kb_unique_name(call->src_id, unique);
	r = kb_message_set(message, KB_FIELD_DESTINATION, destination);
	if (r < 0)
		return r;

	message->reply_cookie = call->cookie;
	*out = TAKE_PTR(message);
	return 0;
}

int kb_message_new_return(const struct kb_message *call,
			  struct kb_message **out)
{
	return message_new_reply(KB_METHOD_RETURN, call, out);
}

int kb_message_new_error(const struct kb_message *call, const char *name,
			 const char *text, struct kb_message **out)
{
	_cleanup_(kb_message_unrefp) struct kb_message *message = NULL;
	int r;

	r = message_new_reply(KB_ERROR, call, &message);
	if (r < 0)
		return r;
	r = kb_message_set(message, KB_FIELD_ERROR_NAME, name);
	if (r >= 0 && text)
		r = kb_message_append(message, "s", text);
	if (r < 0)
		return r;
	*out = TAKE_PTR(message);
	return 0;
}

int kb_message_new_errorv(const struct kb_message *call, const char *name,
			  const char *format, va_list args,
			  struct kb_message **out)
{
	char *text;
	int r;

	if (vasprintf(&text, format, args) < 0)
		return -ENOMEM;
	r = kb_message_new_error(call, name, text, out);
	free(text);
	return r;
}

/* body */

struct kb_writer *kb_message_writer(struct kb_message *message)
{
	if (message->body || message->writer)
		return message->body ? NULL : message->writer;

	message->writer = malloc(sizeof(*message->writer));
	if (message->writer)
		kb_writer_init(message->writer, KB_GVARIANT,
			       &message->body_buffer);
	return message->writer;
}

int kb_message_appendv(struct kb_message *message, const char *types,
		       va_list list)
{
	struct kb_writer *writer = kb_message_writer(message);

	if (!writer)
		return message->body ? -EINVAL : -ENOMEM;
	return kb_writer_appendv(writer, types, list);
}

int kb_message_append(struct kb_message *message, const char *types, ...)
{
	va_list list;
	int r;

	va_start(list, types);
	r = kb_message_appendv(message, types, list);
	va_end(list);
	return r;
}

/* Takes @fd over. */
static int memfd_check_size(int fd, uint64_t start, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return start <= (uint64_t)st.st_size && size <= st.st_size - start ? 0 : -EINVAL;
}

int kb_message_append_memfd(struct kb_message *message, int fd, uint64_t start,
			    size_t size)
{
	_cleanup_(kb_closep) int own = fd;
	struct kb_writer *writer = kb_message_writer(message);
	int r;

	if (!writer)
		return message->body ? -EINVAL : -ENOMEM;
	if (message->memfd.size || writer->depth || !size ||
	    start % sysconf(_SC_PAGESIZE))
		return -EINVAL;
	/* what is refused stays as it is; and it may shrink until it is sealed */
	r = memfd_check_size(fd, start, size);
	if (r >= 0)
		r = kb_memfd_seal(fd);
	if (r >= 0)
		r = memfd_check_size(fd, start, size);
	if (r >= 0)
		r = kb_writer_skip_bytes(writer, size);
	if (r < 0)
		return r;
	message->memfd = (struct kb_memfd){
		.fd = TAKE_FD(own),
		.start = start,
		.size = size,
		.before = message->body_buffer.size,
	};
	return 0;
}

/* The body is in one piece for all who read it, as it is for the receiver. */
static int message_map(struct kb_message *message)
{
	struct kb_buffer *buffer = &message->body_buffer;
	struct kb_memfd *memfd = &message->memfd;
	struct kb_memfd_map map;
	int r;

	memfd->after = buffer->size - memfd->before;
	r = kb_memfd_map(memfd, &map);
	if (r < 0)
		return r;
	memcpy(map.data, buffer->data, memfd->before);
	memcpy(map.piece + memfd->size, buffer->data + memfd->before,
	       memfd->after);
	kb_memfd_protect(&map);
	message->map = map.map;
	message->map_size = map.map_size;
	message->body = map.data;
	message->body_size = memfd->before + memfd->size + memfd->after;
	return 0;
}

int kb_message_seal(struct kb_message *message)
{
	static const uint8_t unit[8];
	struct kb_writer *writer = message->writer;
	int r;

	if (message->body)
		return 0;
	forget_args(message);
	if (!writer || (!writer->n_signature && !writer->depth &&
			!writer->error)) {
		message->body = unit;
		message->body_size = 1;
		return 0;
	}

	r = kb_writer_finish(writer);
	/* even a body of no bytes, an empty array, has to lie somewhere */
	if (r >= 0)
		r = kb_buffer_reserve(&message->body_buffer, 1);
	if (r < 0)
		return r;
	message->signature = kb_message_strdup(message, writer->signature);
	if (!message->signature) {
		message->signature = "";
		return kb_writer_fail(writer, -ENOMEM);
	}
	message->body = message->body_buffer.data;
	message->body_size = message->body_buffer.size;
	if (message->memfd.size) {
		message->body = NULL;
		r = message_map(message);
		if (r < 0)
			return kb_writer_fail(writer, r);
	}
	kb_writer_deinit(writer);
	free(TAKE_PTR(message->writer));
	return 0;
}

int kb_message_reader(const struct kb_message *message,
		      struct kb_reader *reader)
{
	static const uint8_t unit[8];
	const uint8_t *body = message->body;
	size_t size = message->body_size;

	if (message->body_absent)
		return kb_reader_init(reader, KB_DBUS1, false, "", "", 0, 0) ?:
		       kb_reader_fail(reader, -EBADMSG);

	/* a message without arguments need not be sealed to be read */
	if (!body) {
		body = unit;
		size = message->writer ? 0 : 1;
	}
	return kb_reader_init(reader, message->body_format, message->body_swap,
			      message->signature, body, size, message->n_fds);
}

int kb_message_read(const struct kb_message *message, const char *types, ...)
{
	struct kb_reader reader;
	va_list list;
	int r;

	if (!kb_streq(message->signature, types))
		return -EINVAL;

	r = kb_message_reader(message, &reader);
	if (r >= 0) {
		va_start(list, types);
		r = kb_reader_readv(&reader, types, list);
		va_end(list);
	}
	if (r >= 0)
		r = kb_reader_finish(&reader);
	kb_reader_deinit(&reader);
	return r;
}

int kb_message_validate(const struct kb_message *message)
{
	struct kb_reader reader;
	int r;

	r = kb_message_reader(message, &reader);
	if (r >= 0)
		r = kb_reader_finish(&reader);
	kb_reader_deinit(&reader);
	return r;
}

/* Arguments in front of the last one that is a string, with it. */
static unsigned int count_args(const struct kb_reader *reader)
{
	const struct kb_type *types = reader->types;
	unsigned int n = 0, last = 0;

	for (uint32_t i = 0; i < reader->frames[0].type_end && n < KB_MESSAGE_ARGS;
	     i += types[i].length) {
		n++;
		if (kb_type_is_string(types[i].code))
			last = n;
	}
	return last;
}

static int read_args(struct kb_reader *reader, struct kb_message_args *args)
{
	unsigned int n = count_args(reader);
	union kb_value value;
	int r = 0;

	for (; args->n < n; args->n++) {
		int code = kb_reader_peek(reader);

		if (code < 0)
			return code;
		value.s = NULL;
		r = kb_type_is_string(code) ? kb_reader_basic(reader, code, &value) :
					      kb_reader_skip(reader);
		if (r < 0)
			return r;
		args->list[args->n].code = code;
		args->list[args->n].s = value.s;
	}
	return 0;
}

const struct kb_message_args *kb_message_args(const struct kb_message *message)
{
	struct kb_message_args *args = message->args;
	struct kb_reader reader;

	if (args)
		return args;
	args = calloc(1, sizeof(*args));
	if (!args)
		return NULL;
	args->error = kb_message_reader(message, &reader);
	if (args->error >= 0)
		args->error = read_args(&reader, args);
	kb_reader_deinit(&reader);
	/* nothing about the message that anybody could see */
	((struct kb_message *)message)->args = args;
	return args;
}

/* Is it what it came in, or was made in? */
static bool is_in_format(const struct kb_message *message,
			 enum kb_format format)
{
	return message->body_format == format && !message->body_swap;
}

static int convert(struct kb_message *message, enum kb_format format)
{
	struct kb_reader reader;
	struct kb_writer writer;
	int r;

	message->is_converted = false;
	message->converted.size = 0;
	message->borrowed = (struct kb_borrowed){};
	kb_writer_init(&writer, format, &message->converted);
	writer.borrowed = &message->borrowed;
	r = kb_message_reader(message, &reader);
	if (r >= 0)
		r = kb_value_copy(&reader, &writer);
	if (r >= 0)
		r = kb_reader_finish(&reader);
	if (r >= 0)
		r = kb_writer_finish(&writer);
	kb_reader_deinit(&reader);
	kb_writer_deinit(&writer);
	if (r < 0)
		return r;
	message->is_converted = true;
	message->converted_format = format;
	return 0;
}

int kb_message_convert(struct kb_message *message, enum kb_format format)
{
	int r;

	r = kb_message_seal(message);
	if (r < 0 || is_in_format(message, format) ||
	    (message->is_converted && message->converted_format == format))
		return r;
	return convert(message, format);
}

static void add_piece(struct kb_pieces *pieces, const void *data, size_t size)
{
	if (!size)
		return;
	pieces->iov[pieces->n++] = (struct iovec){
		.iov_base = (void *)data,
		.iov_len = size,
	};
	pieces->size += size;
}

int kb_message_pieces(struct kb_message *message, enum kb_format format,
		      struct kb_pieces *out)
{
	const struct kb_borrowed *borrowed = &message->borrowed;
	const struct kb_buffer *buffer = &message->converted;
	size_t from = 0;
	int r;

	r = kb_message_convert(message, format);
	if (r < 0)
		return r;
	out->n = out->size = 0;
	if (is_in_format(message, format)) {
		add_piece(out, message->body, message->body_size);
		return 0;
	}
	for (size_t i = 0; i < borrowed->n; i++) {
		add_piece(out, buffer->data + from, borrowed->list[i].at - from);
		add_piece(out, borrowed->list[i].data, borrowed->list[i].size);
		from = borrowed->list[i].at;
	}
	add_piece(out, buffer->data + from, buffer->size - from);
	return 0;
}
