// SPDX-License-Identifier: LGPL-2.1-or-later
/* The tables of the grammar. */

#include <string.h>

#include "tests/fuzz/grammar.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ANY (~0ULL)
#define LETTERS_60 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh"

/* random numbers */

__u64 rng_next(struct rng *rng)
{
	__u64 x = rng->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

unsigned rng_below(struct rng *rng, unsigned n)
{
	return n ? (rng_next(rng) >> 32) % n : 0;
}

/* values: one of a list, whose likely members stand there more than once */

#define SOME(name, ...) static const __u64 name[] = { __VA_ARGS__ }
#define ONE_OF(list, rng) (list)[rng_below(rng, ARRAY_SIZE(list))]
#define FD(n) REF(REF_FD, n)
/* now and then, what is likely to be refused */
#define ODD_ONE 10

/* clang-format off */

SOME(numbers, 0, 0, 1, 2, 3, 7, 8, 64, 100, 255, 1000, 4095, 4096, 0x7fffffff, 0x80000000, 0xffffffff,
	0x7fffffffffffffff, 0x8000000000000000, ANY - 7, ANY);
SOME(sizes, 1, 1, 7, 8, 8, 9, 63, 64, 100, 1000, 4080, 4096, 4097, 8192, 20000, 65536);
SOME(odd_sizes, 100000, 524288, 2097152, 2097153, 0, 0x100000000, ANY - 4096, ANY);
SOME(pools, 4096, 8192, 65536, 65536, 65536, 262144, 1048576, 1048576, 1048576, 8388608);
SOME(odd_pools, 0x40000000, 0, 100, 1ULL << 40, 1ULL << 63);
SOME(slices, 0, 0, 8, 16, 32, 64, 4096, 0x10000, ANY, ANY - 7);
SOME(words, 0, 0, 0, ANY, 1, 2, 3, 0x5555555555555555, 1ULL << 63);
SOME(attach, 0, 0, ANY, ANY, ANY, 0x3fff, 1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000);
SOME(odd_attach, 0x4000, 1ULL << 63);
SOME(payloads, KDBUS_PAYLOAD_DBUS);
SOME(odd_payloads, 1, 0, ANY);
SOME(odd_words, 1ULL << 63, 0x123456789abcdef);
/* of those that may be sent, and of memfds */
SOME(fds, FD(4), FD(5), FD(6), FD(7), FD(9), FD(10), FD(11), FD(12), FD(13), FD(15));
SOME(memfds, FD(0), FD(0), FD(1));
SOME(times, REF(REF_SOON, 1), REF(REF_SOON, 2), REF(REF_SOON, 5), REF(REF_SOON, 20), REF(REF_SOON, 1000), 0, 0, 1, 2, 3, 4, ANY);

const struct text texts[] = {
	{ "a.b", "a.b" }, { "a.c", "a.c" }, { "a.b.c", "a.b.c" }, { "x.y", "x.y" }, { "a.*", "a.*" }, { "a.b.*", "a.b.*" },
	{ "0-a", "0-a" }, { "0-b", "0-b" }, { "0-e", "0-e" }, { "1001-a", "1001-a" }, { "description", "description" },
	{ "none", NULL }, { "empty", "" }, { "word", "word" }, { "a..b", "a..b" }, { ".a.b", ".a.b" }, { "a.1", "a.1" },
	{ "spaced", "a b" }, { "long", "a." LETTERS_60 LETTERS_60 LETTERS_60 LETTERS_60 "abcdefghijklm" },
	{ "too-long", "a." LETTERS_60 LETTERS_60 LETTERS_60 LETTERS_60 "abcdefghijklmnop" },
	{ "long-system", "0-" LETTERS_60 "a" }, { "too-long-system", "0-" LETTERS_60 "ab" },
};
const unsigned n_texts = ARRAY_SIZE(texts);

/* the first few are in use mostly */
static __u64 pick_slot(__u64 unused, struct rng *rng)
{
	(void)unused;
	return rng_one_in(rng, 12) ? rng_below(rng, N_SLOTS) : 1 + rng_below(rng, rng_one_in(rng, 4) ? 5 : 3);
}

static __u64 pick_flags(__u64 known, struct rng *rng)
{
	__u64 flags = rng_next(rng) & known;

	switch (rng_below(rng, 40)) {
	case 0:
		return flags | KDBUS_FLAG_NEGOTIATE;
	case 1:
		return flags | 1ULL << rng_below(rng, 63);
	case 2 ... 20:
		return flags & rng_next(rng);
	case 21 ... 30:
		return 0;
	}
	return flags;
}

static __u64 pick_number(__u64 unused, struct rng *rng)
{
	(void)unused;
	return rng_one_in(rng, 20) ? rng_next(rng) : ONE_OF(numbers, rng);
}

static __u64 pick_small(__u64 n, struct rng *rng)
{
	return rng_below(rng, n);
}

static __u64 pick_id(__u64 unused, struct rng *rng)
{
	switch (rng_below(rng, 16)) {
	case 0 ... 8:
		return REF(REF_ID, pick_slot(unused, rng));
	case 9 ... 10:
		return ANY;
	case 11 ... 12:
		return 0;
	case 13 ... 14:
		return REF(REF_FROM, pick_slot(unused, rng));
	}
	return pick_number(unused, rng);
}

static __u64 pick_cookie(__u64 unused, struct rng *rng)
{
	if (rng_one_in(rng, 12))
		return pick_number(unused, rng);
	return rng_below(rng, 5);
}

/* a timeout of a request, or the cookie of what is answered */
static __u64 pick_time(__u64 unused, struct rng *rng)
{
	return rng_one_in(rng, 3) ? REF(REF_COOKIE, pick_slot(unused, rng)) : ONE_OF(times, rng);
}

static __u64 pick_slice(__u64 unused, struct rng *rng)
{
	switch (rng_below(rng, 8)) {
	case 0:
		return ONE_OF(slices, rng);
	case 1:
		return REF(REF_POOL, pick_slot(unused, rng));
	}
	return REF(REF_SLICE, pick_slot(unused, rng) + N_SLOTS * rng_below(rng, 3));
}

/* of services, or of buses and endpoints */
static __u64 pick_text(__u64 system, struct rng *rng)
{
	if (rng_one_in(rng, ODD_ONE))
		return rng_below(rng, n_texts);
	return system ? 6 + rng_below(rng, 5) : rng_below(rng, 4);
}

static __u64 pick_memory(__u64 unused, struct rng *rng)
{
	(void)unused;
	switch (rng_below(rng, 20)) {
	case 0 ... 12:
		return REF(REF_MEMORY, MEMORY_GOOD);
	case 13 ... 14:
		return 0;
	case 15:
		return REF(REF_MAP, pick_slot(0, rng));
	case 16 ... 17:
		return REF(REF_MEMORY, MEMORY_STALL);
	}
	return REF(REF_MEMORY, rng_below(rng, N_MEMORY));
}

static __u64 pick_fd(__u64 memfd, struct rng *rng)
{
	if (!rng_one_in(rng, ODD_ONE))
		return memfd ? ONE_OF(memfds, rng) : ONE_OF(fds, rng);
	if (rng_one_in(rng, 3))
		return rng_one_in(rng, 2) ? REF(REF_FILE, pick_slot(0, rng)) : pick_number(0, rng);
	return REF(REF_FD, rng_below(rng, 18));
}

static __u64 pick_type(__u64 unused, struct rng *rng)
{
	(void)unused;
	return rng_one_in(rng, 3) ? rng_next(rng) & 0xffff : items[rng_below(rng, n_items)].type;
}

#define PICK_OF(list)								\
	static __u64 pick_##list(__u64 unused, struct rng *rng)			\
	{									\
		(void)unused;							\
		return rng_one_in(rng, ODD_ONE) ? ONE_OF(odd_##list, rng) : ONE_OF(list, rng); \
	}

PICK_OF(sizes)
PICK_OF(pools)
PICK_OF(attach)
PICK_OF(payloads)
PICK_OF(words)

static __u64 (*const picks[N_KINDS])(__u64 param, struct rng *rng) = {
	[KIND_SLOT] = pick_slot,	[KIND_FLAGS] = pick_flags,	[KIND_NUMBER] = pick_number,
	[KIND_SMALL] = pick_small,	[KIND_SIZE] = pick_sizes,	[KIND_POOL] = pick_pools,
	[KIND_ID] = pick_id,		[KIND_COOKIE] = pick_cookie,	[KIND_TIME] = pick_time,
	[KIND_SLICE] = pick_slice,	[KIND_TEXT] = pick_text,	[KIND_MEMORY] = pick_memory,
	[KIND_FD] = pick_fd,		[KIND_ATTACH] = pick_attach,	[KIND_TYPE] = pick_type,
	[KIND_PAYLOAD] = pick_payloads,	[KIND_WORD] = pick_words,
};

__u64 kind_pick(enum kind kind, __u64 param, struct rng *rng)
{
	return picks[kind] ? picks[kind](param, rng) : 0;
}

/* items */

#define NAME_RULE(name, type)								\
	{ name, type, 32, TAIL_TEXT, true, { { "old", KIND_ID, 0, 0 }, { "new", KIND_ID, 0, 16 },	\
	  { "text", KIND_TEXT, 0, NOWHERE } } }
#define ID_RULE(name, type, size)							\
	{ name, type, size, TAIL_NONE, true, { { "id", KIND_ID, 0, 0 } } }
#define TEXT_RULE(name, type, system)							\
	{ name, type, 0, TAIL_TEXT, true, { { "text", KIND_TEXT, system, NOWHERE } } }
#define ATTACH_RULE(name, type)								\
	{ name, type, 8, TAIL_NONE, true, { { "flags", KIND_ATTACH, 0, 0 } } }

const struct item_rule items[] = {
	{ "vec", KDBUS_ITEM_PAYLOAD_VEC, 16, TAIL_NONE, false,
	  { { "size", KIND_SIZE, 0, 0 }, { "from", KIND_MEMORY, 0, 8 } } },
	{ "off", KDBUS_ITEM_PAYLOAD_OFF, 16, TAIL_NONE, false,
	  { { "size", KIND_SIZE, 0, 0 }, { "offset", KIND_NUMBER, 0, 8 } } },
	{ "memfd", KDBUS_ITEM_PAYLOAD_MEMFD, 24, TAIL_NONE, false,
	  { { "start", KIND_SMALL, 40, 0 }, { "size", KIND_SIZE, 0, 8 }, { "fd", KIND_FD, 1, 16 } } },
	{ "fds", KDBUS_ITEM_FDS, 0, TAIL_FDS, false,
	  { { "fd", KIND_FD, 0, NOWHERE }, { "count", KIND_SMALL, 6, NOWHERE } } },
	{ "filter", KDBUS_ITEM_BLOOM_FILTER, 8, TAIL_WORDS, false,
	  { { "generation", KIND_SMALL, 3, 0 }, { "word", KIND_WORD, 0, NOWHERE }, { "count", KIND_SMALL, 10, NOWHERE } } },
	{ "dst_name", KDBUS_ITEM_DST_NAME, 0, TAIL_TEXT, false, { { "text", KIND_TEXT, 0, NOWHERE } } },
	{ "cancel", KDBUS_ITEM_CANCEL_FD, 0, TAIL_FD, true, { { "fd", KIND_FD, 0, NOWHERE } } },
	{ "bloom_parameter", KDBUS_ITEM_BLOOM_PARAMETER, 16, TAIL_NONE, true,
	  { { "size", KIND_SIZE, 0, 0 }, { "hashes", KIND_SMALL, 3, 8 } } },
	{ "mask", KDBUS_ITEM_BLOOM_MASK, 0, TAIL_WORDS, true,
	  { { "word", KIND_WORD, 0, NOWHERE }, { "count", KIND_SMALL, 34, NOWHERE } } },
	TEXT_RULE("make_name", KDBUS_ITEM_MAKE_NAME, 1),
	TEXT_RULE("name", KDBUS_ITEM_NAME, 0),
	TEXT_RULE("label", KDBUS_ITEM_SECLABEL, 1),
	TEXT_RULE("description", KDBUS_ITEM_CONN_DESCRIPTION, 1),
	ATTACH_RULE("attach_send", KDBUS_ITEM_ATTACH_FLAGS_SEND),
	ATTACH_RULE("attach_recv", KDBUS_ITEM_ATTACH_FLAGS_RECV),
	ID_RULE("id", KDBUS_ITEM_ID, 8),
	ID_RULE("dst_id", KDBUS_ITEM_DST_ID, 8),
	ID_RULE("behalf", KDBUS_ITEM_BEHALF_ID, 8),
	NAME_RULE("name_add", KDBUS_ITEM_NAME_ADD),
	NAME_RULE("name_remove", KDBUS_ITEM_NAME_REMOVE),
	NAME_RULE("name_change", KDBUS_ITEM_NAME_CHANGE),
	ID_RULE("id_add", KDBUS_ITEM_ID_ADD, 16),
	ID_RULE("id_remove", KDBUS_ITEM_ID_REMOVE, 16),
	{ "policy", KDBUS_ITEM_POLICY_ACCESS, 24, TAIL_NONE, true,
	  { { "type", KIND_SMALL, 5, 0 }, { "access", KIND_SMALL, 4, 8 }, { "id", KIND_SMALL, 1003, 16 } } },
	{ "creds", KDBUS_ITEM_CREDS, 64, TAIL_NONE, true,
	  { { "uid", KIND_NUMBER, 0, 0 }, { "euid", KIND_SMALL, 1003, 8 }, { "gid", KIND_NUMBER, 0, 32 } } },
	{ "pids", KDBUS_ITEM_PIDS, 24, TAIL_NONE, true,
	  { { "pid", KIND_NUMBER, 0, 0 }, { "tid", KIND_SMALL, 2, 8 }, { "ppid", KIND_SMALL, 2, 16 } } },
	{ "negotiate", KDBUS_ITEM_NEGOTIATE, 16, TAIL_NONE, false,
	  { { "type", KIND_TYPE, 0, 0 }, { "type2", KIND_TYPE, 0, 8 } } },
	{ "process", KDBUS_ITEM_PROCESS, 0, TAIL_NONE, true, {} },
	{ "usage", KDBUS_ITEM_USAGE, 0, TAIL_NONE, true, {} },
	{ "raw", 0, 0, TAIL_WORDS, false,
	  { { "type", KIND_TYPE, 0, NOWHERE }, { "word", KIND_NUMBER, 0, NOWHERE }, { "count", KIND_SMALL, 20, NOWHERE } } },
};
const unsigned n_items = ARRAY_SIZE(items);

/* operations */

#define SLOT { "slot", KIND_SLOT, 0, NOWHERE }
#define FLAGS(known) { "flags", KIND_FLAGS, known, 8 }
#define COMMAND(name, weight, number, type) name, weight, number, sizeof(type), 0, NULL, NULL
#define MESSAGE(name, weight, number, type)							\
	name, weight, number, sizeof(type), offsetof(type, msg_address), NULL, NULL
#define FUNCTION(name, weight) #name, weight, 0, 0, 0, world_##name, "world_" #name, NULL
#define CMD(type, member) offsetof(struct kdbus_cmd_##type, member)
#define MSG(member) (IN_MSG + offsetof(struct kdbus_msg, member))
#define MSG_FIELDS								\
	{ "mflags", KIND_FLAGS, 7, MSG(flags) }, { "priority", KIND_SMALL, 4, MSG(priority) },	\
	{ "dst", KIND_ID, 0, MSG(dst_id) }, { "type", KIND_PAYLOAD, 0, MSG(payload_type) },	\
	{ "cookie", KIND_COOKIE, 0, MSG(cookie) }, { "time", KIND_TIME, 0, MSG(timeout_ns) }
#define MSG_ITEMS "vec vec vec vec memfd fds filter filter dst_name dst_name"
#define RULES "mask id dst_id name name_add name_remove name_change id_add id_remove behalf"

const struct operation operations[] = {
	{ COMMAND("bus_make", 6, KDBUS_CMD_BUS_MAKE, struct kdbus_cmd), "make_name bloom_parameter attach_send",
	  { SLOT, FLAGS(3) } },
	{ COMMAND("endpoint_make", 4, KDBUS_CMD_ENDPOINT_MAKE, struct kdbus_cmd), "make_name",
	  { SLOT, FLAGS(3) } },
	{ COMMAND("endpoint_update", 4, KDBUS_CMD_ENDPOINT_UPDATE, struct kdbus_cmd), "name policy",
	  { SLOT, FLAGS(0) } },
	{ COMMAND("hello", 20, KDBUS_CMD_HELLO, struct kdbus_cmd_hello), "name creds pids label description policy",
	  { SLOT, FLAGS(15), { "send", KIND_ATTACH, 0, CMD(hello, attach_flags_send) },
	    { "recv", KIND_ATTACH, 0, CMD(hello, attach_flags_recv) },
	    { "pool", KIND_POOL, 0, CMD(hello, pool_size) } } },
	{ COMMAND("update", 6, KDBUS_CMD_UPDATE, struct kdbus_cmd), "attach_send attach_recv name policy",
	  { SLOT, FLAGS(0) } },
	{ COMMAND("byebye", 6, KDBUS_CMD_BYEBYE, struct kdbus_cmd), NULL, { SLOT, FLAGS(0) } },
	{ COMMAND("free", 14, KDBUS_CMD_FREE, struct kdbus_cmd_free), NULL,
	  { SLOT, FLAGS(0), { "offset", KIND_SLICE, 0, CMD(free, offset) } } },
	{ COMMAND("conn_info", 6, KDBUS_CMD_CONN_INFO, struct kdbus_cmd_info), "name behalf process usage",
	  { SLOT, FLAGS(0), { "id", KIND_ID, 0, CMD(info, id) },
	    { "attach", KIND_ATTACH, 0, CMD(info, attach_flags) } } },
	{ COMMAND("creator_info", 3, KDBUS_CMD_BUS_CREATOR_INFO, struct kdbus_cmd_info), NULL,
	  { SLOT, FLAGS(0), { "id", KIND_ID, 0, CMD(info, id) },
	    { "attach", KIND_ATTACH, 0, CMD(info, attach_flags) } } },
	{ COMMAND("list", 5, KDBUS_CMD_LIST, struct kdbus_cmd_list), "behalf", { SLOT, FLAGS(15) } },
	{ MESSAGE("send", 50, KDBUS_CMD_SEND, struct kdbus_cmd_send), MSG_ITEMS " cancel",
	  { SLOT, FLAGS(1), MSG_FIELDS } },
	{ MESSAGE("call", 15, KDBUS_CMD_CALL, struct kdbus_cmd_send), MSG_ITEMS " cancel",
	  { SLOT, FLAGS(1), MSG_FIELDS, { "offset", KIND_SLICE, 0, CMD(send, reply.offset) } } },
	{ MESSAGE("serve", 15, KDBUS_CMD_SERVE, struct kdbus_cmd_serve), MSG_ITEMS,
	  { SLOT, FLAGS(3), MSG_FIELDS, { "offset", KIND_SLICE, 0, CMD(serve, msg.offset) },
	    { "until", KIND_TIME, 0, CMD(serve, timeout_ns) } } },
	{ COMMAND("wait", 10, KDBUS_CMD_SERVE, struct kdbus_cmd_serve), NULL,
	  { SLOT, FLAGS(3), { "offset", KIND_SLICE, 0, CMD(serve, msg.offset) },
	    { "until", KIND_TIME, 0, CMD(serve, timeout_ns) }, { "priority", KIND_SMALL, 4, CMD(serve, priority) } } },
	{ COMMAND("recv", 45, KDBUS_CMD_RECV, struct kdbus_cmd_recv), NULL,
	  { SLOT, FLAGS(7), { "priority", KIND_SMALL, 4, CMD(recv, priority) } } },
	{ COMMAND("acquire", 25, KDBUS_CMD_NAME_ACQUIRE, struct kdbus_cmd), "name name behalf", { SLOT, FLAGS(7) } },
	{ COMMAND("release", 10, KDBUS_CMD_NAME_RELEASE, struct kdbus_cmd), "name name behalf", { SLOT, FLAGS(0) } },
	{ COMMAND("match_add", 15, KDBUS_CMD_MATCH_ADD, struct kdbus_cmd_match), RULES,
	  { SLOT, FLAGS(1), { "cookie", KIND_COOKIE, 0, CMD(match, cookie) } } },
	{ COMMAND("match_remove", 8, KDBUS_CMD_MATCH_REMOVE, struct kdbus_cmd_match), "behalf",
	  { SLOT, FLAGS(0), { "cookie", KIND_COOKIE, 0, CMD(match, cookie) } } },

	{ FUNCTION(open, 20), { SLOT, { "where", KIND_SMALL, N_WHERE, 0 }, { "flags", KIND_SMALL, 5, 0 } } },
	{ FUNCTION(close, 20), { SLOT } },
	{ FUNCTION(dup, 4), { SLOT, { "from", KIND_SLOT, 0, 0 } } },
	{ FUNCTION(map, 5), { SLOT, { "offset", KIND_SLICE, 0, 0 }, { "size", KIND_POOL, 0, 0 }, { "how", KIND_SMALL, 8, 0 } } },
	{ FUNCTION(unmap, 4), { SLOT } },
	{ FUNCTION(touch, 8), { SLOT, { "offset", KIND_SLICE, 0, 0 }, { "size", KIND_SIZE, 0, 0 }, { "what", KIND_SMALL, 10, 0 } } },
	{ FUNCTION(poll, 6), { SLOT, { "ms", KIND_SMALL, 10, 0 } } },
	{ FUNCTION(epoll, 4), { SLOT, { "what", KIND_SMALL, 3, 0 } } },
	{ FUNCTION(misc, 5), { SLOT, { "what", KIND_SMALL, 12, 0 } } },
	{ FUNCTION(ioctl, 3), { SLOT, { "number", KIND_NUMBER, 0, 0 }, { "argument", KIND_MEMORY, 0, 0 } } },
	{ FUNCTION(pause, 5), { { "us", KIND_SMALL, 3000, 0 } } },
	{ FUNCTION(kick, 6), { { "actor", KIND_SMALL, N_ACTORS, 0 }, { "signal", KIND_SMALL, 3, 0 } } },
	{ FUNCTION(remap, 4), { { "how", KIND_SMALL, 4, 0 } } },
	{ FUNCTION(scribble, 2), { { "word", KIND_SMALL, 40, 0 }, { "value", KIND_NUMBER, 0, 0 }, { "times", KIND_SMALL, 2000, 0 } } },
	{ FUNCTION(become, 3), { { "real", KIND_SMALL, 3, 0 }, { "effective", KIND_SMALL, 3, 0 } } },
	{ FUNCTION(limit, 1), { { "fds", KIND_SMALL, 30, 0 } } },
	{ FUNCTION(spawn, 3), { SLOT, { "what", KIND_SMALL, 7, 0 }, { "us", KIND_SMALL, 3000, 0 } } },
	{ FUNCTION(unshare, 2), { { "what", KIND_SMALL, 3, 0 } } },
	{ FUNCTION(mount, 2), { { "what", KIND_SMALL, 3, 0 } } },
	{ FUNCTION(shrink, 1), { { "what", KIND_SMALL, 32, 0 } } },
};
const unsigned n_operations = ARRAY_SIZE(operations);
/* clang-format on */

int operation_find(const char *name)
{
	for (unsigned i = 0; i < n_operations; i++)
		if (strcmp(operations[i].name, name) == 0)
			return i;
	return -1;
}

int item_find(const char *name)
{
	for (unsigned i = 0; i < n_items; i++)
		if (strcmp(items[i].name, name) == 0)
			return i;
	return -1;
}

unsigned operation_pick(struct rng *rng)
{
	unsigned i, sum = 0, n;

	for (i = 0; i < n_operations; i++)
		sum += operations[i].weight;
	n = rng_below(rng, sum);
	for (i = 0; n >= operations[i].weight; i++)
		n -= operations[i].weight;
	return i;
}

/* The @n-th word of @words, or the number of words. */
static int word(const char *words, unsigned n, char name[32])
{
	unsigned size, i = 0;

	for (; words && *words; i++) {
		size = strcspn(words, " ");
		if (name && i == n) {
			memcpy(name, words, size);
			name[size] = 0;
		}
		words += size;
		words += strspn(words, " ");
	}
	return i;
}

int item_pick(const struct operation *op, struct rng *rng)
{
	char name[32];
	unsigned n = word(op->items, 0, NULL);

	if (!op->number)
		return -1;
	if (!n || rng_one_in(rng, 40))
		return n || rng_one_in(rng, 10) ? (int)rng_below(rng, n_items) : -1;
	word(op->items, rng_below(rng, n), name);
	return item_find(name);
}

unsigned fields_count(const struct field *fields)
{
	unsigned n = 0;

	while (fields[n].name)
		n++;
	return n;
}
