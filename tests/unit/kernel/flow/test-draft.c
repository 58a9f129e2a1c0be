// SPDX-License-Identifier: LGPL-2.1-or-later
/* Drafts: the checks of a message in their order, its parts and their sizes. */
#include <linux/uaccess.h>

#include "flow/draft.h"
#include "object/parcel.h"
#include "tests/unit/kernel/object/world.h"
#include "util/args.h"

#define FIXED sizeof(struct kdbus_msg)
#define SRC_ID 2	/* the bus came first */

static struct kdbus_conn *sender;

/* a message in memory of user space, which ends where it does */
static struct items memory;

static struct kdbus_args args;
static struct kdbus_draft *draft;

/* stubs: every descriptor is there and may travel */

struct kdbus_parcel *kdbus_parcel_new(unsigned int max_files)
{
	struct kdbus_parcel *parcel;

	parcel = kzalloc(struct_size(parcel, files, max_files), GFP_KERNEL);
	return parcel ?: ERR_PTR(-ENOMEM);
}

struct kdbus_parcel *kdbus_parcel_unref(struct kdbus_parcel *parcel)
{
	kfree(parcel);
	return NULL;
}

int kdbus_parcel_add_memfd(struct kdbus_parcel *parcel, int fd, u64 start,
			   u64 size, u32 at)
{
	parcel->files[parcel->n_files++].at = at;
	return 0;
}

int kdbus_parcel_add_fd(struct kdbus_parcel *parcel, int fd, u32 at)
{
	parcel->files[parcel->n_files++].at = at;
	parcel->n_fds++;
	return 0;
}

struct kdbus_identity *kdbus_identity_park(struct kdbus_identity **slot,
					   struct kdbus_identity *id)
{
	return kdbus_identity_unref(id);
}

/* messages */

static void begin(void)
{
	world_begin();
	sender = world_conn(KDBUS_ORDINARY);
	cr_assert_eq(sender->id, SRC_ID);
}

static void end(void)
{
	items_free(&memory);
	world_conn_end(sender);
	world_end();
}

static struct kdbus_msg *msg(void)
{
	return (struct kdbus_msg *)memory.data;
}

/* one that needs nothing but its header */
static void write_msg(u64 flags, u64 dst_id)
{
	items_free(&memory);
	memory.data = calloc(1, FIXED);
	memory.size = FIXED;
	msg()->flags = flags;
	msg()->dst_id = dst_id;
	msg()->payload_type = KDBUS_PAYLOAD_DBUS;
}

static void add_vec(u64 size, const void *address)
{
	const struct kdbus_vec vec = { .size = size,
				       .address = (uintptr_t)address };

	items_add(&memory, KDBUS_ITEM_PAYLOAD_VEC, &vec, sizeof(vec));
}

static void add_memfd(u64 start, u64 size)
{
	const struct kdbus_memfd memfd = { start, size, 5 };

	items_add(&memory, KDBUS_ITEM_PAYLOAD_MEMFD, &memfd, sizeof(memfd));
}

static void add_fds(size_t n)
{
	int fds[64] = {};

	items_add(&memory, KDBUS_ITEM_FDS, fds, n * sizeof(fds[0]));
}

static void add_filter(size_t n)
{
	u8 filter[256] = {};

	items_add(&memory, KDBUS_ITEM_BLOOM_FILTER, filter, 8 + n);
}

static void add_name(const char *name)
{
	items_add_string(&memory, KDBUS_ITEM_DST_NAME, name);
}

/* the draft; close_draft() is due if this succeeds */
static int open_draft(bool sync)
{
	int r;

	msg()->size = memory.size;
	r = kdbus_args_copy(&args, &kdbus_msg_rule, memory.data);
	if (r)
		return r;
	r = kdbus_args_check(&args);
	cr_assert_eq(r, 0);
	draft = malloc(sizeof(*draft));
	memset(draft, 0xa5, sizeof(*draft));
	r = kdbus_draft_init(draft, sender, &args, sync);
	if (r) {
		kdbus_args_finish(&args, r);
		free(draft);
	}
	return r;
}

static void close_draft(void)
{
	kdbus_draft_deinit(draft);
	kdbus_args_finish(&args, 0);
	free(draft);
}

static int check(bool sync)
{
	int r = open_draft(sync);

	if (!r)
		close_draft();
	return r;
}

/* the header */

#define REPLY	KDBUS_MSG_EXPECT_REPLY
#define SIGNAL	KDBUS_MSG_SIGNAL
#define ALL	KDBUS_DST_ID_BROADCAST

