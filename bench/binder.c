/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An echo over binder: the service is the context manager, a request and its
 * answer are one transaction, and either side needs one system call for its
 * part. Buffers go back along with the next command.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/android/binder.h>

#include "bench/util.h"

#define MAP_SIZE (4 * MIB)

/* Commands that go in with one ioctl, and what comes back. */
struct binder {
	int fd;
	void *map;
	uint8_t out[256], in[256];
	size_t n_out;
};

static struct binder binder_open(void)
{
	struct binder binder = { .fd = MUST(open("/dev/binder", O_RDWR | O_CLOEXEC)) };

	binder.map = mmap(NULL, MAP_SIZE, PROT_READ, MAP_PRIVATE, binder.fd, 0);
	if (binder.map == MAP_FAILED)
		die(__FILE__, __LINE__, "mmap");
	return binder;
}

static void add(struct binder *binder, uint32_t command, const void *data, size_t size)
{
	memcpy(binder->out + binder->n_out, &command, sizeof(command));
	if (size)
		memcpy(binder->out + binder->n_out + sizeof(command), data, size);
	binder->n_out += sizeof(command) + size;
}

static void add_transaction(struct binder *binder, uint32_t command, const void *data, size_t size)
{
	struct binder_transaction_data transaction = {
		.data_size = size,
		.data.ptr.buffer = (uintptr_t)data,
	};

	add(binder, command, &transaction, sizeof(transaction));
}

/* Writes what was added, and reads until a transaction of this kind comes. */
static struct binder_transaction_data exchange(struct binder *binder, uint32_t wanted_kind)
{
	struct binder_transaction_data transaction;

	for (;;) {
		struct binder_write_read io = {
			.write_buffer = (uintptr_t)binder->out,
			.write_size = binder->n_out,
			.read_buffer = (uintptr_t)binder->in,
			.read_size = sizeof(binder->in),
		};
		uint32_t kind;

		MUST(ioctl(binder->fd, BINDER_WRITE_READ, &io));
		binder->n_out = 0;
		for (size_t at = 0; at < io.read_consumed; at += sizeof(kind) + _IOC_SIZE(kind)) {
			memcpy(&kind, binder->in + at, sizeof(kind));
			if (kind == BR_DEAD_REPLY || kind == BR_FAILED_REPLY) {
				fprintf(stderr, "binder: %x\n", kind);
				exit(1);
			}
			if (kind != wanted_kind)
				continue;
			memcpy(&transaction, binder->in + at + sizeof(kind), sizeof(transaction));
			return transaction;
		}
	}
}

struct echo {
	struct binder binder;
	size_t size;
	void *bytes;
};

static void serve(void *data)
{
	const struct echo *echo = data;
	struct binder binder = binder_open();
	void *bytes = calloc(1, echo->size);
	int zero = 0;

	MUST(ioctl(binder.fd, BINDER_SET_CONTEXT_MGR, &zero));
	add(&binder, BC_ENTER_LOOPER, NULL, 0);
	child_says(1);
	for (;;) {
		struct binder_transaction_data request = exchange(&binder, BR_TRANSACTION);
		binder_uintptr_t buffer = request.data.ptr.buffer;

		add(&binder, BC_FREE_BUFFER, &buffer, sizeof(buffer));
		add_transaction(&binder, BC_REPLY, bytes, echo->size);
	}
}

static void call(void *data)
{
	struct echo *echo = data;
	struct binder_transaction_data answer;
	binder_uintptr_t buffer;

	add_transaction(&echo->binder, BC_TRANSACTION, echo->bytes, echo->size);
	answer = exchange(&echo->binder, BR_REPLY);
	buffer = answer.data.ptr.buffer;
	add(&echo->binder, BC_FREE_BUFFER, &buffer, sizeof(buffer));
}

static const struct size {
	const char *key;
	size_t bytes;
	unsigned int rounds;
} sizes[] = {
	{ "binder-64",	64,		100 },
	{ "binder-4k",	4 * KIB,	100 },
	{ "binder-64k",	64 * KIB,	50 },
	{ "binder-1m",	MIB,		20 },
};

static double measure_size(const void *data)
{
	const struct size *size = data;
	const struct work work = { .once = call, .rounds = size->rounds };
	struct echo echo = { .size = size->bytes, .bytes = calloc(1, size->bytes) };
	struct child child = child_start(serve, &echo);
	double cost;

	echo.binder = binder_open();
	cost = measure(&work, &echo);
	munmap(echo.binder.map, MAP_SIZE);
	close(echo.binder.fd);
	child_end(&child);
	usleep(100000);	/* until the context manager is gone */
	return cost;
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (wanted(sizes[i].key))
			row(sizes[i].key, best_of_starts(measure_size, &sizes[i]));
	}
	return 0;
}
