// SPDX-License-Identifier: LGPL-2.1-or-later
/* Types of a fixed size, moved by the places of their numbers. */
#include <errno.h>

#include "lib/dbus1.h"
#include "lib/fixed.h"
#include "lib/util.h"

static void add_step(struct kb_fixed *fixed, char code)
{
	const size_t sizes[2] = {
		[KB_DBUS1] = kb_type_size_dbus1(code),
		[KB_GVARIANT] = kb_type_size_gvariant(code),
	};
	struct kb_fixed_step *step = &fixed->steps[fixed->n++];

	/* numbers are aligned to their size everywhere */
	step->code = code;
	for (int i = 0; i < 2; i++) {
		step->at[i] = kb_align_to(fixed->size[i], sizes[i]);
		step->size[i] = sizes[i];
		fixed->size[i] = step->at[i] + sizes[i];
	}
}

void kb_fixed_measure(struct kb_fixed *out, const struct kb_type *type)
{
	uint8_t alignments[KB_DEPTH_MAX];
	unsigned int depth = 0;
	size_t *size = out->size;

	out->n = out->depth = 0;
	size[KB_DBUS1] = size[KB_GVARIANT] = 0;
	for (size_t i = 0; i < type->length; i++) {
		switch (type[i].code) {
		case '(':
		case '{':
			alignments[depth++] = type[i].alignment;
			if (depth > out->depth)
				out->depth = depth;
			size[KB_DBUS1] = kb_align8(size[KB_DBUS1]);
			size[KB_GVARIANT] = kb_align_to(size[KB_GVARIANT],
							type[i].alignment);
			break;
		case ')':
		case '}':
			size[KB_GVARIANT] = kb_align_to(size[KB_GVARIANT],
							alignments[--depth]);
			break;
		default:
			add_step(out, type[i].code);
			break;
		}
	}
	out->stride[KB_GVARIANT] = size[KB_GVARIANT];
	out->stride[KB_DBUS1] =
		kb_align_to(size[KB_DBUS1],
			    kb_type_alignment_dbus1(type->code));
}

int kb_fixed_count(const struct kb_fixed *fixed, enum kb_format format,
		   size_t bytes, size_t *out_n)
{
	size_t size = fixed->size[format], stride = fixed->stride[format];

	/* no padding behind the last one */
	if (bytes && (bytes < size || (bytes - size) % stride))
		return -EBADMSG;
	*out_n = bytes ? (bytes - size) / stride + 1 : 0;
	return 0;
}

size_t kb_fixed_bytes(const struct kb_fixed *fixed, enum kb_format format,
		      size_t n)
{
	return n ? (n - 1) * fixed->stride[format] + fixed->size[format] : 0;
}

static void store(uint8_t *out, size_t size, uint64_t value)
{
	const uint32_t word = value;
	const uint16_t half = value;

	switch (size) {
	case 1:
		*out = value;
		break;
	case 2:
		memcpy(out, &half, 2);
		break;
	case 4:
		memcpy(out, &word, 4);
		break;
	default:
		memcpy(out, &value, 8);
		break;
	}
}

/* Not 0 if the value cannot be. */
static bool is_wrong(char code, uint64_t value, uint32_t n_fds)
{
	return (code == 'b' && value > 1) || (code == 'h' && value >= n_fds);
}

/* One element, with all behind it up to @end: not 0 if something is wrong. */
static uint8_t move(const struct kb_fixed *fixed,
		    const struct kb_fixed_array *array, const uint8_t *data,
		    size_t end, enum kb_format to, uint8_t *out)
{
	size_t position = 0;
	uint8_t wrong = 0;

	for (unsigned int i = 0; i < fixed->n; i++) {
		const struct kb_fixed_step *step = &fixed->steps[i];
		size_t size = step->size[array->format];
		uint64_t value;

		for (; position < step->at[array->format]; position++)
			wrong |= data[position];
		value = kb_load_number(data + position, size, array->swap);
		position += size;
		wrong |= is_wrong(step->code, value, array->n_fds);
		if (out)
			store(out + step->at[to], step->size[to], value);
	}
	for (; position < end; position++)
		wrong |= data[position];
	return wrong;
}

int kb_fixed_move(const struct kb_fixed *fixed,
		  const struct kb_fixed_array *array, enum kb_format to,
		  uint8_t *out)
{
	size_t stride = fixed->stride[array->format];
	const uint8_t *data = array->data;
	uint8_t wrong = 0;

	for (size_t left = array->n; left && !wrong; left--) {
		wrong |= move(fixed, array, data,
			      left > 1 ? stride : fixed->size[array->format],
			      to, out);
		data += stride;
		if (out)
			out += fixed->stride[to];
	}
	return wrong ? -EBADMSG : 0;
}
