// SPDX-License-Identifier: LGPL-2.1-or-later
/* Parcels: which files may travel, and that each is let go of once. */
#include <criterion/criterion.h>
#include <errno.h>

#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/shmem_fs.h>
#include <net/sock.h>

#include "object/node.h"
#include "object/parcel.h"
#include "object/pool.h"
#include "tests/unit/kernel/items.h"

#define N 8	/* descriptors of the caller, of which the last is closed */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static struct super_block tmpfs = { TMPFS_MAGIC };
static struct super_block anon = { ANON_INODE_FS_MAGIC };
static struct super_block kdbusfs = { KDBUS_SUPER_MAGIC };
static struct super_block sockfs = { SOCKFS_MAGIC };
static struct sock unix_sock = { AF_UNIX }, inet_sock = { AF_INET };

static struct inode inodes[N];
static struct dentry dentries[N];
static struct file files[N];
static struct kdbus_parcel *parcel;

/* what the caller has */

struct file *fget_raw(unsigned int fd)
{
	if (fd >= N - 1)
		return NULL;
	files[fd].n_refs++;
	return &files[fd];
}

/* what the receiver has room for, and what it was given */
static int room, n_received;

int receive_fd(struct file *file, int __user *user, unsigned int flags)
{
	cr_assert_eq(flags, O_CLOEXEC);
	cr_assert_gt(file->n_refs, 0);
	if (!room)
		return -EMFILE;
	room--;
	return 100 + n_received++;
}

/* what was written into the message, by its place */
static int message[64];

int kdbus_pool_write(struct kdbus_pool *pool, struct kdbus_slice *slice, u64 at,
		     const void *data, size_t n)
{
	cr_assert_eq(n, sizeof(message[0]));
	memcpy(&message[at], data, n);
	return 0;
}

/* sealed memfds of 1000 bytes */
static void begin(void)
{
	for (int i = 0; i < N; i++) {
		inodes[i] = (struct inode){ .i_mode = S_IFREG, .i_sb = &tmpfs,
					    .size = 1000, .shmem = true,
					    .shmem_info = { SEALS } };
		dentries[i].d_name.name = "memfd:x";
		files[i] = (struct file){ .f_mode = FMODE_READ,
					  .inode = &inodes[i],
					  .dentry = &dentries[i] };
	}
	parcel = kdbus_parcel_new(N);
	cr_assert_not(IS_ERR(parcel));
}

static void end(void)
{
	parcel = kdbus_parcel_unref(parcel);
	cr_expect_null(parcel);
	for (int i = 0; i < N; i++)
		cr_expect_eq(files[i].n_refs, 0, "file %d", i);
}

static int add_memfd(int fd, u64 start, u64 size)
{
	int n_refs = fd >= 0 && fd < N ? files[fd].n_refs : 0;
	unsigned int n_files = parcel->n_files;
	int r = kdbus_parcel_add_memfd(parcel, fd, start, size, 0);

	cr_assert_eq(parcel->n_files, n_files + !r);
	if (fd >= 0 && fd < N)
		cr_assert_eq(files[fd].n_refs, n_refs + !r);
	return r;
}

static int add_fd(int fd)
{
	int n_refs = fd >= 0 && fd < N ? files[fd].n_refs : 0;
	unsigned int n_fds = parcel->n_fds;
	int r = kdbus_parcel_add_fd(parcel, fd, 0);

	cr_assert_eq(parcel->n_fds, n_fds + !r);
	if (fd >= 0 && fd < N)
		cr_assert_eq(files[fd].n_refs, n_refs + !r);
	return r;
}

ShimTest(parcel, what_is_closed_does_not_travel)
{
	begin();
	cr_expect_eq(add_memfd(N - 1, 0, 1), -EBADF);
	cr_expect_eq(add_memfd(-1, 0, 1), -EBADF);
	cr_expect_eq(add_fd(N - 1), -EBADF);
	cr_expect_eq(add_fd(-1), -EBADF);
	cr_expect_eq(add_fd(INT_MIN), -EBADF);
	end();
}

/* memfds */

ShimTest(parcel, payload_has_all_four_seals)
{
	static const unsigned int seals[] = { F_SEAL_SEAL, F_SEAL_SHRINK,
					      F_SEAL_GROW, F_SEAL_WRITE };

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(seals); i++) {
		inodes[0].shmem_info.seals = SEALS & ~seals[i];
		cr_expect_eq(add_memfd(0, 0, 1), -ETXTBSY, "%zu", i);
	}
	inodes[0].shmem_info.seals = ~0u;
	cr_expect_eq(add_memfd(0, 0, 1), 0, "more of them do no harm");
	inodes[1].shmem = false;
	cr_expect_eq(add_memfd(1, 0, 1), -EMEDIUMTYPE);
	files[2].f_mode = FMODE_PATH;
	cr_expect_eq(add_memfd(2, 0, 1), -EBADF);
	end();
}

ShimTest(parcel, payload_can_be_read)
{
	begin();
	files[0].f_mode = 0;
	cr_expect_eq(add_memfd(0, 0, 1), -EBADF);
	end();
}