/* clang-format off */
static const struct {
	u64 flags, src_id, dst_id, payload_type, timeout_ns;
	bool sync;
	int result;
} headers[] = {
	{ 0,		0,	1,	KDBUS_PAYLOAD_DBUS,	0, false, 0 },
	{ 0,		SRC_ID,	1,	0x1234,			0, false, 0 },
	{ 0,		4,	1,	KDBUS_PAYLOAD_DBUS,	0, false, -EINVAL },
	{ 0,		0,	1,	KDBUS_PAYLOAD_KERNEL,	0, false, -EINVAL },
	{ 0,		0,	ALL,	KDBUS_PAYLOAD_KERNEL,	0, false, -EINVAL },
	{ 0,		0,	ALL,	KDBUS_PAYLOAD_DBUS,	0, false, -EBADMSG },
	{ REPLY,	0,	ALL,	KDBUS_PAYLOAD_DBUS,	9, false, -EBADMSG },
	{ SIGNAL,	0,	ALL,	KDBUS_PAYLOAD_DBUS,	9, false, -ENOTUNIQ },
	{ REPLY,	0,	1,	KDBUS_PAYLOAD_DBUS,	9, false, 0 },
	{ REPLY,	0,	1,	KDBUS_PAYLOAD_DBUS,	9, true,  0 },
	{ REPLY,	0,	1,	KDBUS_PAYLOAD_DBUS,	0, false, -EINVAL },
	{ REPLY | SIGNAL, 0,	1,	KDBUS_PAYLOAD_DBUS,	0, false, -EINVAL },
	{ REPLY | SIGNAL, 0,	1,	KDBUS_PAYLOAD_DBUS,	9, false, -ENOTUNIQ },
	{ 0,		0,	1,	KDBUS_PAYLOAD_DBUS,	9, false, 0 },
	{ 0,		0,	1,	KDBUS_PAYLOAD_DBUS,	9, true,  -EINVAL },
	{ SIGNAL,	0,	1,	KDBUS_PAYLOAD_DBUS,	9, false, -EINVAL },
	{ SIGNAL,	0,	1,	KDBUS_PAYLOAD_DBUS,	0, true,  -EINVAL },
	{ SIGNAL,	0,	1,	KDBUS_PAYLOAD_DBUS,	0, false, -EBADMSG },
};
/* clang-format on */

ShimTest(draft, a_header_is_checked_in_order)
{
	begin();
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		write_msg(headers[i].flags, headers[i].dst_id);
		msg()->src_id = headers[i].src_id;
		msg()->payload_type = headers[i].payload_type;
		msg()->timeout_ns = headers[i].timeout_ns;
		cr_expect_eq(check(headers[i].sync), headers[i].result,
			     "row %zu", i);
	}
	end();
}

/* items and their limits */

ShimTest(draft, payload_by_copy_is_2_mib_in_sum)
{
	char byte;

	begin();
	write_msg(0, 1);
	add_vec(KDBUS_PAYLOAD_MAX, &byte);
	cr_expect_eq(check(false), 0);
	add_vec(1, &byte);
	cr_expect_eq(check(false), -EMSGSIZE);
	write_msg(0, 1);
	add_vec(KDBUS_PAYLOAD_MAX - 1, NULL);
	add_vec(1, &byte);
	cr_expect_eq(check(false), 0);
	add_vec(U64_MAX - KDBUS_PAYLOAD_MAX + 1, &byte);
	cr_expect_eq(check(false), -EMSGSIZE, "the sum wraps to 0");
	write_msg(0, 1);
	add_vec(U64_MAX, NULL);
	cr_expect_eq(check(false), -EMSGSIZE);
	end();
}

ShimTest(draft, an_address_is_one_of_user_space)
{
	const u64 last = shim_user_size_max - 4096;

	begin();
	write_msg(0, 1);
	add_vec(4096, (void *)last);
	cr_expect_eq(check(false), 0);
	write_msg(0, 1);
	add_vec(4097, (void *)last);
	cr_expect_eq(check(false), -EFAULT);
	write_msg(0, 1);
	add_vec(4096, (void *)(U64_MAX - 100));
	cr_expect_eq(check(false), -EFAULT, "the end wraps");
	end();
}

ShimTest(draft, there_are_16_memfds_and_their_ends_do_not_wrap)
{
	begin();
	write_msg(0, 1);
	for (int i = 0; i < 16; i++)
		add_memfd(U64_MAX - 10, 10);
	cr_expect_eq(check(false), 0);
	add_memfd(0, 1);
	cr_expect_eq(check(false), -E2BIG);
	write_msg(0, 1);
	add_memfd(U64_MAX - 10, 11);
	cr_expect_eq(check(false), -EMSGSIZE);
	end();
}

ShimTest(draft, there_are_16_descriptors)
{
	begin();
	write_msg(0, 1);
	add_fds(0);
	cr_expect_eq(check(false), 0);
	write_msg(0, 1);
	add_fds(16);
	cr_expect_eq(check(false), 0);
	write_msg(0, 1);
	add_fds(17);
	cr_expect_eq(check(false), -EMFILE);
	end();
}

