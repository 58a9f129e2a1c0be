// SPDX-License-Identifier: LGPL-2.1-or-later
/* In place of the kernel. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/item.h"
#include "tests/unit/libkdbus/post.h"

#define POOL (4 << 20)
#define MESSAGES 256

/**
 * struct box - what a connection has not received yet
 * @fd:		an eventfd, counting what is here
 * @bell:	the same, ours to ring when @fd is closed
 * @pool:	messages, one behind the other, never freed
 * @at:		where each begins
 */
struct box {
	uint64_t id;
	int fd;
	int bell;
	uint8_t *pool;
	size_t used;
	size_t at[MESSAGES];
	unsigned int first;
	unsigned int end;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct box boxes[16];
static unsigned int n_boxes;

/* Mapped twice, as by the kernel and by a connection, which may go first. */
static int open_box(struct box *box, void **out_map)
{
	int fd = memfd_create("pool", MFD_CLOEXEC);

	cr_assert_eq(ftruncate(fd, POOL), 0);
	*out_map = mmap(NULL, POOL, PROT_READ, MAP_SHARED, fd, 0);
	*box = (struct box){
		.id = n_boxes + 1,
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE),
		.pool = mmap(NULL, POOL, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
	};
	box->bell = dup(box->fd);
	close(fd);
	return box->fd < 0 || box->bell < 0 || box->pool == MAP_FAILED ? -ENOMEM : 0;
}

int post_connect(struct kb_conn **out)
{
	struct kb_conn *conn = calloc(1, sizeof(*conn));
	struct box *box;
	void *map;

	pthread_mutex_lock(&lock);
	box = &boxes[n_boxes];
	cr_assert_lt(n_boxes, KB_ARRAY_SIZE(boxes));
	cr_assert_eq(open_box(box, &map), 0);
	n_boxes++;
	pthread_mutex_unlock(&lock);
	*conn = (struct kb_conn){
		.n_refs = 1,
		.fd = box->fd,
		.id = box->id,
		.flags = KDBUS_HELLO_ACCEPT_FD,
		.bloom = { .size = 64, .n_hash = 8 },
		.pool = { .fd = box->fd, .map = map, .size = POOL },
		.timeout_ns = KB_TIMEOUT_NS,
		.saves = -1,
	};
	kb_unique_name(conn->id, conn->unique_name);
	*out = conn;
	return 0;
}

static struct box *find(int fd)
{
	/* the last one: numbers are used again */
	for (unsigned int i = n_boxes; i > 0; i--)
		if (boxes[i - 1].fd == fd)
			return &boxes[i - 1];
	return NULL;
}

static void put(struct box *box, const struct kdbus_msg *msg, uint64_t from)
{
	struct kb_item_iter iter = kb_items(msg->items, msg->size - sizeof(*msg));
	_cleanup_(kb_buffer_deinit) struct kb_buffer items = {}, bytes = {};
	const struct kdbus_item *item;
	struct kdbus_msg *copy = (void *)(box->pool + box->used);

	while ((item = kb_item_next(&iter)))
		if (item->type == KDBUS_ITEM_PAYLOAD_VEC)
			kb_buffer_append(&bytes, (void *)(uintptr_t)item->vec.address, item->vec.size);
	*copy = *msg;
	copy->src_id = from;
	copy->size = sizeof(*msg) + kb_align8(KB_ITEM_HEADER + sizeof(struct kdbus_vec));
	kb_item_append(&items, KDBUS_ITEM_PAYLOAD_OFF,
		       &(struct kdbus_vec){ .size = bytes.size, .offset = copy->size },
		       sizeof(struct kdbus_vec));
	memcpy(copy->items, items.data, items.size);
	memcpy((uint8_t *)copy + copy->size, bytes.data, bytes.size);
	box->at[box->end++ % MESSAGES] = box->used;
	box->used += kb_align8(copy->size + bytes.size);
	cr_assert_lt(box->end, MESSAGES);
	cr_assert_lt(box->used, POOL - 65536);
	cr_assert_eq(eventfd_write(box->bell, 1), 0);
}

/* what is replaced */

int __wrap_kb_conn_open(const char *address, const struct kb_conn_options *options,
			struct kb_conn **out);
int __wrap_kb_conn_open(const char *address _unused_, const struct kb_conn_options *options _unused_,
			struct kb_conn **out)
{
	return post_connect(out);
}

int __wrap_kb_conn_creator_info(struct kb_conn *conn, uint64_t attach, struct kb_info *out);
int __wrap_kb_conn_creator_info(struct kb_conn *conn _unused_, uint64_t attach _unused_,
				struct kb_info *out)
{
	*out = (struct kb_info){};
	return 0;
}

void __wrap_kb_info_deinit(struct kb_info *info);
void __wrap_kb_info_deinit(struct kb_info *info _unused_)
{
}

int __wrap_kb_cmd_send(int fd, const struct kdbus_msg *msg, uint64_t flags, int cancel_fd,
		       struct kdbus_msg_info *reply);
int __wrap_kb_cmd_send(int fd, const struct kdbus_msg *msg, uint64_t flags _unused_,
		       int cancel_fd _unused_, struct kdbus_msg_info *reply _unused_)
{
	const struct box *from;
	int r = -ENXIO;

	pthread_mutex_lock(&lock);
	from = find(fd);
	for (unsigned int i = 0; from && i < n_boxes; i++)
		if (msg->dst_id == boxes[i].id || msg->dst_id == KDBUS_DST_ID_BROADCAST) {
			put(&boxes[i], msg, from->id);
			r = 0;
		}
	pthread_mutex_unlock(&lock);
	return r;
}

int __wrap_kb_cmd_recv(int fd, uint64_t flags, int64_t priority, struct kdbus_cmd_recv *out);
int __wrap_kb_cmd_recv(int fd, uint64_t flags, int64_t priority _unused_, struct kdbus_cmd_recv *out)
{
	struct box *box;
	eventfd_t one;
	int r = -EAGAIN;

	*out = (struct kdbus_cmd_recv){};
	if (fd < 0)
		return -ENOTCONN;
	if (flags)
		return -EAGAIN;
	pthread_mutex_lock(&lock);
	box = find(fd);
	if (box->first != box->end && eventfd_read(fd, &one) == 0) {
		out->msg.offset = box->at[box->first++];
		out->msg.msg_size =
			(box->first == box->end ? box->used : box->at[box->first]) - out->msg.offset;
		r = 0;
	}
	pthread_mutex_unlock(&lock);
	return r;
}

int __wrap_kb_cmd_free(int fd, uint64_t offset);
int __wrap_kb_cmd_free(int fd _unused_, uint64_t offset _unused_)
{
	return 0;
}

int __wrap_kb_cmd_match_add(int fd, uint64_t cookie, uint64_t flags, const struct kb_buffer *items,
			    uint64_t behalf_id);
int __wrap_kb_cmd_match_add(int fd _unused_, uint64_t cookie _unused_, uint64_t flags _unused_,
			    const struct kb_buffer *items _unused_, uint64_t behalf_id _unused_)
{
	return 0;
}

int __wrap_kb_cmd_match_remove(int fd, uint64_t cookie, uint64_t behalf_id);
int __wrap_kb_cmd_match_remove(int fd _unused_, uint64_t cookie _unused_, uint64_t behalf_id _unused_)
{
	return 0;
}

int post_n_names;
void (*post_on_release)(void);

int __wrap_kb_cmd_name_acquire(int fd, const char *name, uint64_t flags, uint64_t behalf_id,
			       uint64_t *out_flags);
int __wrap_kb_cmd_name_acquire(int fd, const char *name _unused_, uint64_t flags _unused_,
			       uint64_t behalf_id _unused_, uint64_t *out_flags)
{
	if (fd < 0)
		return -ENOTCONN;
	post_n_names++;
	*out_flags = 0;
	return 0;
}

int __wrap_kb_cmd_name_release(int fd, const char *name, uint64_t behalf_id);
int __wrap_kb_cmd_name_release(int fd, const char *name _unused_, uint64_t behalf_id _unused_)
{
	if (fd < 0)
		return -ENOTCONN;
	post_n_names--;
	if (post_on_release)
		post_on_release();
	return 0;
}

unsigned int post_n_waits;

int __real_kb_conn_wait(struct kb_conn *conn, int64_t timeout_ns);
int __wrap_kb_conn_wait(struct kb_conn *conn, int64_t timeout_ns);
int __wrap_kb_conn_wait(struct kb_conn *conn, int64_t timeout_ns)
{
	__atomic_add_fetch(&post_n_waits, 1, __ATOMIC_RELAXED);
	return __real_kb_conn_wait(conn, timeout_ns);
}
