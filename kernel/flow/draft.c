// SPDX-License-Identifier: GPL-2.0-only
/* The sender's bytes, fds and memfds become one draft. */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "flow/draft.h"
#include "object/conn.h"
#include "object/identity-write.h"
#include "object/identity.h"
#include "object/parcel.h"
#include "util/args.h"
#include "util/text.h"

static const struct kdbus_args_item msg_items[] = {
	{ KDBUS_ITEM_PAYLOAD_VEC, KDBUS_ITEM_MANY },
	{ KDBUS_ITEM_PAYLOAD_MEMFD, KDBUS_ITEM_MANY },
	{ KDBUS_ITEM_DST_NAME },
	{ KDBUS_ITEM_BLOOM_FILTER },
	{ KDBUS_ITEM_FDS },
};

const struct kdbus_args_rule kdbus_msg_rule = {
	.fixed = sizeof(struct kdbus_msg),
	.flags = KDBUS_MSG_EXPECT_REPLY | KDBUS_MSG_NO_AUTO_START |
		 KDBUS_MSG_SIGNAL,
	.items = msg_items,
	.n_items = ARRAY_SIZE(msg_items),
	.plain = true,
};

/* the header */

static bool is_broadcast(const struct kdbus_msg *msg)
{
	return msg->dst_id == KDBUS_DST_ID_BROADCAST;
}

static int check_header(const struct kdbus_msg *msg, u64 src_id, bool sync)
{
	bool signal = msg->flags & KDBUS_MSG_SIGNAL;

	if (msg->src_id && msg->src_id != src_id)
		return -EINVAL;
	if (msg->payload_type == KDBUS_PAYLOAD_KERNEL)
		return -EINVAL;
	if (is_broadcast(msg)) {
		if (!signal)
			return -EBADMSG;
		if (msg->timeout_ns)
			return -ENOTUNIQ;
	}
	if (msg->flags & KDBUS_MSG_EXPECT_REPLY) {
		if (!msg->timeout_ns)
			return -EINVAL;
		return signal ? -ENOTUNIQ : 0;
	}
	if (sync || (msg->cookie_reply && signal))
		return -EINVAL;
	return 0;
}

/* the items */

/* what the first walk over the items counts */
struct tally {
	u64 bytes;
	unsigned int n_memfds;
	unsigned int n_fds;
};

/*
 * Later data keep the alignment they have in the sender's stream of bytes: what
 * is not stored leaves its remainder modulo 8 as filler.
 */
static u64 stored_size(const struct kdbus_part *part)
{
	return part->address ? part->size : part->size % 8;
}

/* Room for as many parts as the message has room for. */
static int grow_parts(struct kdbus_draft *draft)
{
	size_t n = draft->head_size / KDBUS_ITEM_SIZE(sizeof(struct kdbus_vec));

	draft->parts = kmalloc_array(n, sizeof(*draft->parts),
				     GFP_KERNEL_ACCOUNT);
	if (!draft->parts) {
		draft->parts = draft->few_parts;
		return -ENOMEM;
	}
	memcpy(draft->parts, draft->few_parts, sizeof(draft->few_parts));
	return 0;
}

static int add_part(struct kdbus_draft *draft, struct kdbus_item *item,
		    u64 size, u64 address)
{
	struct kdbus_part *part;
	int r;

	if (draft->n_parts == ARRAY_SIZE(draft->few_parts)) {
		r = grow_parts(draft);
		if (r)
			return r;
	}
	part = &draft->parts[draft->n_parts++];
	part->item = item;
	part->size = size;
	part->address = (void __user *)(uintptr_t)address;
	draft->payload_size += stored_size(part);
	return 0;
}

/* A VEC item becomes an OFF item. */
static int take_vec(struct kdbus_draft *draft, struct tally *tally,
		    struct kdbus_item *item)
{
	struct kdbus_vec *vec = &item->vec;

	if (vec->size > KDBUS_PAYLOAD_MAX - tally->bytes)
		return -EMSGSIZE;
	tally->bytes += vec->size;
	if (vec->address &&
	    !access_ok((void __user *)(uintptr_t)vec->address, vec->size))
		return -EFAULT;
	item->type = KDBUS_ITEM_PAYLOAD_OFF;
	return add_part(draft, item, vec->size, vec->address);
}

static int take_memfd(struct kdbus_draft *draft, struct tally *tally,
		      struct kdbus_item *item)
{
	u64 end;

	if (check_add_overflow(item->memfd.start, item->memfd.size, &end))
		return -EMSGSIZE;
	if (++tally->n_memfds > KDBUS_MEMFDS_MAX)
		return -E2BIG;
	return add_part(draft, item, item->memfd.size, 0);
}