ShimTest(draft, a_filter_has_the_size_of_the_bus_and_is_for_signals)
{
	begin();
	for (size_t n = 0; n < 200; n++) {
		write_msg(KDBUS_MSG_SIGNAL, ALL);
		add_filter(n);
		cr_expect_eq(check(false), n % 8 ? -EFAULT :
			     n == world_bloom.size ? 0 : -EDOM, "%zu", n);
	}
	write_msg(0, 1);
	add_filter(world_bloom.size);
	cr_expect_eq(check(false), -EBADMSG);
	end();
}

ShimTest(draft, a_name_is_valid_and_of_one_receiver)
{
	begin();
	write_msg(0, KDBUS_DST_ID_NAME);
	cr_expect_eq(check(false), -EDESTADDRREQ);
	add_name("a.b");
	cr_expect_eq(open_draft(false), 0);
	cr_expect_str_eq(draft->dst_name, "a.b");
	close_draft();
	write_msg(0, KDBUS_DST_ID_NAME);
	add_name("a.*");
	cr_expect_eq(check(false), -EINVAL);
	write_msg(KDBUS_MSG_SIGNAL, ALL);
	add_filter(world_bloom.size);
	cr_expect_eq(check(false), 0);
	add_name("a.b");
	cr_expect_eq(check(false), -EBADMSG);
	write_msg(KDBUS_MSG_SIGNAL, ALL);
	add_fds(0);
	add_filter(world_bloom.size);
	cr_expect_eq(check(false), -ENOTUNIQ, "descriptors are for one, too");
	end();
}

/* parts */

/* what may stand behind, or in front of, the payload */
static void add_other(int kind)
{
	if (kind == 1)
		add_name("a.b");
	if (kind == 2)
		add_fds(2);
	if (kind == 3)
		items_add(&memory, KDBUS_ITEM_NEGOTIATE, NULL, 0);
}

static void write_parts(unsigned int n, int first, int last)
{
	write_msg(0, 1);
	add_other(first);
	for (unsigned int i = 0; i < n; i++) {
		if (i % 3 == 2)
			add_memfd(0, 100 + i);
		else
			add_vec(10 + i, i % 3 ? NULL : memory.data);
	}
	add_other(last);
}

static void check_parts(unsigned int n)
{
	const struct kdbus_part *part = draft->parts;
	struct kdbus_item *item;
	u64 size = 0;

	cr_assert_eq(draft->n_parts, n);
	kdbus_args_for_each_item(item, &args) {
		cr_assert_neq(item->type, KDBUS_ITEM_PAYLOAD_VEC);
		if (item->type != KDBUS_ITEM_PAYLOAD_OFF &&
		    item->type != KDBUS_ITEM_PAYLOAD_MEMFD)
			continue;
		cr_assert_eq(part->item, item);
		cr_assert_eq(part->size, item->type == KDBUS_ITEM_PAYLOAD_OFF ?
			     item->vec.size : item->memfd.size);
		if (item->type == KDBUS_ITEM_PAYLOAD_MEMFD) {
			cr_assert_null(part->address);
			cr_assert_eq(item->memfd.fd, -1);
		}
		size += part->address ? part->size : part->size % 8;
		part++;
	}
	cr_assert_eq(part, draft->parts + n, "no part but these");
	cr_assert_eq(draft->payload_size, size);
}

/* as few_parts, and then as an array; behind either lies what is not ours */
ShimTest(draft, parts_have_room_whatever_stands_behind_them)
{
	const u64 untouched = 0xa5a5a5a5a5a5a5a5ULL;

	begin();
	for (unsigned int n = 0; n <= 24; n++) {
		for (int others = 0; others < 16; others++) {
			int first = others / 4, last = others % 4;

			if (first && first == last)
				continue;
			write_parts(n, first, last);
			cr_assert_eq(open_draft(false), 0);
			check_parts(n);
			cr_assert_eq(draft->parts == draft->few_parts, n <= 4);
			cr_assert_eq(draft->small_meta[0], untouched,
				     "%u parts", n);
			close_draft();
		}
	}
	end();
}

ShimTest(draft, descriptors_are_noted_where_they_will_be_written)
{
	const struct kdbus_item *item;

	begin();
	write_msg(0, 1);
	add_memfd(0, 1);
	add_fds(3);
	cr_assert_eq(open_draft(false), 0);
	cr_expect_eq(draft->parcel->n_files, 4);
	cr_expect_eq(draft->parcel->n_fds, 3);
	item = kdbus_args_find(&args, KDBUS_ITEM_PAYLOAD_MEMFD);
	cr_expect_eq((u8 *)draft->msg + draft->parcel->files[0].at,
		     (u8 *)&item->memfd.fd);
	item = kdbus_args_find(&args, KDBUS_ITEM_FDS);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq((u8 *)draft->msg + draft->parcel->files[1 + i].at,
			     (u8 *)&item->fds[i]);
		cr_expect_eq(item->fds[i], -1, "of no use to the receiver");
	}
	close_draft();
	end();
}

