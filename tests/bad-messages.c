// SPDX-License-Identifier: LGPL-2.1-or-later
/* Messages that no bus may pass on, as data. */
#include <stdio.h>
#include <string.h>

#include "tests/bad-messages.h"

#define N(array)	(sizeof(array) / sizeof((array)[0]))

/* making bytes */

static void put(struct bad_message *m, const void *data, size_t size)
{
	if (size)
		memcpy(m->bytes + m->size, data, size);
	m->size += size;
}

static void put_byte(struct bad_message *m, uint8_t byte)
{
	m->bytes[m->size++] = byte;
}

static void put_align(struct bad_message *m, size_t alignment)
{
	while (m->size % alignment)
		put_byte(m, 0);
}

static void poke_u32(struct bad_message *m, size_t at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		m->bytes[at + i] = value >> (8 * i);
}

static void put_u32(struct bad_message *m, uint32_t value)
{
	put_align(m, 4);
	m->size += 4;
	poke_u32(m, m->size - 4, value);
}

static void put_field(struct bad_message *m, uint8_t code, char type, const char *value)
{
	size_t size = strlen(value);

	put_align(m, 8);
	put(m, (uint8_t[]){ code, 1, type, 0 }, 4);
	if (type == 'g')
		put_byte(m, size);
	else
		put_u32(m, size);
	put(m, value, size + 1);
}

/* whole messages */

enum { CALL = 1, RETURN, ERROR, SIGNAL };

/**
 * struct bytes - some that may hold zeroes
 */
struct bytes {
	const char *data;
	size_t size;
};
#define BYTES(text)	{ text, sizeof(text) - 1 }

/**
 * struct draft - a message in words
 *
 * The strings of header fields are NULL for what is usual and "" to leave the
 * field out.
 *
 * @type:	0 is CALL
 * @no_reply_serial: a reply does not say to what
 * @field:	a header field more, as it is
 * @at, @byte:	this byte becomes that one, if @at or @byte is something
 * @word, @value: these four, if @word is something
 * @dirty_padding: what follows the header fields is not zero
 */
struct draft {
	const char *what;
	bool good;
	bool stricter;
	uint8_t type;
	const char *path, *interface, *member, *error, *destination, *sender;
	bool no_reply_serial;
	const char *signature;
	struct bytes field, body;
	size_t at;
	uint8_t byte;
	size_t word;
	uint32_t value;
	bool dirty_padding;
};

static const char *usual(const char *value, const char *otherwise)
{
	return value ? value : otherwise;
}

static void put_fields(struct bad_message *m, const struct draft *d, uint8_t type)
{
	bool reply = type == RETURN || type == ERROR;
	const struct {
		uint8_t code;
		char type;
		const char *value;
	} fields[] = {
		{ 1, 'o', usual(d->path, reply ? "" : "/a") },
		{ 2, 's', usual(d->interface, reply ? "" : "a.b") },
		{ 3, 's', usual(d->member, reply ? "" : "M") },
		{ 4, 's', usual(d->error, type == ERROR ? "a.E" : "") },
		{ 6, 's', usual(d->destination, ":1.9999999") },
		{ 7, 's', usual(d->sender, "") },
		{ 8, 'g', usual(d->signature, "") },
	};

	for (size_t i = 0; i < N(fields); i++)
		if (*fields[i].value)
			put_field(m, fields[i].code, fields[i].type, fields[i].value);
	if (reply && !d->no_reply_serial) {
		put_align(m, 8);
		put(m, "\5\1u", 4);
		put_u32(m, 1);
	}
	if (d->field.size) {
		put_align(m, 8);
		put(m, d->field.data, d->field.size);
	}
}

static void make(struct bad_message *m, const struct draft *d)
{
	uint8_t type = d->type ? d->type : CALL;
	size_t end;

	snprintf(m->what, sizeof(m->what), "%s", d->what);
	m->good = d->good;
	m->stricter = d->stricter;
	put(m, (uint8_t[]){ 'l', type, 0, 1 }, 4);
	put_u32(m, d->body.size);
	put_u32(m, 7);
	put_u32(m, 0);
	put_fields(m, d, type);
	poke_u32(m, 12, m->size - 16);
	end = m->size;
	put_align(m, 8);
	if (d->dirty_padding)
		m->bytes[end] = 1;
	put(m, d->body.data, d->body.size);
	if (d->at || d->byte)
		m->bytes[d->at] = d->byte;
	if (d->word)
		poke_u32(m, d->word, d->value);
}