ShimTest(parcel, payload_lies_inside_its_file)
{
	static const struct {
		u64 start, size;
		int result;
	} ranges[] = {
		{ 0, 1000, 0 },
		{ 0, 1001, -EFAULT },
		{ 999, 1, 0 },
		{ 999, 2, -EFAULT },
		{ 1000, 1, -EFAULT },
		{ 0, U64_MAX, -EFAULT },
		{ U64_MAX - 1, 1, -EFAULT },
		{ 1ULL << 63, 1, -EFAULT },
	};

	begin();
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		cr_expect_eq(add_memfd(0, ranges[i].start, ranges[i].size),
			     ranges[i].result, "%zu", i);
	end();
}

/* other files */

/* clang-format off */
static const struct {
	const char *what;
	umode_t mode;
	struct super_block *sb;
	const char *name;
	struct sock *sk;
	unsigned int f_mode;
	int result;
} kinds[] = {
	{ "a file",		S_IFREG,  &tmpfs,   "x",	  NULL, 0, 0 },
	{ "a folder",		S_IFDIR,  &tmpfs,   "x",	  NULL, 0, 0 },
	{ "a pipe",		S_IFIFO,  &tmpfs,   "",		  NULL, 0, 0 },
	{ "a device",		S_IFCHR,  &tmpfs,   "null",	  NULL, 0, 0 },
	{ "an eventfd",		0,	  &anon,    "[eventfd]",  NULL, 0, 0 },
	{ "a ring",		0,	  &anon,    "[io_uring]", NULL, 0, -EOPNOTSUPP },
	{ "a ring's path",	0,	  &anon,    "[io_uring]", NULL, FMODE_PATH, 0 },
	{ "a ring's name",	S_IFREG,  &tmpfs,   "[io_uring]", NULL, 0, 0 },
	{ "a bus",		S_IFREG,  &kdbusfs, "bus",	  NULL, 0, -EOPNOTSUPP },
	{ "a bus's path",	S_IFREG,  &kdbusfs, "bus",	  NULL, FMODE_PATH, 0 },
	{ "a bus's folder",	S_IFDIR,  &kdbusfs, "0-system",	  NULL, 0, 0 },
	{ "a unix socket",	S_IFSOCK, &sockfs,  "",		  &unix_sock, 0, -EOPNOTSUPP },
	{ "an inet socket",	S_IFSOCK, &sockfs,  "",		  &inet_sock, 0, 0 },
	{ "a closed socket",	S_IFSOCK, &sockfs,  "",		  NULL, 0, 0 },
	{ "a socket's path",	S_IFSOCK, &tmpfs,   "s",	  &unix_sock, FMODE_PATH, 0 },
};
/* clang-format on */

ShimTest(parcel, what_can_carry_files_does_not_travel)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		begin();
		inodes[0].i_mode = kinds[i].mode;
		inodes[0].i_sb = kinds[i].sb;
		inodes[0].socket.sk = kinds[i].sk;
		dentries[0].d_name.name = kinds[i].name;
		files[0].f_mode = kinds[i].f_mode;
		cr_expect_eq(add_fd(0), kinds[i].result, "%s", kinds[i].what);
		end();
	}
}

ShimTest(parcel, receivers_share_it_until_the_last)
{
	begin();
	add_fd(0);
	add_fd(0);
	add_memfd(1, 0, 1);
	cr_expect_eq(files[0].n_refs, 2);
	cr_expect_eq(parcel->n_files, 3);
	cr_expect_eq(parcel->n_fds, 2, "memfds are payload");
	cr_expect_eq(kdbus_parcel_ref(parcel), parcel);
	kdbus_parcel_unref(parcel);
	cr_expect_eq(files[0].n_refs, 2);
	cr_expect_null(kdbus_parcel_ref(NULL));
	cr_expect_null(kdbus_parcel_unref(NULL));
	end();
}

ShimTest(parcel, without_memory_there_is_none)
{
	shim_fail_allocation(1);
	cr_expect_eq(PTR_ERR(kdbus_parcel_new(3)), -ENOMEM);
}

/* the receiver's descriptors: memfd, fd, fd, memfd */

/* clang-format off */
static const struct {
	bool accept_fds;
	int room;
	bool complete;
	int written[4];
} receivers[] = {
	{ true,  9, true,  { 100, 101, 102, 103 } },
	{ false, 9, true,  { 100,  -1,  -1, 101 } },
	{ true,  2, false, { 100, 101,  -1,  -1 } },
	{ false, 1, false, { 100,  -1,  -1,  -1 } },
	{ true,  0, false, {  -1,  -1,  -1,  -1 } },
};
/* clang-format on */

ShimTest(parcel, a_receiver_is_told_which_files_it_got)
{
	static const u32 places[] = { 3, 10, 11, 40 };

	begin();
	kdbus_parcel_add_memfd(parcel, 0, 0, 1, places[0]);
	kdbus_parcel_add_fd(parcel, 1, places[1]);
	kdbus_parcel_add_fd(parcel, 2, places[2]);
	kdbus_parcel_add_memfd(parcel, 3, 0, 1, places[3]);
	for (size_t i = 0; i < ARRAY_SIZE(receivers); i++) {
		memset(message, 0x55, sizeof(message));
		room = receivers[i].room;
		n_received = 0;
		cr_expect_eq(kdbus_parcel_install(parcel,
						  receivers[i].accept_fds,
						  NULL, NULL),
			     receivers[i].complete, "%zu", i);
		for (int j = 0; j < 4; j++)
			cr_expect_eq(message[places[j]],
				     receivers[i].written[j], "%zu, %d", i, j);
	}
	cr_expect(kdbus_parcel_install(NULL, true, NULL, NULL));
	end();
}
