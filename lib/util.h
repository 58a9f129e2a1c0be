/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small helpers every file needs: cleanup, alignment, a growing byte buffer,
 * strings, time.
 */
#ifndef KB_UTIL_H
#define KB_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define _cleanup_(f)		__attribute__((__cleanup__(f)))
#define _printf_(fmt, args)	__attribute__((__format__(printf, fmt, args)))
#define _unused_		__attribute__((__unused__))

#define KB_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define KB_NSEC_PER_SEC		UINT64_C(1000000000)
#define KB_NSEC_PER_MSEC	UINT64_C(1000000)

/* Hands a pointer over and leaves NULL behind, against a double free. */
#define TAKE_PTR(p) ({				\
	__typeof__(p) _taken = (p);		\
	(p) = NULL;				\
	_taken;					\
})

/* The same for a file descriptor, which is -1 when absent. */
#define TAKE_FD(fd) ({				\
	int _taken = (fd);			\
	(fd) = -1;				\
	_taken;					\
})

/* memory and descriptors */

static inline void kb_freep(void *p)
{
	free(*(void **)p);
}

static inline void kb_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

/* Closes @fd unless it is negative, keeps errno, returns -1. */
int kb_close(int fd);

static inline void kb_closep(int *fd)
{
	kb_close(*fd);
}

/* Closes every non-negative one of @fds; the array itself stays. */
void kb_close_many(const int *fds, size_t n_fds);

/* numbers */

static inline size_t kb_align_to(size_t n, size_t alignment)
{
	return (n + alignment - 1) & ~(alignment - 1);
}

static inline size_t kb_align8(size_t n)
{
	return kb_align_to(n, 8);
}

/* strings */

static inline bool kb_streq(const char *a, const char *b)
{
	return !strcmp(a, b);
}

/* Equal, or both NULL. */
static inline bool kb_streq_null(const char *a, const char *b)
{
	return a == b || (a && b && kb_streq(a, b));
}

/* What follows @prefix in @s, or NULL if @s does not begin with it. */
static inline const char *kb_startswith(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) ? NULL : s + n;
}

/**
 * kb_utf8_is_valid() - strict UTF-8: no surrogates, nothing overlong, no NUL
 * @s:		bytes, need not be terminated
 * @size:	how many of them
 */
bool kb_utf8_is_valid(const char *s, size_t size);

/* Bytes of the character that @s, which is terminated, begins with; 0 at its end
 * and where no UTF-8 is. */
size_t kb_utf8_next(const char *s);

/* 1, yes, y, true, t, on and their opposites, in any case: 0, or -EINVAL. */
int kb_parse_bool(const char *s, bool *out);

/**
 * kb_parse_u64() - a canonical decimal number
 * @s:		text; no sign, no blank, no leading zero (but "0" itself)
 * @out:	written on success
 *
 * Return: 0, -EINVAL, -ERANGE.
 */
int kb_parse_u64(const char *s, uint64_t *out);

/* Frees a NULL-terminated array of strings and the strings; NULL is fine. */
void kb_strv_free(char **strv);

static inline void kb_strv_freep(char ***strv)
{
	kb_strv_free(*strv);
}

/* One more string at the end of such an array, copied: 0 or -ENOMEM. */
int kb_strv_add(char ***strv, const char *s);

/* The number of strings in front of the NULL; NULL counts as empty. */
size_t kb_strv_length(char *const *strv);

/* time */

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t kb_now_ns(void);

/* buffer */

/**
 * struct kb_buffer - bytes that grow at their end
 * @data:	the bytes, heap memory owned by the buffer, NULL while empty
 * @size:	how many are used
 * @capacity:	how many are allocated
 *
 * All zero is an empty buffer. Growth doubles, so appending is linear.
 */
struct kb_buffer {
	uint8_t *data;
	size_t size;
	size_t capacity;
};

void kb_buffer_deinit(struct kb_buffer *buffer);

/* Makes room for @size more bytes behind the used ones: 0 or -ENOMEM. */
int kb_buffer_reserve(struct kb_buffer *buffer, size_t size);

/* Each returns 0 or -ENOMEM and leaves the buffer as it was on failure. */
int kb_buffer_append(struct kb_buffer *buffer, const void *data, size_t size);
int kb_buffer_append_zero(struct kb_buffer *buffer, size_t size);
int kb_buffer_append_string(struct kb_buffer *buffer, const char *s);
int kb_buffer_printf(struct kb_buffer *buffer, const char *format, ...)
	_printf_(2, 3);

/*
 * Appends what a descriptor still has to give.
 *
 * Return: 0, -EFBIG if the buffer gets larger than @max, -ENOMEM or what
 * read() says.
 */
int kb_buffer_read(struct kb_buffer *buffer, int fd, size_t max);

/* Appends zeroes until the size is a multiple of @alignment. */
int kb_buffer_align(struct kb_buffer *buffer, size_t alignment);

#endif /* KB_UTIL_H */