static int check_filter(struct kdbus_draft *draft,
			const struct kdbus_item *item)
{
	size_t n = kdbus_item_payload(item) - sizeof(item->bloom_filter);

	if (n % 8)
		return -EFAULT;
	if (n != draft->bus->bloom.size)
		return -EDOM;
	draft->filter = &item->bloom_filter;
	return 0;
}

static int check_dst_name(struct kdbus_draft *draft,
			  const struct kdbus_item *item)
{
	if (!kdbus_name_is_valid(item->str, false))
		return -EINVAL;
	if (is_broadcast(draft->msg))
		return -EBADMSG;
	draft->dst_name = item->str;
	return 0;
}

static int take_item(struct kdbus_draft *draft, struct tally *tally,
		     struct kdbus_item *item)
{
	switch (item->type) {
	case KDBUS_ITEM_PAYLOAD_VEC:
		return take_vec(draft, tally, item);
	case KDBUS_ITEM_PAYLOAD_MEMFD:
		return take_memfd(draft, tally, item);
	case KDBUS_ITEM_FDS:
		tally->n_fds = kdbus_item_payload(item) / sizeof(int);
		return tally->n_fds > KDBUS_FDS_MAX ? -EMFILE : 0;
	case KDBUS_ITEM_BLOOM_FILTER:
		return check_filter(draft, item);
	case KDBUS_ITEM_DST_NAME:
		return check_dst_name(draft, item);
	default:
		return 0;
	}
}

static int take_items(struct kdbus_draft *draft, struct kdbus_args *args,
		       struct tally *tally)
{
	const struct kdbus_msg *msg = draft->msg;
	const void *end = msg + 1;
	struct kdbus_item *item;
	int r;

	kdbus_args_for_each_item(item, args) {
		r = take_item(draft, tally, item);
		if (r)
			return r;
		end = (u8 *)item + item->size;
	}
	/* its sender may count the padding, its receivers do not */
	draft->head_size = end - (const void *)msg;
	if (!!(msg->flags & KDBUS_MSG_SIGNAL) != !!draft->filter)
		return -EBADMSG;
	if (msg->dst_id == KDBUS_DST_ID_NAME && !draft->dst_name)
		return -EDESTADDRREQ;
	if (is_broadcast(msg) && kdbus_args_find(args, KDBUS_ITEM_FDS))
		return -ENOTUNIQ;
	return 0;
}

static u32 place_in(const struct kdbus_draft *draft, const void *what)
{
	return (const u8 *)what - (const u8 *)draft->msg;
}

static int take_fds(struct kdbus_draft *draft, struct kdbus_item *item)
{
	size_t i, n = kdbus_item_payload(item) / sizeof(int);
	int *fds = (int *)((u8 *)item + KDBUS_ITEM_HEADER);
	int r = 0;

	for (i = 0; !r && i < n; i++) {
		r = kdbus_parcel_add_fd(draft->parcel, fds[i],
					place_in(draft, &fds[i]));
		fds[i] = -1;
	}
	return r;
}

/* Take hold of the files, so that the sender may close its descriptors. */
static int take_files(struct kdbus_draft *draft, struct kdbus_args *args,
		      const struct tally *tally)
{
	struct kdbus_parcel *parcel;
	struct kdbus_item *item;
	int r = 0;

	if (!tally->n_memfds && !tally->n_fds)
		return 0;
	parcel = kdbus_parcel_new(tally->n_memfds + tally->n_fds);
	if (IS_ERR(parcel))
		return PTR_ERR(parcel);
	draft->parcel = parcel;

	kdbus_args_for_each_item(item, args) {
		if (item->type == KDBUS_ITEM_PAYLOAD_MEMFD) {
			r = kdbus_parcel_add_memfd(parcel, item->memfd.fd,
				item->memfd.start, item->memfd.size,
				place_in(draft, &item->memfd.fd));
			item->memfd.fd = -1;
		} else if (item->type == KDBUS_ITEM_FDS) {
			r = take_fds(draft, item);
		}
		if (r)
			return r;
	}
	return 0;
}

/* The clocks are read for those who ask. */
static void number(struct kdbus_draft *draft)
{
	draft->stamp.seqnum = atomic64_inc_return(&draft->bus->seqnum);
}

/* everything but the buffers at the end, which need no start value */
static void draft_clear(struct kdbus_draft *draft)
{
	memset(draft, 0, offsetof(struct kdbus_draft, few_parts));
	draft->parts = draft->few_parts;
	draft->meta = draft->small_meta;
	draft->meta_room = sizeof(draft->small_meta);
}