ShimTest(draft, each_has_a_number_and_a_sender)
{
	begin();
	for (u64 n = 1; n < 4; n++) {
		write_msg(0, 1);
		cr_assert_eq(open_draft(false), 0);
		cr_expect_eq(draft->stamp.seqnum, n);
		cr_expect_eq(draft->msg->src_id, SRC_ID);
		cr_expect_eq(msg()->src_id, 0, "not in the sender's memory");
		close_draft();
		write_msg(0, 1);
		msg()->src_id = 99;
		cr_expect_eq(check(false), -EINVAL, "and takes no number");
	}
	end();
}

static int attempt(void)
{
	return check(false);
}

ShimTest(draft, without_memory_there_is_none)
{
	begin();
	write_parts(12, 1, 2);	/* with files, and more parts than a few */
	cr_expect_eq(shim_fails_cleanly(attempt), 0);
	end();
}

/* the payload, copied */

ShimTest(draft, payload_is_copied_once_with_its_fillers)
{
	static const char expected[] = "hello\0\0\0worl\0\0";
	char hello[] = "hello", world[] = "worl";

	begin();
	write_msg(0, 1);
	add_vec(5, hello);
	add_vec(11, NULL);	/* zeroes: 3 bytes keep what follows in place */
	add_vec(4, world);
	add_memfd(0, 18);
	cr_assert_eq(open_draft(false), 0);
	cr_expect_eq(draft->payload_size, 14);
	kdbus_draft_copy_payload(draft);
	cr_expect_eq(draft->copy_error, 0);
	cr_expect_arr_eq(draft->payload, expected, 14);
	hello[0] = 'X';
	kdbus_draft_copy_payload(draft);
	cr_expect_arr_eq(draft->payload, expected, 14);
	close_draft();
	end();
}

ShimTest(draft, payload_that_is_not_there_is_noted)
{
	char text[] = "hello";

	begin();
	write_msg(0, 1);
	add_vec(5, text);
	shim_user_hide(text + 4, 1);
	cr_assert_eq(open_draft(false), 0);
	kdbus_draft_copy_payload(draft);
	cr_expect_eq(draft->copy_error, -EFAULT);
	close_draft();
	shim_user_hide(NULL, 0);

	cr_assert_eq(open_draft(false), 0);
	shim_fail_allocation(1);
	kdbus_draft_copy_payload(draft);
	cr_expect_eq(draft->copy_error, -ENOMEM);
	close_draft();
	end();
}

ShimTest(draft, is_ready_when_nothing_of_the_senders_memory_is_wanted_any_more)
{
	char text[] = "hello";

	begin();
	write_msg(0, 1);
	add_vec(5, text);
	cr_assert_eq(open_draft(false), 0);
	shim_user_hide(text + 4, 1);
	cr_expect(!kdbus_draft_is_ready(draft, 0));
	cr_expect(!draft->copied, "it is tried again");
	shim_user_hide(NULL, 0);
	cr_expect(kdbus_draft_is_ready(draft, 0));
	cr_expect_arr_eq(draft->payload, "hello", 5);
	shim_user_hide(text + 4, 1);
	cr_expect(kdbus_draft_is_ready(draft, 0), "that is over");
	cr_expect(!kdbus_draft_is_ready(draft, KDBUS_ATTACH_CMDLINE));
	close_draft();
	shim_user_hide(NULL, 0);

	cr_assert_eq(open_draft(false), 0);
	shim_fail_allocation(1);
	cr_expect(kdbus_draft_is_ready(draft, 0), "nothing to wait for");
	cr_expect_eq(draft->copy_error, -ENOMEM);
	close_draft();
	end();
}

ShimTest(draft, a_notification_is_charged_to_the_kernel)
{
	struct kdbus_msg notice = { .size = 64 };

	begin();
	draft = malloc(sizeof(*draft));
	kdbus_draft_init_notice(draft, world_bus, &notice);
	cr_expect_null(draft->src);
	cr_expect_eq(draft->user, world_bus->kernel);
	cr_expect_eq(draft->head_size, 64);
	cr_expect_eq(draft->n_parts, 0);
	cr_expect_eq(draft->payload_size, 0);
	cr_expect_eq(draft->stamp.seqnum, 1);
	kdbus_draft_deinit(draft);
	free(draft);
	end();
}
