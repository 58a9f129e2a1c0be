// SPDX-License-Identifier: LGPL-2.1-or-later
/* Small helpers every file needs. */
#include <errno.h>
#include <stdarg.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"

int kb_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

void kb_close_many(const int *fds, size_t n_fds)
{
	for (size_t i = 0; i < n_fds; i++)
		kb_close(fds[i]);
}

/* strings */

/* Continuation bytes that must follow @lead, and the range of the first one;
 * that range keeps out overlong forms, surrogates and what is over U+10FFFF. */
static int utf8_lead(uint8_t lead, uint8_t *out_min, uint8_t *out_max)
{
	*out_min = 0x80;
	*out_max = 0xbf;

	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if (lead >= 0xe0 && lead <= 0xef) {
		if (lead == 0xe0)
			*out_min = 0xa0;
		else if (lead == 0xed)
			*out_max = 0x9f;
		return 2;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		if (lead == 0xf0)
			*out_min = 0x90;
		else if (lead == 0xf4)
			*out_max = 0x8f;
		return 3;
	}
	return -1;
}

/* Length of the leading run of ASCII without NUL, eight bytes a step. */
static size_t ascii_run(const uint8_t *p, size_t size)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t highs = ones << 7;
	size_t i = 0;

	while (size - i >= 8) {
		uint64_t word;

		memcpy(&word, p + i, 8);
		/* a high bit is set, or a byte borrowed because it was zero */
		if ((word | (word - ones)) & highs)
			break;
		i += 8;
	}
	while (i < size && p[i] && p[i] < 0x80)
		i++;
	return i;
}

bool kb_utf8_is_valid(const char *s, size_t size)
{
	const uint8_t *p = (const uint8_t *)s;
	const uint8_t *end = p + size;

	for (;;) {
		uint8_t min, max;
		int n;

		p += ascii_run(p, end - p);
		if (p == end)
			return true;

		n = utf8_lead(*p++, &min, &max);
		if (n < 0 || end - p < n)
			return false;
		for (int i = 0; i < n; i++, p++) {
			if (*p < min || *p > max)
				return false;
			min = 0x80;
			max = 0xbf;
		}
	}
}

size_t kb_utf8_next(const char *s)
{
	size_t size = strnlen(s, 4);

	for (size_t n = 1; n <= size; n++)
		if (kb_utf8_is_valid(s, n))
			return n;
	return 0;
}

int kb_parse_bool(const char *s, bool *out)
{
	static const char *const words[] = {
		"no", "yes", "false", "true", "off", "on", "0", "1",
		"n", "y", "f", "t",
	};

	for (size_t i = 0; i < KB_ARRAY_SIZE(words); i++)
		if (!strcasecmp(s, words[i])) {
			*out = i % 2;
			return 0;
		}
	return -EINVAL;
}

int kb_parse_u64(const char *s, uint64_t *out)
{
	uint64_t value = 0;

	if (!*s || (s[0] == '0' && s[1]))
		return -EINVAL;

	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *s - '0', &value))
			return -ERANGE;
	}

	*out = value;
	return 0;
}

void kb_strv_free(char **strv)
{
	if (!strv)
		return;
	for (char **s = strv; *s; s++)
		free(*s);
	free(strv);
}

int kb_strv_add(char ***strv, const char *s)
{
	size_t n = kb_strv_length(*strv);
	char **more = reallocarray(*strv, n + 2, sizeof(*more));

	if (!more)
		return -ENOMEM;
	*strv = more;
	more[n] = strdup(s);
	more[n + 1] = NULL;
	return more[n] ? 0 : -ENOMEM;
}

size_t kb_strv_length(char *const *strv)
{
	size_t n = 0;

	while (strv && strv[n])
		n++;
	return n;
}

/* time */

uint64_t kb_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * KB_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* buffer */

void kb_buffer_deinit(struct kb_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct kb_buffer){};
}

int kb_buffer_reserve(struct kb_buffer *buffer, size_t size)
{
	size_t needed, capacity;
	uint8_t *data;

	if (__builtin_add_overflow(buffer->size, size, &needed))
		return -ENOMEM;
	if (needed <= buffer->capacity)
		return 0;

	capacity = buffer->capacity < 128 ? 256 : buffer->capacity * 2;
	if (capacity < needed)
		capacity = needed;

	data = realloc(buffer->data, capacity);
	if (!data)
		return -ENOMEM;

	buffer->data = data;
	buffer->capacity = capacity;
	return 0;
}

int kb_buffer_append(struct kb_buffer *buffer, const void *data, size_t size)
{
	int r;

	if (!size)
		return 0;

	r = kb_buffer_reserve(buffer, size);
	if (r < 0)
		return r;

	memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
	return 0;
}

int kb_buffer_append_zero(struct kb_buffer *buffer, size_t size)
{
	int r;

	if (!size)
		return 0;

	r = kb_buffer_reserve(buffer, size);
	if (r < 0)
		return r;

	memset(buffer->data + buffer->size, 0, size);
	buffer->size += size;
	return 0;
}

int kb_buffer_read(struct kb_buffer *buffer, int fd, size_t max)
{
	ssize_t n;
	int r;

	for (;;) {
		r = kb_buffer_reserve(buffer, 4096);
		if (r < 0)
			return r;
		n = read(fd, buffer->data + buffer->size,
			 buffer->capacity - buffer->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		buffer->size += n;
		if (buffer->size > max)
			return -EFBIG;
	}
}

int kb_buffer_append_string(struct kb_buffer *buffer, const char *s)
{
	return kb_buffer_append(buffer, s, strlen(s));
}

int kb_buffer_printf(struct kb_buffer *buffer, const char *format, ...)
{
	va_list args;
	int n, r;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;

	/* vsnprintf() writes a NUL, which does not count */
	r = kb_buffer_reserve(buffer, (size_t)n + 1);
	if (r < 0)
		return r;

	va_start(args, format);
	vsnprintf((char *)buffer->data + buffer->size, (size_t)n + 1, format,
		  args);
	va_end(args);
	buffer->size += n;
	return 0;
}

int kb_buffer_align(struct kb_buffer *buffer, size_t alignment)
{
	return kb_buffer_append_zero(buffer,
				     kb_align_to(buffer->size, alignment) -
				     buffer->size);
}