/**
 * kdbus_draft_init() - make a draft from a checked message
 * @draft:	draft
 * @src:	sender
 * @args:	the message, which must stay as long as the draft
 * @sync:	the sender is going to wait for the reply
 *
 * Return: 0, and kdbus_draft_deinit() is due; or one of the errors of
 * kdbus.message(7), in the order they are listed there.
 */
int kdbus_draft_init(struct kdbus_draft *draft, struct kdbus_conn *src,
		     struct kdbus_args *args, bool sync)
{
	struct tally tally = {};
	int r;

	draft_clear(draft);
	draft->src = src;
	draft->bus = src->bus;
	draft->user = src->user;
	draft->msg = args->msg;
	draft->head_size = args->size;

	r = check_header(draft->msg, src->id, sync);
	if (!r)
		r = take_items(draft, args, &tally);
	if (!r)
		r = take_files(draft, args, &tally);
	if (r) {
		kdbus_draft_deinit(draft);
		return r;
	}
	draft->msg->src_id = src->id;
	number(draft);
	return 0;
}

/**
 * kdbus_draft_init_notice() - make a draft of a notification
 * @draft:	draft
 * @bus:	bus
 * @msg:	header and the notification item
 */
void kdbus_draft_init_notice(struct kdbus_draft *draft, struct kdbus_bus *bus,
			     struct kdbus_msg *msg)
{
	draft_clear(draft);
	draft->bus = bus;
	draft->user = bus->kernel;
	draft->msg = msg;
	draft->head_size = msg->size;
	number(draft);
}

/**
 * kdbus_draft_deinit() - let go of what the draft refers to
 * @draft:	draft
 */
void kdbus_draft_deinit(struct kdbus_draft *draft)
{
	if (draft->identity && !draft->src->faked)
		kdbus_identity_park(&draft->src->parked, draft->identity);
	else
		kdbus_identity_unref(draft->identity);
	kdbus_conn_unref(draft->meta_for);
	kdbus_parcel_unref(draft->parcel);
	if (draft->parts != draft->few_parts)
		kfree(draft->parts);
	if (draft->meta != draft->small_meta)
		kvfree(draft->meta);
	kvfree(draft->payload);
}

/* payload */

static int read_payload(struct kdbus_draft *draft)
{
	const struct kdbus_part *part;
	u8 *to = draft->payload;
	unsigned int i;

	for (i = 0; i < draft->n_parts; i++) {
		part = &draft->parts[i];
		if (!part->address)
			memset(to, 0, stored_size(part));
		else if (copy_from_user(to, part->address, part->size))
			return -EFAULT;
		to += stored_size(part);
	}
	return 0;
}

static int alloc_payload(struct kdbus_draft *draft)
{
	if (!draft->payload)
		draft->payload =
			kvmalloc(draft->payload_size, GFP_KERNEL_ACCOUNT);
	return draft->payload ? 0 : -ENOMEM;
}

/**
 * kdbus_draft_copy_payload() - copy the payload from the sender's memory
 * @draft:	draft that may have several receivers
 *
 * What the receivers get must be the same for all, though the sender's memory
 * may change meanwhile.  Failure shows when the draft is written.
 */
void kdbus_draft_copy_payload(struct kdbus_draft *draft)
{
	if (draft->copied || !draft->payload_size)
		return;
	draft->copied = true;
	draft->copy_error = alloc_payload(draft) ?: read_payload(draft);
}

/* Copy the payload if it is there.  If it has to be fetched, nothing is done. */
static bool copy_what_is_there(struct kdbus_draft *draft)
{
	int r;

	if (draft->copied || !draft->payload_size)
		return true;
	r = alloc_payload(draft);
	if (!r) {
		pagefault_disable();
		r = read_payload(draft);
		pagefault_enable();
	}
	draft->copied = r != -EFAULT;
	draft->copy_error = r;
	return draft->copied;
}

/**
 * kdbus_draft_is_ready() - can it be delivered without the sender's memory?
 * @draft:	draft that may have several receivers
 * @wanted:	metadata that any of them wants
 *
 * Copies the payload where that takes no time.  If this says no, something has
 * to be fetched, which may take as long as the sender likes: nobody else should
 * be held meanwhile.  kdbus_draft_detach() does it.
 */
bool kdbus_draft_is_ready(struct kdbus_draft *draft, u64 wanted)
{
	if (wanted & KDBUS_ATTACH_CMDLINE && draft->src && !draft->src->faked &&
	    !(draft->identity && draft->identity->tried & KDBUS_ATTACH_CMDLINE))
		return false;
	return copy_what_is_there(draft);
}
