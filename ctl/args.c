// SPDX-License-Identifier: LGPL-2.1-or-later
/* Values of D-Bus from words of the command line. */
#include <errno.h>

#include "ctl/args.h"

/**
 * struct args - the words that are left
 * @error:	status of the first one that was wrong
 */
struct args {
	const struct ctl *ctl;
	struct kb_writer *writer;
	char **words;
	int n;
	int error;
};

static const char *args_take(struct args *args, const char *what)
{
	if (args->error)
		return NULL;
	if (!args->n) {
		args->error = ctl_fail_usage(args->ctl, "a value of type %s is missing",
					     what);
		return NULL;
	}
	args->n--;
	return *args->words++;
}

static void args_refuse(struct args *args, const char *word, const char *what)
{
	if (!args->error)
		args->error = ctl_fail_usage(args->ctl, "\"%s\" is no value of type %s",
					     word, what);
}

/* numbers */

/**
 * struct range - what fits into a type
 */
static const struct range {
	char code;
	long long min;
	unsigned long long max;
} ranges[] = {
	{ 'y', 0, UINT8_MAX },
	{ 'n', INT16_MIN, INT16_MAX },
	{ 'q', 0, UINT16_MAX },
	{ 'i', INT32_MIN, INT32_MAX },
	{ 'u', 0, UINT32_MAX },
	{ 'x', INT64_MIN, INT64_MAX },
	{ 't', 0, UINT64_MAX },
};

static int parse_integer(const char *word, const struct range *range,
			 uint64_t *out)
{
	unsigned long long positive;
	long long negative;
	char *end;

	if (!*word || *word == ' ' || *word == '+')
		return -EINVAL;
	errno = 0;
	if (*word == '-') {
		negative = strtoll(word, &end, 0);
		if (errno || *end || negative < range->min || end == word + 1)
			return -EINVAL;
		*out = negative;
		return 0;
	}
	positive = strtoull(word, &end, 0);
	if (errno || *end || end == word || positive > range->max)
		return -EINVAL;
	*out = positive;
	return 0;
}

static int parse_basic(char code, const char *word, union kb_value *out)
{
	uint64_t number = 0;
	char *end;

	if (code == 'b')
		return kb_parse_bool(word, &out->b);
	if (code == 'd') {
		out->d = strtod(word, &end);
		return *word && !*end ? 0 : -EINVAL;
	}
	for (size_t i = 0; i < KB_ARRAY_SIZE(ranges); i++) {
		if (ranges[i].code != code)
			continue;
		if (parse_integer(word, &ranges[i], &number) < 0)
			return -EINVAL;
		switch (kb_type_size_gvariant(code)) {
		case 1:
			out->y = number;
			return 0;
		case 2:
			out->q = number;
			return 0;
		case 4:
			out->u = number;
			return 0;
		default:
			out->t = number;
			return 0;
		}
	}
	return -EINVAL;
}

static void append_basic(struct args *args, char code)
{
	const char what[2] = { code };
	const char *word = args_take(args, what);
	union kb_value value;

	if (!word)
		return;
	if (code == 'h') {
		args->error = ctl_fail_usage(args->ctl, "descriptors cannot be passed");
		return;
	}
	if (kb_type_is_string(code)) {
		value.s = word;
		value.length = strlen(word);
		if (!kb_string_is_valid(code, word, value.length))
			args_refuse(args, word, what);
	} else if (parse_basic(code, word, &value) < 0) {
		args_refuse(args, word, what);
	}
	if (!args->error)
		kb_writer_basic(args->writer, code, &value);
}

/* containers */

static void append_types(struct args *args, const char *types, size_t length);

static void append_array(struct args *args, const char *element)
{
	static const struct range range = { 'u', 0, UINT32_MAX };
	const char *word = args_take(args, element - 1);
	uint64_t n = 0;

	if (!word)
		return;
	if (parse_integer(word, &range, &n) < 0) {
		args_refuse(args, word, "u, the number of elements");
		return;
	}
	kb_writer_open(args->writer, 'a', element);
	while (n-- && !args->error && !args->writer->error) {
		if (*element != '{') {
			append_types(args, element, strlen(element));
			continue;
		}
		kb_writer_open(args->writer, '{', NULL);
		append_types(args, element + 1, strlen(element) - 2);
		kb_writer_close(args->writer);
	}
	kb_writer_close(args->writer);
}

static void append_variant(struct args *args)
{
	const char *type = args_take(args, "v");

	if (!type)
		return;
	if (!kb_signature_is_single(type, strlen(type))) {
		args_refuse(args, type, "g, with one complete type");
		return;
	}
	kb_writer_open(args->writer, 'v', type);
	append_types(args, type, strlen(type));
	kb_writer_close(args->writer);
}

/* One complete type of @length characters. */
static void append_one(struct args *args, const char *type, size_t length)
{
	char text[KB_SIGNATURE_MAX + 1] = {};

	memcpy(text, type, length);
	switch (*type) {
	case 'a':
		append_array(args, text + 1);
		break;
	case 'v':
		append_variant(args);
		break;
	case '(':
		text[length - 1] = '\0';
		kb_writer_open(args->writer, '(', text + 1);
		append_types(args, text + 1, length - 2);
		kb_writer_close(args->writer);
		break;
	default:
		append_basic(args, *type);
		break;
	}
}

static void append_types(struct args *args, const char *types, size_t length)
{
	char text[KB_SIGNATURE_MAX + 1] = {};

	memcpy(text, types, length);
	for (const char *s = text; *s && !args->error; ) {
		int n = kb_signature_next(s);

		if (n < 0)
			return;	/* the whole was checked before */
		append_one(args, s, n);
		s += n;
	}
}

int args_append(const struct ctl *ctl, struct kb_message *message,
		const char *signature, char **words, int n_words)
{
	struct args args = {
		.ctl = ctl,
		.writer = kb_message_writer(message),
		.words = words,
		.n = n_words,
	};

	if (!args.writer)
		return ctl_fail_errno(ENOMEM, "cannot make the message");
	if (!kb_signature_is_valid(signature, strlen(signature)))
		return ctl_fail_usage(ctl, "\"%s\" is no signature", signature);

	append_types(&args, signature, strlen(signature));
	if (args.error)
		return args.error;
	if (args.n)
		return ctl_fail_usage(ctl, "\"%s\" is more than the signature takes",
				      *args.words);
	if (args.writer->error)
		return ctl_fail_errno(args.writer->error,
				      "cannot make the message");
	return 0;
}