/* clang-format off */
#define LONG_255 \
	"a.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" \
	"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define A8	"aaaaaaaa"
#define A32	A8 A8 A8 A8
#define O8	"(((((((("
#define O32	O8 O8 O8 O8
#define C8	"))))))))"
#define C32	C8 C8 C8 C8

static const struct draft drafts[] = {
	{ "nothing", .good = true },
	{ "nothing, a signal", .good = true, .type = SIGNAL },
	{ "nothing, a return", .good = true, .type = RETURN },
	{ "nothing, an error", .good = true, .type = ERROR },

	/* the fixed part */
	{ "a byte order of its own", .byte = 'x' },
	{ "a byte order in the other case", .byte = 'L' },
	{ "flags that mean nothing", .good = true, .at = 2, .byte = 0xf8 },
	{ "a message of no type", .at = 1, .byte = 0 },
	{ "a type nobody knows", .good = true, .at = 1, .byte = 5 },
	{ "a type far from all known", .good = true, .at = 1, .byte = 255 },
	{ "protocol version 0", .at = 3, .byte = 0 },
	{ "protocol version 2", .at = 3, .byte = 2 },
	{ "serial 0", .word = 8, .value = 0 },
	{ "the largest serial", .good = true, .word = 8, .value = UINT32_MAX },
	{ "a body of 2 GiB", .word = 4, .value = 0x80000000 },
	{ "a body of 4 GiB less one", .word = 4, .value = UINT32_MAX },
	{ "header fields of 2 GiB", .word = 12, .value = 0x80000000 },
	{ "header fields of 64 MiB and a byte", .word = 12, .value = (64 << 20) + 1 },
	{ "dirt in the padding behind the header", .dirty_padding = true },

	/* fields */
	{ "a field of number 0", .field = BYTES("\0\1s\0\1\0\0\0x\0") },
	{ "a field nobody knows", .good = true, .field = BYTES("\xc8\1s\0\1\0\0\0x\0") },
	{ "an unknown field that is broken", .field = BYTES("\xc8\1s\0\1\0\0\0xy") },
	{ "an unknown field, not in UTF-8", .field = BYTES("\xc8\1s\0\1\0\0\0\xff\0") },
	{ "a field in which a string does not end", .field = BYTES("\xc8\1s\0\2\0\0\0x") },
	{ "a field of no type", .field = BYTES("\xc8\0\0") },
	{ "a field of two types", .field = BYTES("\xc8\2yy\0\1\1") },
	{ "a field of half a type", .field = BYTES("\xc8\1(\0") },
	{ "a field that is a variant", .good = true, .field = BYTES("\xc8\1v\0\1y\0\7") },
	{ "a sandbox that is a path", .good = true, .field = BYTES("\x0a\1o\0\2\0\0\0/a\0") },
	{ "a sandbox that is a number", .field = BYTES("\x0a\1u\0\2\0\0\0") },
	{ "an interface twice", .field = BYTES("\2\1s\0\3\0\0\0a.b\0") },
	{ "a destination twice", .field = BYTES("\6\1s\0\3\0\0\0a.b\0") },
	{ "a path that is a string", .path = "", .field = BYTES("\1\1s\0\2\0\0\0/a\0") },
	{ "an interface that is a path", .interface = "", .field = BYTES("\2\1o\0\2\0\0\0/a\0") },
	{ "a member that is a number", .member = "", .field = BYTES("\3\1u\0\7\0\0\0") },
	{ "a signature that is a string", .field = BYTES("\x08\1s\0\1\0\0\0u\0") },
	{ "a reply serial that is signed", .field = BYTES("\5\1i\0\1\0\0\0") },
	{ "a reply serial of 8 bytes", .field = BYTES("\5\1t\0\0\0\0\0\1\0\0\0\0\0\0\0") },
	{ "a reply serial of 0", .type = RETURN, .no_reply_serial = true, .field = BYTES("\5\1u\0\0\0\0\0") },
	{ "a reply serial of 0 in a call", .field = BYTES("\5\1u\0\0\0\0\0") },
	{ "a reply serial in a call", .good = true, .field = BYTES("\5\1u\0\1\0\0\0") },
	{ "a number of descriptors that is a string", .field = BYTES("\x09\1s\0\1\0\0\0u\0") },
	{ "a number of descriptors that is 0", .good = true, .field = BYTES("\x09\1u\0\0\0\0\0") },
	{ "an error's name in a call", .good = true, .error = "a.E" },
	{ "a call without a path", .path = "" },
	{ "a call without a member", .member = "" },
	{ "a call without an interface", .good = true, .interface = "" },
	{ "a call without a destination", .good = true, .destination = "" },
	{ "a signal without a path", .type = SIGNAL, .path = "" },
	{ "a signal without an interface", .type = SIGNAL, .interface = "" },
	{ "a signal without a member", .type = SIGNAL, .member = "" },
	{ "a return without a serial", .type = RETURN, .no_reply_serial = true },
	{ "an error without a serial", .type = ERROR, .no_reply_serial = true },
	{ "an error without a name", .type = ERROR, .error = "" },

	/* names */
	{ "a path without a slash", .path = "a" },
	{ "a path with two", .path = "/a//b" },
	{ "a path with one at the end", .path = "/a/" },
	{ "a path with a dash", .path = "/a-b" },
	{ "a path with an umlaut", .path = "/\xc3\xa4" },
	{ "the path that only libraries use", .path = "/org/freedesktop/DBus/Local" },
	{ "an interface without a dot", .interface = "a" },
	{ "an interface that begins with a dot", .interface = ".a.b" },
	{ "an interface that ends with a dot", .interface = "a.b." },
	{ "an interface with two dots", .interface = "a..b" },
	{ "an interface with a digit first", .interface = "a.1b" },
	{ "an interface with a dash", .interface = "a.b-c" },
	{ "an interface of 255 characters", .good = true, .interface = LONG_255 },
	{ "an interface of 256 characters", .interface = LONG_255 "d" },
	{ "the interface that only libraries use", .interface = "org.freedesktop.DBus.Local" },
	{ "a member with a dot", .member = "a.b" },
	{ "a member with a dash", .member = "a-b" },
	{ "a member with a digit first", .member = "1a" },
	{ "a member of 256 characters", .member = A32 A32 A32 A32 A32 A32 A32 A32 },
	{ "an error's name without a dot", .type = ERROR, .error = "E" },
	{ "an error's name with a dash", .type = ERROR, .error = "a.b-c" },
	{ "a destination without a dot", .destination = "a" },
	{ "a destination with a dash", .good = true, .destination = "a-b.c-d" },
	{ "a destination with a digit first", .destination = "a.1b" },
	{ "a destination of 256 characters", .destination = LONG_255 "d" },
	{ "a destination that ends with a dot", .destination = "a.b." },
	{ "a unique destination with letters", .good = true, .destination = ":a.1b" },
	{ "a unique destination without a dot", .good = true, .destination = ":1-2" },
	{ "a unique destination without a number", .destination = ":1." },
	{ "a unique destination without anything", .good = true, .destination = ":" },
	{ "a sender without a dot", .sender = "a" },
	{ "a sender of its own", .good = true, .sender = "a.b" },

	/* signatures */
	{ "a body without a signature", .body = BYTES("abcd") },
	{ "a signature without a body", .signature = "u" },
	{ "a type that is none", .signature = "r", .body = BYTES("abcd") },
	{ "a maybe", .signature = "my", .body = BYTES("abcd") },
	{ "an array of nothing", .signature = "a", .body = BYTES("\0\0\0\0") },
	{ "a struct of nothing", .signature = "()", .body = BYTES("\0") },
	{ "a struct without end", .signature = "(u", .body = BYTES("\0\0\0\0") },
	{ "a struct without begin", .signature = "u)", .body = BYTES("\0\0\0\0") },
	{ "an entry outside of an array", .signature = "{yy}", .body = BYTES("\0\0") },
	{ "an entry in a struct", .signature = "a({yy})", .body = BYTES("\0\0\0\0\0\0\0\0") },
	{ "an entry of one", .signature = "a{y}", .body = BYTES("\0\0\0\0\0\0\0\0") },
	{ "an entry of three", .signature = "a{yyy}", .body = BYTES("\0\0\0\0\0\0\0\0") },
	{ "an entry of nothing", .signature = "a{}", .body = BYTES("\0\0\0\0\0\0\0\0") },
	{ "an entry with a variant for key", .signature = "a{vy}", .body = BYTES("\0\0\0\0\0\0\0\0") },
	{ "an entry with a struct for key", .signature = "a{(y)y}", .body = BYTES("\0\0\0\0\0\0\0\0") },
	{ "an entry that ends like a struct", .signature = "a{yy)", .body = BYTES("\0\0\0\0\0\0\0\0") },
	{ "32 arrays in each other", .good = true, .signature = A32 "y", .body = BYTES("\0\0\0\0") },
	{ "33 arrays in each other", .signature = A32 "ay", .body = BYTES("\0\0\0\0") },
	{ "32 structs in each other", .good = true, .signature = O32 "y" C32, .body = BYTES("\1") },
	{ "33 structs in each other", .signature = O32 "(y)" C32, .body = BYTES("\1") },
	{ "32 arrays of 32 structs", .good = true, .signature = A32 O32 "y" C32, .body = BYTES("\0\0\0\0") },

	/* bodies */
	{ "a body that is too short", .signature = "uu", .body = BYTES("abcd") },
	{ "a body that is too long", .signature = "u", .body = BYTES("abcd\0") },
	{ "dirt between two values", .signature = "yu", .body = BYTES("\1\0\1\0abcd") },
	{ "a boolean of 2", .signature = "b", .body = BYTES("\2\0\0\0") },
	{ "a boolean that is large", .signature = "b", .body = BYTES("\0\0\0\1") },
	{ "a string", .good = true, .signature = "s", .body = BYTES("\1\0\0\0x\0") },
	{ "a string that ends late", .signature = "s", .body = BYTES("\1\0\0\0xy\0") },
	{ "a string that does not end", .signature = "s", .body = BYTES("\1\0\0\0x") },
	{ "a string that ends with something else", .signature = "s", .body = BYTES("\1\0\0\0xy") },
	{ "a string with a zero in it", .signature = "s", .body = BYTES("\3\0\0\0x\0y\0") },
	{ "a string longer than the body", .signature = "s", .body = BYTES("\xff\0\0\0x\0") },
	{ "a string of 4 GiB less one", .signature = "s", .body = BYTES("\xff\xff\xff\xffx\0") },
	{ "a continuation that continues nothing", .signature = "s", .body = BYTES("\1\0\0\0\x80\0") },
	{ "a character that breaks off", .signature = "s", .body = BYTES("\1\0\0\0\xc3\0") },
	{ "a slash in two bytes", .signature = "s", .body = BYTES("\2\0\0\0\xc0\xaf\0") },
	{ "a slash in three bytes", .signature = "s", .body = BYTES("\3\0\0\0\xe0\x80\xaf\0") },
	{ "a zero in two bytes", .signature = "s", .body = BYTES("\2\0\0\0\xc0\x80\0") },
	{ "half of a pair of UTF-16", .signature = "s", .body = BYTES("\3\0\0\0\xed\xa0\x80\0") },
	{ "a character behind the last plane", .signature = "s", .body = BYTES("\4\0\0\0\xf4\x90\x80\x80\0") },
	{ "a character of five bytes", .signature = "s", .body = BYTES("\5\0\0\0\xf8\x88\x80\x80\x80\0") },
	{ "the last character of all", .good = true, .signature = "s", .body = BYTES("\4\0\0\0\xf4\x8f\xbf\xbf\0") },
	{ "a character that is none", .good = true, .signature = "s", .body = BYTES("\3\0\0\0\xef\xbf\xbe\0") },
	{ "Latin-1", .signature = "s", .body = BYTES("\1\0\0\0\xe4\0") },
	{ "a path that is empty", .signature = "o", .body = BYTES("\0\0\0\0\0") },
	{ "a path with a dot", .signature = "o", .body = BYTES("\4\0\0\0/a.b\0") },
	{ "a signature", .good = true, .signature = "g", .body = BYTES("\5a{sv}\0") },
	{ "a signature in which a type is missing", .signature = "g", .body = BYTES("\3a{s\0") },
	{ "a signature that ends late", .signature = "g", .body = BYTES("\1ss\0") },
	{ "a descriptor where none came (others leave that to the receiver)", .stricter = true, .signature = "h", .body = BYTES("\0\0\0\0") },

	/* variants */
	{ "a variant", .good = true, .signature = "v", .body = BYTES("\1u\0\0\1\0\0\0") },
	{ "a variant of nothing", .signature = "v", .body = BYTES("\0\0") },
	{ "a variant of two", .signature = "v", .body = BYTES("\2yy\0\1\1") },
	{ "a variant of an entry", .signature = "v", .body = BYTES("\4{yy}\0\0\0\1\1") },
	{ "a variant of what is no type", .signature = "v", .body = BYTES("\1r\0\0") },
	{ "a variant whose type does not end", .signature = "v", .body = BYTES("\1yy\0") },
	{ "a variant with dirt before the value", .signature = "v", .body = BYTES("\1u\0\1\1\0\0\0") },
	{ "a variant without a value", .signature = "v", .body = BYTES("\1y\0") },
	{ "a variant of a boolean of 2", .signature = "v", .body = BYTES("\1b\0\0\2\0\0\0") },

	/* arrays */
	{ "an array", .good = true, .signature = "ay", .body = BYTES("\2\0\0\0xy") },
	{ "an array longer than the body", .signature = "ay", .body = BYTES("\3\0\0\0xy") },
	{ "an array shorter than the body", .signature = "ay", .body = BYTES("\1\0\0\0xy") },
	{ "an array of 64 MiB and a byte", .signature = "ay", .body = BYTES("\1\0\0\4xy") },
	{ "an array of one and a half", .signature = "au", .body = BYTES("\6\0\0\0abcdef") },
	{ "an array that ends inside a string", .signature = "as", .body = BYTES("\6\0\0\0\2\0\0\0xy\0") },
	{ "an array of wide ones, empty", .good = true, .signature = "at", .body = BYTES("\0\0\0\0\0\0\0\0") },
	{ "an array of wide ones, empty, not padded", .signature = "at", .body = BYTES("\0\0\0\0") },
	{ "an array of wide ones, empty, with dirt", .signature = "at", .body = BYTES("\0\0\0\0\0\0\0\1") },
	{ "an array of structs", .good = true, .signature = "a(y)", .body = BYTES("\x09\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1") },
	{ "an array of structs with dirt between", .signature = "a(y)", .body = BYTES("\x09\0\0\0\0\0\0\0\1\0\0\1\0\0\0\0\1") },
	{ "an array that ends in padding", .signature = "a(y)", .body = BYTES("\x0a\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0") },
	{ "an array with padding at its end", .signature = "a(y)", .body = BYTES("\x08\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0") },
	{ "an array of booleans of 2", .signature = "ab", .body = BYTES("\4\0\0\0\2\0\0\0") },
	{ "an array of entries, the same key twice", .good = true, .signature = "a{yy}", .body = BYTES("\x0a\0\0\0\0\0\0\0\1\2\0\0\0\0\0\0\1\3") },
	{ "a struct with dirt before it", .signature = "y(y)", .body = BYTES("\1\0\0\0\0\0\0\1\1") },
};

/* Bodies of a variant in a variant in …: so many. */
static const struct {
	unsigned int depth;
	bool good;
} variants[] = {
	{ 60, true }, { 63, true }, { 64, true }, { 65, false }, { 66, false }, { 200, false },
};
/* clang-format on */

static void make_variants(struct bad_message *m, unsigned int depth, bool good)
{
	struct draft d = { .what = "variants in variants", .good = good, .signature = "v" };
	char body[1024];
	size_t n = 0;

	for (unsigned int i = 1; i < depth; i++, n += 3)
		memcpy(body + n, "\1v", 3);
	memcpy(body + n, "\1y\0\7", 4);
	d.body = (struct bytes){ body, n + 4 };
	make(m, &d);
	snprintf(m->what, sizeof(m->what), "%u variants in each other", depth);
}

bool bad_message_make(size_t index, struct bad_message *out)
{
	memset(out, 0, sizeof(*out));
	if (index < N(drafts)) {
		make(out, &drafts[index]);
		return true;
	}
	index -= N(drafts);
	if (index >= N(variants))
		return false;
	make_variants(out, variants[index].depth, variants[index].good);
	return true;
}
